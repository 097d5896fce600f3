#include <gtest/gtest.h>

#include "store/testing.h"
#include "webhook/webhook.h"

namespace tocsin::webhook {
namespace {

using namespace std::chrono_literals;

store::Due delivery(const store::TestStore& store, std::string key, int attempt = 0) {
  store::Due due;
  due.destination = "https://hooks.slack.com/services/T0/B0/verysecret";
  due.context = R"({"reference":"arn:aws:sns:us-east-1:000000000000:alerts:1"})";
  due.key = std::move(key);
  due.attempt = attempt;
  due.retry = {.attempts_max = 2, .age_max = 1h};
  due.added = store.clock.now();
  return due;
}

void tell(store::TestStore& store, const store::Due& due, Result<void> outcome) {
  ASSERT_TRUE(store.write([&](store::Transaction& transaction) -> Result<void> {
    record(transaction, due, outcome);
    return {};
  }));
}

TEST(Receipts, CountWhatWasDeliveredRetriedAndFailed) {
  store::TestStore store{migrations()};
  const Result<void> down = fail(ErrorCode::unavailable, "down");
  const Result<void> refused = fail(ErrorCode::validation, "answered 404");
  tell(store, delivery(store, "first try"), {});
  tell(store, delivery(store, "first try"), down);  // a repetition
  store.clock.advance(1s);
  tell(store, delivery(store, "third try", 0), down);
  tell(store, delivery(store, "third try", 1), down);
  tell(store, delivery(store, "third try", 2), {});
  store.clock.advance(1s);
  tell(store, delivery(store, "never", 0), down);
  tell(store, delivery(store, "never", 1), down);
  tell(store, delivery(store, "never", 2), down);
  store.clock.advance(1s);
  tell(store, delivery(store, "refused"), refused);
  store.clock.advance(1s);
  tell(store, delivery(store, "waiting"), down);
  store.reopen();
  const auto counts =
      *store.read([](store::Reader& reader) -> Result<ReceiptCounts> { return count_receipts(reader); });
  EXPECT_EQ(counts.delivered, 2);
  EXPECT_EQ(counts.failed, 2);
  EXPECT_EQ(counts.retried, 1 + 2 + 2 + 1);
  const auto newest =
      *store.read([](store::Reader& reader) -> Result<std::vector<Receipt>> { return receipts(reader, 4); });
  ASSERT_EQ(newest.size(), 4u);
  EXPECT_EQ(newest[0].key, "waiting");
  EXPECT_EQ(newest[0].outcome, "retried");
  EXPECT_EQ(newest[1].outcome, "failed");
  EXPECT_EQ(newest[1].last_error, "answered 404");
  EXPECT_EQ(newest[2].tries, 3);
  EXPECT_EQ(newest[3].outcome, "delivered");
  EXPECT_EQ(newest[3].destination, "https://hooks.slack.com/…cret");
  EXPECT_EQ(newest[3].reference, "arn:aws:sns:us-east-1:000000000000:alerts:1");
}

TEST(Receipts, OldOnesGo) {
  store::TestStore store{migrations()};
  for (int i = 0; i < 50; ++i) tell(store, delivery(store, "old" + std::to_string(i)), {});
  store.clock.advance(31 * 24h);
  for (int i = 0; i < 10; ++i) tell(store, delivery(store, "new" + std::to_string(i)), {});
  const auto left = store.read([](store::Reader& reader) -> Result<std::int64_t> {
    EXPECT_EQ(reader.integer("SELECT kept FROM notification_receipt_count", -1), 10);
    return reader.integer("SELECT count(*) FROM notification_receipt", -1);
  });
  EXPECT_EQ(*left, 10);
}

TEST(Receipts, TheirNumberIsBounded) {
  store::TestStore store{migrations()};
  ASSERT_TRUE(store.write([&](store::Transaction& transaction) -> Result<void> {
    transaction.execute(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) "
        "INSERT INTO notification_receipt SELECT 'k' || i, '', '', 'delivered', 1, '', 0, ? FROM n",
        transaction.now() - 1s);
    transaction.execute("UPDATE notification_receipt_count SET kept = 100000");
    return {};
  }));
  for (int i = 0; i < 20; ++i) tell(store, delivery(store, "new" + std::to_string(i)), {});
  const auto left = store.read([](store::Reader& reader) -> Result<std::int64_t> {
    return reader.integer("SELECT count(*) FROM notification_receipt", -1);
  });
  EXPECT_LE(*left, 100'000);
}

}  // namespace
}  // namespace tocsin::webhook
