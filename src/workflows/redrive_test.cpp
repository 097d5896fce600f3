// RedriveExecution: what was done stays done, what was not goes on.
#include "store/compress.h"
#include "workflows/runs_test.h"

namespace tocsin::workflows {
namespace {

using namespace std::chrono_literals;

TEST_F(RunsTest, RedriveHandsOutANewToken) {
  const auto machine = create("m", R"({"StartAt":"A","States":{"A":{"Type":"Task","TimeoutSeconds":60,
      "Resource":"arn:aws:states:::lambda:invoke.waitForTaskToken",
      "Parameters":{"FunctionName":"f","Payload":{"token.$":"$$.Task.Token"}},"End":true}}})");
  const auto token = [&] {
    return *store.read([](store::Reader& reader) -> Result<std::string> {
      auto rows = reader.query("SELECT token FROM task_token");
      return rows.next() ? rows.string(0) : std::string();
    });
  };
  const auto execution = start(machine);
  store->run_until_idle();
  const auto before = token();
  store.clock.advance(std::chrono::minutes{1});
  store->run_until_idle();
  ASSERT_EQ(status(execution), "FAILED");
  ASSERT_TRUE(call(&Executions::redrive_execution, {{"executionArn", execution}}));
  store->run_until_idle();
  ASSERT_FALSE(token().empty());
  EXPECT_NE(token(), before);
}

TEST_F(RunsTest, RedriveGoesOnAtTheStateThatFailed) {
  const auto machine = create("m", R"({"StartAt":"P","States":{"P":{"Type":"Pass","Next":"A"},"A":{)" +
                                       std::string(function_task) + R"(,"End":true}}})");
  failures = 1;
  const auto execution = start(machine);
  store->run_until_idle();
  auto shown = describe(execution);
  EXPECT_EQ(string_at(shown, "redriveStatus"), "REDRIVABLE");
  const auto redriven = call(&Executions::redrive_execution, {{"executionArn", execution}, {"clientToken", "t"}});
  ASSERT_TRUE(redriven) << redriven.error().message;
  EXPECT_EQ(status(execution), "RUNNING");
  EXPECT_TRUE(call(&Executions::redrive_execution, {{"executionArn", execution}, {"clientToken", "t"}}));
  store->run_until_idle();
  shown = describe(execution);
  EXPECT_EQ(string_at(shown, "status"), "SUCCEEDED");
  EXPECT_EQ(integer_at(shown, "redriveCount"), 1);
  for (const auto& [filter, found] : {std::pair{"REDRIVEN", 1u}, std::pair{"NOT_REDRIVEN", 0u}}) {
    const auto listed = read(&Executions::list_executions,
                             {{"stateMachineArn", string_at(shown, "stateMachineArn")}, {"redriveFilter", filter}});
    EXPECT_EQ(listed->at("executions").get_array().size(), found) << filter;
  }
  EXPECT_EQ(string_at(shown, "redriveStatusReason"), "Execution is SUCCEEDED and cannot be redriven");
  EXPECT_EQ(call(&Executions::redrive_execution, {{"executionArn", execution}}).error().aws_code,
            "ExecutionNotRedrivable");
  const auto types = history(execution);
  EXPECT_EQ(std::ranges::count(types, "ExecutionRedriven"), 1);
  EXPECT_EQ(std::ranges::count(types, "PassStateEntered"), 1);
}

TEST_F(RunsTest, NothingIsRedrivenAfterTwoWeeks) {
  failures = 1;
  const auto execution = start(create("m", task_machine()));
  store->run_until_idle();
  store.clock.advance(std::chrono::days{15});
  EXPECT_EQ(string_at(describe(execution), "redriveStatusReason"), "Execution redrivable period exceeded");
  EXPECT_FALSE(call(&Executions::redrive_execution, {{"executionArn", execution}}));
}

// ---- below a Parallel or Map

using Names = std::vector<std::string>;

