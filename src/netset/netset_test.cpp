#include "netset/netset.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include "core/random.h"

namespace tocsin::netset {
namespace {

Bits draw(Random& random) {
  return Bits{random.next()} << 64 | random.next();
}

TEST(Address, ReadsCanonicalAndOtherSpellings) {
  const struct {
    std::string_view text, canonical;
  } cases[] = {
      {"198.51.100.7", "198.51.100.7"},
      {"0.0.0.0", "0.0.0.0"},
      {"255.255.255.255", "255.255.255.255"},
      {"::", "::"},
      {"::1", "::1"},
      {"2001:DB8:0:0:0:0:0:1", "2001:db8::1"},
      {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},  // a single zero group stays (RFC 5952 4.2.2)
      {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},
      {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},  // the first of equal runs
      {"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
      {"::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"},
      {"fe80::1%eth0", "fe80::1"},
      {"::ffff:203.0.113.9", "203.0.113.9"},
      {"::FFFF:cb00:7109", "203.0.113.9"},
      {"64:ff9b::192.0.2.33", "64:ff9b::c000:221"},
      {"1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"},
  };
  for (const auto& [text, canonical] : cases) {
    const auto address = parse_address(text);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(to_text(*address), canonical) << text;
  }
}

TEST(Address, RefusesEverythingElse) {
  for (const std::string_view text : {"",
                                      " ",
                                      "1.2.3",
                                      "1.2.3.4.5",
                                      "1.2.3.256",
                                      "01.2.3.4",
                                      "1.2.3.04",
                                      "0x1.2.3.4",
                                      "1.2.3.4 ",
                                      " 1.2.3.4",
                                      "1.2.3.",
                                      ".1.2.3",
                                      "1..2.3",
                                      "1.2.3.4/32",
                                      "-1.2.3.4",
                                      "1.2.3.1000",
                                      "16909060",
                                      ":",
                                      ":::",
                                      "1::2::3",
                                      "1:2:3:4:5:6:7",
                                      "1:2:3:4:5:6:7:8:9",
                                      "1:2:3:4:5:6:7:8::",
                                      "::1:2:3:4:5:6:7:8",
                                      "12345::",
                                      "g::",
                                      ":1::",
                                      "1:",
                                      "::1.2.3",
                                      "1.2.3.4::",
                                      "::1.2.3.4:5",
                                      "1:2:3:4:5:6:7:1.2.3.4",
                                      "fe80::1%",
                                      "1.2.3.4%eth0",
                                      "2001:db8::1\n",
                                      "localhost"}) {
    const auto address = parse_address(text);
    EXPECT_FALSE(address) << "'" << text << "' was read as " << (address ? to_text(*address) : "");
  }
}

TEST(Address, IsReadAsTheSystemReadsIt) {
  SeededRandom random{7};
  const std::string_view alphabet = "0123456789abf:.:";
  for (int i = 0; i < 200'000; ++i) {
    const std::string text = make_text(random, 1 + random.below(20), alphabet);
    in_addr v4{};
    in6_addr v6{};
    const bool system = inet_pton(AF_INET, text.c_str(), &v4) == 1 || inet_pton(AF_INET6, text.c_str(), &v6) == 1;
    ASSERT_EQ(parse_address(text).has_value(), system) << text;
  }
}

TEST(Address, TextIsReadBack) {
  SeededRandom random{11};
  for (int i = 0; i < 50'000; ++i) {
    Bits bits = draw(random);
    // Make runs of zero groups common.
    for (int group = 0; group < 8; ++group) {
      if (random.below(2) == 0) bits &= ~(Bits{0xffff} << (16 * group));
    }
    const Address v6{Family::ipv6, bits};
    const bool mapped = bits >> 32 == 0xffff;
    const auto read = parse_address(to_text(v6));
    ASSERT_TRUE(read);
    if (!mapped) {
      ASSERT_EQ(*read, v6) << to_text(v6);
    }
    const Address v4{Family::ipv4, bits & 0xffffffff};
    ASSERT_EQ(*parse_address(to_text(v4)), v4);
  }
}

TEST(Prefix, ReadsAndWrites) {
  EXPECT_EQ(to_text(*parse_prefix("192.0.2.0/24")), "192.0.2.0/24");
  EXPECT_EQ(to_text(*parse_prefix("192.0.2.1")), "192.0.2.1/32");
  EXPECT_EQ(to_short_text(*parse_prefix("192.0.2.1/32")), "192.0.2.1");
  EXPECT_EQ(to_text(*parse_prefix("2001:DB8::/32")), "2001:db8::/32");
  EXPECT_EQ(to_text(*parse_prefix("::/0")), "::/0");
  EXPECT_EQ(to_text(*parse_prefix("0.0.0.0/0")), "0.0.0.0/0");
  EXPECT_EQ(to_text(*parse_prefix("::ffff:10.1.0.0/112")), "10.1.0.0/16");
  EXPECT_EQ(to_text(*parse_prefix("::ffff:0:0/96")), "0.0.0.0/0");
  EXPECT_EQ(to_text(*parse_prefix("::fffe:0:0/95")), "::fffe:0:0/95");
}

TEST(Prefix, RefusesBadLengthsAndHostBits) {
  for (const std::string_view text : {"192.0.2.0/33", "192.0.2.0/", "/24", "192.0.2.0/024", "192.0.2.0/-1", "::/129",
                                      "192.0.2.0/24/24", "192.0.2/24", "192.0.2.0/2 4", "192.0.2.0/999"}) {
    EXPECT_FALSE(parse_prefix(text)) << text;
  }
  const auto host_bits = parse_prefix("192.0.2.7/24");
  ASSERT_FALSE(host_bits);
  EXPECT_NE(host_bits.error().message.find("192.0.2.0/24"), std::string::npos) << host_bits.error().message;
}

TEST(Prefix, ContainsAndOverlaps) {
  const auto wide = *parse_prefix("10.0.0.0/8");
  const auto narrow = *parse_prefix("10.255.255.0/24");
  EXPECT_TRUE(wide.contains(narrow));
  EXPECT_FALSE(narrow.contains(wide));
  EXPECT_TRUE(narrow.overlaps(wide));
  EXPECT_TRUE(wide.contains(wide.last()));
  EXPECT_FALSE(wide.contains(*parse_address("11.0.0.0")));
  EXPECT_FALSE(wide.overlaps(*parse_prefix("::/0")));
  EXPECT_EQ(to_text(wide.last()), "10.255.255.255");
  EXPECT_EQ(to_text(parse_prefix("::/0")->last()), "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
}

}  // namespace
}  // namespace tocsin::netset
