#include "store/connection.h"

#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include "core/check.h"

namespace tocsin::store::detail {
namespace {

constexpr int busy_timeout_ms = 5000;
constexpr std::size_t kept_texts_max = 512;

ErrorCode code_of(int sqlite_code) {
  const int primary = sqlite_code & 0xff;
  return primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB ? ErrorCode::corrupt : ErrorCode::unavailable;
}

bool is_of_values(int sqlite_code) {
  const int primary = sqlite_code & 0xff;
  return primary == SQLITE_CONSTRAINT || primary == SQLITE_MISMATCH || primary == SQLITE_TOOBIG;
}

struct Binder {
  sqlite3_stmt* statement;
  sqlite3_destructor_type lifetime;
  int index;
  int operator()(std::nullptr_t) const { return sqlite3_bind_null(statement, index); }
  int operator()(std::int64_t number) const { return sqlite3_bind_int64(statement, index, number); }
  int operator()(double number) const { return sqlite3_bind_double(statement, index, number); }
  int operator()(std::string_view text) const {
    return sqlite3_bind_text64(statement, index, text.data() ? text.data() : "", text.size(), lifetime, SQLITE_UTF8);
  }
  int operator()(Blob blob) const {
    return sqlite3_bind_blob64(statement, index, blob.bytes.data() ? blob.bytes.data() : "", blob.bytes.size(),
                               lifetime);
  }
};

}  // namespace

Result<std::unique_ptr<Connection>> Connection::open(const std::filesystem::path& file, Mode mode, bool durable) {
  // SQLite's own account of its memory, which nobody reads, costs a lock for every piece of memory.
  static const int configured = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  static_cast<void>(configured);  // an error where others have begun to use SQLite before: the account is kept then
  sqlite3* database = nullptr;
  // The mask is the whole process's, so it is set only for the writer, which is opened before any thread starts and
  // makes the files.
  const bool writes = mode == Mode::read_write;
  const mode_t old_mask = writes ? umask(0077) : 0;
  const int flags = SQLITE_OPEN_NOMUTEX |
                    (mode == Mode::read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  const int code = sqlite3_open_v2(file.c_str(), &database, flags, nullptr);
  if (writes) umask(old_mask);
  std::unique_ptr<Connection> connection{new Connection{database}};
  if (code != SQLITE_OK)
    return fail(code_of(code), fmt::format("cannot open the store {}: {}", file.string(), sqlite3_errstr(code)));
  sqlite3_extended_result_codes(database, 1);
  sqlite3_busy_timeout(database, busy_timeout_ms);
  std::string setup = "PRAGMA foreign_keys=ON; PRAGMA temp_store=MEMORY; PRAGMA cache_size=-16384;";
  if (mode == Mode::read_write) {
    setup += "PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=4000; PRAGMA journal_size_limit=67108864;";
    setup += durable ? "PRAGMA synchronous=FULL;" : "PRAGMA synchronous=OFF;";
  } else {
    setup += "PRAGMA query_only=ON;";
  }
  if (auto done = connection->run(setup.c_str()); !done) return pass_on(done);
  return connection;
}

Connection::~Connection() {
  for (auto& [sql, statements] : idle_)
    for (auto* statement : statements) sqlite3_finalize(statement);
  sqlite3_close_v2(database_);
}

Result<void> Connection::run(const char* sql) {
  char* message = nullptr;
  const int code = sqlite3_exec(database_, sql, nullptr, nullptr, &message);
  if (code == SQLITE_OK) return {};
  std::string text = message ? message : sqlite3_errstr(code);
  sqlite3_free(message);
  return fail(code_of(code), fmt::format("the store failed at '{:.60}': {}", sql, text));
}

Connection::Shelf* Connection::shelf_of(std::string_view sql) {
  if (const auto found = idle_.find(sql); found != idle_.end()) return &found->second;
  if (idle_.size() >= kept_texts_max) return nullptr;
  return &idle_.emplace(std::string(sql), Shelf{}).first->second;
}

Connection::Loan Connection::prepare(std::string_view sql, const Value* values, std::size_t count, Bytes bytes) {
  if (failure_) return {};
  Loan loan{.statement = nullptr, .shelf = shelf_of(sql)};
  if (loan.shelf && !loan.shelf->empty()) {
    loan.statement = loan.shelf->back();
    loan.shelf->pop_back();
  } else if (sqlite3_prepare_v3(database_, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                                &loan.statement, nullptr) != SQLITE_OK) {
    remember_failure(sql);
    // A statement that SQLite cannot read is ours and wrong; a failing disk is not.
    check((sqlite3_errcode(database_) & 0xff) != SQLITE_ERROR, failure_->message.c_str());
    return {};
  }
  check(sqlite3_bind_parameter_count(loan.statement) == static_cast<int>(count), "every `?` of a statement is bound");
  const auto lifetime = bytes == Bytes::stay ? SQLITE_STATIC : SQLITE_TRANSIENT;
  for (std::size_t i = 0; i < count; ++i) {
    if (std::visit(Binder{loan.statement, lifetime, static_cast<int>(i) + 1}, values[i]) != SQLITE_OK) {
      remember_failure(sql);
      give_back(loan);
      return {};
    }
  }
  return loan;
}

void Connection::give_back(Loan loan) {
  sqlite3_reset(loan.statement);
  if (!loan.shelf) {
    sqlite3_finalize(loan.statement);
    return;
  }
  sqlite3_clear_bindings(loan.statement);
  loan.shelf->push_back(loan.statement);
}

bool Connection::step(sqlite3_stmt* statement) {
  if (failure_) return false;
  const int code = sqlite3_step(statement);
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) remember_failure(sqlite3_sql(statement));
  return false;
}

std::int64_t Connection::changes() const {
  return sqlite3_changes64(database_);
}
void Connection::keep_log() {
  const auto note = [](void* connection, sqlite3*, const char*, int pages) {
    static_cast<Connection*>(connection)->log_pages_ = pages;
    return SQLITE_OK;
  };
  sqlite3_wal_hook(database_, note, this);
}

int Connection::checkpoint() {
  int pages = 0, carried_over = 0;
  const int code = sqlite3_wal_checkpoint_v2(database_, nullptr, SQLITE_CHECKPOINT_PASSIVE, &pages, &carried_over);
  return code == SQLITE_OK ? carried_over : 0;
}

bool Connection::in_transaction() const {
  return sqlite3_get_autocommit(database_) == 0;
}

void Connection::remember_failure(std::string_view sql) {
  const int code = sqlite3_extended_errcode(database_);
  failure_is_of_values_ = is_of_values(code);
  failure_ = Error{failure_is_of_values_ ? ErrorCode::corrupt : code_of(code),
                   fmt::format("the store failed at '{:.60}': {} ({})", sql, sqlite3_errmsg(database_), code)};
}

}  // namespace tocsin::store::detail
