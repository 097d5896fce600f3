// Long executions as the committer last stored them, so that a happening does not read them again. Private to the room.
#pragma once

#include <list>
#include <unordered_map>

#include "workflows/workflows.h"

namespace tocsin::workflows {

// An entry is lent out: who took it puts it back when what he made of it is stored. Whoever is rolled back after that
// leaves an entry that is newer than the store, which take() tells by its number. Used by the committer's thread only.
class Executions::StateCache {
 public:
  explicit StateCache(std::size_t bytes_max) : bytes_max_{bytes_max} {}

  bool has(std::int64_t execution) const { return by_id_.contains(execution); }
  // The entry, if it is what the store has under the journal number `last`. It is not in here any more.
  std::optional<Row> take(std::int64_t execution, std::int64_t last);
  // The oldest ones go where there is no room; the newest one stays, however large.
  void put(Row row);
  void drop(std::int64_t execution);

 private:
  struct Entry {
    Row row;
    std::size_t bytes;
  };
  std::size_t bytes_max_;
  std::size_t bytes_ = 0;
  std::list<Entry> entries_;  // newest first
  std::unordered_map<std::int64_t, std::list<Entry>::iterator> by_id_;
};

}  // namespace tocsin::workflows
