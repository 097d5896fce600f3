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
  // The statement, reset and bound; null after a failure (which becomes the sticky one).
  sqlite3_stmt* prepare(std::string_view sql, const Value* values, std::size_t count);
  void give_back(std::string_view sql, sqlite3_stmt* statement);
  bool step(sqlite3_stmt* statement);  // true: a row
  std::int64_t changes() const;
  // False after SQLite itself has rolled the transaction back (disk full, I/O error).
  bool in_transaction() const;

  const std::optional<Error>& failure() const { return failure_; }
  void clear_failure() { failure_.reset(); }

 private:
  explicit Connection(sqlite3* database) : database_{database} {}
  void remember_failure(std::string_view sql);

  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  sqlite3* database_;
  std::unordered_map<std::string, std::vector<sqlite3_stmt*>, Hash, std::equal_to<>> idle_;
  std::size_t idle_count_ = 0;
  std::optional<Error> failure_;
};

// A statement on loan from its connection.
class Cursor {
 public:
  Cursor(Connection& from, std::string text, sqlite3_stmt* prepared)
      : connection{from}, sql{std::move(text)}, statement{prepared} {}
  ~Cursor() { connection.give_back(sql, statement); }
  Cursor(const Cursor&) = delete;
  Cursor& operator=(const Cursor&) = delete;

  Connection& connection;
  std::string sql;
  sqlite3_stmt* statement;
};

}  // namespace tocsin::store::detail