std::string parallel_machine() {
  const auto branch = [](std::string_view name, int value) {
    return R"({"StartAt":")" + std::string(name) + R"(","States":{")" + std::string(name) + R"(":{)" +
           std::string(function_task) + R"(,"Parameters":)" + std::to_string(value) + R"(,"End":true}}})";
  };
  return R"({"StartAt":"P","States":{"P":{"Type":"Parallel","End":true,"Branches":[)" + branch("A", 1) + "," +
         branch("B", 2) + "," + branch("C", 3) + "]}}}";
}

TEST_F(RunsTest, ARedriveRepeatsNoEffectOfABranchThatSucceeded) {
  failing = {"2"};
  const auto execution = start(create("m", parallel_machine()));
  store->run_until_idle();
  ASSERT_EQ(status(execution), "FAILED");
  for (int times = 0; times < 2; ++times) {
    ASSERT_TRUE(redrive(execution));
    restart();
    store->run_until_idle();
    ASSERT_EQ(status(execution), "FAILED");
  }
  failing.clear();
  ASSERT_TRUE(redrive(execution));
  store->run_until_idle();
  EXPECT_EQ(string_at(describe(execution), "output"), "[1,2,3]");
  std::ranges::sort(effects);
  EXPECT_EQ(effects, (Names{"1", "2", "3"}));
  const auto types = history(execution);
  EXPECT_EQ(std::ranges::count(types, "ExecutionRedriven"), 3);
  EXPECT_EQ(std::ranges::count(types, "ParallelStateStarted"), 1);
}

// The first child's failure comes to the parent before the successes of the others do.
TEST_F(RunsTest, ARedriveStartsNoChildAgainThatSucceeded) {
  const auto child = create("child", task_machine());
  const auto parent = create("parent", R"x({"StartAt":"M","States":{"M":{"Type":"Map","End":true,"ItemProcessor":{
      "StartAt":"C","States":{"C":{"Type":"Task","Resource":"arn:aws:states:::states:startExecution.sync:2",
      "Parameters":{"StateMachineArn":")x" +
                                           child +
                                           R"x(","Input.$":"States.JsonToString($)"},"OutputPath":"$.Output",
      "End":true}}}}}})x");
  failing = {"0"};
  const auto execution = start(parent, "[0,1,2,3,4,5,6,7,8,9]");
  store->run_until_idle();
  ASSERT_EQ(status(execution), "FAILED");
  failing.clear();
  ASSERT_TRUE(redrive(execution));
  store->run_until_idle();
  EXPECT_EQ(string_at(describe(execution), "output"), "[0,1,2,3,4,5,6,7,8,9]");
  std::ranges::sort(effects);
  EXPECT_EQ(effects, (Names{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}));
}

TEST_F(RunsTest, AnExecutionStoppedWithinAForkIsShownAndRedriven) {
  const auto execution = start(create("m", R"({"StartAt":"P","States":{"P":{"Type":"Parallel","End":true,"Branches":[
      {"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":10,"End":true}}}]}}})"));
  store->run_until_idle();
  ASSERT_TRUE(call(&Executions::stop_execution, {{"executionArn", execution}}));
  EXPECT_EQ(status(execution), "ABORTED");
  ASSERT_TRUE(redrive(execution));
  store.clock.advance(10s);
  store->run_until_idle();
  EXPECT_EQ(status(execution), "SUCCEEDED");
}

