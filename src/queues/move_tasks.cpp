// Message move tasks: what lies in a dead-letter queue goes back to where it came from, or to another queue, in the
// background. A message that is moved is a new one: new id, new time, no receptions.
#include <fmt/format.h>

#include "digest/digest.h"
#include "queues/detail/messages.h"
#include "queues/detail/queue_table.h"
#include "queues/queues.h"
#include "store/outbox.h"

namespace tocsin::queues {
namespace {

constexpr std::int64_t per_second_max = 500;
constexpr std::int64_t per_run_max = 100;
constexpr int tasks_kept = 10;
constexpr std::string_view columns =
    "handle, source, destination, per_second, status, failure, moved, to_move, last_sequence, started";

struct MoveTask {
  std::string handle;
  std::string source;
  std::string destination;
  std::int64_t per_second = 0;  // 0: as fast as it goes
  std::string status;
  std::string failure;
  std::int64_t moved = 0;
  std::int64_t to_move = 0;
  std::int64_t last_sequence = 0;  // what came later stays
  Time started{};
};

MoveTask read_task(const store::Rows& row) {
  return {.handle = row.string(0),
          .source = row.string(1),
          .destination = row.string(2),
          .per_second = row.integer(3),
          .status = row.string(4),
          .failure = row.string(5),
          .moved = row.integer(6),
          .to_move = row.integer(7),
          .last_sequence = row.integer(8),
          .started = row.time(9)};
}

std::optional<MoveTask> find_task(store::Reader& reader, std::string_view handle) {
  auto rows = reader.query(fmt::format("SELECT {} FROM queue_move WHERE handle = ?", columns), handle);
  if (!rows.next()) return std::nullopt;
  return read_task(rows);
}

void write_progress(store::Transaction& transaction, const MoveTask& task) {
  transaction.execute("UPDATE queue_move SET status = ?, failure = ?, moved = ? WHERE handle = ?", task.status,
                      task.failure, task.moved, task.handle);
}

void continue_at(store::Transaction& transaction, const std::string& handle, Time due) {
  store::Outbox::add(transaction, {.kind = "queue-move",
                                   .destination = handle,
                                   .payload = "",
                                   .key = "queue-move:" + handle,
                                   .lane = store::Lane::bulk,
                                   .due = due});
}

std::unexpected<Error> no_such_resource(std::string_view what) {
  return fail(ErrorCode::not_found,
              fmt::format("The resource that you specified for the {} parameter doesn't exist.", what),
              "ResourceNotFoundException");
}

Result<Queue> find_by_arn(store::Reader& reader, std::string_view arn, std::string_view parameter,
                          const Identity& identity) {
  auto name = name_from_arn(arn, identity);
  if (!name) return no_such_resource(parameter);
  auto queue = find_queue(reader, *name, identity);
  if (!queue) return no_such_resource(parameter);
  return queue;
}

// Where a message goes; nothing, with the reason in `failure`, if that cannot be told.
std::optional<Queue> target_of(store::Reader& reader, const MoveTask& task, const StoredMessage& message,
                               const Identity& identity, std::string& failure) {
  const std::string& arn = task.destination.empty() ? message.source_arn : task.destination;
  if (arn.empty()) {
    failure = "CouldNotDetermineMessageSource";
    return std::nullopt;
  }
  auto queue = find_by_arn(reader, arn, "DestinationArn", identity);
  if (queue) return std::move(*queue);
  failure = "AWS.SimpleQueueService.NonExistentQueue";
  return std::nullopt;
}

void move_as_new(store::Transaction& transaction, const Queue& from, const StoredMessage& message, const Queue& to) {
  remove_message(transaction, from, message);
  StoredMessage fresh = message;
  fresh.id = make_uuid(transaction.random());
  fresh.source_arn.clear();
  fresh.sent_at = fresh.visible_at = transaction.now();
  fresh.received_at = fresh.first_received_at = Time{};
  fresh.received = fresh.received_before = 0;
  fresh.nonce = 0;
  add_message(transaction, to, std::move(fresh));
}

}  // namespace

service::Answer Queues::start_message_move_task(store::Transaction& transaction, const service::Call& call) {
  auto source = find_by_arn(transaction, string_at(call.input, "SourceArn"), "SourceArn", identity_);
  if (!source) return pass_on(source);
  if (!transaction.exists("SELECT 1 FROM queue WHERE dead_letter_target = ?", source->arn))
    return fail(ErrorCode::validation, "Source queue must be configured as a Dead Letter Queue.",
                "InvalidParameterValue");
  MoveTask task;
  task.source = source->arn;
  task.status = "RUNNING";
  task.started = transaction.now();
  if (const auto arn = string_at(call.input, "DestinationArn"); !arn.empty()) {
    auto destination = find_by_arn(transaction, arn, "DestinationArn", identity_);
    if (!destination) return pass_on(destination);
    if (destination->id == source->id || destination->settings.fifo != source->settings.fifo)
      return fail(ErrorCode::validation, "The destination is another queue of the same type as the source.",
                  "InvalidParameterValue");
    task.destination = destination->arn;
  }
  task.per_second = integer_at(call.input, "MaxNumberOfMessagesPerSecond", 0);
  if (task.per_second < 0 || task.per_second > per_second_max)
    return fail(ErrorCode::validation,
                "Value for parameter MaxNumberOfMessagesPerSecond is invalid. Reason: You must choose "
                "a number that is between 1 and 500.",
                "InvalidParameterValue");
  if (transaction.exists("SELECT 1 FROM queue_move WHERE source = ? AND status = 'RUNNING'", source->arn))
    return fail(
        ErrorCode::validation,
        "There is already a task running. Only one active task is allowed for a source queue arn at a given time.",
        "InvalidParameterValue");
  task.handle =
      digest::base64(to_json(json::object{{"taskId", make_uuid(transaction.random())}, {"sourceArn", source->arn}}));
  task.last_sequence = transaction.integer("SELECT last_sequence FROM queue_box WHERE id = ?", 0, source->box);
  const Depth depth = depth_of(transaction, *source);
  task.to_move = depth.visible;
  transaction.execute(
      "INSERT INTO queue_move (handle, source, destination, per_second, status, failure, moved, to_move, "
      "last_sequence, "
      "started) VALUES (?, ?, ?, ?, ?, '', 0, ?, ?, ?)",
      task.handle, task.source, task.destination, task.per_second, task.status, task.to_move, task.last_sequence,
      task.started);
  transaction.execute(
      "DELETE FROM queue_move WHERE source = ? AND status <> 'RUNNING' AND handle NOT IN (SELECT handle FROM "
      "queue_move "
      "WHERE source = ? ORDER BY started DESC, handle LIMIT ?)",
      source->arn, source->arn, tasks_kept);
  continue_at(transaction, task.handle, Time{});
  return json::object{{"TaskHandle", task.handle}};
}

service::Answer Queues::cancel_message_move_task(store::Transaction& transaction, const service::Call& call) {
  auto task = find_task(transaction, string_at(call.input, "TaskHandle"));
  if (!task) return no_such_resource("TaskHandle");
  if (task->status != "RUNNING")
    return fail(ErrorCode::validation, "Only active tasks can be cancelled.", "UnsupportedOperation");
  task->status = "CANCELLED";
  write_progress(transaction, *task);
  store::Outbox::cancel(transaction, "queue-move:" + task->handle);
  return json::object{{"ApproximateNumberOfMessagesMoved", task->moved}};
}

service::Answer Queues::list_message_move_tasks(store::Reader& reader, const service::Call& call) const {
  auto source = find_by_arn(reader, string_at(call.input, "SourceArn"), "SourceArn", identity_);
  if (!source) return pass_on(source);
  const auto count = integer_at(call.input, "MaxResults", 1);
  if (count < 1 || count > tasks_kept)
    return fail(ErrorCode::validation, "Value for parameter MaxResults is invalid. Reason: must be between 1 and 10.",
                "InvalidParameterValue");
  json::array results;
  auto rows = reader.query(
      fmt::format("SELECT {} FROM queue_move WHERE source = ? ORDER BY started DESC, handle LIMIT ?", columns),
      source->arn, count);
  while (rows.next()) {
    const MoveTask task = read_task(rows);
    json::object entry{{"Status", task.status},
                       {"SourceArn", task.source},
                       {"ApproximateNumberOfMessagesMoved", task.moved},
                       {"ApproximateNumberOfMessagesToMove", task.to_move},
                       {"StartedTimestamp", to_microseconds(task.started) / 1000}};
    if (task.status == "RUNNING") entry.emplace("TaskHandle", task.handle);
    if (!task.destination.empty()) entry.emplace("DestinationArn", task.destination);
    if (task.per_second > 0) entry.emplace("MaxNumberOfMessagesPerSecond", task.per_second);
    if (!task.failure.empty()) entry.emplace("FailureReason", task.failure);
    results.push_back(std::move(entry));
  }
  return json::object{{"Results", std::move(results)}};
}

Result<void> Queues::move_some(store::Transaction& transaction, const std::string& handle) {
  auto task = find_task(transaction, handle);
  if (!task || task->status != "RUNNING") return {};
  auto source = find_by_arn(transaction, task->source, "SourceArn", identity_);
  if (!source) {
    task->status = "FAILED";
    task->failure = "AWS.SimpleQueueService.NonExistentQueue";
    write_progress(transaction, *task);
    return {};
  }
  const std::int64_t count = task->per_second > 0 ? std::min(task->per_second, per_run_max) : per_run_max;
  std::int64_t moved = 0;
  for (const auto& message : find_receivable(transaction, *source, static_cast<std::size_t>(count))) {
    if (message.sequence > task->last_sequence) continue;
    const auto target = target_of(transaction, *task, message, identity_, task->failure);
    if (!target) {
      task->status = "FAILED";
      break;
    }
    move_as_new(transaction, *source, message, *target);
    ++moved;
  }
  task->moved += moved;
  if (moved == 0 && task->status == "RUNNING") task->status = "COMPLETED";
  write_progress(transaction, *task);
  if (task->status != "RUNNING") return {};
  const auto pause =
      task->per_second > 0 ? Microseconds{std::chrono::seconds{1}} * moved / task->per_second : Microseconds{0};
  continue_at(transaction, handle, transaction.now() + pause);
  return {};
}

}  // namespace tocsin::queues
