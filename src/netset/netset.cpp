#include "netset/netset.h"

#include <array>
#include <optional>

#include <fmt/format.h>

#include "core/check.h"

namespace tocsin::netset {
namespace {

constexpr Bits mapped_first = Bits{0xffff} << 32;  // ::ffff:0:0

// The bits past `length`, all ones.
Bits host_mask(Family family, int length) {
  const int host_bits = width(family) - length;
  if (host_bits >= 128) return ~Bits{0};
  return (Bits{1} << host_bits) - 1;
}

std::optional<Bits> read_ipv4(std::string_view text) {
  Bits bits = 0;
  for (int part = 0; part < 4; ++part) {
    std::size_t digits = 0;
    unsigned value = 0;
    while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9') {
      value = value * 10 + static_cast<unsigned>(text[digits] - '0');
      if (++digits > 3) return std::nullopt;
    }
    const bool leading_zero = digits > 1 && text.front() == '0';
    if (digits == 0 || leading_zero || value > 255) return std::nullopt;
    bits = bits << 8 | value;
    text.remove_prefix(digits);
    if (part < 3) {
      if (text.empty() || text.front() != '.') return std::nullopt;
      text.remove_prefix(1);
    }
  }
  return text.empty() ? std::optional{bits} : std::nullopt;
}

std::optional<unsigned> read_group(std::string_view text) {
  if (text.empty() || text.size() > 4) return std::nullopt;
  unsigned value = 0;
  for (const char c : text) {
    const int digit = c >= '0' && c <= '9'   ? c - '0'
                      : c >= 'a' && c <= 'f' ? c - 'a' + 10
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                             : -1;
    if (digit < 0) return std::nullopt;
    value = value << 4 | static_cast<unsigned>(digit);
  }
  return value;
}

struct Groups {
  std::array<unsigned, 8> values{};
  std::size_t count = 0;
};

// Groups separated by single colons, the last of which may be a dotted IPv4 address. Empty text: no group.
std::optional<Groups> read_groups(std::string_view text, bool dotted_allowed) {
  Groups groups;
  if (text.empty()) return groups;
  while (true) {
    const auto colon = text.find(':');
    const auto part = text.substr(0, colon);
    if (dotted_allowed && colon == text.npos && part.find('.') != part.npos) {
      const auto ipv4 = read_ipv4(part);
      if (!ipv4 || groups.count > 6) return std::nullopt;
      groups.values[groups.count++] = static_cast<unsigned>(*ipv4 >> 16);
      groups.values[groups.count++] = static_cast<unsigned>(*ipv4 & 0xffff);
      return groups;
    }
    const auto value = read_group(part);
    if (!value || groups.count == 8) return std::nullopt;
    groups.values[groups.count++] = *value;
    if (colon == text.npos) return groups;
    text.remove_prefix(colon + 1);
  }
}

std::optional<Bits> read_ipv6(std::string_view text) {
  const auto gap = text.find("::");
  const bool has_gap = gap != text.npos;
  const auto head = read_groups(text.substr(0, gap), !has_gap);
  const auto tail = read_groups(has_gap ? text.substr(gap + 2) : std::string_view{}, true);
  if (!head || !tail) return std::nullopt;
  const std::size_t count = head->count + tail->count;
  // "::" stands for at least one group (RFC 4291 2.2 says one or more).
  if (has_gap ? count > 7 : count != 8) return std::nullopt;
  std::array<unsigned, 8> all{};
  for (std::size_t i = 0; i < head->count; ++i) all[i] = head->values[i];
  for (std::size_t i = 0; i < tail->count; ++i) all[8 - tail->count + i] = tail->values[i];
  Bits bits = 0;
  for (const unsigned group : all) bits = bits << 16 | group;
  return bits;
}

// An address as it was written: mapped ones are not yet IPv4.
std::optional<Address> read_address(std::string_view text) {
  if (text.find(':') == text.npos) {
    const auto bits = read_ipv4(text);
    return bits ? std::optional{Address{Family::ipv4, *bits}} : std::nullopt;
  }
  if (const auto zone = text.find('%'); zone != text.npos) {
    if (zone + 1 == text.size()) return std::nullopt;
    text = text.substr(0, zone);
  }
  const auto bits = read_ipv6(text);
  return bits ? std::optional{Address{Family::ipv6, *bits}} : std::nullopt;
}

std::optional<int> read_length(std::string_view text) {
  if (text.empty() || text.size() > 3 || (text.size() > 1 && text.front() == '0')) return std::nullopt;
  int length = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    length = length * 10 + (c - '0');
  }
  return length;
}

