#include "core/random.h"

#include <set>

#include <gtest/gtest.h>

namespace tocsin {
namespace {

TEST(Random, SameSeedSameRun) {
  SeededRandom one{7};
  SeededRandom two{7};
  for (int i = 0; i < 100; ++i) ASSERT_EQ(one.next(), two.next());
}

TEST(Random, BelowStaysBelowAndReachesAll) {
  SeededRandom random{1};
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(random.below(7));
  EXPECT_EQ(seen.size(), 7u);
  EXPECT_EQ(*seen.rbegin(), 6u);
}

TEST(Random, UuidHasVersionAndVariant) {
  SystemRandom random;
  for (int i = 0; i < 100; ++i) {
    const std::string uuid = make_uuid(random);
    ASSERT_EQ(uuid.size(), 36u);
    EXPECT_EQ(uuid[14], '4');
    EXPECT_NE(std::string("89ab").find(uuid[19]), std::string::npos) << uuid;
  }
}

}  // namespace
}  // namespace tocsin
