#include "webhook/detail/lines.h"

#include <gtest/gtest.h>

#include "core/random.h"

namespace tocsin::webhook {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

class LinesTest : public testing::Test {
 protected:
  static Job job(std::string url, std::string key, std::string host = "h", milliseconds pace = 0ms) {
    return {.request = {.url = std::move(url), .host = std::move(host), .body = "", .headers = {}, .pace = pace},
            .key = std::move(key),
            .report = {},
            .entered = {}};
  }
  bool enter(Job one) { return lines.enter(one, now, pause); }
  std::string ready() {
    std::string keys;
    for (auto& one : lines.take_ready(now)) {
      keys += one.key;
      under_way.push_back(std::move(one));
    }
    return keys;
  }
  void finish(std::size_t which, bool reachable, milliseconds asked = 0ms) {
    lines.finish(under_way.at(which), reachable, asked, now);
    under_way.erase(under_way.begin() + static_cast<std::ptrdiff_t>(which));
  }
  std::string stale() {
    std::string keys;
    for (const auto& returned : lines.take_stale(now)) {
      keys += returned.job.key;
      pause = returned.pause;
    }
    return keys;
  }

  Options options{.transfers_max = 3, .waiting_per_url_max = 4, .waiting_max = 8};
  Lines lines{options};
  Instant now{1000h};
  milliseconds pause{0};
  std::vector<Job> under_way;
};

TEST_F(LinesTest, AHostGetsTwoAtOnceAndLinesTakeTurns) {
  for (const auto* key : {"a", "b", "c"}) ASSERT_TRUE(enter(job("u1", key, "slow")));
  ASSERT_TRUE(enter(job("u2", "d", "slow")));
  ASSERT_TRUE(enter(job("u3", "e", "fast")));
  EXPECT_EQ(ready(), "ade");  // three in all, two to one host, one of each line
  finish(2, true);
  EXPECT_EQ(ready(), "");
  finish(0, true);
  EXPECT_EQ(ready(), "b");
}

TEST_F(LinesTest, APacedLineGoesOneByOne) {
  ASSERT_TRUE(enter(job("u", "a", "h", 1s)));
  ASSERT_TRUE(enter(job("u", "b", "h", 1s)));
  EXPECT_EQ(ready(), "a");
  now += 1s;
  EXPECT_EQ(ready(), "");  // the first is under way still
  finish(0, true);
  EXPECT_EQ(ready(), "b");
  finish(0, true);
  ASSERT_TRUE(enter(job("u", "c", "h", 1s)));
  EXPECT_EQ(ready(), "");
  EXPECT_LE(lines.next(now) - now, 1s);
  now += 1s;
  EXPECT_EQ(ready(), "c");
}

TEST_F(LinesTest, EveryBoundRefuses) {
  for (const auto* key : {"a", "b", "c", "d"}) ASSERT_TRUE(enter(job("u", key)));
  EXPECT_FALSE(enter(job("u", "e")));
  EXPECT_GE(pause, 1s);
  for (const auto* key : {"f", "g", "h", "i"}) ASSERT_TRUE(enter(job("v", key)));
  EXPECT_FALSE(enter(job("w", "j")));
  EXPECT_EQ(lines.waiting(), 8u);
  EXPECT_TRUE(lines.knows("a"));
  EXPECT_FALSE(lines.knows("j"));
}

TEST_F(LinesTest, AFailingReceiverIsLeftAlone) {
  ASSERT_TRUE(enter(job("u", "a")));
  EXPECT_EQ(ready(), "a");
  for (const auto* key : {"b", "c"}) ASSERT_TRUE(enter(job("u", key)));
  finish(0, false);
  EXPECT_EQ(ready(), "");
  now += 1s;
  EXPECT_EQ(ready(), "b");  // after trouble one at a time
  finish(0, false, 45s);
  EXPECT_EQ(stale(), "c");  // it cannot wait so long
  EXPECT_EQ(pause, 45s);
  EXPECT_FALSE(enter(job("u", "d")));
  EXPECT_EQ(pause, 45s);
  ASSERT_TRUE(enter(job("v", "e", "other")));
  EXPECT_EQ(ready(), "e");
  now += 45s;
  ASSERT_TRUE(enter(job("u", "f")));
  EXPECT_EQ(ready(), "f");
  finish(1, true);
  for (const auto* key : {"g", "h"}) ASSERT_TRUE(enter(job("u", key)));
  EXPECT_EQ(ready(), "gh");
}

TEST_F(LinesTest, WhatWaitsTooLongGoesBack) {
  for (const auto* key : {"a", "b", "c"}) ASSERT_TRUE(enter(job("u", key)));
  EXPECT_EQ(ready(), "ab");
  now += 59s;
  EXPECT_EQ(stale(), "");
  now += 1s;
  EXPECT_EQ(stale(), "c");
  EXPECT_FALSE(lines.knows("c"));
}

TEST_F(LinesTest, IdleLinesAreForgotten) {
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(enter(job("u" + std::to_string(i), "k")));
    EXPECT_EQ(ready(), "k");
    finish(0, i % 2 == 0);
    now += 1s;
  }
  now += 11min;
  ASSERT_TRUE(enter(job("last", "k")));
  EXPECT_EQ(lines.lines(), 1u);
}

// Law: whatever comes and goes, counts stay right, bounds hold, and nothing is lost.
TEST_F(LinesTest, NothingIsLost) {
  SeededRandom random{11};
  std::size_t entered = 0, out = 0;
  for (int step = 0; step < 5000; ++step) {
    const auto what = random.below(6);
    if (what < 2) {
      const auto url = std::to_string(random.below(5));
      if (enter(job(url, std::to_string(step), "h" + std::to_string(random.below(2)), random.below(2) * 100ms)))
        ++entered;
    } else if (what == 2) {
      ready();
    } else if (what == 3 && !under_way.empty()) {
      finish(random.below(under_way.size()), random.below(3) > 0, milliseconds{random.below(50'000)});
      ++out;
    } else if (what == 4) {
      out += lines.take_stale(now).size();
    } else {
      now += milliseconds{random.below(3000)};
    }
    ASSERT_LE(under_way.size(), options.transfers_max);
    ASSERT_LE(lines.waiting(), options.waiting_max);
    ASSERT_EQ(lines.under_way(), under_way.size());
    ASSERT_EQ(entered, out + lines.waiting() + under_way.size());
  }
  EXPECT_GT(out, 500u);
}

}  // namespace
}  // namespace tocsin::webhook
