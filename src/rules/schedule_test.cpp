#include "rules/schedule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/time_format.h"

namespace tocsin::rules {
namespace {

Time at(std::string_view text) {
  return parse_rfc3339(text).value();
}

std::string next(std::string_view expression, std::string_view after) {
  const auto schedule = parse_schedule(expression);
  if (!schedule) return schedule.error().message;
  const auto time = next_after(*schedule, at(after));
  return time ? format_rfc3339_seconds(*time) : "never";
}

struct Case {
  const char* expression;
  const char* after;
  const char* expected;
};

class NextAfter : public testing::TestWithParam<Case> {};

TEST_P(NextAfter, IsTheFirstTimeThatTheExpressionNames) {
  const auto& [expression, after, expected] = GetParam();
  EXPECT_EQ(next(expression, after), expected) << expression << " after " << after;
}

INSTANTIATE_TEST_SUITE_P(Rate, NextAfter,
                         testing::Values(Case{"rate(1 minute)", "2026-01-01T00:00:20Z", "2026-01-01T00:01:20Z"},
                                         Case{"rate(5 minutes)", "2026-01-01T00:00:00Z", "2026-01-01T00:05:00Z"},
                                         Case{"rate(1 hour)", "2026-01-01T23:30:00Z", "2026-01-02T00:30:00Z"},
                                         Case{"rate(7 days)", "2026-02-27T00:00:00Z", "2026-03-06T00:00:00Z"},
                                         Case{"rate(10080 minutes)", "2026-01-01T00:00:00Z", "2026-01-08T00:00:00Z"}));

// 1 January 2026 is a Thursday.
INSTANTIATE_TEST_SUITE_P(
    Cron, NextAfter,
    testing::Values(
        Case{"cron(0 12 * * ? *)", "2026-01-01T11:59:59Z", "2026-01-01T12:00:00Z"},
        Case{"cron(0 12 * * ? *)", "2026-01-01T12:00:00Z", "2026-01-02T12:00:00Z"},
        Case{"cron(0 12 * * ? *)", "2026-12-31T12:00:01Z", "2027-01-01T12:00:00Z"},
        Case{"cron(5,35 14 * * ? *)", "2026-01-01T14:05:00Z", "2026-01-01T14:35:00Z"},
        Case{"cron(0/15 * * * ? *)", "2026-01-01T00:50:00Z", "2026-01-01T01:00:00Z"},
        Case{"cron(1/10 * * * ? *)", "2026-01-01T00:02:00Z", "2026-01-01T00:11:00Z"},
        Case{"cron(*/20 10-11 * * ? *)", "2026-01-01T11:40:00Z", "2026-01-02T10:00:00Z"},
        Case{"cron(0-10/5 0 * * ? *)", "2026-01-01T00:05:00Z", "2026-01-01T00:10:00Z"},
        Case{"cron(0 18 ? * MON-FRI *)", "2026-01-02T18:00:00Z", "2026-01-05T18:00:00Z"},
        Case{"cron(0 18 ? * 2-6 *)", "2026-01-02T18:00:00Z", "2026-01-05T18:00:00Z"},
        Case{"cron(0 0 ? * fri-mon *)", "2026-01-05T00:00:00Z", "2026-01-09T00:00:00Z"},
        Case{"cron(0 22-2 * * ? *)", "2026-01-01T02:00:00Z", "2026-01-01T22:00:00Z"},
        Case{"cron(0 2 ? * SAT#3 *)", "2026-01-01T00:00:00Z", "2026-01-17T02:00:00Z"},
        Case{"cron(0 2 ? * 5#5 *)", "2026-01-29T02:00:00Z", "2026-04-30T02:00:00Z"},
        Case{"cron(15 10 ? * 6L *)", "2026-01-01T00:00:00Z", "2026-01-30T10:15:00Z"},
        Case{"cron(15 10 ? * FRIL *)", "2026-01-30T10:15:00Z", "2026-02-27T10:15:00Z"},
        Case{"cron(0 0 ? * L *)", "2026-01-01T00:00:00Z", "2026-01-03T00:00:00Z"},
        Case{"cron(0 0 L * ? *)", "2026-02-01T00:00:00Z", "2026-02-28T00:00:00Z"},
        Case{"cron(0 0 L FEB ? *)", "2027-03-01T00:00:00Z", "2028-02-29T00:00:00Z"},
        Case{"cron(0 0 29 2 ? *)", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00Z"},
        Case{"cron(0 0 31 * ? *)", "2026-01-31T00:00:00Z", "2026-03-31T00:00:00Z"},
        Case{"cron(0 9 3W * ? *)", "2026-01-01T00:00:00Z", "2026-01-02T09:00:00Z"},   // 3 January is a Saturday
        Case{"cron(0 9 4W * ? *)", "2026-01-03T00:00:00Z", "2026-01-05T09:00:00Z"},   // 4 January is a Sunday
        Case{"cron(0 9 1W * ? *)", "2026-08-01T00:00:00Z", "2026-08-03T09:00:00Z"},   // a Saturday, the month's first
        Case{"cron(0 9 31W * ? *)", "2026-05-20T00:00:00Z", "2026-05-29T09:00:00Z"},  // a Sunday, the month's last
        Case{"cron(0 9 LW * ? *)", "2026-05-20T00:00:00Z", "2026-05-29T09:00:00Z"},
        Case{"cron(0/5 5 ? JAN 1-5 2022)", "2026-01-01T00:00:00Z", "never"},
        Case{"cron(0 0 1 1 ? 2030-2040/5)", "2031-01-01T00:00:00Z", "2035-01-01T00:00:00Z"},
        Case{"cron(0 0 1,15 JAN,JUL ? 2026)", "2026-01-15T00:00:00Z", "2026-07-01T00:00:00Z"},
        Case{"cron(0  12   * * ? *)", "2026-01-01T11:00:00Z", "2026-01-01T12:00:00Z"},
        Case{"cron(0 0 31 2 ? *)", "2026-01-01T00:00:00Z", "never"}));

class Refused : public testing::TestWithParam<const char*> {};

TEST_P(Refused, WithEventBridgesMessage) {
  const auto schedule = parse_schedule(GetParam());
  ASSERT_FALSE(schedule) << GetParam();
  EXPECT_EQ(schedule.error().message, "Parameter ScheduleExpression is not valid.");
  EXPECT_EQ(schedule.error().aws_code, "ValidationException");
  EXPECT_EQ(schedule.error().code, ErrorCode::validation);
}

INSTANTIATE_TEST_SUITE_P(Rate, Refused,
                         testing::Values("", "rate()", "rate(5)", "rate(5 seconds)", "rate(1 minutes)", "rate(1 hours)",
                                         "rate(1 days)", "rate(5 minute)", "rate(2 hour)", "rate(2 day)",
                                         "rate(0 minutes)", "rate(-5 minutes)", "rate(x minutes)", "rate(5 MINUTES)",
                                         "rate( 5 minutes )", " rate(5 minutes)", "rate(5 minutess)", "rate(5 weeks)",
                                         "rate(99999999999 days)", "rate(2147483647 days)", "rate(3651 days)",
                                         "rate(5 minutes", "Rate(5 minutes)", "5 minutes"));
INSTANTIATE_TEST_SUITE_P(Cron, Refused,
                         testing::Values("cron()", "cron(* * * *)", "cron(0 1 * * * *)", "cron(0 1 ? * ? *)",
                                         "cron(60 1 * * ? *)", "cron(0 24 * * ? *)", "cron(0 1 0 * ? *)",
                                         "cron(0 1 32 * ? *)", "cron(0 1 * 13 ? *)", "cron(0 1 ? * 8 *)",
                                         "cron(0 1 ? * 0 *)", "cron(0 1 ? * MOO *)", "cron(0 1 * JANUARY ? *)",
                                         "cron(0 1 ? * MON#6 *)", "cron(0 1 ? * MON#0 *)", "cron(0 1 3#2 * ? *)",
                                         "cron(0 1 W * ? *)", "cron(0 1 32W * ? *)", "cron(0/0 1 * * ? *)",
                                         "cron(1,,2 1 * * ? *)", "cron(1- 1 * * ? *)", "cron(L 1 * * ? *)",
                                         "cron(0 1 * * ? 1969)", "cron(0 1 * * ? *) ", "cron(0 1 * * ? * *)"));

TEST(NextAfterDue, ARateKeepsItsPhaseAndPassesOverWhatWasMissed) {
  const auto rate = parse_schedule("rate(10 minutes)").value();
  EXPECT_EQ(next_after_due(rate, at("2026-01-01T00:03:00Z"), at("2026-01-01T00:03:00Z")), at("2026-01-01T00:13:00Z"));
  EXPECT_EQ(next_after_due(rate, at("2026-01-01T00:03:00Z"), at("2026-01-01T01:12:59Z")), at("2026-01-01T01:13:00Z"));
  EXPECT_EQ(next_after_due(rate, at("2026-01-01T00:03:00Z"), at("2026-01-01T01:13:00Z")), at("2026-01-01T01:23:00Z"));
  const auto cron = parse_schedule("cron(0 * * * ? *)").value();
  EXPECT_EQ(next_after_due(cron, at("2026-01-01T01:00:00Z"), at("2026-01-01T05:30:00Z")), at("2026-01-01T06:00:00Z"));
}

TEST(NextAfter, NeverGoesBackAndIsStable) {
  for (const char* expression : {"cron(7 3 LW * ? *)", "cron(0/7 0-23/5 ? 1-12/2 MON#2 *)", "cron(59 23 31W 12 ? *)"}) {
    const auto schedule = parse_schedule(expression).value();
    Time time = at("2026-01-01T00:00:00Z");
    for (int i = 0; i < 100; ++i) {
      const auto after = next_after(schedule, time);
      ASSERT_TRUE(after) << expression;
      ASSERT_GT(*after, time) << expression;
      // Nothing in between: one minute before it, it is still the next one.
      EXPECT_EQ(next_after(schedule, *after - std::chrono::seconds{1}), after) << expression;
      time = *after;
    }
  }
}

}  // namespace
}  // namespace tocsin::rules
