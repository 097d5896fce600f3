#include "workflows/outside.h"

#include <deque>
#include <vector>

#include <fmt/format.h>

#include "workflows/operations_test.h"

namespace tocsin::workflows {
namespace {

constexpr std::string_view calls = R"({"StartAt":"C","States":{"C":{"Type":"Task",
  "Resource":"arn:aws:states:::http:invoke","Parameters":{"ApiEndpoint.$":"$.url"},"TimeoutSeconds":600,
  "Retry":[{"ErrorEquals":["States.Http.StatusCode.503"],"IntervalSeconds":1,"MaxAttempts":2}],"End":true}}})";

// The port, told what to bring back.
class OutsideTest : public OperationsTest {
 protected:
  struct Under {
    std::string key, url;
    std::move_only_function<void(std::optional<OutsideResult>)> done;
  };
  OutsideTest() {
    store.reopen();  // attached without the port
    attach();
  }

  void attach() {
    executions.call_outside_with([this](const json::value& parameters, std::string key, bool, auto done) {
      under.push_back({std::move(key), std::string(string_at(parameters.as_object(), "ApiEndpoint")), std::move(done)});
    });
    executions.attach(store->outbox());
  }
  std::string start() {
    const auto machine = create("m", {{"definition", calls}});
    const auto started = good("StartExecution", {{"stateMachineArn", machine}, {"input", R"({"url":"u"})"}});
    store->run_until_idle();
    return std::string(string_at(started, "executionArn"));
  }
  std::string status(const std::string& execution) {
    return std::string(string_at(good("DescribeExecution", {{"executionArn", execution}}), "status"));
  }
  void answer(TaskOutcome outcome) {
    auto one = std::move(under.front());
    under.pop_front();
    one.done(OutsideResult{.outcome = std::move(outcome)});
    store->run_until_idle();
  }
  // Of the only execution. Returns what it was.
  std::string replace_state(const std::string& with) {
    const auto before = store.write([&](store::Transaction& t) -> Result<std::string> {
      std::string state;
      {
        auto rows = t.query("SELECT state FROM execution");
        if (rows.next()) state = rows.blob(0);
      }
      t.execute("UPDATE execution SET state = ?", store::Blob{with});
      return state;
    });
    return before.value_or("");
  }
  std::int64_t waiting() {
    return *store.read(
        [](store::Reader& r) -> Result<std::int64_t> { return store::Outbox::depth(r, "workflow-result"); });
  }

  std::deque<Under> under;
};

TEST_F(OutsideTest, TheResultComesBackIntoTheExecution) {
  const auto execution = start();
  ASSERT_EQ(under.size(), 1u);
  EXPECT_EQ(under.front().url, "u");
  EXPECT_EQ(status(execution), "RUNNING");
  answer(json::value(json::object{{"StatusCode", 200}}));
  EXPECT_EQ(string_at(good("DescribeExecution", {{"executionArn", execution}}), "output"), R"({"StatusCode":200})");
}

TEST_F(OutsideTest, FailuresAreTheDefinitionsToRetry) {
  const auto execution = start();
  answer(TaskFailure{"States.Http.StatusCode.503", "busy"});
  EXPECT_TRUE(under.empty());
  store.clock.advance(std::chrono::seconds{1});
  store->run_until_idle();
  ASSERT_EQ(under.size(), 1u);
  answer(TaskFailure{"States.Http.StatusCode.404", "gone"});
  EXPECT_EQ(status(execution), "FAILED");
}

TEST_F(OutsideTest, ACallCutOffByDeathIsMadeAgainUnderItsKey) {
  const auto execution = start();
  const auto key = under.front().key;
  under.clear();
  store.reopen();
  attach();
  store.clock.advance(std::chrono::minutes{5});
  store->run_until_idle();
  ASSERT_EQ(under.size(), 1u);
  EXPECT_EQ(under.front().key, key);
  answer(json::value(1));
  EXPECT_EQ(status(execution), "SUCCEEDED");
}

TEST_F(OutsideTest, ALateResultChangesNothing) {
  const auto execution = start();
  good("StopExecution", {{"executionArn", execution}});
  answer(json::value(1));
  EXPECT_EQ(status(execution), "ABORTED");
}

TEST_F(OutsideTest, ACallThatFoundNoRoomComesAgain) {
  const auto execution = start();
  auto one = std::move(under.front());
  under.pop_front();
  one.done(std::nullopt);
  store->run_until_idle();
  store.clock.advance(std::chrono::seconds{2});
  store->run_until_idle();
  ASSERT_EQ(under.size(), 1u);
  answer(json::value(1));
  EXPECT_EQ(status(execution), "SUCCEEDED");
}

