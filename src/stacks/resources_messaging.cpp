// Topics, their subscriptions, and queues.
#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "stacks/resource_parts.h"

namespace tocsin::stacks {
namespace {

const std::initializer_list<std::string_view> topic_attributes = {
    "DisplayName",      "FifoTopic",    "ContentBasedDeduplication", "KmsMasterKeyId", "DeliveryPolicy",
    "SignatureVersion", "TracingConfig"};

// Ways of delivery that a template may have for AWS, and that there are none of here.
bool is_undelivered(std::string_view protocol) {
  return protocol == "email" || protocol == "email-json" || protocol == "sms" || protocol == "application" ||
         protocol == "firehose";
}

Result<void> subscribe(Resource& r, const json::object& subscription) {
  if (const auto protocol = string_at(subscription, "Protocol"); is_undelivered(protocol)) {
    r.physical_id = fmt::format("{}:{}", string_at(subscription, "TopicArn"), r.default_name);
    r.attributes["Arn"] = r.physical_id;
    r.notes.push_back(
        fmt::format("a subscription by {} is recorded only: Tocsin does not deliver by {} yet", protocol, protocol));
    return {};
  }
  json::object input = pick(subscription, {"TopicArn", "Protocol", "Endpoint"});
  input["Attributes"] = attributes_of(
      subscription, {"FilterPolicy", "FilterPolicyScope", "RawMessageDelivery", "RedrivePolicy", "DeliveryPolicy"});
  input["ReturnSubscriptionArn"] = true;
  auto answer = r.call("sns", "Subscribe", input);
  if (!answer) return pass_on(answer);
  r.physical_id = string_at(*answer, "SubscriptionArn");
  r.attributes["Arn"] = r.physical_id;
  return {};
}

// Those that stand in the topic itself. They have no ids of their own, so they go with the topic only.
Result<void> subscribe_inline(Resource& r, const std::string& arn) {
  const auto* list = find(r.properties, "Subscription");
  if (!list || !list->is_array()) return {};
  for (const auto& item : list->get_array()) {
    json::object subscription = item.is_object() ? item.get_object() : json::object{};
    subscription["TopicArn"] = arn;
    if (auto subscribed = subscribe(r, subscription); !subscribed) return subscribed;
  }
  return {};
}

Result<void> create_topic(Resource& r) {
  const std::string name = name_of(r, "TopicName");
  auto answer =
      r.call("sns", "CreateTopic", {{"Name", name}, {"Attributes", attributes_of(r.properties, topic_attributes)}});
  if (!answer) return pass_on(answer);
  const std::string arn{string_at(*answer, "TopicArn")};
  if (auto subscribed = subscribe_inline(r, arn); !subscribed) return subscribed;
  r.physical_id = arn;
  r.attributes = {{"TopicArn", arn}, {"TopicName", name}};
  return {};
}

Result<void> update_topic(Resource& r) {
  for (const auto& name : r.dropped) {
    if (std::ranges::find(topic_attributes, name) == topic_attributes.end()) continue;
    auto answer = r.call("sns", "SetTopicAttributes",
                         {{"TopicArn", r.physical_id},
                          {"AttributeName", name},
                          {"AttributeValue", name == "ContentBasedDeduplication" ? "false" : ""}});
    if (!answer) return pass_on(answer);
  }
  for (const auto& [name, value] : attributes_of(r.properties, topic_attributes)) {
    if (name == "FifoTopic") continue;
    auto answer = r.call("sns", "SetTopicAttributes",
                         {{"TopicArn", r.physical_id}, {"AttributeName", name}, {"AttributeValue", value}});
    if (!answer) return pass_on(answer);
  }
  const std::string arn = r.physical_id;
  const json::object attributes = r.attributes;
  auto subscribed = subscribe_inline(r, arn);
  r.physical_id = arn;
  r.attributes = attributes;
  return subscribed;
}

Result<void> remove_topic(Resource& r) {
  return removed(r.call("sns", "DeleteTopic", {{"TopicArn", r.physical_id}}));
}

Result<void> create_subscription(Resource& r) {
  return subscribe(r, r.properties);
}

Result<void> remove_subscription(Resource& r) {
  if (r.physical_id.ends_with(":" + r.default_name)) return {};  // recorded only
  return removed(r.call("sns", "Unsubscribe", {{"SubscriptionArn", r.physical_id}}));
}

Result<void> update_subscription(Resource& r) {
  if (auto gone = remove_subscription(r); !gone) return gone;
  return create_subscription(r);
}

const std::initializer_list<std::string_view> queue_attributes = {"VisibilityTimeout",
                                                                  "MessageRetentionPeriod",
                                                                  "ReceiveMessageWaitTimeSeconds",
                                                                  "DelaySeconds",
                                                                  "MaximumMessageSize",
                                                                  "RedrivePolicy",
                                                                  "RedriveAllowPolicy",
                                                                  "FifoQueue",
                                                                  "ContentBasedDeduplication",
                                                                  "DeduplicationScope",
                                                                  "FifoThroughputLimit",
                                                                  "KmsMasterKeyId",
                                                                  "SqsManagedSseEnabled"};

// What a queue has that nobody said anything of. Source: SQS API Reference, "SetQueueAttributes".
const std::map<std::string_view, std::string_view> queue_defaults = {
    {"VisibilityTimeout", "30"}, {"MessageRetentionPeriod", "345600"},   {"ReceiveMessageWaitTimeSeconds", "0"},
    {"DelaySeconds", "0"},       {"MaximumMessageSize", "262144"},       {"RedrivePolicy", ""},
    {"RedriveAllowPolicy", ""},  {"ContentBasedDeduplication", "false"}, {"KmsMasterKeyId", ""}};

Result<void> create_queue(Resource& r) {
  const std::string name = name_of(r, "QueueName");
  auto answer = r.call("sqs", "CreateQueue",
                       {{"QueueName", name}, {"Attributes", attributes_of(r.properties, queue_attributes)}});
  if (!answer) return pass_on(answer);
  r.physical_id = string_at(*answer, "QueueUrl");
  r.attributes = {{"Arn", r.identity.arn("sqs", name)}, {"QueueName", name}, {"QueueUrl", r.physical_id}};
  return {};
}

Result<void> update_queue(Resource& r) {
  json::object attributes = attributes_of(r.properties, queue_attributes);
  attributes.erase("FifoQueue");
  for (const auto& name : r.dropped)
    if (const auto found = queue_defaults.find(name); found != queue_defaults.end())
      attributes.emplace(found->first, found->second);
  if (attributes.empty()) return {};
  return done(r.call("sqs", "SetQueueAttributes", {{"QueueUrl", r.physical_id}, {"Attributes", attributes}}));
}

Result<void> remove_queue(Resource& r) {
  return removed(r.call("sqs", "DeleteQueue", {{"QueueUrl", r.physical_id}}));
}

}  // namespace

void add_messaging(ResourceTypes& types) {
  types.merge(ResourceTypes{
      {"AWS::SNS::Topic", {create_topic, update_topic, remove_topic, false, "TopicName", {"FifoTopic"}}},
      {"AWS::SNS::Subscription", {create_subscription, update_subscription, remove_subscription}},
      {"AWS::SQS::Queue", {create_queue, update_queue, remove_queue, false, "QueueName", {"FifoQueue"}}},
  });
}

}  // namespace tocsin::stacks
