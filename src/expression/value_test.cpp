#include "expression/value.h"

#include <gtest/gtest.h>

#include "core/random.h"

namespace tocsin::expression {
namespace {

json::value number(std::string_view text) {
  json::value value = json::object{{"N", text}};
  auto done = normalise(value);
  EXPECT_TRUE(done) << text;
  return value;
}

std::string text(const json::value& value) {
  return std::string(value.at("N").get_string());
}

TEST(Number, HasOneSpelling) {
  const std::pair<std::string_view, std::string> cases[] = {
      {"0", "0"},
      {"-0", "0"},
      {"0.0", "0"},
      {"1.50", "1.5"},
      {"+7", "7"},
      {"1e3", "1000"},
      {"1E-3", "0.001"},
      {".5", "0.5"},
      {"5.", "5"},
      {"000120", "120"},
      {"-12.340", "-12.34"},
      {"1e125", "1" + std::string(125, '0')},
      {"12345678901234567890123456789012345678", "12345678901234567890123456789012345678"},
  };
  for (const auto& [given, canonical] : cases) EXPECT_EQ(text(number(given)), canonical) << given;
}

TEST(Number, RefusesWhatIsNone) {
  for (const std::string_view bad : {"", "-", ".", "1.2.3", "abc", "1e", "1e+", "0x10", " 1", "1 ", "NaN", "Infinity",
                                     "1e126", "1e-131", "123456789012345678901234567890123456789", "1e99999"}) {
    json::value value = json::object{{"N", bad}};
    EXPECT_FALSE(normalise(value)) << bad;
  }
}

TEST(Number, OrderAndSumAgreeWithWholeNumbers) {
  SeededRandom random{3};
  for (int i = 0; i < 20'000; ++i) {
    const auto draw = [&] {
      const auto magnitude = std::int64_t{1} << random.below(61);
      return static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(magnitude))) - magnitude / 2;
    };
    const std::int64_t a = draw(), b = draw();
    const auto order = compare(make_number(a), make_number(b));
    ASSERT_TRUE(order);
    ASSERT_EQ(*order < 0, a < b) << a << " " << b;
    ASSERT_EQ(*order == 0, a == b);
    ASSERT_EQ(text(*add(number(std::to_string(a)), number(std::to_string(b)), false)), std::to_string(a + b));
    ASSERT_EQ(text(*add(number(std::to_string(a)), number(std::to_string(b)), true)), std::to_string(a - b));
  }
}

TEST(Number, ComparesFractionsExactly) {
  EXPECT_LT(*compare(number("0.1"), number("0.11")), 0);
  EXPECT_GT(*compare(number("-0.1"), number("-0.11")), 0);
  EXPECT_EQ(*compare(number("1e2"), number("100.00")), 0);
  EXPECT_EQ(text(*add(number("0.1"), number("0.2"), false)), "0.3");
  EXPECT_FALSE(add(number("1e120"), number("1e-5"), false));
}

TEST(Value, IsCheckedForItsShape) {
  const auto accepts = [](std::string_view document) {
    auto value = parse_json(document);
    EXPECT_TRUE(value);
    return normalise(*value).has_value();
  };
  EXPECT_TRUE(accepts(R"({"S":""})"));
  EXPECT_TRUE(accepts(R"({"M":{"a":{"L":[{"BOOL":true},{"NULL":true}]}}})"));
  EXPECT_TRUE(accepts(R"({"NS":["1","2"]})"));
  for (const std::string_view bad :
       {R"({})", R"({"S":1})", R"({"S":"a","N":"1"})", R"({"X":"a"})", R"({"NULL":false})", R"({"BOOL":"true"})",
        R"({"L":{}})", R"({"SS":[]})", R"({"SS":["a","a"]})", R"({"NS":["1","1.0"]})", R"([])", R"("text")"})
    EXPECT_FALSE(accepts(bad)) << bad;
  std::string deep = R"({"S":"x"})";
  for (int i = 0; i < 40; ++i) deep = R"({"L":[)" + deep + "]}";
  EXPECT_FALSE(accepts(deep));
}

}  // namespace
}  // namespace tocsin::expression
