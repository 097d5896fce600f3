#include <chrono>

#include "executor.h"
#include "parts.h"

namespace tocsin::bench {
namespace {

// Scores an address and decides: a task, a choice, a pass. An express execution keeps no history.
constexpr std::string_view decide = R"({"StartAt":"Score","States":{
  "Score":{"Type":"Task","Resource":"arn:aws:lambda:us-east-1:000000000000:function:score","ResultPath":"$.score","Next":"Bad?"},
  "Bad?":{"Type":"Choice","Choices":[{"Variable":"$.score","NumericGreaterThan":50,"Next":"Block"}],"Default":"Leave"},
  "Block":{"Type":"Pass","Parameters":{"address.$":"$.address","block":true},"End":true},
  "Leave":{"Type":"Succeed"}}})";

}  // namespace

void measure_express(const WorkflowPlan& plan, Report& report) {
  using SteadyClock = std::chrono::steady_clock;
  const auto folder = plan.folder / "express";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  report.section("express executions (StartSyncExecution in process; a task that answers at once, a choice, a pass)");
  {
    Executor executor{folder, [](store::Transaction&, std::string_view, const json::value&) -> workflows::TaskOutcome {
                        return json::value(75);
                      }};
    const auto machine = executor.create("decide", std::string(decide), "EXPRESS");
    const auto started = SteadyClock::now();
    executor.run_many(machine, plan.express, 256, R"({"address":"198.51.100.7"})");
    const auto took = std::chrono::duration<double>(SteadyClock::now() - started).count();
    report.figure("executions", static_cast<double>(plan.express) / took, "a second",
                  Aim{Aim::Sense::at_least, 50'000});
  }
  std::filesystem::remove_all(folder);
}

}  // namespace tocsin::bench
