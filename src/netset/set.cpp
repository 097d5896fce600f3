#include "netset/set.h"

#include <algorithm>

namespace tocsin::netset {
namespace {

int trailing_zeros(Bits bits) {
  if (bits == 0) return 128;
  const auto low = static_cast<std::uint64_t>(bits);
  return low != 0 ? __builtin_ctzll(low) : 64 + __builtin_ctzll(static_cast<std::uint64_t>(bits >> 64));
}

// Appends the prefixes that cover first…last, largest that fits first. At most 2 × width of them.
void cover(Family family, Bits first, Bits last, std::vector<Prefix>& out) {
  while (true) {
    int host_bits = std::min(trailing_zeros(first), width(family));
    const auto end_of = [&](int bits) { return bits >= 128 ? ~Bits{0} : first + ((Bits{1} << bits) - 1); };
    while (end_of(host_bits) > last) --host_bits;
    out.push_back({{family, first}, width(family) - host_bits});
    if (end_of(host_bits) >= last) return;
    first = end_of(host_bits) + 1;
  }
}

}  // namespace

Set::Set(const std::vector<Prefix>& prefixes) {
  for (const auto& prefix : prefixes) insert(prefix);
}

void Set::insert(const Prefix& prefix) {
  insert_range(of(prefix.family()), prefix.first().bits, prefix.last().bits);
}

void Set::erase(const Prefix& prefix) {
  erase_range(of(prefix.family()), prefix.first().bits, prefix.last().bits);
}

void Set::insert(const Set& other) {
  if (&other == this) return;
  for (const Family family : {Family::ipv4, Family::ipv6}) {
    for (const auto& [first, last] : other.of(family)) insert_range(of(family), first, last);
  }
}

void Set::erase(const Set& other) {
  if (&other == this) {
    ranges_ = {};
    return;
  }
  for (const Family family : {Family::ipv4, Family::ipv6}) {
    for (const auto& [first, last] : other.of(family)) erase_range(of(family), first, last);
  }
}

void Set::insert_range(Ranges& ranges, Bits first, Bits last) {
  auto it = ranges.upper_bound(first);
  if (it != ranges.begin()) {
    const auto before = std::prev(it);
    if (before->second >= first || before->second + 1 == first) {
      first = before->first;
      last = std::max(last, before->second);
      it = ranges.erase(before);
    }
  }
  while (it != ranges.end() && (it->first <= last || it->first - 1 == last)) {
    last = std::max(last, it->second);
    it = ranges.erase(it);
  }
  ranges.emplace_hint(it, first, last);
}

void Set::erase_range(Ranges& ranges, Bits first, Bits last) {
  auto it = ranges.upper_bound(first);
  if (it != ranges.begin() && std::prev(it)->second >= first) --it;
  while (it != ranges.end() && it->first <= last) {
    const auto [range_first, range_last] = *it;
    it = ranges.erase(it);
    if (range_first < first) ranges.emplace(range_first, first - 1);
    if (range_last > last) {
      ranges.emplace(last + 1, range_last);
      return;
    }
  }
}

bool Set::contains(const Address& address) const {
  return contains(single(address));
}

bool Set::contains(const Prefix& prefix) const {
  const auto& ranges = of(prefix.family());
  auto it = ranges.upper_bound(prefix.first().bits);
  return it != ranges.begin() && std::prev(it)->second >= prefix.last().bits;
}

bool Set::overlaps(const Prefix& prefix) const {
  const auto& ranges = of(prefix.family());
  auto it = ranges.upper_bound(prefix.last().bits);
  return it != ranges.begin() && std::prev(it)->second >= prefix.first().bits;
}

std::vector<Prefix> Set::prefixes() const {
  std::vector<Prefix> all;
  for (const Family family : {Family::ipv4, Family::ipv6}) {
    for (const auto& [first, last] : of(family)) cover(family, first, last, all);
  }
  return all;
}

}  // namespace tocsin::netset
