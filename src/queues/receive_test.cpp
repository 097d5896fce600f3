#include "queues/queues_test.h"

namespace tocsin::queues {
namespace {

using namespace std::chrono_literals;

json::object redrive_to(std::string_view arn, int count) {
  return {{"RedrivePolicy", to_json(json::object{{"deadLetterTargetArn", arn}, {"maxReceiveCount", count}})}};
}

TEST_F(QueuesTest, AReceivedMessageIsHiddenUntilItsTimeoutAndGoneWhenDeleted) {
  create("q", {{"VisibilityTimeout", "60"}});
  send("q", "one");
  const auto first = receive("q");
  ASSERT_EQ(first.size(), 1u);
  EXPECT_EQ(bodies("q"), "");
  EXPECT_EQ(depth("q").in_flight, 1);
  EXPECT_EQ(depth("q").visible, 0);
  store.clock.advance(60s);
  EXPECT_EQ(depth("q").visible, 1);
  const auto again = receive("q");
  ASSERT_EQ(again.size(), 1u);
  EXPECT_NE(string_at(first[0], "ReceiptHandle"), string_at(again[0], "ReceiptHandle"));
  // The handle of an earlier reception has lost its power; using it does no harm.
  EXPECT_TRUE(remove("q", first[0]));
  EXPECT_EQ(depth("q").in_flight, 1);
  EXPECT_TRUE(remove("q", again[0]));
  EXPECT_TRUE(remove("q", again[0]));
  store.clock.advance(24h);
  EXPECT_EQ(bodies("q"), "");
  EXPECT_EQ(depth("q").in_flight, 0);
}

TEST_F(QueuesTest, ReceptionsComeInOrderOfSendingAndOfTheSizeAskedFor) {
  create("q");
  for (const auto* body : {"1", "2", "3", "4", "5"}) send("q", body);
  EXPECT_EQ(bodies("q", 2), "1 2");
  EXPECT_EQ(bodies("q", 10), "3 4 5");
  for (const int count : {0, 11})
    EXPECT_EQ(error_of("ReceiveMessage", {{"QueueUrl", url("q")}, {"MaxNumberOfMessages", count}}),
              "InvalidParameterValue");
  EXPECT_EQ(error_of("ReceiveMessage", {{"QueueUrl", url("q")}, {"WaitTimeSeconds", 21}}), "InvalidParameterValue");
  EXPECT_EQ(error_of("ReceiveMessage", {{"QueueUrl", url("q")}, {"VisibilityTimeout", 43201}}),
            "InvalidParameterValue");
}

TEST_F(QueuesTest, HandlesAreChecked) {
  create("q");
  create("other");
  send("other", "x");
  const auto message = receive("other").at(0);
  EXPECT_EQ(error_of("DeleteMessage", {{"QueueUrl", url("q")}, {"ReceiptHandle", "made up"}}),
            "ReceiptHandleIsInvalid");
  EXPECT_EQ(remove("q", message).error().aws_code, "ReceiptHandleIsInvalid");
  const auto batch =
      *call("DeleteMessageBatch", {{"QueueUrl", url("other")},
                                   {"Entries",
                                    {{{"Id", "a"}, {"ReceiptHandle", string_at(message, "ReceiptHandle")}},
                                     {{"Id", "b"}, {"ReceiptHandle", "made up"}}}}});
  EXPECT_EQ(to_json(batch.at("Successful")), R"([{"Id":"a"}])");
  EXPECT_EQ(string_at(batch.at("Failed").at(0).get_object(), "Code"), "ReceiptHandleIsInvalid");
  EXPECT_EQ(depth("other").in_flight, 0);
}

TEST_F(QueuesTest, VisibilityCanBeChangedWhileInFlight) {
  create("q");
  send("q", "x");
  auto message = receive("q").at(0);
  const auto change = [&](int seconds) {
    return error_of("ChangeMessageVisibility", {{"QueueUrl", url("q")},
                                                {"ReceiptHandle", string_at(message, "ReceiptHandle")},
                                                {"VisibilityTimeout", seconds}});
  };
  EXPECT_EQ(change(600), "");
  store.clock.advance(599s);
  EXPECT_EQ(bodies("q"), "");
  EXPECT_EQ(change(43'000), "InvalidParameterValue");  // more than twelve hours in all
  signals.clear();
  EXPECT_EQ(change(0), "");
  EXPECT_THAT(signals, testing::Contains("queue:" + arn("q")));
  EXPECT_EQ(change(10), "MessageNotInflight");
  message = receive("q").at(0);
  const auto batch = *call(
      "ChangeMessageVisibilityBatch",
      {{"QueueUrl", url("q")},
       {"Entries", {{{"Id", "a"}, {"ReceiptHandle", string_at(message, "ReceiptHandle")}, {"VisibilityTimeout", 5}}}}});
  EXPECT_EQ(batch.at("Successful").get_array().size(), 1u);
  store.clock.advance(5s);
  EXPECT_EQ(bodies("q"), "x");
  EXPECT_EQ(change(44'000), "InvalidParameterValue");
  EXPECT_TRUE(remove("q", message));  // stale by now: nothing happens
  EXPECT_EQ(change(5), "InvalidParameterValue");
}

TEST_F(QueuesTest, DelaysOfQueueAndMessageHold) {
  create("q", {{"DelaySeconds", "30"}});
  send("q", "queue's");
  send("q", "own", {{"DelaySeconds", 10}});
  send("q", "none", {{"DelaySeconds", 0}});
  EXPECT_EQ(depth("q").delayed, 2);
  EXPECT_EQ(bodies("q"), "none");
  store.clock.advance(10s);
  EXPECT_EQ(bodies("q"), "own");
  store.clock.advance(20s);
  EXPECT_EQ(depth("q").delayed, 0);
  EXPECT_EQ(bodies("q", 1), "queue's");
}

TEST_F(QueuesTest, MessagesEndWithTheirRetention) {
  create("q", {{"MessageRetentionPeriod", "60"}});
  send("q", "old");
  store.clock.advance(59s);
  send("q", "young");
  store.clock.advance(1s);
  EXPECT_EQ(depth("q").visible, 1);
  EXPECT_EQ(bodies("q"), "young");
  // Nobody receives: the timer takes them away all the same.
  store.clock.advance(1h);
  store->run_until_idle();
  const auto left = store.read([](store::Reader& reader) -> Result<std::int64_t> {
    return reader.integer("SELECT count(*) + (SELECT messages FROM queue_box) FROM queue_message", -1);
  });
  EXPECT_EQ(*left, 0);
}

TEST_F(QueuesTest, AShorterRetentionActsOnWhatIsThere) {
  create("q");
  for (int i = 0; i < 1200; ++i) send("q", "x");
  store.clock.advance(2min);
  ASSERT_TRUE(call("SetQueueAttributes", {{"QueueUrl", url("q")}, {"Attributes", {{"MessageRetentionPeriod", "60"}}}}));
  EXPECT_EQ(depth("q").visible, 0);
  store->run_until_idle();
  EXPECT_EQ(*store.read([](store::Reader& reader) -> Result<std::int64_t> {
    return reader.integer("SELECT count(*) FROM queue_message", -1);
  }),
            0);
}

TEST_F(QueuesTest, WhatFailsTooOftenMovesToTheDeadLetterQueue) {
  create("dead");
  create("q", redrive_to(arn("dead"), 2));
  const auto sent =
      send("q", "poison", {{"MessageAttributes", {{"a", {{"DataType", "String"}, {"StringValue", "v"}}}}}});
  send("q", "fine");
  for (int i = 0; i < 2; ++i) {
    const auto got = receive("q");
    ASSERT_EQ(got.size(), i == 0 ? 2u : 1u);
    if (i == 0) {
      EXPECT_TRUE(remove("q", got.at(1)));
    }
    store.clock.advance(31s);
  }
  signals.clear();
  EXPECT_EQ(bodies("q"), "");
  EXPECT_THAT(signals, testing::Contains("queue:" + arn("dead")));
  EXPECT_EQ(depth("q").visible + depth("q").in_flight, 0);
  const auto dead = receive("dead", 10, {{"MessageAttributeNames", {"All"}}}).at(0);
  EXPECT_EQ(string_at(dead, "Body"), "poison");
  EXPECT_EQ(string_at(dead, "MessageId"), string_at(sent, "MessageId"));
  EXPECT_EQ(string_at(dead, "MessageAttributes.a.StringValue"), "v");
  EXPECT_EQ(string_at(dead, "Attributes.DeadLetterQueueSourceArn"), arn("q"));
  EXPECT_EQ(string_at(dead, "Attributes.SentTimestamp"), "1767225600000");
  EXPECT_EQ(string_at(dead, "Attributes.ApproximateReceiveCount"), "3");
  const auto sources = *call("ListDeadLetterSourceQueues", {{"QueueUrl", url("dead")}});
  EXPECT_EQ(sources.at("queueUrls"), json::array{url("q")});
}

TEST_F(QueuesTest, WithoutItsDeadLetterQueueAMessageStays) {
  create("dead");
  create("q", redrive_to(arn("dead"), 1));
  send("q", "x", {});
  ASSERT_TRUE(call("DeleteQueue", {{"QueueUrl", url("dead")}}));
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(bodies("q"), "x");
    store.clock.advance(31s);
  }
}

TEST_F(QueuesTest, RedriveAllowPolicyAndKindAreHonoured) {
  create("closed", {{"RedriveAllowPolicy", R"({"redrivePermission":"denyAll"})"}});
  create("mine", {{"RedriveAllowPolicy",
                   to_json(json::object{{"redrivePermission", "byQueue"}, {"sourceQueueArns", {arn("good")}}})}});
  create("f.fifo", {{"FifoQueue", "true"}});
  for (const auto* target : {"closed", "mine", "f.fifo", "q"})
    EXPECT_EQ(error_of("CreateQueue", {{"QueueName", "q"}, {"Attributes", redrive_to(arn(target), 3)}}),
              "InvalidParameterValue")
        << target;
  create("good", redrive_to(arn("mine"), 3));
  ASSERT_TRUE(call("SetQueueAttributes", {{"QueueUrl", url("good")}, {"Attributes", {{"RedrivePolicy", ""}}}}));
  EXPECT_EQ(call("ListDeadLetterSourceQueues", {{"QueueUrl", url("mine")}})->at("queueUrls"), json::array{});
}

TEST_F(QueuesTest, ALongPollWaitsForASignalOrForAHiddenMessage) {
  create("q");
  create("patient", {{"ReceiveMessageWaitTimeSeconds", "20"}});
  const auto& wait = directory.find("sqs", "ReceiveMessage")->wait;
  const auto waits = [&](const json::object& input, std::chrono::milliseconds waited) {
    const service::Call poll{.caller = caller, .input = input, .request_id = "", .endpoint = "", .waited = waited};
    return wait(poll, {});
  };
  EXPECT_FALSE(waits({{"QueueUrl", url("q")}}, 0ms));
  EXPECT_FALSE(waits({{"QueueUrl", url("patient")}, {"WaitTimeSeconds", 0}}, 0ms));
  EXPECT_EQ(waits({{"QueueUrl", url("patient")}}, 0ms)->at_most, 20s);
  EXPECT_FALSE(waits({{"QueueUrl", url("patient")}}, 20s));
  const json::object poll{{"QueueUrl", url("q")}, {"WaitTimeSeconds", 10}};
  EXPECT_EQ(waits(poll, 0ms)->signal, "queue:" + arn("q"));

  signals.clear();
  send("q", "delayed", {{"DelaySeconds", 5}});
  EXPECT_EQ(signals, std::vector<std::string>{"queue:" + arn("q")});
  EXPECT_EQ(to_json(*call("ReceiveMessage", poll)), "{}");
  EXPECT_EQ(to_json(*call("ReceiveMessage", poll)), "{}");
  signals.clear();
  store->run_until_idle();
  EXPECT_TRUE(signals.empty());
  store.clock.advance(5s);
  store->run_until_idle();
  EXPECT_EQ(signals, std::vector<std::string>{"queue:" + arn("q")});
  EXPECT_EQ(call("ReceiveMessage", poll, 5s)->at("Messages").get_array().size(), 1u);
}

TEST_F(QueuesTest, MoveTasksBringDeadLettersBack) {
  create("dead");
  create("elsewhere");
  create("q", redrive_to(arn("dead"), 1));
  for (int i = 0; i < 250; ++i) send("q", "x");
  for (int i = 0; i < 25; ++i) receive("q");
  store.clock.advance(31s);
  for (int i = 0; i < 25; ++i) receive("q");
  ASSERT_EQ(depth("dead").visible, 250);
  EXPECT_EQ(error_of("StartMessageMoveTask", {{"SourceArn", arn("q")}}), "InvalidParameterValue");
  EXPECT_EQ(error_of("StartMessageMoveTask", {{"SourceArn", arn("none")}}), "ResourceNotFoundException");
  const auto started = call("StartMessageMoveTask", {{"SourceArn", arn("dead")}});
  ASSERT_TRUE(started) << started.error().message;
  EXPECT_EQ(error_of("StartMessageMoveTask", {{"SourceArn", arn("dead")}}), "InvalidParameterValue");
  store->run_until_idle();
  EXPECT_EQ(depth("dead").visible, 0);
  EXPECT_EQ(depth("q").visible, 250);
  auto listed = *call("ListMessageMoveTasks", {{"SourceArn", arn("dead")}});
  const auto& task = listed.at("Results").at(0).get_object();
  EXPECT_EQ(string_at(task, "Status"), "COMPLETED");
  EXPECT_EQ(integer_at(task, "ApproximateNumberOfMessagesMoved"), 250);
  EXPECT_EQ(string_at(receive("q", 1).at(0), "Attributes.ApproximateReceiveCount"), "1");

  ASSERT_TRUE(store.write(
      [&](store::Transaction& transaction) { return queues->deliver(transaction, arn("dead"), {.body = "stray"}); }));
  store.clock.advance(1s);
  ASSERT_TRUE(call("StartMessageMoveTask", {{"SourceArn", arn("dead")}}));
  store->run_until_idle();
  listed = *call("ListMessageMoveTasks", {{"SourceArn", arn("dead")}});
  EXPECT_EQ(string_at(listed.at("Results").at(0).get_object(), "FailureReason"), "CouldNotDetermineMessageSource");
  store.clock.advance(1s);
  const auto to =
      call("StartMessageMoveTask",
           {{"SourceArn", arn("dead")}, {"DestinationArn", arn("elsewhere")}, {"MaxNumberOfMessagesPerSecond", 1}});
  ASSERT_TRUE(to) << to.error().message;
  EXPECT_EQ(store->run_until_idle(), 1u);
  EXPECT_EQ(bodies("elsewhere"), "stray");
  ASSERT_TRUE(call("CancelMessageMoveTask", {{"TaskHandle", string_at(*to, "TaskHandle")}}));
  EXPECT_EQ(error_of("CancelMessageMoveTask", {{"TaskHandle", string_at(*to, "TaskHandle")}}), "UnsupportedOperation");
  EXPECT_EQ(error_of("CancelMessageMoveTask", {{"TaskHandle", "no"}}), "ResourceNotFoundException");
}

}  // namespace
}  // namespace tocsin::queues
