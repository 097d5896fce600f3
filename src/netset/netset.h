// Addresses and prefixes of IPv4 and IPv6, sets of them, and what the IANA special-purpose registries say about
// them. Pure: values in, values out.
//
//   netset/netset.h    Address, Prefix, their text
//   netset/set.h       Set: insert, erase, contains, overlaps, the smallest list of prefixes
//   netset/special.h   private, loopback, documentation, … or global
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/result.h"

namespace tocsin::netset {

// 128 bits, enough for both families.
__extension__ typedef unsigned __int128 Bits;

enum class Family : std::uint8_t { ipv4, ipv6 };

constexpr int width(Family family) {
  return family == Family::ipv4 ? 32 : 128;
}

// One address. `bits` is its number; an IPv4 address uses the lowest 32. IPv4 sorts before IPv6.
struct Address {
  Family family = Family::ipv4;
  Bits bits = 0;
  auto operator<=>(const Address&) const = default;
};

// All addresses that share the first `length` bits of `address`, whose other bits are zero (see make_prefix).
struct Prefix {
  Address address;
  int length = 0;
  auto operator<=>(const Prefix&) const = default;

  Family family() const { return address.family; }
  bool is_single_address() const { return length == width(address.family); }
  Address first() const { return address; }
  Address last() const;
  bool contains(const Address& other) const;
  bool contains(const Prefix& other) const;
  // Prefixes overlap only if one contains the other.
  bool overlaps(const Prefix& other) const { return contains(other) || other.contains(*this); }
};

// Clears the bits past `length`. Requires 0 <= length <= width.
Prefix make_prefix(Address address, int length);
Prefix single(Address address);

// Reads an address strictly: four decimal numbers without leading zeros (some readers take those for octal), or RFC
// 4291 text, whose zone ("%eth0") is dropped. An IPv4-mapped IPv6 address becomes the IPv4 address. Error: validation.
Result<Address> parse_address(std::string_view text);

// Reads "address/length", or an address for itself alone. Bits past the length must be zero. Error: validation, which
// names the prefix that was probably meant.
Result<Prefix> parse_prefix(std::string_view text);

// The one canonical spelling: dotted decimal, or RFC 5952.
std::string to_text(const Address& address);
// "address/length", always with its length.
std::string to_text(const Prefix& prefix);
// As to_text, but a single address stands without its length.
std::string to_short_text(const Prefix& prefix);

}  // namespace tocsin::netset
