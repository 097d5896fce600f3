// Express and nested executions, Map runs, the watchdog, retention.
#include "workflows/runs_test.h"

namespace tocsin::workflows {
namespace {

using namespace std::chrono_literals;

// ---- express

TEST_F(RunsTest, SyncExpressRunsInOneTransactionAndLeavesNothing) {
  const auto machine = create("e", task_machine(), "EXPRESS");
  const auto commits = store->commits();
  const auto answer =
      call(&Executions::start_sync_execution, {{"stateMachineArn", machine}, {"name", "n"}, {"input", R"({"x":1})"}});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(store->commits(), commits + 1);
  EXPECT_EQ(string_at(*answer, "status"), "SUCCEEDED");
  EXPECT_EQ(string_at(*answer, "output"), R"({"x":1})");
  EXPECT_TRUE(string_at(*answer, "executionArn").starts_with("arn:aws:states:us-east-1:000000000000:express:e:n:"));
  EXPECT_EQ(answer->at("billingDetails").at("billedDurationInMilliseconds").as_int64(), 100);
  EXPECT_FALSE(Executions::wait_for_sync(of({}), *answer));
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(rows("execution") + rows("execution_event") + rows("express_call"), 0);
}

TEST_F(RunsTest, SyncExpressThatWaitsIsFetchedWhenItIsOver) {
  const auto machine = create("e",
                              R"({"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":20,"Next":"A"},"A":{)" +
                                  std::string(function_task) + R"(,"End":true}}})",
                              "EXPRESS");
  const json::object input{{"stateMachineArn", machine}};
  auto answer = call(&Executions::start_sync_execution, input);
  ASSERT_TRUE(answer);
  const auto wait = Executions::wait_for_sync(of(input), *answer);
  ASSERT_TRUE(wait);
  EXPECT_EQ(wait->signal, "execution:" + std::string(string_at(*answer, "executionArn")));
  restart();  // survives the process
  store->run_until_idle();
  store.clock.advance(20s);
  store->run_until_idle();
  answer = call(&Executions::start_sync_execution, input);
  ASSERT_TRUE(answer);
  EXPECT_EQ(string_at(*answer, "status"), "SUCCEEDED");
  EXPECT_EQ(answer->at("billingDetails").at("billedDurationInMilliseconds").as_int64(), 20000);
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(rows("execution") + rows("express_call"), 0);
}

TEST_F(RunsTest, ExpressRunsFiveMinutesAtMost) {
  const auto machine =
      create("e", R"({"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":400,"End":true}}})", "EXPRESS");
  const json::object input{{"stateMachineArn", machine}};
  ASSERT_TRUE(call(&Executions::start_sync_execution, input));
  store.clock.advance(301s);
  store->run_until_idle();
  const auto answer = call(&Executions::start_sync_execution, input);
  EXPECT_EQ(string_at(*answer, "status"), "TIMED_OUT");
  EXPECT_EQ(string_at(*answer, "error"), "States.Timeout");
}

TEST_F(RunsTest, ForgottenExpressRunsAreRemoved) {
  const auto machine =
      create("e", R"({"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":5,"End":true}}})", "EXPRESS");
  ASSERT_TRUE(call(&Executions::start_sync_execution, {{"stateMachineArn", machine}}));
  store.clock.advance(5s);
  store->run_until_idle();
  EXPECT_EQ(rows("execution"), 1);
  store.clock.advance(10min);
  store->run_until_idle();
  EXPECT_EQ(rows("execution") + rows("express_call"), 0);
}

TEST_F(RunsTest, AsynchronousExpressRunsOnceWhateverHappens) {
  const auto machine = create("e", task_machine(), "EXPRESS");
  const auto execution = start(machine);
  EXPECT_NE(execution.find(":express:e:"), std::string::npos);
  EXPECT_EQ(calls, 0);
  restart();
  store->run_until_idle();
  restart();
  store->run_until_idle();
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(rows("execution") + rows("execution_event"), 0);
}

TEST_F(RunsTest, ExpressRefusesWhatTheServiceRefuses) {
  const auto machine = create("e", task_machine(), "EXPRESS");
  const auto standard = create("s", task_machine());
  const auto execution = start(machine);
  EXPECT_EQ(call(&Executions::start_sync_execution, {{"stateMachineArn", standard}}).error().aws_code,
            "StateMachineTypeNotSupported");
  EXPECT_EQ(read(&Executions::list_executions, {{"stateMachineArn", machine}}).error().message,
            "This operation is not supported by this type of state machine");
  EXPECT_EQ(read(&Executions::describe_execution, {{"executionArn", execution}}).error().message,
            "Invalid Arn: 'Resource type not valid in this context: express'");
  EXPECT_EQ(call(&Executions::stop_execution, {{"executionArn", execution}}).error().aws_code, "InvalidArn");
  EXPECT_EQ(read(&Executions::history, {{"executionArn", execution}}).error().aws_code, "InvalidArn");
  EXPECT_EQ(call(&Executions::start_sync_execution, {{"stateMachineArn", machine}, {"input", "{"}}).error().aws_code,
            "InvalidExecutionInput");
  EXPECT_EQ(call(&Executions::start_sync_execution, {{"stateMachineArn", machine}, {"name", "a b"}}).error().aws_code,
            "InvalidName");
  for (const auto* suffix : {".sync", ".sync:2", ".waitForTaskToken"}) {
    const json::object input{{"name", "bad"},
                             {"type", "EXPRESS"},
                             {"roleArn", "arn:aws:iam::000000000000:role/r"},
                             {"definition", R"({"StartAt":"A","States":{"A":{"Type":"Task","End":true,"Parameters":{},)"
                                            R"("Resource":"arn:aws:states:::states:startExecution)" +
                                                std::string(suffix) + R"("}}})"}};
    const auto made = store.write([&](Transaction& t) { return machines.create(t, of(input)); });
    ASSERT_FALSE(made) << suffix;
    EXPECT_NE(made.error().message.find("Express state machine does not support"), std::string::npos);
  }
}

