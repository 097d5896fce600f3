#include "notification/notification_test.h"

namespace tocsin::notification {
namespace {

TEST_F(TopicsTest, CreatingTwiceIsOneTopicUnlessItDiffers) {
  create_topic("alerts", {{"DisplayName", "Security Incident Alerts"}});
  create_topic("alerts", {{"DisplayName", "Security Incident Alerts"}});
  create_topic("alerts");
  EXPECT_EQ(error_of("CreateTopic", {{"Name", "alerts"}, {"Attributes", {{"DisplayName", "Other"}}}}),
            "InvalidParameterException");
  EXPECT_EQ(error_of("CreateTopic", {{"Name", "alerts"}, {"Tags", {{{"Key", "a"}, {"Value", "b"}}}}}),
            "InvalidParameterException");
}

TEST_F(TopicsTest, BadNamesAndAttributesAreRefused) {
  const struct {
    std::string name;
    json::object attributes;
  } cases[] = {{"", {}},
               {"a b", {}},
               {"a.fifo", {}},
               {"a", {{"FifoTopic", "true"}}},
               {std::string(257, 'a'), {}},
               {"a", {{"Colour", "red"}}},
               {"a", {{"DisplayName", std::string(101, 'x')}}},
               {"a", {{"Policy", "not json"}}},
               {"a", {{"ContentBasedDeduplication", "true"}}}};
  for (const auto& c : cases)
    EXPECT_EQ(error_of("CreateTopic", {{"Name", c.name}, {"Attributes", c.attributes}}), "InvalidParameterException")
        << c.name << to_json(c.attributes);
}

TEST_F(TopicsTest, AttributesAndTagsAreShownAndChanged) {
  create_topic();
  ASSERT_TRUE(sns("SetTopicAttributes",
                  {{"TopicArn", topic_arn()}, {"AttributeName", "DisplayName"}, {"AttributeValue", "Alerts"}}));
  create_queue("q");
  subscribe("sqs", queue_arn("q"));
  subscribe("https", "https://soc.example.org/sns");
  const auto shown = sns("GetTopicAttributes", {{"TopicArn", topic_arn()}})->at("Attributes").get_object();
  EXPECT_EQ(string_at(shown, "DisplayName"), "Alerts");
  EXPECT_EQ(string_at(shown, "SubscriptionsConfirmed"), "1");
  EXPECT_EQ(string_at(shown, "SubscriptionsPending"), "1");
  EXPECT_EQ(string_at(shown, "Owner"), "000000000000");
  EXPECT_TRUE(parse_json_object(string_at(shown, "Policy")));
  EXPECT_TRUE(parse_json_object(string_at(shown, "EffectiveDeliveryPolicy")));
  EXPECT_EQ(error_of("SetTopicAttributes",
                     {{"TopicArn", topic_arn()}, {"AttributeName", "FifoTopic"}, {"AttributeValue", "true"}}),
            "InvalidParameterException");

  ASSERT_TRUE(sns("TagResource", {{"ResourceArn", topic_arn()},
                                  {"Tags", {{{"Key", "a"}, {"Value", "1"}}, {{"Key", "b"}, {"Value", "2"}}}}}));
  ASSERT_TRUE(sns("UntagResource", {{"ResourceArn", topic_arn()}, {"TagKeys", {"a"}}}));
  EXPECT_EQ(to_json(*sns("ListTagsForResource", {{"ResourceArn", topic_arn()}})),
            R"({"Tags":[{"Key":"b","Value":"2"}]})");
  EXPECT_EQ(error_of("ListTagsForResource", {{"ResourceArn", topic_arn("none")}}), "ResourceNotFoundException");
}

TEST_F(TopicsTest, UnknownTopicsAndTextThatIsNoArn) {
  EXPECT_EQ(error_of("GetTopicAttributes", {{"TopicArn", topic_arn("none")}}), "NotFoundException");
  EXPECT_EQ(error_of("GetTopicAttributes", {{"TopicArn", "none"}}), "InvalidParameterException");
  EXPECT_EQ(error_of("GetTopicAttributes", {{"TopicArn", "arn:aws:sns:eu-west-1:000000000000:alerts"}}),
            "InvalidParameterException");
  EXPECT_EQ(error_of("DeleteTopic", {{"TopicArn", topic_arn("none")}}), "");
  EXPECT_EQ(error_of("DeleteTopic", {{"TopicArn", "none"}}), "InvalidParameterException");
}

TEST_F(TopicsTest, ListsAreInPages) {
  for (int i = 0; i < 120; ++i) create_topic("t" + std::to_string(i));
  auto page = *sns("ListTopics", {});
  EXPECT_EQ(page.at("Topics").get_array().size(), 100u);
  page = *sns("ListTopics", {{"NextToken", string_at(page, "NextToken")}});
  EXPECT_EQ(page.at("Topics").get_array().size(), 20u);
  EXPECT_FALSE(page.contains("NextToken"));
  EXPECT_EQ(error_of("ListTopics", {{"NextToken", "rubbish"}}), "InvalidParameterException");

  create_topic();
  for (int i = 0; i < 110; ++i) {
    create_queue("q" + std::to_string(i));
    subscribe("sqs", queue_arn("q" + std::to_string(i)));
  }
  for (const auto* operation : {"ListSubscriptions", "ListSubscriptionsByTopic"}) {
    page = *sns(operation, {{"TopicArn", topic_arn()}});
    EXPECT_EQ(page.at("Subscriptions").get_array().size(), 100u);
    page = *sns(operation, {{"TopicArn", topic_arn()}, {"NextToken", string_at(page, "NextToken")}});
    EXPECT_EQ(page.at("Subscriptions").get_array().size(), 10u);
  }
}

TEST_F(TopicsTest, SubscriptionsAreCheckedKeptAndEnded) {
  create_topic();
  create_topic("f.fifo", {{"FifoTopic", "true"}});
  create_queue("q");
  const struct {
    std::string topic, protocol, endpoint;
    json::object attributes;
  } cases[] = {
      {"alerts", "sqs", "q", {}},
      {"alerts", "sqs", "arn:aws:lambda:us-east-1:000000000000:function:f", {}},
      {"alerts", "sqs", queue_arn("q.fifo"), {}},
      {"alerts", "http", "https://example.org/", {}},
      {"alerts", "https", "http://example.org/", {}},
      {"alerts", "https", "https:///path", {}},
      {"alerts", "https", "https://example.org/a b", {}},
      {"alerts", "email", "soc@example.org", {}},
      {"alerts", "carrier-pigeon", "x", {}},
      {"f.fifo", "https", "https://example.org/", {}},
      {"alerts", "sqs", queue_arn("q"), {{"RawMessageDelivery", "yes"}}},
      {"alerts", "sqs", queue_arn("q"), {{"Colour", "red"}}},
      {"alerts", "sqs", queue_arn("q"), {{"FilterPolicy", "{"}}},
      {"alerts", "sqs", queue_arn("q"), {{"FilterPolicy", R"({"a":[{"unknown":1}]})"}}},
      {"alerts", "sqs", queue_arn("q"), {{"FilterPolicyScope", "Everything"}}},
      {"alerts", "sqs", queue_arn("q"), {{"RedrivePolicy", R"({"deadLetterTargetArn":"q"})"}}},
      {"alerts", "sqs", queue_arn("q"), {{"DeliveryFormat", "slack"}}},
      {"alerts", "https", "https://example.org/", {{"DeliveryFormat", "html"}}},
      {"alerts", "lambda", "arn:aws:lambda:us-east-1:000000000000:function:f", {{"RawMessageDelivery", "true"}}}};
  for (const auto& c : cases)
    EXPECT_EQ(error_of("Subscribe", {{"TopicArn", topic_arn(c.topic)},
                                     {"Protocol", c.protocol},
                                     {"Endpoint", c.endpoint},
                                     {"Attributes", c.attributes}}),
              "InvalidParameterException")
        << c.protocol << c.endpoint << to_json(c.attributes);

  const auto arn = subscribe("sqs", queue_arn("q"), {{"RawMessageDelivery", "true"}});
  EXPECT_EQ(subscribe("sqs", queue_arn("q")), arn);
  EXPECT_EQ(error_of("Subscribe", {{"TopicArn", topic_arn()},
                                   {"Protocol", "sqs"},
                                   {"Endpoint", queue_arn("q")},
                                   {"Attributes", {{"RawMessageDelivery", "false"}}}}),
            "InvalidParameterException");
  ASSERT_TRUE(sns(
      "SetSubscriptionAttributes",
      {{"SubscriptionArn", arn}, {"AttributeName", "FilterPolicy"}, {"AttributeValue", R"({"severity":["HIGH"]})"}}));
  auto shown = sns("GetSubscriptionAttributes", {{"SubscriptionArn", arn}})->at("Attributes").get_object();
  EXPECT_EQ(string_at(shown, "PendingConfirmation"), "false");
  EXPECT_EQ(string_at(shown, "RawMessageDelivery"), "true");
  EXPECT_EQ(string_at(shown, "FilterPolicy"), R"({"severity":["HIGH"]})");
  EXPECT_EQ(string_at(shown, "FilterPolicyScope"), "MessageAttributes");
  EXPECT_EQ(
      error_of("SetSubscriptionAttributes",
               {{"SubscriptionArn", arn}, {"AttributeName", "FilterPolicy"}, {"AttributeValue", R"({"a":"text"})"}}),
      "InvalidParameterException");
  restart();
  ASSERT_TRUE(sns("SetSubscriptionAttributes",
                  {{"SubscriptionArn", arn}, {"AttributeName", "FilterPolicy"}, {"AttributeValue", ""}}));
  shown = sns("GetSubscriptionAttributes", {{"SubscriptionArn", arn}})->at("Attributes").get_object();
  EXPECT_FALSE(shown.contains("FilterPolicy"));
  ASSERT_TRUE(sns("Unsubscribe", {{"SubscriptionArn", arn}}));
  ASSERT_TRUE(sns("Unsubscribe", {{"SubscriptionArn", arn}}));
  EXPECT_EQ(error_of("GetSubscriptionAttributes", {{"SubscriptionArn", arn}}), "NotFoundException");
  EXPECT_EQ(error_of("Unsubscribe", {{"SubscriptionArn", "PendingConfirmation"}}), "InvalidParameterException");
}

TEST_F(TopicsTest, DeletingATopicEndsItsSubscriptions) {
  create_topic();
  create_queue("q");
  subscribe("sqs", queue_arn("q"));
  ASSERT_TRUE(sns("DeleteTopic", {{"TopicArn", topic_arn()}}));
  create_topic();
  publish("x");
  EXPECT_TRUE(receive("q").empty());
  EXPECT_TRUE(sns("ListSubscriptions", {})->at("Subscriptions").get_array().empty());
}

}  // namespace
}  // namespace tocsin::notification
