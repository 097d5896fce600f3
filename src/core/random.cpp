#include "core/random.h"

#include <bit>
#include <cstddef>

#include <sys/random.h>

#include "core/check.h"

namespace tocsin {

std::uint64_t Random::below(std::uint64_t bound) {
  check(bound > 0, "a bound for chance must be positive");
  const std::uint64_t limit = -bound % bound;  // 2^64 mod bound: what lies below it would favour small results
  std::uint64_t drawn = next();
  while (drawn < limit) drawn = next();
  return drawn % bound;
}

double Random::unit() {
  return static_cast<double>(next() >> 11) * 0x1.0p-53;
}

std::uint64_t SystemRandom::next() {
  thread_local std::uint64_t pool[64];
  thread_local std::size_t used = std::size(pool);
  if (used == std::size(pool)) {
    check(getrandom(pool, sizeof pool, 0) == static_cast<ssize_t>(sizeof pool), "the kernel must give random bytes");
    used = 0;
  }
  return pool[used++];
}

SeededRandom::SeededRandom(std::uint64_t seed) {
  for (auto& word : state_) {
    seed += 0x9e3779b97f4a7c15u;
    std::uint64_t z = seed;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    word = z ^ (z >> 31);
  }
}

std::uint64_t SeededRandom::next() {
  const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  const std::uint64_t t = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= t;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

std::string make_uuid(Random& random) {
  constexpr char digits[] = "0123456789abcdef";
  std::uint64_t high = random.next();
  std::uint64_t low = random.next();
  high = (high & ~0xf000ull) | 0x4000ull;
  low = (low & ~(0xcull << 60)) | (0x8ull << 60);
  std::string text;
  text.reserve(36);
  for (int nibble = 0; nibble < 32; ++nibble) {
    if (nibble == 8 || nibble == 12 || nibble == 16 || nibble == 20) text += '-';
    const std::uint64_t word = nibble < 16 ? high : low;
    text += digits[(word >> (60 - 4 * (nibble % 16))) & 0xf];
  }
  return text;
}

std::string make_text(Random& random, std::size_t length, std::string_view alphabet) {
  std::string text;
  text.reserve(length);
  for (std::size_t i = 0; i < length; ++i) text += alphabet[random.below(alphabet.size())];
  return text;
}

}  // namespace tocsin