TEST_F(RunsTest, AMapRunIsRedrivenWithItsUnsuccessfulChildren) {
  const auto machine = create("m", R"({"StartAt":"M","States":{"M":{"Type":"Map","ItemsPath":"$.items","Label":"L",
      "MaxConcurrency":1,"ToleratedFailureCount":1,
      "ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},
      "StartAt":"A","States":{"A":{)" + std::string(function_task) +
                                       R"(,"End":true}}},"End":true}}})");
  failing = {"2", "3"};
  const auto execution = start(machine, R"({"items":[1,2,3,4]})");
  store->run_until_idle();
  ASSERT_EQ(string_at(describe(execution), "error"), "States.ExceedToleratedFailureThreshold");
  const auto runs = read(&Executions::list_map_runs, {{"executionArn", execution}});
  const std::string run{std::string_view(runs->at("mapRuns").at(0).at("mapRunArn").as_string())};
  const auto child = [&](int number) { return asl::child_arn(run, number); };
  EXPECT_EQ(string_at(describe(child(2)), "redriveStatus"), "REDRIVABLE_BY_MAP_RUN");
  EXPECT_EQ(redrive(child(2)).error().aws_code, "ExecutionNotRedrivable");

  failing = {"3"};
  ASSERT_TRUE(redrive(execution));
  auto shown = read(&Executions::describe_map_run, {{"mapRunArn", run}});
  EXPECT_EQ(string_at(*shown, "status"), "RUNNING");
  EXPECT_EQ(integer_at(*shown, "redriveCount"), 1);
  EXPECT_FALSE(string_at(*shown, "redriveDate").empty());
  EXPECT_FALSE(shown->contains("stopDate"));
  EXPECT_EQ(shown->at("executionCounts").at("pendingRedrive").as_int64(), 1);
  EXPECT_EQ(shown->at("itemCounts").at("running").as_int64(), 1);
  EXPECT_EQ(string_at(describe(child(2)), "status"), "RUNNING");
  EXPECT_EQ(string_at(describe(child(3)), "status"), "FAILED");
  restart();
  store->run_until_idle();
  EXPECT_EQ(string_at(describe(execution), "output"), "[1,2,4]");  // the third is tolerated now
  std::ranges::sort(effects);
  EXPECT_EQ(effects, (Names{"1", "2", "4"}));
  shown = read(&Executions::describe_map_run, {{"mapRunArn", run}});
  EXPECT_EQ(string_at(*shown, "status"), "SUCCEEDED");
  EXPECT_EQ(shown->at("executionCounts").at("total").as_int64(), 4);
  EXPECT_EQ(shown->at("executionCounts").at("succeeded").as_int64(), 3);
  EXPECT_EQ(shown->at("executionCounts").at("failed").as_int64(), 1);
  EXPECT_EQ(integer_at(describe(child(2)), "redriveCount"), 1);
  EXPECT_EQ(string_at(describe(child(2)), "status"), "SUCCEEDED");
  EXPECT_EQ(std::ranges::count(history(child(2)), "ExecutionRedriven"), 1);
  EXPECT_EQ(std::ranges::count(history(execution), "MapRunRedriven"), 1);
  EXPECT_EQ(rows("map_run"), 1);
  EXPECT_EQ(rows("map_run_child"), 4);
  const auto redriven = read(&Executions::list_executions, {{"mapRunArn", run}, {"redriveFilter", "REDRIVEN"}});
  EXPECT_EQ(redriven->at("executions").get_array().size(), 2u);
}

// What earlier programs stored did not say how many events a child execution had when it was aborted.
TEST_F(RunsTest, ARedriveGoesOnInTheHistoriesOfChildrenThatAnEarlierProgramAborted) {
  const auto machine = create("m", R"({"StartAt":"M","States":{"M":{"Type":"Map","Label":"L","End":true,
      "ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},
      "StartAt":"W","States":{"W":{"Type":"Wait","Seconds":10,"End":true}}}}}})");
  const auto execution = start(machine, "[1,2]");
  store->run_until_idle();
  ASSERT_TRUE(call(&Executions::stop_execution, {{"executionArn", execution}}));
  ASSERT_TRUE(store.write([](Transaction& t) -> Result<void> {
    std::string stored;
    {
      auto rows = t.query("SELECT state FROM execution");
      if (rows.next()) stored = rows.blob(0);
    }
    auto text = store::decompress(stored);
    if (!text) return pass_on(text);
    auto state = asl::Execution::from_json(*text);
    if (!state) return pass_on(state);
    int aborted = 0;
    for (auto& [id, frame] : state->frames)
      if (std::exchange(frame.child_events, 0) != 0) ++aborted;
    EXPECT_EQ(aborted, 2);
    t.execute("UPDATE execution SET state = ?", store::Blob{store::compress(state->to_json())});
    return {};
  }));
  const auto redriven = redrive(execution);
  ASSERT_TRUE(redriven) << redriven.error().message;
  store.clock.advance(10s);
  store->run_until_idle();
  EXPECT_EQ(status(execution), "SUCCEEDED");
  const auto runs = read(&Executions::list_map_runs, {{"executionArn", execution}});
  const std::string run{std::string_view(runs->at("mapRuns").at(0).at("mapRunArn").as_string())};
  for (int number = 1; number <= 2; ++number)
    EXPECT_EQ(history(asl::child_arn(run, number)),
              (Names{"ExecutionStarted", "WaitStateEntered", "WaitStateAborted", "ExecutionAborted",
                     "ExecutionRedriven", "WaitStateExited", "ExecutionSucceeded"}));
}