// ---- nested

std::string parent_of(std::string_view child, std::string_view suffix, std::string_view more = R"("End":true)") {
  return R"({"StartAt":"N","States":{"N":{"Type":"Task","Resource":"arn:aws:states:::states:startExecution)" +
         std::string(suffix) + R"(","Parameters":{"StateMachineArn":")" + std::string(child) +
         R"(","Input":"{\"a\":1}"},)" + std::string(more) + "}}}";
}

TEST_F(RunsTest, ParentsWaitForTheirChildren) {
  const auto child = create("c", R"({"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":60,"End":true}}})");
  const auto plain = start(create("p", parent_of(child, "")));
  const auto text = start(create("p1", parent_of(child, ".sync")));
  const auto document = start(create("p2", parent_of(child, ".sync:2")));
  store->run_until_idle();
  EXPECT_EQ(status(plain), "SUCCEEDED");
  EXPECT_EQ(status(text), "RUNNING");
  restart();
  store.clock.advance(60s);
  store->run_until_idle();
  EXPECT_EQ(status(text), "SUCCEEDED");
  const auto as_text = *parse_json_object(string_at(describe(text), "output"));
  EXPECT_EQ(string_at(as_text, "Output"), R"({"a":1})");
  EXPECT_EQ(string_at(as_text, "Status"), "SUCCEEDED");
  EXPECT_TRUE(as_text.at("StartDate").is_int64());
  const auto as_document = *parse_json_object(string_at(describe(document), "output"));
  EXPECT_EQ(to_json(as_document.at("Output")), R"({"a":1})");
  EXPECT_EQ(history(text),
            (std::vector<std::string>{"ExecutionStarted", "TaskStateEntered", "TaskScheduled", "TaskStarted",
                                      "TaskSubmitted", "TaskSucceeded", "TaskStateExited", "ExecutionSucceeded"}));
  EXPECT_EQ(rows("execution_parent"), 0);
}

