// Lines of a file or stream, read ahead by a thread of its own, so that reading costs the caller no time. Memory is a
// few blocks and the longest line.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <functional>
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

// Reads up to `size` bytes, as many as there are, and waits only if there are none: returns how many, 0 at the end,
// negative on an error.
using Source = std::function<std::ptrdiff_t(char* to, std::size_t size)>;
Source from_stream(std::istream& in);
Source from_descriptor(int descriptor);

class LineReader {
 public:
  // `before_waiting` is called when the next line is not there yet.
  explicit LineReader(Source source, std::function<void()> before_waiting = nullptr);
  ~LineReader();
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;

  // The next line without its end, valid until the next call; nothing at the end. The last line need not be closed. A
  // byte order mark at the beginning is left out.
  std::optional<std::string_view> next();
  // Whether the last line was too long.
  bool is_cut() const { return is_cut_; }
  // At the end: whether it is there because of an error.
  bool has_failed() const { return has_failed_; }

 private:
  static constexpr std::size_t block_bytes = std::size_t{64} << 10;
  static constexpr std::ptrdiff_t block_count = 32;
  // Blocks are handed over so many at a time, as to wake a thread costs much; what is short is handed over at once.
  static constexpr std::ptrdiff_t batch = 8;

  struct Block {
    std::vector<char> bytes;
    std::size_t size = 0;  // 0: the end
  };

  void read_ahead();
  bool take_block();
  std::optional<std::string_view> next_line();

  Source source_;
  std::function<void()> before_waiting_;
  std::array<Block, block_count> blocks_;
  std::counting_semaphore<block_count> empty_{block_count};
  std::counting_semaphore<block_count> full_{0};
  std::atomic<bool> stop_ = false;
  std::atomic<bool> has_failed_ = false;
  std::size_t current_ = 0;      // the block that lines are taken from
  std::ptrdiff_t returned_ = 0;  // blocks that were taken, not yet given back
  bool has_block_ = false;
  bool at_end_ = false;
  bool is_first_ = true;
  bool is_cut_ = false;
  std::string_view rest_;  // of the current block
  std::string line_;       // one that lies in several blocks
  std::jthread thread_;
};

}  // namespace tocsin::match
