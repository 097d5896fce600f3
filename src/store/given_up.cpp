#include "store/given_up.h"

#include <fmt/format.h>

#include "store/outbox.h"

namespace tocsin::store {

namespace {

constexpr std::string_view columns =
    "id, at, kind, key, destination, dead_letter, error, attempts, lane, attempts_max, age_max_s, added, summary";

GivenUp read(const Rows& row) {
  GivenUp one;
  one.id = row.integer(0);
  one.at = row.time(1);
  one.kind = row.string(2);
  one.key = row.string(3);
  one.destination = row.string(4);
  one.dead_letter = row.string(5);
  one.error = row.string(6);
  one.attempts = static_cast<int>(row.integer(7));
  one.lane = static_cast<Lane>(row.integer(8));
  one.retry = {static_cast<int>(row.integer(9)), std::chrono::seconds{row.integer(10)}};
  one.added = row.time(11);
  one.summary = row.string(12);
  return one;
}

}  // namespace

std::vector<GivenUp> given_up(Reader& reader, std::string_view kind, std::size_t count_max) {
  static const std::string sql =
      fmt::format("SELECT {} FROM outbox_given_up WHERE ? = '' OR kind = ? ORDER BY id DESC LIMIT ?", columns);
  std::vector<GivenUp> list;
  auto rows = reader.query(sql, kind, kind, count_max);
  while (rows.next()) list.push_back(read(rows));
  return list;
}

std::vector<GivenUpName> given_up_before(Reader& reader, std::int64_t before, std::size_t count_max) {
  std::vector<GivenUpName> list;
  auto rows =
      reader.query("SELECT id, kind FROM outbox_given_up WHERE id < ? ORDER BY id DESC LIMIT ?", before, count_max);
  while (rows.next()) list.push_back({rows.integer(0), rows.string(1)});
  return list;
}

std::optional<GivenUp> find_given_up(Reader& reader, std::int64_t id) {
  static const std::string sql = fmt::format("SELECT {}, payload, context FROM outbox_given_up WHERE id = ?", columns);
  auto rows = reader.query(sql, id);
  if (!rows.next()) return std::nullopt;
  auto one = read(rows);
  one.payload = std::string(rows.blob(13));
  one.context = rows.string(14);
  return one;
}

bool drop_given_up(Transaction& transaction, std::int64_t id) {
  return transaction.execute("DELETE FROM outbox_given_up WHERE id = ?", id) > 0;
}

bool send_again(Transaction& transaction, const GivenUp& delivery) {
  if (!delivery.can_be_sent()) return false;
  if (!Outbox::add(transaction, {.kind = delivery.kind,
                                 .destination = delivery.destination,
                                 .payload = delivery.payload,
                                 .context = delivery.context,
                                 .key = delivery.key,
                                 .dead_letter = delivery.dead_letter,
                                 .lane = delivery.lane,
                                 .retry = delivery.retry,
                                 .summary = delivery.summary}))
    return false;
  return drop_given_up(transaction, delivery.id);
}

std::int64_t count_given_up(Reader& reader, std::string_view kind_left_out) {
  return reader.integer("SELECT count(*) FROM outbox_given_up WHERE dead_letter = '' AND kind <> ?", 0, kind_left_out);
}

void note_given_up(Transaction& transaction, const Due& due, const Error& error) {
  const auto id = transaction.integer(
      "INSERT INTO outbox_given_up (at, kind, key, destination, dead_letter, error, payload, attempts, context, lane, "
      "attempts_max, age_max_s, added, summary) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?) RETURNING id",
      0, transaction.now(), due.kind, due.key, due.destination, due.dead_letter, error.message, Blob{due.payload},
      due.attempt + 1, due.context, static_cast<int>(due.lane), due.retry.attempts_max, due.retry.age_max.count(),
      due.added, due.summary);
  transaction.execute("DELETE FROM outbox_given_up WHERE id <= ?", id - given_up_kept);
}

}  // namespace tocsin::store
