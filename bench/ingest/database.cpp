#include "database.h"

#include <fmt/format.h>
#include <sqlite3.h>

namespace tocsin::bench {
namespace {

constexpr int busy_timeout_ms = 5'000;

Result<Database> opened(Result<Database> database, const char* pragmas) {
  if (!database) return database;
  sqlite3_busy_timeout(database->handle(), busy_timeout_ms);
  if (auto set = database->run(pragmas); !set) return pass_on(set);
  return database;
}

}  // namespace

void CloseDatabase::operator()(sqlite3* database) const {
  sqlite3_close_v2(database);
}
void FinalizeStatement::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

Result<Database> Database::open_to_read(const std::filesystem::path& file) {
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(file.c_str(), &handle, SQLITE_OPEN_READONLY, nullptr);
  Database database{handle};
  if (code != SQLITE_OK)
    return fail(ErrorCode::unavailable, fmt::format("{}: {}", file.string(), sqlite3_errstr(code)));
  return opened(std::move(database), "PRAGMA query_only=ON");
}

Result<Database> Database::create(const std::filesystem::path& file) {
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(file.c_str(), &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
  Database database{handle};
  if (code != SQLITE_OK)
    return fail(ErrorCode::unavailable, fmt::format("{}: {}", file.string(), sqlite3_errstr(code)));
  return opened(std::move(database),
                "PRAGMA temp_store=MEMORY; PRAGMA cache_size=-16384; PRAGMA journal_mode=WAL; "
                "PRAGMA wal_autocheckpoint=4000; PRAGMA journal_size_limit=67108864; PRAGMA synchronous=FULL;");
}

Result<void> Database::run(const std::string& sql) {
  char* message = nullptr;
  if (sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, &message) == SQLITE_OK) return {};
  std::string text = message ? message : "failed";
  sqlite3_free(message);
  return fail(ErrorCode::unavailable, fmt::format("{:.100}: {}", sql, text));
}

Result<Statement> Database::prepare(const std::string& sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(database_.get(), sql.c_str(), -1, &statement, nullptr) != SQLITE_OK)
    return fail(ErrorCode::unavailable, fmt::format("{:.100}: {}", sql, sqlite3_errmsg(database_.get())));
  return Statement{statement};
}

std::int64_t Database::integer(const std::string& sql, std::int64_t otherwise) {
  const auto statement = prepare(sql);
  if (!statement || sqlite3_step(statement->get()) != SQLITE_ROW) return otherwise;
  return sqlite3_column_int64(statement->get(), 0);
}

Result<bool> step(sqlite3_stmt* statement) {
  const int code = sqlite3_step(statement);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return fail(ErrorCode::unavailable, sqlite3_errmsg(sqlite3_db_handle(statement)));
}

}  // namespace tocsin::bench
