// Leases and lines after commits that fail: what was thought of them is that of the rows again.
#include <gtest/gtest.h>

#include "core/check.h"
#include "store/testing.h"

namespace tocsin::store {
namespace {

using namespace std::chrono_literals;

class FailingDisk : public testing::Test {
 protected:
  FailingDisk() {
    char pattern[] = "/tmp/tocsin-test-XXXXXX";
    check(mkdtemp(pattern) != nullptr, "a temporary folder can be made");
    folder = pattern;
    auto opened = Store::open({.file = folder / "store.db",
                               .clock = &clock,
                               .random = &random,
                               .threaded = false,
                               .durable = false,
                               .before_commit = [this](std::uint64_t) -> Result<void> {
                                 if (full) return fail(ErrorCode::unavailable, "disk full");
                                 return {};
                               }},
                              {});
    check(opened.has_value(), "the store opens");
    store = std::move(*opened);
    store->outbox().handle_outside(
        "post",
        [this](Due due, Outbox::Report report) {
          order += due.payload + " ";
          under_way.push_back(std::move(report));
        },
        2min);
    store->outbox().line_up("post", {.in_hand_max = 1});
  }
  ~FailingDisk() override {
    store.reset();
    std::filesystem::remove_all(folder);
  }
  void add(std::string payload) {
    ASSERT_TRUE(store->write(Lane::notice, [&](Transaction& t) -> Result<void> {
      Outbox::add(t, {.kind = "post", .destination = "a", .payload = payload});
      return {};
    }));
  }
  void report(std::size_t which = 0) {
    auto one = std::move(under_way.at(which));
    under_way.erase(under_way.begin() + static_cast<std::ptrdiff_t>(which));
    one({});
  }

  std::filesystem::path folder;
  ManualClock clock{Time{1h}};
  SeededRandom random{1};
  bool full = false;
  std::unique_ptr<Store> store;
  std::string order;
  std::vector<Outbox::Report> under_way;
};

TEST_F(FailingDisk, ALeaseThatEndsInACommitThatFailsEndsInTheNext) {
  add("x");
  store->run_until_idle();
  clock.advance(2min);
  full = true;
  store->run_until_idle();
  EXPECT_EQ(order, "x ");
  full = false;
  store->run_until_idle();
  EXPECT_EQ(order, "x x ");
}

TEST_F(FailingDisk, AnOutcomeThatIsNotWrittenLeavesItInHand) {
  for (const auto* text : {"x", "y", "z"}) add(text);
  store->run_until_idle();
  full = true;
  report();
  full = false;
  store->run_until_idle();
  EXPECT_EQ(order, "x ");  // still in hand, as its row says
  clock.advance(2min);
  store->run_until_idle();
  EXPECT_EQ(order, "x x ");
  report();
  store->run_until_idle();
  EXPECT_EQ(order, "x x y ");
}

TEST_F(FailingDisk, ALeaseThatIsNotWrittenIsNoneInHand) {
  add("x");
  full = true;
  store->run_until_idle();
  EXPECT_EQ(order, "");
  full = false;
  store->run_until_idle();
  EXPECT_EQ(order, "x ");
}

// The lease has ended and the next try is under way when the first one reports: that one stays in hand.
TEST_F(FailingDisk, ALateReportGivesBackItsOwnTryOnly) {
  for (const auto* text : {"x", "y", "z"}) add(text);
  store->run_until_idle();
  clock.advance(2min);
  store->run_until_idle();
  ASSERT_EQ(order, "x x ");
  report(0);
  store->run_until_idle();
  EXPECT_EQ(order, "x x ");
  report(0);
  store->run_until_idle();
  EXPECT_EQ(order, "x x y ");
}

}  // namespace
}  // namespace tocsin::store
