// Publish, PublishBatch, and what other rooms publish.
#include <algorithm>
#include <limits>
#include <set>

#include <fmt/format.h>

#include "digest/digest.h"
#include "message/attributes.h"
#include "notification/detail/arguments.h"
#include "notification/detail/deduplication.h"
#include "notification/detail/distributor.h"
#include "notification/detail/publication.h"
#include "notification/notification.h"

namespace tocsin::notification {
namespace {

constexpr std::size_t message_bytes_max = 262'144;
constexpr std::size_t entries_max = 10;
constexpr std::size_t fifo_id_max = 128;

std::size_t bytes_of(const json::object& input) {
  const auto* attributes = input.if_contains("MessageAttributes");
  const bool has_attributes = attributes && attributes->is_object();
  return string_at(input, "Message").size() + (has_attributes ? message::size_of(attributes->get_object()) : 0);
}

// MessageStructure "json": a text for each protocol, and "default" for the others.
Result<void> read_structure(Publication& publication) {
  auto texts = parse_json_object(publication.message);
  if (!texts) return invalid("Message Structure - JSON message body failed to parse");
  const auto* otherwise = texts->if_contains("default");
  if (!otherwise || !otherwise->is_string())
    return invalid("Message Structure - No default entry in JSON message body");
  publication.message = otherwise->get_string();
  publication.by_protocol = std::move(*texts);
  return {};
}

bool is_fifo_id(std::string_view text) {
  return text.size() <= fifo_id_max &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

// A Publish input, or an entry of a batch.
Result<Publication> read_publication(const json::object& input) {
  Publication publication;
  publication.message = string_at(input, "Message");
  if (publication.message.empty()) return invalid("Empty message");
  if (bytes_of(input) > message_bytes_max) return invalid("Message too long");
  if (message::find_disallowed_character(publication.message) != std::string_view::npos)
    return invalid("Message contains characters that cannot be carried");
  if (input.contains("Subject")) {
    publication.subject = string_at(input, "Subject");
    if (auto checked = check_subject(publication.subject); !checked) return pass_on(checked);
  }
  if (const auto* attributes = input.if_contains("MessageAttributes"); attributes && attributes->is_object()) {
    publication.attributes = attributes->get_object();
    if (auto checked = message::check_attributes(publication.attributes, std::numeric_limits<std::size_t>::max(),
                                                 "InvalidParameterValueException");
        !checked)
      return pass_on(checked);
  }
  if (const auto structure = string_at(input, "MessageStructure"); structure == "json") {
    if (auto read = read_structure(publication); !read) return pass_on(read);
  } else if (!structure.empty()) {
    return invalid("MessageStructure");
  }
  publication.group_id = string_at(input, "MessageGroupId");
  publication.deduplication_id = string_at(input, "MessageDeduplicationId");
  if (!is_fifo_id(publication.group_id)) return invalid("MessageGroupId");
  if (!is_fifo_id(publication.deduplication_id)) return invalid("MessageDeduplicationId");
  return publication;
}

Result<void> fit(const Topic& topic, Publication& publication) {
  if (!topic.is_fifo()) {
    if (!publication.deduplication_id.empty())
      return invalid(
          "MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter that is not valid "
          "for this topic type");
    return {};
  }
  if (publication.group_id.empty()) return invalid("The MessageGroupId parameter is required for FIFO topics");
  if (publication.deduplication_id.empty() && topic.has("ContentBasedDeduplication"))
    publication.deduplication_id = digest::sha256_hex(publication.message);
  if (publication.deduplication_id.empty())
    return invalid(
        "The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly");
  return {};
}

// Publishes what was read; the answer has the members of Publish's.
service::Answer publish_to(store::Transaction& transaction, const Topic& topic, Publication publication,
                           Distributor& distributor) {
  if (auto fits = fit(topic, publication); !fits) return pass_on(fits);
  publication.at = transaction.now();
  json::object answer;
  if (topic.is_fifo()) {
    const auto scope =
        string_at(topic.attributes, "FifoThroughputScope") == "MessageGroup" ? publication.group_id : std::string();
    auto accepted = find_accepted(transaction, topic.name, scope, publication.deduplication_id);
    const bool is_new = !accepted.has_value();
    if (is_new) {
      accepted = {.message_id = make_uuid(transaction.random()), .sequence = next_sequence(transaction, topic)};
      remember_accepted(transaction, topic.name, scope, publication.deduplication_id, *accepted);
    }
    publication.message_id = accepted->message_id;
    publication.sequence_number = fmt::format("{:020}", accepted->sequence);
    answer = {{"MessageId", publication.message_id}, {"SequenceNumber", publication.sequence_number}};
    if (!is_new) return answer;
  } else {
    publication.message_id = make_uuid(transaction.random());
    answer = {{"MessageId", publication.message_id}};
  }
  distributor.hand_out(transaction, topic, publication);
  return answer;
}

Result<void> check_batch(const json::array& entries) {
  const auto refuse = [](std::string message, std::string name) {
    return fail(ErrorCode::validation, std::move(message), std::move(name));
  };
  if (entries.empty()) return refuse("The batch request doesn't contain any entries.", "EmptyBatchRequestException");
  if (entries.size() > entries_max)
    return refuse("The batch request contains more entries than permissible.", "TooManyEntriesInBatchRequestException");
  std::set<std::string_view> ids;
  std::size_t bytes = 0;
  for (const auto& value : entries) {
    const auto* entry = value.if_object();
    const auto id = entry ? string_at(*entry, "Id") : std::string_view{};
    const bool allowed = !id.empty() && id.size() <= 80 && std::all_of(id.begin(), id.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    });
    if (!allowed)
      return refuse("The Id of a batch entry in a batch request doesn't abide by the specification.",
                    "InvalidBatchEntryIdException");
    if (!ids.insert(id).second)
      return refuse("Two or more batch entries in the request have the same Id.", "BatchEntryIdsNotDistinctException");
    bytes += bytes_of(*entry);
  }
  if (bytes > message_bytes_max)
    return refuse("The length of all the batch messages put together is more than the limit.",
                  "BatchRequestTooLongException");
  return {};
}

// In a batch's answer the codes are those on the wire, not the names of the shapes.
std::string wire_code(const Error& error) {
  if (error.aws_code == "InvalidParameterValueException") return "ParameterValueInvalid";
  std::string code = error.aws_code.empty() ? "InternalError" : error.aws_code;
  if (code.ends_with("Exception")) code.resize(code.size() - std::string_view("Exception").size());
  return code;
}

}  // namespace

service::Answer Topics::publish(store::Transaction& transaction, const service::Call& call) {
  const auto arn = string_at(call.input, "TopicArn", string_at(call.input, "TargetArn"));
  if (arn.empty())
    return invalid(call.input.contains("PhoneNumber")
                       ? "PhoneNumber Reason: this installation does not send text messages"
                       : "TopicArn or TargetArn Reason: no value for required parameter");
  auto publication = read_publication(call.input);
  if (!publication) return pass_on(publication);
  auto topic = find_topic(transaction, arn, identity_);
  if (!topic) return pass_on(topic);
  return publish_to(transaction, *topic, std::move(*publication), *distributor_);
}

service::Answer Topics::publish_batch(store::Transaction& transaction, const service::Call& call) {
  const auto* value = call.input.if_contains("PublishBatchRequestEntries");
  const auto* entries = value ? value->if_array() : nullptr;
  if (auto checked = check_batch(entries ? *entries : json::array{}); !checked) return pass_on(checked);
  auto topic = find_topic(transaction, string_at(call.input, "TopicArn"), identity_);
  if (!topic) return pass_on(topic);
  json::array successful, failed;
  for (const auto& item : *entries) {
    const auto& entry = item.get_object();
    const auto id = string_at(entry, "Id");
    auto publication = read_publication(entry);
    auto published = publication ? publish_to(transaction, *topic, std::move(*publication), *distributor_)
                                 : std::unexpected(std::move(publication).error());
    if (published) {
      published->emplace("Id", id);
      successful.push_back(std::move(*published));
    } else {
      failed.push_back({{"Id", id},
                        {"Code", wire_code(published.error())},
                        {"Message", published.error().message},
                        {"SenderFault", true}});
    }
  }
  return json::object{{"Successful", std::move(successful)}, {"Failed", std::move(failed)}};
}

Result<void> Topics::deliver(store::Transaction& transaction, const std::string& arn, const service::Message& message) {
  auto topic = find_topic(transaction, arn, identity_);
  if (!topic) return pass_on(topic);
  json::object input{{"Message", message.body}, {"MessageAttributes", message.attributes}};
  if (!message.subject.empty()) input.emplace("Subject", message.subject);
  auto publication = read_publication(input);
  if (!publication) return pass_on(publication);
  if (topic->is_fifo()) {
    publication->group_id = message.group_id;
    publication->deduplication_id = message.deduplication_id;
    if (publication->deduplication_id.empty() && !topic->has("ContentBasedDeduplication") &&
        !message.idempotency_key.empty())
      publication->deduplication_id = digest::sha256_hex(message.idempotency_key);
  }
  auto published = publish_to(transaction, *topic, std::move(*publication), *distributor_);
  if (!published) return pass_on(published);
  return {};
}

}  // namespace tocsin::notification
