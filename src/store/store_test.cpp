#include <atomic>
#include <fstream>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "store/connection.h"
#include "store/testing.h"

namespace tocsin::store {
namespace {

constexpr Migration notes[] = {{"notes", 1, "CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT NOT NULL);"}};

Result<void> add_note(Transaction& transaction, std::string_view text) {
  transaction.execute("INSERT INTO note (text) VALUES (?)", text);
  return {};
}

std::int64_t count_notes(Store& store) {
  return *store.read(
      [](Reader& reader) -> Result<std::int64_t> { return reader.integer("SELECT count(*) FROM note", -1); });
}

TEST(Store, CommittedChangesSurviveReopening) {
  TestStore store{notes};
  ASSERT_TRUE(store.write([](Transaction& t) { return add_note(t, "kept"); }));
  store.reopen();
  EXPECT_EQ(count_notes(*store), 1);
}

TEST(Store, TheLogIsCarriedOverBesideTheCommitter) {
  TestStore folder;
  const auto file = folder.folder / "threaded.db";
  const auto log = file.string() + "-wal";
  constexpr int commits = 160;
  constexpr std::uintmax_t log_bytes_max = 88u << 20;  // 20,000 pages and a commit
  const std::string text(1u << 20, 'x');
  auto store = Store::open({.file = file, .clock = &folder.clock, .random = &folder.random, .durable = false}, notes);
  ASSERT_TRUE(store);
  (*store)->start();
  std::uintmax_t longest = 0;
  for (int i = 0; i < commits; ++i) {
    ASSERT_TRUE((*store)->write(Lane::notice, [&](Transaction& t) { return add_note(t, text); }));
    longest = std::max(longest, std::filesystem::file_size(log));
  }
  EXPECT_LT(longest, log_bytes_max);
  EXPECT_EQ(count_notes(**store), commits);
  (*store)->stop();
  store->reset();
  EXPECT_FALSE(std::filesystem::exists(log));
  EXPECT_GT(std::filesystem::file_size(file), commits << 20);
}

TEST(Store, AFailedChangeLeavesNothing) {
  TestStore store{notes};
  const auto result = store.write([](Transaction& t) -> Result<void> {
    (void)add_note(t, "gone");
    return fail(ErrorCode::validation, "no");
  });
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().message, "no");
  EXPECT_EQ(count_notes(*store), 0);
}

TEST(Store, APartFailsAlone) {
  TestStore store{notes};
  bool ran = false;
  ASSERT_TRUE(store.write([&](Transaction& t) -> Result<void> {
    (void)add_note(t, "before");
    auto part = t.attempt([&]() -> Result<void> {
      (void)add_note(t, "gone");
      t.on_commit([&] { ran = true; });
      return fail(ErrorCode::conflict, "no");
    });
    EXPECT_FALSE(part);
    return add_note(t, "after");
  }));
  EXPECT_EQ(count_notes(*store), 2);
  EXPECT_FALSE(ran);
}

// A duplicate row is a fault of the change that writes it, not of the disk.
TEST(Store, WhatATableDoesNotTakeFailsThatChangeAlone) {
  TestStore store{notes};
  const auto write_first = [](Transaction& t) -> Result<void> {
    t.execute("INSERT INTO note (id, text) VALUES (1, 'x')");
    return {};
  };
  ASSERT_TRUE(store.write(write_first));
  EXPECT_TRUE(store.write([&](Transaction& t) -> Result<void> {
    (void)add_note(t, "before");
    const auto inner = t.attempt([&] { return write_first(t); });
    EXPECT_FALSE(inner);
    return add_note(t, "after");
  }));
  EXPECT_EQ(count_notes(*store), 3);
  const auto refused = store.write(write_first);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("UNIQUE"), std::string::npos) << refused.error().message;
  EXPECT_EQ(count_notes(*store), 3);
}

