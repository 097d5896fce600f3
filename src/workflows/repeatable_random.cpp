#include "workflows/detail/repeatable_random.h"

#include "digest/digest.h"

namespace tocsin::workflows {
namespace {

void append_bytes(std::string& out, std::uint64_t number) {
  for (int shift = 0; shift < 64; shift += 8) out += static_cast<char>(number >> shift & 0xff);
}

}  // namespace

std::uint64_t RepeatableRandom::next() {
  was_asked_ = true;
  if (seed_.empty() && source_)
    for (int i = 0; i < 4; ++i) append_bytes(seed_, source_->next());
  if (used_ == std::size(block_)) {
    std::string input = seed_;
    append_bytes(input, blocks_++);
    const auto bytes = digest::sha256(input);
    for (std::size_t i = 0; i < std::size(block_); ++i) {
      block_[i] = 0;
      for (std::size_t j = 8; j-- > 0;) block_[i] = block_[i] << 8 | static_cast<unsigned char>(bytes[i * 8 + j]);
    }
    used_ = 0;
  }
  return block_[used_++];
}

}  // namespace tocsin::workflows
