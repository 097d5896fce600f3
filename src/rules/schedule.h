// Schedule expressions of scheduled rules: rate(value unit) and cron(minutes hours day-of-month month day-of-week
// year), in UTC, with a resolution of one minute. Pure. Source: EventBridge user guide, "Cron expressions reference"
// and "Rate expressions reference".
#pragma once

#include <bitset>
#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>

#include "core/clock.h"
#include "core/result.h"

namespace tocsin::rules {

inline constexpr int schedule_year_min = 1970;
inline constexpr int schedule_year_max = 2199;

struct Rate {
  std::chrono::minutes period;
};

// Which days of a month count. Only one of day-of-month and day-of-week speaks; the other is "?".
struct DaysOfMonth {
  enum class Kind { listed, last, last_weekday, nearest_weekday };
  Kind kind = Kind::listed;
  std::uint32_t days = 0;  // listed: bit n = day n
  unsigned day = 0;        // nearest_weekday ("3W"): the weekday nearest to it within the month
};
struct DaysOfWeek {
  enum class Kind { listed, last_of_month, nth_of_month };
  Kind kind = Kind::listed;
  std::uint32_t days = 0;  // listed: bit 0 = Sunday … bit 6 = Saturday
  unsigned day = 0;        // last_of_month ("6L"), nth_of_month ("3#2"): 0 = Sunday
  unsigned nth = 0;        // nth_of_month: 1 to 5
};

struct Cron {
  std::uint64_t minutes = 0;  // bit n = minute n
  std::uint32_t hours = 0;    // bit n = hour n
  std::uint32_t months = 0;   // bit n = month n, from 1
  std::variant<DaysOfMonth, DaysOfWeek> days;
  std::bitset<schedule_year_max - schedule_year_min + 1> years;  // bit 0 = 1970
};

using Schedule = std::variant<Rate, Cron>;

// Error: validation, aws_code ValidationException, with EventBridge's message.
Result<Schedule> parse_schedule(std::string_view text);

// The first time after `after` (exclusive). A rate counts from `after`. Nothing: the schedule never comes up again.
std::optional<Time> next_after(const Schedule& schedule, Time after);

// The first time after `now` of a schedule that was due at `due` last: a rate keeps its phase, and what was missed is
// passed over.
std::optional<Time> next_after_due(const Schedule& schedule, Time due, Time now);

}  // namespace tocsin::rules
