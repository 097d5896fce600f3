// How executions are kept. A short one is stored whole at each transition. Of a long one a snapshot is stored now and
// then, and in between what happened to it: the interpreter is a function, so the same happenings, times and chance
// make the same state of it again. See docs/decisions/0005-long-executions-have-a-journal.md.
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "store/compress.h"
#include "workflows/detail/executions.h"
#include "workflows/detail/repeatable_random.h"
#include "workflows/detail/state_cache.h"

namespace tocsin::workflows {
namespace {

// What a row of the journal counts for beside its bytes: about what it takes to replay it, against reading a snapshot.
constexpr std::size_t entry_bytes = 256;
constexpr std::size_t snapshot_bytes_max = 1u << 30;

Result<asl::Execution> read_state(std::string_view stored) {
  auto text = store::decompress(stored, nullptr, snapshot_bytes_max);
  if (!text) return pass_on(text);
  return asl::Execution::from_json(*text);
}

std::unexpected<Error> does_not_replay(std::int64_t execution, std::int64_t number, std::int64_t version,
                                       std::string_view why) {
  return fail(
      ErrorCode::corrupt,
      fmt::format("entry {} of the journal of execution {} cannot be replayed: {} (written by version {} of the "
                  "interpreter, this is version {})",
                  number, execution, why, version, asl::interpreter_version));
}

}  // namespace

Result<Executions::Row> Executions::load(store::Reader& reader, std::int64_t id, Replay replay) const {
  Row row;
  {
    auto rows =
        reader.query("SELECT arn, machine_arn, definition_hash, task_since, state FROM execution WHERE id = ?", id);
    if (!rows.next()) return execution_does_not_exist(std::to_string(id));
    row.id = id;
    row.arn = rows.string(0);
    row.machine_arn = rows.string(1);
    row.definition_hash = rows.string(2);
    if (!rows.is_null(3)) row.task_since = rows.time(3);
    if (const auto whole = rows.blob(4); !whole.empty()) {
      auto state = read_state(whole);
      if (!state) return pass_on(state);
      row.state = std::move(*state);
      return row;
    }
  }
  {
    auto rows = reader.query("SELECT last, bytes, state FROM execution_snapshot WHERE execution = ?", id);
    if (!rows.next()) return fail(ErrorCode::corrupt, fmt::format("execution {} has lost its snapshot", id));
    row.journal = {.last = rows.integer(0), .snapshot_bytes = static_cast<std::size_t>(rows.integer(1))};
    auto state = read_state(rows.blob(2));
    if (!state) return pass_on(state);
    row.state = std::move(*state);
  }
  if (replay == Replay::no) return row;
  if (auto done = replay_journal(reader, row); !done) return pass_on(done);
  return row;
}

Result<void> Executions::replay_journal(store::Reader& reader, Row& row) const {
  auto definition = machines_.definition(reader, row.definition_hash);
  if (!definition) return pass_on(definition);
  auto entries = reader.query(
      "SELECT number, at, version, seed, outcome, body FROM execution_journal WHERE execution = ? ORDER BY number",
      row.id);
  while (entries.next()) {
    const auto number = entries.integer(0);
    const auto version = entries.integer(2);
    if (number != row.journal.last + 1) return does_not_replay(row.id, number, version, "one before it is missing");
    if (version > asl::interpreter_version) return does_not_replay(row.id, number, version, "a newer program wrote it");
    auto text = store::decompress(entries.blob(5));
    if (!text) return pass_on(text);
    auto happening = asl::happening_from_json(*text);
    if (!happening) return pass_on(happening);
    RepeatableRandom random{std::string(entries.blob(3))};
    const auto step = asl::advance(**definition, row.state, *happening, entries.time(1), random);
    if (asl::fingerprint(step, row.state) != entries.integer(4) || !random.is_as_before())
      return does_not_replay(row.id, number, version, "it comes out otherwise");
    row.journal.last = number;
    row.journal.bytes += entries.blob(5).size() + entry_bytes;
  }
  return {};
}

Result<Executions::Row> Executions::load(store::Transaction& transaction, std::int64_t id) {
  if (cache_->has(id)) {
    const auto last = transaction.integer(
        "SELECT coalesce((SELECT max(number) FROM execution_journal WHERE execution = e.id), "
        "(SELECT last FROM execution_snapshot WHERE execution = e.id)) FROM execution e "
        "WHERE e.id = ? AND e.status = 'RUNNING'",
        0, id);
    if (auto row = cache_->take(id, last)) return std::move(*row);
  }
  return load(transaction, id, Replay::yes);
}

Result<Executions::Row> Executions::load_by_arn(store::Reader& reader, std::string_view arn, Replay replay) const {
  if (auto valid = check_execution_arn(arn); !valid) return pass_on(valid);
  const auto id = reader.integer("SELECT id FROM execution WHERE arn = ?", 0, arn);
  if (id == 0) return execution_does_not_exist(arn);
  return load(reader, id, replay);
}

void Executions::keep(Row&& row) {
  if (row.journal.last != 0 && !row.state.finished()) cache_->put(std::move(row));
}

Result<asl::Step> Executions::advance(store::Transaction& transaction, Row& row, const asl::Definition& definition,
                                      const asl::Happening& happening) {
  if (row.journal.last == 0)
    return asl::advance(definition, row.state, happening, transaction.now(), transaction.random());
  // What happens now is what will be read: numbers, say, are of the kinds that their text has.
  const auto text = asl::to_json(happening);
  auto read = asl::happening_from_json(text);
  if (!read) return pass_on(read);
  RepeatableRandom random{transaction.random()};
  auto step = asl::advance(definition, row.state, *read, transaction.now(), random);
  row.journal.made.push_back({store::compress(text), random.seed(), asl::fingerprint(step, row.state)});
  return step;
}

void Executions::append(store::Transaction& transaction, Row& row, const asl::Step& step) {
  auto& journal = row.journal;
  auto bytes = journal.bytes;
  for (const auto& entry : journal.made) bytes += entry.happening.size() + entry_bytes;
  if (journal.last == 0 || row.state.finished() || bytes > std::max(journal.snapshot_bytes, limits_.journal_bytes_min))
    return save(transaction, row, step);
  cache_->drop(row.id);
  for (const auto& entry : std::exchange(journal.made, {}))
    transaction.execute(
        "INSERT INTO execution_journal (execution, number, at, version, seed, outcome, body) VALUES (?,?,?,?,?,?,?)",
        row.id, ++journal.last, transaction.now(), asl::interpreter_version, store::Blob{entry.seed}, entry.outcome,
        store::Blob{entry.happening});
  journal.bytes = bytes;
  if (const auto since = row.state.oldest_task(); since != row.task_since) {
    transaction.execute("UPDATE execution SET task_since = ? WHERE id = ?", since, row.id);
    row.task_since = since;
  }
  record(transaction, row, step);
}

void Executions::save(store::Transaction& transaction, Row& row, const asl::Step& step) {
  cache_->drop(row.id);
  const bool finished = row.state.finished();
  const bool had_journal = row.journal.last != 0;
  const auto text = row.state.to_json();
  const auto body = store::compress(text);
  const bool is_long = text.size() >= limits_.journal_from_bytes;
  row.task_since = finished ? std::nullopt : row.state.oldest_task();
  transaction.execute("UPDATE execution SET status = ?, stopped = ?, task_since = ?, state = ? WHERE id = ?",
                      asl::to_string(row.state.status),
                      finished ? std::optional<Time>{transaction.now()} : std::nullopt, row.task_since,
                      store::Blob{is_long ? std::string_view() : std::string_view(body)}, row.id);
  if (had_journal) transaction.execute("DELETE FROM execution_journal WHERE execution = ?", row.id);
  if (is_long)
    transaction.execute(
        "INSERT INTO execution_snapshot (execution, last, bytes, state) VALUES (?,?,?,?) ON CONFLICT (execution) "
        "DO UPDATE SET last = excluded.last, bytes = excluded.bytes, state = excluded.state",
        row.id, row.journal.last + 1, text.size(), store::Blob{body});
  else if (had_journal)
    transaction.execute("DELETE FROM execution_snapshot WHERE execution = ?", row.id);
  row.journal = is_long ? Row::Journal{.last = row.journal.last + 1, .snapshot_bytes = text.size()} : Row::Journal{};
  // From here on it may go on in memory, so it is to be what is read.
  if (is_long && !had_journal && !finished)
    if (auto read = asl::Execution::from_json(text)) row.state = std::move(*read);
  record(transaction, row, step);
}

}  // namespace tocsin::workflows
