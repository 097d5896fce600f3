#include "notification/notification_test.h"

namespace tocsin::notification {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view slack_url = "https://hooks.slack.com/services/T000/B000/verysecret";

json::object context_of(const store::Due& due) {
  return parse_json_object(due.context).value_or(json::object{});
}

TEST_F(TopicsTest, AWebEndpointIsAskedAndGetsNothingUntilItConfirms) {
  create_topic();
  const auto answer =
      sns("Subscribe", {{"TopicArn", topic_arn()}, {"Protocol", "https"}, {"Endpoint", "https://soc.example.org/sns"}});
  EXPECT_EQ(string_at(*answer, "SubscriptionArn"), "pending confirmation");
  publish("too early");
  run();
  ASSERT_EQ(posted.size(), 1u);
  EXPECT_EQ(posted[0].destination, "https://soc.example.org/sns");
  EXPECT_EQ(string_at(context_of(posted[0]), "headers.x-amz-sns-message-type"), "SubscriptionConfirmation");
  const auto envelope = *parse_json_object(posted[0].payload);
  EXPECT_EQ(string_at(envelope, "Type"), "SubscriptionConfirmation");
  const std::string token{string_at(envelope, "Token")};
  EXPECT_EQ(token.size(), 64u);
  EXPECT_THAT(std::string(string_at(envelope, "SubscribeURL")),
              testing::HasSubstr("Action=ConfirmSubscription&TopicArn=" + topic_arn() + "&Token=" + token));
  const auto listed = sns("ListSubscriptions", {})->at("Subscriptions").at(0).get_object();
  EXPECT_EQ(string_at(listed, "SubscriptionArn"), "PendingConfirmation");

  EXPECT_EQ(error_of("ConfirmSubscription", {{"TopicArn", topic_arn()}, {"Token", "wrong"}}),
            "InvalidParameterException");
  EXPECT_EQ(error_of("ConfirmSubscription", {{"TopicArn", topic_arn()}, {"Token", ""}}), "InvalidParameterException");
  const auto confirmed = *sns("ConfirmSubscription", {{"TopicArn", topic_arn()}, {"Token", token}});
  const auto again = *sns("ConfirmSubscription", {{"TopicArn", topic_arn()}, {"Token", token}});
  EXPECT_EQ(string_at(confirmed, "SubscriptionArn"), string_at(again, "SubscriptionArn"));
  const auto published = publish("now", {{"Subject", "s"}});
  run();
  ASSERT_EQ(posted.size(), 2u);
  const auto headers = context_of(posted[1]).at("headers").get_object();
  EXPECT_EQ(string_at(headers, "x-amz-sns-message-type"), "Notification");
  EXPECT_EQ(string_at(headers, "x-amz-sns-message-id"), string_at(published, "MessageId"));
  EXPECT_EQ(string_at(headers, "x-amz-sns-topic-arn"), topic_arn());
  EXPECT_EQ(string_at(headers, "x-amz-sns-subscription-arn"), string_at(confirmed, "SubscriptionArn"));
  EXPECT_EQ(string_at(*parse_json_object(posted[1].payload), "Message"), "now");
  EXPECT_THAT(posted[1].key, testing::StartsWith(std::string(string_at(published, "MessageId"))));
}

TEST_F(TopicsTest, LinksInMessagesLeadToThisServerWhoeverSubscribed) {
  topics->set_url("http://tocsin.example.org:4747", false);
  create_topic();
  create_queue("q");
  const auto* subscribe_inside = directory.find("sns", "Subscribe");
  const json::object input{{"TopicArn", topic_arn()}, {"Protocol", "sqs"}, {"Endpoint", queue_arn("q")}};
  // From a stack: no request of the wire, so no Host.
  const service::Call inside{.caller = caller, .input = input, .request_id = "stack", .endpoint = ""};
  ASSERT_TRUE(store.write([&](store::Transaction& t) { return service::run_within(*subscribe_inside, t, inside); }));
  const auto unsubscribe_url = [&] {
    publish("m");
    const auto messages = receive("q");
    EXPECT_EQ(messages.size(), 1u);
    return messages.empty()
               ? std::string()
               : std::string(string_at(*parse_json_object(string_at(messages[0], "Body")), "UnsubscribeURL"));
  };
  EXPECT_THAT(unsubscribe_url(), testing::StartsWith("http://tocsin.example.org:4747/?Action=Unsubscribe&"));
  // A public URL of the configuration goes before what the subscriber used.
  topics->set_url("https://alarms.example.org", true);
  EXPECT_THAT(unsubscribe_url(), testing::StartsWith("https://alarms.example.org/?Action=Unsubscribe&"));
  subscribe("https", "https://soc.example.org/sns");
  run();
  ASSERT_EQ(posted.size(), 1u);
  EXPECT_THAT(std::string(string_at(*parse_json_object(posted[0].payload), "SubscribeURL")),
              testing::StartsWith("https://alarms.example.org/?Action=ConfirmSubscription&"));
}

TEST_F(TopicsTest, WhoFollowsALinkNeedsNoSignatureUnlessTheSubscriptionSaysSo) {
  create_topic();
  create_queue("q");
  const service::Caller somebody{.account = "000000000000", .arn = {}, .user_id = {}};
  const auto follow = [&](std::string_view operation, const json::object& input) -> std::string {
    const auto* found = directory.find("sns", operation);
    EXPECT_TRUE(found->unsigned_allowed);
    const service::Call link{.caller = somebody, .input = input, .request_id = "r", .endpoint = ""};
    const auto answer = store.write([&](store::Transaction& t) { return service::run_within(*found, t, link); });
    return answer ? "" : answer.error().aws_code;
  };
  const auto web = [&](std::string_view endpoint) {
    const auto arn = subscribe("https", endpoint);
    run();
    return std::pair{arn, std::string(string_at(*parse_json_object(posted.back().payload), "Token"))};
  };
  const auto [open, open_token] = web("https://soc.example.org/open");
  EXPECT_EQ(follow("ConfirmSubscription", {{"TopicArn", topic_arn()}, {"Token", "guessed"}}),
            "InvalidParameterException");
  EXPECT_EQ(follow("ConfirmSubscription",
                   {{"TopicArn", topic_arn()}, {"Token", open_token}, {"AuthenticateOnUnsubscribe", "true"}}),
            "");
  EXPECT_EQ(follow("Unsubscribe", {{"SubscriptionArn", open}}), "");
  EXPECT_EQ(error_of("GetSubscriptionAttributes", {{"SubscriptionArn", open}}), "NotFoundException");

  const auto [bound, bound_token] = web("https://soc.example.org/bound");
  ASSERT_TRUE(sns("ConfirmSubscription",
                  {{"TopicArn", topic_arn()}, {"Token", bound_token}, {"AuthenticateOnUnsubscribe", "true"}}));
  const auto queue = subscribe("sqs", queue_arn("q"));
  for (const auto& arn : {bound, queue}) {
    EXPECT_EQ(follow("Unsubscribe", {{"SubscriptionArn", arn}}), "AuthorizationErrorException");
    EXPECT_EQ(error_of("Unsubscribe", {{"SubscriptionArn", arn}}), "");
  }
}

TEST_F(TopicsTest, WhatIsNeverConfirmedGoesAway) {
  create_topic();
  subscribe("https", "https://soc.example.org/never");
  const auto kept = subscribe("https", "https://soc.example.org/kept");
  run();
  const auto token = [&](std::string_view endpoint) {
    for (const auto& due : posted)
      if (due.destination == endpoint) return std::string(string_at(*parse_json_object(due.payload), "Token"));
    return std::string();
  };
  ASSERT_TRUE(
      sns("ConfirmSubscription", {{"TopicArn", topic_arn()}, {"Token", token("https://soc.example.org/kept")}}));
  store.clock.advance(49h);
  run();
  const auto listed = sns("ListSubscriptions", {})->at("Subscriptions").get_array();
  ASSERT_EQ(listed.size(), 1u);
  EXPECT_EQ(string_at(listed[0].get_object(), "SubscriptionArn"), kept);
}

TEST_F(TopicsTest, RawWebDeliveryIsTheMessageItself) {
  create_topic();
  subscribe("http", "http://127.0.0.1:1/x",
            {{"RawMessageDelivery", "true"},
             {"DeliveryPolicy",
              R"({"requestPolicy":{"headerContentType":"application/json"},"healthyRetryPolicy":{"numRetries":3}})"}});
  run();
  ASSERT_TRUE(sns("ConfirmSubscription", {{"TopicArn", topic_arn()},
                                          {"Token", string_at(*parse_json_object(posted.at(0).payload), "Token")}}));
  publish(R"({"a":1})");
  run();
  EXPECT_EQ(posted.at(1).payload, R"({"a":1})");
  EXPECT_EQ(string_at(context_of(posted[1]), "headers.x-amz-sns-rawdelivery"), "true");
  EXPECT_EQ(string_at(context_of(posted[1]), "headers.Content-Type"), "application/json");
  EXPECT_EQ(posted[1].retry.attempts_max, 3);
}

TEST_F(TopicsTest, SlackGetsItsOwnFormAtOnce) {
  create_topic();
  subscribe("https", slack_url);
  subscribe("http", "http://127.0.0.1:9/hook", {{"DeliveryFormat", "slack"}});
  publish("a <b> & c", {{"Subject", "Incident <1>"}, {"MessageAttributes", {{"severity", text("CRITICAL")}}}});
  run();
  ASSERT_EQ(posted.size(), 2u);
  EXPECT_EQ(posted[0].payload, posted[1].payload);
  const auto body = *parse_json_object(posted[0].payload);
  EXPECT_EQ(string_at(body, "text"), "Incident &lt;1&gt;");
  const auto& attachment = body.at("attachments").at(0).get_object();
  EXPECT_EQ(string_at(attachment, "text"), "a &lt;b&gt; &amp; c");
  EXPECT_EQ(string_at(attachment, "color"), "#8b0000");
  EXPECT_EQ(string_at(context_of(posted[0]), "headers.Content-Type"), "application/json");
  EXPECT_EQ(integer_at(context_of(posted[0]), "pace_ms"), 1000);
}

TEST_F(TopicsTest, SlackShowsDocumentsAsFields) {
  create_topic();
  subscribe("https", slack_url);
  publish(R"({"incident_details":{"severity":"HIGH","title":"T","extra":null},"response_plan":{"priority":"P2",)"
          R"("sla_minutes":60}})");
  publish(std::string(10'000, 'x') + "é");
  run();
  const auto attachment = parse_json_object(posted.at(0).payload)->at("attachments").at(0).get_object();
  EXPECT_EQ(string_at(attachment, "color"), "#d00000");
  std::string fields;
  for (const auto& field : attachment.at("fields").get_array())
    fields += std::string(string_at(field.get_object(), "title")) + "=" +
              std::string(string_at(field.get_object(), "value")) + " ";
  EXPECT_EQ(fields, "severity=HIGH title=T priority=P2 sla_minutes=60 ");
  EXPECT_LT(posted.at(1).payload.size(), 4000u);
}

TEST_F(TopicsTest, WhatTheWebNeverTookGoesToTheDeadLetterQueue) {
  create_topic();
  create_queue("dead");
  subscribe("https", slack_url,
            {{"RedrivePolicy", to_json(json::object{{"deadLetterTargetArn", queue_arn("dead")}})},
             {"DeliveryPolicy", R"({"healthyRetryPolicy":{"numRetries":2}})"}});
  web_answer = fail(ErrorCode::unavailable, "hooks.slack.com answered 503");
  publish("x");
  for (int i = 0; i < 5; ++i) {
    run();
    store.clock.advance(20min);
  }
  EXPECT_EQ(posted.size(), 3u);
  EXPECT_EQ(posted[0].key, posted[2].key);
  const auto dead = receive("dead");
  ASSERT_EQ(dead.size(), 1u);
  EXPECT_EQ(string_at(dead[0], "Body"), posted[0].payload);
  const auto failed = store.read([](store::Reader& reader) -> Result<std::string> {
    auto rows = reader.query("SELECT failed, last_failure FROM subscription");
    rows.next();
    return std::to_string(rows.integer(0)) + " " + rows.string(1);
  });
  EXPECT_EQ(*failed, "1 hooks.slack.com answered 503");
}

TEST_F(TopicsTest, ASecretUrlIsNotInErrors) {
  create_topic();
  const auto refused = sns("Subscribe", {{"TopicArn", topic_arn()}, {"Protocol", "http"}, {"Endpoint", slack_url}});
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, testing::Not(testing::HasSubstr("verysecret")));
}

TEST_F(TopicsTest, WhatIsPublishedInAChangeThatFailsReachesNobody) {
  create_topic();
  create_queue("q");
  subscribe("sqs", queue_arn("q"));
  subscribe("https", slack_url);
  const auto failed = store.write([&](store::Transaction& transaction) -> Result<void> {
    EXPECT_TRUE(topics->deliver(transaction, topic_arn(), {.body = "x"}));
    return fail(ErrorCode::conflict, "no");
  });
  EXPECT_FALSE(failed);
  run();
  EXPECT_TRUE(receive("q").empty());
  EXPECT_TRUE(posted.empty());
}

// How urgent a message is stands in its severity; only what Slack reads can be told in a digest.
TEST_F(TopicsTest, MessagesToTheWebHaveALaneAndSlacksASummary) {
  create_topic();
  subscribe("https", slack_url);
  ASSERT_TRUE(sns("Subscribe",
                  {{"TopicArn", topic_arn()}, {"Protocol", "https"}, {"Endpoint", "https://soc.example.org/sns"}}));
  run();
  const std::string token{string_at(*parse_json_object(posted.at(0).payload), "Token")};
  ASSERT_TRUE(sns("ConfirmSubscription", {{"TopicArn", topic_arn()}, {"Token", token}}));
  posted.clear();
  const std::pair<std::string_view, store::Lane> cases[] = {
      {"CRITICAL", store::Lane::alert}, {"HIGH", store::Lane::notice}, {"LOW", store::Lane::bulk}};
  for (const auto& [severity, lane] : cases) {
    posted.clear();
    publish(to_json(json::object{{"incident_details", {{"id", "finding-1"}, {"severity", severity}}}}),
            {{"Subject", "Security Incident"}});
    run();
    ASSERT_EQ(posted.size(), 2u);
    for (const auto& one : posted) {
      EXPECT_EQ(one.lane, lane) << severity;
      EXPECT_EQ(one.summary.empty(), one.destination != slack_url);
      if (one.summary.empty()) continue;
      const auto summary = *parse_json_object(one.summary);
      EXPECT_EQ(string_at(summary, "severity"), severity);
      EXPECT_EQ(string_at(summary, "id"), "finding-1");
      EXPECT_EQ(string_at(summary, "title"), "Security Incident");
    }
  }
}

}  // namespace
}  // namespace tocsin::notification
