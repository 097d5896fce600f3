// Lines of a stream, read ahead by a thread of its own, so that reading costs the caller no time. Memory is a few
// blocks and the longest line.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <iosfwd>
#include <optional>
#include <semaphore>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace tocsin::match {

// A longer line is cut to this, which makes it no valid event.
inline constexpr std::size_t line_bytes_max = std::size_t{64} << 20;

class LineReader {
 public:
  explicit LineReader(std::istream& in);
  ~LineReader();
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;

  // The next line without its end, valid until the next call; nothing at the end of the stream. The last line need
  // not be closed.
  std::optional<std::string_view> next();

 private:
  static constexpr std::size_t block_bytes = std::size_t{256} << 10;
  static constexpr std::ptrdiff_t block_count = 4;

  struct Block {
    std::vector<char> bytes;
    std::size_t size = 0;  // 0: the end of the stream
  };

  void read_ahead();
  bool take_block();

  std::istream& in_;
  std::array<Block, block_count> blocks_;
  std::counting_semaphore<block_count> empty_{block_count};
  std::counting_semaphore<block_count> full_{0};
  std::atomic<bool> stop_ = false;
  std::size_t current_ = 0;  // the block that lines are taken from
  bool has_block_ = false;
  bool at_end_ = false;
  std::string_view rest_;  // of the current block
  std::string line_;       // one that lies in several blocks
  std::jthread thread_;
};

}  // namespace tocsin::match
