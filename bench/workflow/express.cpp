#include <chrono>

#include "asl/asl.h"
#include "core/check.h"
#include "parts.h"

namespace tocsin::bench {
namespace {

// Scores an address and decides: a task, a choice, a pass. An express execution keeps no history.
constexpr std::string_view decide = R"({"StartAt":"Score","States":{
  "Score":{"Type":"Task","Resource":"arn:aws:lambda:us-east-1:000000000000:function:score","ResultPath":"$.score","Next":"Bad?"},
  "Bad?":{"Type":"Choice","Choices":[{"Variable":"$.score","NumericGreaterThan":50,"Next":"Block"}],"Default":"Leave"},
  "Block":{"Type":"Pass","Parameters":{"address.$":"$.address","block":true},"End":true},
  "Leave":{"Type":"Succeed"}}})";

asl::TaskId task_of(const asl::Step& step) {
  for (const auto& command : step.commands)
    if (const auto* task = std::get_if<asl::ScheduleTask>(&command)) return task->task;
  check(false, "it waits for its task");
  return {};
}

}  // namespace

void measure_express(const WorkflowPlan& plan, Report& report) {
  using SteadyClock = std::chrono::steady_clock;
  report.section("express executions (a task that answers at once, a choice, a pass; one thread, in process)");
  const auto definition = asl::compile(decide, asl::Kind::express);
  check(definition.has_value(), "the machine is valid");
  SeededRandom random{1};
  const Time now = SystemClock{}.now();
  const json::value input = json::object{{"address", "198.51.100.7"}};
  std::size_t succeeded = 0;
  const auto started = SteadyClock::now();
  for (std::size_t i = 0; i < plan.express; ++i) {
    asl::Execution execution;
    auto step = asl::start(**definition, execution, input, {.record_history = false}, now, random);
    while (!execution.finished()) {
      const auto task = task_of(step);
      step = asl::advance(**definition, execution, asl::TaskSucceeded{task, json::value(i % 100)}, now, random);
    }
    succeeded += execution.status == asl::Status::succeeded;
  }
  const auto took = std::chrono::duration<double>(SteadyClock::now() - started).count();
  check(succeeded == plan.express, "all of them succeed");
  report.figure("executions", static_cast<double>(plan.express) / took, "a second", Aim{Aim::Sense::at_least, 50'000});
}

}  // namespace tocsin::bench
