// What an address is for, by the IANA special-purpose address registries and the multicast and reserved blocks.
// Sources: https://www.iana.org/assignments/iana-ipv4-special-registry (RFC 6890 and its updates),
// https://www.iana.org/assignments/iana-ipv6-special-registry, and the IPv6 address space registry (unicast is
// assigned from 2000::/3 only).
#pragma once

#include <span>

#include "netset/netset.h"

namespace tocsin::netset {

enum class Scope : std::uint8_t {
  global,         // may be reached over the Internet
  unspecified,    // 0.0.0.0/8, ::
  private_use,    // RFC 1918, unique local, site-local, local NAT64
  loopback,       //
  link_local,     //
  shared,         // carrier-grade NAT, 100.64.0.0/10
  documentation,  // TEST-NET-1 to 3, 2001:db8::/32, 3fff::/20: nobody's, and never routed
  benchmarking,   //
  multicast,      //
  broadcast,      // 255.255.255.255
  translation,    // an IPv4 address inside an IPv6 one: NAT64, 6to4, Teredo, mapped
  reserved,       // everything else that is not assigned for use
};

// "private_use" and so on.
std::string_view to_text(Scope scope);

struct Special {
  Prefix prefix;
  Scope scope;
  std::string_view name;  // as the registry names it
};

// The scope of one address: that of the longest registered prefix that holds it.
Scope scope_of(const Address& address);

// The registered range that makes some address of `prefix` other than global; null where all of them are global. Of
// several, the one that holds the prefix's first address, else the lowest.
const Special* special_of(const Prefix& prefix);

// All ranges known, for tests and listings. Those of scope global are exceptions inside wider ones.
std::span<const Special> special_ranges();

}  // namespace tocsin::netset
