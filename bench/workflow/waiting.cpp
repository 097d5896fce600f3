#include <chrono>
#include <fstream>

#include <unistd.h>

#include "core/check.h"
#include "executor.h"
#include "parts.h"

namespace tocsin::bench {
namespace {

constexpr std::string_view waits_for_a_person = R"({"StartAt":"Ask","States":{"Ask":{"Type":"Task",
  "Resource":"arn:aws:states:::lambda:invoke.waitForTaskToken","TimeoutSeconds":86400,
  "Parameters":{"FunctionName":"f","Payload":{"token.$":"$$.Task.Token","address.$":"$.address"}},"End":true}}})";

workflows::TaskOutcome told(store::Transaction&, std::string_view, const json::value&) {
  return json::value(json::object{});
}

}  // namespace

double resident_mb() {
  std::ifstream statm{"/proc/self/statm"};
  double total = 0;
  double resident = 0;
  statm >> total >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE)) / 1e6;
}

void measure_waiting(const WorkflowPlan& plan, Report& report) {
  using SteadyClock = std::chrono::steady_clock;
  const auto folder = plan.folder / "waiting";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  report.section("open executions (each waits for a person's answer, with a deadline)");
  const auto count = static_cast<double>(plan.waiting);
  {
    const double before = resident_mb();
    Executor executor{folder, told};
    const auto machine = executor.create("approve", std::string(waits_for_a_person));
    executor.start_many(machine, plan.waiting, 256, R"({"address":"198.51.100.7"})");
    check(executor.running() == static_cast<std::int64_t>(plan.waiting), "all of them wait");
    report.figure("memory of an open execution", (resident_mb() - before) * 1e6 / count, "bytes",
                  Aim{Aim::Sense::at_most, 2'048});
  }
  report.figure("on disk, an open execution",
                static_cast<double>(std::filesystem::file_size(folder / "workflows.db")) / count, "bytes");
  {
    const auto started = SteadyClock::now();
    Executor executor{folder, told};
    const auto machine = executor.create("approve", std::string(waits_for_a_person));
    executor.start_many(machine, 1, 1, R"({"address":"198.51.100.8"})");
    const auto took = std::chrono::duration<double>(SteadyClock::now() - started).count();
    report.figure("start over them, until one more is started", took, "s", Aim{Aim::Sense::at_most, 2.0});
  }
  std::filesystem::remove_all(folder);
}

}  // namespace tocsin::bench
