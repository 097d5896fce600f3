// Law: random machines over random task behaviour end the same, with the same history, whether or not the process dies
// at random commits: before one (nothing of it is there) or right after one (whoever asked was not told). Those that
// fail are redriven, some more than once. Likewise where commits fail and the process goes on, and however the
// executions are stored.
// TOCSIN_CRASH_RUNS sets how many machines are tried (`make check-deep`: 10,000).
#include <cstdlib>
#include <filesystem>
#include <regex>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "core/check.h"
#include "simulation/testing.h"
#include "store/store.h"
#include "workflows/workflows.h"

namespace tocsin::workflows {
namespace {

using service::Call;
using simulation::MockedAnswer;
using simulation::RandomMachine;
using store::Transaction;

std::uint64_t run_count() {
  const char* wanted = std::getenv("TOCSIN_CRASH_RUNS");
  return wanted == nullptr ? 1'000 : std::strtoull(wanted, nullptr, 10);
}

// One run's machine, its input, and what its functions and people answer, in the order in which they are asked.
struct Scenario {
  explicit Scenario(std::uint64_t seed) {
    RandomMachine random(seed, {.task_tokens = true, .repeatable = true});
    name = fmt::format("m{}", seed);
    definition = to_json(json::value(random.machine(0)));
    input = to_json(json::value(
        json::object{{"list", json::array{random.value(), random.value(), random.value()}}, {"a", random.value()}}));
    for (int i = 0; i < 100; ++i) answers.push_back(random.answer());
    redrives = static_cast<int>(seed % 4);
  }
  const MockedAnswer& answer(std::int64_t number) const {
    return answers[static_cast<std::size_t>(number) % answers.size()];
  }
  std::string name, definition, input;
  std::vector<MockedAnswer> answers;
  int redrives = 0;  // at most
};

// The program's part that runs executions, over a store that can die. A dead process commits nothing more; revive()
// starts the next one on the same file.
class Process {
 public:
  // Of a hundred commits so many end the process, or fail without ending it.
  struct Fate {
    std::uint64_t deaths = 0, failures = 0;
  };
  explicit Process(Fate fate, Limits limits = {}) : fate_{fate}, limits_{limits} {
    char pattern[] = "/tmp/tocsin-crash-XXXXXX";
    check(mkdtemp(pattern) != nullptr, "a temporary folder can be made");
    folder_ = pattern;
    revive();
  }
  ~Process() {
    store_.reset();
    std::filesystem::remove_all(folder_);
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  // Does `change` as a client does that does not know whether a dead server took it: again, until it is answered.
  template <class F>
  service::Answer ask(F change) {
    for (;;) {
      auto answer = store_->write(store::Lane::notice, [&](Transaction& t) { return change(t); });
      if (!dead_ && !refused_) return answer;
      recover();
    }
  }
  template <class F>
  auto read(F query) {
    return store_->read(query);
  }
  void work_off() {
    for (;;) {
      store_->run_until_idle();
      if (!dead_ && !refused_) return;
      recover();
    }
  }
  // To the next timer. False: there is none.
  bool wait() {
    const auto due = store_->read(
        [](store::Reader& reader) -> Result<std::optional<Time>> { return store::Outbox::next_due(reader); });
    if (!due || !*due) return false;
    clock_.set(std::max(clock_.now(), **due));
    return true;
  }

  Executions& executions() { return *executions_; }
  Machines& machines() { return *machines_; }
  const Scenario* scenario = nullptr;  // the one that runs
  std::uint64_t deaths = 0;
  std::uint64_t failures = 0;
  std::uint64_t invocations = 0;

 private:
  void recover() {
    failures += refused_ ? 1 : 0;
    refused_ = false;
    if (!dead_) return;
    ++deaths;
    revive();
  }
  void revive() {
    dead_ = false;
    executions_.reset();
    store_.reset();
    std::vector<store::Migration> all{migrations().begin(), migrations().end()};
    all.push_back({"answers", 1, "CREATE TABLE answered (machine TEXT PRIMARY KEY, count BIGINT NOT NULL)"});
    auto opened = store::Store::open({.file = folder_ / "store.db",
                                      .clock = &clock_,
                                      .random = &random_,
                                      .threaded = false,
                                      .durable = false,
                                      .before_commit = [this](std::uint64_t) { return live_or_die(); }},
                                     all);
    check(opened.has_value(), opened ? "" : opened.error().message.c_str());
    store_ = std::move(*opened);
    machines_.emplace(Identity{});
    executions_.emplace(*machines_, tasks_, limits_);
    executions_->attach(store_->outbox());
  }
  Result<void> live_or_die() {
    const auto drawn = dead_ ? 0 : chance_.below(100);
    if (dead_ || drawn < fate_.deaths / 2) {
      dead_ = true;
      return fail(ErrorCode::unavailable, "the process is dead");
    }
    if (drawn < fate_.deaths) dead_ = true;  // after this commit
    refused_ = !dead_ && drawn < fate_.deaths + fate_.failures;
    if (refused_) return fail(ErrorCode::unavailable, "the disk fails");
    return {};
  }
  // Its effect stands in the store, so that it is undone with the commit.
  TaskOutcome invoke(Transaction& transaction, const json::value& payload) {
    ++invocations;
    if (payload.is_object() && payload.get_object().contains("token")) return json::value{};
    auto rows = transaction.query(
        "INSERT INTO answered (machine, count) VALUES (?,1) ON CONFLICT (machine) DO UPDATE SET count = count + 1 "
        "RETURNING count",
        scenario->name);
    rows.next();
    const auto& answer = scenario->answer(rows.integer(0));
    if (answer.result) return *answer.result;
    return TaskFailure{answer.error.empty() ? "E1" : answer.error, answer.cause};
  }

  Fate fate_;
  Limits limits_;
  std::filesystem::path folder_;
  ManualClock clock_{Time{std::chrono::sys_days{std::chrono::year{2026} / 1 / 1}}};
  SeededRandom random_{1};
  SeededRandom chance_{2};
  service::Directory directory_;
  Tasks tasks_{Identity{},
               [this](Transaction& t, std::string_view, const json::value& payload) { return invoke(t, payload); },
               directory_};
  bool dead_ = false;
  bool refused_ = false;
  std::unique_ptr<store::Store> store_;
  std::optional<Machines> machines_;
  std::optional<Executions> executions_;
};

// Runs one scenario to its end and tells what everybody can see of it.
class Playthrough {
 public:
  Playthrough(Process& process, const Scenario& scenario) : process_{process}, scenario_{scenario} {
    process_.scenario = &scenario;
  }

