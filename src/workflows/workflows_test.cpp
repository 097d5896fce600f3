#include "workflows/workflows.h"

#include <gtest/gtest.h>

#include "store/testing.h"

namespace tocsin::workflows {
namespace {

using namespace std::chrono_literals;
using service::Call;
using store::Transaction;

// A function that fails as often as it is told, then answers with what it was given.
class WorkflowsTest : public testing::Test {
 protected:
  WorkflowsTest() { attach(); }

  void attach() { executions.attach(store->outbox()); }

  service::Answer call(service::Answer (Executions::*operation)(Transaction&, const Call&), json::object input) {
    return store.write([&](Transaction& t) { return (executions.*operation)(t, of(input)); });
  }
  service::Answer read(service::Answer (Executions::*operation)(store::Reader&, const Call&) const,
                       json::object input) {
    return store.read([&](store::Reader& r) { return (executions.*operation)(r, of(input)); });
  }
  Call of(const json::object& input) { return {.caller = caller, .input = input, .request_id = "r", .endpoint = ""}; }

  std::string create(std::string_view definition, std::string_view name = "m") {
    const json::object input{
        {"name", name}, {"definition", definition}, {"roleArn", "arn:aws:iam::000000000000:role/r"}};
    auto made = store.write([&](Transaction& t) { return machines.create(t, of(input)); });
    EXPECT_TRUE(made) << made.error().message;
    return std::string(string_at(*made, "stateMachineArn"));
  }
  std::string start(const std::string& machine, std::string_view name, std::string_view input = "{}") {
    auto started = call(&Executions::start_execution, {{"stateMachineArn", machine}, {"name", name}, {"input", input}});
    EXPECT_TRUE(started) << started.error().message;
    return std::string(string_at(*started, "executionArn"));
  }
  json::object describe(const std::string& execution) {
    return *read(&Executions::describe_execution, {{"executionArn", execution}});
  }
  std::vector<std::string> history(const std::string& execution) {
    std::vector<std::string> types;
    const auto answer = read(&Executions::history, {{"executionArn", execution}});
    for (const auto& event : answer->at("events").get_array())
      types.emplace_back(std::string_view(event.at("type").get_string()));
    return types;
  }

  service::Caller caller;
  store::TestStore store{migrations()};
  int failures = 0;
  int calls = 0;
  service::Directory directory;
  Tasks tasks{Identity{},
              [this](Transaction&, std::string_view, const json::value& payload) -> TaskOutcome {
                ++calls;
                if (failures-- > 0) return TaskFailure{"Lambda.Unknown", "not yet"};
                return payload;
              },
              directory};
  Machines machines{Identity{}};
  Executions executions{machines, tasks};
};

constexpr std::string_view two_tasks = R"({"StartAt":"A","States":{
  "A":{"Type":"Task","Resource":"arn:aws:lambda:us-east-1:000000000000:function:f","ResultPath":"$.a",
       "Retry":[{"ErrorEquals":["States.ALL"],"IntervalSeconds":2,"BackoffRate":2,"MaxAttempts":2}],
       "Catch":[{"ErrorEquals":["States.ALL"],"ResultPath":"$.error","Next":"Told"}],"Next":"W"},
  "W":{"Type":"Wait","Seconds":3600,"Next":"B"},
  "B":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Parameters":{"FunctionName":"f","Payload":{"x":1}},"End":true},
  "Told":{"Type":"Fail","Error":"Gave.Up","Cause":"told"}}})";

TEST_F(WorkflowsTest, RunsThroughTasksAndWaitsOverRestarts) {
  const auto machine = create(two_tasks);
  failures = 1;
  const auto execution = start(machine, "one", R"({"n":12345678901})");
  store->run_until_idle();
  EXPECT_EQ(calls, 1);
  store.reopen();  // killed while the retry waits
  attach();
  store.clock.advance(2s);
  store->run_until_idle();
  EXPECT_EQ(calls, 2);
  EXPECT_EQ(string_at(describe(execution), "status"), "RUNNING");
  store.reopen();
  attach();
  store.clock.advance(3599s);
  store->run_until_idle();
  EXPECT_EQ(calls, 2);
  store.clock.advance(1s);
  store->run_until_idle();
  const auto end = describe(execution);
  EXPECT_EQ(string_at(end, "status"), "SUCCEEDED");
  EXPECT_EQ(string_at(end, "output"), R"({"ExecutedVersion":"$LATEST","Payload":{"x":1},"StatusCode":200})");
  EXPECT_EQ(string_at(end, "input"), R"({"n":12345678901})");
  const auto types = history(execution);
  EXPECT_EQ(types.front(), "ExecutionStarted");
  EXPECT_EQ(types.back(), "ExecutionSucceeded");
  EXPECT_EQ(std::count(types.begin(), types.end(), "LambdaFunctionFailed"), 1);
}

