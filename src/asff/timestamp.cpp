#include <array>

#include <fmt/format.h>

#include "asff/validate.h"
#include "core/time_format.h"

namespace tocsin::asff {
namespace {

constexpr std::size_t timestamp_bytes_max = 40;
constexpr int offset_minutes_max = 18 * 60;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
int two_digits(const char* p) {
  return (p[0] - '0') * 10 + (p[1] - '0');
}

// Rewrites what AWS takes beyond RFC 3339 (small t and z, offsets +HHMM and +HH) into RFC 3339. Returns the length, 0
// for what cannot be a timestamp.
std::size_t to_rfc3339(std::string_view text, std::array<char, timestamp_bytes_max + 3>& out) {
  std::size_t n = text.copy(out.data(), text.size());
  if (out[10] == 't') out[10] = 'T';
  if (out[n - 1] == 'z') out[n - 1] = 'Z';
  if (out[n - 1] == 'Z') return n;
  const std::size_t sign = text.find_last_of("+-");
  if (sign == text.npos || sign < 19) return 0;
  const std::string_view offset = text.substr(sign + 1);
  const bool colon = offset.size() == 5 && offset[2] == ':';
  if (!colon && offset.size() != 4 && offset.size() != 2) return 0;
  std::array<char, 4> digits{'0', '0', '0', '0'};
  std::size_t count = 0;
  for (std::size_t i = 0; i < offset.size(); ++i) {
    if (colon && i == 2) continue;
    if (!is_digit(offset[i])) return 0;
    digits[count++] = offset[i];
  }
  if (two_digits(digits.data()) * 60 + two_digits(digits.data() + 2) > offset_minutes_max) return 0;
  n = sign + 1;
  for (std::size_t i = 0; i < 4; ++i) {
    if (i == 2) out[n++] = ':';
    out[n++] = digits[i];
  }
  return n;
}

}  // namespace

Result<Time> parse_timestamp(std::string_view text) {
  if (text.size() >= 20 && text.size() <= timestamp_bytes_max) {
    if (text.back() == 'Z' && text[10] == 'T') return parse_rfc3339(text);
    std::array<char, timestamp_bytes_max + 3> buffer{};
    if (const std::size_t n = to_rfc3339(text, buffer)) return parse_rfc3339({buffer.data(), n});
  }
  return fail(ErrorCode::validation, fmt::format("'{}' is not a timestamp", text.substr(0, timestamp_bytes_max)));
}

}  // namespace tocsin::asff
