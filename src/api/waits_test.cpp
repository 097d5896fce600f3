#include "api/waits.h"

#include <atomic>
#include <future>

#include <gtest/gtest.h>

namespace tocsin::api {
namespace {

using namespace std::chrono_literals;
using Why = Waits::Why;

auto in(std::chrono::milliseconds time) {
  return std::chrono::steady_clock::now() + time;
}

TEST(Waits, ASignalWakesTheFirstInTurn) {
  Waits waits{10};
  std::vector<int> woken;
  for (int i = 0; i < 3; ++i) waits.add("q", waits.sequence(), in(1h), [&woken, i](Why) { woken.push_back(i); });
  waits.raise("other");
  EXPECT_TRUE(woken.empty());
  waits.raise("q");
  waits.raise("q");
  EXPECT_EQ(woken, (std::vector{0, 1}));
  EXPECT_EQ(waits.size(), 1u);
}

TEST(Waits, ASignalBetweenTheRunAndTheWaitIsNotMissed) {
  Waits waits{10};
  const auto since = waits.sequence();
  waits.raise("q");
  std::promise<Why> woken;
  waits.add("q", since, in(1h), [&](Why why) { woken.set_value(why); });
  EXPECT_EQ(woken.get_future().get(), Why::signalled);
}

TEST(Waits, EndAfterTheirTime) {
  Waits waits{10};
  std::promise<Why> woken;
  waits.add("q", waits.sequence(), in(1h), [](Why) {});
  waits.add("q", waits.sequence(), in(20ms), [&](Why why) { woken.set_value(why); });
  EXPECT_EQ(woken.get_future().get(), Why::timed_out);
  EXPECT_EQ(waits.size(), 1u);
}

TEST(Waits, ARemovedWaitIsNotWoken) {
  Waits waits{10};
  bool woken = false;
  const auto number = waits.add("q", waits.sequence(), in(1h), [&](Why) { woken = true; });
  EXPECT_TRUE(waits.remove(number));
  EXPECT_FALSE(waits.remove(number));
  waits.raise("q");
  EXPECT_FALSE(woken);
}

TEST(Waits, ThereIsABoundAndAnEnd) {
  Waits waits{2};
  std::atomic<int> stopped = 0;
  for (int i = 0; i < 2; ++i) {
    EXPECT_NE(waits.add("q", 0, in(1h), [&](Why why) { stopped += why == Why::stopped; }), 0u);
  }
  EXPECT_EQ(waits.add("q", 0, in(1h), [](Why) {}), 0u);
  waits.stop();
  EXPECT_EQ(stopped.load(), 2);
  EXPECT_EQ(waits.add("q", 0, in(1h), [](Why) {}), 0u);
}

// Ten thousand waits, woken and ended from two threads: each exactly once.
TEST(Waits, EachIsWokenExactlyOnce) {
  constexpr int count = 10'000;
  std::atomic<int> woken = 0;
  {
    Waits waits{count};
    for (int i = 0; i < count; ++i)
      waits.add("q" + std::to_string(i % 7), waits.sequence(), in(std::chrono::milliseconds{i % 50}),
                [&](Why) { ++woken; });
    for (int i = 0; i < count; ++i) waits.raise("q" + std::to_string(i % 7));
  }
  EXPECT_EQ(woken.load(), count);
}

}  // namespace
}  // namespace tocsin::api
