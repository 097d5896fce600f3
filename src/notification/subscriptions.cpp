// Who gets what is published: subscriptions are made, confirmed, changed, listed and ended.
#include <fmt/format.h>

#include "notification/detail/arguments.h"
#include "notification/detail/distributor.h"
#include "notification/detail/topic_table.h"
#include "notification/notification.h"
#include "store/outbox.h"

namespace tocsin::notification {
namespace {

constexpr std::int64_t subscriptions_max = 1000;  // of one topic: they are all served in one transaction
constexpr std::chrono::hours confirmation_time{48};
constexpr std::string_view pending_confirmation = "pending confirmation";

std::string expiry_key(const Subscription& subscription) {
  return "subscription-expiry:" + subscription.id;
}

std::string text_of(const json::value& value) {
  if (const auto* text = value.if_string()) return std::string(*text);
  return to_json(value);
}

Result<json::object> checked_attributes(const json::object& input, std::string_view protocol) {
  json::object attributes;
  const auto* wanted = input.if_contains("Attributes");
  if (!wanted || !wanted->is_object()) return attributes;
  for (const auto& [name, value] : wanted->get_object()) {
    std::string text = text_of(value);
    if (auto checked = check_subscription_attribute(name, text, protocol); !checked) return pass_on(checked);
    if (!text.empty()) attributes.emplace(name, std::move(text));
  }
  if (auto checked = check_filter_policy(attributes); !checked) return pass_on(checked);
  return attributes;
}

bool needs_confirmation(const Subscription& subscription) {
  return (subscription.protocol == "http" || subscription.protocol == "https") && !is_slack(subscription);
}

bool differs(const json::object& wanted, const json::object& there) {
  for (const auto& [name, value] : wanted)
    if (string_at(there, std::string_view(name)) != value.as_string()) return true;
  return false;
}

// False for somebody who opened a link.
bool is_signed(const service::Call& call) {
  return !call.caller.arn.empty();
}

json::object answer_of(const Subscription& subscription, const json::object& input) {
  if (subscription.confirmed || bool_at(input, "ReturnSubscriptionArn")) return {{"SubscriptionArn", subscription.arn}};
  return {{"SubscriptionArn", pending_confirmation}};
}

json::object show(const Subscription& subscription, const Identity& identity) {
  return {{"SubscriptionArn", subscription.confirmed ? subscription.arn : "PendingConfirmation"},
          {"Owner", identity.account},
          {"Protocol", subscription.protocol},
          {"Endpoint", subscription.endpoint},
          {"TopicArn", subscription.topic_arn}};
}

json::object show_page(const Page<Subscription>& page, const Identity& identity) {
  json::array list;
  for (const auto& subscription : page.items) list.push_back(show(subscription, identity));
  json::object answer{{"Subscriptions", std::move(list)}};
  if (page.next) answer.emplace("NextToken", *page.next);
  return answer;
}

// A token of 64 hexadecimal digits.
std::string make_token(Random& random) {
  return make_text(random, 64, "0123456789abcdef");
}

Result<void> check_fit(const Topic& topic, const Subscription& subscription) {
  if (topic.is_fifo() && subscription.protocol != "sqs")
    return invalid("Invalid protocol type: a FIFO topic delivers to queues only");
  if (!topic.is_fifo() && subscription.protocol == "sqs" && subscription.endpoint.ends_with(".fifo"))
    return invalid("Endpoint Reason: Please use FIFO SNS topic for a FIFO queue");
  return {};
}

}  // namespace

service::Answer Topics::subscribe(store::Transaction& transaction, const service::Call& call) {
  auto topic = find_topic(transaction, string_at(call.input, "TopicArn"), identity_);
  if (!topic) return pass_on(topic);
  Subscription wanted;
  wanted.protocol = string_at(call.input, "Protocol");
  wanted.endpoint = string_at(call.input, "Endpoint");
  if (auto checked = check_endpoint(wanted.protocol, wanted.endpoint); !checked) return pass_on(checked);
  auto attributes = checked_attributes(call.input, wanted.protocol);
  if (!attributes) return pass_on(attributes);
  if (auto fits = check_fit(*topic, wanted); !fits) return pass_on(fits);

  if (const auto there =
          find_subscription_by_endpoint(transaction, *topic, wanted.protocol, wanted.endpoint, identity_)) {
    if (differs(*attributes, there->attributes))
      return invalid("Attributes Reason: Subscription already exists with different attributes");
    if (!there->confirmed) distributor_->ask_to_confirm(transaction, *there);
    return answer_of(*there, call.input);
  }
  const auto counts = count_subscriptions(transaction, *topic);
  if (counts.confirmed + counts.pending >= subscriptions_max)
    return fail(ErrorCode::denied, fmt::format("A topic has at most {} subscriptions here", subscriptions_max),
                "SubscriptionLimitExceededException");
  wanted.id = make_uuid(transaction.random());
  wanted.topic_arn = topic->arn;
  wanted.arn = topic->arn + ":" + wanted.id;
  wanted.attributes = std::move(*attributes);
  wanted.reached_at = call.endpoint;
  wanted.created = transaction.now();
  wanted.confirmed = !needs_confirmation(wanted);
  wanted.authenticated = wanted.confirmed;
  if (!wanted.confirmed) wanted.token = make_token(transaction.random());
  insert_subscription(transaction, wanted);
  if (!wanted.confirmed) {
    distributor_->ask_to_confirm(transaction, wanted);
    store::Outbox::add(transaction, {.kind = "subscription-expiry",
                                     .destination = wanted.id,
                                     .payload = "",
                                     .key = expiry_key(wanted),
                                     .lane = store::Lane::bulk,
                                     .due = transaction.now() + confirmation_time});
  }
  return answer_of(wanted, call.input);
}

service::Answer Topics::confirm_subscription(store::Transaction& transaction, const service::Call& call) {
  auto topic = find_topic(transaction, string_at(call.input, "TopicArn"), identity_);
  if (!topic) return pass_on(topic);
  auto subscription = find_subscription_by_token(transaction, *topic, string_at(call.input, "Token"), identity_);
  if (!subscription) return invalid("Token");
  if (!subscription->confirmed) {
    subscription->confirmed = true;
    // Who only follows the link cannot bind the subscription to an account.
    subscription->authenticated = is_signed(call) && string_at(call.input, "AuthenticateOnUnsubscribe") == "true";
    update_subscription(transaction, *subscription);
    store::Outbox::cancel(transaction, expiry_key(*subscription));
  }
  return json::object{{"SubscriptionArn", subscription->arn}};
}

service::Answer Topics::unsubscribe(store::Transaction& transaction, const service::Call& call) {
  auto subscription = find_subscription(transaction, string_at(call.input, "SubscriptionArn"), identity_);
  if (subscription) {
    if (subscription->authenticated && !is_signed(call))
      return fail(ErrorCode::denied, "This subscription can be ended by its owner only, with a signed request",
                  "AuthorizationErrorException");
    store::Outbox::cancel(transaction, expiry_key(*subscription));
    erase_subscription(transaction, subscription->id);
  } else if (subscription.error().code != ErrorCode::not_found) {
    return pass_on(subscription);
  }
  return json::object{};
}

service::Answer Topics::set_subscription_attributes(store::Transaction& transaction, const service::Call& call) {
  auto subscription = find_subscription(transaction, string_at(call.input, "SubscriptionArn"), identity_);
  if (!subscription) return pass_on(subscription);
  const auto name = string_at(call.input, "AttributeName");
  const auto value = string_at(call.input, "AttributeValue");
  // An endpoint that has not confirmed cannot be declared to be one that need not.
  if (name == "DeliveryFormat" && !subscription->confirmed) return invalid("Subscription is pending confirmation");
  if (!(value.empty() && name == "FilterPolicyScope"))
    if (auto checked = check_subscription_attribute(name, value, subscription->protocol); !checked)
      return pass_on(checked);
  if (value.empty())
    subscription->attributes.erase(name);
  else
    subscription->attributes.insert_or_assign(name, value);
  if (auto checked = check_filter_policy(subscription->attributes); !checked) return pass_on(checked);
  update_subscription(transaction, *subscription);
  return json::object{};
}

service::Answer Topics::get_subscription_attributes(store::Reader& reader, const service::Call& call) const {
  auto subscription = find_subscription(reader, string_at(call.input, "SubscriptionArn"), identity_);
  if (!subscription) return pass_on(subscription);
  json::object shown{
      {"SubscriptionArn", subscription->arn},
      {"TopicArn", subscription->topic_arn},
      {"Owner", identity_.account},
      {"Protocol", subscription->protocol},
      {"Endpoint", subscription->endpoint},
      {"RawMessageDelivery", "false"},
      {"PendingConfirmation", subscription->confirmed ? "false" : "true"},
      {"ConfirmationWasAuthenticated", subscription->authenticated ? "true" : "false"},
      {"SubscriptionPrincipal", identity_.partition == "aws" ? "arn:aws:iam::" + identity_.account + ":root" : ""}};
  for (const auto& [name, value] : subscription->attributes) shown.insert_or_assign(name, value);
  if (shown.contains("FilterPolicy") && !shown.contains("FilterPolicyScope"))
    shown.emplace("FilterPolicyScope", "MessageAttributes");
  return json::object{{"Attributes", std::move(shown)}};
}

service::Answer Topics::list_subscriptions(store::Reader& reader, const service::Call& call) const {
  auto page = notification::list_subscriptions(reader, {}, string_at(call.input, "NextToken"), identity_);
  if (!page) return pass_on(page);
  return show_page(*page, identity_);
}

service::Answer Topics::list_subscriptions_by_topic(store::Reader& reader, const service::Call& call) const {
  auto topic = find_topic(reader, string_at(call.input, "TopicArn"), identity_);
  if (!topic) return pass_on(topic);
  auto page = notification::list_subscriptions(reader, topic->name, string_at(call.input, "NextToken"), identity_);
  if (!page) return pass_on(page);
  return show_page(*page, identity_);
}

}  // namespace tocsin::notification
