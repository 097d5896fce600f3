#include "pattern/detail/number.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>

namespace tocsin::pattern {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// mantissa × 10^exponent.
struct Decimal {
  std::uint64_t mantissa = 0;
  long exponent = 0;
  bool is_negative = false;
  bool is_whole = true;  // all digits are in the mantissa
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

// How many of the eight bytes are digits before the first that is none, and the number that they are.
struct Digits {
  int count;
  std::uint64_t value;
};
Digits read_eight(std::uint64_t word) {
  constexpr std::uint64_t zeros = 0x3030303030303030, high = 0xF0F0F0F0F0F0F0F0;
  word ^= zeros;
  const std::uint64_t others = (word | (word + 0x0606060606060606)) & high;
  const int count = others == 0 ? 8 : std::countr_zero(others) / 8;
  if (count == 0) return {0, 0};
  return {count, eight_digits(word << (64 - 8 * count))};  // leading zeros
}

constexpr std::uint64_t powers_to_8[] = {1, 10, 100, 1'000, 10'000, 100'000, 1'000'000, 10'000'000, 100'000'000};

// The digits from `p` on, at most 19 significant ones. `begin` and `end` are those of the number.
inline __attribute__((always_inline)) const char* read_digits(const char* p, const char* begin, const char* end,
                                                              Decimal& decimal) {
  constexpr std::uint64_t ten_to_11 = 100'000'000'000, ten_to_18 = 1'000'000'000'000'000'000;
  while (std::endian::native == std::endian::little && end - begin >= 8 && p != end && decimal.mantissa < ten_to_11) {
    std::uint64_t word;
    const auto rest = static_cast<int>(std::min<std::ptrdiff_t>(end - p, 8));
    std::memcpy(&word, p + rest - 8, 8);
    const Digits digits = read_eight(word >> (64 - 8 * rest));
    decimal.mantissa = decimal.mantissa * powers_to_8[digits.count] + digits.value;
    p += digits.count;
    if (digits.count < 8) return p;
  }
  for (; p != end && is_digit(*p); ++p) {
    if (decimal.mantissa < ten_to_18) {
      decimal.mantissa = decimal.mantissa * 10 + static_cast<std::uint64_t>(*p - '0');
    } else {
      decimal.is_whole = false;
    }
  }
  return p;
}

inline __attribute__((always_inline)) Decimal read_decimal(std::string_view text) {
  Decimal decimal;
  const char* p = text.data();
  const char* const end = p + text.size();
  if (p != end && *p == '-') {
    decimal.is_negative = true;
    ++p;
  }
  p = read_digits(p, text.data(), end, decimal);
  if (p != end && *p == '.') {
    const char* const fraction = ++p;
    p = read_digits(p, text.data(), end, decimal);
    decimal.exponent = fraction - p;
  }
  if (p != end) decimal.exponent += read_exponent({p + 1, static_cast<std::size_t>(end - p - 1)});
  return decimal;
}

// Without zeros at the end of the mantissa.
void reduce(Decimal& decimal) {
  while (decimal.mantissa % 10 == 0 && decimal.mantissa != 0) {
    decimal.mantissa /= 10;
    ++decimal.exponent;
  }
}

constexpr double exact_powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                   1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
constexpr std::uint64_t integer_powers[] = {1,
                                            10,
                                            100,
                                            1'000,
                                            10'000,
                                            100'000,
                                            1'000'000,
                                            10'000'000,
                                            100'000'000,
                                            1'000'000'000,
                                            10'000'000'000,
                                            100'000'000'000,
                                            1'000'000'000'000,
                                            10'000'000'000'000,
                                            100'000'000'000'000,
                                            1'000'000'000'000'000,
                                            10'000'000'000'000'000,
                                            100'000'000'000'000'000,
                                            1'000'000'000'000'000'000,
                                            10'000'000'000'000'000'000U};

__extension__ typedef unsigned __int128 Wide;

Wide distance(Wide a, Wide b) {
  return a < b ? b - a : a - b;
}

// The quotient must fit, as it does where the numerator's upper half is smaller than the divisor.
std::uint64_t quotient(Wide numerator, std::uint64_t divisor) {
#if defined(__x86_64__)
  std::uint64_t result = static_cast<std::uint64_t>(numerator), rest = static_cast<std::uint64_t>(numerator >> 64);
  __asm__("divq %2" : "+a"(result), "+d"(rest) : "r"(divisor) : "cc");
  return result;
#else
  return static_cast<std::uint64_t>(numerator / divisor);
#endif
}

// mantissa / divisor, a power of ten, as the nearest binary64, with 2^52 < |fraction| < 2^53 and the value
// fraction / 2^shift; and whether it is the shortest decimal of that. All in exact integers. Unknown: ask another way.
enum class Shortest { no, yes, unknown };

Shortest divide(std::uint64_t mantissa, std::uint64_t divisor, double& value) {
  constexpr std::uint64_t two_to_52 = std::uint64_t{1} << 52, two_to_53 = two_to_52 * 2;
  int shift = 53 - (static_cast<int>(std::bit_width(mantissa)) - static_cast<int>(std::bit_width(divisor)));
  if (shift < 1) return Shortest::unknown;
  Wide numerator = static_cast<Wide>(mantissa) << shift;
  std::uint64_t fraction = quotient(numerator, divisor);
  if (fraction >= two_to_53) {
    fraction /= 2;
    --shift;
    numerator >>= 1;
  }
  const auto rest = static_cast<std::uint64_t>(numerator) - fraction * divisor;
  if (rest > divisor / 2) ++fraction;
  if (rest == divisor - rest || fraction <= two_to_52 || fraction >= two_to_53) return Shortest::unknown;
  value = std::bit_cast<double>((fraction & (two_to_52 - 1)) | static_cast<std::uint64_t>(1023 + 52 - shift) << 52);
  // In units of 1 / (2^shift × divisor): how far the binary64 is off, a step of the decimal's last digit, and half a
  // step of the binary64 is half the divisor.
  const Wide off = rest > divisor / 2 ? divisor - rest : rest;
  const Wide step = static_cast<Wide>(1) << shift;
  if (2 * off == step) return Shortest::unknown;
  if (2 * off > step) return Shortest::no;  // the decimal beside it is nearer
  // A decimal with fewer digits is a multiple of ten steps; it must not be read as the same binary64.
  const std::uint64_t last = mantissa % 10;
  const Wide nearest = step * std::min(last, 10 - last);
  if (nearest > off && 2 * (nearest - off) > divisor) return Shortest::yes;
  const Wide binary = static_cast<Wide>(fraction) * divisor;
  for (const std::uint64_t shorter :
       {mantissa - last - 10, mantissa - last, mantissa - last + 10, mantissa - last + 20}) {
    const Wide apart = 2 * distance(binary, static_cast<Wide>(shorter) << shift);
    if (apart == divisor) return Shortest::unknown;
    if (apart < divisor) return Shortest::no;
  }
  return Shortest::yes;
}

// The same by printing the binary64.
Number compare_printed(const Decimal& decimal, std::string_view text) {
  double value = 0.0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc{} || !std::isfinite(value) || value == 0.0) return {false, 0.0};
  const auto is_printed = [&](auto... precision) {
    char buffer[32];
    const auto printed =
        std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific, precision...);
    Decimal other = read_decimal({buffer, static_cast<std::size_t>(printed.ptr - buffer)});
    reduce(other);
    return other.mantissa == decimal.mantissa && other.exponent == decimal.exponent;
  };
  const bool is_shortest = is_printed() || (std::fabs(value) < 1e-320 && is_printed(1));
  return is_shortest ? Number{true, value} : Number{false, 0.0};
}

// Over 19 digits, of which all but 17 may be zeros at the end ("100000000000000000000000").
Number read_long_number(std::string_view text) {
  const std::size_t e = std::min(text.find_first_of("eE"), text.size());
  std::string_view digits = text.substr(0, e);
  long exponent = e < text.size() ? read_exponent(text.substr(e + 1)) : 0;
  const std::size_t point = digits.find('.');
  if (point != std::string_view::npos) {
    while (digits.back() == '0') digits.remove_suffix(1);
    if (digits.back() == '.') digits.remove_suffix(1);
  }
  Decimal decimal;
  if (digits.find('.') == std::string_view::npos) {
    while (digits.size() > 1 && digits.back() == '0') {
      digits.remove_suffix(1);
      ++exponent;
    }
  }
  decimal = read_decimal(digits);
  if (!decimal.is_whole) return {false, 0.0};
  decimal.exponent += exponent;
  reduce(decimal);
  return decimal.mantissa < 100'000'000'000'000'000 ? compare_printed(decimal, text) : Number{false, 0.0};
}

}  // namespace

