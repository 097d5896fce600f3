// A set of addresses, built from prefixes. It keeps disjoint ranges, so every operation costs the logarithm of their
// number, and it can always say the smallest list of prefixes that covers exactly its addresses.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <vector>

#include "netset/netset.h"

namespace tocsin::netset {

class Set {
 public:
  Set() = default;
  explicit Set(const std::vector<Prefix>& prefixes);

  void insert(const Prefix& prefix);
  // Takes the addresses out; a range that holds more is split.
  void erase(const Prefix& prefix);
  void insert(const Set& other);
  void erase(const Set& other);

  bool contains(const Address& address) const;
  // Every address of `prefix` is in the set.
  bool contains(const Prefix& prefix) const;
  // Some address of `prefix` is in the set.
  bool overlaps(const Prefix& prefix) const;
  bool empty() const { return ranges_[0].empty() && ranges_[1].empty(); }

  // The fewest prefixes that cover exactly this set, IPv4 first, then by address.
  std::vector<Prefix> prefixes() const;

  bool operator==(const Set&) const = default;

 private:
  using Ranges = std::map<Bits, Bits>;  // first → last; neither overlapping nor touching
  Ranges& of(Family family) { return ranges_[static_cast<std::size_t>(family)]; }
  const Ranges& of(Family family) const { return ranges_[static_cast<std::size_t>(family)]; }
  static void insert_range(Ranges& ranges, Bits first, Bits last);
  static void erase_range(Ranges& ranges, Bits first, Bits last);

  std::array<Ranges, 2> ranges_;
};

}  // namespace tocsin::netset
