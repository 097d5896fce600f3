// Long executions: a snapshot, a journal of what happened since, and what is kept in memory.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "store/testing.h"
#include "workflows/detail/repeatable_random.h"
#include "workflows/workflows.h"

namespace tocsin::workflows {
namespace {

using service::Call;
using store::Transaction;

// A distributed Map over the input; each item waits for somebody who has its token.
std::string asks_for_each() {
  return R"({"StartAt":"Each","States":{"Each":{"Type":"Map","End":true,"ItemProcessor":{
    "ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},"StartAt":"Ask","States":{"Ask":{"Type":"Task",
    "Resource":"arn:aws:states:::lambda:invoke.waitForTaskToken","Parameters":{"FunctionName":"f","Payload":{}},
    "End":true}}}}}})";
}

class JournalTest : public testing::Test {
 protected:
  JournalTest() { open({.journal_from_bytes = 1}); }

  // A new process over the same store.
  void open(Limits limits) {
    executions.reset();
    store.reopen();
    executions.emplace(machines, tasks, limits);
    executions->attach(store->outbox());
  }
  service::Answer call(service::Answer (Executions::*operation)(Transaction&, const Call&), const json::object& input) {
    return store.write([&](Transaction& t) { return ((*executions).*operation)(t, of(input)); });
  }
  json::object read(service::Answer (Executions::*operation)(store::Reader&, const Call&) const,
                    const json::object& input) {
    auto answer = store.read([&](store::Reader& r) { return ((*executions).*operation)(r, of(input)); });
    EXPECT_TRUE(answer) << (answer ? "" : answer.error().message);
    return answer.value_or(json::object{});
  }
  Call of(const json::object& input) { return {.caller = caller, .input = input, .request_id = "r", .endpoint = ""}; }

  void start(std::string_view definition, std::string_view input, std::string_view type = "STANDARD") {
    const json::object machine{
        {"name", "m"}, {"definition", definition}, {"type", type}, {"roleArn", "arn:aws:iam::000000000000:role/r"}};
    auto made = store.write([&](Transaction& t) { return machines.create(t, of(machine)); });
    ASSERT_TRUE(made) << made.error().message;
    auto started = call(&Executions::start_execution,
                        {{"stateMachineArn", made->at("stateMachineArn")}, {"name", "e"}, {"input", input}});
    ASSERT_TRUE(started) << started.error().message;
    arn = std::string(string_at(*started, "executionArn"));
    store->run_until_idle();
  }
  std::vector<std::string> tokens() {
    auto found = store.read([](store::Reader& reader) -> Result<std::vector<std::string>> {
      std::vector<std::string> list;
      auto rows = reader.query("SELECT token FROM task_token ORDER BY execution, task");
      while (rows.next()) list.push_back(rows.string(0));
      return list;
    });
    return *found;
  }
  void answer(const std::string& token, std::string_view output) {
    auto done = call(&Executions::task_success, {{"taskToken", token}, {"output", output}});
    EXPECT_TRUE(done) << (done ? "" : done.error().message);
    store->run_until_idle();
  }
  json::object describe() { return read(&Executions::describe_execution, {{"executionArn", arn}}); }
  std::int64_t count(std::string_view what) {
    return *store.read([&](store::Reader& r) -> Result<std::int64_t> { return r.integer(what, 0); });
  }
  std::int64_t entries() { return count("SELECT count(*) FROM execution_journal"); }
  std::int64_t snapshots() { return count("SELECT count(*) FROM execution_snapshot"); }
  void change(std::string_view sql) {
    ASSERT_TRUE(store.write([&](Transaction& t) -> Result<void> {
      EXPECT_EQ(t.execute(sql), 1) << sql;
      return {};
    }));
  }

  service::Caller caller;
  store::TestStore store{migrations()};
  service::Directory directory;
  Tasks tasks{Identity{},
              [](Transaction&, std::string_view, const json::value& payload) -> TaskOutcome { return payload; },
              directory};
  Machines machines{Identity{}};
  std::optional<Executions> executions;
  std::string arn;
};

