#include "workflows/activities.h"

#include "workflows/operations_test.h"

namespace tocsin::workflows {
namespace {

using std::chrono::seconds;

class ActivitiesTest : public OperationsTest {
 protected:
  ActivitiesTest() { activity = string_at(good("CreateActivity", {{"name", "work"}}), "activityArn"); }

  std::string machine(std::string_view more = "") {
    return create("m", {{"definition", R"({"StartAt":"A","States":{"A":{"Type":"Task","Resource":")" + activity +
                                           R"(",)" + std::string(more) + R"("End":true}}})"}});
  }
  std::string start(const std::string& of, std::string_view input = R"({"n":1})") {
    return std::string(string_at(good("StartExecution", {{"stateMachineArn", of}, {"input", input}}), "executionArn"));
  }
  json::object poll(std::string_view worker = "w1") {
    return good("GetActivityTask", {{"activityArn", activity}, {"workerName", worker}});
  }
  json::object describe(const std::string& execution) {
    return good("DescribeExecution", {{"executionArn", execution}});
  }
  std::string types(const std::string& execution) {
    std::string all;
    const auto answer = good("GetExecutionHistory", {{"executionArn", execution}});
    for (const auto& event : answer.at("events").as_array())
      all += std::string(string_at(event.as_object(), "type")) + " ";
    return all;
  }
  std::string activity;
};

TEST_F(ActivitiesTest, AWorkerTakesATaskOnceAndAnswersIt) {
  const auto execution = start(machine());
  EXPECT_EQ(types(execution), "ExecutionStarted TaskStateEntered ActivityScheduled ");
  const auto task = poll();
  EXPECT_EQ(string_at(task, "input"), R"({"n":1})");
  EXPECT_TRUE(poll("w2").empty());
  const auto token = string_at(task, "taskToken");
  EXPECT_EQ(refused("SendTaskSuccess", {{"taskToken", token}, {"output", "{"}}), "InvalidOutput");
  good("SendTaskSuccess", {{"taskToken", token}, {"output", R"({"done":true})"}});
  EXPECT_EQ(string_at(describe(execution), "output"), R"({"done":true})");
  EXPECT_EQ(types(execution),
            "ExecutionStarted TaskStateEntered ActivityScheduled ActivityStarted ActivitySucceeded TaskStateExited "
            "ExecutionSucceeded ");
  EXPECT_EQ(refused("SendTaskSuccess", {{"taskToken", token}, {"output", "{}"}}), "TaskTimedOut");
}

TEST_F(ActivitiesTest, TasksAreHandedOutInTheirOrder) {
  const auto of = machine();
  for (const auto* input : {"1", "2", "3"}) start(of, input);
  store.reopen();
  executions.attach(store->outbox());
  for (const auto* input : {"1", "2", "3"}) EXPECT_EQ(string_at(poll(), "input"), input);
  EXPECT_TRUE(poll().empty());
}

TEST_F(ActivitiesTest, AWorkersFailureIsTheTasks) {
  const auto execution = start(machine());
  const auto token = std::string(string_at(poll(), "taskToken"));
  good("SendTaskFailure", {{"taskToken", token}, {"error", "Own.Error"}, {"cause", "because"}});
  EXPECT_EQ(string_at(describe(execution), "error"), "Own.Error");
  EXPECT_NE(types(execution).find("ActivityStarted ActivityFailed ExecutionFailed"), std::string::npos);
}

TEST_F(ActivitiesTest, AWorkerThatFallsSilentIsNoticedByItsHeartbeat) {
  const auto execution = start(machine(R"("HeartbeatSeconds":10,)"));
  store.clock.advance(seconds{60});  // nobody has taken it: no heartbeat is due
  store->run_until_idle();
  const auto token = std::string(string_at(poll(), "taskToken"));
  for (int i = 0; i < 3; ++i) {
    store.clock.advance(seconds{9});
    store->run_until_idle();
    good("SendTaskHeartbeat", {{"taskToken", token}});
  }
  EXPECT_EQ(string_at(describe(execution), "status"), "RUNNING");
  store.clock.advance(seconds{10});
  store->run_until_idle();
  EXPECT_EQ(string_at(describe(execution), "error"), "States.Timeout");
  EXPECT_NE(types(execution).find("ActivityStarted ActivityTimedOut ExecutionFailed"), std::string::npos);
  EXPECT_EQ(refused("SendTaskHeartbeat", {{"taskToken", token}}), "TaskTimedOut");
}

TEST_F(ActivitiesTest, ATaskThatNobodyTakesTimesOutAndIsNotHandedOut) {
  const auto execution = start(machine(R"("TimeoutSeconds":30,)"));
  store.clock.advance(seconds{30});
  store->run_until_idle();
  EXPECT_EQ(string_at(describe(execution), "error"), "States.Timeout");
  EXPECT_TRUE(poll().empty());
}

TEST_F(ActivitiesTest, AStoppedExecutionsTaskIsNotHandedOut) {
  const auto execution = start(machine());
  good("StopExecution", {{"executionArn", execution}});
  EXPECT_TRUE(poll().empty());
}

TEST_F(ActivitiesTest, AnAbsentActivityFailsTheExecution) {
  const auto of = machine();
  good("DeleteActivity", {{"activityArn", activity}});
  good("DeleteActivity", {{"activityArn", activity}});
  const auto execution = start(of);
  store->run_until_idle();
  EXPECT_EQ(string_at(describe(execution), "error"), "States.Runtime");
  EXPECT_EQ(refused("GetActivityTask", {{"activityArn", activity}}), "ActivityDoesNotExist");
  EXPECT_EQ(refused("DescribeActivity", {{"activityArn", activity}}), "ActivityDoesNotExist");
  EXPECT_EQ(refused("GetActivityTask", {{"activityArn", "x"}}), "InvalidArn");
}

TEST_F(ActivitiesTest, CreatingAnActivityAgainIsTheSame) {
  EXPECT_EQ(string_at(good("CreateActivity", {{"name", "work"}}), "activityArn"), activity);
  EXPECT_EQ(refused("CreateActivity", {{"name", "a b"}}), "InvalidName");
  const json::object key{{"type", "CUSTOMER_MANAGED_KMS_KEY"}, {"kmsKeyId", "k"}};
  EXPECT_EQ(refused("CreateActivity", {{"name", "work"}, {"encryptionConfiguration", key}}), "ActivityAlreadyExists");
  EXPECT_EQ(good("ListActivities", {}).at("activities").as_array().size(), 1u);
}

TEST_F(ActivitiesTest, AnEmptyPollWaitsForItsActivity) {
  const auto* operation = directory.find("states", "GetActivityTask");
  const json::object input{{"activityArn", activity}};
  const service::Call polled{.caller = caller, .input = input, .request_id = "r", .endpoint = ""};
  const auto wait = operation->wait(polled, {});
  ASSERT_TRUE(wait);
  EXPECT_EQ(wait->at_most, seconds{60});
  EXPECT_FALSE(operation->wait(polled, {{"taskToken", "t"}}));
  std::vector<std::string> signals;
  store->on_signal([&](const std::string& key) { signals.push_back(key); });
  start(machine());
  EXPECT_NE(std::find(signals.begin(), signals.end(), wait->signal), signals.end());
}

}  // namespace
}  // namespace tocsin::workflows
