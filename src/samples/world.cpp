#include "samples/detail/world.h"

#include <fmt/format.h>

namespace tocsin::samples::detail {

World::World(const Options& options, std::uint64_t number)
    : hub{options.hub}, now{options.now}, random_{options.seed * 0x9E3779B97F4A7C15U + number} {}

std::string World::hex(std::size_t digits) {
  return make_text(random_, digits, "0123456789abcdef");
}

std::string World::key_id(std::string_view prefix) {
  return std::string{prefix} + make_text(random_, 16, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567");
}

Time World::time_before(std::chrono::minutes most) {
  const auto back = std::chrono::seconds{below(static_cast<std::uint64_t>(std::chrono::seconds{most}.count()) + 1)};
  return std::chrono::floor<std::chrono::milliseconds>(now) - back;
}

std::string World::remote_ipv4() {
  static constexpr std::string_view documentation[] = {"192.0.2", "198.51.100", "203.0.113"};
  static constexpr std::string_view global[] = {"1.2.3", "84.205.64", "84.205.67", "93.175.146"};
  const auto network = one_in(3) ? pick(global) : pick(documentation);
  return fmt::format("{}.{}", network, 1 + below(254));
}

std::string World::remote_ipv6() {
  const auto network = one_in(3) ? "2001:7fb:fe00" : "2001:db8";
  return fmt::format("{}::{:x}", network, 1 + below(65534));
}

std::string World::local_ipv4() {
  return fmt::format("10.{}.{}.{}", below(4), below(256), 4 + below(250));
}

std::string World::domain() {
  static constexpr std::string_view words[] = {"update", "cdn", "mail", "pool", "sync", "stats", "drop", "img"};
  static constexpr std::string_view ends[] = {"example", "invalid", "example.net", "example.org"};
  return fmt::format("{}-{}.{}", pick(words), hex(6), pick(ends));
}

std::string filled(std::string_view text, std::initializer_list<std::pair<std::string_view, std::string_view>> values) {
  std::string out;
  while (!text.empty()) {
    const auto open = text.find('{');
    const auto close = text.find('}', open);
    if (open == text.npos || close == text.npos) break;
    out += text.substr(0, open);
    const auto name = text.substr(open + 1, close - open - 1);
    for (const auto& [key, value] : values) {
      if (key == name) out += value;
    }
    text.remove_prefix(close + 1);
  }
  return out += text;
}

}  // namespace tocsin::samples::detail
