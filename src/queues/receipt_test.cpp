#include "queues/receipt.h"

#include <gtest/gtest.h>

namespace tocsin::queues {
namespace {

TEST(Receipts, ComeBackAsTheyWereAndNotOtherwise) {
  const Receipt receipt{.queue = 1, .box = 2, .sequence = 1ll << 40, .nonce = -5};
  const std::string handle = write_receipt(receipt);
  const auto read = read_receipt(handle);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->queue, 1);
  EXPECT_EQ(read->box, 2);
  EXPECT_EQ(read->sequence, 1ll << 40);
  EXPECT_EQ(read->nonce, -5);
  for (std::size_t i = 0; i < handle.size(); ++i) {
    std::string broken = handle;
    broken[i] = broken[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(read_receipt(broken)) << i;
  }
  for (const std::string_view bad : {"", "x", "AAAA", "not a handle"}) {
    ASSERT_FALSE(read_receipt(bad));
    EXPECT_EQ(read_receipt(bad).error().aws_code, "ReceiptHandleIsInvalid");
  }
}

}  // namespace
}  // namespace tocsin::queues
