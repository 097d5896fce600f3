#include "core/time_format.h"

#include <optional>

#include <fmt/format.h>

namespace tocsin {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

struct Civil {
  std::chrono::year_month_day date;
  std::chrono::hh_mm_ss<Microseconds> time;
};

Civil civil(Time time) {
  const auto day = std::chrono::floor<days>(time);
  return {std::chrono::year_month_day{day}, std::chrono::hh_mm_ss<Microseconds>{time - day}};
}

// Takes exactly `count` digits off the front of `text`.
std::optional<int> take_digits(std::string_view& text, std::size_t count) {
  if (text.size() < count) return std::nullopt;
  int value = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(count);
  return value;
}

bool take(std::string_view& text, char wanted) {
  if (text.empty() || text.front() != wanted) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<Time> make_time(int y, int mo, int d, int h, int mi, int s) {
  const std::chrono::year_month_day date{std::chrono::year{y}, std::chrono::month{static_cast<unsigned>(mo)},
                                         std::chrono::day{static_cast<unsigned>(d)}};
  // 60 is a leap second (RFC 3339, 5.7); it is read as the first second of the next minute.
  if (!date.ok() || h > 23 || mi > 59 || s > 60) return std::nullopt;
  return Time{std::chrono::sys_days{date}} + hours{h} + minutes{mi} + seconds{s};
}

std::optional<Microseconds> take_fraction(std::string_view& text) {
  if (!take(text, '.')) return Microseconds{0};
  std::int64_t us = 0;
  std::size_t digits = 0;
  for (; !text.empty() && text.front() >= '0' && text.front() <= '9'; text.remove_prefix(1), ++digits) {
    if (digits < 6) us = us * 10 + (text.front() - '0');
  }
  if (digits == 0 || digits > 9) return std::nullopt;
  for (; digits < 6; ++digits) us *= 10;
  return Microseconds{us};
}

std::optional<minutes> take_offset(std::string_view& text) {
  if (take(text, 'Z')) return minutes{0};
  const bool minus = !text.empty() && text.front() == '-';
  if (!minus && (text.empty() || text.front() != '+')) return std::nullopt;
  text.remove_prefix(1);
  const auto h = take_digits(text, 2);
  if (!h || !take(text, ':')) return std::nullopt;
  const auto m = take_digits(text, 2);
  if (!m || *h > 23 || *m > 59) return std::nullopt;
  const minutes offset = hours{*h} + minutes{*m};
  return minus ? -offset : offset;
}

std::optional<Time> read_rfc3339(std::string_view text) {
  const auto y = take_digits(text, 4);
  if (!y || !take(text, '-')) return std::nullopt;
  const auto mo = take_digits(text, 2);
  if (!mo || !take(text, '-')) return std::nullopt;
  const auto d = take_digits(text, 2);
  if (!d || !take(text, 'T')) return std::nullopt;
  const auto h = take_digits(text, 2);
  if (!h || !take(text, ':')) return std::nullopt;
  const auto mi = take_digits(text, 2);
  if (!mi || !take(text, ':')) return std::nullopt;
  const auto s = take_digits(text, 2);
  if (!s) return std::nullopt;
  const auto fraction = take_fraction(text);
  if (!fraction) return std::nullopt;
  const auto offset = take_offset(text);
  if (!offset || !text.empty()) return std::nullopt;
  const auto time = make_time(*y, *mo, *d, *h, *mi, *s);
  if (!time) return std::nullopt;
  return *time + *fraction - *offset;
}

std::optional<Time> read_basic(std::string_view text) {
  const auto y = take_digits(text, 4);
  const auto mo = take_digits(text, 2);
  const auto d = take_digits(text, 2);
  if (!y || !mo || !d || !take(text, 'T')) return std::nullopt;
  const auto h = take_digits(text, 2);
  const auto mi = take_digits(text, 2);
  const auto s = take_digits(text, 2);
  if (!h || !mi || !s || text != "Z") return std::nullopt;
  return make_time(*y, *mo, *d, *h, *mi, *s);
}

std::string seconds_text(const Civil& c) {
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(c.date.year()),
                     static_cast<unsigned>(c.date.month()), static_cast<unsigned>(c.date.day()), c.time.hours().count(),
                     c.time.minutes().count(), c.time.seconds().count());
}

}  // namespace

std::string format_rfc3339(Time time) {
  const Civil c = civil(time);
  return fmt::format("{}.{:03}Z", seconds_text(c), c.time.subseconds().count() / 1000);
}

std::string format_rfc3339_seconds(Time time) {
  return seconds_text(civil(time)) + "Z";
}

std::string format_basic(Time time) {
  const Civil c = civil(time);
  return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}Z", static_cast<int>(c.date.year()),
                     static_cast<unsigned>(c.date.month()), static_cast<unsigned>(c.date.day()), c.time.hours().count(),
                     c.time.minutes().count(), c.time.seconds().count());
}

Result<Time> parse_rfc3339(std::string_view text) {
  if (const auto time = read_rfc3339(text)) return *time;
  return fail(ErrorCode::validation, fmt::format("'{}' is not an RFC 3339 timestamp", text.substr(0, 64)));
}

Result<Time> parse_basic(std::string_view text) {
  if (const auto time = read_basic(text)) return *time;
  return fail(ErrorCode::validation, fmt::format("'{}' is not a timestamp like 20261122T162026Z", text.substr(0, 64)));
}

}  // namespace tocsin
