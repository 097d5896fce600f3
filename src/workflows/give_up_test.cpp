// Executions whose deliveries are given up, or whose stored state cannot be read: somebody always learns of it.
#include <fmt/format.h>

#include "workflows/runs_test.h"

namespace tocsin::workflows {
namespace {

using namespace std::chrono_literals;

class GiveUpTest : public RunsTest {
 protected:
  GiveUpTest() {
    executions.on_failed([this](const Executions::Failed& failed) { told.push_back(failed.arn + " " + failed.cause); });
    listen();
  }
  void listen() {
    store->outbox().on_exhausted([this](Transaction& t, const store::Due& due, const Error& error) {
      if (!executions.give_up(t, due, error)) others.push_back(due.kind);
    });
  }
  void corrupt(const std::string& execution) { set(execution, "state", "not a state"); }
  void set(const std::string& execution, const std::string& column, const std::string& value) {
    store
        .write([&](Transaction& t) -> Result<void> {
          t.execute("UPDATE execution SET " + column + " = ? WHERE arn = ?", store::Blob{value}, execution);
          return {};
        })
        .value();
  }
  // Long enough for every delivery to be given up.
  void exhaust() {
    for (int i = 0; i < 120; ++i) {
      store.clock.advance(15min);
      store->run_until_idle();
    }
  }
  bool give_up(const store::Due& due) {
    return *store.write(
        [&](Transaction& t) -> Result<bool> { return executions.give_up(t, due, {ErrorCode::unavailable, "why"}); });
  }
  store::Due due(std::string_view kind, std::string key) {
    store::Due due;
    due.kind = kind;
    due.key = std::move(key);
    return due;
  }
  std::int64_t id_of(const std::string& execution) {
    return *store.read([&](store::Reader& r) -> Result<std::int64_t> {
      return r.integer("SELECT id FROM execution WHERE arn = ?", 0, execution);
    });
  }
  std::int64_t waiting() {
    return *store.read([&](store::Reader& r) -> Result<std::int64_t> {
      return r.integer(
          "SELECT count(*) FROM outbox WHERE key LIKE 'task/%' OR key LIKE 'timer/%' OR key LIKE 'child/%'", 0);
    });
  }

  std::vector<std::string> told, others;
};

std::string asks(std::string_view more = R"("End":true)") {
  return R"({"StartAt":"A","States":{"A":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke.waitForTaskToken",
    "Parameters":{"FunctionName":"f","Payload":{"token.$":"$$.Task.Token"}},)" +
         std::string(more) + "}}}";
}
std::string runs_child(std::string_view child) {
  return R"({"StartAt":"N","States":{"N":{"Type":"Task","Resource":"arn:aws:states:::states:startExecution.sync",
    "Parameters":{"StateMachineArn":")" +
         std::string(child) +
         R"("},"Catch":[{"ErrorEquals":["States.TaskFailed"],"Next":"C"}],"End":true},"C":{"Type":"Pass","End":true}}})";
}

TEST_F(GiveUpTest, AnExecutionThatCannotBeReadFailsAndTakesAllOfItAlong) {
  const auto child = create("child", asks(R"("TimeoutSeconds":60,"End":true)"));
  const auto parent = start(create("parent", runs_child(child)));
  store->run_until_idle();
  const auto children = read(&Executions::list_executions, {{"stateMachineArn", child}});
  const std::string broken{std::string_view(children->at("executions").at(0).at("executionArn").as_string())};
  const std::string token{std::string_view(effects.at(0)).substr(10, 96)};
  corrupt(broken);
  exhaust();
  const auto shown = describe(broken);
  EXPECT_EQ(string_at(shown, "status"), "FAILED");
  EXPECT_EQ(string_at(shown, "error"), "States.Runtime");
  EXPECT_NE(string_at(shown, "cause").find("given up"), std::string::npos) << string_at(shown, "cause");
  EXPECT_EQ(string_at(shown, "input"), "{}");
  EXPECT_EQ(history(broken).back(), "ExecutionFailed");
  EXPECT_EQ(status(parent), "SUCCEEDED");  // it caught the failure of its task
  EXPECT_EQ(rows("task_token") + rows("execution_parent") + waiting(), 0);
  ASSERT_EQ(told.size(), 1u);
  EXPECT_TRUE(told[0].starts_with(broken));
  // What comes for it now comes late.
  EXPECT_EQ(call(&Executions::task_success, {{"taskToken", token}, {"output", "1"}}).error().aws_code, "TaskTimedOut");
  EXPECT_EQ(status(broken), "FAILED");
  EXPECT_EQ(string_at(shown, "redriveStatus"), "NOT_REDRIVABLE");
  const auto refused = redrive(broken);
  EXPECT_EQ(refused.error().aws_code, "ExecutionNotRedrivable");
  EXPECT_NE(refused.error().message.find("could not be read"), std::string::npos);
}

TEST_F(GiveUpTest, AChildWhoseEndCannotBeReadFailsItsParentsTask) {
  const auto child = create("child", R"({"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":60,"End":true}}})");
  const auto parent = start(create("parent", runs_child(child)));
  store->run_until_idle();
  const auto children = read(&Executions::list_executions, {{"stateMachineArn", child}});
  const std::string ended{std::string_view(children->at("executions").at(0).at("executionArn").as_string())};
  store
      .write([&](Transaction& t) -> Result<void> {
        t.execute("UPDATE execution SET state = ?, stopped = ?, status = 'SUCCEEDED' WHERE arn = ?", store::Blob{"x"},
                  t.now(), ended);
        store::Outbox::add(t, {.kind = "workflow-child",
                               .destination = {},
                               .payload = {},
                               .key = "child/" + std::to_string(id_of(parent)) + "/" +
                                      std::to_string(t.integer("SELECT task FROM execution_parent", 0))});
        return {};
      })
      .value();
  store->run_until_idle();
  EXPECT_EQ(status(parent), "SUCCEEDED");
  EXPECT_EQ(rows("execution_parent"), 0);
}

