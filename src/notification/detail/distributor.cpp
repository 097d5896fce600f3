#include "notification/detail/distributor.h"

#include <algorithm>

#include <fmt/format.h>

#include "notification/detail/arguments.h"

namespace tocsin::notification {
namespace {

// SNS tries customers' endpoints 50 times over 6 hours. Source: Amazon SNS Developer Guide, "Message delivery retries".
constexpr store::RetryPolicy web_retry{.attempts_max = 50, .age_max = std::chrono::hours{6}};
// Nobody else keeps what Slack was to be told, so it is tried for a day.
constexpr store::RetryPolicy slack_retry{.attempts_max = 185, .age_max = std::chrono::hours{24}};
constexpr int slack_pace_ms = 1000;
constexpr std::size_t queue_attributes_max = 10;
constexpr std::int64_t retries_max = 100;

bool is_web(const Subscription& subscription) {
  return subscription.protocol == "http" || subscription.protocol == "https";
}

bool is_raw(const Subscription& subscription) {
  return string_at(subscription.attributes, "RawMessageDelivery") == "true";
}

json::object policy_in(const json::object& attributes, std::string_view name) {
  return parse_json_object(string_at(attributes, name)).value_or(json::object{});
}

std::string dead_letter_queue_of(const Subscription& subscription) {
  return std::string(string_at(policy_in(subscription.attributes, "RedrivePolicy"), "deadLetterTargetArn"));
}

// What the subscription or else its topic says on the number of retries.
store::RetryPolicy retry_of(const Topic& topic, const Subscription& subscription) {
  store::RetryPolicy retry = is_slack(subscription) ? slack_retry : web_retry;
  const auto topics =
      integer_at(policy_in(topic.attributes, "DeliveryPolicy"), "http.defaultHealthyRetryPolicy.numRetries", -1);
  const auto own =
      integer_at(policy_in(subscription.attributes, "DeliveryPolicy"), "healthyRetryPolicy.numRetries", topics);
  if (own >= 0) retry.attempts_max = static_cast<int>(std::min(own, retries_max));
  return retry;
}

std::string delivery_key(const Publication& publication, const Subscription& subscription) {
  return publication.message_id + "/" + subscription.id;
}

json::object sns_headers(std::string_view type, std::string_view message_id, const Subscription& subscription) {
  return {{"Content-Type", "text/plain; charset=UTF-8"},
          {"x-amz-sns-message-type", type},
          {"x-amz-sns-message-id", message_id},
          {"x-amz-sns-topic-arn", subscription.topic_arn}};
}

// How soon people must see a message.
store::Lane lane_of(std::string_view severity) {
  if (severity == "CRITICAL") return store::Lane::alert;
  const bool is_low = severity == "MEDIUM" || severity == "LOW" || severity == "INFORMATIONAL";
  return is_low ? store::Lane::bulk : store::Lane::notice;
}

json::object failure_attributes(const Error& error) {
  const auto text = [](std::string_view value) { return json::object{{"DataType", "String"}, {"StringValue", value}}; };
  return {{"ERROR_CODE", text(error.aws_code.empty() ? "DeliveryFailed" : error.aws_code)},
          {"ERROR_MESSAGE", text(error.message.empty() ? "delivery failed" : error.message)}};
}

bool is_final(const Error& error) {
  return error.code == ErrorCode::validation || error.code == ErrorCode::not_found || error.code == ErrorCode::denied;
}

// The form in which a queue or function gets it, made into an outbox row, so that both ways out read the same.
store::Due inside_delivery(const Subscription& subscription, const Publication& publication) {
  store::Due due;
  due.kind = "topic-delivery";
  due.destination = subscription.endpoint;
  due.key = delivery_key(publication, subscription);
  due.dead_letter = dead_letter_queue_of(subscription);
  json::object context{{"subscription", subscription.id}};
  if (!publication.group_id.empty()) context.emplace("group_id", publication.group_id);
  if (!publication.deduplication_id.empty()) context.emplace("deduplication_id", publication.deduplication_id);
  if (subscription.protocol == "lambda") {
    due.payload = function_event(publication, subscription);
  } else if (is_raw(subscription)) {
    due.payload = text_for(publication, subscription.protocol);
    context.emplace("attributes", publication.attributes);
  } else {
    due.payload = notification_envelope(publication, subscription);
  }
  due.context = to_json(context);
  return due;
}

}  // namespace

bool is_slack(const Subscription& subscription) {
  if (!is_web(subscription)) return false;
  const auto format = string_at(subscription.attributes, "DeliveryFormat");
  return format.empty() ? is_slack_url(subscription.endpoint) : format == "slack";
}

void Distributor::hand_out(store::Transaction& transaction, const Topic& topic, const Publication& publication) {
  for (auto& subscription : confirmed_subscriptions(transaction, topic, identity_))
    if (filters_.lets_pass(subscription, publication))
      hand_to(transaction, topic, linked(std::move(subscription)), publication);
}

Subscription Distributor::linked(Subscription subscription) const {
  if (!url_.empty() && (url_always_ || subscription.reached_at.empty())) subscription.reached_at = url_;
  return subscription;
}

void Distributor::hand_to(store::Transaction& transaction, const Topic& topic, const Subscription& subscription,
                          const Publication& publication) {
  if (is_web(subscription))
    post_outside(transaction, topic, subscription, publication);
  else
    hand_inside(transaction, subscription, publication);
}

void Distributor::hand_inside(store::Transaction& transaction, const Subscription& subscription,
                              const Publication& publication) {
  const store::Due due = inside_delivery(subscription, publication);
  if (subscription.protocol == "sqs" && is_raw(subscription) && publication.attributes.size() > queue_attributes_max) {
    const Error error{ErrorCode::validation, "a queue's message has at most 10 attributes", "InvalidParameterValue"};
    return dead_letter(transaction, due, error);
  }
  const auto handed = transaction.attempt([&] { return try_again(transaction, due); });
  if (handed) return;
  if (is_final(handed.error())) return dead_letter(transaction, due, handed.error());
  store::Outbox::add(transaction, due);
}

Result<void> Distributor::try_again(store::Transaction& transaction, const store::Due& due) {
  auto context = parse_json_object(due.context);
  if (!context) return pass_on(context);
  service::Message message{.body = due.payload};
  if (const auto* attributes = find(*context, "attributes"); attributes && attributes->is_object())
    message.attributes = attributes->get_object();
  message.group_id = string_at(*context, "group_id");
  message.deduplication_id = string_at(*context, "deduplication_id");
  message.idempotency_key = due.key;
  return destinations_.deliver(transaction, due.destination, message);
}

void Distributor::post_outside(store::Transaction& transaction, const Topic& topic, const Subscription& subscription,
                               const Publication& publication) {
  store::Delivery delivery{.kind = "webhook", .destination = subscription.endpoint, .payload = ""};
  delivery.key = delivery_key(publication, subscription);
  delivery.dead_letter = dead_letter_queue_of(subscription);
  delivery.retry = retry_of(topic, subscription);
  json::object context{{"subscription", subscription.id}, {"reference", subscription.arn}};
  delivery.lane = lane_of(severity_of(publication, subscription.protocol));
  if (is_slack(subscription)) {
    delivery.payload = slack_body(publication, subscription.protocol);
    delivery.summary = slack_summary(publication, subscription.protocol, topic.name);
    context.emplace("headers", json::object{{"Content-Type", "application/json"}});
    context.emplace("pace_ms", slack_pace_ms);
  } else {
    auto headers = sns_headers("Notification", publication.message_id, subscription);
    headers.emplace("x-amz-sns-subscription-arn", subscription.arn);
    if (is_raw(subscription)) {
      headers.emplace("x-amz-sns-rawdelivery", "true");
      delivery.payload = text_for(publication, subscription.protocol);
    } else {
      delivery.payload = notification_envelope(publication, subscription);
    }
    const auto policy = policy_in(subscription.attributes, "DeliveryPolicy");
    const auto type = string_at(policy, "requestPolicy.headerContentType");
    if (!type.empty()) headers.insert_or_assign("Content-Type", type);
    context.emplace("headers", std::move(headers));
  }
  delivery.context = to_json(context);
  store::Outbox::add(transaction, delivery);
}

void Distributor::ask_to_confirm(store::Transaction& transaction, const Subscription& subscription) {
  const std::string message_id = make_uuid(transaction.random());
  const json::object context{{"headers", sns_headers("SubscriptionConfirmation", message_id, subscription)},
                             {"subscription", subscription.id},
                             {"reference", subscription.arn}};
  store::Outbox::add(transaction,
                     {.kind = "webhook",
                      .destination = subscription.endpoint,
                      .payload = confirmation_envelope(linked(subscription), message_id, transaction.now()),
                      .context = to_json(context),
                      .key = message_id + "/" + subscription.id,
                      .retry = web_retry});
}

void Distributor::dead_letter(store::Transaction& transaction, const store::Due& due, const Error& error) {
  const auto context = parse_json_object(due.context);
  const auto subscription =
      context ? find_subscription_by_id(transaction, string_at(*context, "subscription"), identity_) : std::nullopt;
  if (subscription) count_failure(transaction, *subscription, error.message);
  if (due.dead_letter.empty()) return;
  service::Message message{.body = due.payload, .attributes = failure_attributes(error), .idempotency_key = due.key};
  if (context) message.group_id = string_at(*context, "group_id");
  const auto buried = transaction.attempt([&] { return destinations_.deliver(transaction, due.dead_letter, message); });
  if (!buried && subscription)
    count_failure(transaction, *subscription,
                  fmt::format("{}; and its dead-letter queue: {}", error.message, buried.error().message));
}

}  // namespace tocsin::notification
