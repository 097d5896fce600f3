// IP address literals and prefixes (the operator cidr).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace tocsin::pattern {

struct Address {
  std::array<std::uint8_t, 16> bytes{};  // network order; IPv4 uses the first 4
  bool is_v6 = false;

  auto operator<=>(const Address&) const = default;
};

// "10.0.0.1" (decimal, leading zeros allowed), "2001:db8::1" and "::ffff:10.0.0.1" (RFC 4291, 2.2). An IPv4-mapped
// address is an IPv6 address here.
std::optional<Address> parse_address(std::string_view text);

// All addresses that share the first `length` bits with `first`, whose other bits are zero.
struct Prefix {
  Address first;
  unsigned length = 0;

  bool contains(const Address& address) const;
  auto operator<=>(const Prefix&) const = default;
};

}  // namespace tocsin::pattern
