#include "app/log.h"

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

}  // namespace tocsin::app
