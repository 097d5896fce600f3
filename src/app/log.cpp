#include "app/log.h"

#include <memory>
#include <utility>

#include <fmt/format.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include "core/json.h"

namespace tocsin::app {
namespace {

// %* in a pattern: the message as a JSON text, quotes included. Messages hold what others wrote.
class JsonMessage final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&, spdlog::memory_buf_t& to) override {
    const std::string text = json_text({message.payload.data(), message.payload.size()});
    to.append(text.data(), text.data() + text.size());
  }
  std::unique_ptr<custom_flag_formatter> clone() const override { return std::make_unique<JsonMessage>(); }
};

}  // namespace

std::string json_text(std::string_view message) {
  return to_json(json::value(message));
}

void set_up_log(const Config& config) {
  auto logger = spdlog::stderr_color_mt("tocsin");
  logger->set_level(spdlog::level::from_str(config.log_level == "warn" ? "warning" : config.log_level));
  auto form = std::make_unique<spdlog::pattern_formatter>(spdlog::pattern_time_type::utc);
  form->add_flag<JsonMessage>('*');
  form->set_pattern(config.log_json ? R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l","message":%*})"
                                    : "%Y-%m-%dT%H:%M:%S.%eZ %^%l%$ %v");
  logger->set_formatter(std::move(form));
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
