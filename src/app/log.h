// Structured logs on stderr: lines of key=value words, or JSON lines.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "app/config.h"

namespace tocsin::app {

void set_up_log(const Config& config);

// Keeps what fails again and again from filling the log: lines of one subject come at most once in `pause`, and the
// next one says how many were left out. For any thread.
class LogLimiter {
 public:
  using Instant = std::chrono::steady_clock::time_point;
  static constexpr std::size_t subjects_max = 1000;

  explicit LogLimiter(std::chrono::seconds pause = std::chrono::seconds{60}) : pause_{pause} {}
  // How many lines were left out since the last one of this subject; nothing: leave this one out as well.
  std::optional<std::uint64_t> admit(const std::string& subject, Instant now = std::chrono::steady_clock::now());

 private:
  struct Subject {
    Instant last;
    std::uint64_t left_out = 0;
  };
  const std::chrono::seconds pause_;
  std::mutex mutex_;
  std::map<std::string, Subject> subjects_;
};

// A message as the JSON form has it: a JSON text, quotes included.
std::string json_text(std::string_view message);
// " left_out=7", or nothing.
std::string left_out_text(std::uint64_t left_out);
// One line of a log: without line ends and the like, cut.
std::string log_text(std::string_view text);

}  // namespace tocsin::app
