// The watchdog: every task has a deadline. What the definition gives is a timer of the interpreter; for the others the
// watchdog looks once a minute, so that short tasks cost no timer row.
#include "workflows/detail/executions.h"
#include "workflows/workflows.h"

namespace tocsin::workflows {
namespace {

constexpr std::string_view watchdog_key = "workflow-watchdog";
constexpr std::chrono::minutes interval{1};
constexpr int executions_max = 100;

}  // namespace

void Executions::set_timer(store::Transaction& transaction) {
  store::Outbox::add(transaction, {.kind = std::string(watchdog_kind),
                                   .destination = {},
                                   .payload = {},
                                   .key = std::string(watchdog_key),
                                   .lane = store::Lane::bulk,
                                   .due = transaction.now() + interval});
}

// What cannot be told that its time is over (it cannot be read, or its definition is gone) fails as a whole, so that it
// does not stand in the way of the others.
Result<void> Executions::watch(store::Transaction& transaction, const store::Due&) {
  const Time limit = transaction.now() - limits_.task_deadline;
  std::vector<std::int64_t> overdue;
  {
    auto rows = transaction.query("SELECT id FROM execution WHERE task_since <= ? ORDER BY task_since LIMIT ?", limit,
                                  executions_max);
    while (rows.next()) overdue.push_back(rows.integer(0));
  }
  for (const auto id : overdue) {
    const auto told = transaction.attempt([&] { return tell_overdue(transaction, id, limit); });
    if (!told && told.error().code != ErrorCode::unavailable)
      fail_hard(transaction, id, "the deadline of a task has passed, and " + told.error().message);
  }
  store::Outbox::add(transaction,
                     {.kind = std::string(watchdog_kind),
                      .destination = {},
                      .payload = {},
                      .key = std::string(watchdog_key),
                      .lane = store::Lane::bulk,
                      .due = transaction.now() + (std::ssize(overdue) == executions_max
                                                      ? std::chrono::seconds{1}
                                                      : std::chrono::duration_cast<std::chrono::seconds>(interval))});
  return {};
}

Result<void> Executions::tell_overdue(store::Transaction& transaction, std::int64_t execution, Time limit) {
  auto row = load(transaction, execution);
  if (!row) return pass_on(row);
  std::vector<asl::TaskId> tasks;
  for (const auto task : row->state.without_timeout)
    if (row->state.frames.at(row->state.waiting.at(static_cast<std::int64_t>(task))).scheduled <= limit)
      tasks.push_back(task);
  for (const auto task : tasks)
    if (auto done = happen(transaction, *row, asl::TaskOverdue{task}); !done) return done;
  keep(std::move(*row));
  return {};
}

}  // namespace tocsin::workflows
