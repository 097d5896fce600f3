#include "store/outbox.h"

#include <algorithm>
#include <deque>

#include <fmt/format.h>

#include "core/check.h"
#include "store/given_up.h"
#include "store/lines.h"
#include "store/outbox_rows.h"
#include "store/pending.h"

namespace tocsin::store {
namespace {

constexpr std::size_t lanes = lane_count;
constexpr std::size_t read_at_once = 32;
constexpr std::size_t leases_ended_at_once = 100;

// What is due, in the order in which it is to be made: lanes in order, and in each lane the rows, oldest first, before
// what this transaction has added. Where a lane has more rows than are read at once, that is again before the rest of
// them, so that what was begun is finished first.
class DueList {
 public:
  DueList(Transaction& transaction, Pending& added) : transaction_{transaction}, added_{added} {
    for (std::size_t lane = 0; lane < lanes; ++lane) read(lane);
  }

  bool has_more(Lane lane) const { return lanes_[static_cast<std::size_t>(lane)].has_more; }

  std::optional<Due> next() {
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      auto& [rows, has_more] = lanes_[lane];
      if (rows.empty() && has_more && added_.is_empty(Lane{static_cast<int>(lane)})) read(lane);
      if (!rows.empty()) {
        std::optional<Due> due{std::move(rows.front())};
        rows.pop_front();
        return due;
      }
      if (!added_.is_empty(Lane{static_cast<int>(lane)})) return added_.take(Lane{static_cast<int>(lane)});
    }
    return std::nullopt;
  }

 private:
  void read(std::size_t lane) {
    static const std::string sql = fmt::format(
        "SELECT {} FROM outbox WHERE state = 0 AND lane = ? AND due <= ? ORDER BY due, id LIMIT ?", due_columns());
    auto& [due, has_more] = lanes_[lane];
    Rows rows = transaction_.query(sql, lane, transaction_.now(), read_at_once);
    while (rows.next()) due.push_back(read_due(rows));
    has_more = due.size() == read_at_once;
  }

  struct OfLane {
    std::deque<Due> rows;
    bool has_more = false;
  };
  Transaction& transaction_;
  Pending& added_;
  std::array<OfLane, lanes> lanes_;
};

}  // namespace

Outbox::Outbox() : lines_{std::make_unique<LineBook>()} {
  handle(std::string(told_kind), [this](Transaction& t, const Due& due) { return remove_members(t, due); });
  handle(std::string(given_up_kind), [this](Transaction& t, const Due& due) { return give_up_members(t, due); });
}
Outbox::~Outbox() = default;

Microseconds retry_delay(int attempt, Random& random) {
  const std::chrono::seconds whole = std::min<std::chrono::seconds>(
      std::chrono::seconds{1} * (1ll << std::min(attempt - 1, 20)), std::chrono::minutes{15});
  const auto half_us = Microseconds{whole}.count() / 2;
  return Microseconds{half_us + static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(half_us) + 1))};
}

void Outbox::handle(std::string kind, Inner handler) {
  check(handlers_.emplace(std::move(kind), Handler{.inner = std::move(handler), .outer = {}, .record = {}}).second,
        "an outbox kind has one handler");
}

void Outbox::handle_outside(std::string kind, Outer handler, std::chrono::seconds lease, Recorder record) {
  check(handlers_
            .emplace(std::move(kind),
                     Handler{.inner = {}, .outer = std::move(handler), .lease = lease, .record = std::move(record)})
            .second,
        "an outbox kind has one handler");
}

void Outbox::line_up(std::string_view kind, LineRules rules) {
  const auto found = handlers_.find(kind);
  check(found != handlers_.end() && found->second.outer && !rules_, "one outer kind queues by destination");
  check(!rules.fold == !rules.compose && rules.in_hand_max > 0, "the rules of a line are complete");
  found->second.is_lined = true;
  lines_->set_kind(kind);
  rules_ = std::move(rules);
}

bool Outbox::is_lined(std::string_view kind) const {
  const auto found = handlers_.find(kind);
  return found != handlers_.end() && found->second.is_lined;
}

bool Outbox::add(Transaction& transaction, Delivery delivery) {
  Due due;
  static_cast<Delivery&>(due) = std::move(delivery);
  const auto making = transaction.pending_->making();
  if (making && *making <= Lane::alert && (due.lane == Lane::workflow || due.lane == Lane::notice)) due.lane = *making;
  due.due = std::max(due.due, Time{});
  due.added = std::max(due.due, transaction.now());
  if (due.key.empty())
    due.key = make_uuid(transaction.random());
  else if (transaction.exists("SELECT 1 FROM outbox WHERE key = ?", due.key))
    return false;
  return transaction.pending_->add(std::move(due));
}

