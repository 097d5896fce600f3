// Topics are made, listed, changed and taken away.
#include <fmt/format.h>

#include "notification/detail/arguments.h"
#include "notification/detail/topic_table.h"
#include "notification/notification.h"

namespace tocsin::notification {
namespace {

const json::object& object_in(const json::object& input, std::string_view name) {
  static const json::object none;
  const auto* value = input.if_contains(name);
  const auto* object = value ? value->if_object() : nullptr;
  return object ? *object : none;
}

std::string text_of(const json::value& value) {
  if (const auto* text = value.if_string()) return std::string(*text);
  return to_json(value);
}

// Topics and subscriptions are tagged by ARN; only topics can be.
Result<Topic> tagged_topic(store::Reader& reader, const json::object& input, const Identity& identity) {
  auto topic = find_topic(reader, string_at(input, "ResourceArn"), identity);
  if (topic || topic.error().code != ErrorCode::not_found) return topic;
  return fail(ErrorCode::not_found, "Resource does not exist", "ResourceNotFoundException");
}

// Source: Amazon SNS API Reference, GetTopicAttributes; the figures are those of our own retries.
constexpr std::string_view effective_delivery_policy =
    R"({"http":{"defaultHealthyRetryPolicy":{"minDelayTarget":1,"maxDelayTarget":900,"numRetries":50,)"
    R"("numMaxDelayRetries":0,"numNoDelayRetries":0,"numMinDelayRetries":0,"backoffFunction":"exponential"},)"
    R"("disableSubscriptionOverrides":false}})";

std::string default_policy(const Topic& topic, const Identity& identity) {
  json::array actions;
  for (const auto* action :
       {"SNS:GetTopicAttributes", "SNS:SetTopicAttributes", "SNS:AddPermission", "SNS:RemovePermission",
        "SNS:DeleteTopic", "SNS:Subscribe", "SNS:ListSubscriptionsByTopic", "SNS:Publish"})
    actions.emplace_back(action);
  json::object statement{
      {"Sid", "__default_statement_ID"}, {"Effect", "Allow"},
      {"Principal", {{"AWS", "*"}}},     {"Action", std::move(actions)},
      {"Resource", topic.arn},           {"Condition", {{"StringEquals", {{"AWS:SourceOwner", identity.account}}}}}};
  return to_json(json::object{
      {"Version", "2008-10-17"}, {"Id", "__default_policy_ID"}, {"Statement", json::array{std::move(statement)}}});
}

Result<json::object> checked_attributes(const json::object& wanted) {
  json::object attributes;
  for (const auto& [name, value] : wanted) {
    std::string text = text_of(value);
    if (auto checked = check_topic_attribute(name, text, true); !checked) return pass_on(checked);
    if (!text.empty() && !(name == "FifoTopic" && text == "false")) attributes.emplace(name, std::move(text));
  }
  if (attributes.contains("ContentBasedDeduplication") && string_at(attributes, "FifoTopic") != "true")
    return invalid("Content-based deduplication can only be set for FIFO topics");
  return attributes;
}

}  // namespace

service::Answer Topics::create_topic(store::Transaction& transaction, const service::Call& call) {
  Topic topic;
  topic.name = string_at(call.input, "Name");
  topic.arn = identity_.arn("sns", topic.name);
  topic.created = transaction.now();
  auto attributes = checked_attributes(object_in(call.input, "Attributes"));
  if (!attributes) return pass_on(attributes);
  topic.attributes = std::move(*attributes);
  if (auto named = check_topic_name(topic.name, topic.is_fifo()); !named) return pass_on(named);
  auto tags = read_tags(call.input);
  if (!tags) return pass_on(tags);
  topic.tags = std::move(*tags);

  if (const auto there = find_topic_by_name(transaction, topic.name, identity_)) {
    for (const auto& [name, value] : topic.attributes)
      if (string_at(there->attributes, std::string_view(name)) != value.as_string())
        return invalid("Attributes Reason: Topic already exists with different attributes");
    if (call.input.contains("Tags") && topic.tags != there->tags)
      return invalid("Tags Reason: Topic already exists with different tags");
  } else {
    insert_topic(transaction, topic);
  }
  return json::object{{"TopicArn", topic.arn}};
}

service::Answer Topics::delete_topic(store::Transaction& transaction, const service::Call& call) {
  auto topic = find_topic(transaction, string_at(call.input, "TopicArn"), identity_);
  if (topic) erase_topic(transaction, *topic);
  // Deleting what is not there succeeds, as on AWS; text that is no ARN does not.
  if (!topic && topic.error().code != ErrorCode::not_found) return pass_on(topic);
  return json::object{};
}

service::Answer Topics::set_topic_attributes(store::Transaction& transaction, const service::Call& call) {
  auto topic = find_topic(transaction, string_at(call.input, "TopicArn"), identity_);
  if (!topic) return pass_on(topic);
  const auto name = string_at(call.input, "AttributeName");
  const auto value = string_at(call.input, "AttributeValue");
  if (auto checked = check_topic_attribute(name, value, false); !checked) return pass_on(checked);
  if (name == "ContentBasedDeduplication" && !topic->is_fifo())
    return invalid("Content-based deduplication can only be set for FIFO topics");
  if (value.empty())
    topic->attributes.erase(name);
  else
    topic->attributes.insert_or_assign(name, value);
  update_topic(transaction, *topic);
  return json::object{};
}

service::Answer Topics::get_topic_attributes(store::Reader& reader, const service::Call& call) const {
  auto topic = find_topic(reader, string_at(call.input, "TopicArn"), identity_);
  if (!topic) return pass_on(topic);
  const auto counts = count_subscriptions(reader, *topic);
  json::object shown{{"TopicArn", topic->arn},
                     {"Owner", identity_.account},
                     {"DisplayName", ""},
                     {"Policy", default_policy(*topic, identity_)},
                     {"EffectiveDeliveryPolicy", effective_delivery_policy},
                     {"SubscriptionsConfirmed", std::to_string(counts.confirmed)},
                     {"SubscriptionsPending", std::to_string(counts.pending)},
                     {"SubscriptionsDeleted", "0"}};
  if (topic->is_fifo()) shown.emplace("ContentBasedDeduplication", "false");
  for (const auto& [name, value] : topic->attributes) shown.insert_or_assign(name, value);
  return json::object{{"Attributes", std::move(shown)}};
}

service::Answer Topics::list_topics(store::Reader& reader, const service::Call& call) const {
  auto page = list_topic_arns(reader, string_at(call.input, "NextToken"), identity_);
  if (!page) return pass_on(page);
  json::array topics;
  for (auto& arn : page->items) topics.push_back(json::object{{"TopicArn", std::move(arn)}});
  json::object answer{{"Topics", std::move(topics)}};
  if (page->next) answer.emplace("NextToken", *page->next);
  return answer;
}

service::Answer Topics::tag_resource(store::Transaction& transaction, const service::Call& call) {
  auto topic = tagged_topic(transaction, call.input, identity_);
  if (!topic) return pass_on(topic);
  auto tags = read_tags(call.input);
  if (!tags) return pass_on(tags);
  for (const auto& [key, value] : *tags) topic->tags.insert_or_assign(key, value);
  if (auto fits = read_tags({{"Tags", write_tags(topic->tags)}}); !fits) return pass_on(fits);
  update_topic(transaction, *topic);
  return json::object{};
}

service::Answer Topics::untag_resource(store::Transaction& transaction, const service::Call& call) {
  auto topic = tagged_topic(transaction, call.input, identity_);
  if (!topic) return pass_on(topic);
  const auto* keys = call.input.if_contains("TagKeys");
  if (keys && keys->is_array())
    for (const auto& key : keys->get_array())
      if (key.is_string()) topic->tags.erase(key.get_string());
  update_topic(transaction, *topic);
  return json::object{};
}

service::Answer Topics::list_tags_for_resource(store::Reader& reader, const service::Call& call) const {
  auto topic = tagged_topic(reader, call.input, identity_);
  if (!topic) return pass_on(topic);
  return json::object{{"Tags", write_tags(topic->tags)}};
}

}  // namespace tocsin::notification
