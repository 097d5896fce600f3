// A definition: parse it, find its diagnostics in the text, and where it is valid run it on a virtual clock, stored
// between steps, with tasks that fail, answer and stay away in turn.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "asl/asl.h"
#include "asl/definition.h"
#include "asl/locate.h"
#include "core/check.h"
#include "simulation/simulate.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tocsin;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto parsed = asl::parse(text, size % 2 == 0 ? asl::Kind::standard : asl::Kind::express);
  if (parse_json(text))
    for (const auto& diagnostic : parsed.diagnostics)
      check(asl::locate(text, diagnostic.location.value_or("")).offset <= text.size(), "a location is in the text");
  if (!parsed.definition) {
    check(!parsed.diagnostics.empty(), "what is refused has a reason");
    return 0;
  }
  simulation::Mocks mocks;
  for (const auto& [name, state] : parsed.definition->states) {
    if (state->type != asl::StateType::task) continue;
    const auto& resource = state->as<asl::TaskFields>().resource;
    mocks.add(resource, {.error = "E", .cause = "fuzz"});
    mocks.add(resource, {.result = json::object{{"a", json::array{1, 2, 3}}, {"b", "x"}}});
    mocks.add(resource, {.never = true});
    mocks.add(resource, {.result = 5});
  }
  simulation::SimulationOptions options;
  options.steps_max = 200;
  options.events_max = 5'000;
  options.store_between_steps = true;
  options.send_late_answers = true;
  const json::object input{{"a", json::array{1, 2, json::object{{"a", 3}}}}, {"b", "x"}, {"c", 1.5}};
  const auto run = simulation::simulate(*parsed.definition, input, std::move(mocks), options);
  check(run.problem.find("late answer") == run.problem.npos, "late answers change nothing");
  check(run.problem.find("cannot be read") == run.problem.npos, "what was stored can be read");
  return 0;
}
