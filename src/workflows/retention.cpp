#include "workflows/detail/executions.h"
#include "workflows/workflows.h"

namespace tocsin::workflows {
namespace {

// One batch: executions, and rows in all. What is left comes a second later.
constexpr int executions_max = 500;
constexpr std::int64_t rows_max = 5'000;

// Deletes at most `budget` rows of an execution, its own row last; what is left of the budget. 0: there may be more.
std::int64_t remove_some(store::Transaction& transaction, std::int64_t id, std::int64_t budget) {
  budget -= transaction.execute(
      "DELETE FROM execution_event WHERE execution = ? AND (child, id) IN "
      "(SELECT child, id FROM execution_event WHERE execution = ? ORDER BY child, id LIMIT ?)",
      id, id, budget);
  if (budget <= 0) return 0;
  budget -= transaction.execute(
      "DELETE FROM map_run_child WHERE execution = ? AND child IN "
      "(SELECT child FROM map_run_child WHERE execution = ? ORDER BY child LIMIT ?)",
      id, id, budget);
  if (budget <= 0) return 0;
  transaction.execute("DELETE FROM map_run WHERE execution = ?", id);
  transaction.execute("DELETE FROM execution_snapshot WHERE execution = ?", id);
  transaction.execute("DELETE FROM execution_origin WHERE execution = ?", id);
  transaction.execute("DELETE FROM execution_parent WHERE child = ?", id);
  transaction.execute("DELETE FROM execution WHERE id = ?", id);
  return budget - 1;
}

}  // namespace

// Removes what was finished longer ago than the retention, some at a time, and comes again while there is anything
// left.
Result<void> Executions::purge(store::Transaction& transaction, const store::Due&) {
  std::vector<std::int64_t> old;
  {
    auto rows = transaction.query("SELECT id FROM execution WHERE stopped < ? ORDER BY stopped LIMIT ?",
                                  transaction.now() - limits_.retention, executions_max);
    while (rows.next()) old.push_back(rows.integer(0));
  }
  std::int64_t budget = rows_max;
  for (const auto id : old)
    if (budget > 0) budget = remove_some(transaction, id, budget);
  const bool more_now = budget <= 0 || std::ssize(old) == executions_max;
  if (transaction.exists("SELECT 1 FROM execution WHERE stopped IS NOT NULL"))
    store::Outbox::add(transaction, {.kind = std::string(retention_kind),
                                     .destination = {},
                                     .payload = {},
                                     .key = std::string(retention_key),
                                     .lane = store::Lane::bulk,
                                     .due = transaction.now() +
                                            (more_now ? std::chrono::seconds{1} : purge_interval(limits_.retention))});
  return {};
}

}  // namespace tocsin::workflows
