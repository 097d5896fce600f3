#include "queues/queues_test.h"

namespace tocsin::queues {
namespace {

using namespace std::chrono_literals;

TEST_F(QueuesTest, CreatingTwiceIsOneQueueUnlessAttributesDiffer) {
  create("alerts", {{"VisibilityTimeout", "300"}});
  create("alerts", {{"VisibilityTimeout", "300"}});
  create("alerts");
  create("alerts", {{"DelaySeconds", "0"}});  // the default is a value
  EXPECT_EQ(error_of("CreateQueue", {{"QueueName", "alerts"}, {"Attributes", {{"VisibilityTimeout", "30"}}}}),
            "QueueNameExists");
}

TEST_F(QueuesTest, BadNamesAndAttributesAreRefused) {
  const struct {
    std::string name;
    json::object attributes;
    std::string_view error;
  } cases[] = {
      {"", {}, "InvalidParameterValue"},
      {"a b", {}, "InvalidParameterValue"},
      {"q.fifo", {}, "InvalidParameterValue"},
      {std::string(81, 'a'), {}, "InvalidParameterValue"},
      {"q", {{"FifoQueue", "true"}}, "InvalidAttributeName"},
      {"q", {{"Colour", "red"}}, "InvalidAttributeName"},
      {"q", {{"VisibilityTimeout", "43201"}}, "InvalidAttributeValue"},
      {"q", {{"VisibilityTimeout", "-1"}}, "InvalidAttributeValue"},
      {"q", {{"VisibilityTimeout", "x"}}, "InvalidAttributeValue"},
      {"q", {{"MessageRetentionPeriod", "59"}}, "InvalidAttributeValue"},
      {"q", {{"MessageRetentionPeriod", "1209601"}}, "InvalidAttributeValue"},
      {"q", {{"DelaySeconds", "901"}}, "InvalidAttributeValue"},
      {"q", {{"ReceiveMessageWaitTimeSeconds", "21"}}, "InvalidAttributeValue"},
      {"q", {{"MaximumMessageSize", "1023"}}, "InvalidAttributeValue"},
      {"q", {{"RedrivePolicy", "{"}}, "InvalidAttributeValue"},
      {"q", {{"RedrivePolicy", R"({"maxReceiveCount":3})"}}, "InvalidAttributeValue"},
      {"q",
       {{"RedrivePolicy", R"({"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:no","maxReceiveCount":3})"}},
       "InvalidParameterValue"},
      {"q", {{"RedriveAllowPolicy", R"({"redrivePermission":"byQueue"})"}}, "InvalidAttributeValue"},
      {"q", {{"ContentBasedDeduplication", "true"}}, "InvalidAttributeName"},
      {"q.fifo", {{"FifoQueue", "true"}, {"DeduplicationScope", "all"}}, "InvalidAttributeValue"},
  };
  for (const auto& c : cases)
    EXPECT_EQ(error_of("CreateQueue", {{"QueueName", c.name}, {"Attributes", c.attributes}}), c.error)
        << c.name << to_json(c.attributes);
}

TEST_F(QueuesTest, AQueueIsFoundByNameUrlOfAnyHostAndNothingElse) {
  create("alerts");
  EXPECT_EQ(string_at(*call("GetQueueUrl", {{"QueueName", "alerts"}}), "QueueUrl"), url("alerts"));
  for (const std::string_view good :
       {"http://127.0.0.1:4747/000000000000/alerts", "https://sqs.us-east-1.amazonaws.com/000000000000/alerts",
        "https://us-east-1.queue.amazonaws.com/000000000000/alerts?x=1", "/000000000000/alerts"})
    EXPECT_EQ(error_of("GetQueueAttributes", {{"QueueUrl", good}}), "") << good;
  for (const std::string_view bad :
       {"alerts", "http://127.0.0.1:4747/111111111111/alerts", "http://127.0.0.1:4747/000000000000/other",
        "http://127.0.0.1:4747/000000000000/alerts/", "", "/", "http://127.0.0.1:4747/alerts"})
    EXPECT_EQ(error_of("GetQueueAttributes", {{"QueueUrl", bad}}), "QueueDoesNotExist") << bad;
  EXPECT_EQ(error_of("GetQueueUrl", {{"QueueName", "alerts"}, {"QueueOwnerAWSAccountId", "111111111111"}}),
            "QueueDoesNotExist");
}

TEST_F(QueuesTest, AttributesAreShownWithDefaultsAndChanged) {
  create("alerts", {{"VisibilityTimeout", "300"}});
  auto shown = *call("GetQueueAttributes", {{"QueueUrl", url("alerts")}, {"AttributeNames", {"All"}}});
  const struct {
    std::string_view name, value;
  } expected[] = {{"VisibilityTimeout", "300"},
                  {"DelaySeconds", "0"},
                  {"MaximumMessageSize", "262144"},
                  {"MessageRetentionPeriod", "345600"},
                  {"ReceiveMessageWaitTimeSeconds", "0"},
                  {"ApproximateNumberOfMessages", "0"},
                  {"ApproximateNumberOfMessagesNotVisible", "0"},
                  {"ApproximateNumberOfMessagesDelayed", "0"},
                  {"QueueArn", "arn:aws:sqs:us-east-1:000000000000:alerts"},
                  {"CreatedTimestamp", "1767225600"},
                  {"LastModifiedTimestamp", "1767225600"}};
  for (const auto& e : expected) EXPECT_EQ(string_at(shown.at("Attributes").get_object(), e.name), e.value) << e.name;
  EXPECT_FALSE(shown.at("Attributes").get_object().contains("RedrivePolicy"));
  store.clock.advance(60s);
  ASSERT_EQ(error_of("SetQueueAttributes", {{"QueueUrl", url("alerts")}, {"Attributes", {{"DelaySeconds", "7"}}}}), "");
  shown = *call("GetQueueAttributes",
                {{"QueueUrl", url("alerts")}, {"AttributeNames", {"DelaySeconds", "LastModifiedTimestamp", "Policy"}}});
  EXPECT_EQ(to_json(shown), R"({"Attributes":{"DelaySeconds":"7","LastModifiedTimestamp":"1767225660"}})");
  EXPECT_EQ(error_of("GetQueueAttributes", {{"QueueUrl", url("alerts")}, {"AttributeNames", {"Colour"}}}),
            "InvalidAttributeName");
  EXPECT_EQ(
      error_of("SetQueueAttributes", {{"QueueUrl", url("alerts")}, {"Attributes", {{"VisibilityTimeout", "-3"}}}}),
      "InvalidAttributeValue");
}

TEST_F(QueuesTest, ListsAreInOrderByPrefixAndInPages) {
  for (const auto* name : {"b2", "a1", "b1", "b3"}) create(name);
  EXPECT_EQ(to_json(*call("ListQueues", {{"QueueNamePrefix", "z"}})), "{}");
  EXPECT_EQ(call("ListQueues", {})->at("QueueUrls").get_array().size(), 4u);
  auto page = *call("ListQueues", {{"QueueNamePrefix", "b"}, {"MaxResults", 2}});
  EXPECT_EQ(page.at("QueueUrls"), (json::array{url("b1"), url("b2")}));
  page =
      *call("ListQueues", {{"QueueNamePrefix", "b"}, {"MaxResults", 2}, {"NextToken", string_at(page, "NextToken")}});
  EXPECT_EQ(page.at("QueueUrls"), (json::array{url("b3")}));
  EXPECT_FALSE(page.contains("NextToken"));
  EXPECT_EQ(error_of("ListQueues", {{"NextToken", "rubbish"}}), "InvalidParameterValue");
  EXPECT_EQ(error_of("ListQueues", {{"MaxResults", 1001}}), "InvalidParameterValue");
}

TEST_F(QueuesTest, TagsAreKept) {
  ASSERT_TRUE(call("CreateQueue", {{"QueueName", "q"}, {"tags", {{"Project", "SOC"}}}}));
  ASSERT_TRUE(call("TagQueue", {{"QueueUrl", url("q")}, {"Tags", {{"Team", "blue"}}}}));
  ASSERT_TRUE(call("UntagQueue", {{"QueueUrl", url("q")}, {"TagKeys", {"Project"}}}));
  EXPECT_EQ(to_json(*call("ListQueueTags", {{"QueueUrl", url("q")}})), R"({"Tags":{"Team":"blue"}})");
}

TEST_F(QueuesTest, PurgingAndDeletingTakeAwayEverything) {
  create("q");
  for (int i = 0; i < 1200; ++i) send("q", "m");
  const auto in_hand = receive("q", 1);
  ASSERT_EQ(error_of("PurgeQueue", {{"QueueUrl", url("q")}}), "");
  EXPECT_EQ(depth("q").visible, 0);
  EXPECT_EQ(depth("q").in_flight, 0);
  EXPECT_TRUE(remove("q", in_hand.at(0)));  // gone is gone
  send("q", "new");
  EXPECT_EQ(bodies("q"), "new");
  ASSERT_EQ(error_of("DeleteQueue", {{"QueueUrl", url("q")}}), "");
  EXPECT_EQ(error_of("DeleteQueue", {{"QueueUrl", url("q")}}), "QueueDoesNotExist");
  create("q");
  EXPECT_EQ(bodies("q"), "");
  store->run_until_idle();
  const auto left = store.read([](store::Reader& reader) -> Result<std::int64_t> {
    return reader.integer("SELECT (SELECT count(*) FROM queue_message) + (SELECT count(*) FROM queue_box)", -1);
  });
  EXPECT_EQ(*left, 1);  // the new queue's box
}

TEST_F(QueuesTest, ARestartKeepsQueuesAndMessages) {
  create("q", {{"ReceiveMessageWaitTimeSeconds", "20"}});
  send("q", "one");
  const auto in_hand = receive("q");
  send("q", "two");
  restart();
  EXPECT_EQ(bodies("q"), "two");
  EXPECT_TRUE(remove("q", in_hand.at(0)));
  store.clock.advance(31s);
  EXPECT_EQ(bodies("q"), "two");
}

}  // namespace
}  // namespace tocsin::queues