TEST_F(WorkflowsTest, GivesUpThroughItsCatch) {
  const auto machine = create(two_tasks);
  failures = 100;
  const auto execution = start(machine, "one");
  for (int i = 0; i < 5; ++i) {
    store->run_until_idle();
    store.clock.advance(10s);
  }
  EXPECT_EQ(calls, 3);
  const auto end = describe(execution);
  EXPECT_EQ(string_at(end, "status"), "FAILED");
  EXPECT_EQ(string_at(end, "error"), "Gave.Up");
}

TEST_F(WorkflowsTest, TheSameNameStartsOnce) {
  const auto machine = create(two_tasks);
  const auto execution = start(machine, "one", R"({"a":1})");
  EXPECT_EQ(start(machine, "one", R"({"a":1})"), execution);
  const auto other =
      call(&Executions::start_execution, {{"stateMachineArn", machine}, {"name", "one"}, {"input", "{}"}});
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().aws_code, "ExecutionAlreadyExists");
  // An event that is delivered twice starts it once.
  for (int i = 0; i < 2; ++i)
    ASSERT_TRUE(store.write(
        [&](Transaction& t) { return executions.deliver(t, machine, {.body = "{}", .idempotency_key = "k"}); }));
  const auto list = read(&Executions::list_executions, {{"stateMachineArn", machine}});
  EXPECT_EQ(list->at("executions").get_array().size(), 2u);
}

TEST_F(WorkflowsTest, StoppedMeansStopped) {
  const auto machine = create(two_tasks);
  const auto execution = start(machine, "one");
  store->run_until_idle();
  ASSERT_TRUE(call(&Executions::stop_execution, {{"executionArn", execution}, {"error", "E"}, {"cause", "C"}}));
  store.clock.advance(2h);
  store->run_until_idle();
  EXPECT_EQ(string_at(describe(execution), "status"), "ABORTED");
  EXPECT_EQ(calls, 1);
}

TEST_F(WorkflowsTest, ARunningExecutionKeepsItsDefinition) {
  const auto machine = create(two_tasks);
  const auto execution = start(machine, "one");
  store->run_until_idle();
  const json::object input{{"stateMachineArn", machine},
                           {"definition", R"({"StartAt":"P","States":{"P":{"Type":"Pass","End":true}}})"}};
  ASSERT_TRUE(store.write([&](Transaction& t) { return machines.update(t, of(input)); }));
  store.clock.advance(1h);
  store->run_until_idle();
  EXPECT_EQ(calls, 2);
  EXPECT_EQ(string_at(describe(execution), "status"), "SUCCEEDED");
  const auto second = start(machine, "two");
  EXPECT_EQ(string_at(describe(second), "status"), "SUCCEEDED");
}

TEST_F(WorkflowsTest, AnswersWithErrorsOfTheService) {
  const struct {
    service::Answer answer;
    const char* code;
  } cases[] = {
      {read(&Executions::describe_execution, {{"executionArn", "x"}}), "InvalidArn"},
      {read(&Executions::describe_execution, {{"executionArn", "arn:aws:states:us-east-1:000000000000:execution:m:n"}}),
       "ExecutionDoesNotExist"},
      {call(&Executions::start_execution,
            {{"stateMachineArn", "arn:aws:states:us-east-1:000000000000:stateMachine:no"}}),
       "StateMachineDoesNotExist"},
      {call(&Executions::start_execution, {{"stateMachineArn", create(two_tasks)}, {"input", "{"}}),
       "InvalidExecutionInput"},
      {call(&Executions::start_execution, {{"stateMachineArn", create(two_tasks)}, {"name", "a b"}}), "InvalidName"},
      {call(&Executions::task_success, {{"taskToken", "zzz"}, {"output", "{}"}}), "InvalidToken"},
      {call(&Executions::task_success, {{"taskToken", std::string(96, 'z')}, {"output", "{}"}}), "TaskTimedOut"},
  };
  for (const auto& c : cases) {
    ASSERT_FALSE(c.answer) << c.code;
    EXPECT_EQ(c.answer.error().aws_code, c.code);
  }
}

