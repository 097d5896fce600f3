#include "pattern/detail/number.h"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <string>

namespace tocsin::pattern {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// The decimal 0.d1d2d3… × 10^exponent, d1 and the last digit not zero; no digits = zero.
struct Decimal {
  char digits[18];  // only the first 18 significant ones are kept
  int count = 0;    // of significant digits; may be over 18
  long exponent = 0;
};

long read_exponent(std::string_view text) {
  bool negative = false;
  if (!text.empty() && (text.front() == '+' || text.front() == '-')) {
    negative = text.front() == '-';
    text.remove_prefix(1);
  }
  long value = 0;
  for (const char c : text) {
    if (value < 100'000'000) value = value * 10 + (c - '0');
  }
  return negative ? -value : value;
}

Decimal read_decimal(std::string_view text) {
  Decimal decimal;
  int zeros = 0;  // seen since the last digit that is not zero
  bool fraction = false;
  for (std::size_t i = text.front() == '-' ? 1 : 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '.') {
      fraction = true;
      continue;
    }
    if (!is_digit(c)) {
      decimal.exponent += read_exponent(text.substr(i + 1));
      break;
    }
    if (c == '0' && decimal.count == 0) {
      if (fraction) --decimal.exponent;
      continue;
    }
    if (!fraction) ++decimal.exponent;
    if (c == '0') {
      ++zeros;
      continue;
    }
    for (; zeros > 0; --zeros, ++decimal.count) {
      if (decimal.count < 18) decimal.digits[decimal.count] = '0';
    }
    if (decimal.count < 18) decimal.digits[decimal.count] = c;
    ++decimal.count;
  }
  return decimal;
}

bool same(const Decimal& a, const Decimal& b) {
  return a.count == b.count && a.exponent == b.exponent &&
         std::string_view(a.digits, static_cast<std::size_t>(a.count)) ==
             std::string_view(b.digits, static_cast<std::size_t>(b.count));
}

bool is_shortest(const Decimal& decimal, double value) {
  char buffer[32];
  auto printed = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific);
  if (same(decimal, read_decimal({buffer, static_cast<std::size_t>(printed.ptr - buffer)}))) return true;
  if (std::fabs(value) > 1e-320) return false;
  printed = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific, 1);
  return same(decimal, read_decimal({buffer, static_cast<std::size_t>(printed.ptr - buffer)}));
}

}  // namespace

Number read_number(std::string_view text) {
  const Decimal decimal = read_decimal(text);
  if (decimal.count == 0) return {true, 0.0};
  if (decimal.count > 17) return {false, 0.0};
  double value = 0.0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc{} || !std::isfinite(value) || value == 0.0) return {false, 0.0};
  // 15 digits always survive the way into binary64 and back (DBL_DIG), away from the denormals.
  const bool survives = decimal.count <= 15 && decimal.exponent > -300;
  if (!survives && !is_shortest(decimal, value)) return {false, 0.0};
  return {true, value};
}

const char* skip_number(const char* p, const char* end) {
  if (p != end && *p == '-') ++p;
  if (p == end || !is_digit(*p)) return nullptr;
  if (*p == '0') {
    ++p;
  } else {
    while (p != end && is_digit(*p)) ++p;
  }
  if (p != end && *p == '.') {
    ++p;
    if (p == end || !is_digit(*p)) return nullptr;
    while (p != end && is_digit(*p)) ++p;
  }
  if (p != end && (*p == 'e' || *p == 'E')) {
    ++p;
    if (p != end && (*p == '+' || *p == '-')) ++p;
    if (p == end || !is_digit(*p)) return nullptr;
    while (p != end && is_digit(*p)) ++p;
  }
  return p;
}

}  // namespace tocsin::pattern
