#include "workflows/detail/state_cache.h"

namespace tocsin::workflows {
namespace {

// Bytes in memory for a byte of text, about: a digit and its comma take a json::value.
constexpr std::size_t bytes_per_byte = 12;

}  // namespace

std::optional<Executions::Row> Executions::StateCache::take(std::int64_t execution, std::int64_t last) {
  const auto found = by_id_.find(execution);
  if (found == by_id_.end()) return std::nullopt;
  std::optional<Row> row;
  if (found->second->row.journal.last == last) row = std::move(found->second->row);
  drop(execution);
  return row;
}

void Executions::StateCache::put(Row row) {
  drop(row.id);
  const auto id = row.id;
  const auto bytes = (row.journal.snapshot_bytes + row.journal.bytes) * bytes_per_byte;
  entries_.push_front({std::move(row), bytes});
  by_id_.emplace(id, entries_.begin());
  bytes_ += bytes;
  while (bytes_ > bytes_max_ && entries_.size() > 1) drop(entries_.back().row.id);
}

void Executions::StateCache::drop(std::int64_t execution) {
  const auto found = by_id_.find(execution);
  if (found == by_id_.end()) return;
  bytes_ -= found->second->bytes;
  entries_.erase(found->second);
  by_id_.erase(found);
}

}  // namespace tocsin::workflows