TEST_F(WorkflowsTest, HistoryPagesBothWays) {
  const auto execution = start(create(two_tasks), "one");
  store->run_until_idle();
  std::vector<std::int64_t> ids;
  json::object input{{"executionArn", execution}, {"maxResults", 2}, {"reverseOrder", true}};
  for (;;) {
    const auto page = read(&Executions::history, input);
    ASSERT_TRUE(page);
    for (const auto& event : page->at("events").get_array()) ids.push_back(event.at("id").to_number<std::int64_t>());
    if (!page->contains("nextToken")) break;
    input["nextToken"] = page->at("nextToken");
  }
  ASSERT_GT(ids.size(), 3u);
  EXPECT_TRUE(std::is_sorted(ids.rbegin(), ids.rend()));
  EXPECT_EQ(ids.back(), 1);
}

TEST_F(WorkflowsTest, OldExecutionsArePurged) {
  const auto execution = start(create(two_tasks), "one");
  ASSERT_TRUE(call(&Executions::stop_execution, {{"executionArn", execution}}));
  store->run_until_idle();
  store.clock.advance(std::chrono::days{91});
  store->run_until_idle();
  EXPECT_FALSE(read(&Executions::describe_execution, {{"executionArn", execution}}));
}

TEST_F(WorkflowsTest, AMachineMayBeNamedExpress) {
  const auto machine = create(two_tasks, "express");
  failures = 100;
  const auto execution = start(machine, "one");
  for (int i = 0; i < 5; ++i) {
    store->run_until_idle();
    store.clock.advance(10s);
  }
  EXPECT_EQ(string_at(describe(execution), "status"), "FAILED");
  EXPECT_EQ(history(execution).back(), "ExecutionFailed");
  start(create(two_tasks, "other"), "one");
}

TEST_F(WorkflowsTest, EachAttemptHandsOutItsOwnToken) {
  const auto machine = create(R"({"StartAt":"A","States":{"A":{"Type":"Task","TimeoutSeconds":60,
      "Resource":"arn:aws:states:::lambda:invoke.waitForTaskToken",
      "Parameters":{"FunctionName":"f","Payload":{"token.$":"$$.Task.Token"}},
      "Retry":[{"ErrorEquals":["States.ALL"],"IntervalSeconds":2,"MaxAttempts":5}],"End":true}}})");
  const auto tokens = [&] {
    return *store.read([](store::Reader& reader) -> Result<std::vector<std::string>> {
      std::vector<std::string> found;
      auto rows = reader.query("SELECT token FROM task_token");
      while (rows.next()) found.push_back(rows.string(0));
      return found;
    });
  };
  failures = 1;  // the first request is refused: nobody has its token
  const auto execution = start(machine, "one");
  store->run_until_idle();
  EXPECT_TRUE(tokens().empty());
  store.clock.advance(2s);
  store->run_until_idle();
  const auto first = tokens();
  ASSERT_EQ(first.size(), 1u);
  store.clock.advance(60s);  // nobody answers
  store->run_until_idle();
  store.clock.advance(4s);
  store->run_until_idle();
  const auto second = tokens();
  ASSERT_EQ(second.size(), 1u);
  EXPECT_NE(first, second);
  EXPECT_FALSE(call(&Executions::task_success, {{"taskToken", first[0]}, {"output", "1"}}));
  EXPECT_TRUE(call(&Executions::task_success, {{"taskToken", second[0]}, {"output", "2"}}));
  EXPECT_EQ(string_at(describe(execution), "output"), "2");
}

}  // namespace
}  // namespace tocsin::workflows