TEST(Store, WhatThrowsFailsAlone) {
  TestStore store{notes};
  ASSERT_TRUE(store.write([&](Transaction& t) -> Result<void> {
    (void)add_note(t, "before");
    const auto part = t.attempt([&]() -> Result<void> {
      return t.attempt([&]() -> Result<void> {
        (void)add_note(t, "gone");
        throw std::length_error("too long");
      });
    });
    EXPECT_FALSE(part);
    return add_note(t, "after");
  }));
  EXPECT_EQ(count_notes(*store), 2);
}

TEST(Store, ARefusedCommitFailsAllAndLeavesNothing) {
  char folder[] = "/tmp/tocsin-test-XXXXXX";
  ASSERT_NE(mkdtemp(folder), nullptr);
  SystemClock clock;
  SeededRandom random{1};
  bool full = true;
  auto store = Store::open({.file = std::filesystem::path(folder) / "s.db",
                            .clock = &clock,
                            .random = &random,
                            .threaded = false,
                            .durable = false,
                            .before_commit = [&](std::uint64_t) -> Result<void> {
                              if (full) return fail(ErrorCode::unavailable, "disk full");
                              return {};
                            }},
                           notes);
  ASSERT_TRUE(store);
  const auto add = [](Transaction& t) { return add_note(t, "x"); };
  EXPECT_FALSE((*store)->write(Lane::notice, add));
  EXPECT_EQ(count_notes(**store), 0);
  full = false;
  EXPECT_TRUE((*store)->write(Lane::notice, add));
  EXPECT_EQ(count_notes(**store), 1);
  store->reset();
  std::filesystem::remove_all(folder);
}

TEST(Store, ACommitOfDeliveriesAloneThatFailsIsTold) {
  char folder[] = "/tmp/tocsin-test-XXXXXX";
  ASSERT_NE(mkdtemp(folder), nullptr);
  ManualClock clock{Time{std::chrono::hours{1}}};
  SeededRandom random{1};
  std::uint64_t full_from = 1000;
  auto store = Store::open({.file = std::filesystem::path(folder) / "s.db",
                            .clock = &clock,
                            .random = &random,
                            .threaded = false,
                            .durable = false,
                            .before_commit = [&](std::uint64_t number) -> Result<void> {
                              if (number >= full_from) return fail(ErrorCode::unavailable, "disk full");
                              return {};
                            }},
                           notes);
  ASSERT_TRUE(store);
  (*store)->outbox().handle("letter", [](Transaction& t, const Due&) { return add_note(t, "x"); });
  std::vector<std::string> told;
  (*store)->on_failure([&](const Error& error) { told.push_back(error.message); });
  ASSERT_TRUE((*store)->write(Lane::notice, [](Transaction& t) -> Result<void> {
    Outbox::add(t, {.kind = "letter", .destination = "", .payload = ""});
    return {};
  }));
  full_from = 0;
  EXPECT_EQ((*store)->run_until_idle(), 0u);
  EXPECT_EQ(told, std::vector<std::string>{"disk full"});
  full_from = 1000;
  EXPECT_EQ((*store)->run_until_idle(), 1u);
  EXPECT_EQ(count_notes(**store), 1);
  store->reset();
  std::filesystem::remove_all(folder);
}

