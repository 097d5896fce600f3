#include "store/compress.h"

#include <gtest/gtest.h>

namespace tocsin::store {
namespace {

TEST(Compress, ComesBackWhole) {
  for (const std::size_t size : {0u, 1u, 255u, 256u, 100'000u}) {
    std::string text;
    for (std::size_t i = 0; i < size; ++i) text += static_cast<char>('a' + i * i % 7);
    const std::string stored = compress(text);
    const auto back = decompress(stored);
    ASSERT_TRUE(back) << size;
    EXPECT_EQ(*back, text);
    if (size > 10'000) {
      EXPECT_LT(stored.size(), size / 10);
    }
  }
}

TEST(Compress, DamageIsTold) {
  std::string stored = compress(std::string(10'000, 'x'));
  EXPECT_EQ(decompress("").error().code, ErrorCode::corrupt);
  EXPECT_EQ(decompress("\x07zzz").error().code, ErrorCode::corrupt);
  stored.resize(stored.size() - 3);
  EXPECT_EQ(decompress(stored).error().code, ErrorCode::corrupt);
  EXPECT_EQ(decompress(compress(std::string(10'000, 'x')), 100).error().code, ErrorCode::corrupt);
}

TEST(Compress, WhatNeedsADictionaryIsNotReadWithoutOne) {
  const std::string stored = "\x02" + compress(std::string(10'000, 'x')).substr(1);
  EXPECT_EQ(decompress(stored).error().code, ErrorCode::corrupt);
}

}  // namespace
}  // namespace tocsin::store
