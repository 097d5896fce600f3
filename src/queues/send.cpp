// SendMessage, SendMessageBatch, and messages that other rooms put into queues.
#include <fmt/format.h>

#include "digest/digest.h"
#include "message/attributes.h"
#include "queues/detail/batch.h"
#include "queues/detail/draft.h"
#include "queues/detail/queue_table.h"
#include "queues/queues.h"

namespace tocsin::queues {
namespace {

struct Entry {
  std::string id;
  Result<Draft> draft;
};

}  // namespace

Result<service::PreparedWrite> Queues::send_message(const service::Call& call) const {
  auto draft = read_draft(call.input, call.caller.user_id);
  if (!draft) return pass_on(draft);
  auto name = name_from_url(string_at(call.input, "QueueUrl"), identity_);
  if (!name) return pass_on(name);
  return [this, name = std::move(*name),
          draft = std::move(*draft)](store::Transaction& transaction) mutable -> service::Answer {
    auto queue = find_queue(transaction, name, identity_);
    if (!queue) return pass_on(queue);
    return post(transaction, *queue, draft);  // copied: the change may be run again
  };
}

Result<service::PreparedWrite> Queues::send_message_batch(const service::Call& call) const {
  if (auto checked = check_batch(call.input, "SendMessageBatchRequestEntry"); !checked) return pass_on(checked);
  auto name = name_from_url(string_at(call.input, "QueueUrl"), identity_);
  if (!name) return pass_on(name);
  std::size_t bytes = 0;
  std::vector<Entry> entries;
  for (const auto& value : call.input.at("Entries").get_array()) {
    const auto& input = value.get_object();
    entries.push_back({std::string(string_at(input, "Id")), read_draft(input, call.caller.user_id)});
    const auto& draft = entries.back().draft;
    bytes += draft ? draft->bytes : string_at(input, "MessageBody").size();
  }
  if (bytes > request_bytes_max)
    return fail(
        ErrorCode::validation,
        fmt::format("Batch requests cannot be longer than {} bytes. You have sent {} bytes.", request_bytes_max, bytes),
        "BatchRequestTooLong");
  return [this, name = std::move(*name),
          entries = std::move(entries)](store::Transaction& transaction) mutable -> service::Answer {
    auto queue = find_queue(transaction, name, identity_);
    if (!queue) return pass_on(queue);
    json::array successful, failed;
    for (const auto& entry : entries) {
      auto sent = entry.draft ? post(transaction, *queue, *entry.draft) : std::unexpected(entry.draft.error());
      if (sent) {
        sent->emplace("Id", entry.id);
        successful.push_back(std::move(*sent));
      } else {
        failed.push_back(failed_entry(entry.id, sent.error()));
      }
    }
    return json::object{{"Successful", std::move(successful)}, {"Failed", std::move(failed)}};
  };
}

Result<void> Queues::deliver(store::Transaction& transaction, const std::string& arn, const service::Message& message) {
  auto name = name_from_arn(arn, identity_);
  if (!name) return pass_on(name);
  auto queue = find_queue(transaction, *name, identity_);
  if (!queue) return pass_on(queue);
  json::object input{{"MessageBody", message.body}, {"MessageAttributes", message.attributes}};
  if (!message.group_id.empty()) input.emplace("MessageGroupId", message.group_id);
  if (!message.deduplication_id.empty() && queue->settings.fifo)
    input.emplace("MessageDeduplicationId", message.deduplication_id);
  auto draft = read_draft(input, identity_.account, delivery_bytes_max);
  if (!draft) return pass_on(draft);
  draft->from_client = false;
  if (!message.idempotency_key.empty()) draft->fallback_deduplication_id = digest::sha256_hex(message.idempotency_key);
  auto posted = post(transaction, *queue, std::move(*draft));
  if (!posted) return pass_on(posted);
  return {};
}

}  // namespace tocsin::queues