TEST_F(GiveUpTest, EachKindOfDeliveryIsDealtWith) {
  const auto child = create("child", asks());
  const auto parent = start(create("parent", runs_child(child)));
  const auto stopped = start(create("asks", asks()));
  store->run_until_idle();
  const auto task = *store.read(
      [](store::Reader& r) -> Result<std::int64_t> { return r.integer("SELECT task FROM execution_parent", 0); });
  EXPECT_TRUE(give_up(due("workflow-child", fmt::format("child/{}/{}", id_of(parent), task))));
  EXPECT_TRUE(give_up(due("workflow-stop", fmt::format("stop/{}/0", id_of(stopped)))));
  auto express = due("workflow-express", "arn");
  express.destination = "arn";
  express.context = R"({"machine":"m"})";
  EXPECT_TRUE(give_up(express));
  store->run_until_idle();
  EXPECT_EQ(status(parent), "SUCCEEDED");
  EXPECT_EQ(string_at(describe(stopped), "cause"), "given up: why");
  EXPECT_EQ(told, (std::vector<std::string>{stopped + " given up: why", "arn given up: why"}));
  EXPECT_TRUE(give_up(due("workflow-watchdog", "workflow-watchdog")));
  EXPECT_EQ(*store.read(
                [](store::Reader& r) -> Result<std::int64_t> { return store::Outbox::depth(r, "workflow-watchdog"); }),
            1);
  EXPECT_FALSE(give_up(due("webhook", "x")));
}

TEST_F(GiveUpTest, AStoredExpressRunThatIsGivenUpIsToldToItsCaller) {
  const auto machine =
      create("e", R"({"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":9,"End":true}}})", "EXPRESS");
  const json::object input{{"stateMachineArn", machine}};
  auto answer = call(&Executions::start_sync_execution, input);
  ASSERT_TRUE(answer);
  const auto number = id_of(std::string(string_at(*answer, "executionArn")));
  corrupt(std::string(string_at(*answer, "executionArn")));
  EXPECT_TRUE(give_up(due("workflow-task", fmt::format("task/{}/1", number))));
  answer = call(&Executions::start_sync_execution, input);
  ASSERT_TRUE(answer);
  EXPECT_EQ(string_at(*answer, "status"), "FAILED");
  EXPECT_EQ(rows("execution") + waiting(), 0);
  answer = call(&Executions::start_sync_execution, input);
  EXPECT_TRUE(give_up(due("workflow-express-end", fmt::format("express/{}/0", number + 1))));
  EXPECT_EQ(rows("execution"), 0);
}

TEST_F(GiveUpTest, AnExecutionThatCannotBeReadCanBeStopped) {
  const auto waits = create("w", R"({"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":86400,"End":true}}})");
  const auto broken = start(waits);
  const auto without_definition = start(create("n", asks()));
  store->run_until_idle();
  corrupt(broken);
  set(without_definition, "definition_hash", "gone");
  store.clock.advance(1s);
  for (const auto& execution : {broken, without_definition}) {
    const auto stopped = call(&Executions::stop_execution, {{"executionArn", execution}, {"cause", "enough"}});
    ASSERT_TRUE(stopped) << stopped.error().message;
    const auto shown = describe(execution);
    EXPECT_EQ(string_at(shown, "status"), "FAILED");
    EXPECT_EQ(string_at(shown, "error"), "States.Runtime");
    EXPECT_TRUE(string_at(shown, "cause").starts_with("stopped by request: enough; ")) << string_at(shown, "cause");
    EXPECT_EQ(string_at(shown, "stopDate"), string_at(*stopped, "stopDate"));
  }
  EXPECT_EQ(told.size(), 2u);
  EXPECT_EQ(waiting() + rows("task_token"), 0);
  // It has ended: nothing more happens to it.
  EXPECT_TRUE(call(&Executions::stop_execution, {{"executionArn", broken}}));
  EXPECT_EQ(told.size(), 2u);
  EXPECT_EQ(call(&Executions::stop_execution, {{"executionArn", broken + "x"}}).error().aws_code,
            "ExecutionDoesNotExist");
}

TEST_F(GiveUpTest, AnUnreadableExecutionStandsInNobodysWayAtTheWatchdog) {
  const auto machine = create("m", asks());
  const auto broken = start(machine);
  const auto without_definition = start(create("n", asks(R"("Comment":"x","End":true)")));
  store->run_until_idle();
  store.clock.advance(1s);
  const auto other = start(machine);
  store
      .write([](Transaction& t) -> Result<void> {
        Executions::set_timer(t);
        return {};
      })
      .value();
  store->run_until_idle();
  corrupt(broken);
  set(without_definition, "definition_hash", "gone");
  store.clock.advance(std::chrono::days{31});
  store->run_until_idle();
  EXPECT_EQ(string_at(describe(other), "error"), "States.Timeout");
  EXPECT_EQ(string_at(describe(broken), "error"), "States.Runtime");
  EXPECT_EQ(status(without_definition), "FAILED");
  EXPECT_EQ(*store.read([&](store::Reader& r) -> Result<std::int64_t> { return executions.count(r).stuck; }), 0);
  EXPECT_EQ(*store.read(
                [](store::Reader& r) -> Result<std::int64_t> { return store::Outbox::depth(r, "workflow-watchdog"); }),
            1);
}

}  // namespace
}  // namespace tocsin::workflows