TEST_F(JournalTest, WhatHappenedIsReplayedByTheNextProcess) {
  start(asks_for_each(), "[0,1,2,3]");
  EXPECT_EQ(snapshots(), 1);
  const auto submitted = entries();
  EXPECT_EQ(submitted, 4) << "four requests were accepted";
  const auto waiting = tokens();
  ASSERT_EQ(waiting.size(), 4);
  answer(waiting[0], "0.1");
  open({.journal_from_bytes = 1});
  answer(waiting[2], R"({"b":1,"a":[1.5e300,18446744073709551615,-1]})");
  EXPECT_EQ(entries(), submitted + 2);
  open({.journal_from_bytes = 1});
  answer(waiting[1], "null");
  answer(waiting[3], R"("ü")");
  const auto described = describe();
  EXPECT_EQ(string_at(described, "status"), "SUCCEEDED");
  EXPECT_EQ(string_at(described, "output"), R"([0.1,null,{"b":1,"a":[1.5E300,18446744073709551615,-1]},"ü"])");
  EXPECT_EQ(entries(), 0) << "what is over needs no journal";
}

TEST_F(JournalTest, ReadersSeeWhatTheJournalSays) {
  start(asks_for_each(), "[0,1,2]");
  answer(tokens()[0], "7");
  EXPECT_GT(entries(), 0);
  const auto runs = read(&Executions::list_map_runs, {{"executionArn", arn}});
  const auto& run = runs.at("mapRuns").at(0);
  const auto counts = read(&Executions::describe_map_run, {{"mapRunArn", run.at("mapRunArn")}}).at("itemCounts");
  EXPECT_EQ(counts.at("succeeded"), 1);
  EXPECT_EQ(counts.at("running"), 2);
  EXPECT_EQ(string_at(describe(), "status"), "RUNNING");
  EXPECT_EQ(string_at(describe(), "input"), "[0,1,2]");
}

TEST_F(JournalTest, AShortExecutionIsStoredWhole) {
  open({});
  start(asks_for_each(), "[0,1]");
  EXPECT_EQ(snapshots(), 0);
  EXPECT_EQ(entries(), 0);
  // Its journal begins where it gets long…
  open({.journal_from_bytes = 1});
  answer(tokens()[0], "1");
  EXPECT_EQ(snapshots(), 1);
  // …and ends where it gets short.
  open({.journal_bytes_min = 0});
  answer(tokens()[0], "2");
  EXPECT_EQ(string_at(describe(), "output"), "[1,2]");
  EXPECT_EQ(snapshots(), 0);
}

TEST_F(JournalTest, ASnapshotReplacesALongJournal) {
  open({.journal_from_bytes = 1, .journal_bytes_min = 0});
  std::string items = "[0";
  for (int i = 1; i < 100; ++i) items += ",0";
  start(asks_for_each(), items + "]");
  std::int64_t longest = 0;
  for (const auto& token : tokens()) {
    answer(token, "1");
    longest = std::max(longest, entries());
  }
  EXPECT_EQ(string_at(describe(), "status"), "SUCCEEDED");
  EXPECT_GT(longest, 10);
  EXPECT_LT(longest, 150) << "of 200 happenings";
  EXPECT_EQ(entries(), 0);
}

TEST_F(JournalTest, WhatIsRolledBackHasNotHappened) {
  start(asks_for_each(), "[0,1]");
  const auto waiting = tokens();
  const auto before = entries();
  auto undone = store.write([&](Transaction& t) -> Result<void> {
    const json::object request{{"taskToken", waiting[0]}, {"output", "1"}};
    EXPECT_TRUE(executions->task_success(t, of(request)));
    return fail(ErrorCode::conflict, "undone");
  });
  EXPECT_FALSE(undone);
  EXPECT_EQ(entries(), before);
  answer(waiting[1], "2");
  answer(waiting[0], "3");
  EXPECT_EQ(string_at(describe(), "output"), "[3,2]");
}

TEST_F(JournalTest, AStepThatComesOutOtherwiseIsAnError) {
  start(asks_for_each(), "[0,1]");
  const auto waiting = tokens();
  answer(waiting[0], "1");
  change(
      "UPDATE execution_journal SET outcome = outcome + 1 WHERE number = (SELECT max(number) FROM execution_journal)");
  open({.journal_from_bytes = 1});
  const auto refused = call(&Executions::task_success, {{"taskToken", waiting[1]}, {"output", "2"}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::corrupt);
  EXPECT_NE(refused.error().message.find("it comes out otherwise"), std::string::npos) << refused.error().message;
  EXPECT_EQ(tokens().size(), 1) << "nothing was decided";
  // The state at the snapshot can still be looked at.
  EXPECT_EQ(string_at(describe(), "status"), "RUNNING");
}

TEST_F(JournalTest, AJournalOfANewerProgramIsAnError) {
  start(asks_for_each(), "[0,1]");
  const auto waiting = tokens();
  answer(waiting[0], "1");
  change("UPDATE execution_journal SET version = 99 WHERE number = (SELECT max(number) FROM execution_journal)");
  open({.journal_from_bytes = 1});
  const auto refused = call(&Executions::task_success, {{"taskToken", waiting[1]}, {"output", "2"}});
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("a newer program wrote it"), std::string::npos) << refused.error().message;
}