TEST_F(RunsTest, AFailedChildFailsItsParentsTask) {
  const auto child = create("c", R"({"StartAt":"F","States":{"F":{"Type":"Fail","Error":"E","Cause":"why"}}})");
  const auto parent = start(create("p", parent_of(child, ".sync")));
  store->run_until_idle();
  const auto end = describe(parent);
  EXPECT_EQ(string_at(end, "error"), "States.TaskFailed");
  const auto cause = *parse_json_object(string_at(end, "cause"));
  EXPECT_EQ(string_at(cause, "Error"), "E");
  EXPECT_EQ(string_at(cause, "Status"), "FAILED");
}

TEST_F(RunsTest, StoppingTheParentStopsTheChild) {
  const auto child = create("c", R"({"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":60,"End":true}}})");
  const auto stopped = start(create("p", parent_of(child, ".sync")));
  const auto timed_out = start(create("t", parent_of(child, ".sync", R"("TimeoutSeconds":5,"End":true)")));
  store->run_until_idle();
  ASSERT_TRUE(call(&Executions::stop_execution, {{"executionArn", stopped}}));
  store.clock.advance(5s);
  store->run_until_idle();
  EXPECT_EQ(string_at(describe(timed_out), "error"), "States.Timeout");
  const auto children = read(&Executions::list_executions, {{"stateMachineArn", child}});
  ASSERT_EQ(children->at("executions").get_array().size(), 2u);
  for (const auto& item : children->at("executions").get_array()) EXPECT_EQ(item.at("status").as_string(), "ABORTED");
}

TEST_F(RunsTest, SdkStartSyncExecutionWaitsForTheExpressRun) {
  const auto child = create("c", R"({"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":3,"End":true}}})", "EXPRESS");
  const auto quick = create("q", task_machine(), "EXPRESS");
  const auto definition = [](std::string_view machine) {
    return R"({"StartAt":"N","States":{"N":{"Type":"Task","Resource":"arn:aws:states:::aws-sdk:sfn:startSyncExecution",)"
           R"("Parameters":{"StateMachineArn":")" +
           std::string(machine) + R"("},"End":true}}})";
  };
  const auto at_once = start(create("p1", definition(quick)));
  const auto later = start(create("p2", definition(child)));
  const auto wrong = start(create("p3", definition(create("s", task_machine()))));
  store->run_until_idle();
  EXPECT_EQ(status(at_once), "SUCCEEDED");
  EXPECT_EQ(status(later), "RUNNING");
  EXPECT_EQ(string_at(describe(wrong), "error"), "Sfn.StateMachineTypeNotSupportedException");
  store.clock.advance(3s);
  store->run_until_idle();
  EXPECT_EQ(string_at(*parse_json_object(string_at(describe(later), "output")), "Status"), "SUCCEEDED");
}

// ---- chains of executions

std::string starts(std::string_view machine, std::string_view resource) {
  return R"({"StartAt":"N","States":{"N":{"Type":"Task","Resource":"arn:aws:states:::)" + std::string(resource) +
         R"(","Parameters":{"StateMachineArn":"arn:aws:states:us-east-1:000000000000:stateMachine:)" +
         std::string(machine) + R"("},"End":true}}})";
}

