#include "rules/schedule.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <span>
#include <vector>

namespace tocsin::rules {
namespace {

using std::chrono::sys_days;
using std::chrono::weekday;
using std::chrono::year;
using std::chrono::year_month;
using std::chrono::year_month_day;

std::optional<int> to_number(std::string_view text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || text.empty() || text.front() == '-')
    return std::nullopt;
  return number;
}

std::vector<std::string_view> split(std::string_view text, std::string_view separators) {
  std::vector<std::string_view> parts;
  while (true) {
    const auto end = text.find_first_of(separators);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

bool same_word(std::string_view a, std::string_view upper) {
  return std::ranges::equal(a, upper, [](char x, char y) { return (x >= 'a' && x <= 'z' ? x - 'a' + 'A' : x) == y; });
}

constexpr std::array<std::string_view, 12> month_names = {"JAN", "FEB", "MAR", "APR", "MAY", "JUN",
                                                          "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"};
constexpr std::array<std::string_view, 7> day_names = {"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"};

struct Field {
  int min;
  int max;
  std::span<const std::string_view> names = {};  // names[0] stands for min
};
constexpr Field minute_field{0, 59}, hour_field{0, 23}, day_field{1, 31}, month_field{1, 12, month_names},
    weekday_field{1, 7, day_names}, year_field{schedule_year_min, schedule_year_max};

std::optional<int> field_value(const Field& field, std::string_view text) {
  for (std::size_t i = 0; i < field.names.size(); ++i)
    if (same_word(text, field.names[i])) return field.min + static_cast<int>(i);
  const auto number = to_number(text);
  if (!number || *number < field.min || *number > field.max) return std::nullopt;
  return number;
}

// One element of a list: "*", "5", "1-5", "FRI-MON" (over the end of the week), each with "/step" or not.
// "5/10" runs from 5 to the end of the field.
template <class Set>
bool add_element(const Field& field, std::string_view text, Set set) {
  int step = 1;
  const auto slash = text.find('/');
  if (slash != std::string_view::npos) {
    const auto number = to_number(text.substr(slash + 1));
    if (!number || *number < 1 || *number > field.max) return false;
    step = *number;
    text = text.substr(0, slash);
  }
  int from = field.min, to = field.max;
  if (text != "*") {
    const auto dash = text.find('-');
    const auto first = field_value(field, text.substr(0, dash));
    if (!first) return false;
    from = *first;
    if (dash != std::string_view::npos) {
      const auto last = field_value(field, text.substr(dash + 1));
      if (!last) return false;
      to = *last;
    } else if (slash == std::string_view::npos) {
      to = from;
    }
  }
  if (to < from) to += field.max - field.min + 1;
  for (int value = from; value <= to; value += step)
    set(value <= field.max ? value : value - (field.max - field.min + 1));
  return true;
}

template <class Set>
bool add_list(const Field& field, std::string_view text, Set set) {
  return std::ranges::all_of(split(text, ","), [&](std::string_view part) { return add_element(field, part, set); });
}

template <class Bits>
bool parse_bits(const Field& field, std::string_view text, Bits& bits) {
  return add_list(field, text, [&](int value) { bits |= Bits{1} << value; });
}

bool parse_days_of_month(std::string_view text, DaysOfMonth& days) {
  if (text == "L") {
    days.kind = DaysOfMonth::Kind::last;
    return true;
  }
  if (text == "LW") {
    days.kind = DaysOfMonth::Kind::last_weekday;
    return true;
  }
  if (text.ends_with('W')) {
    const auto day = field_value(day_field, text.substr(0, text.size() - 1));
    if (!day) return false;
    days.kind = DaysOfMonth::Kind::nearest_weekday;
    days.day = static_cast<unsigned>(*day);
    return true;
  }
  return parse_bits(day_field, text, days.days);
}

bool parse_days_of_week(std::string_view text, DaysOfWeek& days) {
  if (text == "L") {  // the last day of the week
    days.days = 1u << 6;
    return true;
  }
  const auto day_of = [](std::string_view name) { return field_value(weekday_field, name); };
  if (const auto hash = text.find('#'); hash != std::string_view::npos) {
    const auto day = day_of(text.substr(0, hash));
    const auto nth = to_number(text.substr(hash + 1));
    if (!day || !nth || *nth < 1 || *nth > 5) return false;
    days = {DaysOfWeek::Kind::nth_of_month, 0, static_cast<unsigned>(*day - 1), static_cast<unsigned>(*nth)};
    return true;
  }
  if (text.ends_with('L')) {
    const auto day = day_of(text.substr(0, text.size() - 1));
    if (!day) return false;
    days = {DaysOfWeek::Kind::last_of_month, 0, static_cast<unsigned>(*day - 1), 0};
    return true;
  }
  return add_list(weekday_field, text, [&](int value) { days.days |= 1u << (value - 1); });
}

std::optional<Schedule> parse_cron(std::string_view inside) {
  std::vector<std::string_view> fields;
  for (const auto part : split(inside, " \t"))
    if (!part.empty()) fields.push_back(part);
  if (fields.size() != 6) return std::nullopt;

  Cron cron;
  if (!parse_bits(minute_field, fields[0], cron.minutes) || !parse_bits(hour_field, fields[1], cron.hours) ||
      !parse_bits(month_field, fields[3], cron.months))
    return std::nullopt;
  if ((fields[2] == "?") == (fields[4] == "?")) return std::nullopt;
  if (fields[4] == "?") {
    if (!parse_days_of_month(fields[2], cron.days.emplace<DaysOfMonth>())) return std::nullopt;
  } else {
    if (!parse_days_of_week(fields[4], cron.days.emplace<DaysOfWeek>())) return std::nullopt;
  }
  if (!add_list(year_field, fields[5],
                [&](int value) { cron.years.set(static_cast<std::size_t>(value - schedule_year_min)); }))
    return std::nullopt;
  return cron;
}

// "5 minutes", "1 hour". The unit is singular exactly for 1.
std::optional<Schedule> parse_rate(std::string_view inside) {
  const auto parts = split(inside, " ");
  if (parts.size() != 2) return std::nullopt;
  const auto value = to_number(parts[0]);
  if (!value || *value < 1) return std::nullopt;
  std::string_view unit = parts[1];
  if (unit.ends_with('s') == (*value == 1)) return std::nullopt;
  if (*value > 1) unit.remove_suffix(1);
  const int minutes = unit == "minute" ? 1 : unit == "hour" ? 60 : unit == "day" ? 24 * 60 : 0;
  // Ten years at most: the times that follow must fit, and nobody means more.
  constexpr int minutes_max = 3650 * 24 * 60;
  if (minutes == 0 || *value > minutes_max / minutes) return std::nullopt;
  return Rate{std::chrono::minutes{minutes} * *value};
}

unsigned days_in(year_month month) {
  return static_cast<unsigned>(year_month_day{month / std::chrono::last}.day());
}

unsigned weekday_of(year_month month, unsigned day) {
  return weekday{sys_days{month / std::chrono::day{day}}}.c_encoding();
}

// The weekday nearest to `day`, without leaving the month.
unsigned nearest_weekday(year_month month, unsigned day) {
  const unsigned last = days_in(month);
  switch (weekday_of(month, day)) {
    case 6:
      return day > 1 ? day - 1 : day + 2;
    case 0:
      return day < last ? day + 1 : day - 2;
    default:
      return day;
  }
}

std::uint32_t days_of(const DaysOfMonth& rule, year_month month) {
  const unsigned last = days_in(month);
  switch (rule.kind) {
    case DaysOfMonth::Kind::last:
      return 1u << last;
    case DaysOfMonth::Kind::last_weekday:
      return 1u << nearest_weekday(month, last);
    case DaysOfMonth::Kind::nearest_weekday:
      return rule.day <= last ? 1u << nearest_weekday(month, rule.day) : 0;
    case DaysOfMonth::Kind::listed:
      break;
  }
  return rule.days & static_cast<std::uint32_t>((std::uint64_t{2} << last) - 1);
}

std::uint32_t days_of(const DaysOfWeek& rule, year_month month) {
  const unsigned last = days_in(month);
  const unsigned first_weekday = weekday_of(month, 1);
  const unsigned first = 1 + (rule.day + 7 - first_weekday) % 7;  // the first day of the month that is rule.day
  switch (rule.kind) {
    case DaysOfWeek::Kind::last_of_month:
      return 1u << (first + (last - first) / 7 * 7);
    case DaysOfWeek::Kind::nth_of_month: {
      const unsigned day = first + (rule.nth - 1) * 7;
      return day <= last ? 1u << day : 0;
    }
    case DaysOfWeek::Kind::listed:
      break;
  }
  std::uint32_t days = 0;
  for (unsigned day = 1; day <= last; ++day)
    if (rule.days >> ((first_weekday + day - 1) % 7) & 1u) days |= 1u << day;
  return days;
}

// The first time on `day` at or after minute `from` of it.
std::optional<Time> first_on(const Cron& cron, sys_days day, int from) {
  for (int hour = from / 60; hour < 24; ++hour) {
    if (!(cron.hours >> hour & 1u)) continue;
    for (int minute = hour == from / 60 ? from % 60 : 0; minute < 60; ++minute)
      if (cron.minutes >> minute & 1u) return Time{day} + std::chrono::hours{hour} + std::chrono::minutes{minute};
  }
  return std::nullopt;
}

std::optional<Time> next_after(const Cron& cron, Time after) {
  const Time start = std::chrono::floor<std::chrono::minutes>(after) + std::chrono::minutes{1};
  const sys_days start_day = std::chrono::floor<std::chrono::days>(start);
  const int start_minute = static_cast<int>((start - Time{start_day}) / std::chrono::minutes{1});
  const year_month_day date{start_day};

  for (int y = std::max(static_cast<int>(date.year()), schedule_year_min); y <= schedule_year_max; ++y) {
    if (!cron.years.test(static_cast<std::size_t>(y - schedule_year_min))) continue;
    for (unsigned m = 1; m <= 12; ++m) {
      const year_month month{year{y}, std::chrono::month{m}};
      if (!(cron.months >> m & 1u) || month < year_month{date.year(), date.month()}) continue;
      const std::uint32_t days = std::visit([&](const auto& rule) { return days_of(rule, month); }, cron.days);
      for (unsigned d = 1; d <= 31; ++d) {
        if (!(days >> d & 1u)) continue;
        const sys_days day{month / std::chrono::day{d}};
        if (day < start_day) continue;
        if (const auto time = first_on(cron, day, day == start_day ? start_minute : 0)) return time;
      }
    }
  }
  return std::nullopt;
}

}  // namespace

Result<Schedule> parse_schedule(std::string_view text) {
  std::optional<Schedule> schedule;
  if (text.ends_with(')')) {
    if (text.starts_with("rate(")) schedule = parse_rate(text.substr(5, text.size() - 6));
    if (text.starts_with("cron(")) schedule = parse_cron(text.substr(5, text.size() - 6));
  }
  if (!schedule)
    return fail(ErrorCode::validation, "Parameter ScheduleExpression is not valid.", "ValidationException",
                "ScheduleExpression");
  return *std::move(schedule);
}

std::optional<Time> next_after(const Schedule& schedule, Time after) {
  if (const auto* rate = std::get_if<Rate>(&schedule)) return after + rate->period;
  return next_after(std::get<Cron>(schedule), after);
}

std::optional<Time> next_after_due(const Schedule& schedule, Time due, Time now) {
  if (const auto* rate = std::get_if<Rate>(&schedule)) {
    const auto periods = now < due ? 0 : (now - due) / Microseconds{rate->period};
    return due + (periods + 1) * Microseconds{rate->period};
  }
  return next_after(std::get<Cron>(schedule), std::max(due, now));
}

}  // namespace tocsin::rules
