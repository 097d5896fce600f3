#include "app/log.h"

#include <utility>

#include <fmt/format.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

namespace tocsin::app {

void set_up_log(const Config& config) {
  auto logger = spdlog::stderr_color_mt("tocsin");
  logger->set_level(spdlog::level::from_str(config.log_level == "warn" ? "warning" : config.log_level));
  // spdlog escapes nothing, so messages keep to key=value words without quotes; the JSON form wraps them whole.
  logger->set_pattern(config.log_json ? R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l","message":"%v"})"
                                      : "%Y-%m-%dT%H:%M:%S.%eZ %^%l%$ %v",
                      spdlog::pattern_time_type::utc);
  spdlog::set_default_logger(std::move(logger));
}

std::optional<std::uint64_t> LogLimiter::admit(const std::string& subject, Instant now) {
  const std::lock_guard lock{mutex_};
  const auto found = subjects_.find(subject);
  if (found != subjects_.end() && now - found->second.last < pause_) {
    ++found->second.left_out;
    return std::nullopt;
  }
  if (found == subjects_.end() && subjects_.size() >= subjects_max)
    std::erase_if(subjects_, [&](const auto& one) { return now - one.second.last >= pause_; });
  if (found == subjects_.end() && subjects_.size() >= subjects_max) return std::nullopt;
  Subject& known = subjects_[subject];
  known.last = now;
  return std::exchange(known.left_out, 0);
}

std::string left_out_text(std::uint64_t left_out) {
  return left_out == 0 ? "" : fmt::format(" left_out={}", left_out);
}

std::string log_text(std::string_view text) {
  constexpr std::size_t shown_max = 500;
  std::string line;
  for (const char c : text.substr(0, shown_max))
    line.push_back(static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c);
  return text.size() > shown_max ? line + "…" : line;
}

}  // namespace tocsin::app
