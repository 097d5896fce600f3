#include "match/chunk_reader.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <unistd.h>

#include "match/line_reader.h"

namespace tocsin::match {

// Appends `size` bytes, or what there is.
void ChunkReader::fill(std::size_t size) {
  const std::uint64_t file_end = file_.begin + file_.size;
  const std::size_t wanted =
      used_ + static_cast<std::size_t>(std::min<std::uint64_t>(size, file_end - std::min(next_, file_end)));
  is_at_end_ = next_ >= file_end;
  if (buffer_.size() < wanted) buffer_.resize(std::max(wanted, buffer_.size() + buffer_.size() / 2));
  while (used_ < wanted && !is_at_end_) {
    const ssize_t got = ::pread(file_.descriptor, buffer_.data() + used_, wanted - used_, static_cast<off_t>(next_));
    if (got < 0 && errno == EINTR) continue;
    has_failed_ |= got < 0;
    is_at_end_ = got <= 0;
    if (got <= 0) break;
    used_ += static_cast<std::size_t>(got);
    next_ += static_cast<std::uint64_t>(got);
  }
}

// The place of the next line end, or of the end of the file; reads on for it. Of a line that is too long, the rest is
// dropped.
std::size_t ChunkReader::find_line_end(std::size_t from, bool& is_cut) {
  constexpr std::size_t first_step = std::size_t{8} << 10;
  std::size_t step = first_step;
  for (std::size_t at = from;; step = std::min(2 * step, chunk_bytes)) {
    const auto* end = static_cast<const char*>(std::memchr(buffer_.data() + at, '\n', used_ - at));
    const std::size_t place = end == nullptr ? used_ : static_cast<std::size_t>(end - buffer_.data());
    is_cut |= place - from > line_bytes_max;
    if (end != nullptr || is_at_end_) return std::min(place, from + line_bytes_max);
    at = used_ = std::min(used_, from + line_bytes_max + 1);
    fill(step);
  }
}

ChunkReader::End ChunkReader::read(std::uint64_t chunk, const std::function<bool(std::string_view, bool)>& line) {
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  // With the byte before, which tells whether a line begins with the chunk.
  const std::size_t before = chunk == 0 ? 0 : 1;
  next_ = file_.begin + chunk * chunk_bytes - before;
  used_ = 0;
  is_at_end_ = has_failed_ = false;
  fill(chunk_bytes + before);
  const std::size_t chunk_end = used_;
  std::size_t at = 0;
  if (before == 1) {
    const auto* end = static_cast<const char*>(std::memchr(buffer_.data(), '\n', used_));
    at = end == nullptr ? used_ : static_cast<std::size_t>(end - buffer_.data()) + 1;
  }
  bool goes_on = true;
  while (goes_on && at < chunk_end && !has_failed_) {
    bool is_cut = false;
    const std::size_t end = find_line_end(at, is_cut);
    if (has_failed_) break;
    std::string_view text(buffer_.data() + at, end - at);
    if (chunk == 0 && at == 0 && text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
    goes_on = line(text, is_cut);
    at = end + 1;
  }
  if (has_failed_) return End::failed;
  return chunk_end < chunk_bytes + before ? End::end_of_file : End::more;
}

}  // namespace tocsin::match
