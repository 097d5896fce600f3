// One SQLite connection with its prepared statements. Inside this folder only.
#pragma once

#include <filesystem>
#include <string>
#include <unordered_map>

#include "store/transaction.h"

struct sqlite3;
struct sqlite3_stmt;

namespace tocsin::store::detail {

class Connection {
 public:
  enum class Mode { read_write, read_only };
  static Result<std::unique_ptr<Connection>> open(const std::filesystem::path& file, Mode mode, bool durable);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Runs statements without values or rows ("BEGIN IMMEDIATE", a migration). Not sticky.
  Result<void> run(const char* sql);
  // A prepared statement on loan, and the shelf that it goes back to (null: none, it is finalized).
  using Shelf = std::vector<sqlite3_stmt*>;
  struct Loan {
    sqlite3_stmt* statement = nullptr;
    Shelf* shelf = nullptr;
  };
  // How long the bytes of bound text stay: until the statement is given back, or only during this call (SQLite then
  // copies them).
  enum class Bytes { stay, go };
  // The statement, reset and bound; null after a failure (which becomes the sticky one).
  Loan prepare(std::string_view sql, const Value* values, std::size_t count, Bytes bytes);
  void give_back(Loan loan);
  bool step(sqlite3_stmt* statement);  // true: a row
  std::int64_t changes() const;
  // For measurements of SQLite alone.
  sqlite3* handle() { return database_; }
  // From here on no commit carries the log over by itself; log_pages() tells the log's length after the last commit.
  void keep_log();
  int log_pages() const { return log_pages_; }
  // Carries over as much of the log as can be without waiting for anybody; returns how many of its pages now are, all
  // in all (0 where another connection is at it, or after a failure, which is not kept).
  int checkpoint();
  // False after SQLite itself has rolled the transaction back (disk full, I/O error).
  bool in_transaction() const;

  const std::optional<Error>& failure() const { return failure_; }
  // The failure is one of what was written (a constraint, a value that is too big), not of the disk: what wrote it can
  // be rolled back alone.
  bool failure_is_of_values() const { return failure_ && failure_is_of_values_; }
  void clear_failure() { failure_.reset(); }

 private:
  explicit Connection(sqlite3* database) : database_{database} {}
  void remember_failure(std::string_view sql);

  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  // Null once so many texts are known that a new one is not kept.
  Shelf* shelf_of(std::string_view sql);

  sqlite3* database_;
  std::unordered_map<std::string, Shelf, Hash, std::equal_to<>> idle_;
  std::optional<Error> failure_;
  int log_pages_ = 0;
  bool failure_is_of_values_ = false;
};

// A statement on loan from its connection.
class Cursor {
 public:
  Cursor(Connection& from, Connection::Loan prepared)
      : connection{from}, statement{prepared.statement}, shelf{prepared.shelf} {}
  ~Cursor() { connection.give_back({statement, shelf}); }
  Cursor(const Cursor&) = delete;
  Cursor& operator=(const Cursor&) = delete;

  Connection& connection;
  sqlite3_stmt* statement;
  Connection::Shelf* shelf;
};

}  // namespace tocsin::store::detail
