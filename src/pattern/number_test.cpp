#include "pattern/detail/number.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace tocsin::pattern {
namespace {

// By printing: the decimal is the shortest one if no shorter text reads as the same binary64.
bool is_shortest(const std::string& text, double value) {
  for (int digits = 0; digits < 17; ++digits) {
    const std::string printed = fmt::format("{:.{}e}", value, digits);
    if (std::strtod(printed.c_str(), nullptr) != value) continue;
    // Both as 17 significant digits and an exponent, which is exact for either.
    const auto exact = [](const std::string& t) {
      std::string digits_only;
      long exponent = 0;
      const std::size_t e = t.find_first_of("eE");
      if (e != std::string::npos) exponent = std::strtol(t.c_str() + e + 1, nullptr, 10);
      bool fraction = false;
      for (const char c : t.substr(0, e)) {
        if (c == '.') fraction = true;
        if (c < '0' || c > '9') continue;
        digits_only += c;
        if (fraction) --exponent;
      }
      digits_only.erase(0, std::min(digits_only.find_first_not_of('0'), digits_only.size()));
      while (!digits_only.empty() && digits_only.back() == '0') {
        digits_only.pop_back();
        ++exponent;
      }
      return digits_only + "e" + std::to_string(exponent);
    };
    return exact(printed) == exact(text);
  }
  return false;
}

TEST(Number, AgreesWithPrinting) {
  std::mt19937_64 random(11);
  int comparable = 0, bounded = 0;
  for (int i = 0; i < 300'000; ++i) {
    const int digits = 1 + static_cast<int>(random() % 20);
    std::string text = random() % 2 == 0 ? "-" : "";
    for (int d = 0; d < digits; ++d) text += static_cast<char>('0' + (d == 0 ? 1 + random() % 9 : random() % 10));
    const std::size_t point = random() % text.size() + 1;
    if (random() % 4 != 0 && point < text.size() && text[point - 1] != '-') text.insert(point, ".");
    if (random() % 8 == 0) text += fmt::format("e{}", static_cast<int>(random() % 80) - 40);
    if (random() % 16 == 0 && text.find('.') != std::string::npos && text.find('e') == std::string::npos) text += "000";
    const double value = std::strtod(text.c_str(), nullptr);
    if (const NumberBounds bounds = bounds_of_number(text); bounds.are_known()) {
      ++bounded;
      ASSERT_LE(bounds.low, value) << text;
      ASSERT_GE(bounds.high, value) << text;
      ASSERT_LE(bounds.high - bounds.low, std::max(1.0, std::fabs(value)) * 1.1e-6) << text;
    }
    const Number number = read_number(text);
    ASSERT_EQ(number.is_comparable, is_shortest(text, value)) << text;
    if (number.is_comparable) {
      ASSERT_EQ(number.value, value) << text;
      ++comparable;
    }
  }
  EXPECT_GT(comparable, 100'000);
  EXPECT_GT(bounded, 50'000);
}

TEST(Number, ReadsBackWhatBinary64Prints) {
  std::mt19937_64 random(12);
  for (int i = 0; i < 300'000; ++i) {
    const double value = i % 2 == 0
                             ? std::ldexp(static_cast<double>(random() >> 11), static_cast<int>(random() % 100) - 80)
                             : -122.5 + static_cast<double>(random() % 1'000'000'007) / 1e9;
    if (value == 0) continue;
    const std::string text = fmt::format("{}", value);
    const Number number = read_number(text);
    ASSERT_TRUE(number.is_comparable) << text;
    ASSERT_EQ(number.value, value) << text;
  }
}

TEST(Number, KnowsTheEdges) {
  const std::pair<const char*, bool> cases[] = {{"0", true},
                                                {"-0.0", true},
                                                {"0e999", true},
                                                {"9007199254740992", true},
                                                {"9007199254740993", false},
                                                {"1e400", false},
                                                {"1e-400", false},
                                                {"1.7976931348623157e308", true},
                                                {"1.7976931348623158e308", false},
                                                {"4.9e-324", true},
                                                {"5e-324", true},
                                                {"2.2250738585072014e-308", true},
                                                {"100000000000000000000000", true},
                                                {"100000000000000000000001", false},
                                                {"1.00000000000000000000", true},
                                                {"0.00000000000000000000100", true},
                                                {"0.1000000000000000055511151231257827", false},
                                                {"123456789012345678", false},
                                                {"1e22", true},
                                                {"1e23", true},
                                                {"4503599627370495.5", true},
                                                {"4503599627370497.5", false},
                                                {"9007199254740991", true},
                                                {"0.30000000000000004", true}};
  for (const auto& [text, comparable] : cases) {
    const Number number = read_number(text);
    EXPECT_EQ(number.is_comparable, comparable) << text;
    if (comparable) {
      EXPECT_EQ(number.value, std::strtod(text, nullptr)) << text;
      EXPECT_FALSE(std::signbit(number.value)) << text;
    }
  }
}

TEST(Number, SkipsExactlyANumber) {
  for (const char* text : {"0", "-0", "10", "1.5", "0.05", "1e5", "1E+5", "1.5e-05", "-12.25"}) {
    const std::string padded = std::string(text) + ",";
    EXPECT_EQ(skip_number(padded.data(), padded.data() + padded.size()), padded.data() + padded.size() - 1) << text;
  }
  for (const char* text : {"", "-", "+1", ".5", "1.", "1.e5", "1e", "1e+", "x"}) {
    const std::string_view view(text);
    EXPECT_EQ(skip_number(view.data(), view.data() + view.size()), nullptr) << text;
  }
}

}  // namespace
}  // namespace tocsin::pattern
