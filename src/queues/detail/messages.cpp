#include "queues/detail/messages.h"

#include <algorithm>

#include <fmt/format.h>

#include "queues/detail/groups.h"
#include "store/outbox.h"

namespace tocsin::queues {
namespace {

constexpr std::string_view columns =
    "sequence, id, body, attributes, system_attributes, sender, group_id, deduplication_id, source_arn, sent_at, "
    "visible_at, received_at, first_received_at, received, received_before, nonce";

StoredMessage read_message(const store::Rows& row) {
  StoredMessage message;
  message.sequence = row.integer(0);
  message.id = row.string(1);
  message.body = std::string(row.blob(2));
  message.attributes = row.string(3);
  message.system_attributes = row.string(4);
  message.sender = row.string(5);
  message.group_id = row.string(6);
  message.deduplication_id = row.string(7);
  message.source_arn = row.string(8);
  message.sent_at = row.time(9);
  message.visible_at = row.time(10);
  message.received_at = row.time(11);
  message.first_received_at = row.time(12);
  message.received = static_cast<int>(row.integer(13));
  message.received_before = static_cast<int>(row.integer(14));
  message.nonce = row.integer(15);
  return message;
}

std::vector<StoredMessage> read_all(store::Rows rows) {
  std::vector<StoredMessage> messages;
  while (rows.next()) messages.push_back(read_message(rows));
  return messages;
}

Time cutoff(const store::Reader& reader, const Queue& queue) {
  return reader.now() - queue.settings.retention;
}

// Groups that can be received now, in turn; from each as many messages as fit, in order.
std::vector<StoredMessage> find_receivable_fifo(store::Reader& reader, const Queue& queue, std::size_t count_max) {
  static const std::string sql = fmt::format(
      "SELECT {} FROM queue_message WHERE box = ? AND group_id = ? AND group_id <> '' ORDER BY sequence LIMIT ?",
      columns);
  std::vector<StoredMessage> messages;
  for (const auto& group : ready_groups(reader, queue.box, count_max)) {
    auto rows = reader.query(sql, queue.box, group, count_max - messages.size());
    while (rows.next()) {
      auto message = read_message(rows);
      if (message.visible_at > reader.now()) break;  // delayed still, and so is what follows
      if (message.sent_at > cutoff(reader, queue)) messages.push_back(std::move(message));
    }
    if (messages.size() >= count_max) break;
  }
  return messages;
}

}  // namespace

std::int64_t add_message(store::Transaction& transaction, const Queue& queue, StoredMessage message) {
  {
    auto rows = transaction.query(
        "UPDATE queue_box SET last_sequence = last_sequence + 1, messages = messages + 1 WHERE id = ? "
        "RETURNING last_sequence, messages",
        queue.box);
    if (!rows.next()) return 0;
    message.sequence = rows.integer(0);
    if (rows.integer(1) == 1) sweep_later(transaction, queue, message.sent_at + queue.settings.retention);
  }
  transaction.execute(
      "INSERT INTO queue_message (box, sequence, id, body, attributes, system_attributes, sender, group_id, "
      "deduplication_id, source_arn, sent_at, visible_at, received_at, first_received_at, received, received_before, "
      "nonce) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      queue.box, message.sequence, message.id, store::Blob{message.body}, message.attributes, message.system_attributes,
      message.sender, message.group_id, message.deduplication_id, message.source_arn, message.sent_at,
      message.visible_at, message.received_at, message.first_received_at, message.received, message.received_before,
      message.nonce);
  if (queue.settings.fifo) join_group(transaction, queue.box, message.group_id, message.sequence, message.visible_at);
  transaction.signal(signal_of(queue));
  return message.sequence;
}

std::optional<StoredMessage> find_message(store::Reader& reader, std::int64_t box, std::int64_t sequence) {
  static const std::string sql = fmt::format("SELECT {} FROM queue_message WHERE box = ? AND sequence = ?", columns);
  auto rows = reader.query(sql, box, sequence);
  if (!rows.next()) return std::nullopt;
  return read_message(rows);
}

void remove_message(store::Transaction& transaction, const Queue& queue, const StoredMessage& message) {
  const auto removed =
      transaction.execute("DELETE FROM queue_message WHERE box = ? AND sequence = ?", queue.box, message.sequence);
  transaction.execute("UPDATE queue_box SET messages = messages - ? WHERE id = ?", removed, queue.box);
  if (!queue.settings.fifo) return;
  refresh_group(transaction, queue.box, message.group_id);
  transaction.signal(signal_of(queue));  // what the message held back can be received
}

void mark_received(store::Transaction& transaction, const Queue& queue, StoredMessage& message, Time visible_at) {
  if (message.first_received_at == Time{}) message.first_received_at = transaction.now();
  message.received_at = transaction.now();
  message.visible_at = visible_at;
  message.received += 1;
  message.nonce = static_cast<std::int64_t>(transaction.random().next());
  transaction.execute(
      "UPDATE queue_message SET visible_at = ?, received_at = ?, first_received_at = ?, received = ?, nonce = ? "
      "WHERE box = ? AND sequence = ?",
      visible_at, message.received_at, message.first_received_at, message.received, message.nonce, queue.box,
      message.sequence);
  if (queue.settings.fifo) refresh_group(transaction, queue.box, message.group_id);
}

void set_visible_at(store::Transaction& transaction, const Queue& queue, const StoredMessage& message,
                    Time visible_at) {
  transaction.execute("UPDATE queue_message SET visible_at = ? WHERE box = ? AND sequence = ?", visible_at, queue.box,
                      message.sequence);
  if (queue.settings.fifo) refresh_group(transaction, queue.box, message.group_id);
  transaction.signal(signal_of(queue));
}

void move_message(store::Transaction& transaction, const Queue& from, const StoredMessage& message, const Queue& to,
                  std::string source_arn) {
  remove_message(transaction, from, message);
  StoredMessage moved = message;
  moved.source_arn = std::move(source_arn);
  moved.received_before += moved.received;
  moved.received = 0;
  moved.nonce = 0;
  moved.visible_at = transaction.now();
  // Retention goes on from the first sending; in FIFO queues it starts anew.
  // Source: Amazon SQS Developer Guide, "Understanding message retention periods for dead-letter queues".
  if (to.settings.fifo) moved.sent_at = transaction.now();
  add_message(transaction, to, std::move(moved));
}

std::vector<StoredMessage> find_receivable(store::Reader& reader, const Queue& queue, std::size_t count_max) {
  if (queue.settings.fifo) return find_receivable_fifo(reader, queue, count_max);
  static const std::string sql = fmt::format(
      "SELECT {} FROM queue_message WHERE box = ? AND visible_at <= ? AND sent_at > ? ORDER BY visible_at, sequence "
      "LIMIT ?",
      columns);
  return read_all(reader.query(sql, queue.box, reader.now(), cutoff(reader, queue), count_max));
}

std::vector<StoredMessage> find_in_order(store::Reader& reader, const Queue& queue, std::int64_t after,
                                         std::size_t count_max) {
  static const std::string sql =
      fmt::format("SELECT {} FROM queue_message WHERE box = ? AND sequence > ? ORDER BY sequence LIMIT ?", columns);
  return read_all(reader.query(sql, queue.box, after, count_max));
}

std::optional<Time> next_visible(store::Reader& reader, const Queue& queue) {
  auto rows = queue.settings.fifo
                  ? reader.query("SELECT min(ready_at) FROM queue_group WHERE box = ? AND ready_at > ?", queue.box,
                                 reader.now())
                  : reader.query("SELECT min(visible_at) FROM queue_message WHERE box = ? AND visible_at > ?",
                                 queue.box, reader.now());
  if (!rows.next() || rows.is_null(0)) return std::nullopt;
  return rows.time(0);
}

Depth depth_of(store::Reader& reader, const Queue& queue) {
  Depth depth;
  {
    // Hidden messages are counted on the index; what can be received is the rest, so a deep queue costs nothing.
    auto rows = reader.query(
        "SELECT count(*), coalesce(sum(CASE WHEN received = 0 THEN 1 ELSE 0 END), 0) FROM queue_message "
        "WHERE box = ? AND visible_at > ?",
        queue.box, reader.now());
    if (rows.next()) {
      depth.delayed = rows.integer(1);
      depth.in_flight = rows.integer(0) - depth.delayed;
    }
  }
  const std::int64_t expired =
      reader.integer("SELECT count(*) FROM queue_message WHERE box = ? AND sent_at <= ? AND visible_at <= ?", 0,
                     queue.box, cutoff(reader, queue), reader.now());
  const std::int64_t all = reader.integer("SELECT messages FROM queue_box WHERE id = ?", 0, queue.box);
  depth.visible = std::max<std::int64_t>(0, all - depth.delayed - depth.in_flight - expired);
  return depth;
}

std::size_t sweep(store::Transaction& transaction, const Queue& queue, std::size_t count_max) {
  static const std::string sql =
      fmt::format("SELECT {} FROM queue_message WHERE box = ? AND sent_at <= ? ORDER BY sent_at LIMIT ?", columns);
  const auto expired = read_all(transaction.query(sql, queue.box, cutoff(transaction, queue), count_max));
  for (const auto& message : expired) remove_message(transaction, queue, message);
  return expired.size();
}

void sweep_later(store::Transaction& transaction, const Queue& queue, Time due) {
  const std::string key = fmt::format("queue-sweep:{}", queue.box);
  store::Outbox::cancel(transaction, key);
  store::Outbox::add(transaction, {.kind = "queue-sweep",
                                   .destination = std::to_string(queue.box),
                                   .payload = "",
                                   .key = key,
                                   .lane = store::Lane::bulk,
                                   .due = due});
}

std::optional<Time> next_expiry(store::Reader& reader, const Queue& queue) {
  auto rows = reader.query("SELECT min(sent_at) FROM queue_message WHERE box = ?", queue.box);
  if (!rows.next() || rows.is_null(0)) return std::nullopt;
  return rows.time(0) + queue.settings.retention;
}

bool clear_box(store::Transaction& transaction, std::int64_t box, std::size_t count_max) {
  const auto removed = transaction.execute(
      "DELETE FROM queue_message WHERE box = ? AND sequence IN "
      "(SELECT sequence FROM queue_message WHERE box = ? ORDER BY sequence LIMIT ?)",
      box, box, count_max);
  if (removed == static_cast<std::int64_t>(count_max)) return false;
  const auto left = transaction.execute(
      "DELETE FROM queue_group WHERE box = ? AND name IN (SELECT name FROM queue_group WHERE box = ? LIMIT ?)", box,
      box, count_max);
  if (left == static_cast<std::int64_t>(count_max)) return false;
  transaction.execute("DELETE FROM queue_box WHERE id = ?", box);
  store::Outbox::cancel(transaction, fmt::format("queue-sweep:{}", box));
  return true;
}

}  // namespace tocsin::queues
