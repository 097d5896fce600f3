// Numbers as patterns compare them.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace tocsin::pattern {

// A JSON number. If its decimal is the shortest one of a binary64 (or, for the smallest denormals, the two-digit form
// that Java prints), it is compared by that value; otherwise (9007199254740993, 1e400) only by its identical text.
struct Number {
  bool is_comparable;
  double value;  // never -0.0, never infinite; 0 if not comparable
};

// `text` is a JSON number, grammar already checked.
Number read_number(std::string_view text);

// The number that eight digits are, which are the bytes of `word` less '0', the first one in the lowest byte (Mula,
// "SWAR: parse 8 digits").
inline std::uint64_t eight_digits(std::uint64_t word) {
  word = word * 10 + (word >> 8);
  return ((word & 0x000000FF000000FF) * 0x000F424000000064 + (word >> 16 & 0x000000FF000000FF) * 0x0000271000000001) >>
         32;
}

// What a number with many digits lies between, told by the first of them; its binary64 does so too, as it is the
// nearest one. Nothing is said (low > high) of other numbers.
struct NumberBounds {
  double low = 1, high = 0;

  bool are_known() const { return low <= high; }
};
inline NumberBounds bounds_of_number(std::string_view text) {
  constexpr std::uint64_t each = 0x0101010101010101;
  constexpr double scales[] = {1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1e0};
  constexpr double below = 1 - 0x1p-50, above = 1 + 0x1p-50;  // more than what rounding takes
  const bool is_negative = text.front() == '-';
  const char* p = text.data() + (is_negative ? 1 : 0);
  const std::size_t n = text.size() - (is_negative ? 1 : 0);
  if (n < 10 || n > 24 || std::endian::native != std::endian::little) return {};
  const auto load = [](const char* at) {
    std::uint64_t word;
    std::memcpy(&word, at, 8);
    return word;
  };
  const std::uint64_t word = load(p);
  // Only the letter of an exponent has the bit 0x40.
  const std::uint64_t exponent = (word | load(p + n - 8) | load(n > 16 ? p + 8 : p)) & each * 0x40;
  const std::uint64_t no_dot = word ^ each * '.';
  const std::uint64_t dot = (no_dot - each) & ~no_dot & each * 0x80;
  if (exponent != 0 || dot == 0) return {};
  // The seven digits around the point.
  const int whole = std::countr_zero(dot) / 8;
  const std::uint64_t mask = (std::uint64_t{1} << 8 * whole) - 1;
  const std::uint64_t digits = ((word & mask) | (word >> 8 & ~mask)) ^ (each * '0' >> 8);
  const auto first = static_cast<double>(static_cast<std::int64_t>(eight_digits(digits << 8)));
  const double low = first * (scales[whole] * below), high = (first + 1) * (scales[whole] * above);
  return is_negative ? NumberBounds{-high, -low} : NumberBounds{low, high};
}

// The end of the JSON number that starts at `begin`, or null if there is none. Reads below `end` only.
const char* skip_number(const char* begin, const char* end);

}  // namespace tocsin::pattern
