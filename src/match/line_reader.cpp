#include "match/line_reader.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <istream>
#include <utility>

#include <unistd.h>

namespace tocsin::match {

Source from_stream(std::istream& in) {
  return [&in](char* to, std::size_t size) -> std::ptrdiff_t {
    return in.rdbuf()->sgetn(to, static_cast<std::streamsize>(size));
  };
}

Source from_descriptor(int descriptor) {
  return [descriptor](char* to, std::size_t size) -> std::ptrdiff_t {
    while (true) {
      const ssize_t got = ::read(descriptor, to, size);
      if (got >= 0 || errno != EINTR) return got;
    }
  };
}

LineReader::LineReader(Source source, std::function<void()> before_waiting)
    : source_(std::move(source)), before_waiting_(std::move(before_waiting)) {
  for (Block& block : blocks_) block.bytes.resize(block_bytes);
  thread_ = std::jthread([this] { read_ahead(); });
}

LineReader::~LineReader() {
  stop_ = true;
  empty_.release();
}

// Runs on the thread. Block after block, until one is empty.
void LineReader::read_ahead() {
  std::ptrdiff_t read = 0;  // not yet handed over
  for (std::size_t i = 0;; i = (i + 1) % blocks_.size()) {
    if (!empty_.try_acquire()) {
      full_.release(std::exchange(read, 0));
      empty_.acquire();
    }
    if (stop_) return;
    Block& block = blocks_[i];
    const std::ptrdiff_t got = source_(block.bytes.data(), block_bytes);
    if (got < 0) has_failed_ = true;
    block.size = static_cast<std::size_t>(std::max<std::ptrdiff_t>(got, 0));
    ++read;
    if (read == batch || block.size < block_bytes) full_.release(std::exchange(read, 0));
    if (block.size == 0) return;
  }
}

// Gives the current block back and waits for the next one. False at the end of the stream.
bool LineReader::take_block() {
  if (at_end_) return false;
  if (has_block_) {
    if (++returned_ == batch) empty_.release(std::exchange(returned_, 0));
    current_ = (current_ + 1) % blocks_.size();
  }
  if (!full_.try_acquire()) {
    empty_.release(std::exchange(returned_, 0));
    if (before_waiting_) before_waiting_();
    full_.acquire();
  }
  has_block_ = true;
  const Block& block = blocks_[current_];
  rest_ = {block.bytes.data(), block.size};
  at_end_ = block.size == 0;
  return !at_end_;
}

std::optional<std::string_view> LineReader::next() {
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  auto line = next_line();
  if (is_first_ && line && line->starts_with(byte_order_mark)) line->remove_prefix(byte_order_mark.size());
  is_first_ = false;
  return line;
}

std::optional<std::string_view> LineReader::next_line() {
  line_.clear();
  is_cut_ = false;
  bool is_open = false;  // line_ holds the beginning of the line
  while (true) {
    if (rest_.empty() && !take_block()) {
      if (!is_open) return std::nullopt;
      return line_;
    }
    const auto* end = static_cast<const char*>(std::memchr(rest_.data(), '\n', rest_.size()));
    const std::string_view part =
        rest_.substr(0, end == nullptr ? rest_.size() : static_cast<std::size_t>(end - rest_.data()));
    rest_.remove_prefix(std::min(part.size() + 1, rest_.size()));
    if (end != nullptr && !is_open) return part;
    const std::size_t room = line_bytes_max - line_.size();
    is_cut_ |= part.size() > room;
    line_.append(part.substr(0, room));
    is_open = true;
    if (end != nullptr) return line_;
  }
}

}  // namespace tocsin::match
