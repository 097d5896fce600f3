// Lines: which of what waits for a destination goes next.
#include <algorithm>

#include <fmt/format.h>

#include "store/lines.h"
#include "store/outbox_rows.h"

namespace tocsin::store {
namespace {

struct DigestTimes {
  std::chrono::seconds between;  // from one digest to the next
  std::chrono::seconds gather;   // so long the oldest waits for others that may come
};
constexpr std::array<DigestTimes, line_classes> digest_times{{{std::chrono::seconds{15}, std::chrono::seconds{0}},
                                                              {std::chrono::seconds{15}, std::chrono::seconds{0}},
                                                              {std::chrono::seconds{60}, std::chrono::seconds{5}}}};

std::size_t bound_of(const DigestBounds& bounds, std::size_t which) {
  return which == 0 ? bounds.containment : which == 1 ? bounds.alerts : bounds.others;
}

// Of so many turns in a row, one is a lower class's.
constexpr std::size_t turns_of_lower = 8;

// The classes by urgency, but first those whose turn it is after being passed over.
std::array<std::size_t, line_classes> order_of_turn(const Line& line) {
  std::array<std::size_t, line_classes> order{0, 1, 2};
  std::ranges::stable_partition(order,
                                [&](std::size_t which) { return line.passed_over[which] + 1 >= turns_of_lower; });
  return order;
}

struct Digestible {
  std::size_t count = 0;
  Time oldest{};
};

// What could go as a digest, counted up to a bound. What was tried is not: the receiver may have it, so it goes again
// as it was, with its key.
Digestible digestible(Transaction& transaction, const std::string& destination, std::size_t which,
                      std::size_t count_max) {
  const auto& lanes = lanes_of_class[which];
  Rows rows = transaction.query(
      "SELECT count(*), min(due) FROM (SELECT due FROM outbox WHERE state = 1 AND destination = ? AND lane BETWEEN ? "
      "AND ? AND due < ? AND attempt = 0 AND summary <> '' LIMIT ?) AS waiting",
      destination, static_cast<int>(lanes.first), static_cast<int>(lanes.last), gathers, count_max);
  if (!rows.next()) return {};
  return {static_cast<std::size_t>(rows.integer(0)), rows.time(1)};
}

}  // namespace

// What comes back after a pause takes the place that its age gives it.
void Outbox::queue_up(Transaction& transaction, const Due& due) {
  if (due.id == 0) {
    Due row = due;
    row.due = row.added;
    insert_due(transaction, row, State::in_line);
  } else {
    transaction.execute("UPDATE outbox SET state = 1, due = added WHERE id = ?", due.id);
  }
  lines_->wake(due.destination, transaction.now());
}

std::size_t Outbox::serve_lines(Transaction& transaction, std::vector<Due>& leased) {
  if (!rules_ || transaction.failure()) return 0;
  if (!lines_->is_loaded()) lines_->load(transaction);
  std::size_t done = 0;
  bool is_idle = false;
  lines_->for_ready(transaction.now(), rules_->in_hand_max, [&](const std::string& destination, Line& line) {
    done += serve(transaction, destination, line, leased);
    is_idle = is_idle || line.wake == LineBook::never;
  });
  if (is_idle) lines_->forget_idle(transaction.now());
  return done;
}

std::size_t Outbox::serve(Transaction& transaction, const std::string& destination, Line& line,
                          std::vector<Due>& leased) {
  std::size_t done = 0;
  while (LineBook::has_room(line, rules_->in_hand_max) && !transaction.failure()) {
    Time wake = LineBook::never;
    Served served = Served::nothing;
    for (const std::size_t which : order_of_turn(line)) {
      Turn turn{destination, line, which, LineBook::never};
      served = serve_class(transaction, turn, leased);
      wake = std::min(wake, turn.wake);
      line.passed_over[which] = 0;  // it had its turn, or has nothing to go now
      if (served == Served::nothing) continue;
      for (std::size_t lower = which + 1; lower < line_classes; ++lower) ++line.passed_over[lower];
      break;
    }
    if (served == Served::nothing) {
      line.wake = wake;
      break;
    }
    ++done;
    if (served == Served::gathering) break;  // the next part in the next commit, so that no commit takes long
  }
  return done;
}

Outbox::Served Outbox::serve_class(Transaction& transaction, Turn& turn, std::vector<Due>& leased) {
  if (rules_->fold && bound_of(rules_->bounds, turn.which) > 0)
    if (const Served served = serve_digest(transaction, turn, leased); served != Served::nothing) return served;
  static const std::string any = fmt::format(
      "SELECT {} FROM outbox WHERE state = 1 AND destination = ? AND lane = ? AND due < ? ORDER BY due, id LIMIT 1",
      due_columns());
  static const std::string not_held = fmt::format(
      "SELECT {} FROM outbox WHERE state = 1 AND destination = ? AND lane = ? AND due < ? AND (attempt > 0 OR summary "
      "= '') ORDER BY due, id LIMIT 1",
      due_columns());
  const auto& lanes = lanes_of_class[turn.which];
  for (int lane = static_cast<int>(lanes.first); lane <= static_cast<int>(lanes.last); ++lane) {
    std::optional<Due> due;
    {
      Rows rows = transaction.query(turn.holds ? not_held : any, turn.destination, lane, gathers);
      if (rows.next()) due = read_due(rows);
    }
    if (due) {
      lease_lined(transaction, turn, std::move(*due), leased);
      return Served::one;
    }
  }
  return Served::nothing;
}

// A digest where it is time for one; otherwise says whether what waits is to wait for one.
Outbox::Served Outbox::serve_digest(Transaction& transaction, Turn& turn, std::vector<Due>& leased) {
  const Time now = transaction.now();
  const auto lane = static_cast<int>(lanes_of_class[turn.which].of_digest);
  if (transaction.exists("SELECT 1 FROM outbox WHERE state = 1 AND destination = ? AND lane = ? AND due = ?",
                         turn.destination, lane, gathers))
    return gather(transaction, turn, leased);
  const std::size_t bound = bound_of(rules_->bounds, turn.which);
  const auto waiting = digestible(transaction, turn.destination, turn.which, bound + 1);
  const bool is_over = waiting.count > bound || turn.line.singles[turn.which].used(now) >= bound;
  if (waiting.count == 0 || !is_over) return Served::nothing;
  const auto& times = digest_times[turn.which];
  const Time at = std::max(turn.line.last_digest[turn.which] + times.between, waiting.oldest + times.gather);
  if (now < at) {
    turn.holds = true;
    turn.wake = std::min(turn.wake, at);
    return Served::nothing;
  }
  turn.line.last_digest[turn.which] = now;
  return waiting.count > 1 ? gather(transaction, turn, leased) : Served::nothing;  // one goes as it is
}

void Outbox::lease_lined(Transaction& transaction, const Turn& turn, Due due, std::vector<Due>& leased) {
  if (due.attempt == 0 && !is_digest(due)) turn.line.singles[turn.which].use(transaction.now());
  const std::size_t before = leased.size();
  const auto lease_time = handlers_.find(due.kind)->second.lease;
  lease(transaction, std::move(due), lease_time, leased);
  if (leased.size() > before) lines_->take(turn.destination, {leased.back().id, leased.back().attempt + 1});
}

}  // namespace tocsin::store
