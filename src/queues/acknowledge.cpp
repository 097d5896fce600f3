// DeleteMessage, ChangeMessageVisibility and their batches: what a receiver says about a message that it has in hand.
#include <fmt/format.h>

#include "queues/detail/batch.h"
#include "queues/detail/messages.h"
#include "queues/queues.h"
#include "queues/receipt.h"

namespace tocsin::queues {
namespace {

constexpr std::int64_t visibility_max_s = 43'200;

std::unexpected<Error> refuse(std::string_view handle, std::string_view why) {
  return fail(ErrorCode::validation,
              fmt::format("Value {} for parameter ReceiptHandle is invalid. Reason: {}", handle, why),
              "InvalidParameterValue");
}

// The handle of a message of this queue. Error: validation, "ReceiptHandleIsInvalid".
Result<Receipt> receipt_in(const json::object& entry, const Queue& queue) {
  auto receipt = read_receipt(string_at(entry, "ReceiptHandle"));
  if (receipt && receipt->queue != queue.id)
    return fail(ErrorCode::validation, "The input receipt handle is invalid: it belongs to another queue.",
                "ReceiptHandleIsInvalid");
  return receipt;
}

// The message, if the handle is from its latest reception; nothing if it is gone or was received again since.
std::optional<StoredMessage> message_in_hand(store::Reader& reader, const Queue& queue, const Receipt& receipt) {
  if (receipt.box != queue.box) return std::nullopt;  // the queue was purged
  auto message = find_message(reader, receipt.box, receipt.sequence);
  if (!message || message->nonce != receipt.nonce) return std::nullopt;
  return message;
}

// Deleting what is gone succeeds, so that a receiver may say it twice.
Result<json::object> delete_one(store::Transaction& transaction, const Queue& queue, const json::object& entry) {
  auto receipt = receipt_in(entry, queue);
  if (!receipt) return pass_on(receipt);
  const auto message = message_in_hand(transaction, queue, *receipt);
  if (!message) return json::object{};
  // In a FIFO queue another receiver may have the group by now.
  if (queue.settings.fifo && message->visible_at <= transaction.now())
    return refuse(string_at(entry, "ReceiptHandle"), "The receipt handle has expired.");
  remove_message(transaction, queue, *message);
  return json::object{};
}

Result<json::object> change_one(store::Transaction& transaction, const Queue& queue, const json::object& entry) {
  auto receipt = receipt_in(entry, queue);
  if (!receipt) return pass_on(receipt);
  const auto timeout_s = entry.contains("VisibilityTimeout") ? integer_at(entry, "VisibilityTimeout", -1) : 0;
  if (timeout_s < 0 || timeout_s > visibility_max_s)
    return fail(
        ErrorCode::validation,
        fmt::format("Value {} for parameter VisibilityTimeout is invalid. Reason: VisibilityTimeout must be an integer "
                    "between 0 and 43200.",
                    to_json(entry.at("VisibilityTimeout"))),
        "InvalidParameterValue");
  const auto message = message_in_hand(transaction, queue, *receipt);
  if (!message)
    return refuse(string_at(entry, "ReceiptHandle"),
                  "Message does not exist or is not available for visibility timeout change.");
  if (message->visible_at <= transaction.now())
    return fail(ErrorCode::validation, "The message referred to isn't in flight.", "MessageNotInflight");
  const Time visible_at = transaction.now() + std::chrono::seconds{timeout_s};
  if (visible_at > message->received_at + std::chrono::seconds{visibility_max_s})
    return fail(
        ErrorCode::validation,
        fmt::format("Value {} for parameter VisibilityTimeout is invalid. Reason: Total VisibilityTimeout for the "
                    "message is beyond the limit [43200 seconds].",
                    timeout_s),
        "InvalidParameterValue");
  set_visible_at(transaction, queue, *message, visible_at);
  return json::object{};
}

}  // namespace

service::Answer Queues::delete_message(store::Transaction& transaction, const service::Call& call) {
  auto queue = find_queue_by_url(transaction, call.input, identity_);
  if (!queue) return pass_on(queue);
  return delete_one(transaction, *queue, call.input);
}

service::Answer Queues::delete_message_batch(store::Transaction& transaction, const service::Call& call) {
  if (auto checked = check_batch(call.input, "DeleteMessageBatchRequestEntry"); !checked) return pass_on(checked);
  auto queue = find_queue_by_url(transaction, call.input, identity_);
  if (!queue) return pass_on(queue);
  return run_batch(call.input, [&](const json::object& entry) { return delete_one(transaction, *queue, entry); });
}

service::Answer Queues::change_message_visibility(store::Transaction& transaction, const service::Call& call) {
  auto queue = find_queue_by_url(transaction, call.input, identity_);
  if (!queue) return pass_on(queue);
  return change_one(transaction, *queue, call.input);
}

service::Answer Queues::change_message_visibility_batch(store::Transaction& transaction, const service::Call& call) {
  if (auto checked = check_batch(call.input, "ChangeMessageVisibilityBatchRequestEntry"); !checked)
    return pass_on(checked);
  auto queue = find_queue_by_url(transaction, call.input, identity_);
  if (!queue) return pass_on(queue);
  return run_batch(call.input, [&](const json::object& entry) { return change_one(transaction, *queue, entry); });
}

}  // namespace tocsin::queues
