#include "queues/detail/groups.h"

#include <algorithm>

namespace tocsin::queues {
namespace {

constexpr std::chrono::minutes deduplication_interval{5};
// Each new id takes away so many old ones, so that the table stays as large as five minutes' worth.
constexpr int expired_removed_max = 4;

}  // namespace

void join_group(store::Transaction& transaction, std::int64_t box, std::string_view group, std::int64_t sequence,
                Time visible_at) {
  transaction.execute(
      "INSERT INTO queue_group (box, name, head, ready_at) VALUES (?, ?, ?, ?) ON CONFLICT (box, name) DO NOTHING", box,
      group, sequence, visible_at);
}

void refresh_group(store::Transaction& transaction, std::int64_t box, std::string_view group) {
  std::int64_t head = 0;
  Time ready_at{};
  {
    // Received messages are the first ones of a group, as nothing is handed out past one that is in flight; there
    // are never more of them than one reception takes.
    auto rows = transaction.query(
        "SELECT sequence, visible_at, received FROM queue_message WHERE box = ? AND group_id = ? AND group_id <> '' "
        "ORDER BY sequence",
        box, group);
    while (rows.next()) {
      const bool first = head == 0;
      if (!first && rows.integer(2) == 0) break;
      if (first) head = rows.integer(0);
      ready_at = std::max(ready_at, rows.time(1));
    }
  }
  if (head == 0) {
    transaction.execute("DELETE FROM queue_group WHERE box = ? AND name = ?", box, group);
    return;
  }
  transaction.execute("UPDATE queue_group SET head = ?, ready_at = ? WHERE box = ? AND name = ?", head, ready_at, box,
                      group);
}

std::vector<std::string> ready_groups(store::Reader& reader, std::int64_t box, std::size_t count_max) {
  std::vector<std::string> groups;
  auto rows =
      reader.query("SELECT name FROM queue_group WHERE box = ? AND ready_at <= ? ORDER BY ready_at, head LIMIT ?", box,
                   reader.now(), count_max);
  while (rows.next()) groups.push_back(rows.string(0));
  return groups;
}

std::optional<Accepted> find_accepted(store::Reader& reader, std::int64_t queue, std::string_view scope,
                                      std::string_view id) {
  auto rows = reader.query(
      "SELECT message_id, sequence FROM queue_deduplication WHERE queue = ? AND scope = ? AND id = ? AND ends > ?",
      queue, scope, id, reader.now());
  if (!rows.next()) return std::nullopt;
  return Accepted{.message_id = rows.string(0), .sequence = rows.integer(1)};
}

void remember_accepted(store::Transaction& transaction, std::int64_t queue, std::string_view scope, std::string_view id,
                       const Accepted& accepted) {
  std::vector<std::tuple<std::int64_t, std::string, std::string>> expired;
  {
    auto rows =
        transaction.query("SELECT queue, scope, id FROM queue_deduplication WHERE ends <= ? ORDER BY ends LIMIT ?",
                          transaction.now(), expired_removed_max);
    while (rows.next()) expired.emplace_back(rows.integer(0), rows.string(1), rows.string(2));
  }
  for (const auto& [of, in, old] : expired)
    transaction.execute("DELETE FROM queue_deduplication WHERE queue = ? AND scope = ? AND id = ?", of, in, old);
  transaction.execute(
      "INSERT INTO queue_deduplication (queue, scope, id, message_id, sequence, ends) VALUES (?, ?, ?, ?, ?, ?) "
      "ON CONFLICT (queue, scope, id) DO UPDATE SET message_id = excluded.message_id, sequence = excluded.sequence, "
      "ends = excluded.ends",
      queue, scope, id, accepted.message_id, accepted.sequence, transaction.now() + deduplication_interval);
}

}  // namespace tocsin::queues