// For messages: cut, and without what might not be UTF-8.
std::string quote(std::string_view text) {
  std::string shown(text.substr(0, 64));
  for (char& c : shown) {
    if (c < ' ' || c > '~') c = '?';
  }
  return fmt::format("'{}'", shown);
}

std::string ipv6_text(Bits bits) {
  std::array<unsigned, 8> groups{};
  for (std::size_t i = 0; i < 8; ++i) groups[i] = static_cast<unsigned>(bits >> (112 - 16 * i)) & 0xffff;
  // The longest run of two or more zero groups, the first of equals, becomes "::" (RFC 5952 4.2).
  std::size_t best = 8, best_length = 1;
  for (std::size_t i = 0; i < 8;) {
    std::size_t end = i;
    while (end < 8 && groups[end] == 0) ++end;
    if (end - i > best_length) best = i, best_length = end - i;
    i = end + 1;
  }
  std::string text;
  for (std::size_t i = 0; i < 8; ++i) {
    if (i == best) {
      text += "::";
      i += best_length - 1;
      continue;
    }
    if (!text.empty() && text.back() != ':') text += ':';
    text += fmt::format("{:x}", groups[i]);
  }
  return text;
}

}  // namespace

Address Prefix::last() const {
  return {address.family, address.bits | host_mask(address.family, length)};
}

bool Prefix::contains(const Address& other) const {
  return other.family == address.family && first() <= other && other <= last();
}

bool Prefix::contains(const Prefix& other) const {
  return other.length >= length && contains(other.address);
}

Prefix make_prefix(Address address, int length) {
  check(length >= 0 && length <= width(address.family), "a prefix length lies within its family's width");
  return {{address.family, address.bits & ~host_mask(address.family, length)}, length};
}

Prefix single(Address address) {
  return {address, width(address.family)};
}

Result<Address> parse_address(std::string_view text) {
  const auto address = read_address(text);
  if (!address) return fail(ErrorCode::validation, fmt::format("{} is not an IPv4 or IPv6 address", quote(text)));
  if (address->family == Family::ipv6 && address->bits >> 32 == mapped_first >> 32)
    return Address{Family::ipv4, address->bits & 0xffffffff};
  return *address;
}

Result<Prefix> parse_prefix(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == text.npos) {
    auto address = parse_address(text);
    if (!address) return pass_on(address);
    return single(*address);
  }
  const auto address = read_address(text.substr(0, slash));
  const auto length = read_length(text.substr(slash + 1));
  if (!address || !length || *length > width(address->family))
    return fail(ErrorCode::validation, fmt::format("{} is not a prefix such as 192.0.2.0/24", quote(text)));
  Prefix prefix = make_prefix(*address, *length);
  if (prefix.address != *address)
    return fail(ErrorCode::validation,
                fmt::format("{} has bits set past its length: did you mean {}?", quote(text), to_text(prefix)));
  const bool mapped =
      prefix.family() == Family::ipv6 && *length >= 96 && prefix.address.bits >> 32 == mapped_first >> 32;
  if (mapped) return Prefix{{Family::ipv4, prefix.address.bits & 0xffffffff}, *length - 96};
  return prefix;
}

std::string to_text(const Address& address) {
  if (address.family == Family::ipv6) return ipv6_text(address.bits);
  const auto bits = static_cast<std::uint32_t>(address.bits);
  return fmt::format("{}.{}.{}.{}", bits >> 24, bits >> 16 & 0xff, bits >> 8 & 0xff, bits & 0xff);
}

std::string to_text(const Prefix& prefix) {
  return fmt::format("{}/{}", to_text(prefix.address), prefix.length);
}

std::string to_short_text(const Prefix& prefix) {
  return prefix.is_single_address() ? to_text(prefix.address) : to_text(prefix);
}

}  // namespace tocsin::netset