TEST_F(JournalTest, WhatWasDrawnIsDrawnAgain) {
  start(
      R"x({"StartAt":"Wait","States":{"Wait":{"Type":"Wait","Seconds":5,"Next":"Random"},"Random":{"Type":"Pass",
        "Parameters":{"number.$":"States.MathRandom(1,1000000)","id.$":"States.UUID()"},"Next":"Last"},
        "Last":{"Type":"Wait","Seconds":5,"End":true}}})x",
      "{}");
  store.clock.advance(std::chrono::seconds{5});
  store->run_until_idle();
  EXPECT_EQ(entries(), 1);
  EXPECT_EQ(count("SELECT count(*) FROM execution_journal WHERE length(seed) = 32"), 1);
  const auto last = read(&Executions::history, {{"executionArn", arn}, {"reverseOrder", true}, {"maxResults", 1}});
  const std::string drawn{string_at(last.at("events").at(0).as_object(), "stateEnteredEventDetails.input")};
  EXPECT_NE(drawn, "");
  open({.journal_from_bytes = 1});
  store.clock.advance(std::chrono::seconds{5});
  store->run_until_idle();
  EXPECT_EQ(string_at(describe(), "output"), drawn);
}

TEST_F(JournalTest, AnExpressExecutionRemembersABranchThatEnded) {
  constexpr std::string_view both = R"({"StartAt":"Both","States":{"Both":{"Type":"Parallel","End":true,"Branches":[
    {"StartAt":"A","States":{"A":{"Type":"Wait","Seconds":1,"End":true}}},
    {"StartAt":"B","States":{"B":{"Type":"Wait","Seconds":2,"End":true}}}]}}})";
  const json::object machine{
      {"name", "x"}, {"definition", both}, {"type", "EXPRESS"}, {"roleArn", "arn:aws:iam::000000000000:role/r"}};
  const auto made = store.write([&](Transaction& t) { return machines.create(t, of(machine)); });
  ASSERT_TRUE(made);
  const json::object request{{"stateMachineArn", made->at("stateMachineArn")}, {"input", "7"}};
  for (const std::size_t from : {std::size_t{1}, std::size_t{1} << 20}) {
    open({.journal_from_bytes = from});
    auto run = call(&Executions::start_sync_execution, request);
    ASSERT_TRUE(run);
    EXPECT_EQ(string_at(*run, "status"), "RUNNING");
    for (int i = 0; i < 2; ++i) {
      store.clock.advance(std::chrono::seconds{1});
      store->run_until_idle();
    }
    run = call(&Executions::start_sync_execution, request);
    ASSERT_TRUE(run);
    EXPECT_EQ(string_at(*run, "output"), "[7,7]") << from;
    EXPECT_EQ(snapshots() + entries(), 0);
  }
}

TEST(RepeatableRandomTest, DrawsTheSameAgain) {
  SeededRandom source{7};
  RepeatableRandom first{source};
  EXPECT_EQ(first.seed(), "");
  std::vector<std::uint64_t> drawn;
  for (int i = 0; i < 100; ++i) drawn.push_back(first.next());
  EXPECT_EQ(first.seed().size(), 32);
  RepeatableRandom again{first.seed()};
  EXPECT_FALSE(again.is_as_before()) << "nothing was drawn yet";
  for (const auto number : drawn) EXPECT_EQ(again.next(), number);
  EXPECT_TRUE(again.is_as_before());
  RepeatableRandom other{source};
  EXPECT_NE(other.next(), drawn[0]);
  RepeatableRandom dry{std::string()};
  EXPECT_TRUE(dry.is_as_before());
  (void)dry.next();
  EXPECT_FALSE(dry.is_as_before());
}

}  // namespace
}  // namespace tocsin::workflows
