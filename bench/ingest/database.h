// SQLite for the measurements: a thin owner of a connection and its statements.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "core/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace tocsin::bench {

struct CloseDatabase {
  void operator()(sqlite3* database) const;
};
struct FinalizeStatement {
  void operator()(sqlite3_stmt* statement) const;
};
using Statement = std::unique_ptr<sqlite3_stmt, FinalizeStatement>;

class Database {
 public:
  // Error: unavailable.
  static Result<Database> open_to_read(const std::filesystem::path& file);
  // A new one, with the pragmas of the store (WAL, synchronous=FULL; src/store/connection.cpp).
  static Result<Database> create(const std::filesystem::path& file);

  Result<void> run(const std::string& sql);
  // Error: unavailable.
  Result<Statement> prepare(const std::string& sql);
  // The first column of the first row, or `otherwise`.
  std::int64_t integer(const std::string& sql, std::int64_t otherwise = 0);
  sqlite3* handle() { return database_.get(); }

 private:
  explicit Database(sqlite3* database) : database_{database} {}
  std::unique_ptr<sqlite3, CloseDatabase> database_;
};

// True: a row. False: the end. Error: unavailable.
Result<bool> step(sqlite3_stmt* statement);

}  // namespace tocsin::bench
