#include <gtest/gtest.h>

#include "asl/asl.h"

namespace tocsin::asl {
namespace {

constexpr std::string_view asks_twice = R"({"StartAt":"P","States":{"P":{"Type":"Parallel","End":true,"Branches":[
  {"StartAt":"A","States":{"A":{"Type":"Task","Resource":"arn:aws:lambda:us-east-1:000000000000:function:f","End":true}}},
  {"StartAt":"B","States":{"B":{"Type":"Task","Resource":"arn:aws:lambda:us-east-1:000000000000:function:f",
    "TimeoutSeconds":60,"HeartbeatSeconds":9,"End":true}}}]}}})";

class HappeningTest : public testing::Test {
 protected:
  HappeningTest() { take(start(*definition, execution, json::object{}, {}, now, random)); }
  void take(const Step& step) {
    for (const auto& command : step.commands) {
      if (const auto* task = std::get_if<ScheduleTask>(&command)) tasks.push_back(task->task);
      if (const auto* timer = std::get_if<SetTimer>(&command)) timers.push_back(timer->timer);
    }
  }

  DefinitionPtr definition = *compile(asks_twice, Kind::standard);
  Time now = from_microseconds(1'000'000);
  SeededRandom random{1};
  Execution execution;
  std::vector<TaskId> tasks;
  std::vector<TimerId> timers;
};

TEST(Happenings, ReadBackAsTheyWere) {
  const json::value output{{"text", "ü\""}, {"double", 0.1}, {"whole", 7}, {"list", {1, nullptr, true}}};
  const Happening all[] = {
      TaskStarted{TaskId{1}, "w"},
      TaskSubmitted{TaskId{2}, output},
      TaskSucceeded{TaskId{3}, output},
      TaskSucceeded{TaskId{3}, nullptr},
      TaskFailed{TaskId{4}, "E", ""},
      TaskHeartbeat{TaskId{5}},
      TimerFired{TimerId{6}},
      StopRequested{"E", std::nullopt},
      ExecutionTimedOut{},
      TaskOverdue{TaskId{7}},
      MapRunChanged{.arn = "a", .concurrency_max = 0, .failure_percentage_tolerated = 12.5},
  };
  for (const auto& happening : all) {
    const auto text = to_json(happening);
    const auto read = happening_from_json(text);
    ASSERT_TRUE(read) << text;
    EXPECT_EQ(read->index(), happening.index()) << text;
    EXPECT_EQ(to_json(*read), text);
  }
  const auto read = happening_from_json(to_json(all[2]));
  EXPECT_EQ(std::get<TaskSucceeded>(*read).output, output);
}

TEST(Happenings, OtherTextsAreRefused) {
  for (const auto* text : {"", "{}", "[]", "null", R"({"succeeded":1})", R"({"unknown":{}})",
                           R"({"succeeded":{"task":"x"}})", R"({"timer":{},"stop":{}})"})
    EXPECT_FALSE(happening_from_json(text)) << text;
}

TEST_F(HappeningTest, OnlyWhatIsWaitedForConcernsAnExecution) {
  ASSERT_EQ(tasks.size(), 2);
  EXPECT_TRUE(concerns(execution, TaskSucceeded{tasks[0], 1}));
  EXPECT_TRUE(concerns(execution, TimerFired{timers[0]}));
  EXPECT_TRUE(concerns(execution, StopRequested{}));
  EXPECT_TRUE(concerns(execution, TaskHeartbeat{tasks[1]}));
  EXPECT_FALSE(concerns(execution, TaskHeartbeat{tasks[0]})) << "it has no heartbeat";
  EXPECT_FALSE(concerns(execution, TaskSucceeded{TaskId{99}, 1}));
  EXPECT_FALSE(concerns(execution, TimerFired{TimerId{}}));
  (void)advance(*definition, execution, TaskSucceeded{tasks[0], 1}, now, random);
  EXPECT_FALSE(concerns(execution, TaskSucceeded{tasks[0], 1})) << "it was over";
  (void)advance(*definition, execution, StopRequested{}, now, random);
  EXPECT_FALSE(concerns(execution, StopRequested{}));
}

TEST_F(HappeningTest, TheOldestTaskIsOneWithoutATimeout) {
  EXPECT_EQ(execution.oldest_task(), now);
  EXPECT_EQ(Execution::from_json(execution.to_json())->oldest_task(), now);
  (void)advance(*definition, execution, TaskSucceeded{tasks[0], 1}, now, random);
  EXPECT_EQ(execution.oldest_task(), std::nullopt);
  EXPECT_EQ(Execution::from_json(execution.to_json())->oldest_task(), std::nullopt);
}

TEST_F(HappeningTest, AFingerprintTellsOneStepFromAnother) {
  auto other = execution;
  auto third = execution;
  const auto a = fingerprint(advance(*definition, execution, TaskSucceeded{tasks[0], 1}, now, random), execution);
  const auto b = fingerprint(advance(*definition, other, TaskFailed{tasks[0], "E", ""}, now, random), other);
  const auto c = fingerprint(advance(*definition, third, TaskSucceeded{tasks[0], 2}, now, random), third);
  EXPECT_NE(a, b);
  EXPECT_EQ(a, c) << "contents do not count";
}

}  // namespace
}  // namespace tocsin::asl