TEST_F(RunsTest, MachinesThatStartThemselvesAreStopped) {
  for (const auto* resource : {"states:startExecution", "states:startExecution.sync:2", "aws-sdk:sfn:startExecution"}) {
    SCOPED_TRACE(resource);
    const std::string name = "m" + std::to_string(rows("state_machine"));
    const auto machine = create(name, starts(name, resource));
    const auto first = start(machine);
    store->run_until_idle();
    const auto listed = read(&Executions::list_executions, {{"stateMachineArn", machine}, {"maxResults", 1000}});
    const auto& all = listed->at("executions").get_array();
    ASSERT_EQ(all.size(), 51u);
    const auto last = describe(std::string(std::string_view(all.front().at("executionArn").as_string())));
    EXPECT_NE(string_at(last, "error").find("ExecutionLimitExceeded"), std::string::npos) << string_at(last, "error");
    EXPECT_NE(string_at(last, "cause").find("does it start itself?"), std::string::npos);
    EXPECT_LT(string_at(describe(first), "cause").size(), 100'000u);  // though each holds the one below
    EXPECT_EQ(status(first), std::string_view(resource).ends_with(":2") ? "FAILED" : "SUCCEEDED");
  }
  EXPECT_EQ(store.read([&](store::Reader& r) -> Result<std::int64_t> { return executions.count(r).too_deep; }).value(),
            3);
}

TEST_F(RunsTest, CirclesOfExpressMachinesAreStopped) {
  create("a", starts("b", "states:startExecution"));
  create("b", starts("a", "aws-sdk:sfn:startExecution"), "EXPRESS");
  const auto loop = create("loop", starts("loop", "aws-sdk:sfn:startSyncExecution"), "EXPRESS");
  start(std::string("arn:aws:states:us-east-1:000000000000:stateMachine:a"));
  start(loop);
  store->run_until_idle();
  store.clock.advance(std::chrono::hours{1});
  store->run_until_idle();
  EXPECT_EQ(store.read([&](store::Reader& r) -> Result<std::int64_t> { return executions.count(r).too_deep; }).value(),
            2);
  EXPECT_EQ(store.read([&](store::Reader& r) -> Result<std::int64_t> { return executions.count(r).running; }).value(),
            0);
}

TEST_F(RunsTest, GoingOnAsANewExecutionNowAndThenIsNoCircle) {
  const auto machine = create(
      "m", R"({"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":900,"Next":"N"},"N":{"Type":"Task","Resource":
      "arn:aws:states:::states:startExecution","Parameters":{"StateMachineArn":
      "arn:aws:states:us-east-1:000000000000:stateMachine:m"},"End":true}}})");
  start(machine);
  for (int i = 0; i < 70; ++i) {
    store->run_until_idle();
    store.clock.advance(900s);
  }
  store->run_until_idle();
  EXPECT_EQ(rows("execution"), 71);
  EXPECT_EQ(store.read([&](store::Reader& r) -> Result<std::int64_t> { return executions.count(r).too_deep; }).value(),
            0);
}

// ---- Map runs

constexpr std::string_view map_machine =
    R"({"StartAt":"M","States":{"M":{"Type":"Map","ItemsPath":"$.items","Label":"L",
  "MaxConcurrency":1,"ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},
  "StartAt":"W","States":{"W":{"Type":"Wait","Seconds":10,"End":true}}},"End":true}}})";

TEST_F(RunsTest, MapRunsAreShownWithTheirChildren) {
  const auto execution = start(create("m", map_machine), R"({"items":[1,2,3]})");
  store->run_until_idle();
  const auto runs = read(&Executions::list_map_runs, {{"executionArn", execution}});
  ASSERT_EQ(runs->at("mapRuns").get_array().size(), 1u);
  const std::string run{std::string_view(runs->at("mapRuns").at(0).at("mapRunArn").as_string())};
  auto shown = read(&Executions::describe_map_run, {{"mapRunArn", run}});
  ASSERT_TRUE(shown);
  EXPECT_EQ(shown->at("itemCounts").at("pending").as_int64(), 2);
  EXPECT_EQ(shown->at("itemCounts").at("running").as_int64(), 1);

  // More at once, while it runs.
  ASSERT_TRUE(call(&Executions::update_map_run, {{"mapRunArn", run}, {"maxConcurrency", 5}}));
  shown = read(&Executions::describe_map_run, {{"mapRunArn", run}});
  EXPECT_EQ(shown->at("itemCounts").at("running").as_int64(), 3);
  EXPECT_EQ(integer_at(*shown, "maxConcurrency"), 5);

  restart();
  store.clock.advance(10s);
  store->run_until_idle();
  EXPECT_EQ(status(execution), "SUCCEEDED");
  const auto children = read(&Executions::list_executions, {{"mapRunArn", run}, {"maxResults", 2}});
  ASSERT_EQ(children->at("executions").get_array().size(), 2u);
  const auto rest =
      read(&Executions::list_executions, {{"mapRunArn", run}, {"nextToken", string_at(*children, "nextToken")}});
  ASSERT_EQ(rest->at("executions").get_array().size(), 1u);
  const std::string first{std::string_view(rest->at("executions").at(0).at("executionArn").as_string())};
  const auto child = describe(first);
  EXPECT_EQ(string_at(child, "status"), "SUCCEEDED");
  EXPECT_EQ(string_at(child, "input"), "1");
  EXPECT_EQ(string_at(child, "output"), "1");
  EXPECT_EQ(history(first).front(), "ExecutionStarted");
  EXPECT_EQ(history(first).back(), "ExecutionSucceeded");
  EXPECT_EQ(call(&Executions::update_map_run, {{"mapRunArn", run}, {"maxConcurrency", 1}}).error().aws_code,
            "ValidationException");
  EXPECT_EQ(read(&Executions::describe_map_run, {{"mapRunArn", run + "x"}}).error().aws_code, "ResourceNotFound");
}

