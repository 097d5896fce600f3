// Digests: many deliveries for one destination, told by one. A delivery is in one digest or in none: its row is moved
// into it in the transaction that writes what the digest says. It stays until the digest is told, or is given up with
// it.
//
//   rows in the line ──gathered, some in each commit──► rows in the digest ──told──► removed
//                                                                          └─given up──► given up, each of them
#include <charconv>

#include <fmt/format.h>

#include "store/lines.h"
#include "store/outbox_rows.h"
#include "store/pending.h"

namespace tocsin::store {
namespace {

constexpr std::size_t gathered_at_once = 200;
constexpr std::size_t removed_at_once = 500;
constexpr std::size_t given_up_at_once = 100;

std::int64_t id_in(const Due& end) {
  std::int64_t id = 0;
  std::from_chars(end.destination.data(), end.destination.data() + end.destination.size(), id);
  return id;
}

}  // namespace

// The digest of this class that gathers; a new one, like the first delivery that will be in it, where there is none.
Due Outbox::open_digest(Transaction& transaction, const Turn& turn) {
  static const std::string open =
      fmt::format("SELECT {} FROM outbox WHERE state = 1 AND destination = ? AND lane = ? AND due = ?", due_columns());
  static const std::string first = fmt::format(
      "SELECT {} FROM outbox WHERE state = 1 AND destination = ? AND lane BETWEEN ? AND ? AND due < ? AND attempt = 0 "
      "AND summary <> '' ORDER BY lane, due, id LIMIT 1",
      due_columns());
  const auto& lanes = lanes_of_class[turn.which];
  {
    Rows rows = transaction.query(open, turn.destination, static_cast<int>(lanes.of_digest), gathers);
    if (rows.next()) return read_due(rows);
  }
  Due digest;
  {
    Rows rows = transaction.query(first, turn.destination, static_cast<int>(lanes.first), static_cast<int>(lanes.last),
                                  gathers);
    if (!rows.next()) return {};
    digest = read_due(rows);
  }
  digest.key = fmt::format("{}{}", digest_prefix, make_uuid(transaction.random()));
  digest.payload.clear();
  digest.summary.clear();
  digest.dead_letter.clear();  // what is in it goes there, each to its own
  digest.lane = lanes.of_digest;
  digest.due = gathers;
  digest.added = transaction.now();
  digest.id = insert_due(transaction, digest, State::in_line);
  return digest;
}

Outbox::Served Outbox::gather(Transaction& transaction, const Turn& turn, std::vector<Due>& leased) {
  Due digest = open_digest(transaction, turn);
  if (digest.id == 0) return Served::nothing;
  const auto& lanes = lanes_of_class[turn.which];
  std::vector<std::int64_t> ids;
  std::vector<std::string> summaries;
  {
    Rows rows = transaction.query(
        "SELECT id, summary FROM outbox WHERE state = 1 AND destination = ? AND lane BETWEEN ? AND ? AND due < ? AND "
        "attempt = 0 AND summary <> '' ORDER BY lane, due, id LIMIT ?",
        turn.destination, static_cast<int>(lanes.first), static_cast<int>(lanes.last), gathers, gathered_at_once);
    while (rows.next()) {
      ids.push_back(rows.integer(0));
      summaries.push_back(rows.string(1));
    }
  }
  for (const auto id : ids) transaction.execute("UPDATE outbox SET state = 3, digest = ? WHERE id = ?", digest.id, id);
  digest.payload = rules_->fold(digest.payload, summaries);
  transaction.on_commit([this, count = ids.size()] { told_in_digests_ += count; });
  if (ids.size() == gathered_at_once) {
    transaction.execute("UPDATE outbox SET payload = ? WHERE id = ?", Blob{digest.payload}, digest.id);
    return Served::gathering;
  }
  auto [payload, context] = rules_->compose(digest.payload, digest);
  digest.payload = std::move(payload);
  digest.context = std::move(context);
  digest.due = digest.added = transaction.now();
  transaction.execute("UPDATE outbox SET payload = ?, context = ?, due = ?, added = ? WHERE id = ?",
                      Blob{digest.payload}, digest.context, digest.due, digest.added, digest.id);
  transaction.on_commit([this] { ++digests_; });
  lease_lined(transaction, turn, std::move(digest), leased);
  return Served::one;
}

void Outbox::close_digest(Transaction& transaction, const Due& digest, std::string_view kind_of_end,
                          std::string_view why) {
  add(transaction, {.kind = std::string(kind_of_end),
                    .destination = std::to_string(digest.id),
                    .payload = std::string(why),
                    .key = digest.key + "/end",
                    .lane = Lane::bulk});
}

Result<void> Outbox::remove_members(Transaction& transaction, const Due& told) {
  const auto removed = transaction.execute(
      "DELETE FROM outbox WHERE id IN (SELECT id FROM outbox WHERE state = 3 AND digest = ? ORDER BY id LIMIT ?)",
      id_in(told), removed_at_once);
  if (removed == static_cast<std::int64_t>(removed_at_once)) add(transaction, told);
  return {};
}

Result<void> Outbox::give_up_members(Transaction& transaction, const Due& given_up) {
  static const std::string members =
      fmt::format("SELECT {} FROM outbox WHERE state = 3 AND digest = ? ORDER BY id LIMIT ?", due_columns());
  std::vector<Due> dues;
  {
    Rows rows = transaction.query(members, id_in(given_up), given_up_at_once);
    while (rows.next()) dues.push_back(read_due(rows));
  }
  const Error error{ErrorCode::unavailable, given_up.payload};
  for (auto& due : dues) {
    due.is_in_digest = true;
    transaction.execute("DELETE FROM outbox WHERE id = ?", due.id);
    if (!exhausted_) continue;
    (void)transaction.attempt([&]() -> Result<void> {
      const Making making{*transaction.pending_, due.lane};
      exhausted_(transaction, due, error);
      return {};
    });
  }
  if (dues.size() == given_up_at_once) add(transaction, given_up);
  return {};
}

}  // namespace tocsin::store