// Past the bound new changes are refused, but what was done outside is still written down.
TEST(Store, AnOutcomeIsWrittenHoweverMuchWaits) {
  char folder[] = "/tmp/tocsin-test-XXXXXX";
  ASSERT_NE(mkdtemp(folder), nullptr);
  SystemClock clock;
  SystemRandom random;
  {
    auto opened = Store::open({.file = std::filesystem::path(folder) / "s.db",
                               .clock = &clock,
                               .random = &random,
                               .durable = false,
                               .waiting_max = 1},
                              notes);
    ASSERT_TRUE(opened);
    Store& store = **opened;
    std::promise<Outbox::Report> handed_out;
    store.outbox().handle_outside(
        "hook", [&](Due, Outbox::Report report) { handed_out.set_value(std::move(report)); }, std::chrono::seconds{60});
    store.start();
    ASSERT_TRUE(store.write(Lane::notice, [](Transaction& t) -> Result<void> {
      Outbox::add(t, {.kind = "hook", .destination = "", .payload = ""});
      return {};
    }));
    auto report = handed_out.get_future().get();
    // The committer is held inside one change, and another one fills the line.
    std::promise<void> entered, release;
    store.submit(
        Lane::notice,
        [&](Transaction&) -> Result<void> {
          entered.set_value();
          release.get_future().wait();
          return {};
        },
        [](Result<void>) {});
    entered.get_future().wait();
    store.submit(Lane::notice, [](Transaction& t) { return add_note(t, "waits"); }, [](Result<void>) {});
    Result<void> refused;
    store.submit(
        Lane::notice, [](Transaction& t) { return add_note(t, "over"); }, [&](Result<void> r) { refused = r; });
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::throttled);
    report({});
    release.set_value();
    store.stop();
    EXPECT_EQ(*store.read([](Reader& r) -> Result<std::int64_t> { return Outbox::depth(r); }), 0);
  }
  std::filesystem::remove_all(folder);
}

TEST(Store, ThreadsShareCommits) {
  char folder[] = "/tmp/tocsin-test-XXXXXX";
  ASSERT_NE(mkdtemp(folder), nullptr);
  SystemClock clock;
  SystemRandom random;
  {
    auto opened =
        Store::open({.file = std::filesystem::path(folder) / "s.db", .clock = &clock, .random = &random}, notes);
    ASSERT_TRUE(opened);
    Store& store = **opened;
    std::atomic<int> done = 0;
    for (int i = 0; i < 500; ++i)
      store.submit(
          Lane::notice, [](Transaction& t) { return add_note(t, "x"); }, [&](Result<void> r) { done += r ? 1 : 1000; });
    store.start();
    ASSERT_TRUE(store.write(Lane::bulk, [](Transaction& t) { return add_note(t, "last"); }));
    EXPECT_EQ(done, 500);
    EXPECT_EQ(count_notes(store), 501);
    EXPECT_LE(store.commits(), 4u);
    store.stop();
    EXPECT_FALSE(store.write(Lane::notice, [](Transaction& t) { return add_note(t, "late"); }));
  }
  struct stat file{};
  ASSERT_EQ(stat((std::string(folder) + "/s.db").c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 0777, 0600u);
  std::filesystem::remove_all(folder);
}

TEST(Store, WhyItCannotBeReadIsTold) {
  TestStore store{notes};
  for (const char* part : {"store.db", "store.db-wal", "store.db-shm"})
    std::filesystem::rename(store.folder / part, store.folder / (std::string("gone-") + part));
  const auto read = [](Reader& reader) -> Result<std::int64_t> { return reader.integer("SELECT 1", 0); };
  const auto gone = store.read(read);
  ASSERT_FALSE(gone);
  EXPECT_NE(gone.error().message.find("unable to open"), std::string::npos) << gone.error().message;
  std::ofstream{store.folder / "store.db"} << std::string(8192, 'x');
  const auto foreign = store.read(read);
  ASSERT_FALSE(foreign);
  EXPECT_EQ(foreign.error().code, ErrorCode::corrupt) << foreign.error().message;
}

TEST(Store, OneProcessAtATime) {
  TestStore store{notes};
  const auto second = Store::open(
      {.file = store.folder / "store.db", .clock = &store.clock, .random = &store.random, .threaded = false}, notes);
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().message.find("in use by another process"), std::string::npos);
}

