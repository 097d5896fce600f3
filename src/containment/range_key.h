// Ranges of addresses as two columns of text that sort as the addresses do, so that the database finds overlaps.
#pragma once

#include <string>

#include "netset/netset.h"

namespace tocsin::containment {

struct RangeKey {
  std::string first, last;
};

// "4" or "6", then 32 hexadecimal digits. Two ranges overlap if a.first <= b.last and b.first <= a.last.
RangeKey range_key(const netset::Prefix& prefix);

}  // namespace tocsin::containment
