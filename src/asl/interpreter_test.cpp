#include <gtest/gtest.h>

#include "asl/asl.h"

namespace tocsin::asl {
namespace {

TEST(Interpreter, RunsTaskRetryAndChoiceOverStoredState) {
  const auto definition = compile(R"({"StartAt":"T","States":{
    "T":{"Type":"Task","Resource":"arn:aws:lambda:us-east-1:000000000000:function:f","TimeoutSeconds":10,
         "Retry":[{"ErrorEquals":["Busy"],"IntervalSeconds":2}],"ResultPath":"$.r","Next":"C"},
    "C":{"Type":"Choice","Choices":[{"Variable":"$.r.n","NumericGreaterThan":1,"Next":"D"}],"Default":"F"},
    "D":{"Type":"Pass","End":true},"F":{"Type":"Fail","Error":"E","Cause":"c"}}})",
                                  Kind::standard);
  ASSERT_TRUE(definition) << definition.error().message;
  SeededRandom random{1};
  Execution execution;
  Time now = from_microseconds(1'700'000'000'000'000);
  const ContextInfo info{.execution_arn = "arn:aws:states:us-east-1:000000000000:execution:m:e"};
  auto step = start(**definition, execution, json::object{{"k", 1}}, info, now, random);
  ASSERT_EQ(step.commands.size(), 2u);
  const auto first = std::get<ScheduleTask>(step.commands[0]);
  EXPECT_EQ(to_text(first.input), R"({"k":1})");
  const auto timeout = std::get<SetTimer>(step.commands[1]);
  const auto reload = [&] {
    const auto text = execution.to_json();
    auto loaded = Execution::from_json(text);
    ASSERT_TRUE(loaded) << loaded.error().message;
    EXPECT_EQ(loaded->to_json(), text);
    execution = std::move(*loaded);
  };
  reload();
  step = advance(**definition, execution, TaskFailed{first.task, "Busy", "later"}, now, random);
  ASSERT_EQ(step.commands.size(), 2u);
  EXPECT_EQ(std::get<CancelTimer>(step.commands[0]).timer, timeout.timer);
  const auto retry = std::get<SetTimer>(step.commands[1]);
  EXPECT_EQ(retry.due - now, std::chrono::seconds(2));
  reload();
  EXPECT_TRUE(advance(**definition, execution, TaskSucceeded{first.task, 1}, now, random).commands.empty());
  step = advance(**definition, execution, TimerFired{retry.timer}, now, random);
  const auto second = std::get<ScheduleTask>(step.commands[0]);
  EXPECT_EQ(second.attempt, 1);
  reload();
  step = advance(**definition, execution, TaskSucceeded{second.task, json::object{{"n", 2}}}, now, random);
  const auto finish = std::get<Finish>(step.commands.back());
  EXPECT_EQ(finish.status, Status::succeeded);
  EXPECT_EQ(to_text(finish.output), R"({"k":1,"r":{"n":2}})");
  EXPECT_TRUE(execution.finished());
}

}  // namespace
}  // namespace tocsin::asl
