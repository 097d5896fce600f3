// Gathers text and writes it in large pieces.
#pragma once

#include <cstddef>
#include <ostream>
#include <string>
#include <string_view>

namespace tocsin::match {

class Output {
 public:
  explicit Output(std::ostream& out) : out_(out) {}
  ~Output() { flush(); }
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  // False: it cannot be written any more.
  bool write(std::string_view text) {
    buffer_ += text;
    if (buffer_.size() >= (std::size_t{64} << 10)) write_buffer();
    return static_cast<bool>(out_);
  }
  // Everything, to whoever reads.
  void flush() {
    write_buffer();
    out_.flush();
  }

 private:
  void write_buffer() {
    out_.write(buffer_.data(), static_cast<std::streamsize>(buffer_.size()));
    buffer_.clear();
  }

  std::ostream& out_;
  std::string buffer_;
};

}  // namespace tocsin::match
