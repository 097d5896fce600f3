// Lines of a regular file by chunks, which any number of threads read at once, each with buffers of its own. The file
// is read, not mapped, so that one that is cut short meanwhile does no harm.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

namespace tocsin::match {

// Small enough for a processor's own cache.
inline constexpr std::size_t chunk_bytes = std::size_t{256} << 10;

// What is left of an open file.
struct FileRest {
  int descriptor = -1;
  std::uint64_t begin = 0;  // where reading begins
  std::uint64_t size = 0;   // of it; what is appended later is not read
};

class ChunkReader {
 public:
  explicit ChunkReader(const FileRest& file) : file_(file) {}

  enum class End { more, end_of_file, failed };

  // Calls `line` for each line that begins in the chunk of this number, from 0 on, in their order: the line without its
  // end, and whether it was longer than line_bytes_max and is cut to that. Returning false ends it. The last line of
  // the file need not be closed; a byte order mark at its beginning is left out.
  End read(std::uint64_t chunk, const std::function<bool(std::string_view line, bool is_cut)>& line);

 private:
  void fill(std::size_t size);
  std::size_t find_line_end(std::size_t from, bool& is_cut);

  FileRest file_;
  std::vector<char> buffer_;
  std::uint64_t next_ = 0;  // where the file goes on behind the buffer
  std::size_t used_ = 0;    // bytes in the buffer
  bool is_at_end_ = false;
  bool has_failed_ = false;
};

}  // namespace tocsin::match
