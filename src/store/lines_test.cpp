// Lines: deliveries that queue by destination, digests of them, and leases that ended with their process.
#include <gtest/gtest.h>

#include "store/given_up.h"
#include "store/testing.h"

namespace tocsin::store {
namespace {

using namespace std::chrono_literals;

// An outer kind "post" that queues by destination. What the handler gets stays in its hands until the test says what
// became of it.
class Lined : public testing::Test {
 protected:
  Lined() { attach(); }

  void attach() {
    under_way.clear();
    store->outbox().handle_outside(
        "post",
        [this](Due due, Outbox::Report report) {
          order += due.payload + " ";
          under_way.push_back({std::move(due), std::move(report)});
        },
        2min);
    store->outbox().line_up("post", {.in_hand_max = in_hand_max,
                                     .bounds = bounds,
                                     .fold =
                                         [](std::string_view gathered, const std::vector<std::string>& summaries) {
                                           std::string all{gathered};
                                           for (const auto& one : summaries) all += one;
                                           return all;
                                         },
                                     .compose =
                                         [](std::string_view gathered, const Delivery& first) {
                                           return std::pair{"[" + std::string(gathered) + "]", first.context};
                                         }});
    store->outbox().on_exhausted([this](Transaction&, const Due& due, const Error&) {
      given_up += due.payload + (due.is_in_digest ? "* " : " ");
    });
  }
  void add(std::string payload, Lane lane = Lane::notice, std::string to = "a", bool in_digests = true) {
    ASSERT_TRUE(store.write([&](Transaction& t) -> Result<void> {
      Outbox::add(t, {.kind = "post",
                      .destination = to,
                      .payload = payload,
                      .key = to + "/" + payload,
                      .lane = lane,
                      .summary = in_digests ? payload : ""});
      return {};
    }));
  }
  void report(Outcome outcome, std::size_t which = 0) {
    auto one = std::move(under_way.at(which));
    under_way.erase(under_way.begin() + static_cast<std::ptrdiff_t>(which));
    one.second(std::move(outcome));
  }
  // What goes until nothing is left that may go now, each one taken by the receiver.
  std::string run() {
    order.clear();
    do {
      store->run_until_idle();
      while (!under_way.empty()) report({});
    } while (store->run_until_idle() > 0);
    return order;
  }
  std::int64_t depth() {
    return *store.read([](Reader& r) -> Result<std::int64_t> { return Outbox::depth(r); });
  }
  static Outcome failure(Microseconds rest = 0s) {
    Outcome outcome = fail(ErrorCode::unavailable, "no");
    outcome.rest = rest;
    return outcome;
  }

