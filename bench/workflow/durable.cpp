#include <map>
#include <mutex>
#include <thread>

#include <fmt/format.h>

#include "executor.h"
#include "parts.h"

namespace tocsin::bench {
namespace {

using SteadyClock = std::chrono::steady_clock;

// As the event of a finding with a hostile address has it; the number names the execution.
std::string event_of(std::size_t number) {
  return fmt::format(
      R"({{"version":"0","id":"{0}","source":"aws.securityhub","account":"000000000000","time":"2026-01-01T00:00:00Z",)"
      R"("region":"us-east-1","detail":{{"number":{0},"findings":[{{"Id":"finding/{0}","Title":"A host is guessing )"
      R"(SSH passwords","Severity":{{"Label":"HIGH"}},"ProductFields":{{"aws/guardduty/service/action/)"
      R"(networkConnectionAction/remoteIpDetails/ipAddressV4":"198.51.100.7"}}}}]}}}})",
      number);
}

workflows::TaskOutcome answer(std::string_view function, const json::value& payload) {
  if (function.ends_with("f1"))
    return json::value(json::object{{"NewIP", true},
                                    {"NotifyRefused", false},
                                    {"HostIp", "198.51.100.7"},
                                    {"FindingId", payload.at("Findings").at(0).at("Id")},
                                    {"Timestamp", "2026-01-01T00:00:00Z"}});
  return payload;
}

void measure_rate(const WorkflowPlan& plan, const std::string& definition, Report& report) {
  std::filesystem::remove_all(plan.folder / "rate");
  std::filesystem::create_directories(plan.folder / "rate");
  {
    Executor executor{plan.folder / "rate",
                      [](store::Transaction&, std::string_view f, const json::value& p) { return answer(f, p); }};
    const auto machine = executor.create("record-ip", definition);
    const auto started = SteadyClock::now();
    executor.start_many(machine, plan.executions, 256, event_of(1));
    executor.wait_for_all();
    const auto took = std::chrono::duration<double>(SteadyClock::now() - started).count();
    report.figure("executions of record-ip", static_cast<double>(plan.executions) / took, "a second",
                  Aim{Aim::Sense::at_least, 2'000});
    report.figure("commits", static_cast<double>(executor.store().commits()) / took, "a second");
  }
  std::filesystem::remove_all(plan.folder / "rate");
}

// From a task's call to the next one's call lies one transition: the result is recorded, the next task scheduled, the
// commit made, the task taken up.
class Transitions {
 public:
  workflows::TaskOutcome call(std::string_view function, const json::value& payload) {
    const auto now = SteadyClock::now();
    const bool first = function.ends_with("f1");
    const auto id = first                        ? payload.at("Findings").at(0).at("Id").as_string()
                    : find(payload, "FindingId") ? payload.at("FindingId").as_string()
                                                 : payload.at("Message").at("FindingId").as_string();
    auto& last = last_[std::string(std::string_view(id))];
    if (!first) gaps_.add(std::chrono::duration_cast<std::chrono::microseconds>(now - last));
    last = now;
    return answer(function, payload);
  }
  const Latencies& gaps() const { return gaps_; }

 private:
  std::map<std::string, SteadyClock::time_point> last_;
  Latencies gaps_;
};

void measure_transitions(const WorkflowPlan& plan, const std::string& definition, Report& report) {
  std::filesystem::remove_all(plan.folder / "transitions");
  std::filesystem::create_directories(plan.folder / "transitions");
  {
    Transitions transitions;
    Executor executor{plan.folder / "transitions", [&](store::Transaction&, std::string_view f, const json::value& p) {
                        return transitions.call(f, p);
                      }};
    const auto machine = executor.create("record-ip", definition);
    constexpr std::size_t rate = 500;
    const auto started = SteadyClock::now();
    for (std::size_t i = 0; i < rate * 6; ++i) {
      std::this_thread::sleep_until(started + std::chrono::microseconds{i * 1'000'000 / rate});
      executor.start_many(machine, 1, 1, event_of(i));
    }
    executor.wait_for_all();
    report.latencies(fmt::format("a transition, at {} executions a second", rate), transitions.gaps());
  }
  std::filesystem::remove_all(plan.folder / "transitions");
}

}  // namespace

void measure_durable(const WorkflowPlan& plan, Report& report) {
  const auto definition = record_ip_definition();
  report.section("durable executions (three tasks, a choice; functions answer at once; every commit is synced)");
  measure_rate(plan, definition, report);
  measure_transitions(plan, definition, report);
}

}  // namespace tocsin::bench
