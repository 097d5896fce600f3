#include "store/store.h"

#include <cerrno>
#include <cstring>
#include <map>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include "store/committer.h"
#include "store/connection.h"

namespace tocsin::store {
namespace {

constexpr Migration own_migrations[] = {
    {"store", 1,
     "CREATE TABLE outbox (id INTEGER PRIMARY KEY, kind TEXT NOT NULL, destination TEXT NOT NULL, payload BLOB NOT "
     "NULL,"
     " context TEXT NOT NULL, key TEXT NOT NULL UNIQUE, dead_letter TEXT NOT NULL, lane INTEGER NOT NULL,"
     " due BIGINT NOT NULL, attempts_max INTEGER NOT NULL, age_max_s BIGINT NOT NULL, attempt INTEGER NOT NULL,"
     " added BIGINT NOT NULL, last_error TEXT);"
     "CREATE INDEX outbox_due ON outbox (lane, due, id);"},
    // Ids are never given out again: a delivery that was read, cancelled and followed by a new one must not be taken
    // for it. (PostgreSQL: GENERATED ALWAYS AS IDENTITY.)
    {"store", 2,
     "CREATE TABLE outbox_numbered (id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, destination TEXT NOT "
     "NULL,"
     " payload BLOB NOT NULL, context TEXT NOT NULL, key TEXT NOT NULL UNIQUE, dead_letter TEXT NOT NULL,"
     " lane INTEGER NOT NULL, due BIGINT NOT NULL, attempts_max INTEGER NOT NULL, age_max_s BIGINT NOT NULL,"
     " attempt INTEGER NOT NULL, added BIGINT NOT NULL, last_error TEXT);"
     "INSERT INTO outbox_numbered (id, kind, destination, payload, context, key, dead_letter, lane, due, attempts_max,"
     " age_max_s, attempt, added, last_error) SELECT id, kind, destination, payload, context, key, dead_letter, lane,"
     " due, attempts_max, age_max_s, attempt, added, last_error FROM outbox;"
     "DROP TABLE outbox;"
     "ALTER TABLE outbox_numbered RENAME TO outbox;"
     "CREATE INDEX outbox_due ON outbox (lane, due, id);"},
    {"store", 3,
     "CREATE TABLE outbox_given_up (id INTEGER PRIMARY KEY AUTOINCREMENT, at BIGINT NOT NULL, kind TEXT NOT NULL,"
     " key TEXT NOT NULL, destination TEXT NOT NULL, dead_letter TEXT NOT NULL, error TEXT NOT NULL,"
     " payload BLOB NOT NULL, attempts INTEGER NOT NULL);"},
    // Lines by destination, leases that can be told from waiting, digests; a lane for alerts behind containment. Each
    // row is in one of the partial indexes. The payload stands last, so that what is before it is read without it.
    {"store", 4,
     "CREATE TABLE outbox_lined (id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, destination TEXT NOT NULL,"
     " context TEXT NOT NULL, key TEXT NOT NULL UNIQUE, dead_letter TEXT NOT NULL, lane INTEGER NOT NULL,"
     " due BIGINT NOT NULL, attempts_max INTEGER NOT NULL, age_max_s BIGINT NOT NULL, attempt INTEGER NOT NULL,"
     " added BIGINT NOT NULL, last_error TEXT, state INTEGER NOT NULL, digest BIGINT NOT NULL, summary TEXT NOT NULL,"
     " payload BLOB NOT NULL);"
     "INSERT INTO outbox_lined (id, kind, destination, context, key, dead_letter, lane, due, attempts_max, age_max_s,"
     " attempt, added, last_error, state, digest, summary, payload) SELECT id, kind, destination, context, key,"
     " dead_letter, CASE lane WHEN 0 THEN 0 ELSE lane + 1 END, due, attempts_max, age_max_s, attempt, added,"
     " last_error, 0, 0, '', payload FROM outbox;"
     "DROP TABLE outbox;"
     "ALTER TABLE outbox_lined RENAME TO outbox;"
     "CREATE INDEX outbox_due ON outbox (lane, due, id) WHERE state = 0;"
     "CREATE INDEX outbox_line ON outbox (destination, lane, due, id) WHERE state = 1;"
     "CREATE INDEX outbox_leased ON outbox (due) WHERE state = 2;"
     "CREATE INDEX outbox_in_digest ON outbox (digest, id) WHERE state = 3;"},
    // What sending it again needs.
    {"store", 5,
     "ALTER TABLE outbox_given_up ADD COLUMN context TEXT NOT NULL DEFAULT '';"
     "ALTER TABLE outbox_given_up ADD COLUMN lane INTEGER NOT NULL DEFAULT 3;"
     "ALTER TABLE outbox_given_up ADD COLUMN attempts_max INTEGER NOT NULL DEFAULT 185;"
     "ALTER TABLE outbox_given_up ADD COLUMN age_max_s BIGINT NOT NULL DEFAULT 86400;"
     "ALTER TABLE outbox_given_up ADD COLUMN added BIGINT NOT NULL DEFAULT 0;"},
    // What is sent again can go as a digest.
    {"store", 6, "ALTER TABLE outbox_given_up ADD COLUMN summary TEXT NOT NULL DEFAULT '';"},
};

// One process has a store open at a time: whoever held a lease when it is opened is gone. The effect may have been made
// without its outcome written, so it counts as a try, and is made again with its key.
constexpr const char* end_old_leases = "UPDATE outbox SET state = 0, due = added WHERE state = 2";

Result<void> apply(detail::Connection& connection, const Migration& migration) {
  if (auto begun = connection.run("BEGIN IMMEDIATE"); !begun) return begun;
  auto applied = connection.run(std::string(migration.sql).c_str());
  if (applied)
    applied = connection.run(fmt::format("INSERT INTO schema_version (room, version) VALUES ('{}', {}) "
                                         "ON CONFLICT (room) DO UPDATE SET version = excluded.version",
                                         migration.room, migration.version)
                                 .c_str());
  if (applied) return connection.run("COMMIT");
  (void)connection.run("ROLLBACK");
  return fail(applied.error().code, fmt::format("migration {} of '{}' failed: {}", migration.version, migration.room,
                                                applied.error().message));
}

int version_of(detail::Connection& connection, std::string_view room) {
  Reader reader{connection, Time{}};
  return static_cast<int>(reader.integer("SELECT version FROM schema_version WHERE room = ?", 0, room));
}

// Before anything is changed. Error: validation, where the store has what no migration here makes.
Result<void> refuse_newer(detail::Connection& connection, std::span<const Migration> migrations) {
  std::map<std::string, int, std::less<>> newest;
  for (const auto& list : {std::span<const Migration>(own_migrations), migrations})
    for (const auto& migration : list) {
      int& version = newest[std::string(migration.room)];
      version = std::max(version, migration.version);
    }
  Reader reader{connection, Time{}};
  auto rows = reader.query("SELECT room, version FROM schema_version ORDER BY room");
  while (rows.next()) {
    const auto known = newest.find(rows.text(0));
    const int here = known == newest.end() ? 0 : known->second;
    if (rows.integer(1) > here)
      return fail(
          ErrorCode::validation,
          fmt::format("the store was written by a newer version ('{}' is at {}, this program knows {}); nothing "
                      "was changed. Start that version, or name another data folder",
                      rows.text(0), rows.integer(1), here));
  }
  if (connection.failure()) return std::unexpected(*connection.failure());
  return {};
}

Result<void> migrate(detail::Connection& connection, std::span<const Migration> migrations) {
  for (const auto& migration : migrations) {
    const int at = version_of(connection, migration.room);
    if (migration.version <= at) continue;
    if (migration.version != at + 1)
      return fail(ErrorCode::corrupt, fmt::format("the store is at version {} of '{}'; migration {} does not follow",
                                                  at, migration.room, migration.version));
    if (auto done = apply(connection, migration); !done) return done;
  }
  if (connection.failure()) return std::unexpected(*connection.failure());
  return {};
}

// What a person can do about a file that is no store, or one that is damaged.
Error explained(Error error, const std::filesystem::path& file) {
  if (error.code == ErrorCode::corrupt)
    error.message = fmt::format(
        "the store {0} cannot be read: it is damaged, or no store of Tocsin's ({1}). Nothing was changed. Keep a copy "
        "of "
        "{0}, {0}-wal and {0}-shm; then put a backup in their place, or name another data folder",
        file.string(), error.message);
  return error;
}

Result<std::unique_ptr<Committer>> open_committer(Options options, std::span<const Migration> migrations) {
  auto connection = detail::Connection::open(options.file, detail::Connection::Mode::read_write, options.durable);
  if (!connection) return pass_on(connection);
  auto ready =
      (*connection)->run("CREATE TABLE IF NOT EXISTS schema_version (room TEXT PRIMARY KEY, version INTEGER NOT NULL)");
  if (ready) ready = refuse_newer(**connection, migrations);
  if (ready) ready = migrate(**connection, own_migrations);
  if (ready) ready = migrate(**connection, migrations);
  if (ready) ready = (*connection)->run(end_old_leases);
  if (!ready) return pass_on(ready);
  return std::make_unique<Committer>(std::move(options), std::move(*connection));
}

// Takes `file`.lock for this process; the kernel gives it back when the process ends, however it ends.
Result<int> take_lock(const std::filesystem::path& file) {
  const std::string path = file.string() + ".lock";
  const int lock = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock < 0) return fail(ErrorCode::unavailable, fmt::format("cannot make {}: {}", path, std::strerror(errno)));
  if (flock(lock, LOCK_EX | LOCK_NB) == 0) return lock;
  ::close(lock);
  return fail(ErrorCode::unavailable,
              fmt::format("the store {} is in use by another process: stop that one, or name another data folder",
                          file.string()));
}

}  // namespace

