// What SQLite alone can commit: the rows of findings that the program has stored, written again without the program,
// on the same disk, with the same pragmas. The yardstick for findings a second.
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "core/result.h"

namespace tocsin::bench {

// The rows of the first findings of a store, in memory, as they are stored (bodies compressed).
struct StoredRows {
  struct Table {
    std::string name;
    std::string insert;               // "INSERT INTO finding VALUES (?,?,…)"
    std::vector<std::string> schema;  // CREATE TABLE and CREATE INDEX statements
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
  std::size_t body_bytes = 0;  // of all findings together
};
// Error: unavailable.
Result<StoredRows> read_stored_rows(const std::filesystem::path& store, std::size_t findings_max);

enum class Yardstick {
  bodies,  // the stored bodies alone, in one table with nothing but a key: the least that has to be written
  rows,    // all rows of a finding, with the program's own tables and indexes
};

// Commits the findings in transactions of `findings_a_commit`, each with its own fsync; findings a second.
Result<double> commit_rate(const StoredRows& rows, Yardstick yardstick, std::size_t findings_a_commit,
                           const std::filesystem::path& folder, std::chrono::milliseconds time_max);

}  // namespace tocsin::bench
