#include "pattern/reference_values.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include <arpa/inet.h>

namespace tocsin::pattern {
namespace {

// Digits without leading and trailing zeros, and the exponent, of a decimal.
std::string canonical_decimal(const std::string& text) {
  const std::size_t e = text.find_first_of("eE");
  // Far within a long, so that the digits can be counted on top.
  long exponent =
      e == std::string::npos ? 0 : std::clamp(std::strtol(text.c_str() + e + 1, nullptr, 10), -(1L << 40), 1L << 40);
  std::string digits;
  bool fraction = false;
  for (const char c : text.substr(0, e)) {
    if (c == '.') fraction = true;
    if (c < '0' || c > '9') continue;
    digits += c;
    if (fraction) --exponent;
  }
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size()));
  while (!digits.empty() && digits.back() == '0') {
    digits.pop_back();
    ++exponent;
  }
  if (digits.empty()) return "0";
  return (text[0] == '-' ? "-" : "") + digits + "e" + std::to_string(exponent);
}

}  // namespace

std::optional<double> comparable(const std::string& text) {
  const double value = std::strtod(text.c_str(), nullptr);
  if (!std::isfinite(value)) return std::nullopt;
  const int digits_min = std::fabs(value) < 1e-320 ? 1 : 0;  // Java prints two digits of the smallest numbers
  for (int digits = 0; digits < 17; ++digits) {
    char printed[64];
    std::snprintf(printed, sizeof printed, "%.*e", digits, value);
    if (std::strtod(printed, nullptr) != value) continue;
    if (canonical_decimal(printed) == canonical_decimal(text)) return value == 0 ? 0.0 : value;
    if (digits >= digits_min) return std::nullopt;
  }
  return std::nullopt;
}

bool same_number(const std::string& a, const std::string& b) {
  const auto x = comparable(a), y = comparable(b);
  return x && y ? *x == *y : a == b;
}

namespace {

std::optional<std::string> address_bits(const std::string& text) {
  unsigned char bytes[16];
  int family = AF_INET6;
  unsigned a = 0, b = 0, c = 0, d = 0;
  int end = 0;
  if (text.find_first_not_of("0123456789.") == std::string::npos && text.find("..") == std::string::npos) {
    if (text.size() > 64 || std::sscanf(text.c_str(), "%u.%u.%u.%u%n", &a, &b, &c, &d, &end) != 4) return std::nullopt;
    if (static_cast<std::size_t>(end) != text.size() || a > 255 || b > 255 || c > 255 || d > 255) return std::nullopt;
    family = AF_INET;
    const unsigned parts[] = {a, b, c, d};
    for (int i = 0; i < 4; ++i) bytes[i] = static_cast<unsigned char>(parts[i]);
  } else if (inet_pton(AF_INET6, text.c_str(), bytes) != 1) {
    return std::nullopt;
  }
  std::string bits = family == AF_INET ? "4" : "6";
  for (int i = 0; i < (family == AF_INET ? 32 : 128); ++i) bits += (bytes[i / 8] >> (7 - i % 8) & 1) != 0 ? '1' : '0';
  return bits;
}

}  // namespace

bool in_net(const std::string& net, const std::string& text) {
  const std::size_t slash = net.find('/');
  const auto bits = address_bits(net.substr(0, slash)), other = address_bits(text);
  const std::size_t length = std::stoul(net.substr(slash + 1)) + 1;
  return bits && other && bits->substr(0, length) == other->substr(0, length);
}

}  // namespace tocsin::pattern