  int redrives = 0;

  std::string tell() {
    start();
    for (int rounds = 0; rounds < 10'000; ++rounds) {
      process_.work_off();
      if (finished() && !redrive()) return story();
      if (!answer_a_token() && !process_.wait()) return "stuck\n" + story();
    }
    return "endless\n" + story();
  }

 private:
  Call of(const json::object& input) { return {.caller = caller_, .input = input, .request_id = "r", .endpoint = ""}; }

  void start() {
    const json::object machine{{"name", scenario_.name},
                               {"definition", scenario_.definition},
                               {"roleArn", "arn:aws:iam::000000000000:role/r"}};
    auto made = process_.ask([&](Transaction& t) { return process_.machines().create(t, of(machine)); });
    ASSERT_TRUE(made) << made.error().message << scenario_.definition;
    const json::object request{
        {"stateMachineArn", made->at("stateMachineArn")}, {"name", "e"}, {"input", scenario_.input}};
    auto started = process_.ask([&](Transaction& t) { return process_.executions().start_execution(t, of(request)); });
    // One that was over before the answer was lost cannot be started again, as in AWS.
    ASSERT_TRUE(started || started.error().aws_code == "ExecutionAlreadyExists") << started.error().message;
    arn_ = Identity{}.arn("states", "execution:" + scenario_.name + ":e");
  }

  json::object describe() {
    const json::object request{{"executionArn", arn_}};
    return *process_.read(
        [&](store::Reader& reader) { return process_.executions().describe_execution(reader, of(request)); });
  }
  // False: it succeeded, or was redriven as often as it is to be.
  bool redrive() {
    if (string_at(describe(), "status") == "SUCCEEDED" || redrives == scenario_.redrives) return false;
    const json::object request{{"executionArn", arn_}, {"clientToken", fmt::format("redrive-{}", ++redrives)}};
    const auto done =
        process_.ask([&](Transaction& t) { return process_.executions().redrive_execution(t, of(request)); });
    EXPECT_TRUE(done) << done.error().message;
    return done.has_value();
  }
  bool finished() { return string_at(describe(), "status") != "RUNNING"; }