// ---- nested executions

TEST_F(RunsTest, AChildThatIsRedrivenBeforeItsEndIsToldIsWaitedFor) {
  const auto child = create("child", R"({"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":60,"End":true}}})");
  const auto parent = start(create(
      "parent", R"({"StartAt":"N","States":{"N":{"Type":"Task","Resource":"arn:aws:states:::states:startExecution.sync",
      "Parameters":{"StateMachineArn":")" +
                    child + R"("},"End":true}}})"));
  store->run_until_idle();
  const auto children = read(&Executions::list_executions, {{"stateMachineArn", child}});
  const json::object it{{"executionArn", children->at("executions").at(0).at("executionArn")}};
  // The delivery of its end is made after both.
  ASSERT_TRUE(store.write([&](Transaction& t) -> Result<void> {
    if (auto stopped = executions.stop_execution(t, of(it)); !stopped) return pass_on(stopped);
    if (auto redriven = executions.redrive_execution(t, of(it)); !redriven) return pass_on(redriven);
    return {};
  }));
  store->run_until_idle();
  EXPECT_EQ(status(parent), "RUNNING");
  EXPECT_EQ(rows("execution_parent"), 1);
  store.clock.advance(60s);
  store->run_until_idle();
  EXPECT_EQ(status(parent), "SUCCEEDED");
  EXPECT_EQ(rows("execution_parent"), 0);
}

// ---- the machine

TEST_F(RunsTest, WithoutItsMachineNothingIsRedriven) {
  failures = 1;
  const auto waiting = create("m", R"({"StartAt":"A","States":{"A":{)" + std::string(function_task) +
                                       R"(,"Next":"W"},"W":{"Type":"Wait","Seconds":60,"End":true}}})");
  const auto failed = start(waiting);
  store->run_until_idle();
  const auto running = start(waiting);
  store->run_until_idle();
  ASSERT_EQ(status(failed), "FAILED");
  const json::object input{{"stateMachineArn", waiting}};
  ASSERT_TRUE(store.write([&](Transaction& t) { return machines.remove(t, of(input)); }));
  EXPECT_EQ(redrive(failed).error().aws_code, "StateMachineDeleting");
  EXPECT_EQ(string_at(describe(failed), "redriveStatusReason"), "State machine is in DELETING status");
  store.clock.advance(60s);
  store->run_until_idle();  // the last one that ran ends, and with it the machine
  EXPECT_EQ(status(running), "ABORTED");
  EXPECT_EQ(redrive(failed).error().aws_code, "StateMachineDoesNotExist");
  EXPECT_EQ(string_at(describe(failed), "redriveStatus"), "NOT_REDRIVABLE");
}

}  // namespace
}  // namespace tocsin::workflows