bool Outbox::cancel(Transaction& transaction, std::string_view key) {
  return transaction.pending_->cancel(key) || transaction.execute("DELETE FROM outbox WHERE key = ?", key) > 0;
}

void Outbox::cancel_all(Transaction& transaction, std::string_view prefix) {
  std::vector<std::string> added;
  for (const Due* due : transaction.pending_->waiting())
    if (due->key.starts_with(prefix)) added.push_back(due->key);
  for (const auto& key : added) transaction.pending_->cancel(key);
  std::string behind{prefix};
  ++behind.back();
  transaction.execute("DELETE FROM outbox WHERE key >= ? AND key < ?", prefix, behind);
}

void Outbox::write_row(Transaction& transaction, const Due& due) {
  if (due.due <= transaction.now() && is_lined(due.kind))
    queue_up(transaction, due);
  else
    insert_due(transaction, due, State::in_lane);
}

void Outbox::write_added(Transaction& transaction) {
  for (const Due* due : transaction.pending_->waiting()) {
    const auto written = transaction.attempt([&]() -> Result<void> {
      write_row(transaction, *due);
      return {};
    });
    if (!written) tell_exhausted(transaction, *due, written.error());  // the table does not take it
  }
}

std::int64_t Outbox::depth(Reader& reader, std::string_view kind) {
  if (kind.empty()) return reader.integer("SELECT count(*) FROM outbox", 0);
  return reader.integer("SELECT count(*) FROM outbox WHERE kind = ?", 0, kind);
}

// The table has an index by lane and due time; without the lane it would be read whole.
std::optional<Time> Outbox::next_due(Reader& reader) {
  std::optional<Time> first;
  for (std::size_t lane = 0; lane < lanes; ++lane) {
    Rows rows = reader.query("SELECT due FROM outbox WHERE state = 0 AND lane = ? ORDER BY due LIMIT 1", lane);
    if (rows.next()) first = first ? std::min(*first, rows.time(0)) : rows.time(0);
  }
  return first;
}

std::optional<Time> Outbox::next_work(Reader& reader) const {
  auto next = next_due(reader);
  const auto sooner = [&](std::optional<Time> at) {
    if (at) next = next ? std::min(*next, *at) : *at;
  };
  if (rules_) sooner(lines_->next(rules_->in_hand_max));
  sooner(lease_ends_);
  return next;
}

// Leased or not: the rows say it.
void Outbox::forget_commit(const std::vector<Due>&) {
  lease_ends_ = Time{};
  lines_->forget_rows();
}

void Outbox::end_leases(Transaction& transaction) {
  if (!lease_ends_ || *lease_ends_ > transaction.now()) return;
  std::vector<Due> ended;
  Rows rows =
      transaction.query("SELECT id, kind, destination, attempt FROM outbox WHERE state = 2 AND due <= ? LIMIT ?",
                        transaction.now(), leases_ended_at_once);
  while (rows.next()) {
    Due& due = ended.emplace_back();
    due.id = rows.integer(0);
    due.kind = rows.string(1);
    due.destination = rows.string(2);
    due.attempt = static_cast<int>(rows.integer(3));
  }
  for (const Due& due : ended) {
    transaction.execute("UPDATE outbox SET state = 0 WHERE id = ?", due.id);
    if (is_lined(due.kind)) lines_->give_back(due.destination, {due.id, due.attempt}, std::nullopt);
  }
  const auto next = transaction.integer("SELECT due FROM outbox WHERE state = 2 ORDER BY due LIMIT 1", 0);
  lease_ends_ = next == 0 ? std::nullopt : std::optional{from_microseconds(next)};
}

std::size_t Outbox::work(Transaction& transaction, const GoOn& go_on, std::vector<Due>& leased) {
  end_leases(transaction);
  auto& added = *transaction.pending_;
  DueList list{transaction, added};
  std::size_t made = 0;
  // What the changes have added goes behind what waits longer already.
  for (std::size_t i = 0; i < lanes; ++i) {
    const Lane lane{static_cast<int>(i)};
    while (list.has_more(lane) && !added.is_empty(lane)) write_row(transaction, added.take(lane));
  }
  while (go_on(made)) {
    const auto due = list.next();
    if (!due || transaction.failure()) break;
    ++made;
    make(transaction, *due, leased);
  }
  write_added(transaction);
  return made + serve_lines(transaction, leased);
}

// The row is made, or its due time moved, before the effect begins.
void Outbox::lease(Transaction& transaction, Due due, std::chrono::seconds time, std::vector<Due>& leased) {
  const Time ends = transaction.now() + time;
  if (due.id != 0) {
    // An earlier delivery of the same commit may have cancelled this one.
    if (transaction.execute("UPDATE outbox SET state = 2, due = ?, attempt = attempt + 1 WHERE id = ?", ends, due.id) ==
        0)
      return;
  } else {
    Due row = due;
    row.due = ends;
    ++row.attempt;
    due.id = insert_due(transaction, row, State::leased);
    if (due.id == 0) return;
  }
  lease_ends_ = lease_ends_ ? std::min(*lease_ends_, ends) : ends;
  leased.push_back(std::move(due));
}

