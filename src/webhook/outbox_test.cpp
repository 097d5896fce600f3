// The outbox, the hooks and a receiver together: what is written is told once, whatever happens in between.
#include <gtest/gtest.h>

#include "core/random.h"
#include "store/store.h"
#include "webhook/receiver_test.h"
#include "webhook/webhook.h"

namespace tocsin::webhook {
namespace {

using namespace std::chrono_literals;

class OutboxTest : public testing::Test {
 protected:
  OutboxTest() {
    char pattern[] = "/tmp/tocsin-webhook-XXXXXX";
    check(mkdtemp(pattern) != nullptr, "a temporary folder can be made");
    folder_ = pattern;
    open();
  }
  ~OutboxTest() override {
    close();
    std::filesystem::remove_all(folder_);
  }

  void open() {
    auto opened = store::Store::open(
        {.file = folder_ / "store.db", .clock = &clock, .random = &random, .durable = false}, migrations());
    check(opened.has_value(), "the store opens");
    store = std::move(*opened);
    webhooks = std::make_unique<Webhooks>(options);
  }
  // Whether cleanly or not is a matter of what the handler reports.
  void close() {
    if (webhooks) webhooks->stop();
    store.reset();
    webhooks.reset();
  }
  void start() {
    webhooks->attach(store->outbox());
    store->outbox().on_exhausted([this](store::Transaction&, const store::Due& due, const Error& error) {
      given_up.push_back(due.key + ": " + error.message);
    });
    store->start();
  }
  void add(const std::string& url, const std::string& key) {
    const auto added = store->write(store::Lane::notice, [&](store::Transaction& transaction) -> Result<void> {
      store::Outbox::add(transaction, {.kind = "webhook",
                                       .destination = url,
                                       .payload = "hello",
                                       .key = key,
                                       .retry = {.attempts_max = 20, .age_max = 24h}});
      return {};
    });
    ASSERT_TRUE(added);
  }
  // Moves time on until the outbox is empty.
  bool drain() {
    for (int i = 0; i < 2000; ++i) {
      const auto depth = store->read(
          [](store::Reader& reader) -> Result<std::int64_t> { return store::Outbox::depth(reader, "webhook"); });
      if (depth && *depth == 0) return true;
      clock.advance(200ms);  // a lease is longer than any delay of the machine
      std::this_thread::sleep_for(10ms);
    }
    return false;
  }
  ReceiptCounts counts() {
    return store->read([](store::Reader& reader) -> Result<ReceiptCounts> { return count_receipts(reader); })
        .value_or(ReceiptCounts{-1, -1, -1});
  }

  Options options{.total_max = 10s, .pause_max = 50ms};
  ManualClock clock{Time{std::chrono::sys_days{std::chrono::year{2026} / 1 / 1}}};
  SystemRandom random;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<Webhooks> webhooks;
  std::vector<std::string> given_up;

 private:
  std::filesystem::path folder_;
};

TEST_F(OutboxTest, AReceiverThatFailsAndRecoversIsToldOnce) {
  Receiver receiver{[](const Receiver::Seen&, std::size_t number) {
    if (number == 1) return Receiver::answer(500);
    if (number == 2) return std::string("reset");
    return Receiver::answer(200);
  }};
  start();
  add(receiver.url(), "one");
  ASSERT_TRUE(drain());
  const auto seen = receiver.seen();
  ASSERT_EQ(seen.size(), 3u);
  for (const auto& one : seen) EXPECT_EQ(one.headers.at("idempotency-key"), "one");
  EXPECT_EQ(counts().delivered, 1);
  EXPECT_EQ(counts().retried, 2);
  EXPECT_TRUE(given_up.empty());
}

TEST_F(OutboxTest, WhatIsRefusedIsGivenUp) {
  Receiver receiver{[](const Receiver::Seen&, std::size_t) { return Receiver::answer(404, "", "no_service"); }};
  start();
  add(receiver.url("/services/T000/B000/secret"), "one");
  ASSERT_TRUE(drain());
  EXPECT_EQ(receiver.seen().size(), 1u);
  ASSERT_EQ(given_up.size(), 1u);
  EXPECT_NE(given_up[0].find("…cret answered 404 (no_service)"), std::string::npos) << given_up[0];
  EXPECT_EQ(counts().failed, 1);
}

TEST_F(OutboxTest, ACrashBetweenAnswerAndReportRepeatsTheSameKey) {
  Receiver receiver;
  {
    // The process dies after the receiver has answered and before the outcome is written.
    store->outbox().handle_outside(
        "webhook",
        [this](store::Due due, store::Outbox::Report) { webhooks->send(std::move(due), [](store::Outcome) {}); }, 120s);
    store->start();
    add(receiver.url(), "one");
    ASSERT_TRUE(receiver.wait_for(1));
    webhooks->stop();
    store->stop(0ms);
    close();
  }
  open();
  start();
  ASSERT_TRUE(receiver.wait_for(2));  // no time has passed
  ASSERT_TRUE(drain());
  const auto seen = receiver.seen();
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_EQ(seen[0].headers.at("idempotency-key"), seen[1].headers.at("idempotency-key"));
  EXPECT_EQ(counts().delivered, 1);
}

TEST_F(OutboxTest, ManyMessagesToManyReceiversAllArriveOnce) {
  SeededRandom chance{5};
  std::vector<std::unique_ptr<Receiver>> receivers;
  for (int i = 0; i < 4; ++i)
    receivers.push_back(std::make_unique<Receiver>([&chance](const Receiver::Seen&, std::size_t) {
      static std::mutex mutex;
      std::lock_guard lock{mutex};
      const auto what = chance.below(10);
      if (what == 0) return Receiver::answer(503, "Retry-After: 0\r\n");
      if (what == 1) return std::string("reset");
      return Receiver::answer(200);
    }));
  start();
  constexpr std::size_t count = 200;
  for (std::size_t i = 0; i < count; ++i) add(receivers[i % 4]->url(), "k" + std::to_string(i));
  ASSERT_TRUE(drain());
  std::map<std::string, int> answered;
  std::size_t requests = 0;
  for (auto& receiver : receivers) {
    for (const auto& one : receiver->seen()) ++answered[one.headers.at("idempotency-key")];
    requests += receiver->seen().size();
  }
  EXPECT_EQ(answered.size(), count);
  EXPECT_EQ(counts().delivered, static_cast<std::int64_t>(count));
  EXPECT_EQ(counts().retried, static_cast<std::int64_t>(requests - count));
  EXPECT_TRUE(given_up.empty());
}

}  // namespace
}  // namespace tocsin::webhook
