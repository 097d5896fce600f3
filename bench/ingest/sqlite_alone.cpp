#include "sqlite_alone.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include "database.h"

namespace tocsin::bench {
namespace {

using Table = StoredRows::Table;

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

Result<void> read_table(Database& database, std::size_t findings_max, Table& table) {
  auto schema = texts(database, fmt::format("SELECT sql FROM sqlite_master WHERE tbl_name = '{}' AND sql IS NOT NULL "
                                            "ORDER BY type DESC",  // table before index
                                            table.name));
  if (!schema) return pass_on(schema);
  table.schema = std::move(*schema);
  auto query =
      database.prepare(fmt::format("SELECT seq, * FROM {} WHERE seq <= {} ORDER BY seq", table.name, findings_max));
  if (!query) return pass_on(query);
  const int columns = sqlite3_column_count(query->get());
  std::string marks = "?";
  for (int i = 2; i < columns; ++i) marks += ",?";
  table.insert = fmt::format("INSERT INTO {} VALUES ({})", table.name, marks);
  for (;;) {
    auto row = step(query->get());
    if (!row) return pass_on(row);
    if (!*row) return {};
    const auto seq = static_cast<std::size_t>(sqlite3_column_int64(query->get(), 0));
    if (seq == 0) continue;
    if (table.rows.size() < seq) table.rows.resize(seq);
    std::vector<Table::Value> values;
    for (int i = 1; i < columns; ++i) values.push_back(value_of(query->get(), i));
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

Result<void> insert(Database& database, sqlite3_stmt* statement, const std::vector<std::vector<Table::Value>>& rows) {
  for (const auto& row : rows) {
    bind_row(statement, row);
    const int code = sqlite3_step(statement);
    sqlite3_reset(statement);
    if (code != SQLITE_DONE) return fail(ErrorCode::unavailable, sqlite3_errmsg(database.handle()));
  }
  return {};
}

}  // namespace

Result<StoredRows> read_stored_rows(const std::filesystem::path& store, std::size_t findings_max) {
  auto database = Database::open_to_read(store);
  if (!database) return pass_on(database);
  auto names = texts(*database,
                     "SELECT m.name FROM sqlite_master m WHERE m.type = 'table' AND m.name LIKE 'finding%' AND "
                     "EXISTS (SELECT 1 FROM pragma_table_info(m.name) WHERE name = 'seq')");
  if (!names) return pass_on(names);
  StoredRows rows;
  for (auto& name : *names) {
    Table table{.name = std::move(name), .insert = {}, .schema = {}, .rows = {}};
    if (auto read = read_table(*database, findings_max, table); !read) return pass_on(read);
    if (table.name == "finding_body") {
      rows.findings = table.rows.size();
      for (const auto& of_finding : table.rows)
        for (const auto& row : of_finding) rows.body_bytes += row.back().bytes.size();
    }
    rows.tables.push_back(std::move(table));
  }
  if (rows.findings == 0) return fail(ErrorCode::not_found, "the store holds no finding bodies");
  return rows;
}

Result<double> commit_rate(const StoredRows& stored, Yardstick yardstick, std::size_t findings_a_commit,
                           const std::filesystem::path& folder, std::chrono::milliseconds time_max) {
  const auto file = folder / "alone.db";
  for (const char* part : {"", "-wal", "-shm"}) std::filesystem::remove(file.string() + part);
  auto database = Database::create(file);
  if (!database) return pass_on(database);
  const Table bodies = bodies_of(stored);
  std::vector<const Table*> tables;
  if (yardstick == Yardstick::bodies)
    tables.push_back(&bodies);
  else
    for (const auto& table : stored.tables) tables.push_back(&table);
  std::vector<Statement> inserts;
  for (const auto* table : tables) {
    for (const auto& sql : table->schema)
      if (auto made = database->run(sql); !made) return pass_on(made);
    auto statement = database->prepare(table->insert);
    if (!statement) return pass_on(statement);
    inserts.push_back(std::move(*statement));
  }

  using SteadyClock = std::chrono::steady_clock;
  const auto started = SteadyClock::now();
  std::size_t done = 0;
  while (done < stored.findings && SteadyClock::now() - started < time_max) {
    if (auto begun = database->run("BEGIN IMMEDIATE"); !begun) return pass_on(begun);
    const auto end = std::min(done + findings_a_commit, stored.findings);
    for (; done < end; ++done)
      for (std::size_t t = 0; t < tables.size(); ++t)
        if (done < tables[t]->rows.size())
          if (auto put = insert(*database, inserts[t].get(), tables[t]->rows[done]); !put) return pass_on(put);
    if (auto committed = database->run("COMMIT"); !committed) return pass_on(committed);
  }
  return static_cast<double>(done) / std::chrono::duration<double>(SteadyClock::now() - started).count();
}

}  // namespace tocsin::bench