  // Whoever has the oldest token that nobody spoke for yet answers it; some never do. False: no such token.
  bool answer_a_token() {
    const auto waiting = process_.read([](store::Reader& reader) -> Result<std::vector<std::string>> {
      std::vector<std::string> tokens;
      auto rows = reader.query("SELECT token FROM task_token ORDER BY execution, task");
      while (rows.next()) tokens.push_back(rows.string(0));
      return tokens;
    });
    for (const auto& token : *waiting) {
      if (std::find(tokens_.begin(), tokens_.end(), token) != tokens_.end()) continue;
      tokens_.push_back(token);
      answer(token, scenario_.answer(std::ssize(tokens_) * 7));
      return true;
    }
    return false;
  }
  void answer(const std::string& token, const MockedAnswer& answer) {
    if (answer.result) {
      const json::object request{{"taskToken", token}, {"output", asl::to_text(*answer.result)}};
      (void)process_.ask([&](Transaction& t) { return process_.executions().task_success(t, of(request)); });
    } else if (!answer.never) {
      const json::object request{{"taskToken", token}, {"error", answer.error}, {"cause", answer.cause}};
      (void)process_.ask([&](Transaction& t) { return process_.executions().task_failure(t, of(request)); });
    }
  }

  // Status, output, every event with its time; without the tokens and UUIDs that are drawn.
  std::string story() {
    std::string text = to_json(json::value(describe())) + "\n";
    json::object request{{"executionArn", arn_}, {"maxResults", 1000}};
    for (;;) {
      const auto page =
          process_.read([&](store::Reader& reader) { return process_.executions().history(reader, of(request)); });
      for (const auto& event : page->at("events").get_array()) text += to_json(event) + "\n";
      const auto* next = page->if_contains("nextToken");
      if (!next) break;
      request["nextToken"] = *next;
    }
    static const std::regex drawn{"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[A-Za-z0-9+/=]{64,}"};
    return std::regex_replace(text, drawn, "drawn");
  }

  Process& process_;
  const Scenario& scenario_;
  service::Caller caller_;
  std::string arn_;
  std::vector<std::string> tokens_;
};

// Most machines must get somewhere and meet with something on the way, or the test says little.
void expect_the_same_story(Process& mortal) {
  Process immortal({});
  const auto runs = run_count();
  std::uint64_t succeeded = 0;
  std::uint64_t events = 0;
  std::uint64_t redrives = 0;
  for (std::uint64_t seed = 1; seed <= runs; ++seed) {
    const Scenario scenario(seed);
    Playthrough reference(immortal, scenario);
    const auto expected = reference.tell();
    redrives += static_cast<std::uint64_t>(reference.redrives);
    const auto actual = Playthrough(mortal, scenario).tell();
    ASSERT_FALSE(testing::Test::HasFailure());
    ASSERT_EQ(expected, actual) << "seed " << seed << "\n" << scenario.definition << "\n" << scenario.input;
    ASSERT_FALSE(expected.starts_with("stuck") || expected.starts_with("endless")) << seed << expected;
    succeeded += expected.find("\"status\":\"SUCCEEDED\"") != expected.npos;
    events += static_cast<std::uint64_t>(std::count(expected.begin(), expected.end(), '\n')) - 1;
  }
  EXPECT_GT(succeeded, runs / 4);
  EXPECT_GT(events, runs * 8);
  EXPECT_GT(mortal.deaths, runs);
  EXPECT_GT(redrives, runs / 4);
  EXPECT_EQ(immortal.deaths, 0);
}

TEST(Crashes, ChangeNeitherOutputNorHistory) {
  Process mortal({.deaths = 30});
  expect_the_same_story(mortal);
}

// Every execution has a journal, which is replaced by a snapshot every few entries; what is in memory is often ahead of
// the store.
TEST(Crashes, ChangeNothingWhereSnapshotsFollowEachOther) {
  Process mortal({.deaths = 20, .failures = 20}, {.journal_from_bytes = 1, .journal_bytes_min = 0});
  expect_the_same_story(mortal);
  EXPECT_GT(mortal.failures, run_count());
}

// No journal is ever replaced: each death makes all of it happen again.
TEST(Crashes, ChangeNothingWhereEverythingIsReplayed) {
  Process mortal({.deaths = 20, .failures = 20}, {.journal_from_bytes = 1, .journal_bytes_min = 1u << 30});
  expect_the_same_story(mortal);
  EXPECT_GT(mortal.failures, run_count());
}

}  // namespace
}  // namespace tocsin::workflows