void Outbox::make(Transaction& transaction, const Due& due, std::vector<Due>& leased) {
  const auto found = handlers_.find(due.kind);
  if (found == handlers_.end()) {
    const Error error{ErrorCode::unavailable, fmt::format("no handler for outbox kind '{}'", due.kind)};
    retry_or_give_up(transaction, due, error);
    return;
  }
  if (found->second.is_lined) return queue_up(transaction, due);
  if (found->second.outer) {
    lease(transaction, due, found->second.lease, leased);
    return;
  }
  // Removed first, so that a handler may add the next one under the same key (a timer that repeats).
  auto made = transaction.attempt([&]() -> Result<void> {
    const Making making{*transaction.pending_, due.lane};
    if (due.id != 0 && transaction.execute("DELETE FROM outbox WHERE id = ?", due.id) == 0) return {};  // cancelled
    return found->second.inner(transaction, due);
  });
  if (!made) retry_or_give_up(transaction, due, made.error());
}

void Outbox::start(Due due, Report report) const {
  const auto& outer = handlers_.find(due.kind)->second.outer;
  outer(std::move(due), std::move(report));
}

void Outbox::settle(Transaction& transaction, const Due& due, const Outcome& outcome) {
  if (is_lined(due.kind))
    lines_->give_back(due.destination, {due.id, due.attempt + 1},
                      outcome.rest > Microseconds{0} ? std::optional{transaction.now() + outcome.rest} : std::nullopt);
  if (!outcome.tried) return postpone(transaction, due, outcome);
  record(transaction, due, outcome.result);
  if (outcome.result) {
    if (transaction.execute("DELETE FROM outbox WHERE id = ?", due.id) > 0 && is_digest(due))
      close_digest(transaction, due, told_kind, {});
  } else {
    retry_or_give_up(transaction, due, outcome.result.error(), outcome.pause);
  }
}

void Outbox::retry_or_give_up(Transaction& transaction, const Due& due, const Error& error, Microseconds pause) {
  const int next = due.attempt + 1;
  const bool too_old = transaction.now() - due.added >= due.retry.age_max;
  if (is_final(error) || too_old || next > due.retry.attempts_max) return give_up(transaction, due, error);
  Due again = due;
  again.due = transaction.now() + std::max(pause, retry_delay(next, transaction.random()));
  again.attempt = next;
  if (due.id == 0)
    insert_due(transaction, again, State::in_lane, error.message);
  else
    transaction.execute("UPDATE outbox SET state = 0, due = ?, attempt = ?, last_error = ? WHERE id = ?", again.due,
                        again.attempt, error.message, due.id);
}

void Outbox::give_up(Transaction& transaction, const Due& due, const Error& error) {
  if (due.id != 0 && transaction.execute("DELETE FROM outbox WHERE id = ?", due.id) == 0) return;
  tell_exhausted(transaction, due, error);
  if (is_digest(due)) close_digest(transaction, due, given_up_kind, error.message);
}

// The outcome is settled, whatever becomes of its record.
void Outbox::record(Transaction& transaction, const Due& due, const Result<void>& outcome) {
  const auto found = handlers_.find(due.kind);
  if (found == handlers_.end() || !found->second.record) return;
  (void)transaction.attempt([&]() -> Result<void> {
    const Making making{*transaction.pending_, due.lane};
    found->second.record(transaction, due, outcome);
    return {};
  });
}

// What is given up stays so, whatever becomes of this.
void Outbox::tell_exhausted(Transaction& transaction, const Due& due, const Error& error) {
  note_given_up(transaction, due, error);
  if (!exhausted_) return;
  (void)transaction.attempt([&]() -> Result<void> {
    const Making making{*transaction.pending_, due.lane};
    exhausted_(transaction, due, error);
    return {};
  });
}

// Back to waiting with the number of tries that it had; only its age can end it.
void Outbox::postpone(Transaction& transaction, const Due& due, const Outcome& outcome) {
  const Error error = outcome.result ? Error{ErrorCode::throttled, "not tried yet"} : outcome.result.error();
  if (transaction.now() - due.added >= due.retry.age_max) {
    record(transaction, due, std::unexpected(error));
    return give_up(transaction, due, error);
  }
  transaction.execute("UPDATE outbox SET state = 0, due = ?, attempt = ?, last_error = ? WHERE id = ?",
                      transaction.now() + std::max(outcome.pause, retry_delay(1, transaction.random())), due.attempt,
                      error.message, due.id);
}

}  // namespace tocsin::store
