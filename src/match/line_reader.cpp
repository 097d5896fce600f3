#include "match/line_reader.h"

#include <algorithm>
#include <cstring>
#include <istream>

namespace tocsin::match {

LineReader::LineReader(std::istream& in) : in_(in) {
  for (Block& block : blocks_) block.bytes.resize(block_bytes);
  thread_ = std::jthread([this] { read_ahead(); });
}

LineReader::~LineReader() {
  stop_ = true;
  empty_.release();
}

// Runs on the thread. Block after block, until one is empty.
void LineReader::read_ahead() {
  for (std::size_t i = 0;; i = (i + 1) % blocks_.size()) {
    empty_.acquire();
    if (stop_) return;
    Block& block = blocks_[i];
    const std::streamsize got = in_.rdbuf()->sgetn(block.bytes.data(), static_cast<std::streamsize>(block_bytes));
    block.size = static_cast<std::size_t>(std::max<std::streamsize>(got, 0));
    full_.release();
    if (block.size == 0) return;
  }
}

// Gives the current block back and waits for the next one. False at the end of the stream.
bool LineReader::take_block() {
  if (at_end_) return false;
  if (has_block_) {
    empty_.release();
    current_ = (current_ + 1) % blocks_.size();
  }
  full_.acquire();
  has_block_ = true;
  const Block& block = blocks_[current_];
  rest_ = {block.bytes.data(), block.size};
  at_end_ = block.size == 0;
  return !at_end_;
}

std::optional<std::string_view> LineReader::next() {
  line_.clear();
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
    line_.append(part.substr(0, line_bytes_max - std::min(line_.size(), line_bytes_max)));
    is_open = true;
    if (end != nullptr) return line_;
  }
}

}  // namespace tocsin::match
