#include <gtest/gtest.h>

#include "store/testing.h"

namespace tocsin::store {
namespace {

Result<void> probe(Store& store) {
  std::optional<Result<void>> answer;
  store.probe([&](Result<void> done) { answer = std::move(done); });
  return answer ? std::move(*answer) : fail(ErrorCode::unavailable, "no answer");
}

TEST(Probe, WritesEachTime) {
  TestStore store;
  const auto log = (store.folder / "store.db").string() + "-wal";
  for (int i = 0; i < 3; ++i) {
    const auto before = std::filesystem::file_size(log);
    const auto done = probe(*store);
    EXPECT_TRUE(done) << done.error().message;
    EXPECT_GT(std::filesystem::file_size(log), before);
  }
}

TEST(Probe, SaysThatTheDiskIsNearlyFull) {
  TestStore folder;
  const auto open = [&](std::uint64_t free_bytes_min) {
    return *Store::open({.file = folder.folder / "other.db",
                         .clock = &folder.clock,
                         .random = &folder.random,
                         .threaded = false,
                         .durable = false,
                         .free_bytes_min = free_bytes_min},
                        {});
  };
  const auto full = probe(*open(UINT64_MAX));
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().code, ErrorCode::unavailable);
  EXPECT_NE(full.error().message.find("MB free"), std::string::npos) << full.error().message;
  EXPECT_NE(full.error().message.find(folder.folder.string()), std::string::npos);
  EXPECT_TRUE(probe(*open(1)));
  EXPECT_FALSE(check_space(folder.folder / "nothing", 1));
}

TEST(Probe, SaysWhatTheDiskSays) {
  TestStore folder;
  bool broken = true;
  auto store = *Store::open({.file = folder.folder / "other.db",
                             .clock = &folder.clock,
                             .random = &folder.random,
                             .threaded = false,
                             .durable = false,
                             .before_commit = [&](std::uint64_t) -> Result<void> {
                               if (broken) return fail(ErrorCode::unavailable, "the disk is gone");
                               return {};
                             }},
                            {});
  EXPECT_EQ(probe(*store).error().message, "the disk is gone");
  broken = false;
  EXPECT_TRUE(probe(*store)) << "and recovers";
}

}  // namespace
}  // namespace tocsin::store