  TestStore store;
  std::size_t in_hand_max = 1;
  DigestBounds bounds{.containment = 6, .alerts = 5, .others = 3};
  std::string order, given_up;
  std::vector<std::pair<Due, Outbox::Report>> under_way;
};

TEST_F(Lined, TheMostUrgentOfADestinationGoesNextThenTheOldest) {
  for (const auto* text : {"n1", "n2"}) add(text);
  add("b1", Lane::bulk);
  store->run_until_idle();
  EXPECT_EQ(order, "n1 ");  // no more than one in hand
  add("a1", Lane::alert);
  add("c1", Lane::containment);
  add("a2", Lane::alert);
  report({});
  EXPECT_EQ(run(), "c1 a1 a2 n2 b1 ");
  EXPECT_EQ(depth(), 0);
}

// Urgent ones that come as fast as the receiver takes them leave the others one turn of eight.
TEST_F(Lined, TheLowerClassesHaveTurnsHoweverMuchIsUrgent) {
  for (const auto* text : {"n1", "n2"}) add(text, Lane::notice, "a", false);
  add("a1", Lane::alert, "a", false);
  for (int i = 0; i < 24; ++i) {
    add("c" + std::to_string(i), Lane::containment, "a", false);
    store->run_until_idle();
    report({});
  }
  std::erase_if(order, [](char c) { return c < 'a' || c > 'z'; });
  EXPECT_EQ(order, "cccccccancccccccnccccccc");
}

TEST_F(Lined, AReceiverInTroubleHoldsUpNobodyElse) {
  add("x1", Lane::notice, "slow");
  add("x2", Lane::notice, "slow");
  store->run_until_idle();
  ASSERT_EQ(under_way.size(), 1u);
  add("y1", Lane::notice, "fast");
  store->run_until_idle();
  report({}, 1);
  add("y2", Lane::notice, "fast");
  store->run_until_idle();
  EXPECT_EQ(order, "x1 y1 y2 ");
  report(failure(10s));
  report({}, 0);
  store->run_until_idle();
  EXPECT_EQ(order, "x1 y1 y2 ");  // it rests, x2 too
  store.clock.advance(10s);
  EXPECT_EQ(run(), "x1 x2 ");
}

TEST_F(Lined, PastABoundWhatWaitsGoesAsOneDigest) {
  for (int i = 0; i < 3; ++i) add("n" + std::to_string(i));
  EXPECT_EQ(run(), "n0 n1 n2 ");
  for (int i = 3; i < 9; ++i) add("n" + std::to_string(i));
  add("lone", Lane::notice, "a", false);
  add("alert", Lane::alert);
  EXPECT_EQ(run(), "alert lone ");  // the others gather
  store.clock.advance(5s);
  EXPECT_EQ(run(), "[n3n4n5n6n7n8] ");
  EXPECT_EQ(store->outbox().digest_counts().digests, 1u);
  EXPECT_EQ(store->outbox().digest_counts().told_in_digests, 6u);
  add("n9");
  store.clock.advance(50s);
  EXPECT_EQ(run(), "");  // one digest a minute
  store.clock.advance(10s);
  EXPECT_EQ(run(), "n9 ");  // one goes as it is
  EXPECT_EQ(depth(), 0);
}

TEST_F(Lined, DigestsOfUrgentOnesHaveABoundOfTheirOwn) {
  for (int i = 0; i < 5; ++i) add("a" + std::to_string(i), Lane::alert);
  for (int i = 0; i < 7; ++i) add("c" + std::to_string(i), Lane::containment);
  EXPECT_EQ(run(), "[c0c1c2c3c4c5c6] a0 a1 a2 a3 a4 ");
  add("a5", Lane::alert);
  add("c7", Lane::containment);
  EXPECT_EQ(run(), "c7 a5 ");
}

// Each delivery is told by exactly one post, however many there are, whatever fails, and wherever the process dies.
TEST_F(Lined, EachIsToldOnceWhateverHappens) {
  SeededRandom chance{7};
  std::map<std::string, int> told;  // taken by the receiver
  std::uint64_t digests = 0;
  const auto take = [&](const std::string& payload) {
    std::string_view rest = payload;
    if (rest.starts_with('[')) rest = rest.substr(1, rest.size() - 2);
    for (std::size_t at = 0; at < rest.size(); at += 5) ++told[std::string(rest.substr(at, 5))];
  };
  int added = 0;
  for (int round = 0; round < 400; ++round) {
    const auto what = chance.below(10);
    if (what < 3) {
      const auto count = chance.below(12) == 0 ? 450 : chance.below(6);
      for (std::uint64_t i = 0; i < count; ++i)
        add(std::to_string(10'000 + added++), static_cast<Lane>(chance.below(lane_count)));
    } else if (what == 3 && chance.below(4) == 0) {
      digests += store->outbox().digest_counts().digests;
      store.reopen();
      attach();
    } else if (what < 8) {
      store->run_until_idle();
      if (!under_way.empty()) {
        const bool fails = chance.below(4) == 0;
        const std::string payload = under_way[0].first.payload;
        if (!fails) take(payload);
        report(fails ? failure(Microseconds{chance.below(3'000'000)}) : Outcome{});
      }
    } else {
      store.clock.advance(Microseconds{chance.below(30'000'000)});
    }
  }
  for (int i = 0; i < 200 && depth() > 0; ++i) {
    store->run_until_idle();
    while (!under_way.empty()) {
      take(under_way[0].first.payload);
      report({});
      store->run_until_idle();
    }
    store.clock.advance(60s);
  }
  EXPECT_EQ(depth(), 0);
  EXPECT_EQ(told.size(), static_cast<std::size_t>(added));
  for (const auto& [payload, times] : told) EXPECT_EQ(times, 1) << payload;
  EXPECT_GT(digests + store->outbox().digest_counts().digests, 3u);
}

TEST_F(Lined, ADigestThatIsGivenUpGivesUpAllThatIsInIt) {
  for (int i = 0; i < 4; ++i) add("n" + std::to_string(i));
  store.clock.advance(5s);
  store->run_until_idle();
  ASSERT_EQ(order, "[n0n1n2n3] ");
  report(fail(ErrorCode::validation, "no such hook"));
  store->run_until_idle();
  EXPECT_EQ(given_up, "[n0n1n2n3] n0* n1* n2* n3* ");
  EXPECT_EQ(depth(), 0);
  const auto list = *store.read([](Reader& r) -> Result<std::vector<GivenUp>> { return store::given_up(r, "", 10); });
  EXPECT_EQ(list.size(), 1u);  // one thing to look at, and to send again
}

TEST_F(Lined, ManyThatAreSentAgainGoAsOneDigest) {
  bounds.others = 0;
  store.reopen();
  attach();
  for (int i = 0; i < 6; ++i) add("n" + std::to_string(i));
  for (int i = 0; i < 6; ++i) {
    store->run_until_idle();
    ASSERT_EQ(under_way.size(), 1u);
    report(fail(ErrorCode::validation, "no such hook"));
  }
  EXPECT_EQ(depth(), 0);
  bounds.others = 3;
  store.reopen();
  attach();
  order.clear();
  ASSERT_TRUE(store.write([](Transaction& t) -> Result<void> {
    for (const auto& one : store::given_up(t, "", 10)) EXPECT_TRUE(send_again(t, *find_given_up(t, one.id)));
    return {};
  }));
  store.clock.advance(5s);
  EXPECT_EQ(run(), "[n5n4n3n2n1n0] ");
  EXPECT_EQ(depth(), 0);
}

TEST_F(Lined, LeasesEndWithTheirProcess) {
  add("x");
  store->outbox().handle_outside("call", [](Due, Outbox::Report) {}, 4min);
  ASSERT_TRUE(store.write([](Transaction& t) -> Result<void> {
    Outbox::add(t, {.kind = "call", .destination = "", .payload = "call", .key = "k"});
    return {};
  }));
  store->run_until_idle();
  ASSERT_EQ(under_way.size(), 1u);
  const auto key = under_way[0].first.key;
  store.reopen();
  attach();
  std::string called;
  store->outbox().handle_outside("call", [&](Due due, Outbox::Report) { called = due.key; }, 4min);
  store->run_until_idle();  // no time has passed
  ASSERT_EQ(under_way.size(), 1u);
  EXPECT_EQ(under_way[0].first.key, key);
  EXPECT_EQ(under_way[0].first.attempt, 1);  // the first one may have come to an end
  EXPECT_EQ(called, "k");
}

TEST_F(Lined, ALeaseWithoutReportEnds) {
  add("x");
  add("y");
  store->run_until_idle();
  EXPECT_EQ(order, "x ");
  auto silent = std::move(under_way[0]);
  under_way.clear();
  store.clock.advance(2min);
  EXPECT_EQ(run(), "x y ");
  EXPECT_EQ(depth(), 0);
}

TEST(Lanes, UrgencyIsHandedOn) {
  TestStore store;
  std::string order;
  const auto letter = [&](Transaction& t, const Due& due) -> Result<void> {
    order += due.payload;
    if (due.payload == "C") Outbox::add(t, {.kind = "letter", .destination = "", .payload = "c"});
    if (due.payload == "n" || due.payload == "C")
      Outbox::add(t, {.kind = "letter", .destination = "", .payload = "b", .lane = Lane::bulk});
    return {};
  };
  store->outbox().handle("letter", letter);
  ASSERT_TRUE(store.write([](Transaction& t) -> Result<void> {
    Outbox::add(t, {.kind = "letter", .destination = "", .payload = "n"});
    Outbox::add(t, {.kind = "letter", .destination = "", .payload = "A", .lane = Lane::alert});
    Outbox::add(t, {.kind = "letter", .destination = "", .payload = "C", .lane = Lane::containment});
    return {};
  }));
  store->run_until_idle();
  EXPECT_EQ(order, "CcAnbb");
}

// An outer task's outcome, an inner delivery that is given up, and a digest's member: what follows is as urgent as
// they are, and a timer too.
TEST(Lanes, UrgencyIsHandedOnByOutcomesAndByWhatIsGivenUp) {
  TestStore store;
  std::string lanes;
  const auto note = [&](Transaction&, const Due& due) -> Result<void> {
    lanes += due.payload + std::to_string(static_cast<int>(due.lane)) + " ";
    return {};
  };
  const auto follow = [](Transaction& t, const Due& due, std::string what, Time at = {}) {
    Outbox::add(t, {.kind = "note", .destination = "", .payload = what + due.payload, .due = at});
  };
  store->outbox().handle("note", note);
  store->outbox().handle("refused",
                         [](Transaction&, const Due&) -> Result<void> { return fail(ErrorCode::denied, "no"); });
  store->outbox().handle_outside(
      "task", [](Due, Outbox::Report report) { report({}); }, 1min,
      [&](Transaction& t, const Due& due, const Result<void>&) {
        follow(t, due, "then-");
        follow(t, due, "later-", t.now() + 10s);
      });
  store->outbox().on_exhausted([&](Transaction& t, const Due& due, const Error&) { follow(t, due, "dead-"); });
  ASSERT_TRUE(store.write([](Transaction& t) -> Result<void> {
    Outbox::add(t, {.kind = "task", .destination = "", .payload = "task", .lane = Lane::alert});
    Outbox::add(t, {.kind = "refused", .destination = "", .payload = "refused", .lane = Lane::containment});
    Outbox::add(t, {.kind = "unknown", .destination = "", .payload = "unknown", .lane = Lane::alert, .retry = {0}});
    Outbox::add(t, {.kind = "refused", .destination = "", .payload = "dull", .lane = Lane::workflow});
    return {};
  }));
  store->run_until_idle();
  store.clock.advance(10s);
  store->run_until_idle();
  EXPECT_EQ(lanes, "dead-refused0 dead-unknown1 dead-dull3 then-task1 later-task1 ");
}

TEST_F(Lined, UrgencyIsHandedOnByTheMembersOfADigest) {
  std::string lanes;
  store->outbox().handle("note", [&](Transaction&, const Due& due) -> Result<void> {
    lanes += due.payload + std::to_string(static_cast<int>(due.lane)) + " ";
    return {};
  });
  store->outbox().on_exhausted([](Transaction& t, const Due& due, const Error&) {
    if (due.is_in_digest) Outbox::add(t, {.kind = "note", .destination = "", .payload = due.payload});
  });
  for (int i = 0; i < 6; ++i) add("a" + std::to_string(i), Lane::alert);
  store->run_until_idle();
  ASSERT_EQ(order, "[a0a1a2a3a4a5] ");
  report(fail(ErrorCode::validation, "no such hook"));
  store->run_until_idle();
  EXPECT_EQ(lanes, "a01 a11 a21 a31 a41 a51 ");
}

}  // namespace
}  // namespace tocsin::store