// The call was made: what came of it is kept until the execution can be told, or is given up.
TEST_F(OutsideTest, AResultIsKeptUntilTheExecutionCanBeRead) {
  const auto execution = start();
  const auto state = replace_state("x");
  answer(json::value(7));
  EXPECT_EQ(waiting(), 1);
  store.clock.advance(std::chrono::seconds{30});
  store->run_until_idle();
  EXPECT_EQ(waiting(), 1);
  EXPECT_TRUE(under.empty()) << "it is not called again";
  replace_state(state);
  store.clock.advance(std::chrono::minutes{5});
  store->run_until_idle();
  EXPECT_EQ(string_at(good("DescribeExecution", {{"executionArn", execution}}), "output"), "7");
  EXPECT_EQ(waiting(), 0);
}

TEST_F(OutsideTest, AnExecutionThatNeverLearnsOfItsResultFails) {
  store->outbox().on_exhausted([this](store::Transaction& t, const store::Due& due, const Error& error) {
    EXPECT_TRUE(executions.give_up(t, due, error)) << due.kind;
  });
  std::vector<std::string> told;
  executions.on_failed([&](const Executions::Failed& failed) { told.push_back(failed.cause); });
  const auto execution = start();
  replace_state("x");
  // The timeout of the task would end it too; here nothing else comes.
  ASSERT_TRUE(store.write([](store::Transaction& t) -> Result<void> {
    store::Outbox::cancel_all(t, "timer/");
    return {};
  }));
  answer(json::value(7));
  for (int i = 0; i < 120; ++i) {
    store.clock.advance(std::chrono::minutes{15});
    store->run_until_idle();
  }
  EXPECT_EQ(status(execution), "FAILED");
  EXPECT_EQ(waiting(), 0);
  ASSERT_EQ(told.size(), 1u);
  EXPECT_NE(told[0].find("given up"), std::string::npos) << told[0];
}

// With revealSecrets the request is shown as it was sent; the store must not see it.
TEST_F(OutsideTest, WhatATestRevealsIsInNoTable) {
  const json::object input{{"definition", R"({"Type":"Task","Resource":"arn:aws:states:::http:invoke","End":true,)"
                                          R"("Parameters":{"ApiEndpoint":"u"}})"},
                           {"inspectionLevel", "TRACE"},
                           {"revealSecrets", true}};
  EXPECT_TRUE(good("TestState", input).empty());
  store->run_until_idle();
  auto one = std::move(under.front());
  under.pop_front();
  one.done(OutsideResult{.outcome = json::value(1), .request = {{"headers", "[Authorization: Bearer s3cret]"}}});
  store->run_until_idle();
  const auto holds = [&](std::string_view secret) {
    bool found = false;
    EXPECT_TRUE(store.read([&](store::Reader& reader) -> Result<bool> {
      std::vector<std::string> tables;
      {
        auto rows = reader.query("SELECT name FROM sqlite_master WHERE type = 'table'");
        while (rows.next()) tables.push_back(rows.string(0));
      }
      for (const auto& table : tables) {
        std::vector<std::string> columns;
        {
          auto rows = reader.query(fmt::format("SELECT name FROM pragma_table_info('{}')", table));
          while (rows.next()) columns.push_back(rows.string(0));
        }
        for (const auto& column : columns)
          found = found ||
                  reader.exists(fmt::format("SELECT 1 FROM \"{}\" WHERE instr(\"{}\", ?) > 0", table, column), secret);
      }
      return true;
    }));
    return found;
  };
  EXPECT_TRUE(holds("state-test/r"));  // the test looks where it should
  EXPECT_FALSE(holds("s3cret"));
  EXPECT_EQ(executions.state_tests().size(), 1u);
  EXPECT_EQ(string_at(good("TestState", input), "inspectionData.request.headers"), "[Authorization: Bearer s3cret]");
  EXPECT_EQ(executions.state_tests().size(), 0u);
  EXPECT_FALSE(holds("state-test/r"));
}

TEST_F(OutsideTest, ATestOfAStateWaitsForItsCall) {
  const json::object input{{"definition", R"({"Type":"Task","Resource":"arn:aws:states:::http:invoke","End":true,)"
                                          R"("Parameters":{"ApiEndpoint":"u"}})"},
                           {"inspectionLevel", "TRACE"}};
  EXPECT_TRUE(good("TestState", input).empty());
  store->run_until_idle();
  ASSERT_EQ(under.size(), 1u);
  EXPECT_TRUE(good("TestState", input).empty());
  auto one = std::move(under.front());
  under.pop_front();
  std::vector<std::string> signals;
  store->on_signal([&](const std::string& signal) { signals.push_back(signal); });
  one.done(OutsideResult{.outcome = json::value(json::object{{"StatusCode", 200}}),
                         .request = {{"method", "GET"}},
                         .response = {{"statusCode", "200"}}});
  store->run_until_idle();
  EXPECT_EQ(signals, std::vector<std::string>{"state-test:r"});
  const auto answer = good("TestState", input);
  EXPECT_EQ(string_at(answer, "output"), R"({"StatusCode":200})");
  EXPECT_EQ(string_at(answer, "inspectionData.request.method"), "GET");
  EXPECT_EQ(string_at(answer, "inspectionData.response.statusCode"), "200");
}

}  // namespace
}  // namespace tocsin::workflows
