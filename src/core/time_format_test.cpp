#include "core/time_format.h"

#include <gtest/gtest.h>

namespace tocsin {
namespace {

TEST(TimeFormat, ReadsWhatRfc3339Allows) {
  const struct {
    const char* text;
    const char* utc;
  } cases[] = {
      {"2024-01-01T00:00:00.000Z", "2024-01-01T00:00:00.000Z"},
      {"2024-01-01T00:00:00Z", "2024-01-01T00:00:00.000Z"},
      {"2024-02-29T23:59:59.123456789Z", "2024-02-29T23:59:59.123Z"},
      {"2024-01-01T00:00:00+01:30", "2023-12-31T22:30:00.000Z"},
      {"2024-01-01T00:00:00.5-01:00", "2024-01-01T01:00:00.500Z"},
      {"2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000Z"},
      {"1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999Z"},
  };
  for (const auto& c : cases) {
    const auto time = parse_rfc3339(c.text);
    ASSERT_TRUE(time) << c.text;
    EXPECT_EQ(format_rfc3339(*time), c.utc) << c.text;
  }
}

TEST(TimeFormat, RefusesTheRest) {
  for (const char* text :
       {"", "2024-01-01", "2024-01-01 00:00:00Z", "2024-13-01T00:00:00Z", "2023-02-29T00:00:00Z",
        "2024-01-01T24:00:00Z", "2024-01-01T00:60:00Z", "2024-01-01T00:00:00", "2024-01-01T00:00:00.Z",
        "2024-01-01T00:00:00.1234567890Z", "2024-01-01T00:00:00+0100", "2024-01-01T00:00:00ZZ"}) {
    EXPECT_FALSE(parse_rfc3339(text)) << text;
  }
}

TEST(TimeFormat, BasicFormComesBack) {
  const auto time = parse_basic("20261122T162026Z");
  ASSERT_TRUE(time);
  EXPECT_EQ(format_basic(*time), "20261122T162026Z");
  EXPECT_FALSE(parse_basic("20261122T162026"));
}

}  // namespace
}  // namespace tocsin
