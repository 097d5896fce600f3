#include "sqlite_alone.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include "database.h"
#include "store/checkpointer.h"

namespace tocsin::bench {
namespace {

using Table = StoredRows::Table;

// As findings::Options::fresh_max.
constexpr std::size_t fresh_max = 2'048;

Table::Value value_of(sqlite3_stmt* row, int column) {
  Table::Value value{.type = sqlite3_column_type(row, column), .integer = 0, .bytes = {}};
  if (value.type == SQLITE_INTEGER) value.integer = sqlite3_column_int64(row, column);
  if (value.type == SQLITE_TEXT || value.type == SQLITE_BLOB) {
    const auto* bytes = static_cast<const char*>(sqlite3_column_blob(row, column));
    value.bytes.assign(bytes ? bytes : "", static_cast<std::size_t>(sqlite3_column_bytes(row, column)));
  }
  return value;
}

void bind_row(sqlite3_stmt* statement, const std::vector<Table::Value>& row) {
  for (std::size_t i = 0; i < row.size(); ++i) {
    const int at = static_cast<int>(i) + 1;
    const auto& value = row[i];
    if (value.type == SQLITE_INTEGER)
      sqlite3_bind_int64(statement, at, value.integer);
    else if (value.type == SQLITE_TEXT)
      sqlite3_bind_text64(statement, at, value.bytes.data(), value.bytes.size(), SQLITE_STATIC, SQLITE_UTF8);
    else if (value.type == SQLITE_BLOB)
      sqlite3_bind_blob64(statement, at, value.bytes.data(), value.bytes.size(), SQLITE_STATIC);
    else
      sqlite3_bind_null(statement, at);
  }
}

Result<std::vector<std::string>> texts(Database& database, const std::string& sql) {
  auto statement = database.prepare(sql);
  if (!statement) return pass_on(statement);
  std::vector<std::string> out;
  for (;;) {
    auto row = step(statement->get());
    if (!row) return pass_on(row);
    if (!*row) return out;
    out.push_back(value_of(statement->get(), 0).bytes);
  }
}

Result<void> read_table(Database& database, Table& table) {
  auto schema = texts(database, fmt::format("SELECT sql FROM sqlite_master WHERE tbl_name = '{}' AND sql IS NOT NULL "
                                            "ORDER BY type DESC",  // table before index
                                            table.name));
  if (!schema) return pass_on(schema);
  table.schema = std::move(*schema);
  auto query = database.prepare(fmt::format("SELECT seq, * FROM {} ORDER BY seq", table.name));
  if (!query) return pass_on(query);
  table.is_indexed_late = database.integer(fmt::format(
                              "SELECT count(*) FROM pragma_table_info('{}') WHERE name = 'indexed'", table.name)) == 1;
  const int columns = sqlite3_column_count(query->get());
  const int late = table.is_indexed_late ? 1 : 0;  // the last column, 0 at first
  std::string marks = "?";
  for (int i = 2; i < columns - late; ++i) marks += ",?";
  if (table.is_indexed_late) marks += ",0";
  table.insert = fmt::format("INSERT INTO {} VALUES ({})", table.name, marks);
  for (;;) {
    auto row = step(query->get());
    if (!row) return pass_on(row);
    if (!*row) return {};
    const auto seq = static_cast<std::size_t>(sqlite3_column_int64(query->get(), 0));
    if (seq == 0) continue;
    if (table.rows.size() < seq) table.rows.resize(seq);
    std::vector<Table::Value> values;
    for (int i = 1; i < columns - late; ++i) values.push_back(value_of(query->get(), i));
    table.rows[seq - 1].push_back(std::move(values));
  }
}

// The table of bodies alone.
Table bodies_of(const StoredRows& rows) {
  Table bodies{.name = "body",
               .insert = "INSERT INTO body VALUES (?,?)",
               .schema = {"CREATE TABLE body (seq INTEGER PRIMARY KEY, body BLOB NOT NULL)"},
               .rows = {}};
  for (const auto& table : rows.tables)
    if (table.name == "finding_body") bodies.rows = table.rows;
  return bodies;
}

std::unexpected<Error> failure(store::detail::Connection& connection) {
  return fail(ErrorCode::unavailable, sqlite3_errmsg(connection.handle()));
}

// Writes rows again, with the log carried over beside it.
class Writer {
 public:
  static Result<std::unique_ptr<Writer>> open(const std::filesystem::path& file,
                                              const std::vector<const Table*>& tables) {
    using store::detail::Connection;
    auto connection = Connection::open(file, Connection::Mode::read_write, true);
    if (!connection) return pass_on(connection);
    auto beside = Connection::open(file, Connection::Mode::read_write, true);
    if (!beside) return pass_on(beside);
    std::unique_ptr<Writer> writer{new Writer{std::move(*connection), std::move(*beside)}};
    for (const auto* table : tables)
      if (auto made = writer->make(*table); !made) return pass_on(made);
    return writer;
  }

