#include "notification/detail/deduplication.h"

#include <tuple>
#include <vector>

namespace tocsin::notification {
namespace {

constexpr std::chrono::minutes interval{5};
constexpr int expired_removed_max = 4;  // for each new one, so that the table stays small

}  // namespace

std::optional<Accepted> find_accepted(store::Reader& reader, std::string_view topic, std::string_view scope,
                                      std::string_view id) {
  auto rows = reader.query(
      "SELECT message_id, sequence FROM topic_deduplication WHERE topic = ? AND scope = ? AND id = ? AND ends > ?",
      topic, scope, id, reader.now());
  if (!rows.next()) return std::nullopt;
  return Accepted{.message_id = rows.string(0), .sequence = rows.integer(1)};
}

void remember_accepted(store::Transaction& transaction, std::string_view topic, std::string_view scope,
                       std::string_view id, const Accepted& accepted) {
  std::vector<std::tuple<std::string, std::string, std::string>> expired;
  {
    auto rows =
        transaction.query("SELECT topic, scope, id FROM topic_deduplication WHERE ends <= ? ORDER BY ends LIMIT ?",
                          transaction.now(), expired_removed_max);
    while (rows.next()) expired.emplace_back(rows.string(0), rows.string(1), rows.string(2));
  }
  for (const auto& [of, in, old] : expired)
    transaction.execute("DELETE FROM topic_deduplication WHERE topic = ? AND scope = ? AND id = ?", of, in, old);
  transaction.execute(
      "INSERT INTO topic_deduplication (topic, scope, id, message_id, sequence, ends) VALUES (?, ?, ?, ?, ?, ?) "
      "ON CONFLICT (topic, scope, id) DO UPDATE SET message_id = excluded.message_id, sequence = excluded.sequence, "
      "ends = excluded.ends",
      topic, scope, id, accepted.message_id, accepted.sequence, transaction.now() + interval);
}

}  // namespace tocsin::notification
