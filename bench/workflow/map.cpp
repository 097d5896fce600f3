#include <atomic>
#include <thread>

#include <fmt/format.h>

#include "core/check.h"
#include "executor.h"
#include "parts.h"

namespace tocsin::bench {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::string_view each_item = R"({"StartAt":"Each","States":{"Each":{"Type":"Map","ItemProcessor":{
  "ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},"StartAt":"One","States":{
  "One":{"Type":"Task","Resource":"arn:aws:lambda:us-east-1:000000000000:function:f","End":true}}},"End":true}}})";
constexpr std::string_view nothing = R"({"StartAt":"P","States":{"P":{"Type":"Pass","End":true}}})";
constexpr std::chrono::milliseconds between_writes{5};

// Numbers of one digit: more would not fit into a payload.
std::string items(std::size_t count) {
  std::string text = "[";
  for (std::size_t i = 0; i < count; ++i) {
    if (i > 0) text += ',';
    text += static_cast<char>('0' + i % 10);
  }
  return text + "]";
}

// Somebody else who writes all the while: how long each of his changes takes until it is committed.
class OtherWriter {
 public:
  OtherWriter(Executor& executor, std::string machine)
      : executor_{executor}, machine_{std::move(machine)}, thread_{[this] { run(); }} {}
  const Latencies& stop() {
    stopping_ = true;
    if (thread_.joinable()) thread_.join();
    return waits_;
  }
  ~OtherWriter() { stop(); }
  OtherWriter(const OtherWriter&) = delete;
  OtherWriter& operator=(const OtherWriter&) = delete;

 private:
  void run() {
    while (!stopping_) {
      const auto asked = SteadyClock::now();
      executor_.start_many(machine_, 1, 1, "{}");
      waits_.add(std::chrono::duration_cast<std::chrono::microseconds>(SteadyClock::now() - asked));
      std::this_thread::sleep_for(between_writes);
    }
  }

  Executor& executor_;
  std::string machine_;
  std::atomic<bool> stopping_ = false;
  Latencies waits_;
  std::thread thread_;
};

// The seconds taken.
double measure_one(const WorkflowPlan& plan, std::size_t count, Report& report) {
  const auto folder = plan.folder / "map";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  double took = 0;
  {
    Executor executor{
        folder,
        [](store::Transaction&, std::string_view, const json::value& p) -> workflows::TaskOutcome { return p; }};
    const auto machine = executor.create("each", std::string(each_item));
    const auto other = executor.create("other", std::string(nothing));
    const double before = resident_mb();
    OtherWriter writer{executor, other};
    const auto started = SteadyClock::now();
    executor.start_many(machine, 1, 1, items(count));
    executor.wait_for(machine);
    took = std::chrono::duration<double>(SteadyClock::now() - started).count();
    const double memory = resident_mb() - before;
    const auto& waits = writer.stop();
    report.figure(fmt::format("{} items", count), took, "s",
                  count == 10'000 ? std::optional(Aim{Aim::Sense::at_most, 5}) : std::nullopt);
    report.figure(fmt::format("of {}", count), static_cast<double>(count) / took, "items a second");
    report.latencies("another write meanwhile", waits, Aim{Aim::Sense::at_most, 20});
    report.figure("memory at its end", memory, "MB");
    report.figure("on disk", static_cast<double>(std::filesystem::file_size(folder / "workflows.db")) / 1e6, "MB");
  }
  std::filesystem::remove_all(folder);
  return took;
}

}  // namespace

void measure_map(const WorkflowPlan& plan, Report& report) {
  report.section("a distributed Map (each item's task answers at once; every commit is synced; somebody else writes)");
  const auto tenth = measure_one(plan, plan.map_items / 10, report);
  const auto whole = measure_one(plan, plan.map_items, report);
  report.figure("time for ten times as many items", whole / tenth, "times", Aim{Aim::Sense::at_most, 13});
}

}  // namespace tocsin::bench
