#include "netset/special.h"

#include <gtest/gtest.h>

#include "core/random.h"

namespace tocsin::netset {
namespace {

TEST(Special, KnowsWhatAnAddressIsFor) {
  const struct {
    std::string_view text;
    Scope scope;
  } cases[] = {
      {"8.8.8.8", Scope::global},
      {"0.1.2.3", Scope::unspecified},
      {"10.255.255.255", Scope::private_use},
      {"11.0.0.0", Scope::global},
      {"100.64.0.1", Scope::shared},
      {"100.128.0.0", Scope::global},
      {"127.0.0.1", Scope::loopback},
      {"169.254.169.254", Scope::link_local},
      {"172.15.255.255", Scope::global},
      {"172.31.255.255", Scope::private_use},
      {"172.32.0.0", Scope::global},
      {"192.0.0.1", Scope::reserved},
      {"192.0.0.9", Scope::global},
      {"192.0.2.1", Scope::documentation},
      {"192.168.0.1", Scope::private_use},
      {"198.19.255.255", Scope::benchmarking},
      {"198.51.100.0", Scope::documentation},
      {"203.0.113.9", Scope::documentation},
      {"224.0.0.1", Scope::multicast},
      {"240.0.0.1", Scope::reserved},
      {"255.255.255.255", Scope::broadcast},
      {"::", Scope::unspecified},
      {"::1", Scope::loopback},
      {"::2", Scope::reserved},
      {"64:ff9b::808:808", Scope::translation},
      {"64:ff9b:1::1", Scope::private_use},
      {"100::1", Scope::reserved},
      {"2001::1", Scope::translation},
      {"2001:1::1", Scope::global},
      {"2001:1::4", Scope::reserved},
      {"2001:20::1", Scope::global},
      {"2001:db8::1", Scope::documentation},
      {"2002:808:808::1", Scope::translation},
      {"2600::1", Scope::global},
      {"2a00:1450::1", Scope::global},
      {"3fff::1", Scope::documentation},
      {"3fff:1000::", Scope::global},
      {"4000::1", Scope::reserved},
      {"5f00::1", Scope::reserved},
      {"fc00::1", Scope::private_use},
      {"fd12:3456::1", Scope::private_use},
      {"fe80::1%eth0", Scope::link_local},
      {"fec0::1", Scope::private_use},
      {"ff02::1", Scope::multicast},
      {"::ffff:10.0.0.1", Scope::private_use},
  };
  for (const auto& [text, scope] : cases) {
    const auto address = parse_address(text);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(to_text(scope_of(*address)), to_text(scope)) << text;
  }
}

TEST(Special, EveryRangeIsCanonical) {
  for (const Special& range : special_ranges()) {
    EXPECT_EQ(range.prefix, make_prefix(range.prefix.address, range.prefix.length)) << range.name;
    EXPECT_FALSE(range.name.empty());
  }
}

// The law: a prefix is special if any one of its addresses is not global.
TEST(Special, APrefixIsGlobalOnlyIfAllOfItIs) {
  SeededRandom random{5};
  for (int i = 0; i < 20'000; ++i) {
    // Near the edges of the registered ranges, where mistakes live.
    const auto& range = special_ranges()[random.below(special_ranges().size())].prefix;
    Address address = random.below(2) == 0 ? range.first() : range.last();
    address.bits += Bits{random.below(9)} - 4;
    if (address.family == Family::ipv4) address.bits &= 0xffffffff;
    const Prefix prefix = make_prefix(address, width(address.family) - static_cast<int>(random.below(5)));
    bool global = true;
    for (Address a = prefix.first();; ++a.bits) {
      global = global && scope_of(a) == Scope::global;
      if (a == prefix.last()) break;
    }
    const Special* special = special_of(prefix);
    ASSERT_EQ(special == nullptr, global) << to_text(prefix);
    if (special) {
      ASSERT_NE(special->scope, Scope::global);
    }
  }
}

TEST(Special, WidePrefixesAreSpecialByWhatTheyHold) {
  EXPECT_NE(special_of(*parse_prefix("0.0.0.0/0")), nullptr);
  EXPECT_EQ(special_of(*parse_prefix("192.160.0.0/11"))->name, "Private-Use");
  EXPECT_EQ(special_of(*parse_prefix("1.0.0.0/8")), nullptr);
  EXPECT_NE(special_of(*parse_prefix("2000::/3")), nullptr);
}

}  // namespace
}  // namespace tocsin::netset
