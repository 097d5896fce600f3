// Hashes of short texts and of numbers, for the tables of a rule set.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace tocsin::pattern {

inline std::uint64_t load8(const char* p) {
  std::uint64_t v;
  std::memcpy(&v, p, 8);
  return v;
}
__extension__ typedef unsigned __int128 Wide;  // GCC and clang on 64-bit machines

inline std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  const auto product = static_cast<Wide>(a ^ 0x9E3779B97F4A7C15) * (b ^ 0xD1B54A32D192ED03);
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

// The first eight bytes of a text, or all of them and zeros. `is_roomy`: eight bytes may be read that end where these
// do.
inline std::uint64_t first_eight(const char* p, std::size_t n, bool is_roomy) {
  const std::size_t m = n < 8 ? n : 8;
  if (!is_roomy || std::endian::native != std::endian::little) {
    std::uint64_t word = 0;
    for (std::size_t i = m; i-- > 0;) word = word << 8 | static_cast<unsigned char>(p[i]);
    return word;
  }
  const std::uint64_t word = load8(p + m - 8) >> ((64 - 8 * m) & 63);
  return m == 0 ? 0 : word;
}

// A text with its first eight bytes at hand.
struct Word {
  std::string_view text;
  std::uint64_t first;

  explicit Word(std::string_view t, bool is_roomy = false)
      : text(t), first(first_eight(t.data(), t.size(), is_roomy)) {}
};

inline std::uint32_t hash_text(const Word& word) {
  const char* p = word.text.data();
  const std::size_t n = word.text.size();
  std::uint64_t h = mix(n, word.first);
  if (n > 8) {
    for (std::size_t i = 8; i + 8 < n; i += 8) h = mix(h, load8(p + i));
    h = mix(h, load8(p + n - 8));
  }
  return static_cast<std::uint32_t>(h ^ h >> 32);
}

// Equality of two texts of one size, of which the first eight bytes are known to be the same.
inline bool same_rest(const char* a, const char* b, std::size_t n) {
  if (n <= 8) return true;
  if (n <= 16) return load8(a + n - 8) == load8(b + n - 8);
  return std::memcmp(a + 8, b + 8, n - 8) == 0;
}

inline std::uint32_t hash_number(double number) {
  const std::uint64_t h = mix(std::bit_cast<std::uint64_t>(number), 1);
  return static_cast<std::uint32_t>(h ^ h >> 32);
}

}  // namespace tocsin::pattern
