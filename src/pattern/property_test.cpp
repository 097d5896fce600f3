// Laws: the engine agrees with the naive reference on random rule sets and events, and a rule set that was built by
// adding and removing agrees with one that was compiled at once. TOCSIN_PROPERTY_PAIRS sets how many pairs of a rule
// set and an event are tried (`make check-deep`: a million).
#include <cstdlib>
#include <map>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "pattern/pattern.h"
#include "pattern/random_cases.h"
#include "pattern/reference_match.h"

namespace tocsin::pattern {
namespace {

std::size_t pair_count() {
  const char* wanted = std::getenv("TOCSIN_PROPERTY_PAIRS");
  return wanted == nullptr ? 100'000 : std::strtoull(wanted, nullptr, 10);
}

// Mostly few rules, up to 500.
std::size_t rule_count(std::mt19937_64& random) {
  const std::size_t most[] = {1, 1, 3, 3, 10, 10, 10, 30, 30, 500};
  return 1 + random() % most[random() % std::size(most)];
}

TEST(Property, AgreesWithTheReference) {
  std::mt19937_64 random(20240701);
  RandomCases cases([&](std::size_t n) { return random() % n; });
  Matcher matcher;
  std::size_t matches = 0, tried = 0;
  for (std::size_t pair = 0; pair < pair_count();) {
    cases.is_dense = random() % 2 == 0;
    std::vector<Rule> rules;
    std::vector<ReferenceRule> references;
    for (std::size_t i = rule_count(random); i > 0; --i) {
      std::string pattern = cases.pattern();
      const auto valid = validate(pattern);
      ASSERT_TRUE(valid) << pattern << "\n" << valid.error().message;
      references.emplace_back(pattern);
      rules.push_back({static_cast<RuleId>(rules.size() * 3), std::move(pattern)});
    }
    const auto set = compile(rules);
    ASSERT_TRUE(set);
    for (int events = 0; events < 25; ++events, ++pair) {
      const std::string event = cases.event();
      const ReferenceEvent reference_event(event);
      std::vector<RuleId> matched, expected;
      const auto result = matcher.match(**set, event, matched);
      ASSERT_TRUE(result) << event << "\n" << result.error().message;
      for (std::size_t i = 0; i < rules.size(); ++i) {
        if (references[i].matches(reference_event)) expected.push_back(rules[i].id);
        ASSERT_EQ(std::find(matched.begin(), matched.end(), rules[i].id) != matched.end(),
                  std::find(expected.begin(), expected.end(), rules[i].id) != expected.end())
            << rules[i].pattern << "\n"
            << event << "\nof " << rules.size() << " rules";
      }
      ASSERT_EQ(matched, expected);
      matches += expected.size();
      tried += rules.size();
    }
  }
  // The vocabulary must make both answers common.
  EXPECT_GT(matches, tried / 20);
  EXPECT_LT(matches, tried / 2);
}

TEST(Property, IncrementalAgreesWithFromScratch) {
  std::mt19937_64 random(7);
  RandomCases cases([&](std::size_t n) { return random() % n; });
  RuleSetBuilder builder;
  std::map<RuleId, std::string> now;
  Matcher matcher;
  for (int round = 0; round < 1000; ++round) {
    cases.is_dense = round % 2 == 0;
    for (auto changes = random() % 5; changes > 0; --changes) {
      const auto id = static_cast<RuleId>(random() % 60);
      if (random() % 3 == 0) {
        EXPECT_EQ(builder.remove(id), now.erase(id) == 1);
      } else {
        now[id] = cases.pattern();
        ASSERT_TRUE(builder.put(id, now[id]));
      }
    }
    std::vector<Rule> rules;
    for (const auto& [id, pattern] : now) rules.push_back({id, pattern});
    const auto whole = compile(rules);
    ASSERT_TRUE(whole);
    const auto grown = builder.publish();
    for (int i = 0; i < 5; ++i) {
      const std::string event = cases.event();
      std::vector<RuleId> a, b;
      ASSERT_TRUE(matcher.match(**whole, event, a));
      ASSERT_TRUE(matcher.match(*grown, event, b));
      ASSERT_EQ(a, b) << event;
    }
  }
}

}  // namespace
}  // namespace tocsin::pattern
