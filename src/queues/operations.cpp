// The table of operations, and what the room does on its own time.
#include <charconv>

#include "queues/detail/messages.h"
#include "queues/detail/queue_table.h"
#include "queues/queues.h"
#include "store/outbox.h"

namespace tocsin::queues {
namespace {

constexpr std::size_t per_run_max = 500;
// Between two sweeps of one queue, however its messages' retentions are spread.
constexpr std::chrono::seconds sweep_pause{10};

std::int64_t box_in(const store::Due& due) {
  std::int64_t box = 0;
  std::from_chars(due.destination.data(), due.destination.data() + due.destination.size(), box);
  return box;
}

}  // namespace

void Queues::attach(store::Outbox& outbox) {
  outbox.handle("queue-wake", [](store::Transaction& transaction, const store::Due& due) -> Result<void> {
    transaction.signal(due.destination);
    return {};
  });
  outbox.handle("queue-clear", [](store::Transaction& transaction, const store::Due& due) -> Result<void> {
    if (!clear_box(transaction, box_in(due), per_run_max))
      store::Outbox::add(
          transaction,
          {.kind = due.kind, .destination = due.destination, .payload = "", .key = due.key, .lane = store::Lane::bulk});
    return {};
  });
  outbox.handle("queue-sweep", [this](store::Transaction& transaction, const store::Due& due) -> Result<void> {
    const auto queue = find_queue_by_box(transaction, box_in(due), identity_);
    if (!queue) return {};
    const bool more = sweep(transaction, *queue, per_run_max) == per_run_max;
    const auto next = next_expiry(transaction, *queue);
    if (next)
      sweep_later(transaction, *queue, more ? transaction.now() : std::max(*next, transaction.now() + sweep_pause));
    return {};
  });
  outbox.handle("queue-move", [this](store::Transaction& transaction, const store::Due& due) -> Result<void> {
    return move_some(transaction, due.destination);
  });
}

Result<void> Queues::load(store::Reader& reader) {
  auto rows = reader.query("SELECT name, attributes FROM queue");
  while (rows.next()) {
    const auto attributes = parse_json_object(rows.text(1)).value_or(json::object{});
    remember_wait(rows.string(0), read_settings(attributes).receive_wait);
  }
  if (reader.failure()) return std::unexpected(*reader.failure());
  return {};
}

void Queues::remember_wait(const std::string& name, std::chrono::seconds wait) {
  std::lock_guard lock{mutex_};
  if (wait.count() == 0)
    waits_.erase(name);
  else
    waits_.insert_or_assign(name, wait);
}

service::Service Queues::service() {
  using service::Call;
  using service::Prepare;
  using service::Read;
  using service::Write;
  using Writer = service::Answer (Queues::*)(store::Transaction&, const Call&);
  using Asker = service::Answer (Queues::*)(store::Reader&, const Call&) const;
  using Preparer = Result<service::PreparedWrite> (Queues::*)(const Call&) const;
  const auto write = [this](Writer method) {
    return Write{[this, method](store::Transaction& transaction, const Call& call) {
      return (this->*method)(transaction, call);
    }};
  };
  const auto read = [this](Asker method) {
    return Read{[this, method](store::Reader& reader, const Call& call) { return (this->*method)(reader, call); }};
  };
  const auto prepare = [this](Preparer method) {
    return Prepare{[this, method](const Call& call) { return (this->*method)(call); }};
  };
  service::Service sqs{.id = "sqs", .operations = {}};
  const auto add = [&](std::string name, auto run) {
    sqs.operations.push_back({.name = std::move(name), .run = std::move(run)});
  };
  add("CreateQueue", write(&Queues::create_queue));
  add("DeleteQueue", write(&Queues::delete_queue));
  add("PurgeQueue", write(&Queues::purge_queue));
  add("SetQueueAttributes", write(&Queues::set_queue_attributes));
  add("TagQueue", write(&Queues::tag_queue));
  add("UntagQueue", write(&Queues::untag_queue));
  add("GetQueueUrl", read(&Queues::get_queue_url));
  add("ListQueues", read(&Queues::list_queues));
  add("ListQueueTags", read(&Queues::list_queue_tags));
  add("GetQueueAttributes", read(&Queues::get_queue_attributes));
  add("ListDeadLetterSourceQueues", read(&Queues::list_dead_letter_source_queues));
  add("SendMessage", prepare(&Queues::send_message));
  add("SendMessageBatch", prepare(&Queues::send_message_batch));
  add("DeleteMessage", write(&Queues::delete_message));
  add("DeleteMessageBatch", write(&Queues::delete_message_batch));
  add("ChangeMessageVisibility", write(&Queues::change_message_visibility));
  add("ChangeMessageVisibilityBatch", write(&Queues::change_message_visibility_batch));
  add("StartMessageMoveTask", write(&Queues::start_message_move_task));
  add("CancelMessageMoveTask", write(&Queues::cancel_message_move_task));
  add("ListMessageMoveTasks", read(&Queues::list_message_move_tasks));
  add("ReceiveMessage", write(&Queues::receive_message));
  sqs.operations.back().wait = [this](const Call& call, const json::object& answer) { return wait_of(call, answer); };
  return sqs;
}

}  // namespace tocsin::queues
