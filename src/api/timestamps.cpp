#include "api/timestamps.h"

#include <charconv>
#include <cmath>
#include <ctime>

#include <fmt/format.h>

#include "core/time_format.h"

namespace tocsin::api {
namespace {

// Years 0001 to 9999, which is what RFC 3339 can write.
constexpr double seconds_min = -62135596800.0;
constexpr double seconds_max = 253402300799.0;

std::unexpected<Error> no_timestamp(std::string_view text) {
  return fail(ErrorCode::validation, fmt::format("'{}' is no valid timestamp", text.substr(0, 100)),
              "SerializationException");
}

constexpr const char* http_date_format = "%a, %d %b %Y %H:%M:%S GMT";

}  // namespace

Result<std::string> timestamp_from_number(double seconds) {
  if (!(seconds >= seconds_min && seconds <= seconds_max)) return no_timestamp(fmt::format("{}", seconds));
  const auto milliseconds = static_cast<std::int64_t>(std::llround(seconds * 1000));
  return format_rfc3339(from_microseconds(milliseconds * 1000));
}

Result<std::string> timestamp_from_text(std::string_view text, std::string_view format) {
  if (format == "rfc822") {
    std::tm parts{};
    const std::string copy{text};
    const char* end = strptime(copy.c_str(), http_date_format, &parts);
    if (end == nullptr || *end != '\0') return no_timestamp(text);
    return format_rfc3339(from_microseconds(static_cast<std::int64_t>(timegm(&parts)) * 1'000'000));
  }
  if (const auto time = parse_rfc3339(text)) return format_rfc3339(*time);
  double seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc{} || end != text.data() + text.size()) return no_timestamp(text);
  return timestamp_from_number(seconds);
}

std::string timestamp_to_text(std::string_view document, std::string_view format) {
  const auto time = parse_rfc3339(document);
  if (!time) return std::string(document);
  if (format == "unixTimestamp") return fmt::format("{}", to_epoch_seconds(*time));
  if (format == "rfc822") {
    const std::time_t seconds = to_epoch_seconds(*time);
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    char out[64];
    const auto size = std::strftime(out, sizeof out, http_date_format, &parts);
    return {out, size};
  }
  return format_rfc3339(*time);
}

json::value timestamp_to_json(const json::value& document, std::string_view format) {
  if (!document.is_string() || format == "iso8601") return document;
  const auto time = parse_rfc3339(document.get_string());
  if (!time) return document;
  if (format == "rfc822") return json::string(timestamp_to_text(document.get_string(), format));
  const std::int64_t us = to_microseconds(*time);
  if (us % 1'000'000 == 0) return us / 1'000'000;
  return static_cast<double>(us / 1000) / 1000.0;
}

}  // namespace tocsin::api
