#include "queues/queues.h"

#include "digest/digest.h"
#include "queues/queues_test.h"

namespace tocsin::queues {
namespace {

using namespace std::chrono_literals;

json::object text_attribute(std::string_view value) {
  return {{"DataType", "String"}, {"StringValue", value}};
}

TEST_F(QueuesTest, WhatIsSentIsReceivedWithItsDigests) {
  create("q");
  const auto sent = send("q", "grüße",
                         {{"MessageAttributes", {{"severity", text_attribute("HIGH")}, {"b", text_attribute("x")}}},
                          {"MessageSystemAttributes", {{"AWSTraceHeader", text_attribute("Root=1")}}}});
  EXPECT_EQ(string_at(sent, "MD5OfMessageBody"), digest::md5_hex("grüße"));
  EXPECT_FALSE(string_at(sent, "MD5OfMessageAttributes").empty());
  EXPECT_FALSE(string_at(sent, "MD5OfMessageSystemAttributes").empty());
  EXPECT_FALSE(sent.contains("SequenceNumber"));

  const auto got = receive("q", 1, {{"MessageAttributeNames", {"All"}}, {"VisibilityTimeout", 0}}).at(0);
  EXPECT_EQ(string_at(got, "MessageId"), string_at(sent, "MessageId"));
  EXPECT_EQ(string_at(got, "Body"), "grüße");
  EXPECT_EQ(string_at(got, "MD5OfBody"), string_at(sent, "MD5OfMessageBody"));
  EXPECT_EQ(string_at(got, "MD5OfMessageAttributes"), string_at(sent, "MD5OfMessageAttributes"));
  EXPECT_EQ(string_at(got, "MessageAttributes.severity.StringValue"), "HIGH");
  EXPECT_EQ(string_at(got, "Attributes.SenderId"), "AIDAADMIN");
  EXPECT_EQ(string_at(got, "Attributes.SentTimestamp"), "1767225600000");
  EXPECT_EQ(string_at(got, "Attributes.ApproximateReceiveCount"), "1");
  EXPECT_EQ(string_at(got, "Attributes.AWSTraceHeader"), "Root=1");

  const auto some = receive("q", 1, {{"MessageAttributeNames", {"b"}}, {"VisibilityTimeout", 0}}).at(0);
  EXPECT_EQ(some.at("MessageAttributes").get_object().size(), 1u);
  EXPECT_NE(string_at(some, "MD5OfMessageAttributes"), string_at(sent, "MD5OfMessageAttributes"));
  EXPECT_EQ(string_at(some, "Attributes.ApproximateReceiveCount"), "2");
  const auto none = receive("q", 1, {{"VisibilityTimeout", 0}}).at(0);
  EXPECT_FALSE(none.contains("MessageAttributes"));
  EXPECT_FALSE(none.contains("MD5OfMessageAttributes"));
}

TEST_F(QueuesTest, MessagesThatDoNotFitAreRefused) {
  create("q");
  create("small", {{"MaximumMessageSize", "1024"}});
  const std::string big(262'145, 'x');
  const struct {
    std::string_view queue;
    json::object input;
    std::string_view error;
  } cases[] = {
      {"q", {{"MessageBody", ""}}, "MissingParameter"},
      {"q", {}, "MissingParameter"},
      {"q", {{"MessageBody", "a\u0001b"}}, "InvalidMessageContents"},
      {"q", {{"MessageBody", big}}, "InvalidParameterValue"},
      {"small", {{"MessageBody", std::string(1025, 'x')}}, "InvalidParameterValue"},
      {"small",
       {{"MessageBody", std::string(1020, 'x')}, {"MessageAttributes", {{"name", text_attribute("value")}}}},
       "InvalidParameterValue"},
      {"q", {{"MessageBody", "x"}, {"DelaySeconds", 901}}, "InvalidParameterValue"},
      {"q", {{"MessageBody", "x"}, {"DelaySeconds", -1}}, "InvalidParameterValue"},
      {"q", {{"MessageBody", "x"}, {"MessageDeduplicationId", "d"}}, "InvalidParameterValue"},
      {"q", {{"MessageBody", "x"}, {"MessageGroupId", "has space"}}, "InvalidParameterValue"},
      {"q", {{"MessageBody", "x"}, {"MessageAttributes", {{"a b", text_attribute("v")}}}}, "InvalidParameterValue"},
      {"q",
       {{"MessageBody", "x"}, {"MessageSystemAttributes", {{"Other", text_attribute("v")}}}},
       "InvalidParameterValue"},
      {"nowhere", {{"MessageBody", "x"}}, "QueueDoesNotExist"},
  };
  for (auto c : cases) {
    c.input.emplace("QueueUrl", url(c.queue));
    EXPECT_EQ(error_of("SendMessage", c.input), c.error) << to_json(c.input).substr(0, 200);
  }
  send("q", std::string(262'144, 'x'));
  send("small", std::string(1024, 'x'));
  EXPECT_EQ(depth("q").visible, 1);
}

TEST_F(QueuesTest, BatchesAreCheckedAsAWholeAndDoneOneByOne) {
  create("q");
  const auto entries = [](int count, std::size_t size) {
    json::array all;
    for (int i = 0; i < count; ++i) all.push_back({{"Id", std::to_string(i)}, {"MessageBody", std::string(size, 'x')}});
    return all;
  };
  const auto error = [&](json::array all) {
    return error_of("SendMessageBatch", {{"QueueUrl", url("q")}, {"Entries", std::move(all)}});
  };
  EXPECT_EQ(error({}), "EmptyBatchRequest");
  EXPECT_EQ(error(entries(11, 1)), "TooManyEntriesInBatchRequest");
  EXPECT_EQ(error({{{"Id", "a"}, {"MessageBody", "x"}}, {{"Id", "a"}, {"MessageBody", "y"}}}),
            "BatchEntryIdsNotDistinct");
  EXPECT_EQ(error({{{"Id", "a b"}, {"MessageBody", "x"}}}), "InvalidBatchEntryId");
  EXPECT_EQ(error({{{"Id", ""}, {"MessageBody", "x"}}}), "InvalidBatchEntryId");
  EXPECT_EQ(error(entries(10, 26'215)), "BatchRequestTooLong");
  EXPECT_EQ(error_of("DeleteMessageBatch", {{"QueueUrl", url("q")}, {"Entries", json::array{}}}), "EmptyBatchRequest");
  EXPECT_EQ(error_of("ChangeMessageVisibilityBatch", {{"QueueUrl", url("q")}}), "EmptyBatchRequest");

  const auto mixed = *call("SendMessageBatch", {{"QueueUrl", url("q")},
                                                {"Entries",
                                                 {{{"Id", "good"}, {"MessageBody", "x"}},
                                                  {{"Id", "bad"}, {"MessageBody", "\u0001"}},
                                                  {{"Id", "late"}, {"MessageBody", "y"}, {"DelaySeconds", 60}}}}});
  ASSERT_EQ(mixed.at("Successful").get_array().size(), 2u);
  EXPECT_EQ(string_at(mixed.at("Successful").at(0).get_object(), "Id"), "good");
  EXPECT_EQ(string_at(mixed.at("Successful").at(0).get_object(), "MD5OfMessageBody"), digest::md5_hex("x"));
  ASSERT_EQ(mixed.at("Failed").get_array().size(), 1u);
  const auto& failed = mixed.at("Failed").at(0).get_object();
  EXPECT_EQ(string_at(failed, "Id"), "bad");
  EXPECT_EQ(string_at(failed, "Code"), "InvalidMessageContents");
  EXPECT_TRUE(bool_at(failed, "SenderFault"));
  EXPECT_EQ(depth("q").visible, 1);
  EXPECT_EQ(depth("q").delayed, 1);
}

TEST_F(QueuesTest, OtherRoomsPutMessagesInByArn) {
  create("q");
  create("f.fifo", {{"FifoQueue", "true"}});
  const auto deliver = [&](std::string_view name, service::Message message) {
    return store.write(
        [&](store::Transaction& transaction) { return queues->deliver(transaction, arn(name), message); });
  };
  ASSERT_TRUE(deliver("q", {.body = "hello", .attributes = {{"a", text_attribute("1")}}}));
  const auto got = receive("q", 1, {{"MessageAttributeNames", {"All"}}}).at(0);
  EXPECT_EQ(string_at(got, "Body"), "hello");
  EXPECT_EQ(string_at(got, "MessageAttributes.a.StringValue"), "1");
  // An envelope may be larger than what clients may send.
  EXPECT_TRUE(deliver("q", {.body = std::string(300'000, 'x')}));
  EXPECT_EQ(deliver("none", {.body = "x"}).error().code, ErrorCode::not_found);
  EXPECT_EQ(deliver("f.fifo", {.body = "x"}).error().code, ErrorCode::validation);
  EXPECT_TRUE(deliver("f.fifo", {.body = "x", .group_id = "g", .idempotency_key = "key 1"}));
  EXPECT_TRUE(deliver("f.fifo", {.body = "x", .group_id = "g", .idempotency_key = "key 1"}));
  EXPECT_EQ(depth("f.fifo").visible, 1);
}

TEST_F(QueuesTest, AFailedChangeLeavesNoMessage) {
  create("q");
  const auto failed = store.write([&](store::Transaction& transaction) -> Result<void> {
    EXPECT_TRUE(queues->deliver(transaction, arn("q"), {.body = "x"}));
    return fail(ErrorCode::conflict, "no");
  });
  EXPECT_FALSE(failed);
  EXPECT_EQ(depth("q").visible, 0);
}

}  // namespace
}  // namespace tocsin::queues
