// The bytes choose a random rule set and a random event; the engine must agree with the reference.
#include <cstddef>
#include <cstdint>

#include "core/check.h"
#include "pattern/pattern.h"
#include "pattern/random_cases.h"
#include "pattern/reference_match.cpp"   // NOLINT: test support that no library holds
#include "pattern/reference_values.cpp"  // NOLINT

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace tocsin;
  using namespace tocsin::pattern;
  std::size_t at = 0;
  RandomCases cases([&](std::size_t n) -> std::size_t { return at < size ? bytes[at++] % n : 0; });
  cases.is_dense = size % 2 == 0;
  std::vector<Rule> rules;
  const std::size_t count = size == 0 ? 1 : 1 + bytes[at++] % 5;
  while (rules.size() < count) rules.push_back({static_cast<RuleId>(rules.size()), cases.pattern()});
  const std::string event = cases.event();
  const auto set = compile(rules);
  check(set.has_value(), "the random patterns are valid");
  Matcher matcher;
  std::vector<RuleId> matched;
  check(matcher.match(**set, event, matched).has_value(), "the random event is valid");
  std::vector<RuleId> expected;
  for (const Rule& rule : rules) {
    if (reference_match(rule.pattern, event)) expected.push_back(rule.id);
  }
  check(matched == expected, "the reference agrees");
  return 0;
}