// ---- watchdog, retention

TEST_F(RunsTest, ATaskWithoutATimeoutHasADeadline) {
  const auto machine = create("m", R"({"StartAt":"A","States":{"A":{"Type":"Task","End":true,
    "Resource":"arn:aws:states:::lambda:invoke.waitForTaskToken","Parameters":{"FunctionName":"f","Payload":{"t.$":"$$.Task.Token"}}}}})");
  const auto execution = start(machine);
  store
      .write([](Transaction& t) -> Result<void> {
        Executions::set_timer(t);
        return {};
      })
      .value();
  store->run_until_idle();
  const auto stuck = [&] {
    return store.read([&](store::Reader& r) -> Result<std::int64_t> { return executions.count(r).stuck; }).value();
  };
  EXPECT_EQ(stuck(), 0);
  EXPECT_EQ(integer_at(describe(execution), "taskDeadlineSeconds"), 30 * 86400);
  EXPECT_FALSE(string_at(describe(execution), "taskDeadline").empty());
  store.clock.advance(std::chrono::days{2});
  store->run_until_idle();
  EXPECT_EQ(stuck(), 1);
  EXPECT_EQ(status(execution), "RUNNING");
  store.clock.advance(std::chrono::days{29});
  store->run_until_idle();
  EXPECT_EQ(string_at(describe(execution), "error"), "States.Timeout");
  EXPECT_EQ(stuck(), 0);
}

TEST_F(RunsTest, LongHistoriesAreRemovedInBatches) {
  const auto machine = create("m", R"({"StartAt":"M","States":{"M":{"Type":"Map","ItemsPath":"$.items","Label":"L",
    "ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},
    "StartAt":"P","States":{"P":{"Type":"Pass","Next":"Q"},"Q":{"Type":"Pass","End":true}}},"End":true}}})");
  const auto execution = start(machine, R"({"items":[1,2,3]})");
  store->run_until_idle();
  ASSERT_EQ(status(execution), "SUCCEEDED");
  // As many rows as thousands of steps leave.
  store
      .write([](store::Transaction& t) -> Result<void> {
        for (int i = 0; i < 6000; ++i)
          t.execute(
              "INSERT INTO execution_event (execution, child, id, at, body) SELECT execution, child, ?, at, body "
              "FROM execution_event WHERE child = 0 ORDER BY id LIMIT 1",
              1000 + i);
        return {};
      })
      .value();
  const auto events = rows("execution_event");
  store.clock.advance(std::chrono::days{91});
  store->run_until_idle();
  EXPECT_EQ(rows("execution_event"), events - 5000);
  store.clock.advance(2s);
  store->run_until_idle();
  store.clock.advance(2s);
  store->run_until_idle();
  EXPECT_EQ(rows("execution_event") + rows("execution") + rows("map_run") + rows("map_run_child"), 0);
}

}  // namespace
}  // namespace tocsin::workflows
