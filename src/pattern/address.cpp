#include "pattern/detail/address.h"

#include <algorithm>
#include <cstring>

namespace tocsin::pattern {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Four decimal numbers up to 255 into `out`; false if `text` is not exactly that.
bool parse_v4(std::string_view text, std::uint8_t* out, bool zeros_may_lead) {
  std::size_t at = 0;
  for (int part = 0; part < 4; ++part) {
    if (part > 0 && (at >= text.size() || text[at++] != '.')) return false;
    unsigned value = 0;
    const std::size_t start = at;
    for (; at < text.size() && is_digit(text[at]); ++at) {
      value = value * 10 + static_cast<unsigned>(text[at] - '0');
      if (value > 255) return false;
    }
    if (at == start || (!zeros_may_lead && at - start > 1 && text[start] == '0')) return false;
    out[part] = static_cast<std::uint8_t>(value);
  }
  return at == text.size();
}

int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// Reads groups of hexadecimal digits from `text` into `bytes`. `gap` gets the place of "::", or stays -1. The number
// of bytes written, or -1.
int read_groups(std::string_view text, std::array<std::uint8_t, 16>& bytes, int& gap) {
  int filled = 0;
  std::size_t at = 0;
  if (text.starts_with("::")) {
    gap = 0;
    at = 2;
  }
  while (at < text.size()) {
    if (filled >= 16) return -1;
    const std::size_t end = std::min(text.find(':', at), text.size());
    const std::string_view group = text.substr(at, end - at);
    if (group.find('.') != std::string_view::npos) {
      if (end != text.size() || filled > 12 || !parse_v4(group, bytes.data() + filled, false)) return -1;
      return filled + 4;
    }
    if (group.empty() || group.size() > 4) return -1;
    unsigned value = 0;
    for (const char c : group) {
      if (hex_value(c) < 0) return -1;
      value = value << 4 | static_cast<unsigned>(hex_value(c));
    }
    bytes[static_cast<std::size_t>(filled)] = static_cast<std::uint8_t>(value >> 8);
    bytes[static_cast<std::size_t>(filled) + 1] = static_cast<std::uint8_t>(value);
    filled += 2;
    if (end == text.size()) return filled;
    at = end + 1;
    if (at < text.size() && text[at] == ':') {
      if (gap >= 0) return -1;
      gap = filled;
      ++at;
    } else if (at == text.size()) {
      return -1;
    }
  }
  return filled;
}

}  // namespace

std::optional<Address> parse_address(std::string_view text) {
  if (text.size() < 2 || text.size() > 64) return std::nullopt;
  Address address;
  if (text.find(':') == std::string_view::npos) {
    if (!is_digit(text.front()) || !parse_v4(text, address.bytes.data(), true)) return std::nullopt;
    return address;
  }
  address.is_v6 = true;
  int gap = -1;
  const int filled = read_groups(text, address.bytes, gap);
  if (filled < 0 || (gap < 0) != (filled == 16)) return std::nullopt;
  if (gap >= 0) {
    const auto tail = static_cast<std::size_t>(filled - gap);
    const auto start = static_cast<std::size_t>(gap);
    std::memmove(address.bytes.data() + 16 - tail, address.bytes.data() + start, tail);
    std::fill(address.bytes.begin() + gap, address.bytes.end() - static_cast<std::ptrdiff_t>(tail), std::uint8_t{0});
  }
  return address;
}

bool Prefix::contains(const Address& address) const {
  if (address.is_v6 != first.is_v6) return false;
  const unsigned whole = length / 8;
  if (std::memcmp(address.bytes.data(), first.bytes.data(), whole) != 0) return false;
  if (length % 8 == 0) return true;
  return (address.bytes[whole] ^ first.bytes[whole]) >> (8 - length % 8) == 0;
}

}  // namespace tocsin::pattern
