#include <gtest/gtest.h>

#include "store/given_up.h"
#include "store/testing.h"

namespace tocsin::store {
namespace {

using namespace std::chrono_literals;

Result<void> add(TestStore& store, Delivery delivery) {
  return store.write([&](Transaction& t) -> Result<void> {
    Outbox::add(t, delivery);
    return {};
  });
}

std::int64_t depth(TestStore& store) {
  return *store.read([](Reader& r) -> Result<std::int64_t> { return Outbox::depth(r); });
}

TEST(Outbox, LowerLanesGoFirst) {
  TestStore store;
  std::string order;
  store->outbox().handle("letter", [&](Transaction&, const Due& due) -> Result<void> {
    order += due.payload;
    return {};
  });
  ASSERT_TRUE(add(store, {.kind = "letter", .destination = "", .payload = "b", .lane = Lane::bulk}));
  ASSERT_TRUE(add(store, {.kind = "letter", .destination = "", .payload = "n", .lane = Lane::notice}));
  ASSERT_TRUE(add(store, {.kind = "letter", .destination = "", .payload = "c", .lane = Lane::containment}));
  EXPECT_EQ(store->run_until_idle(), 3u);
  EXPECT_EQ(order, "cnb");
  EXPECT_EQ(depth(store), 0);
}

TEST(Outbox, ATimerWaitsForItsTimeAndCanBeCancelled) {
  TestStore store;
  int fired = 0;
  store->outbox().handle("timer", [&](Transaction&, const Due&) -> Result<void> {
    ++fired;
    return {};
  });
  const Time due = store.clock.now() + 10s;
  ASSERT_TRUE(add(store, {.kind = "timer", .destination = "", .payload = "", .key = "a", .due = due}));
  ASSERT_TRUE(add(store, {.kind = "timer", .destination = "", .payload = "", .key = "b", .due = due}));
  store->run_until_idle();
  EXPECT_EQ(fired, 0);
  ASSERT_TRUE(store.write([](Transaction& t) -> Result<void> {
    EXPECT_TRUE(Outbox::cancel(t, "a"));
    EXPECT_FALSE(Outbox::cancel(t, "zzz"));
    return {};
  }));
  store.reopen();
  store->outbox().handle("timer", [&](Transaction&, const Due& d) -> Result<void> {
    EXPECT_EQ(d.key, "b");
    ++fired;
    return {};
  });
  store.clock.advance(10s);
  store->run_until_idle();
  EXPECT_EQ(fired, 1);
}

// A task and its timeout are due together, as after a long downtime: the task's end cancels the timeout and adds what
// follows, which must not be taken for what was cancelled.
TEST(Outbox, WhatIsAddedInABatchIsNotTakenForWhatWasCancelledInIt) {
  TestStore store;
  std::vector<std::string> made;
  store->outbox().handle("task", [&](Transaction& t, const Due& due) -> Result<void> {
    made.push_back(due.key);
    if (due.key != "task/1") return {};
    EXPECT_TRUE(Outbox::cancel(t, "timer/1"));
    Outbox::add(t, {.kind = "task", .destination = "", .payload = "", .key = "task/2"});
    Outbox::add(t, {.kind = "timer", .destination = "", .payload = "", .key = "timer/1", .due = t.now() + 10s});
    return {};
  });
  store->outbox().handle("timer", [&](Transaction&, const Due& due) -> Result<void> {
    made.push_back(due.key);
    return {};
  });
  ASSERT_TRUE(add(store, {.kind = "task", .destination = "", .payload = "", .key = "task/1"}));
  ASSERT_TRUE(add(store, {.kind = "timer", .destination = "", .payload = "", .key = "timer/1"}));
  store->run_until_idle();
  EXPECT_EQ(made, (std::vector<std::string>{"task/1", "task/2"}));
  EXPECT_EQ(depth(store), 1);
  store.clock.advance(10s);
  store->run_until_idle();
  EXPECT_EQ(made, (std::vector<std::string>{"task/1", "task/2", "timer/1"}));
}

TEST(Outbox, FailuresAreTriedAgainThenGivenUp) {
  TestStore store;
  int tries = 0;
  std::vector<std::string> dead;
  store->outbox().handle("flaky", [&](Transaction&, const Due& due) -> Result<void> {
    EXPECT_EQ(due.attempt, tries++);
    EXPECT_EQ(due.key, "same");
    return fail(ErrorCode::unavailable, "down");
  });
  store->outbox().on_exhausted(
      [&](Transaction&, const Due& due, const Error& e) { dead.push_back(due.payload + e.message); });
  ASSERT_TRUE(
      add(store, {.kind = "flaky", .destination = "", .payload = "p:", .key = "same", .retry = {.attempts_max = 3}}));
  for (int i = 0; i < 20; ++i) {
    store->run_until_idle();
    store.clock.advance(16min);
  }
  EXPECT_EQ(tries, 4);
  EXPECT_EQ(dead, std::vector<std::string>{"p:down"});
  const auto kept = *store.read([](Reader& r) -> Result<std::vector<GivenUp>> { return given_up(r, "flaky", 10); });
  ASSERT_EQ(kept.size(), 1u);
  EXPECT_EQ(kept[0].kind + kept[0].key + kept[0].payload + kept[0].error, "flakysamedown");
  const auto whole = *store.read(
      [&](Reader& r) -> Result<std::string> { return store::find_given_up(r, kept[0].id).value().payload; });
  EXPECT_EQ(whole, "p:");
  EXPECT_EQ(kept[0].attempts, 4);
  EXPECT_EQ(*store.read([](Reader& r) -> Result<std::int64_t> { return count_given_up(r); }), 1);
  EXPECT_EQ(depth(store), 0);
}

TEST(Outbox, ATimersAgeCountsFromWhenItIsDue) {
  TestStore store;
  int tries = 0;
  store->outbox().handle("timer", [&](Transaction&, const Due&) -> Result<void> {
    if (++tries == 1) return fail(ErrorCode::unavailable, "down");
    return {};
  });
  ASSERT_TRUE(
      add(store, {.kind = "timer", .destination = "", .payload = "", .due = store.clock.now() + 48h, .retry = {}}));
  store.clock.advance(48h);
  store->run_until_idle();
  store.clock.advance(1min);
  store->run_until_idle();
  EXPECT_EQ(tries, 2);
}

TEST(Outbox, FinalErrorsAreNotTriedAgain) {
  TestStore store;
  int tries = 0;
  store->outbox().handle("gone", [&](Transaction&, const Due&) -> Result<void> {
    ++tries;
    return fail(ErrorCode::not_found, "no such queue");
  });
  ASSERT_TRUE(add(store, {.kind = "gone", .destination = "", .payload = ""}));
  store->run_until_idle();
  store.clock.advance(1h);
  store->run_until_idle();
  EXPECT_EQ(tries, 1);
}

TEST(Outbox, WhatAFailedTryWroteIsRolledBack) {
  TestStore store;
  store->outbox().handle("half", [&](Transaction& t, const Due&) -> Result<void> {
    Outbox::add(t, {.kind = "never", .destination = "", .payload = ""});
    return fail(ErrorCode::validation, "no");
  });
  ASSERT_TRUE(add(store, {.kind = "half", .destination = "", .payload = ""}));
  store->run_until_idle();
  EXPECT_EQ(depth(store), 0);
}

// One delivery that always writes what a table refuses, or throws, is given up in time; the others go on.
TEST(Outbox, APoisonousDeliveryHarmsNobodyElse) {
  constexpr Migration numbers[] = {{"numbers", 1, "CREATE TABLE number (n INTEGER PRIMARY KEY);"}};
  TestStore store{numbers};
  int letters = 0, given_up = 0;
  store->outbox().handle("duplicate", [](Transaction& t, const Due&) -> Result<void> {
    for (int i = 0; i < 2; ++i) t.execute("INSERT INTO number (n) VALUES (1)");
    return {};
  });
  store->outbox().handle("throwing", [](Transaction&, const Due&) -> Result<void> { throw std::length_error("long"); });
  store->outbox().handle("letter", [&](Transaction&, const Due&) -> Result<void> {
    ++letters;
    return {};
  });
  store->outbox().on_exhausted([&](Transaction& t, const Due&, const Error&) {
    ++given_up;
    for (int i = 0; i < 2; ++i) t.execute("INSERT INTO number (n) VALUES (2)");
  });
  for (const char* kind : {"duplicate", "throwing", "letter"})
    ASSERT_TRUE(add(store, {.kind = kind, .destination = "", .payload = "", .retry = {.attempts_max = 1}}));
  store->run_until_idle();
  EXPECT_EQ(letters, 1);
  EXPECT_EQ(depth(store), 2);
  store.clock.advance(1min);
  ASSERT_TRUE(add(store, {.kind = "letter", .destination = "", .payload = ""}));
  store->run_until_idle();
  EXPECT_EQ(letters, 2);
  EXPECT_EQ(given_up, 2);
  EXPECT_EQ(depth(store), 0);
}

TEST(Outbox, ALeaseThatEndsIsMadeAgainWithTheSameKey) {
  TestStore store;
  std::vector<std::string> keys;
  const auto silent = [&](Due due, Outbox::Report) { keys.push_back(due.key); };
  store->outbox().handle_outside("hook", silent, 30s);
  ASSERT_TRUE(add(store, {.kind = "hook", .destination = "http://127.0.0.1:1/", .payload = ""}));
  store->run_until_idle();
  EXPECT_EQ(keys.size(), 1u);
  store.reopen();  // the process died with the delivery under way
  std::vector<Result<void>> recorded;
  store->outbox().handle_outside(
      "hook",
      [&](Due due, Outbox::Report report) {
        keys.push_back(due.key);
        EXPECT_EQ(due.attempt, 1);
        report({});
      },
      30s, [&](Transaction&, const Due&, const Result<void>& outcome) { recorded.push_back(outcome); });
  store->run_until_idle();  // whoever had the lease is gone
  ASSERT_EQ(keys.size(), 2u);
  EXPECT_EQ(keys[0], keys[1]);
  ASSERT_EQ(recorded.size(), 1u);
  EXPECT_TRUE(recorded[0]);
  EXPECT_EQ(depth(store), 0);
}

TEST(Outbox, AReceiverMaySayWhenToComeBack) {
  TestStore store;
  Outcome answer = fail(ErrorCode::unavailable, "429");
  answer.pause = 90s;
  std::vector<int> attempts;
  store->outbox().handle_outside(
      "hook",
      [&](Due due, Outbox::Report report) {
        attempts.push_back(due.attempt);
        report(answer);
      },
      30s);
  ASSERT_TRUE(add(store, {.kind = "hook", .destination = "", .payload = "", .retry = {.attempts_max = 1}}));
  store->run_until_idle();
  store.clock.advance(89s);
  store->run_until_idle();
  EXPECT_EQ(attempts, (std::vector<int>{0}));
  store.clock.advance(1s);
  answer = {};
  store->run_until_idle();
  EXPECT_EQ(attempts, (std::vector<int>{0, 1}));
  EXPECT_EQ(depth(store), 0);
}

TEST(Outbox, WhatWasNotTriedIsNotCountedButAges) {
  TestStore store;
  int handed_out = 0, recorded = 0, given_up = 0;
  store->outbox().handle_outside(
      "hook",
      [&](Due due, Outbox::Report report) {
        ++handed_out;
        EXPECT_EQ(due.attempt, 0);
        Outcome busy = fail(ErrorCode::throttled, "busy");
        busy.tried = false;
        report(std::move(busy));
      },
      30s, [&](Transaction&, const Due&, const Result<void>&) { ++recorded; });
  store->outbox().on_exhausted([&](Transaction&, const Due&, const Error&) { ++given_up; });
  ASSERT_TRUE(add(store, {.kind = "hook", .destination = "", .payload = "", .retry = {2, 60s}}));
  for (int i = 0; i < 70; ++i) {
    store->run_until_idle();
    store.clock.advance(1s);
  }
  EXPECT_GT(handed_out, 30);
  EXPECT_EQ(recorded, 1);  // that it was given up
  EXPECT_EQ(given_up, 1);
  EXPECT_EQ(depth(store), 0);
}

TEST(Outbox, AChainIsOneCommit) {
  TestStore store;
  std::string order;
  store->outbox().handle("step", [&](Transaction& t, const Due& due) -> Result<void> {
    order += due.payload;
    EXPECT_EQ(Outbox::depth(t), 0);
    if (due.payload != "d")
      Outbox::add(t, {.kind = "step", .destination = "", .payload = std::string(1, due.payload[0] + 1)});
    return {};
  });
  ASSERT_TRUE(add(store, {.kind = "step", .destination = "", .payload = "a"}));
  const auto before = store->commits();
  EXPECT_EQ(store->run_until_idle(), 4u);
  EXPECT_EQ(order, "abcd");
  EXPECT_EQ(store->commits(), before + 2);  // the second one found nothing
}

TEST(Outbox, AStepOfAChainThatFailsIsTriedAgainAlone) {
  TestStore store;
  std::string order;
  bool broken = true;
  store->outbox().handle("first", [&](Transaction& t, const Due&) -> Result<void> {
    order += '1';
    for (const auto* key : {"a", "b"})
      EXPECT_TRUE(Outbox::add(t, {.kind = "second", .destination = "", .payload = key, .key = key}));
    EXPECT_FALSE(Outbox::add(t, {.kind = "second", .destination = "", .payload = "a", .key = "a"}));
    return {};
  });
  store->outbox().handle("second", [&](Transaction& t, const Due& due) -> Result<void> {
    order += due.payload;
    Outbox::add(t, {.kind = "third", .destination = "", .payload = due.payload});
    if (due.payload == "a" && broken) return fail(ErrorCode::unavailable, "down");
    EXPECT_EQ(due.attempt, due.payload == "a" ? 1 : 0);
    return {};
  });
  store->outbox().handle("third", [&](Transaction&, const Due& due) -> Result<void> {
    order += due.payload == "a" ? 'A' : 'B';
    return {};
  });
  ASSERT_TRUE(add(store, {.kind = "first", .destination = "", .payload = ""}));
  store->run_until_idle();
  EXPECT_EQ(order, "1abB");
  EXPECT_EQ(depth(store), 1);
  broken = false;
  store.clock.advance(2s);
  store->run_until_idle();
  EXPECT_EQ(order, "1abBaA");
  EXPECT_EQ(depth(store), 0);
}

TEST(Outbox, ATimerThatIsCancelledInTheSameChangeNeverWas) {
  TestStore store;
  ASSERT_TRUE(store.write([&](Transaction& t) -> Result<void> {
    const Delivery timer{.kind = "timer", .destination = "", .payload = "", .key = "t", .due = store.clock.now() + 10s};
    EXPECT_TRUE(Outbox::add(t, timer));
    auto part = t.attempt([&]() -> Result<void> {
      EXPECT_TRUE(Outbox::cancel(t, "t"));
      EXPECT_TRUE(Outbox::add(t, timer));
      EXPECT_TRUE(Outbox::cancel(t, "t"));
      return fail(ErrorCode::conflict, "no");
    });
    EXPECT_FALSE(Outbox::add(t, timer));  // its cancelling was undone
    EXPECT_TRUE(Outbox::cancel(t, "t"));
    EXPECT_FALSE(Outbox::cancel(t, "t"));
    return {};
  }));
  EXPECT_EQ(depth(store), 0);
}

TEST(Outbox, WhatWaitsLongerGoesBeforeWhatIsAdded) {
  TestStore store;
  std::string order;
  store->outbox().handle("letter", [&](Transaction& t, const Due& due) -> Result<void> {
    order += due.payload;
    if (due.payload == "1") Outbox::add(t, {.kind = "letter", .destination = "", .payload = "+"});
    if (due.payload == "1")
      Outbox::add(t, {.kind = "letter", .destination = "", .payload = "!", .lane = Lane::containment});
    return {};
  });
  for (const auto* text : {"1", "2", "3"})
    ASSERT_TRUE(add(store, {.kind = "letter", .destination = "", .payload = text}));
  store->run_until_idle();
  EXPECT_EQ(order, "1!23+");
}

// More than one commit makes: what is left has its rows, and is there after a restart.
TEST(Outbox, WhatACommitLeavesIsMadeAfterARestart) {
  TestStore store;
  int made = 0;
  const auto letter = [&](Transaction&, const Due&) -> Result<void> {
    ++made;
    return {};
  };
  const auto many = [](Transaction& t, const Due&) -> Result<void> {
    for (int i = 0; i < 300; ++i) Outbox::add(t, {.kind = "letter", .destination = "", .payload = ""});
    return {};
  };
  store->outbox().handle("many", many);
  store->outbox().handle("letter", letter);
  ASSERT_TRUE(add(store, {.kind = "many", .destination = "", .payload = ""}));
  ASSERT_TRUE(add(store, {.kind = "letter", .destination = "", .payload = ""}));
  store.reopen();
  store->outbox().handle("many", many);
  store->outbox().handle("letter", letter);
  store->run_until_idle();
  EXPECT_EQ(made, 301);
  EXPECT_EQ(depth(store), 0);
}

TEST(Outbox, TheNextDueIsTheEarliestOfAllLanes) {
  TestStore store;
  const Time now = store.clock.now();
  for (const auto& [lane, in] : {std::pair{Lane::containment, 30s}, {Lane::bulk, 10s}, {Lane::bulk, 50s}})
    ASSERT_TRUE(add(store, {.kind = "timer", .destination = "", .payload = "", .lane = lane, .due = now + in}));
  EXPECT_EQ(*store.read([](Reader& r) -> Result<std::optional<Time>> { return Outbox::next_due(r); }), now + 10s);
}

TEST(Outbox, RetryDelaysGrowAndStayBounded) {
  SeededRandom random{3};
  for (int attempt = 1; attempt < 40; ++attempt) {
    const auto delay = retry_delay(attempt, random);
    const auto whole = std::min<Microseconds>(Microseconds{1s} * (1ll << std::min(attempt - 1, 20)), 15min);
    EXPECT_GE(delay, whole / 2);
    EXPECT_LE(delay, whole);
  }
}

}  // namespace
}  // namespace tocsin::store
