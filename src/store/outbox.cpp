#include "store/outbox.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/check.h"
#include "store/given_up.h"

namespace tocsin::store {
namespace {

constexpr std::string_view columns =
    "id, kind, destination, payload, context, key, dead_letter, lane, due, attempts_max, age_max_s, attempt, added";

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
  return due;
}

bool is_final(const Error& error) {
  return error.code == ErrorCode::validation || error.code == ErrorCode::not_found || error.code == ErrorCode::denied;
}

}  // namespace

Microseconds retry_delay(int attempt, Random& random) {
  const std::chrono::seconds whole = std::min<std::chrono::seconds>(
      std::chrono::seconds{1} * (1ll << std::min(attempt - 1, 20)), std::chrono::minutes{15});
  const auto half_us = Microseconds{whole}.count() / 2;
  return Microseconds{half_us + static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(half_us) + 1))};
}

void Outbox::handle(std::string kind, Inner handler) {
  check(handlers_.emplace(std::move(kind), Handler{.inner = std::move(handler), .outer = {}, .lease = {}, .record = {}})
            .second,
        "an outbox kind has one handler");
}

void Outbox::handle_outside(std::string kind, Outer handler, std::chrono::seconds lease, Recorder record) {
  check(handlers_
            .emplace(std::move(kind),
                     Handler{.inner = {}, .outer = std::move(handler), .lease = lease, .record = std::move(record)})
            .second,
        "an outbox kind has one handler");
}

bool Outbox::add(Transaction& transaction, const Delivery& delivery) {
  const std::string key = delivery.key.empty() ? make_uuid(transaction.random()) : delivery.key;
  return transaction.execute(
             "INSERT INTO outbox (kind, destination, payload, context, key, dead_letter, lane, due, attempts_max, "
             "age_max_s, attempt, added) VALUES (?,?,?,?,?,?,?,?,?,?,0,?) ON CONFLICT (key) DO NOTHING",
             delivery.kind, delivery.destination, Blob{delivery.payload}, delivery.context, key, delivery.dead_letter,
             static_cast<int>(delivery.lane), std::max(delivery.due, Time{}), delivery.retry.attempts_max,
             delivery.retry.age_max.count(), std::max(delivery.due, transaction.now())) == 1;
}

bool Outbox::cancel(Transaction& transaction, std::string_view key) {
  return transaction.execute("DELETE FROM outbox WHERE key = ?", key) > 0;
}

std::int64_t Outbox::depth(Reader& reader, std::string_view kind) {
  if (kind.empty()) return reader.integer("SELECT count(*) FROM outbox", 0);
  return reader.integer("SELECT count(*) FROM outbox WHERE kind = ?", 0, kind);
}

std::optional<Time> Outbox::next_due(Reader& reader) {
  Rows rows = reader.query("SELECT min(due) FROM outbox");
  if (!rows.next() || rows.is_null(0)) return std::nullopt;
  return rows.time(0);
}

std::size_t Outbox::work(Transaction& transaction, std::size_t count_max, std::vector<Due>& leased) {
  std::vector<Due> batch;
  // A lane is read to its end before the next one; each read is a short run of the index (lane, due).
  for (int lane = 0; lane <= static_cast<int>(Lane::bulk) && batch.size() < count_max; ++lane) {
    static const std::string sql =
        fmt::format("SELECT {} FROM outbox WHERE lane = ? AND due <= ? ORDER BY due, id LIMIT ?", columns);
    Rows rows = transaction.query(sql, lane, transaction.now(), count_max - batch.size());
    while (rows.next()) batch.push_back(read_due(rows));
  }
  for (const Due& due : batch) {
    // An earlier one of the batch may have cancelled this one.
    if (!transaction.exists("SELECT 1 FROM outbox WHERE id = ?", due.id)) continue;
    make(transaction, due, leased);
  }
  return batch.size();
}

void Outbox::make(Transaction& transaction, const Due& due, std::vector<Due>& leased) {
  const auto found = handlers_.find(due.kind);
  if (found == handlers_.end()) {
    settle(transaction, due, fail(ErrorCode::unavailable, fmt::format("no handler for outbox kind '{}'", due.kind)));
    return;
  }
  if (found->second.outer) {
    transaction.execute("UPDATE outbox SET due = ?, attempt = attempt + 1 WHERE id = ?",
                        transaction.now() + found->second.lease, due.id);
    leased.push_back(due);
    return;
  }
  // Removed first, so that a handler may add the next one under the same key (a timer that repeats).
  auto made = transaction.attempt([&]() -> Result<void> {
    transaction.execute("DELETE FROM outbox WHERE id = ?", due.id);
    return found->second.inner(transaction, due);
  });
  if (!made) retry_or_give_up(transaction, due, made.error());
}

void Outbox::start(Due due, Report report) const {
  const auto& outer = handlers_.find(due.kind)->second.outer;
  outer(std::move(due), std::move(report));
}

void Outbox::settle(Transaction& transaction, const Due& due, const Outcome& outcome) {
  if (!outcome.tried) return postpone(transaction, due, outcome);
  record(transaction, due, outcome.result);
  if (outcome.result) {
    transaction.execute("DELETE FROM outbox WHERE id = ?", due.id);
  } else if (transaction.exists("SELECT 1 FROM outbox WHERE id = ?", due.id)) {
    retry_or_give_up(transaction, due, outcome.result.error(), outcome.pause);
  }
}

void Outbox::retry_or_give_up(Transaction& transaction, const Due& due, const Error& error, Microseconds pause) {
  const int next = due.attempt + 1;
  const bool too_old = transaction.now() - due.added >= due.retry.age_max;
  if (is_final(error) || too_old || next > due.retry.attempts_max) {
    transaction.execute("DELETE FROM outbox WHERE id = ?", due.id);
    tell_exhausted(transaction, due, error);
    return;
  }
  transaction.execute("UPDATE outbox SET due = ?, attempt = ?, last_error = ? WHERE id = ?",
                      transaction.now() + std::max(pause, retry_delay(next, transaction.random())), next, error.message,
                      due.id);
}

// The outcome is settled, whatever becomes of its record.
void Outbox::record(Transaction& transaction, const Due& due, const Result<void>& outcome) {
  const auto found = handlers_.find(due.kind);
  if (found == handlers_.end() || !found->second.record) return;
  (void)transaction.attempt([&]() -> Result<void> {
    found->second.record(transaction, due, outcome);
    return {};
  });
}

// What is given up stays so, whatever becomes of this.
void Outbox::tell_exhausted(Transaction& transaction, const Due& due, const Error& error) {
  note_given_up(transaction, due, error);
  if (!exhausted_) return;
  (void)transaction.attempt([&]() -> Result<void> {
    exhausted_(transaction, due, error);
    return {};
  });
}

// Back to waiting with the number of tries that it had; only its age can end it.
void Outbox::postpone(Transaction& transaction, const Due& due, const Outcome& outcome) {
  const Error error = outcome.result ? Error{ErrorCode::throttled, "not tried yet"} : outcome.result.error();
  if (transaction.now() - due.added >= due.retry.age_max) {
    if (transaction.execute("DELETE FROM outbox WHERE id = ?", due.id) == 0) return;
    record(transaction, due, std::unexpected(error));
    tell_exhausted(transaction, due, error);
    return;
  }
  transaction.execute("UPDATE outbox SET due = ?, attempt = ?, last_error = ? WHERE id = ?",
                      transaction.now() + std::max(outcome.pause, retry_delay(1, transaction.random())), due.attempt,
                      error.message, due.id);
}

}  // namespace tocsin::store
