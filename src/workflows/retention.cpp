#include "workflows/detail/executions.h"
#include "workflows/workflows.h"

namespace tocsin::workflows {
namespace {

constexpr int purge_count_max = 500;

}  // namespace

// Removes what was finished longer ago than the retention, some at a time, and comes again while there is anything
// left.
Result<void> Executions::purge(store::Transaction& transaction, const store::Due&) {
  std::vector<std::int64_t> old;
  {
    auto rows = transaction.query("SELECT id FROM execution WHERE stopped < ? ORDER BY stopped LIMIT ?",
                                  transaction.now() - limits_.retention, purge_count_max);
    while (rows.next()) old.push_back(rows.integer(0));
  }
  for (const auto id : old) {
    transaction.execute("DELETE FROM execution_event WHERE execution = ?", id);
    transaction.execute("DELETE FROM execution_origin WHERE execution = ?", id);
    transaction.execute("DELETE FROM execution WHERE id = ?", id);
  }
  if (transaction.exists("SELECT 1 FROM execution WHERE stopped IS NOT NULL"))
    store::Outbox::add(
        transaction,
        {.kind = std::string(retention_kind),
         .destination = {},
         .payload = {},
         .key = std::string(retention_key),
         .lane = store::Lane::bulk,
         .due = transaction.now() + (std::ssize(old) == purge_count_max ? std::chrono::seconds{1} : purge_interval)});
  return {};
}

}  // namespace tocsin::workflows
