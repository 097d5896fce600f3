// Seeded data for the event-pattern benchmark: nothing is read, every run sees the same bytes.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace tocsin::bench {

// Land-register records in the shape of San Francisco's city lots (GeoJSON features), 0.72 KB on average; coordinates
// as arrays [x, y, z]. With `objects`, as {"x", "y", "z"}, which is what the rules on nested arrays look into.
std::vector<std::string> city_lots(std::size_t count, bool objects);

// Security Hub findings as EventBridge delivers them, 4.6 KB on average.
std::vector<std::string> findings(std::size_t count);

struct LotRules {
  const char* name;
  std::vector<std::string> patterns;
};
// Five rules a kind: exact, prefix, wildcard, suffix, ignore-case, numeric, anything-but, complex arrays; and all of
// them together ("combo").
std::vector<LotRules> lot_rules();

// Rules on findings, of ten kinds in turn; about 65 of 10,000 match an event.
std::vector<std::string> finding_rules(std::size_t count);

}  // namespace tocsin::bench
