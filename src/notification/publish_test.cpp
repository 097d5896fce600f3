#include "digest/digest.h"
#include "notification/notification_test.h"

namespace tocsin::notification {
namespace {

using namespace std::chrono_literals;

TEST_F(TopicsTest, AQueueGetsTheEnvelope) {
  create_topic();
  create_queue("q");
  const auto arn = subscribe("sqs", queue_arn("q"));
  const auto published = publish("grüße \"alle\"\n", {{"Subject", "Security Incident: HIGH - x"},
                                                      {"MessageAttributes", {{"severity", text("HIGH")}}}});
  const auto got = receive("q").at(0);
  EXPECT_FALSE(got.contains("MessageAttributes"));
  const auto envelope = parse_json_object(string_at(got, "Body"));
  ASSERT_TRUE(envelope);
  std::string names;
  for (const auto& [name, value] : *envelope) names += std::string(name) + " ";
  EXPECT_EQ(names, "Type MessageId TopicArn Subject Message Timestamp UnsubscribeURL MessageAttributes ");
  EXPECT_EQ(string_at(*envelope, "Type"), "Notification");
  EXPECT_EQ(string_at(*envelope, "MessageId"), string_at(published, "MessageId"));
  EXPECT_EQ(string_at(*envelope, "TopicArn"), topic_arn());
  EXPECT_EQ(string_at(*envelope, "Subject"), "Security Incident: HIGH - x");
  EXPECT_EQ(string_at(*envelope, "Message"), "grüße \"alle\"\n");
  EXPECT_EQ(string_at(*envelope, "Timestamp"), "2026-01-01T00:00:00.000Z");
  EXPECT_EQ(to_json(envelope->at("MessageAttributes")), R"({"severity":{"Type":"String","Value":"HIGH"}})");
  EXPECT_THAT(std::string(string_at(*envelope, "UnsubscribeURL")),
              testing::StartsWith("http://127.0.0.1:4747/?Action=Unsubscribe&SubscriptionArn=arn%3Aaws%3Asns"));
  EXPECT_TRUE(string_at(got, "Body").starts_with("{\n  \"Type\" : \"Notification\",\n  \"MessageId\" : \""));
}

TEST_F(TopicsTest, RawDeliveryCarriesMessageAndAttributes) {
  create_topic();
  create_queue("q");
  subscribe("sqs", queue_arn("q"), {{"RawMessageDelivery", "true"}});
  publish("plain", {{"MessageAttributes", {{"severity", text("HIGH")}}}});
  const auto got = receive("q").at(0);
  EXPECT_EQ(string_at(got, "Body"), "plain");
  EXPECT_EQ(string_at(got, "MessageAttributes.severity.StringValue"), "HIGH");
}

TEST_F(TopicsTest, WhatPublishRefuses) {
  create_topic();
  const struct {
    json::object input;
    std::string_view error;
  } cases[] = {
      {{{"Message", ""}}, "InvalidParameterException"},
      {{{"Message", std::string(262'145, 'x')}}, "InvalidParameterException"},
      {{{"Message", std::string(262'140, 'x')}, {"MessageAttributes", {{"name", text("value")}}}},
       "InvalidParameterException"},
      {{{"Message", "x"}, {"Subject", ""}}, "InvalidParameterException"},
      {{{"Message", "x"}, {"Subject", std::string(101, 'x')}}, "InvalidParameterException"},
      {{{"Message", "x"}, {"Subject", "two\nlines"}}, "InvalidParameterException"},
      {{{"Message", "x"}, {"Subject", "grüße"}}, "InvalidParameterException"},
      {{{"Message", "x"}, {"Subject", " blank"}}, "InvalidParameterException"},
      {{{"Message", "x"}, {"MessageStructure", "xml"}}, "InvalidParameterException"},
      {{{"Message", "x"}, {"MessageStructure", "json"}}, "InvalidParameterException"},
      {{{"Message", R"({"sqs":"x"})"}, {"MessageStructure", "json"}}, "InvalidParameterException"},
      {{{"Message", "x"}, {"MessageDeduplicationId", "d"}}, "InvalidParameterException"},
      {{{"Message", "x"}, {"MessageAttributes", {{"a b", text("v")}}}}, "InvalidParameterValueException"},
      {{{"Message", "x"}, {"MessageAttributes", {{"a", {{"DataType", "Map"}, {"StringValue", "v"}}}}}},
       "InvalidParameterValueException"},
  };
  for (auto c : cases) {
    c.input.emplace("TopicArn", topic_arn());
    EXPECT_EQ(error_of("Publish", c.input), c.error) << to_json(c.input).substr(0, 150);
  }
  EXPECT_EQ(error_of("Publish", {{"Message", "x"}}), "InvalidParameterException");
  EXPECT_EQ(error_of("Publish", {{"Message", "x"}, {"PhoneNumber", "+491"}}), "InvalidParameterException");
  EXPECT_EQ(error_of("Publish", {{"Message", "x"}, {"TopicArn", topic_arn("none")}}), "NotFoundException");
  EXPECT_EQ(error_of("Publish", {{"Message", std::string(262'144, 'x')}, {"TargetArn", topic_arn()}}), "");
  EXPECT_EQ(error_of("Publish", {{"Message", "x"}, {"TopicArn", topic_arn()}, {"Subject", std::string(100, 'x')}}), "");
}

TEST_F(TopicsTest, EachProtocolGetsItsOwnText) {
  create_topic();
  create_queue("q");
  subscribe("sqs", queue_arn("q"), {{"RawMessageDelivery", "true"}});
  subscribe("https", "https://hooks.slack.com/services/T0/B0/secret");
  publish(R"({"default":"for all","sqs":"for queues"})", {{"MessageStructure", "json"}});
  EXPECT_EQ(string_at(receive("q").at(0), "Body"), "for queues");
  run();
  EXPECT_THAT(posted.at(0).payload, testing::HasSubstr("for all"));
}

TEST_F(TopicsTest, FilterPoliciesDecideWhoGetsWhat) {
  create_topic();
  const struct {
    std::string_view queue;
    json::object attributes;
    std::string_view expected;  // which of the messages below
  } cases[] = {
      {"all", {}, "123"},
      {"empty", {{"FilterPolicy", "{}"}}, "123"},
      {"high", {{"FilterPolicy", R"({"severity":["HIGH","CRITICAL"]})"}}, "1"},
      {"prefix", {{"FilterPolicy", R"({"severity":[{"prefix":"M"}]})"}}, "2"},
      {"not", {{"FilterPolicy", R"({"severity":[{"anything-but":["HIGH"]}]})"}}, "2"},
      {"none", {{"FilterPolicy", R"({"severity":[{"exists":false}]})"}}, "3"},
      {"number", {{"FilterPolicy", R"({"score":[{"numeric":[">=",50]}]})"}}, "1"},
      {"array", {{"FilterPolicy", R"({"tags":["b"]})"}}, "2"},
      {"both", {{"FilterPolicy", R"({"severity":["HIGH"],"score":[10]})"}}, ""},
      {"body", {{"FilterPolicy", R"({"kind":{"of":["x"]}})"}, {"FilterPolicyScope", "MessageBody"}}, "3"},
  };
  for (const auto& c : cases) {
    create_queue(c.queue);
    auto attributes = c.attributes;
    attributes.emplace("RawMessageDelivery", "true");
    subscribe("sqs", queue_arn(c.queue), attributes);
  }
  const auto number = [](std::string_view value) {
    return json::object{{"DataType", "Number"}, {"StringValue", value}};
  };
  publish("1", {{"MessageAttributes", {{"severity", text("HIGH")}, {"score", number("75")}}}});
  publish("2", {{"MessageAttributes",
                 {{"severity", text("MEDIUM")},
                  {"score", number("10")},
                  {"tags", {{"DataType", "String.Array"}, {"StringValue", R"(["a","b"])"}}}}}});
  publish(R"({"kind":{"of":"x"},"id":3})");
  for (const auto& c : cases) {
    std::string got;
    for (const auto& message : receive(c.queue)) {
      const auto body = string_at(message, "Body");
      got += body.size() == 1 ? std::string(body) : "3";
    }
    EXPECT_EQ(got, c.expected) << c.queue;
  }
}

TEST_F(TopicsTest, ABatchIsCheckedAsAWholeAndPublishedOneByOne) {
  create_topic();
  create_queue("q");
  subscribe("sqs", queue_arn("q"), {{"RawMessageDelivery", "true"}});
  const auto error = [&](json::array entries) {
    return error_of("PublishBatch", {{"TopicArn", topic_arn()}, {"PublishBatchRequestEntries", std::move(entries)}});
  };
  json::array eleven, long_ones;
  for (int i = 0; i < 11; ++i) eleven.push_back({{"Id", std::to_string(i)}, {"Message", "x"}});
  for (int i = 0; i < 10; ++i) long_ones.push_back({{"Id", std::to_string(i)}, {"Message", std::string(26'215, 'x')}});
  EXPECT_EQ(error({}), "EmptyBatchRequestException");
  EXPECT_EQ(error(eleven), "TooManyEntriesInBatchRequestException");
  EXPECT_EQ(error({{{"Id", "a"}, {"Message", "x"}}, {{"Id", "a"}, {"Message", "x"}}}),
            "BatchEntryIdsNotDistinctException");
  EXPECT_EQ(error({{{"Id", "a b"}, {"Message", "x"}}}), "InvalidBatchEntryIdException");
  EXPECT_EQ(error(long_ones), "BatchRequestTooLongException");
  const auto done =
      *sns("PublishBatch",
           {{"TopicArn", topic_arn()},
            {"PublishBatchRequestEntries", {{{"Id", "a"}, {"Message", "x"}}, {{"Id", "b"}, {"Message", ""}}}}});
  EXPECT_EQ(done.at("Successful").get_array().size(), 1u);
  EXPECT_EQ(string_at(done.at("Failed").at(0).get_object(), "Code"), "InvalidParameter");
  EXPECT_EQ(receive("q").size(), 1u);
}

TEST_F(TopicsTest, FifoTopicsKeepOrderAndTakeAMessageOnce) {
  create_topic("f.fifo", {{"FifoTopic", "true"}});
  create_queue("q.fifo", {{"FifoQueue", "true"}});
  subscribe("sqs", queue_arn("q.fifo"), {}, "f.fifo");
  EXPECT_EQ(error_of("Publish", {{"TopicArn", topic_arn("f.fifo")}, {"Message", "x"}}), "InvalidParameterException");
  EXPECT_EQ(error_of("Publish", {{"TopicArn", topic_arn("f.fifo")}, {"Message", "x"}, {"MessageGroupId", "g"}}),
            "InvalidParameterException");
  const json::object once{{"MessageGroupId", "g"}, {"MessageDeduplicationId", "d"}};
  const auto first = publish("x", once, "f.fifo");
  EXPECT_EQ(to_json(publish("x", once, "f.fifo")), to_json(first));
  EXPECT_EQ(string_at(first, "SequenceNumber").size(), 20u);
  publish("y", {{"MessageGroupId", "g"}, {"MessageDeduplicationId", "e"}}, "f.fifo");
  const auto got = receive("q.fifo");
  ASSERT_EQ(got.size(), 2u);
  const auto envelope = *parse_json_object(string_at(got[0], "Body"));
  EXPECT_EQ(string_at(envelope, "Message"), "x");
  EXPECT_EQ(string_at(envelope, "SequenceNumber"), string_at(first, "SequenceNumber"));
  EXPECT_EQ(string_at(got[0], "Attributes.MessageGroupId"), "g");
  store.clock.advance(5min);
  EXPECT_NE(to_json(publish("x", once, "f.fifo")), to_json(first));
}

TEST_F(TopicsTest, AFunctionGetsItsEventAndIsTriedAgainWhenBusy) {
  create_topic();
  create_queue("dead");
  const std::string function_arn = "arn:aws:lambda:us-east-1:000000000000:function:f";
  const std::string redrive = to_json(json::object{{"deadLetterTargetArn", queue_arn("dead")}});
  subscribe("lambda", function_arn, {{"RedrivePolicy", redrive}});
  publish("x", {{"Subject", "s"}});
  ASSERT_EQ(function.calls.size(), 1u);
  const auto event = *parse_json_object(function.calls[0].body);
  const auto& record = event.at("Records").at(0).get_object();
  EXPECT_EQ(string_at(record, "EventSource"), "aws:sns");
  EXPECT_EQ(string_at(record, "Sns.Message"), "x");
  EXPECT_EQ(string_at(record, "Sns.Subject"), "s");

  function.failing = Error{ErrorCode::throttled, "busy"};
  publish("again");
  function.failing.reset();
  store.clock.advance(2s);
  run();
  ASSERT_EQ(function.calls.size(), 3u);
  EXPECT_EQ(function.calls[1].key, function.calls[2].key);
  EXPECT_EQ(function.calls[1].body, function.calls[2].body);

  function.failing = Error{ErrorCode::not_found, "no such function"};
  publish("lost?");
  const auto dead = receive("dead").at(0);
  EXPECT_THAT(std::string(string_at(dead, "Body")), testing::HasSubstr("lost?"));
  EXPECT_EQ(string_at(dead, "MessageAttributes.ERROR_MESSAGE.StringValue"), "no such function");
}

TEST_F(TopicsTest, ASubscriberThatIsGoneHarmsNoOther) {
  create_topic();
  create_queue("gone");
  create_queue("q");
  create_queue("dead");
  subscribe("sqs", queue_arn("gone"),
            {{"RedrivePolicy", to_json(json::object{{"deadLetterTargetArn", queue_arn("dead")}})}});
  subscribe("sqs", queue_arn("q"));
  ASSERT_TRUE(call("sqs", "DeleteQueue", {{"QueueUrl", "/000000000000/gone"}}));
  publish("x");
  EXPECT_EQ(receive("q").size(), 1u);
  EXPECT_EQ(receive("dead").size(), 1u);
}

TEST_F(TopicsTest, OtherRoomsPublishByArn) {
  create_topic();
  create_queue("q");
  subscribe("sqs", queue_arn("q"));
  const auto deliver = [&](service::Message message, std::string_view name = "alerts") {
    return store.write(
        [&](store::Transaction& transaction) { return destinations->deliver(transaction, topic_arn(name), message); });
  };
  ASSERT_TRUE(deliver({.body = "hello", .attributes = {{"a", text("1")}}, .subject = "Title"}));
  const auto envelope = *parse_json_object(string_at(receive("q").at(0), "Body"));
  EXPECT_EQ(string_at(envelope, "Subject"), "Title");
  EXPECT_EQ(string_at(envelope, "MessageAttributes.a.Value"), "1");
  EXPECT_EQ(deliver({.body = "x", .subject = "grüße"}).error().code, ErrorCode::validation);
  EXPECT_EQ(deliver({.body = "x"}, "none").error().code, ErrorCode::not_found);
}

}  // namespace
}  // namespace tocsin::notification
