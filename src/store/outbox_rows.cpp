#include "store/outbox_rows.h"

namespace tocsin::store {

std::string_view due_columns() {
  return "id, kind, destination, payload, context, key, dead_letter, lane, due, attempts_max, age_max_s, attempt, "
         "added, summary";
}

Due read_due(const Rows& row) {
  Due due;
  due.id = row.integer(0);
  due.kind = row.string(1);
  due.destination = row.string(2);
  due.payload = std::string(row.blob(3));
  due.context = row.string(4);
  due.key = row.string(5);
  due.dead_letter = row.string(6);
  due.lane = static_cast<Lane>(row.integer(7));
  due.due = row.time(8);
  due.retry = {static_cast<int>(row.integer(9)), std::chrono::seconds{row.integer(10)}};
  due.attempt = static_cast<int>(row.integer(11));
  due.added = row.time(12);
  due.summary = row.string(13);
  return due;
}

std::int64_t insert_due(Transaction& transaction, const Due& due, State state,
                        std::optional<std::string_view> last_error) {
  return transaction.integer(
      "INSERT INTO outbox (kind, destination, context, key, dead_letter, lane, due, attempts_max, age_max_s, attempt, "
      "added, last_error, state, digest, summary, payload) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,0,?,?) "
      "ON CONFLICT (key) DO NOTHING RETURNING id",
      0, due.kind, due.destination, due.context, due.key, due.dead_letter, static_cast<int>(due.lane), due.due,
      due.retry.attempts_max, due.retry.age_max.count(), due.attempt, due.added, last_error, static_cast<int>(state),
      due.summary, Blob{due.payload});
}

bool is_final(const Error& error) {
  return error.code == ErrorCode::validation || error.code == ErrorCode::not_found || error.code == ErrorCode::denied;
}

}  // namespace tocsin::store
