// Tasks that follow one another in one go: what is seen of them is what is seen of tasks made one by one.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "store/testing.h"
#include "workflows/workflows.h"

namespace tocsin::workflows {
namespace {

using namespace std::chrono_literals;
using store::Transaction;

constexpr store::Migration done_table{"done", 1, "CREATE TABLE done (what TEXT PRIMARY KEY, tries BIGINT NOT NULL);"};

class ChainTest : public testing::Test {
 protected:
  ChainTest() { executions.attach(store->outbox()); }
  static std::vector<store::Migration> all_migrations() {
    std::vector<store::Migration> all(migrations().begin(), migrations().end());
    all.push_back(done_table);
    return all;
  }

  // Functions: "…:NAME" writes that it was done; "…:fails" fails; "…:poison" writes what the table does not take.
  TaskOutcome invoke(Transaction& transaction, std::string_view function) {
    const std::string name{function.substr(function.rfind(':') + 1)};
    ++tries[name];
    if (name == "fails") return TaskFailure{"Own", "no"};
    transaction.execute(
        "INSERT INTO done (what, tries) VALUES (?,1) ON CONFLICT (what) DO UPDATE SET tries = tries + 1", name);
    if (name == "poison" && poisoned) transaction.execute("INSERT INTO done (what, tries) VALUES ('x', NULL)");
    return json::value(name);
  }
  std::string run(const std::vector<std::string>& functions, std::string_view more = {}) {
    std::string states;
    for (std::size_t i = 0; i < functions.size(); ++i)
      states += fmt::format(
          R"({}"S{}":{{"Type":"Task","TimeoutSeconds":60,"Resource":"arn:aws:lambda:us-east-1:000000000000:function:{}"{},{}}})",
          i ? "," : "", i, functions[i], more,
          i + 1 < functions.size() ? fmt::format(R"("Next":"S{}")", i + 1) : R"("End":true)");
    const auto text = fmt::format(R"({{"StartAt":"S0","States":{{{}}}}})", states);
    const json::object input{{"name", "m"}, {"definition", text}, {"roleArn", "arn:aws:iam::000000000000:role/r"}};
    const auto made = store.write([&](Transaction& t) { return machines.create(t, call(input)); });
    EXPECT_TRUE(made) << made.error().message;
    const std::string machine{string_at(*made, "stateMachineArn")};
    EXPECT_TRUE(store.write([&](Transaction& t) {
      return executions.deliver(t, machine, {.body = R"({"x":1})", .attributes = {}, .idempotency_key = "k"});
    }));
    return store
        .read([](store::Reader& r) -> Result<std::string> {
          auto rows = r.query("SELECT arn FROM execution");
          return rows.next() ? rows.string(0) : "";
        })
        .value();
  }
  service::Call call(const json::object& input) {
    return {.caller = caller, .input = input, .request_id = "r", .endpoint = ""};
  }
  std::string status(std::string_view arn) {
    const json::object input{{"executionArn", arn}};
    return std::string(string_at(
        *store.read([&](store::Reader& r) { return executions.describe_execution(r, call(input)); }), "status"));
  }
  std::vector<std::string> history(std::string_view arn) {
    const json::object input{{"executionArn", arn}};
    const auto answer = *store.read([&](store::Reader& r) { return executions.history(r, call(input)); });
    std::vector<std::string> types;
    for (const auto& event : answer.at("events").get_array()) {
      EXPECT_EQ(event.at("id").as_int64(), std::ssize(types) + 1);
      types.emplace_back(event.at("type").get_string());
    }
    return types;
  }
  std::int64_t count(std::string_view sql) {
    return store.read([&](store::Reader& r) -> Result<std::int64_t> { return r.integer(sql, 0); }).value();
  }

  service::Caller caller;
  store::TestStore store{all_migrations()};
  service::Directory directory;
  std::map<std::string, int> tries;
  bool poisoned = true;
  Tasks tasks{Identity{},
              [this](Transaction& t, std::string_view function, const json::value&) { return invoke(t, function); },
              directory};
  Machines machines{Identity{}};
  Executions executions{machines, tasks};
};

TEST_F(ChainTest, IsOneSaveAndTheWholeHistory) {
  const auto arn = run({"a", "b", "c"});
  EXPECT_EQ(status(arn), "SUCCEEDED");
  EXPECT_EQ(count("SELECT count(*) FROM execution_event"), 1);
  EXPECT_EQ(count("SELECT count(*) FROM outbox WHERE kind LIKE 'workflow-t%'"), 0) << "no timer is left";
  EXPECT_EQ(count("SELECT sum(tries) FROM done"), 3);
  const auto types = history(arn);
  ASSERT_EQ(types.size(), 17u);
  EXPECT_EQ(types.front(), "ExecutionStarted");
  EXPECT_EQ(types[2], "LambdaFunctionScheduled");
  EXPECT_EQ(types.back(), "ExecutionSucceeded");
}

TEST_F(ChainTest, IsBoundedAndGoesOn) {
  std::vector<std::string> functions;
  for (int i = 0; i < 30; ++i) functions.push_back(fmt::format("f{}", i));
  const auto arn = run(functions);
  EXPECT_EQ(status(arn), "RUNNING");
  EXPECT_EQ(tries.size(), 8u);
  store->run_until_idle();
  EXPECT_EQ(status(arn), "SUCCEEDED");
  EXPECT_EQ(count("SELECT count(*) FROM done WHERE tries = 1"), 30);
}

// What a later task cannot write takes nothing back of an earlier one, and is tried again by itself.
TEST_F(ChainTest, APoisonedTaskIsAlone) {
  const auto arn = run({"a", "poison", "b"});
  EXPECT_EQ(status(arn), "RUNNING");
  EXPECT_EQ(tries["a"], 1);
  EXPECT_EQ(count("SELECT count(*) FROM done"), 1);
  store->run_until_idle();
  EXPECT_GE(tries["poison"], 2);
  EXPECT_EQ(tries["a"], 1);
  poisoned = false;
  store.clock.advance(10s);
  store->run_until_idle();
  EXPECT_EQ(status(arn), "SUCCEEDED");
  EXPECT_EQ(count("SELECT tries FROM done WHERE what = 'a'"), 1);
}

TEST_F(ChainTest, AFailureWaitsForItsRetry) {
  const auto arn =
      run({"a", "fails"}, R"(,"Retry":[{"ErrorEquals":["States.ALL"],"IntervalSeconds":5,"MaxAttempts":2}])");
  EXPECT_EQ(tries["fails"], 1);
  EXPECT_EQ(status(arn), "RUNNING");
  EXPECT_EQ(count("SELECT count(*) FROM outbox WHERE kind = 'workflow-timer'"), 1) << "the retry's, not the timeout's";
  for (int i = 0; i < 3; ++i) {
    store.clock.advance(11s);
    store->run_until_idle();
  }
  EXPECT_EQ(tries["fails"], 3);
  EXPECT_EQ(tries["a"], 1);
  EXPECT_EQ(status(arn), "FAILED");
}

}  // namespace
}  // namespace tocsin::workflows
