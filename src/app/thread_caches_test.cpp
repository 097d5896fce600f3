#include "app/thread_caches.h"

#include <cstdlib>
#include <string>

#include <gtest/gtest.h>
#include <unistd.h>

namespace tocsin::app {
namespace {

constexpr const char* mark = "TOCSIN_BEGUN_ANEW";
constexpr const char* tunables = "GLIBC_TUNABLES";

class ThreadCaches : public testing::Test {
 protected:
  // A null argv cannot be begun anew with: the call that gets here has returned without.
  static void begin(const std::string& marked, const char* found) {
    setenv(mark, marked.c_str(), 1);
    setenv(tunables, found, 1);
    char* argv[] = {nullptr};
    widen_thread_caches(argv);
    EXPECT_EQ(getenv(mark), nullptr);
  }
  void TearDown() override {
    unsetenv(mark);
    unsetenv(tunables);
  }
};

TEST_F(ThreadCaches, TheSecondTimePutsTheEnvironmentBack) {
  const std::string self = std::to_string(getpid());
  begin(self, "glibc.malloc.tcache_count=500");
  EXPECT_EQ(getenv(tunables), nullptr);
  begin(self + ":glibc.malloc.perturb=1", "glibc.malloc.perturb=1:glibc.malloc.tcache_count=500");
  EXPECT_STREQ(getenv(tunables), "glibc.malloc.perturb=1");
  begin(self + ":", "glibc.malloc.tcache_count=500");
  EXPECT_STREQ(getenv(tunables), "");
}

TEST_F(ThreadCaches, AMarkOfSomebodyElseSwitchesItOffAndChangesNothing) {
  for (const char* marked : {"", "1", "no", "1:glibc.malloc.perturb=1"}) {
    begin(marked, "glibc.malloc.perturb=2");
    EXPECT_STREQ(getenv(tunables), "glibc.malloc.perturb=2") << marked;
  }
}

}  // namespace
}  // namespace tocsin::app
