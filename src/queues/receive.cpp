// ReceiveMessage: what is handed out, what moves to the dead-letter queue, and how long a poll waits.
#include <algorithm>

#include <fmt/format.h>

#include "digest/digest.h"
#include "message/attributes.h"
#include "queues/detail/draft.h"
#include "queues/detail/messages.h"
#include "queues/queues.h"
#include "queues/receipt.h"
#include "store/compress.h"
#include "store/outbox.h"

namespace tocsin::queues {
namespace {

constexpr std::size_t messages_max = 10;
constexpr std::int64_t visibility_max_s = 43'200;
constexpr std::int64_t wait_max_s = 20;
// One call moves at most so many messages to the dead-letter queue, and removes so many that have expired.
constexpr int dead_letter_rounds_max = 10;
constexpr std::size_t swept_max = 100;

struct Request {
  std::size_t count_max = 1;
  std::chrono::seconds visibility{};
  std::chrono::seconds wait{};
  json::array system_names;
  json::array attribute_names;
};

Result<std::int64_t> number_between(const json::object& input, std::string_view name, std::int64_t least,
                                    std::int64_t most, std::int64_t otherwise) {
  if (!input.contains(name)) return otherwise;
  const auto value = integer_at(input, name, least - 1);
  if (value >= least && value <= most) return value;
  return fail(ErrorCode::validation,
              fmt::format("Value {} for parameter {} is invalid. Reason: Must be >= {} and <= {}, if provided.",
                          to_json(input.at(name)), name, least, most),
              "InvalidParameterValue");
}

void append_names(json::array& names, const json::object& input, std::string_view member) {
  const auto* value = input.if_contains(member);
  if (const auto* array = value ? value->if_array() : nullptr) names.insert(names.end(), array->begin(), array->end());
}

Result<Request> read_request(const json::object& input, const Settings& settings) {
  Request request;
  const auto count = number_between(input, "MaxNumberOfMessages", 1, messages_max, 1);
  if (!count) return std::unexpected(count.error());
  const auto visibility = number_between(input, "VisibilityTimeout", 0, visibility_max_s, settings.visibility.count());
  if (!visibility) return std::unexpected(visibility.error());
  const auto wait = number_between(input, "WaitTimeSeconds", 0, wait_max_s, settings.receive_wait.count());
  if (!wait) return std::unexpected(wait.error());
  request.count_max = static_cast<std::size_t>(*count);
  request.visibility = std::chrono::seconds{*visibility};
  request.wait = std::chrono::seconds{*wait};
  append_names(request.system_names, input, "AttributeNames");  // the older name for system attributes
  append_names(request.system_names, input, "MessageSystemAttributeNames");
  append_names(request.attribute_names, input, "MessageAttributeNames");
  return request;
}

std::string milliseconds_text(Time time) {
  return std::to_string(to_microseconds(time) / 1000);
}

json::object system_attributes_of(const StoredMessage& message, bool fifo) {
  json::object all{{"SenderId", message.sender},
                   {"SentTimestamp", milliseconds_text(message.sent_at)},
                   {"ApproximateReceiveCount", std::to_string(message.received + message.received_before)},
                   {"ApproximateFirstReceiveTimestamp", milliseconds_text(message.first_received_at)}};
  if (!message.group_id.empty()) all.emplace("MessageGroupId", message.group_id);
  if (!message.source_arn.empty()) all.emplace("DeadLetterQueueSourceArn", message.source_arn);
  if (fifo) {
    all.emplace("MessageDeduplicationId", message.deduplication_id);
    all.emplace("SequenceNumber", sequence_text(message.sequence));
  }
  if (!message.system_attributes.empty())
    if (const auto sent = parse_json_object(message.system_attributes))
      all.emplace("AWSTraceHeader", string_at(*sent, "AWSTraceHeader.StringValue"));
  return all;
}

Result<json::object> show(const StoredMessage& message, const Queue& queue, const Request& request) {
  auto body = store::decompress(message.body);
  if (!body) return pass_on(body);
  json::object shown{
      {"MessageId", message.id},
      {"ReceiptHandle",
       write_receipt({.queue = queue.id, .box = queue.box, .sequence = message.sequence, .nonce = message.nonce})},
      {"MD5OfBody", digest::md5_hex(*body)},
      {"Body", std::move(*body)}};
  auto system = message::select_attributes(system_attributes_of(message, queue.settings.fifo), request.system_names);
  if (!system.empty()) shown.emplace("Attributes", std::move(system));
  if (!message.attributes.empty() && !request.attribute_names.empty()) {
    auto all = parse_json_object(message.attributes);
    if (!all) return pass_on(all);
    auto selected = message::select_attributes(*all, request.attribute_names);
    if (!selected.empty()) {
      // Over those shown, as clients check it against what they got.
      shown.emplace("MD5OfMessageAttributes", message::md5_of_attributes(selected));
      shown.emplace("MessageAttributes", std::move(selected));
    }
  }
  return shown;
}

// The queue that messages of `queue` go to after too many receptions; nothing if there is none (any more): then
// they stay, as nothing may be lost.
std::optional<Queue> dead_letter_queue_of(store::Reader& reader, const Queue& queue, const Identity& identity) {
  if (!queue.settings.redrive) return std::nullopt;
  auto name = name_from_arn(queue.settings.redrive->target_arn, identity);
  if (!name) return std::nullopt;
  auto found = find_queue(reader, *name, identity);
  if (!found) return std::nullopt;
  return std::move(*found);
}

Result<json::array> take(store::Transaction& transaction, const Queue& queue, const Request& request,
                         const Identity& identity) {
  json::array taken;
  sweep(transaction, queue, swept_max);
  const auto dead_letters = dead_letter_queue_of(transaction, queue, identity);
  for (int round = 0; round < dead_letter_rounds_max && taken.size() < request.count_max; ++round) {
    bool moved_any = false;
    for (auto& message : find_receivable(transaction, queue, request.count_max - taken.size())) {
      if (dead_letters && message.received >= queue.settings.redrive->receives_max) {
        move_message(transaction, queue, message, *dead_letters, queue.arn);
        moved_any = true;
        continue;
      }
      mark_received(transaction, queue, message, transaction.now() + request.visibility);
      auto shown = show(message, queue, request);
      if (!shown) return pass_on(shown);
      taken.push_back(std::move(*shown));
    }
    if (!moved_any) break;
  }
  return taken;
}

// A poll that waits is woken when a hidden message comes into sight.
void wake_later(store::Transaction& transaction, const Queue& queue, std::chrono::milliseconds left) {
  const auto next = next_visible(transaction, queue);
  if (!next || *next > transaction.now() + left) return;
  store::Outbox::add(transaction, {.kind = "queue-wake",
                                   .destination = signal_of(queue),
                                   .payload = "",
                                   .key = fmt::format("queue-wake:{}:{}", queue.box, to_microseconds(*next)),
                                   .due = *next});
}

}  // namespace

service::Answer Queues::receive_message(store::Transaction& transaction, const service::Call& call) {
  auto queue = find_queue_by_url(transaction, call.input, identity_);
  if (!queue) return pass_on(queue);
  auto request = read_request(call.input, queue->settings);
  if (!request) return pass_on(request);
  auto taken = take(transaction, *queue, *request, identity_);
  if (!taken) return pass_on(taken);
  if (taken->empty()) {
    if (request->wait > call.waited) wake_later(transaction, *queue, request->wait - call.waited);
    return json::object{};
  }
  return json::object{{"Messages", std::move(*taken)}};
}

std::optional<service::Wait> Queues::wait_of(const service::Call& call, const json::object& answer) const {
  if (answer.contains("Messages")) return std::nullopt;
  const auto name = name_from_url(string_at(call.input, "QueueUrl"), identity_);
  if (!name) return std::nullopt;
  std::chrono::seconds wait{0};
  if (call.input.contains("WaitTimeSeconds")) {
    wait = std::chrono::seconds{integer_at(call.input, "WaitTimeSeconds")};
  } else {
    std::lock_guard lock{mutex_};
    if (const auto found = waits_.find(*name); found != waits_.end()) wait = found->second;
  }
  if (wait <= call.waited) return std::nullopt;
  return service::Wait{.signal = "queue:" + identity_.arn("sqs", *name), .at_most = wait};
}

}  // namespace tocsin::queues