  // One commit of the findings up to `end`.
  Result<void> commit(std::size_t end) {
    if (auto begun = connection_->run("BEGIN IMMEDIATE"); !begun) return begun;
    for (; done_ < end; ++done_)
      for (auto& [table, insert] : tables_)
        if (done_ < table->rows.size())
          if (auto put = this->put(insert.get(), table->rows[done_]); !put) return put;
    if (done_ - indexed_ >= fresh_max)
      if (auto put = index(); !put) return put;
    if (auto committed = connection_->run("COMMIT"); !committed) return committed;
    checkpointer_.after_commit(*connection_);
    return {};
  }

 private:
  Writer(std::unique_ptr<store::detail::Connection> connection, std::unique_ptr<store::detail::Connection> beside)
      : connection_{std::move(connection)}, checkpointer_{std::move(beside)} {
    connection_->keep_log();
    checkpointer_.start();
  }

  Result<void> make(const Table& table) {
    for (const auto& sql : table.schema)
      if (auto made = connection_->run(sql.c_str()); !made) return made;
    sqlite3_stmt* insert = nullptr;
    if (sqlite3_prepare_v3(connection_->handle(), table.insert.c_str(), -1, SQLITE_PREPARE_PERSISTENT, &insert,
                           nullptr) != SQLITE_OK)
      return failure(*connection_);
    tables_.emplace_back(&table, Statement{insert});
    return {};
  }

  Result<void> put(sqlite3_stmt* insert, const std::vector<std::vector<Table::Value>>& rows) {
    for (const auto& row : rows) {
      bind_row(insert, row);
      const int code = sqlite3_step(insert);
      sqlite3_reset(insert);
      if (code != SQLITE_DONE) return failure(*connection_);
    }
    return {};
  }

  Result<void> index() {
    for (const auto& [table, insert] : tables_) {
      if (!table->is_indexed_late) continue;
      const auto sql =
          fmt::format("UPDATE {} SET indexed = 1 WHERE seq > {} AND seq <= {}", table->name, indexed_, done_);
      if (auto put = connection_->run(sql.c_str()); !put) return put;
    }
    indexed_ = done_;
    return {};
  }

  std::unique_ptr<store::detail::Connection> connection_;
  store::Checkpointer checkpointer_;
  std::vector<std::pair<const Table*, Statement>> tables_;
  std::size_t done_ = 0, indexed_ = 0;
};

}  // namespace

Result<StoredRows> read_stored_rows(const std::filesystem::path& store) {
  auto database = Database::open_to_read(store);
  if (!database) return pass_on(database);
  auto names = texts(*database,
                     "SELECT m.name FROM sqlite_master m WHERE m.type = 'table' AND m.name LIKE 'finding%' AND "
                     "EXISTS (SELECT 1 FROM pragma_table_info(m.name) WHERE name = 'seq')");
  if (!names) return pass_on(names);
  StoredRows rows;
  for (auto& name : *names) {
    Table table{.name = std::move(name), .insert = {}, .schema = {}, .rows = {}};
    if (auto read = read_table(*database, table); !read) return pass_on(read);
    if (table.name == "finding_body") {
      rows.findings = table.rows.size();
      for (const auto& of_finding : table.rows)
        for (const auto& row : of_finding) rows.body_bytes += row.back().bytes.size();
    }
    rows.tables.push_back(std::move(table));
  }
  if (rows.findings == 0) return fail(ErrorCode::not_found, "the store holds no finding bodies");
  // All findings of a commit have arrived at one time.
  auto commits = database->prepare("SELECT max(seq) FROM finding GROUP BY arrived_at ORDER BY 1");
  if (!commits) return pass_on(commits);
  for (;;) {
    auto row = step(commits->get());
    if (!row) return pass_on(row);
    if (!*row) return rows;
    rows.commits.push_back(static_cast<std::size_t>(sqlite3_column_int64(commits->get(), 0)));
  }
}

Result<std::vector<double>> commit_rates(const StoredRows& stored, Yardstick yardstick,
                                         const std::vector<std::size_t>& runs, const std::filesystem::path& folder) {
  const auto file = folder / "alone.db";
  for (const char* part : {"", "-wal", "-shm"}) std::filesystem::remove(file.string() + part);
  const Table bodies = bodies_of(stored);
  std::vector<const Table*> tables;
  if (yardstick == Yardstick::bodies)
    tables.push_back(&bodies);
  else
    for (const auto& table : stored.tables) tables.push_back(&table);
  auto writer = Writer::open(file, tables);
  if (!writer) return pass_on(writer);

  using SteadyClock = std::chrono::steady_clock;
  std::vector<double> rates;
  auto commit = stored.commits.begin();
  std::size_t done = 0;
  for (const auto run : runs) {
    const auto started = SteadyClock::now();
    const auto first = done;
    for (; commit != stored.commits.end() && *commit <= run; ++commit) {
      if (auto made = (*writer)->commit(*commit); !made) return pass_on(made);
      done = *commit;
    }
    rates.push_back(static_cast<double>(done - first) /
                    std::chrono::duration<double>(SteadyClock::now() - started).count());
  }
  return rates;
}

}  // namespace tocsin::bench
