// Laws over random machines with random task behaviour. A failure shows the seed: run the test with
// --gtest_filter=Property.* and the seed in RandomMachine to see it again.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "jsonpath/jsonpath.h"
#include "simulation/simulate.h"
#include "simulation/testing.h"

namespace tocsin::asl {

using simulation::RandomMachine;
using simulation::Simulation;
using simulation::SimulationOptions;

namespace {

constexpr std::uint64_t runs = 10'000;

std::string text_of(const Simulation& run) {
  std::string text = fmt::format("{} {} {} {} {}\n", to_string(run.status), to_text(run.output),
                                 run.error.value_or("-"), run.cause.value_or("-"), run.elapsed.count());
  for (const auto& event : run.history)
    text += fmt::format("{} {}\n", event.child, to_text(json::value(to_json(event))));
  return text;
}

// Ids without gaps; every predecessor earlier; the last event ends the execution.
void check_history(const Simulation& run, std::uint64_t seed) {
  std::map<std::int64_t, EventId> last;
  for (const auto& event : run.history) {
    ASSERT_EQ(event.id, last[event.child] + 1) << seed;
    ASSERT_LT(event.previous, event.id) << seed;
    last[event.child] = event.id;
  }
  ASSERT_EQ(run.history.front().type, "ExecutionStarted") << seed;
  ASSERT_TRUE(run.history.back().type.starts_with("Execution")) << seed << " " << run.history.back().type;
}

TEST(Property, StoringBetweenStepsAndLateAnswersChangeNothing) {
  int succeeded = 0;
  int events = 0;
  for (std::uint64_t seed = 1; seed <= runs; ++seed) {
    RandomMachine random(seed);
    const auto text = to_json(json::value(random.machine(0)));
    json::object input{{"list", json::array{random.value(), random.value(), random.value()}}, {"a", random.value()}};
    const auto mocks = random.mocks();
    const auto definition = compile(text, Kind::standard);
    ASSERT_TRUE(definition) << seed << "\n" << text << "\n" << definition.error().message;
    SimulationOptions options;
    options.seed = seed;
    const auto plain = simulation::simulate(**definition, input, mocks, options);
    ASSERT_EQ(plain.problem, "") << seed << "\n" << text;
    check_history(plain, seed);
    if (HasFailure()) fmt::print("{}\n{}\n", text, text_of(plain));
    ASSERT_FALSE(HasFailure());
    options.store_between_steps = true;
    options.send_late_answers = true;
    const auto stored = simulation::simulate(**definition, input, mocks, options);
    ASSERT_EQ(stored.problem, "") << seed << "\n" << text;
    ASSERT_EQ(text_of(plain), text_of(stored)) << seed << "\n" << text;
    ASSERT_TRUE(plain.execution.waiting.empty()) << seed;
    succeeded += plain.status == Status::succeeded;
    events += static_cast<int>(plain.history.size());
  }
  // Most machines must get somewhere, or the test says little.
  EXPECT_GT(succeeded, static_cast<int>(runs / 4));
  EXPECT_GT(events, static_cast<int>(runs * 10));
}

}  // namespace
}  // namespace tocsin::asl