Result<std::unique_ptr<Store>> Store::open(Options options, std::span<const Migration> migrations) {
  auto lock = take_lock(options.file);
  if (!lock) return pass_on(lock);
  auto committer = open_committer(options, migrations);
  if (!committer) {
    ::close(*lock);
    return std::unexpected(explained(std::move(committer).error(), options.file));
  }
  return std::unique_ptr<Store>{new Store{std::move(*committer), *lock, options}};
}

Store::Store(std::unique_ptr<Committer> committer, int lock, const Options& options)
    : committer_{std::move(committer)},
      lock_{lock},
      folder_{std::filesystem::absolute(options.file).parent_path()},
      free_bytes_min_{options.free_bytes_min} {}
Store::~Store() {
  stop();
  committer_.reset();
  ::close(lock_);
}

void Store::submit(Lane lane, Change change, Done done) {
  committer_->submit(lane, std::move(change), std::move(done));
}
Result<void> Store::run_read(const std::function<void(Reader&)>& query) const {
  return committer_->read(query);
}
Outbox& Store::outbox() {
  return committer_->outbox;
}
void Store::on_signal(std::function<void(const std::string&)> listener) {
  committer_->on_signal = std::move(listener);
}
void Store::on_failure(std::function<void(const Error&)> listener) {
  committer_->on_failure = std::move(listener);
}
void Store::start() {
  committer_->start();
}
void Store::stop(std::chrono::milliseconds patience) {
  committer_->stop(patience);
}
std::size_t Store::run_until_idle() {
  return committer_->run_until_idle();
}
std::uint64_t Store::commits() const {
  return committer_->commits();
}

}  // namespace tocsin::store
