// Findings that nobody has imported or updated for long go away, by a timer that works in small portions.
#include "findings/findings.h"

namespace tocsin::findings {
namespace {

constexpr std::string_view timer_kind = "findings-retention";
constexpr std::chrono::hours pause_between_rounds{6};
constexpr int rows_per_portion = 2'000;  // looked at in one transaction
constexpr std::int64_t history_per_portion = 2'000;

struct Ages {
  Time active_before;
  Time archived_before;
  Time any_before() const { return std::max(active_before, archived_before); }
};

void remove(store::Transaction& transaction, std::int64_t seq) {
  transaction.execute("DELETE FROM finding WHERE seq = ?", seq);
  transaction.execute("DELETE FROM finding_body WHERE seq = ?", seq);
  transaction.execute("DELETE FROM finding_term WHERE seq = ?", seq);
  transaction.execute("DELETE FROM finding_history WHERE seq = ?", seq);
}

// Looks at the findings behind `after` that arrived long enough ago, which stand first as seq is the order of arrival.
// Returns where to go on; nothing: none is left.
std::optional<std::int64_t> remove_old_findings(store::Transaction& transaction, std::int64_t after, const Ages& ages) {
  std::vector<std::int64_t> old;
  std::int64_t looked_at = 0;
  {
    auto rows =
        transaction.query("SELECT seq, arrived_at, changed_at, record FROM finding WHERE seq > ? ORDER BY seq LIMIT ?",
                          after, rows_per_portion);
    while (rows.next() && rows.time(1) < ages.any_before()) {
      ++looked_at;
      after = rows.integer(0);
      if (rows.time(2) < (rows.integer(3) == 0 ? ages.active_before : ages.archived_before)) old.push_back(after);
    }
  }
  for (const auto seq : old) remove(transaction, seq);
  if (looked_at < rows_per_portion) return std::nullopt;
  return after;
}

// History is kept as long as an active finding. True: there may be more to remove.
bool remove_old_history(store::Transaction& transaction, const Ages& ages) {
  const auto last = transaction.integer(
      "SELECT max(id) FROM (SELECT id, at FROM finding_history ORDER BY id LIMIT ?) AS oldest WHERE at < ?", 0,
      history_per_portion, ages.active_before);
  if (last == 0) return false;
  return transaction.execute("DELETE FROM finding_history WHERE id <= ?", last) == history_per_portion;
}

}  // namespace

void Findings::set_timer(store::Transaction& transaction) const {
  store::Outbox::add(transaction, {.kind = std::string(timer_kind),
                                   .destination = "",
                                   .payload = "0",
                                   .key = std::string(timer_kind),
                                   .lane = store::Lane::bulk});
}

void Findings::register_timer(store::Outbox& outbox) const {
  const auto keep_active = options_.keep_active;
  const auto keep_archived = options_.keep_archived;
  outbox.handle(std::string(timer_kind), [=](store::Transaction& transaction, const store::Due& due) -> Result<void> {
    const Ages ages{transaction.now() - keep_active, transaction.now() - keep_archived};
    const auto next = remove_old_findings(transaction, std::atoll(due.payload.c_str()), ages);
    const bool more_history = remove_old_history(transaction, ages);
    store::Outbox::add(transaction,
                       {.kind = due.kind,
                        .destination = "",
                        .payload = std::to_string(next.value_or(0)),
                        .key = due.key,
                        .lane = store::Lane::bulk,
                        .due = next || more_history ? transaction.now() : transaction.now() + pause_between_rounds});
    return {};
  });
}

}  // namespace tocsin::findings
