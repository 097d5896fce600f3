#include "netset/special.h"

#include <algorithm>
#include <array>

#include "core/check.h"
#include "netset/set.h"

namespace tocsin::netset {
namespace {

constexpr Prefix v4(unsigned a, unsigned b, unsigned c, unsigned d, int length) {
  return {{Family::ipv4, Bits{a << 24 | b << 16 | c << 8 | d}}, length};
}

// The first four groups and the last one.
struct Groups {
  std::uint64_t g0, g1 = 0, g2 = 0, g3 = 0, g7 = 0;
};
constexpr Prefix v6(Groups g, int length) {
  return {{Family::ipv6, Bits{g.g0 << 48 | g.g1 << 32 | g.g2 << 16 | g.g3} << 64 | g.g7}, length};
}

constexpr std::array ranges{
    Special{v4(0, 0, 0, 0, 8), Scope::unspecified, "This network"},
    Special{v4(10, 0, 0, 0, 8), Scope::private_use, "Private-Use"},
    Special{v4(100, 64, 0, 0, 10), Scope::shared, "Shared Address Space"},
    Special{v4(127, 0, 0, 0, 8), Scope::loopback, "Loopback"},
    Special{v4(169, 254, 0, 0, 16), Scope::link_local, "Link Local"},
    Special{v4(172, 16, 0, 0, 12), Scope::private_use, "Private-Use"},
    Special{v4(192, 0, 0, 0, 24), Scope::reserved, "IETF Protocol Assignments"},
    Special{v4(192, 0, 0, 9, 32), Scope::global, "Port Control Protocol Anycast"},
    Special{v4(192, 0, 0, 10, 32), Scope::global, "Traversal Using Relays around NAT Anycast"},
    Special{v4(192, 0, 2, 0, 24), Scope::documentation, "Documentation (TEST-NET-1)"},
    Special{v4(192, 88, 99, 0, 24), Scope::reserved, "Deprecated (6to4 Relay Anycast)"},
    Special{v4(192, 168, 0, 0, 16), Scope::private_use, "Private-Use"},
    Special{v4(198, 18, 0, 0, 15), Scope::benchmarking, "Benchmarking"},
    Special{v4(198, 51, 100, 0, 24), Scope::documentation, "Documentation (TEST-NET-2)"},
    Special{v4(203, 0, 113, 0, 24), Scope::documentation, "Documentation (TEST-NET-3)"},
    Special{v4(224, 0, 0, 0, 4), Scope::multicast, "Multicast"},
    Special{v4(240, 0, 0, 0, 4), Scope::reserved, "Reserved"},
    Special{v4(255, 255, 255, 255, 32), Scope::broadcast, "Limited Broadcast"},

    // What lies outside 2000::/3 and is named below for nothing else is not assigned.
    Special{v6({0}, 3), Scope::reserved, "Not assigned by IANA as global unicast"},
    Special{v6({0}, 128), Scope::unspecified, "Unspecified Address"},
    Special{v6({.g0 = 0, .g7 = 1}, 128), Scope::loopback, "Loopback Address"},
    Special{{{Family::ipv6, Bits{0xffff} << 32}, 96}, Scope::translation, "IPv4-mapped Address"},
    Special{v6({0x64, 0xff9b}, 96), Scope::translation, "IPv4-IPv6 Translation"},
    Special{v6({0x64, 0xff9b, 1}, 48), Scope::private_use, "IPv4-IPv6 Translation (local)"},
    Special{v6({0x100}, 64), Scope::reserved, "Discard-Only Address Block"},
    Special{v6({0x2001}, 23), Scope::reserved, "IETF Protocol Assignments"},
    Special{v6({0x2001}, 32), Scope::translation, "TEREDO"},
    Special{v6({.g0 = 0x2001, .g1 = 1, .g7 = 1}, 128), Scope::global, "Port Control Protocol Anycast"},
    Special{v6({.g0 = 0x2001, .g1 = 1, .g7 = 2}, 128), Scope::global, "Traversal Using Relays around NAT Anycast"},
    Special{v6({.g0 = 0x2001, .g1 = 1, .g7 = 3}, 128), Scope::global, "DNS-SD Service Registration Protocol Anycast"},
    Special{v6({0x2001, 2}, 48), Scope::benchmarking, "Benchmarking"},
    Special{v6({0x2001, 3}, 32), Scope::global, "AMT"},
    Special{v6({0x2001, 4, 0x112}, 48), Scope::global, "AS112-v6"},
    Special{v6({0x2001, 0x20}, 28), Scope::global, "ORCHIDv2"},
    Special{v6({0x2001, 0x30}, 28), Scope::global, "Drone Remote ID Protocol Entity Tags"},
    Special{v6({0x2001, 0xdb8}, 32), Scope::documentation, "Documentation"},
    Special{v6({0x2002}, 16), Scope::translation, "6to4"},
    Special{v6({0x3fff}, 20), Scope::documentation, "Documentation"},
    Special{v6({0x4000}, 2), Scope::reserved, "Not assigned by IANA as global unicast"},
    Special{v6({0x8000}, 1), Scope::reserved, "Not assigned by IANA as global unicast"},
    Special{v6({0xfc00}, 7), Scope::private_use, "Unique-Local"},
    Special{v6({0xfe80}, 10), Scope::link_local, "Link-Local Unicast"},
    Special{v6({0xfec0}, 10), Scope::private_use, "Site-Local Unicast (deprecated)"},
    Special{v6({0xff00}, 8), Scope::multicast, "Multicast"},
};

// The longest range that holds the address; null: none.
const Special* range_of(const Address& address) {
  const Special* best = nullptr;
  for (const Special& range : ranges) {
    if (range.prefix.contains(address) && (!best || range.prefix.length > best->prefix.length)) best = &range;
  }
  return best;
}

// All addresses that are not global. The exceptions lie inside wider ranges and hold no range themselves.
Set special_addresses() {
  Set set;
  for (const Special& range : ranges) {
    if (range.scope != Scope::global) set.insert(range.prefix);
  }
  for (const Special& range : ranges) {
    if (range.scope == Scope::global) set.erase(range.prefix);
  }
  return set;
}

}  // namespace

std::string_view to_text(Scope scope) {
  switch (scope) {
    case Scope::global:
      return "global";
    case Scope::unspecified:
      return "unspecified";
    case Scope::private_use:
      return "private_use";
    case Scope::loopback:
      return "loopback";
    case Scope::link_local:
      return "link_local";
    case Scope::shared:
      return "shared";
    case Scope::documentation:
      return "documentation";
    case Scope::benchmarking:
      return "benchmarking";
    case Scope::multicast:
      return "multicast";
    case Scope::broadcast:
      return "broadcast";
    case Scope::translation:
      return "translation";
    case Scope::reserved:
      return "reserved";
  }
  check(false, "every scope has a name");
  return {};
}

Scope scope_of(const Address& address) {
  const Special* range = range_of(address);
  return range ? range->scope : Scope::global;
}

const Special* special_of(const Prefix& prefix) {
  static const Set special = special_addresses();
  if (!special.overlaps(prefix)) return nullptr;
  if (const Special* range = range_of(prefix.first()); range && range->scope != Scope::global) return range;
  const auto found = std::find_if(ranges.begin(), ranges.end(), [&](const Special& range) {
    return range.scope != Scope::global && range.prefix.overlaps(prefix);
  });
  return &*found;
}

std::span<const Special> special_ranges() {
  return ranges;
}

}  // namespace tocsin::netset
