#include <gtest/gtest.h>

#include "asl/asl.h"

namespace tocsin::asl {
namespace {

constexpr std::string_view each_item = R"({"StartAt":"Each","States":{"Each":{"Type":"Map","End":true,"ItemProcessor":{
  "ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},"StartAt":"One","States":{"One":{"Type":"Task",
  "Resource":"arn:aws:lambda:us-east-1:000000000000:function:f","End":true}}}}}})";

std::vector<TaskId> tasks_of(const Step& step) {
  std::vector<TaskId> tasks;
  for (const auto& command : step.commands)
    if (const auto* task = std::get_if<ScheduleTask>(&command)) tasks.push_back(task->task);
  return tasks;
}

std::optional<TimerId> timer_of(const Step& step) {
  for (const auto& command : step.commands)
    if (const auto* timer = std::get_if<SetTimer>(&command)) return timer->timer;
  return std::nullopt;
}

// So that the start of a large Map run does not hold its caller.
TEST(MapRuns, StartTheirChildrenAHundredAtATime) {
  const auto definition = *compile(each_item, Kind::standard);
  SeededRandom random{1};
  const Time now = from_microseconds(1'000'000);
  Execution execution;
  auto step = start(*definition, execution, json::array(250, 7), {}, now, random);
  const auto tasks = tasks_of(step);
  ASSERT_EQ(tasks.size(), 100);
  auto started = tasks.size();
  auto timer = timer_of(step);
  // Whatever happens to it starts more of them.
  started += tasks_of(advance(*definition, execution, TaskSucceeded{tasks[0], 1}, now, random)).size();
  EXPECT_EQ(started, 200);
  for (; timer && started < 250; timer = timer_of(step)) {
    step = advance(*definition, execution, TimerFired{*timer}, now, random);
    EXPECT_LE(tasks_of(step).size(), 100);
    started += tasks_of(step).size();
  }
  EXPECT_EQ(started, 250);
  EXPECT_EQ(execution.frames.size(), 250) << "the Map's own, and one for each that runs";
}

}  // namespace
}  // namespace tocsin::asl
