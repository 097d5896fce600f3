// Message queues as SQS has them: standard and FIFO, visibility timeouts, delays, retention, dead-letter queues, long
// polling, batches, and the digests that clients check. Durable: a message that was acknowledged is there until it
// is deleted, expires, or moves to the dead-letter queue.
//
// Every message lies in a box, and each queue has one box at a time: purging gives the queue a new box, and
// deleting takes the box away, so both are immediate however many messages there are. The old box is cleared in the
// background. For the same reason there is no PurgeQueueInProgress and no QueueDeletedRecently here.
//
// Not here: server-side encryption (the attributes are kept and shown), policies (kept and shown; who may call is
// decided by access), and ReceiveRequestAttemptId (accepted, without effect).
#pragma once

#include <map>
#include <mutex>
#include <span>
#include <string>
#include <string_view>

#include "core/identity.h"
#include "service/destination.h"
#include "service/service.h"
#include "store/store.h"

namespace tocsin::queues {

std::span<const store::Migration> migrations();

// What GetQueueAttributes counts, and the monitoring reads.
struct Depth {
  std::int64_t visible = 0;
  std::int64_t in_flight = 0;
  std::int64_t delayed = 0;
};

class Queues final : public service::Destination {
 public:
  explicit Queues(Identity identity) : identity_{std::move(identity)} {}

  // The operations of "sqs". This object must outlive them.
  service::Service service();
  // Registers the handlers of the room's timers and background work. Before the store starts.
  void attach(store::Outbox& outbox);
  // Reads what long polls need to know before an operation runs. Once, after the store was opened.
  Result<void> load(store::Reader& reader);

  // Puts a message into the queue with this ARN. A FIFO queue needs a group id; where neither a deduplication id nor
  // content-based deduplication is there, the idempotency key serves. Error: not_found (no such queue) or validation
  // (the message does not fit), both final.
  Result<void> deliver(store::Transaction& transaction, const std::string& arn,
                       const service::Message& message) override;

  // Error: not_found, "QueueDoesNotExist".
  Result<Depth> depth(store::Reader& reader, std::string_view name) const;

  service::Answer create_queue(store::Transaction& transaction, const service::Call& call);
  service::Answer delete_queue(store::Transaction& transaction, const service::Call& call);
  service::Answer purge_queue(store::Transaction& transaction, const service::Call& call);
  service::Answer set_queue_attributes(store::Transaction& transaction, const service::Call& call);
  service::Answer tag_queue(store::Transaction& transaction, const service::Call& call);
  service::Answer untag_queue(store::Transaction& transaction, const service::Call& call);
  service::Answer get_queue_url(store::Reader& reader, const service::Call& call) const;
  service::Answer list_queues(store::Reader& reader, const service::Call& call) const;
  service::Answer list_queue_tags(store::Reader& reader, const service::Call& call) const;
  service::Answer get_queue_attributes(store::Reader& reader, const service::Call& call) const;
  service::Answer list_dead_letter_source_queues(store::Reader& reader, const service::Call& call) const;

  Result<service::PreparedWrite> send_message(const service::Call& call) const;
  Result<service::PreparedWrite> send_message_batch(const service::Call& call) const;
  service::Answer receive_message(store::Transaction& transaction, const service::Call& call);
  service::Answer delete_message(store::Transaction& transaction, const service::Call& call);
  service::Answer delete_message_batch(store::Transaction& transaction, const service::Call& call);
  service::Answer change_message_visibility(store::Transaction& transaction, const service::Call& call);
  service::Answer change_message_visibility_batch(store::Transaction& transaction, const service::Call& call);

  service::Answer start_message_move_task(store::Transaction& transaction, const service::Call& call);
  service::Answer cancel_message_move_task(store::Transaction& transaction, const service::Call& call);
  service::Answer list_message_move_tasks(store::Reader& reader, const service::Call& call) const;

 private:
  // One portion of a move task.
  Result<void> move_some(store::Transaction& transaction, const std::string& handle);
  std::optional<service::Wait> wait_of(const service::Call& call, const json::object& answer) const;
  void remember_wait(const std::string& name, std::chrono::seconds wait);
  std::string url_of(const service::Call& call, std::string_view name) const;

  Identity identity_;
  mutable std::mutex mutex_;  // guards what follows
  std::map<std::string, std::chrono::seconds, std::less<>>
      waits_;  // by queue name: ReceiveMessageWaitTimeSeconds, if any
};

}  // namespace tocsin::queues