Number read_number(std::string_view text) {
  Decimal decimal = read_decimal(text);
  if (decimal.mantissa == 0) return {true, 0.0};
  constexpr std::uint64_t ten_to_15 = 1'000'000'000'000'000, ten_to_17 = 100 * ten_to_15;
  if (!decimal.is_whole) return read_long_number(text);
  const auto sign = [&](double value) { return decimal.is_negative ? -value : value; };
  if (decimal.mantissa >= ten_to_15) reduce(decimal);
  // No binary64 needs more than 17 digits.
  if (decimal.mantissa >= ten_to_17) return {false, 0.0};
  // 15 digits always survive the way into binary64 and back (DBL_DIG), and so does whatever is under 2^52 steps of its
  // last digit, as those are wider than those of the binary64. Such a product or quotient of two exact numbers is
  // rounded once, so it is the nearest one.
  constexpr std::uint64_t two_to_52 = std::uint64_t{1} << 52;
  if ((decimal.mantissa < ten_to_15 && decimal.exponent >= -22 && decimal.exponent <= 22) ||
      (decimal.mantissa < two_to_52 && decimal.exponent >= -22 && decimal.exponent <= 0)) {
    const auto mantissa = static_cast<double>(decimal.mantissa);
    return {true, sign(decimal.exponent < 0 ? mantissa / exact_powers[-decimal.exponent]
                                            : mantissa * exact_powers[decimal.exponent])};
  }
  if (decimal.exponent <= 0 && decimal.exponent >= -19) {
    double value = 0;
    const Shortest shortest = divide(decimal.mantissa, integer_powers[-decimal.exponent], value);
    if (shortest == Shortest::yes) return {true, sign(value)};
    if (shortest == Shortest::no) return {false, 0.0};
  }
  reduce(decimal);
  return compare_printed(decimal, text);
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
