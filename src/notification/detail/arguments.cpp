#include "notification/detail/arguments.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/identity.h"

namespace tocsin::notification {
namespace {

constexpr std::size_t subject_max = 100;
constexpr std::size_t topic_name_max = 256;
constexpr std::size_t endpoint_bytes_max = 2048;
constexpr std::size_t tags_max = 50;

constexpr std::string_view topic_attributes[] = {
    "Policy",        "DisplayName",      "DeliveryPolicy", "ContentBasedDeduplication", "KmsMasterKeyId",
    "TracingConfig", "SignatureVersion", "ArchivePolicy",  "FifoThroughputScope"};
constexpr std::string_view json_attributes[] = {"Policy", "DeliveryPolicy", "ArchivePolicy", "ReplayPolicy",
                                                "RedrivePolicy"};
constexpr std::string_view subscription_attributes[] = {"DeliveryPolicy",     "FilterPolicy",  "FilterPolicyScope",
                                                        "RawMessageDelivery", "RedrivePolicy", "SubscriptionRoleArn",
                                                        "ReplayPolicy",       "DeliveryFormat"};

template <class Range>
bool is_among(std::string_view name, const Range& range) {
  return std::find(std::begin(range), std::end(range), name) != std::end(range);
}

bool is_flag(std::string_view value) {
  return value == "true" || value == "false";
}

// "HTTPSuccessFeedbackRoleArn" and its kin: kept, without effect.
bool is_feedback_attribute(std::string_view name) {
  return name.ends_with("FeedbackRoleArn") || name.ends_with("FeedbackSampleRate");
}

Result<void> check_redrive(std::string_view value) {
  const auto policy = parse_json_object(value);
  const auto arn = policy ? parse_arn(string_at(*policy, "deadLetterTargetArn")) : parse_arn("");
  if (!arn || arn->service != "sqs") return invalid("RedrivePolicy: deadLetterTargetArn is the ARN of a queue");
  return {};
}

// Scheme, then a host, then anything without blanks and control characters.
bool is_url(std::string_view text, std::string_view scheme) {
  if (!text.starts_with(scheme)) return false;
  const auto rest = text.substr(scheme.size());
  const auto host = rest.substr(0, rest.find_first_of("/?#"));
  return !host.empty() && std::all_of(rest.begin(), rest.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

}  // namespace

std::unexpected<Error> invalid(std::string message) {
  return fail(ErrorCode::validation, "Invalid parameter: " + std::move(message), "InvalidParameterException");
}

Result<void> check_topic_name(std::string_view name, bool fifo) {
  constexpr std::string_view suffix = ".fifo";
  std::string_view stem = name;
  if (fifo && stem.ends_with(suffix)) stem.remove_suffix(suffix.size());
  const bool allowed =
      !stem.empty() && name.size() <= topic_name_max && std::all_of(stem.begin(), stem.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
      });
  if (!allowed) return invalid("Topic Name");
  if (fifo != name.ends_with(suffix))
    return invalid(
        "Topic Name Reason: Fifo Topic names must end with .fifo and must be made up of only uppercase and "
        "lowercase ASCII letters, numbers, underscores, and hyphens, and must be between 1 and 256 characters long.");
  return {};
}

Result<void> check_topic_attribute(std::string_view name, std::string_view value, bool is_new) {
  if (name == "FifoTopic") {
    if (!is_new) return invalid("AttributeName Reason: FifoTopic can only be set when the topic is created");
    if (!is_flag(value)) return invalid("FifoTopic");
    return {};
  }
  if (!is_among(name, topic_attributes) && !is_feedback_attribute(name)) return invalid("AttributeName");
  if (name == "ContentBasedDeduplication" && !is_flag(value)) return invalid("ContentBasedDeduplication");
  if (name == "DisplayName" && value.size() > subject_max) return invalid("DisplayName");
  if (!value.empty() && is_among(name, json_attributes) && !parse_json_object(value))
    return invalid(fmt::format("{}: not a JSON document", name));
  return {};
}

Result<void> check_subscription_attribute(std::string_view name, std::string_view value, std::string_view protocol) {
  const bool is_web = protocol == "http" || protocol == "https";
  if (!is_among(name, subscription_attributes)) return invalid("AttributeName");
  if (name == "RawMessageDelivery") {
    if (!is_flag(value))
      return invalid("Attributes Reason: RawMessageDelivery: Invalid value [" + std::string(value) +
                     "]. Must be true or false.");
    if (value == "true" && !is_web && protocol != "sqs")
      return invalid("Attributes Reason: Delivery protocol [" + std::string(protocol) +
                     "] does not support raw message delivery.");
  }
  if (name == "FilterPolicyScope" && value != "MessageAttributes" && value != "MessageBody")
    return invalid("FilterPolicyScope: Invalid value. Please use either MessageBody or MessageAttributes");
  if (name == "DeliveryFormat" && (!is_web || (value != "slack" && value != "sns")))
    return invalid("DeliveryFormat: \"slack\" or \"sns\", for http and https subscriptions");
  if (name == "RedrivePolicy" && !value.empty()) return check_redrive(value);
  if (!value.empty() && is_among(name, json_attributes) && !parse_json_object(value))
    return invalid(fmt::format("{}: not a JSON document", name));
  return {};
}

Result<void> check_subject(std::string_view subject) {
  const bool allowed = !subject.empty() && subject.size() <= subject_max && subject.front() != ' ' &&
                       std::all_of(subject.begin(), subject.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
  if (!allowed) return invalid("Subject");
  return {};
}

Result<void> check_endpoint(std::string_view protocol, std::string_view endpoint) {
  if (protocol == "http" || protocol == "https") {
    if (endpoint.size() > endpoint_bytes_max || !is_url(endpoint, protocol == "http" ? "http://" : "https://"))
      return invalid("Endpoint must match the specified protocol");
    return {};
  }
  if (protocol == "sqs" || protocol == "lambda") {
    const auto arn = parse_arn(endpoint);
    if (!arn || arn->service != protocol)
      return invalid(protocol == "sqs" ? "SQS endpoint ARN" : "Lambda endpoint ARN");
    return {};
  }
  for (const std::string_view known : {"email", "email-json", "sms", "application", "firehose"})
    if (protocol == known)
      return invalid(fmt::format("Protocol Reason: this installation does not deliver by {}", protocol));
  return invalid(fmt::format("Amazon SNS does not support this protocol string: {}", protocol));
}

bool is_slack_url(std::string_view url) {
  for (const std::string_view start : {"https://hooks.slack.com/", "https://hooks.slack-gov.com/"})
    if (url.starts_with(start)) return true;
  return false;
}

Result<json::object> read_tags(const json::object& input) {
  json::object tags;
  const auto* value = input.if_contains("Tags");
  const auto* list = value ? value->if_array() : nullptr;
  if (!list) return tags;
  for (const auto& item : *list) {
    const auto* tag = item.if_object();
    const auto key = tag ? string_at(*tag, "Key") : std::string_view{};
    if (key.empty() || key.size() > 128 || string_at(*tag, "Value").size() > 256) return invalid("Tags");
    tags.insert_or_assign(key, string_at(*tag, "Value"));
  }
  if (tags.size() > tags_max)
    return fail(ErrorCode::validation, "Could not complete request: tag quota of per resource exceeded",
                "TagLimitExceededException");
  return tags;
}

json::array write_tags(const json::object& tags) {
  json::array list;
  for (const auto& [key, value] : tags) list.push_back({{"Key", key}, {"Value", value}});
  return list;
}

}  // namespace tocsin::notification
