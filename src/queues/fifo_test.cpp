#include <map>

#include "queues/queues_test.h"

namespace tocsin::queues {
namespace {

using namespace std::chrono_literals;

class FifoTest : public QueuesTest {
 protected:
  FifoTest() { create("q.fifo", {{"FifoQueue", "true"}, {"ContentBasedDeduplication", "true"}}); }
  json::object put(std::string_view group, std::string_view body, json::object more = {}) {
    more.emplace("MessageGroupId", group);
    return send("q.fifo", body, std::move(more));
  }
};

TEST_F(FifoTest, AGroupIsInOrderAndBlockedWhileOneIsInFlight) {
  for (const auto* body : {"a1", "a2", "a3"}) put("a", body);
  put("b", "b1");
  const auto first = receive("q.fifo", 1);
  ASSERT_EQ(first.size(), 1u);
  EXPECT_EQ(string_at(first[0], "Body"), "a1");
  EXPECT_EQ(bodies("q.fifo"), "b1");
  EXPECT_EQ(bodies("q.fifo"), "");
  signals.clear();
  ASSERT_TRUE(remove("q.fifo", first[0]));
  EXPECT_THAT(signals, testing::Contains("queue:" + arn("q.fifo")));
  const auto rest = receive("q.fifo");
  ASSERT_EQ(rest.size(), 2u);
  EXPECT_EQ(string_at(rest[0], "Body"), "a2");
  ASSERT_TRUE(remove("q.fifo", rest[0]));
  put("a", "a4");
  EXPECT_EQ(bodies("q.fifo"), "");  // a3 is in flight still
  store.clock.advance(31s);
  EXPECT_EQ(bodies("q.fifo"), "a3 a4 b1");
}

TEST_F(FifoTest, OneReceptionTakesAsMuchOfAGroupAsItCan) {
  for (int i = 0; i < 6; ++i) {
    put("a", "a" + std::to_string(i));
    put("b", "b" + std::to_string(i));
  }
  EXPECT_EQ(bodies("q.fifo", 8), "a0 a1 a2 a3 a4 a5 b0 b1");
  EXPECT_EQ(bodies("q.fifo", 8), "");
}

TEST_F(FifoTest, TheSameMessageWithinFiveMinutesIsTakenOnce) {
  const auto one = put("a", "same");
  const auto two = put("b", "same");
  EXPECT_EQ(string_at(one, "MessageId"), string_at(two, "MessageId"));
  EXPECT_EQ(string_at(one, "SequenceNumber"), string_at(two, "SequenceNumber"));
  EXPECT_EQ(string_at(one, "SequenceNumber").size(), 20u);
  put("a", "same", {{"MessageDeduplicationId", "explicit"}});
  put("a", "other", {{"MessageDeduplicationId", "explicit"}});
  EXPECT_EQ(depth("q.fifo").visible, 2);
  ASSERT_TRUE(remove("q.fifo", receive("q.fifo", 1).at(0)));
  put("a", "same");  // deleted or not, it was taken
  EXPECT_EQ(depth("q.fifo").visible, 1);
  store.clock.advance(5min);
  put("a", "same");
  EXPECT_EQ(depth("q.fifo").visible, 2);
}

TEST_F(FifoTest, DeduplicationCanBeByGroup) {
  create("g.fifo", {{"FifoQueue", "true"}, {"DeduplicationScope", "messageGroup"}});
  for (const auto* group : {"a", "b", "a"})
    send("g.fifo", "x", {{"MessageGroupId", group}, {"MessageDeduplicationId", "d"}});
  EXPECT_EQ(depth("g.fifo").visible, 2);
}

TEST_F(FifoTest, WhatAFifoQueueNeedsIsAskedFor) {
  create("plain.fifo", {{"FifoQueue", "true"}});
  const auto error = [&](json::object input) {
    input.emplace("QueueUrl", url("plain.fifo"));
    input.emplace("MessageBody", "x");
    return error_of("SendMessage", input);
  };
  EXPECT_EQ(error({}), "MissingParameter");
  EXPECT_EQ(error({{"MessageGroupId", "g"}}), "InvalidParameterValue");
  EXPECT_EQ(error({{"MessageGroupId", "g"}, {"MessageDeduplicationId", "d"}, {"DelaySeconds", 3}}),
            "InvalidParameterValue");
  EXPECT_EQ(error({{"MessageGroupId", "g"}, {"MessageDeduplicationId", "d"}}), "");
}

TEST_F(FifoTest, AnExpiredHandleDeletesNothing) {
  put("a", "a1");
  const auto message = receive("q.fifo").at(0);
  store.clock.advance(31s);
  EXPECT_EQ(remove("q.fifo", message).error().aws_code, "InvalidParameterValue");
  EXPECT_EQ(bodies("q.fifo"), "a1");
}

TEST_F(FifoTest, PoisonMovesAsideAndItsGroupGoesOn) {
  create("dead.fifo", {{"FifoQueue", "true"}});
  const std::string policy = to_json(json::object{{"deadLetterTargetArn", arn("dead.fifo")}, {"maxReceiveCount", "2"}});
  ASSERT_TRUE(call("SetQueueAttributes", {{"QueueUrl", url("q.fifo")}, {"Attributes", {{"RedrivePolicy", policy}}}}));
  put("a", "poison");
  put("a", "next");
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(bodies("q.fifo", 1), "poison");
    store.clock.advance(31s);
  }
  EXPECT_EQ(bodies("q.fifo", 1), "next");
  const auto dead = receive("dead.fifo").at(0);
  EXPECT_EQ(string_at(dead, "Body"), "poison");
  EXPECT_EQ(string_at(dead, "Attributes.MessageGroupId"), "a");
}

TEST_F(FifoTest, TheQueuesDelayKeepsTheOrder) {
  ASSERT_TRUE(call("SetQueueAttributes", {{"QueueUrl", url("q.fifo")}, {"Attributes", {{"DelaySeconds", "10"}}}}));
  put("a", "a1");
  store.clock.advance(5s);
  put("a", "a2");
  EXPECT_EQ(bodies("q.fifo"), "");
  store.clock.advance(5s);
  EXPECT_EQ(bodies("q.fifo"), "a1");
  store.clock.advance(5s);
  EXPECT_EQ(bodies("q.fifo"), "");  // a1 is in flight
}

// Law: whatever is received, deleted, hidden and left to time out, each group's messages are handed out first to last,
// and none is skipped.
TEST_F(FifoTest, NoGroupIsEverOutOfOrder) {
  SeededRandom random{7};
  std::map<std::string, int, std::less<>> sent, deleted;
  std::vector<json::object> in_hand;
  for (int step = 0; step < 1500; ++step) {
    const auto what = random.below(10);
    const std::string group(1, static_cast<char>('a' + random.below(4)));
    if (what < 4) {
      put(group, group + std::to_string(sent[group]++));
    } else if (what < 7) {
      std::map<std::string, int> seen;
      for (auto& message : receive("q.fifo", static_cast<int>(1 + random.below(10)))) {
        const std::string from{string_at(message, "Attributes.MessageGroupId")};
        const int expected = deleted[from] + seen[from]++;
        ASSERT_EQ(string_at(message, "Body"), from + std::to_string(expected)) << "step " << step;
        in_hand.push_back(std::move(message));
      }
    } else if (what < 9 && !in_hand.empty()) {
      // The oldest in hand first, as a receiver works.
      const auto message = in_hand.front();
      in_hand.erase(in_hand.begin());
      const auto before = depth("q.fifo");
      const bool done = remove("q.fifo", message).has_value();
      const auto after = depth("q.fifo");
      if (done && before.in_flight + before.visible > after.in_flight + after.visible)
        ++deleted[std::string(string_at(message, "Attributes.MessageGroupId"))];
    } else {
      store.clock.advance(std::chrono::seconds{random.below(20)});
      if (random.below(3) == 0) {
        store.clock.advance(31s);
        in_hand.clear();
      }
    }
  }
}

}  // namespace
}  // namespace tocsin::queues
