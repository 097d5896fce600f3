// The interface: rule sets, several rules at once, errors. What single patterns mean is in conformance_test.cpp.
#include <iterator>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pattern/pattern.h"

namespace tocsin::pattern {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<RuleId> matches(Matcher& matcher, const RuleSet& rules, std::string_view event) {
  std::vector<RuleId> matched;
  const auto result = matcher.match(rules, event, matched);
  EXPECT_TRUE(result) << result.error().message;
  return matched;
}

TEST(Matcher, ReportsIdsInAscendingOrder) {
  const Rule rules[] = {{RuleId{4'000'000'000}, R"({"a":["x"]})"},
                        {RuleId{7}, R"({"a":[{"prefix":""}]})"},
                        {RuleId{9}, R"({"a":["y"]})"},
                        {RuleId{8}, R"({"b":[{"exists":false}]})"},
                        {RuleId{0}, R"({"$or":[{"a":["x"]},{"a":["x","y"]}]})"}};
  const auto set = compile(rules);
  ASSERT_TRUE(set);
  Matcher matcher;
  EXPECT_THAT(matches(matcher, **set, R"({"a":"x"})"),
              ElementsAre(RuleId{0}, RuleId{7}, RuleId{8}, RuleId{4'000'000'000}));
  EXPECT_THAT(matches(matcher, **set, R"({"a":"y","b":1})"), ElementsAre(RuleId{0}, RuleId{7}, RuleId{9}));
  EXPECT_THAT(matches(matcher, **set, R"({"a":5,"b":1})"), IsEmpty());
}

TEST(Matcher, OneServesManyRuleSets) {
  const Rule one[] = {{RuleId{1}, R"({"a":["x"]})"}};
  const Rule two[] = {{RuleId{2}, R"({"b":["x"],"c":["y"]})"}, {RuleId{3}, R"({"a":["x"]})"}};
  const auto first = compile(one), second = compile(two), nothing = compile({});
  ASSERT_TRUE(first && second && nothing);
  Matcher matcher;
  for (int i = 0; i < 3; ++i) {
    EXPECT_THAT(matches(matcher, **first, R"({"a":"x","b":"x","c":"y"})"), ElementsAre(RuleId{1}));
    EXPECT_THAT(matches(matcher, **second, R"({"a":"x","b":"x","c":"y"})"), ElementsAre(RuleId{2}, RuleId{3}));
    EXPECT_THAT(matches(matcher, **nothing, R"({"a":"x"})"), IsEmpty());
  }
}

TEST(Matcher, InvalidEventsAreErrorsAndMatchNothing) {
  const Rule rules[] = {{RuleId{1}, R"({"a":["x"]})"}};
  const auto set = compile(rules);
  ASSERT_TRUE(set);
  Matcher matcher;
  for (const char* event : {"",
                            " ",
                            "[]",
                            "\"a\"",
                            "{",
                            "{\"a\":\"x\"",
                            "{\"a\":",
                            "\r{\"a\"\n:",
                            "{\"a\":\"x\"} {}",
                            "{\"a\":\"x\"},",
                            "{\"a\":\"x\",}",
                            "{\"a\":\"x\" \"b\":1}",
                            "{\"a\":\"x\",\"b\":01}",
                            "{\"a\":\"x\",\"b\":1.}",
                            "{\"a\":\"x\",\"b\":-}",
                            "{\"a\":\"x\",\"b\":1e}",
                            "{\"a\":\"x\",\"b\":+1}",
                            "{\"a\":\"x\",\"b\":tru}",
                            "{\"a\":\"x\",\"b\":nulls}",
                            "{\"a\":\"x\",\"b\":\"\\q\"}",
                            "{\"a\":\"x\",\"b\":\"\\u12x4\"}",
                            "{\"a\":\"x\",\"b\":\"\n\"}",
                            "{\"a\":\"x\",\"b\":[1,]}",
                            "{\"a\":\"x\",\"b\":[,]}",
                            "{\"a\":\"x\",\"b\":[1 2]}",
                            "{\"a\":\"x\",\"b\":[1}}",
                            "{\"a\":\"x\",\"b\":{\"c\"}}",
                            "{\"a\":\"x\",\"b\":{\"c\":}}",
                            "{\"a\":\"x\",\"b\":{1:2}}",
                            "{\"a\":\"x\",\"b\":{\"c\":1]}",
                            "{\"a\":\"x\",b:1}",
                            "{'a':1}",
                            "{\"a\":\"x\",\"b\":\"\xff\"}",
                            "\xef\xbb\xbf{\"a\":\"x\"}"}) {
    std::vector<RuleId> matched = {RuleId{5}};
    const auto result = matcher.match(**set, event, matched);
    ASSERT_FALSE(result) << event;
    EXPECT_EQ(result.error().code, ErrorCode::validation);
    EXPECT_THAT(matched, IsEmpty()) << event;
  }
  EXPECT_THAT(matches(matcher, **set, R"({"a":"x"})"), ElementsAre(RuleId{1}));
}

TEST(Compile, NamesTheFaultAndItsPlace) {
  const Rule rules[] = {{RuleId{1}, R"({"a":["x"]})"}, {RuleId{2}, "{\"detail\":{\n  \"severity\":[{\"prefix\":1}]}}"}};
  const auto set = compile(rules);
  ASSERT_FALSE(set);
  EXPECT_EQ(set.error().code, ErrorCode::validation);
  EXPECT_EQ(set.error().aws_code, "InvalidEventPatternException");
  EXPECT_EQ(set.error().path, "detail.severity");
  EXPECT_THAT(set.error().message,
              HasSubstr("Event pattern is not valid. Reason: prefix match pattern must be a string\n at [Source: "));
  EXPECT_THAT(set.error().message, HasSubstr("line: 2, column: "));
}

TEST(Compile, RefusesTwoRulesOfOneId) {
  const Rule rules[] = {{RuleId{1}, R"({"a":["x"]})"}, {RuleId{1}, R"({"a":["y"]})"}};
  EXPECT_FALSE(compile(rules));
}

TEST(Compile, KeepsItsLimits) {
  EXPECT_FALSE(validate("{\"a\":[\"" + std::string(4096, 'x') + "\"]}"));
  EXPECT_TRUE(validate("{\"a\":[\"" + std::string(4096, 'x') + "\"]}", {.pattern_bytes_max = 8192}));
  std::string product = "{";
  for (int i = 0; i < 10; ++i) {
    const std::string field = std::to_string(i);
    product += (i > 0 ? ",\"f" : "\"f") + field + R"(":{"$or":[{"a":[1]},{"b":[1]}]})";
  }
  product += "}";
  const auto refused = validate(product);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("Rule is too complex"));
  EXPECT_TRUE(validate(product, {.sub_rules_max = 1024}));
  std::string fields = "{\"k\":[1]";
  for (int i = 0; i < 256; ++i) fields += ",\"" + std::to_string(i) + "\":[1]";
  EXPECT_FALSE(validate(fields + "}"));
}

TEST(Builder, AddsReplacesAndRemoves) {
  RuleSetBuilder builder;
  ASSERT_TRUE(builder.put(RuleId{1}, R"({"a":["x"]})"));
  ASSERT_TRUE(builder.put(RuleId{2}, R"({"a":["y"]})"));
  const auto first = builder.publish();
  EXPECT_EQ(first, builder.publish());
  ASSERT_TRUE(builder.put(RuleId{1}, R"({"a":["y"]})"));
  EXPECT_FALSE(builder.put(RuleId{2}, "{}"));
  const auto second = builder.publish();
  EXPECT_TRUE(builder.remove(RuleId{2}));
  EXPECT_FALSE(builder.remove(RuleId{2}));
  EXPECT_EQ(builder.size(), 1u);
  const auto third = builder.publish();
  Matcher matcher;
  EXPECT_THAT(matches(matcher, *first, R"({"a":"y"})"), ElementsAre(RuleId{2}));
  EXPECT_THAT(matches(matcher, *second, R"({"a":"y"})"), ElementsAre(RuleId{1}, RuleId{2}));
  EXPECT_THAT(matches(matcher, *third, R"({"a":"y"})"), ElementsAre(RuleId{1}));
}

// Of numbers with many digits in an array, those that can change nothing are not read to their end; an array of one is.
TEST(Matcher, ManyLongNumbersMatchAsEachOfThemDoes) {
  std::mt19937_64 random(21);
  const auto number = [&] {
    // Close together, so that the first digits often do not tell them apart; not all are the shortest of a binary64.
    const std::string_view heads[] = {"-122.4291", "122.429", "0.00000", "-0.000000", "7.25", "1000000.5", "99.99999"};
    std::string text(heads[random() % std::size(heads)]);
    for (std::size_t digits = random() % 12; digits > 0; --digits) text += static_cast<char>('0' + random() % 10);
    return random() % 20 == 0 ? text + "e-1" : text;
  };
  for (int round = 0; round < 2'000; ++round) {
    std::vector<Rule> rules;
    for (std::uint32_t i = 0; i < 4; ++i) {
      std::string low = number(), high = number();
      if (std::stod(low) > std::stod(high)) std::swap(low, high);
      const std::string condition = random() % 3 == 0   ? fmt::format(R"("=",{})", low)
                                    : random() % 2 == 0 ? fmt::format(R"("<",{})", low)
                                                        : fmt::format(R"(">",{},"<=",{})", low, high);
      rules.push_back({RuleId{i}, fmt::format(R"({{"a":[{{"numeric":[{}]}}]}})", condition)});
    }
    const auto set = compile(rules);
    if (!set) continue;  // not comparable, or an empty range
    Matcher matcher;
    std::set<RuleId> one_by_one;
    std::vector<RuleId> matched;
    std::string all;
    for (int i = 0; i < 8; ++i) {
      const std::string text = number();
      all += (i > 0 ? "," : "") + text;
      ASSERT_TRUE(matcher.match(**set, fmt::format(R"({{"a":{}}})", text), matched));
      one_by_one.insert(matched.begin(), matched.end());
    }
    ASSERT_TRUE(matcher.match(**set, fmt::format(R"({{"a":[{}]}})", all), matched));
    ASSERT_EQ(matched, std::vector<RuleId>(one_by_one.begin(), one_by_one.end())) << all;
  }
}

}  // namespace
}  // namespace tocsin::pattern
