// Chance comes from a Random, so that a run can be repeated from its seed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tocsin {

class Random {
 public:
  virtual ~Random() = default;
  virtual std::uint64_t next() = 0;

  // Uniform in [0, bound). Requires bound > 0.
  std::uint64_t below(std::uint64_t bound);
  // Uniform in [0, 1).
  double unit();
};

// The kernel's generator: unpredictable, for ids and keys in production.
class SystemRandom final : public Random {
 public:
  std::uint64_t next() override;
};

// xoshiro256** seeded through splitmix64 (Blackman, Vigna 2018): repeatable, not for secrets.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed);
  std::uint64_t next() override;

 private:
  std::uint64_t state_[4];
};

// A version 4 UUID (RFC 4122), lower case with dashes.
std::string make_uuid(Random& random);
// `length` characters drawn from `alphabet`.
std::string make_text(Random& random, std::size_t length, std::string_view alphabet);

}  // namespace tocsin
