#include "queues/settings.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "core/identity.h"

namespace tocsin::queues {
namespace {

struct NumberRange {
  std::string_view name;
  std::int64_t least, most;
  std::string_view otherwise;
};
// Source: Amazon SQS API Reference, SetQueueAttributes.
constexpr NumberRange numbers[] = {
    {"DelaySeconds", 0, 900, "0"},
    {"MaximumMessageSize", 1024, 262'144, "262144"},
    {"MessageRetentionPeriod", 60, 1'209'600, "345600"},
    {"ReceiveMessageWaitTimeSeconds", 0, 20, "0"},
    {"VisibilityTimeout", 0, 43'200, "30"},
    {"KmsDataKeyReusePeriodSeconds", 60, 86'400, ""},
};
constexpr std::string_view flags[] = {"FifoQueue", "ContentBasedDeduplication", "SqsManagedSseEnabled"};
constexpr std::string_view fifo_only[] = {"FifoQueue", "ContentBasedDeduplication", "DeduplicationScope",
                                          "FifoThroughputLimit"};
constexpr std::string_view reported[] = {"All",
                                         "ApproximateNumberOfMessages",
                                         "ApproximateNumberOfMessagesNotVisible",
                                         "ApproximateNumberOfMessagesDelayed",
                                         "CreatedTimestamp",
                                         "LastModifiedTimestamp",
                                         "QueueArn"};
constexpr std::string_view others[] = {"Policy",         "RedrivePolicy",      "RedriveAllowPolicy",
                                       "KmsMasterKeyId", "DeduplicationScope", "FifoThroughputLimit"};
constexpr int receives_limit = 1000;
constexpr std::size_t redrive_sources_max = 10;

template <class Range>
bool is_among(std::string_view name, const Range& range) {
  return std::find(std::begin(range), std::end(range), name) != std::end(range);
}

std::unexpected<Error> invalid_value(std::string_view name, std::string_view why = {}) {
  return fail(ErrorCode::validation,
              fmt::format("Invalid value for the parameter {}.{}{}", name, why.empty() ? "" : " Reason: ", why),
              "InvalidAttributeValue");
}

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// maxReceiveCount is a number, or a number in quotes.
std::optional<std::int64_t> number_in(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  if (!value) return std::nullopt;
  if (const auto* text = value->if_string()) return whole_number(*text);
  if (value->is_number()) {
    boost::system::error_code failed;
    const auto number = value->to_number<std::int64_t>(failed);
    if (!failed) return number;
  }
  return std::nullopt;
}

Result<Redrive> read_redrive(std::string_view text) {
  auto policy = parse_json_object(text);
  if (!policy) return invalid_value("RedrivePolicy", "Redrive policy is not a valid JSON map.");
  const auto target = string_at(*policy, "deadLetterTargetArn");
  const auto count = number_in(*policy, "maxReceiveCount");
  if (target.empty() || !count || policy->size() != 2)
    return invalid_value("RedrivePolicy",
                         "Redrive policy has deadLetterTargetArn and maxReceiveCount, and nothing else.");
  if (*count < 1 || *count > receives_limit)
    return invalid_value("RedrivePolicy", "Invalid value for maxReceiveCount: valid values are from 1 to 1000.");
  if (const auto arn = parse_arn(target); !arn || arn->service != "sqs")
    return invalid_value("RedrivePolicy", "deadLetterTargetArn is not the ARN of a queue.");
  return Redrive{std::string(target), static_cast<int>(*count)};
}

Result<void> check_redrive_allow(std::string_view text) {
  constexpr std::string_view name = "RedriveAllowPolicy";
  auto policy = parse_json_object(text);
  if (!policy) return invalid_value(name, "Redrive allow policy is not a valid JSON map.");
  const auto permission = string_at(*policy, "redrivePermission");
  if (permission != "allowAll" && permission != "denyAll" && permission != "byQueue")
    return invalid_value(name, "redrivePermission is allowAll, denyAll or byQueue.");
  const auto* sources = policy->if_contains("sourceQueueArns");
  if ((permission == "byQueue") != (sources != nullptr))
    return invalid_value(name, "sourceQueueArns goes with redrivePermission byQueue.");
  if (sources &&
      (!sources->is_array() || sources->get_array().empty() || sources->get_array().size() > redrive_sources_max))
    return invalid_value(name, "sourceQueueArns holds 1 to 10 ARNs.");
  return {};
}

Result<void> check_value(std::string_view name, std::string_view value) {
  for (const auto& range : numbers) {
    if (range.name != name) continue;
    const auto number = whole_number(value);
    if (!number || *number < range.least || *number > range.most) return invalid_value(name);
    return {};
  }
  if (is_among(name, flags)) {
    if (value != "true" && value != "false") return invalid_value(name);
    return {};
  }
  if (value.empty()) return {};  // removes it
  if (name == "RedrivePolicy") {
    if (auto redrive = read_redrive(value); !redrive) return pass_on(redrive);
  }
  if (name == "RedriveAllowPolicy") return check_redrive_allow(value);
  if (name == "Policy" && !parse_json_object(value)) return invalid_value(name);
  if (name == "DeduplicationScope" && value != "queue" && value != "messageGroup") return invalid_value(name);
  if (name == "FifoThroughputLimit" && value != "perQueue" && value != "perMessageGroupId") return invalid_value(name);
  return {};
}

bool is_settable(std::string_view name) {
  return is_among(name, flags) || is_among(name, others) ||
         std::any_of(std::begin(numbers), std::end(numbers), [&](const auto& range) { return range.name == name; });
}

std::string text_of(const json::value& value) {
  if (const auto* text = value.if_string()) return std::string(*text);
  return to_json(value);
}

}  // namespace

Settings read_settings(const json::object& attributes) {
  const auto number = [&](std::string_view name, std::int64_t otherwise) {
    return whole_number(string_at(attributes, name)).value_or(otherwise);
  };
  Settings settings;
  settings.delay = std::chrono::seconds{number("DelaySeconds", settings.delay.count())};
  settings.visibility = std::chrono::seconds{number("VisibilityTimeout", settings.visibility.count())};
  settings.receive_wait = std::chrono::seconds{number("ReceiveMessageWaitTimeSeconds", settings.receive_wait.count())};
  settings.retention = std::chrono::seconds{number("MessageRetentionPeriod", settings.retention.count())};
  settings.message_bytes_max =
      static_cast<std::size_t>(number("MaximumMessageSize", static_cast<std::int64_t>(settings.message_bytes_max)));
  settings.fifo = string_at(attributes, "FifoQueue") == "true";
  settings.content_based_deduplication = string_at(attributes, "ContentBasedDeduplication") == "true";
  settings.deduplicates_by_group = string_at(attributes, "DeduplicationScope") == "messageGroup";
  if (const auto policy = string_at(attributes, "RedrivePolicy"); !policy.empty())
    if (auto redrive = read_redrive(policy)) settings.redrive = std::move(*redrive);
  return settings;
}

Result<json::object> check_attributes(const json::object& wanted, std::string_view name, bool is_new) {
  json::object stored;
  for (const auto& [key, value] : wanted) {
    // Templates say FifoQueue: false for a queue that is none; it adds nothing.
    if (is_new && key == "FifoQueue" && text_of(value) == "false" && !name.ends_with(".fifo")) continue;
    const bool fits = is_settable(key) && (name.ends_with(".fifo") || !is_among(std::string_view(key), fifo_only));
    if (!fits)
      return fail(ErrorCode::validation, fmt::format("Unknown Attribute {}.", std::string_view(key)),
                  "InvalidAttributeName");
    if (key == "FifoQueue" && !is_new)
      return fail(ErrorCode::validation, "FifoQueue can only be set when the queue is created.",
                  "InvalidAttributeValue");
    std::string text = text_of(value);
    if (auto checked = check_value(key, text); !checked) return pass_on(checked);
    stored.emplace(key, std::move(text));
  }
  return stored;
}

json::object with_defaults(const json::object& attributes) {
  json::object shown;
  for (const auto& range : numbers)
    if (!range.otherwise.empty()) shown.emplace(range.name, range.otherwise);
  shown.emplace("SqsManagedSseEnabled", "false");
  if (string_at(attributes, "FifoQueue") == "true") {
    shown.emplace("ContentBasedDeduplication", "false");
    shown.emplace("DeduplicationScope", "queue");
    shown.emplace("FifoThroughputLimit", "perQueue");
  }
  for (const auto& [key, value] : attributes) shown.insert_or_assign(key, value);
  return shown;
}

bool is_known_attribute(std::string_view name) {
  return is_settable(name) || is_among(name, reported);
}

Result<void> check_queue_name(std::string_view name, bool fifo) {
  constexpr std::string_view suffix = ".fifo";
  std::string_view stem = name;
  if (fifo && stem.ends_with(suffix)) stem.remove_suffix(suffix.size());
  const bool allowed = !stem.empty() && name.size() <= 80 && std::all_of(stem.begin(), stem.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
  if (allowed && fifo == name.ends_with(suffix)) return {};
  return fail(
      ErrorCode::validation,
      fifo ? "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end "
             "with .fifo suffix and be 1 to 80 in length."
           : "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length",
      "InvalidParameterValue");
}

bool allows_redrive_from(const json::object& attributes, std::string_view source_arn) {
  const auto text = string_at(attributes, "RedriveAllowPolicy");
  if (text.empty()) return true;
  const auto policy = parse_json_object(text);
  if (!policy) return false;
  const auto permission = string_at(*policy, "redrivePermission");
  if (permission != "byQueue") return permission == "allowAll";
  const auto* sources = policy->if_contains("sourceQueueArns");
  if (!sources || !sources->is_array()) return false;
  const auto& arns = sources->get_array();
  return std::any_of(arns.begin(), arns.end(),
                     [&](const json::value& arn) { return arn.is_string() && arn.get_string() == source_arn; });
}

}  // namespace tocsin::queues
