// Nothing that a rule or an event can be made of takes more than linear work or memory: counted in steps and
// allocations, not in seconds.
#include <random>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pattern/counting_new.h"
#include "pattern/pattern.h"
#include "pattern/random_cases.h"

namespace tocsin::pattern {
namespace {

std::string repeated(std::string_view text, std::size_t times) {
  std::string all;
  for (std::size_t i = 0; i < times; ++i) all += text;
  return all;
}

std::shared_ptr<const RuleSet> compiled(const std::vector<std::string>& patterns, const Limits& limits = {}) {
  std::vector<Rule> rules;
  for (const std::string& pattern : patterns) rules.push_back({static_cast<RuleId>(rules.size()), pattern});
  auto set = compile(rules, limits);
  EXPECT_TRUE(set) << set.error().message;
  return set ? *set : nullptr;
}

std::uint64_t steps_of(Matcher& matcher, const RuleSet& rules, const std::string& event) {
  std::vector<RuleId> matched;
  const auto result = matcher.match(rules, event, matched);
  EXPECT_TRUE(result) << result.error().message;
  return matcher.steps();
}

// Twice the event may take twice the steps and a little.
void expect_linear(const RuleSet& rules, const std::string& once, const std::string& twice) {
  Matcher matcher;
  const auto a = steps_of(matcher, rules, once), b = steps_of(matcher, rules, twice);
  EXPECT_LE(b, 2 * a + a / 4) << "of " << a << " for " << once.size() << " bytes";
}

TEST(Bounds, NothingIsAllocatedAfterWarmUp) {
  std::mt19937_64 random(3);
  RandomCases cases([&](std::size_t n) { return random() % n; });
  std::vector<std::string> patterns, events;
  for (int i = 0; i < 300; ++i) patterns.push_back(cases.pattern());
  for (int i = 0; i < 300; ++i) events.push_back(cases.event());
  events.push_back(R"({"a":[[{"a":1},{"b":"\u0041Ⱥ"}],)" + repeated(R"({"a":{"b":[1,{"c":2}]}},)", 500) + "1]}");
  const auto set = compiled(patterns);
  Matcher matcher;
  std::vector<RuleId> matched;
  const auto run = [&] {
    for (const std::string& event : events) ASSERT_TRUE(matcher.match(*set, event, matched));
  };
  run();
  const std::size_t before = allocation_count();
  for (int i = 0; i < 3; ++i) run();
  EXPECT_EQ(allocation_count(), before);
}

TEST(Bounds, OneKeyRepeated) {
  const auto set = compiled({R"({"a":[1]})", R"({"a":[{"anything-but":1}],"b":[{"exists":false}]})",
                             R"({"a":[{"wildcard":"*x*y*"}]})", R"({"a":[{"numeric":["<",1]}],"c":[2]})"});
  const auto event = [](std::size_t n) { return "{" + repeated(R"("a":1,"a":"xxxx",)", n) + R"("b":1})"; };
  expect_linear(*set, event(7'000), event(14'000));
}

TEST(Bounds, ManyElements) {
  const auto set = compiled({R"({"r":{"a":[1],"b":[2],"c":[{"exists":false}]}})", R"({"r":{"a":[1],"b":[2],"d":[3]}})",
                             R"({"r":{"s":{"a":[1],"b":[2]},"t":{"a":[1],"b":[2]}}})"});
  const auto event = [](std::size_t n) {
    return R"({"r":[)" +
           repeated(R"({"a":1,"b":3,"c":1},{"a":2,"b":2,"d":3},{"s":[{"a":1},{"b":2}],"t":[{"a":1}]},)", n) + "0]}";
  };
  expect_linear(*set, event(1'000), event(2'000));
}

TEST(Bounds, IndependentArraysDoNotMultiply) {
  // Each of ten arrays gives a hundred choices, and the last one none at all.
  std::string pattern = "{";
  std::string event = "{";
  for (int i = 0; i < 10; ++i) {
    pattern += fmt::format(R"("{0}":{{"x":[1],"y":[1]}},)", i);
    event += fmt::format(R"("{0}":[{1}{{}}],)", i, repeated(R"({"x":1,"y":1},)", 100));
  }
  const auto set = compiled({pattern + R"("z":{"x":[1],"y":[1]}})"});
  Matcher matcher;
  EXPECT_LT(steps_of(matcher, *set, event + R"("z":[{"x":1},{"y":1}]})"), 40'000u);
}

TEST(Bounds, WildcardBombs) {
  std::vector<std::string> patterns;
  for (int i = 1; i < 40; ++i)
    patterns.push_back(
        fmt::format(R"({{"a":[{{"wildcard":"{}b"}}]}})", repeated("*a", 20u + static_cast<std::size_t>(i))));
  for (int i = 1; i < 40; ++i)
    patterns.push_back(fmt::format(R"({{"a":[{{"anything-but":{{"wildcard":"{}*"}}}}]}})",
                                   repeated("*ab", static_cast<std::size_t>(i))));
  const auto set = compiled(patterns);
  const auto event = [](std::size_t n) { return R"({"a":")" + repeated("aaab", n) + R"(a"})"; };
  expect_linear(*set, event(10'000), event(20'000));
  EXPECT_LT(figures(*set).bytes, 100'000u);
}

TEST(Bounds, DeepEvents) {
  const auto set = compiled({R"({"a":[1]})", R"({"b":[1]})", R"({"k":{"k":{"k":[1]}}})"});
  Matcher matcher;
  std::vector<RuleId> matched;
  const auto nested = [](std::size_t depth, const std::string& open, const std::string& inner,
                         const std::string& close) { return repeated(open, depth) + inner + repeated(close, depth); };
  // Where no rule looks, any depth.
  expect_linear(*set, R"({"z":)" + nested(50'000, "[", "", "]") + "}",
                R"({"z":)" + nested(100'000, "[", "", "]") + "}");
  expect_linear(*set, nested(20'000, R"({"k":)", "1", "}"), nested(40'000, R"({"k":)", "1", "}"));
  // Arrays in arrays where a rule looks: 1,000 are taken, and past the limit there is an error.
  ASSERT_TRUE(matcher.match(*set, R"({"a":)" + nested(1'000, "[", "1", "]") + "}", matched));
  EXPECT_THAT(matched, ::testing::ElementsAre(RuleId{0}));
  EXPECT_FALSE(matcher.match(*set, R"({"a":)" + nested(5'000, "[", "1", "]") + "}", matched));
  const auto both = compiled({R"({"a":{"x":[1],"y":[1]}})"});
  ASSERT_TRUE(matcher.match(*both, R"({"a":)" + nested(1'000, "[", R"({"x":1},{"x":1,"y":1})", "]") + "}", matched));
  EXPECT_EQ(matched.size(), 1u);
}

TEST(Bounds, RepeatedKeysInArraysEndInAnError) {
  // Each array is a variable, its elements the clauses that either value satisfies: a satisfiability problem.
  std::string pattern = R"({"e":{)";
  for (int i = 0; i < 60; ++i) pattern += fmt::format(R"({}"c{}":[1])", i > 0 ? "," : "", i);
  std::mt19937_64 random(5);
  std::string event = "{";
  for (int variable = 0; variable < 15; ++variable) {
    event += variable > 0 ? ",\"e\":[" : "\"e\":[";
    for (int value = 0; value < 2; ++value) {
      event += value > 0 ? ",{\"z\":1" : "{\"z\":1";
      for (int i = 0; i < 60; ++i) {
        if (random() % 7 == 0) event += fmt::format(R"(,"c{}":1)", i);
      }
      event += "}";
    }
    event += "]";
  }
  const auto set = compiled({pattern + "}}"});
  Matcher matcher;
  std::vector<RuleId> matched;
  const auto result = matcher.match(*set, event + "}", matched);
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().message, ::testing::HasSubstr("repeats keys"));
  EXPECT_LT(matcher.steps(), 20'000'000u);
}

TEST(Bounds, ManyRulesAndPaths) {
  std::vector<std::string> patterns;
  for (int i = 0; i < 100'000; ++i) {
    patterns.push_back(
        fmt::format(R"({{"detail":{{"p{}":{{"q":["v{}"]}}}},"source":["s",{{"prefix":"t"}}]}})", i % 10'000, i));
  }
  const auto set = compiled(patterns);
  EXPECT_EQ(figures(*set).paths, 10'001u);
  EXPECT_LT(figures(*set).bytes, 40'000'000u);
  Matcher matcher;
  std::vector<RuleId> matched;
  const std::string event = R"({"source":"s","detail":{"p77":{"q":["v77","v10077","v5"]},"p5":{"q":"v5"}}})";
  ASSERT_TRUE(matcher.match(*set, event, matched));
  EXPECT_THAT(matched, ::testing::ElementsAre(RuleId{5}, RuleId{77}, RuleId{10'077}));
  EXPECT_LT(matcher.steps(), 200u);
}

TEST(Bounds, RulesWithOneConditionInCommonAreFoundByTheOther) {
  std::vector<std::string> patterns;
  for (int i = 0; i < 10'000; ++i) {
    patterns.push_back(
        fmt::format(R"({{"source":["aws.securityhub"],"type":[{{"anything-but":"x"}}],"id":["{}"]}})", i));
  }
  const auto set = compiled(patterns);
  Matcher matcher;
  EXPECT_LT(steps_of(matcher, *set, R"({"source":"aws.securityhub","type":"y","id":"5"})"), 100u);
}

}  // namespace
}  // namespace tocsin::pattern
