#include "store/given_up.h"

#include "store/outbox.h"

namespace tocsin::store {

std::vector<GivenUp> given_up(Reader& reader, std::size_t count_max) {
  std::vector<GivenUp> list;
  auto rows = reader.query(
      "SELECT at, kind, key, destination, dead_letter, error, payload, attempts FROM outbox_given_up "
      "ORDER BY id DESC LIMIT ?",
      count_max);
  while (rows.next())
    list.push_back({.at = rows.time(0),
                    .kind = rows.string(1),
                    .key = rows.string(2),
                    .destination = rows.string(3),
                    .dead_letter = rows.string(4),
                    .error = rows.string(5),
                    .payload = std::string(rows.blob(6)),
                    .attempts = static_cast<int>(rows.integer(7))});
  return list;
}

std::int64_t count_given_up(Reader& reader, std::string_view kind_left_out) {
  return reader.integer("SELECT count(*) FROM outbox_given_up WHERE dead_letter = '' AND kind <> ?", 0, kind_left_out);
}

void note_given_up(Transaction& transaction, const Due& due, const Error& error) {
  const auto id = transaction.integer(
      "INSERT INTO outbox_given_up (at, kind, key, destination, dead_letter, error, payload, attempts) "
      "VALUES (?,?,?,?,?,?,?,?) RETURNING id",
      0, transaction.now(), due.kind, due.key, due.destination, due.dead_letter, error.message, Blob{due.payload},
      due.attempt + 1);
  transaction.execute("DELETE FROM outbox_given_up WHERE id <= ?", id - given_up_kept);
}

}  // namespace tocsin::store
