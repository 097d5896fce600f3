#include "queues/detail/draft.h"

#include <algorithm>

#include <fmt/format.h>

#include "digest/digest.h"
#include "message/attributes.h"
#include "queues/detail/groups.h"
#include "store/compress.h"

namespace tocsin::queues {
namespace {

constexpr std::size_t fifo_id_max = 128;
constexpr std::size_t attributes_max = 10;
constexpr std::int64_t delay_max_s = 900;

std::unexpected<Error> refuse(std::string message) {
  return fail(ErrorCode::validation, std::move(message), "InvalidParameterValue");
}
std::unexpected<Error> missing(std::string_view parameter) {
  return fail(ErrorCode::validation, fmt::format("The request must contain the parameter {}.", parameter),
              "MissingParameter");
}
std::unexpected<Error> not_for_this_type(std::string_view value, std::string_view parameter) {
  return refuse(
      fmt::format("Value {} for parameter {} is invalid. Reason: The request includes a parameter that is not "
                  "valid for this queue type.",
                  value, parameter));
}

Result<void> check_fifo_id(std::string_view value, std::string_view parameter) {
  const bool allowed = value.size() <= fifo_id_max &&
                       std::all_of(value.begin(), value.end(), [](char c) { return c > 0x20 && c < 0x7f; });
  if (allowed) return {};
  return refuse(
      fmt::format("Value {} for parameter {} is invalid. Reason: {} can only include alphanumeric and punctuation "
                  "characters. 1 to 128 in length.",
                  value.substr(0, fifo_id_max), parameter, parameter));
}

const json::object* object_in(const json::object& input, std::string_view name) {
  const auto* value = input.if_contains(name);
  const auto* object = value ? value->if_object() : nullptr;
  return object && !object->empty() ? object : nullptr;
}

Result<void> read_attributes(const json::object& input, Draft& draft) {
  if (const auto* attributes = object_in(input, "MessageAttributes")) {
    if (auto checked = message::check_attributes(*attributes, attributes_max, "InvalidParameterValue"); !checked)
      return checked;
    draft.bytes += message::size_of(*attributes);
    draft.attributes = to_json(*attributes);
    draft.attributes_md5 = message::md5_of_attributes(*attributes);
  }
  if (const auto* attributes = object_in(input, "MessageSystemAttributes")) {
    for (const auto& [name, value] : *attributes) {
      const auto* attribute = value.if_object();
      if (name != "AWSTraceHeader" || !attribute || string_at(*attribute, "DataType") != "String" ||
          string_at(*attribute, "StringValue").empty())
        return refuse("The only message system attribute that can be sent is AWSTraceHeader, a String.");
    }
    draft.system_attributes = to_json(*attributes);
    draft.system_attributes_md5 = message::md5_of_attributes(*attributes);
  }
  return {};
}

// What the kind of queue asks of a message. Fills in the deduplication id.
Result<void> fit(const Queue& queue, Draft& draft) {
  const Settings& settings = queue.settings;
  if (draft.from_client && draft.bytes > settings.message_bytes_max)
    return refuse(fmt::format("One or more parameters are invalid. Reason: Message must be shorter than {} bytes.",
                              settings.message_bytes_max));
  if (!settings.fifo) {
    if (!draft.deduplication_id.empty()) return not_for_this_type(draft.deduplication_id, "MessageDeduplicationId");
    return {};
  }
  if (draft.group_id.empty()) return missing("MessageGroupId");
  if (draft.delay_s.value_or(0) != 0) return not_for_this_type(std::to_string(*draft.delay_s), "DelaySeconds");
  draft.delay_s.reset();
  if (draft.deduplication_id.empty() && settings.content_based_deduplication)
    draft.deduplication_id = draft.body_sha256;
  if (draft.deduplication_id.empty()) draft.deduplication_id = draft.fallback_deduplication_id;
  if (draft.deduplication_id.empty())
    return refuse(
        "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly");
  return {};
}

json::object answer_of(const Draft& draft, const Queue& queue, const Accepted& accepted) {
  json::object answer{{"MD5OfMessageBody", draft.body_md5}, {"MessageId", accepted.message_id}};
  if (!draft.attributes_md5.empty()) answer.emplace("MD5OfMessageAttributes", draft.attributes_md5);
  if (!draft.system_attributes_md5.empty()) answer.emplace("MD5OfMessageSystemAttributes", draft.system_attributes_md5);
  if (queue.settings.fifo) answer.emplace("SequenceNumber", sequence_text(accepted.sequence));
  return answer;
}

}  // namespace

Result<Draft> read_draft(const json::object& input, std::string sender, std::size_t bytes_max) {
  Draft draft;
  draft.sender = std::move(sender);
  const std::string_view body = string_at(input, "MessageBody");
  if (body.empty()) return missing("MessageBody");
  if (body.size() > bytes_max)
    return refuse(
        fmt::format("One or more parameters are invalid. Reason: Message must be shorter than {} bytes.", bytes_max));
  if (const auto at = message::find_disallowed_character(body); at != std::string_view::npos)
    return fail(
        ErrorCode::validation,
        fmt::format("Invalid characters found at byte {}. Valid unicode characters are #x9 | #xA | #xD | #x20 to "
                    "#xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF",
                    at),
        "InvalidMessageContents");
  draft.bytes = body.size();
  if (auto read = read_attributes(input, draft); !read) return pass_on(read);
  draft.group_id = string_at(input, "MessageGroupId");
  draft.deduplication_id = string_at(input, "MessageDeduplicationId");
  if (auto checked = check_fifo_id(draft.group_id, "MessageGroupId"); !checked) return pass_on(checked);
  if (auto checked = check_fifo_id(draft.deduplication_id, "MessageDeduplicationId"); !checked) return pass_on(checked);
  if (input.contains("DelaySeconds")) {
    draft.delay_s = integer_at(input, "DelaySeconds", -1);
    if (*draft.delay_s < 0 || *draft.delay_s > delay_max_s)
      return refuse(
          fmt::format("Value {} for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900.",
                      to_json(input.at("DelaySeconds"))));
  }
  draft.body = store::compress(body);
  draft.body_md5 = digest::md5_hex(body);
  if (!draft.group_id.empty()) draft.body_sha256 = digest::sha256_hex(body);
  return draft;
}

Result<json::object> post(store::Transaction& transaction, const Queue& queue, Draft draft) {
  if (auto fits = fit(queue, draft); !fits) return pass_on(fits);
  const Settings& settings = queue.settings;
  const std::string scope = settings.deduplicates_by_group ? draft.group_id : std::string();
  if (settings.fifo)
    if (const auto earlier = find_accepted(transaction, queue.id, scope, draft.deduplication_id))
      return answer_of(draft, queue, *earlier);

  StoredMessage message;
  message.id = make_uuid(transaction.random());
  message.body = std::move(draft.body);
  message.attributes = draft.attributes;
  message.system_attributes = draft.system_attributes;
  message.sender = draft.sender;
  message.group_id = draft.group_id;
  message.deduplication_id = draft.deduplication_id;
  message.sent_at = transaction.now();
  message.visible_at = transaction.now() + std::chrono::seconds{draft.delay_s.value_or(settings.delay.count())};
  Accepted accepted{.message_id = message.id};
  accepted.sequence = add_message(transaction, queue, std::move(message));
  if (settings.fifo) remember_accepted(transaction, queue.id, scope, draft.deduplication_id, accepted);
  return answer_of(draft, queue, accepted);
}

std::string sequence_text(std::int64_t sequence) {
  return fmt::format("{:020}", sequence);
}

}  // namespace tocsin::queues
