#include "app/log.h"

#include <gtest/gtest.h>

namespace tocsin::app {
namespace {

TEST(LogLimiter, TheSameComesOnceInAWhileAndIsCounted) {
  LogLimiter limiter{std::chrono::seconds{60}};
  const LogLimiter::Instant start{};
  EXPECT_EQ(limiter.admit("a", start), 0u);
  EXPECT_EQ(limiter.admit("b", start), 0u) << "each subject has its own time";
  for (int i = 1; i < 60; ++i) EXPECT_FALSE(limiter.admit("a", start + std::chrono::seconds{i}));
  EXPECT_EQ(limiter.admit("a", start + std::chrono::seconds{60}), 59u);
  EXPECT_FALSE(limiter.admit("a", start + std::chrono::seconds{61}));
  for (std::size_t i = 0; i < 2 * LogLimiter::subjects_max; ++i) limiter.admit(std::to_string(i), start);
  EXPECT_EQ(limiter.admit("after all of them", start + std::chrono::hours{1}), 0u);
}

TEST(LogText, IsOneLine) {
  EXPECT_EQ(log_text("a\nb\x1b[31m"), "a b [31m");
  EXPECT_LT(log_text(std::string(10'000, 'x')).size(), 600u);
}

}  // namespace
}  // namespace tocsin::app
