// Chance that can be had again: what a happening drew is drawn again when the journal of its execution is replayed.
// Private to the room.
#pragma once

#include <cstdint>
#include <string>

#include "core/random.h"

namespace tocsin::workflows {

// 256 bits, stretched by SHA-256 in counter mode: task tokens are made of it, and none must tell another.
class RepeatableRandom final : public Random {
 public:
  // For the first time: the seed is drawn from `source` when something is asked for. `source` must outlive this.
  explicit RepeatableRandom(Random& source) : source_{&source} {}
  // Again. An empty seed says that nothing was drawn.
  explicit RepeatableRandom(std::string seed) : seed_{std::move(seed)}, is_repeat_{true} {}

  std::uint64_t next() override;

  // Empty as long as nothing was drawn.
  const std::string& seed() const { return seed_; }
  // False where something was drawn this time and not the first time, or the other way round.
  bool is_as_before() const { return !is_repeat_ || was_asked_ != seed_.empty(); }

 private:
  Random* source_ = nullptr;
  std::string seed_;
  bool is_repeat_ = false;
  bool was_asked_ = false;
  std::uint64_t blocks_ = 0;
  std::uint64_t block_[4] = {};
  std::size_t used_ = std::size(block_);
};

}  // namespace tocsin::workflows