TEST(Store, MigrationsRunOnceAndInOrder) {
  TestStore store{notes};
  const Migration second[] = {notes[0], {"notes", 2, "ALTER TABLE note ADD COLUMN author TEXT;"}};
  ASSERT_TRUE(store.write([](Transaction& t) { return add_note(t, "old"); }));
  store.store.reset();
  const auto file = store.folder / "store.db";
  const auto open = [&](std::span<const Migration> migrations) {
    return Store::open(
        {.file = file, .clock = &store.clock, .random = &store.random, .threaded = false, .durable = false},
        migrations);
  };
  {
    auto newer = open(second);
    ASSERT_TRUE(newer) << newer.error().message;
    EXPECT_EQ(count_notes(**newer), 1);
  }
  const Migration others[] = {{"others", 1, "CREATE TABLE other (id INTEGER PRIMARY KEY);"}, notes[0]};
  for (const auto known : {std::span<const Migration>(notes), std::span<const Migration>(others), {}}) {
    auto older = open(known);
    ASSERT_FALSE(older);
    EXPECT_EQ(older.error().code, ErrorCode::validation);
    EXPECT_NE(older.error().message.find("'notes' is at 2"), std::string::npos) << older.error().message;
  }
  auto newer = open(second);
  ASSERT_TRUE(newer);
  EXPECT_FALSE((*newer)
                   ->read([](Reader& reader) -> Result<bool> {
                     return reader.exists("SELECT 1 FROM schema_version WHERE room = 'others'");
                   })
                   .value())
      << "a refused start changes nothing";
}

TEST(Store, AFileThatIsNoStoreIsNamedAndLeftAlone) {
  TestStore folder;
  const auto file = folder.folder / "other.db";
  const std::string garbage(20'000, 'x');
  std::ofstream{file} << garbage;
  const auto opened = Store::open(
      {.file = file, .clock = &folder.clock, .random = &folder.random, .threaded = false, .durable = false}, notes);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::corrupt);
  for (const char* said : {file.c_str(), "damaged", "backup", "Nothing was changed"})
    EXPECT_NE(opened.error().message.find(said), std::string::npos) << opened.error().message;
  std::ifstream stream{file};
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(stream), {}), garbage);
}

// The outbox as version 1 of the store had it, written out here because released migrations never change.
constexpr const char* first_outbox =
    "CREATE TABLE schema_version (room TEXT PRIMARY KEY, version INTEGER NOT NULL);"
    "INSERT INTO schema_version (room, version) VALUES ('store', 1);"
    "CREATE TABLE outbox (id INTEGER PRIMARY KEY, kind TEXT NOT NULL, destination TEXT NOT NULL, payload BLOB NOT NULL,"
    " context TEXT NOT NULL, key TEXT NOT NULL UNIQUE, dead_letter TEXT NOT NULL, lane INTEGER NOT NULL,"
    " due BIGINT NOT NULL, attempts_max INTEGER NOT NULL, age_max_s BIGINT NOT NULL, attempt INTEGER NOT NULL,"
    " added BIGINT NOT NULL, last_error TEXT);"
    "CREATE INDEX outbox_due ON outbox (lane, due, id);"
    "INSERT INTO outbox VALUES (7, 'letter', 'to', 'hello', '', 'k', '', 2, 0, 185, 86400, 0, 0, NULL);";

TEST(Store, DeliveriesOfTheFirstVersionAreStillMade) {
  TestStore store;
  const auto file = store.folder / "store.db";
  store.store.reset();
  std::filesystem::remove(file);
  {
    auto old = detail::Connection::open(file, detail::Connection::Mode::read_write, false);
    ASSERT_TRUE(old);
    ASSERT_TRUE((*old)->run(first_outbox));
  }
  store.reopen();
  std::string made;
  store->outbox().handle("letter", [&](Transaction&, const Due& due) -> Result<void> {
    made += due.payload;
    EXPECT_EQ(due.id, 7);
    return {};
  });
  EXPECT_EQ(store->run_until_idle(), 1u);
  EXPECT_EQ(made, "hello");
}

}  // namespace
}  // namespace tocsin::store
