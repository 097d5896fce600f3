// What SQLite alone can commit: the rows that the program has stored, written again without the program. The yardstick
// for findings a second. It is the same work for SQLite and the disk: the same rows in the same tables and indexes, in
// the same order and in the same commits, from an empty database on, over a connection as the store opens it
// (synchronous=FULL, the log carried over beside it). The rows are at hand, and one thread does nothing else.
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "core/result.h"

namespace tocsin::bench {

// The rows of a store's findings, in memory, as they are stored (bodies compressed).
struct StoredRows {
  struct Table {
    std::string name;
    std::string insert;               // "INSERT INTO finding VALUES (?,?,…)"
    std::vector<std::string> schema;  // CREATE TABLE and CREATE INDEX statements
    bool is_indexed_late = false;  // has a column `indexed`: rows go into indexes many at a time, as the program does
    // rows[i]: the rows of finding i in this table; values as SQLite gives them.
    struct Value {
      int type = 0;
      std::int64_t integer = 0;
      std::string bytes;
    };
    std::vector<std::vector<std::vector<Value>>> rows;
  };
  std::vector<Table> tables;  // all tables with a column `seq`: the finding's row, its body, its terms
  std::size_t findings = 0;
  std::size_t body_bytes = 0;        // of all findings together
  std::vector<std::size_t> commits;  // how many findings there were after each of the program's commits
};
// Error: unavailable.
Result<StoredRows> read_stored_rows(const std::filesystem::path& store);

enum class Yardstick {
  bodies,  // the stored bodies alone, in one table with nothing but a key: the least that has to be written
  rows,    // all rows of a finding, with the program's own tables and indexes
};

// Commits the findings as the program has; findings a second of each run. `runs[i]`: how many findings there were after
// the program's run i.
Result<std::vector<double>> commit_rates(const StoredRows& rows, Yardstick yardstick,
                                         const std::vector<std::size_t>& runs, const std::filesystem::path& folder);

}  // namespace tocsin::bench
