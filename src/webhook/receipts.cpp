#include <fmt/format.h>

#include "core/json.h"
#include "webhook/webhook.h"

namespace tocsin::webhook {
namespace {

constexpr store::Migration all[] = {
    {"webhook", 1, R"(
CREATE TABLE notification_receipt (
  key TEXT PRIMARY KEY,
  destination TEXT NOT NULL,
  reference TEXT NOT NULL,
  outcome TEXT NOT NULL,
  tries INTEGER NOT NULL,
  last_error TEXT NOT NULL,
  added BIGINT NOT NULL,
  last_try BIGINT NOT NULL
);
CREATE INDEX notification_receipt_by_time ON notification_receipt (last_try, key);
CREATE TABLE notification_receipt_count (one INTEGER PRIMARY KEY, kept BIGINT NOT NULL);
INSERT INTO notification_receipt_count (one, kept) VALUES (1, 0);
)"},
};

constexpr std::chrono::days kept_for{30};
constexpr std::int64_t kept_max = 100'000;
constexpr std::int64_t removed_at_once_max = 8;  // for each new receipt, so that old ones go faster than new ones come

bool is_final(const Error& error) {
  return error.code == ErrorCode::validation || error.code == ErrorCode::not_found || error.code == ErrorCode::denied;
}

// As the outbox decides it after the outcome is recorded.
std::string_view word_for(const store::Transaction& transaction, const store::Due& due, const Result<void>& outcome) {
  if (outcome) return "delivered";
  const bool last = is_final(outcome.error()) || due.attempt + 1 > due.retry.attempts_max ||
                    transaction.now() - due.added >= due.retry.age_max;
  return last ? "failed" : "retried";
}

void remove_old(store::Transaction& transaction) {
  const auto kept = transaction.integer("SELECT kept FROM notification_receipt_count WHERE one = 1", 0);
  const Time until = kept > kept_max ? transaction.now() : transaction.now() - kept_for;
  const auto removed = transaction.execute(
      "DELETE FROM notification_receipt WHERE key IN (SELECT key FROM notification_receipt WHERE last_try < ? "
      "ORDER BY last_try, key LIMIT ?)",
      until, removed_at_once_max);
  if (removed > 0) transaction.execute("UPDATE notification_receipt_count SET kept = kept - ? WHERE one = 1", removed);
}

}  // namespace

std::span<const store::Migration> migrations() {
  return all;
}

// What was delivered stays so, whatever a repetition of it (a lease that ended under way) comes to.
void record(store::Transaction& transaction, const store::Due& due, const Result<void>& outcome) {
  const auto context = parse_json_object(due.context).value_or(json::object{});
  const bool known = transaction.exists("SELECT 1 FROM notification_receipt WHERE key = ?", due.key);
  transaction.execute(
      "INSERT INTO notification_receipt (key, destination, reference, outcome, tries, last_error, added, last_try) "
      "VALUES (?, ?, ?, ?, 1, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET "
      "outcome = CASE WHEN notification_receipt.outcome = 'delivered' THEN 'delivered' ELSE excluded.outcome END, "
      "tries = notification_receipt.tries + 1, last_error = excluded.last_error, last_try = excluded.last_try",
      due.key, printable(due.destination), string_at(context, "reference"), word_for(transaction, due, outcome),
      outcome ? std::string_view{} : std::string_view{outcome.error().message}, due.added, transaction.now());
  if (known) return;
  transaction.execute("UPDATE notification_receipt_count SET kept = kept + 1 WHERE one = 1");
  remove_old(transaction);
}

std::vector<Receipt> receipts(store::Reader& reader, std::size_t count_max) {
  std::vector<Receipt> newest;
  auto rows = reader.query(
      "SELECT key, destination, reference, outcome, tries, last_error, added, last_try FROM notification_receipt "
      "ORDER BY last_try DESC, key LIMIT ?",
      count_max);
  while (rows.next())
    newest.push_back({.key = rows.string(0),
                      .destination = rows.string(1),
                      .reference = rows.string(2),
                      .outcome = rows.string(3),
                      .tries = static_cast<int>(rows.integer(4)),
                      .last_error = rows.string(5),
                      .added = rows.time(6),
                      .last_try = rows.time(7)});
  return newest;
}

ReceiptCounts count_receipts(store::Reader& reader, Time since) {
  ReceiptCounts counts;
  auto rows = reader.query(
      "SELECT outcome, count(*), sum(tries) FROM notification_receipt WHERE last_try >= ? GROUP BY outcome", since);
  while (rows.next()) {
    const auto outcome = rows.text(0);
    const auto count = rows.integer(1);
    // The last try of what is done was no retry's cause.
    counts.retried += outcome == "retried" ? rows.integer(2) : rows.integer(2) - count;
    if (outcome == "delivered") counts.delivered = count;
    if (outcome == "failed") counts.failed = count;
  }
  return counts;
}

}  // namespace tocsin::webhook
