#include "netset/set.h"

#include <bitset>

#include <gtest/gtest.h>

#include "core/random.h"

namespace tocsin::netset {
namespace {

Prefix prefix(std::string_view text) {
  auto parsed = parse_prefix(text);
  EXPECT_TRUE(parsed) << text;
  return *parsed;
}

std::vector<std::string> texts(const Set& set) {
  std::vector<std::string> all;
  for (const auto& p : set.prefixes()) all.push_back(to_text(p));
  return all;
}

TEST(Set, JoinsNeighboursAndSplitsHoles) {
  Set set;
  set.insert(prefix("192.0.2.0/25"));
  set.insert(prefix("192.0.2.128/25"));
  EXPECT_EQ(texts(set), (std::vector<std::string>{"192.0.2.0/24"}));
  set.erase(prefix("192.0.2.64/32"));
  EXPECT_EQ(texts(set),
            (std::vector<std::string>{"192.0.2.0/26", "192.0.2.65/32", "192.0.2.66/31", "192.0.2.68/30",
                                      "192.0.2.72/29", "192.0.2.80/28", "192.0.2.96/27", "192.0.2.128/25"}));
  EXPECT_FALSE(set.contains(prefix("192.0.2.0/24")));
  EXPECT_TRUE(set.overlaps(prefix("192.0.2.0/24")));
  EXPECT_FALSE(set.overlaps(prefix("192.0.2.64")));
}

TEST(Set, HoldsTheWholeOfBothFamilies) {
  Set set;
  set.insert(prefix("::/0"));
  set.insert(prefix("0.0.0.0/0"));
  EXPECT_EQ(texts(set), (std::vector<std::string>{"0.0.0.0/0", "::/0"}));
  set.erase(prefix("8000::/1"));
  set.erase(prefix("255.255.255.255"));
  set.insert(prefix("255.255.255.255"));
  EXPECT_EQ(texts(set), (std::vector<std::string>{"0.0.0.0/0", "::/1"}));
  set.erase(set);
  EXPECT_TRUE(set.empty());
}

// The law: a Set does what a plain set of addresses does. Universe: 256 addresses of each family, at the edges of the
// number range too.
class AgainstBits : public ::testing::TestWithParam<std::pair<Family, Bits>> {
 protected:
  Prefix draw(Random& random) const {
    const auto [family, base] = GetParam();
    const int host_bits = static_cast<int>(random.below(9));
    return make_prefix({family, base | Bits{random.below(256)}}, width(family) - host_bits);
  }
  std::size_t index(const Address& address) const { return static_cast<std::size_t>(address.bits - GetParam().second); }
};

TEST_P(AgainstBits, DoesWhatAPlainSetDoes) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SeededRandom random{seed};
    Set set;
    std::bitset<256> naive;
    for (int step = 0; step < 60; ++step) {
      const Prefix p = draw(random);
      const bool insert = random.below(5) < 3;
      insert ? set.insert(p) : set.erase(p);
      for (std::size_t i = index(p.first()); i <= index(p.last()); ++i) naive[i] = insert;

      const Prefix q = draw(random);
      bool all = true, any = false;
      for (std::size_t i = index(q.first()); i <= index(q.last()); ++i) all = all && naive[i], any = any || naive[i];
      ASSERT_EQ(set.contains(q), all) << "seed " << seed << " " << to_text(q);
      ASSERT_EQ(set.overlaps(q), any) << "seed " << seed << " " << to_text(q);
    }
    const auto cover = set.prefixes();
    std::bitset<256> covered;
    for (const Prefix& p : cover) {
      for (std::size_t i = index(p.first()); i <= index(p.last()); ++i) {
        ASSERT_FALSE(covered[i]) << "seed " << seed << ": covered twice";
        covered[i] = true;
      }
    }
    ASSERT_EQ(covered, naive) << "seed " << seed;
    // Fewest: no two of them could be one (same length, and their parent holds nothing but them).
    for (std::size_t i = 1; i < cover.size(); ++i) {
      const Prefix parent = make_prefix(cover[i].address, cover[i].length - 1);
      ASSERT_FALSE(set.contains(parent)) << "seed " << seed << " " << to_text(cover[i]);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Universes, AgainstBits,
                         ::testing::Values(std::pair{Family::ipv4, Bits{0xc0000200}}, std::pair{Family::ipv4, Bits{0}},
                                           std::pair{Family::ipv4, Bits{0xffffff00}},
                                           std::pair{Family::ipv6, Bits{0x20010db8} << 96},
                                           std::pair{Family::ipv6, ~Bits{0xff}}));

}  // namespace
}  // namespace tocsin::netset
