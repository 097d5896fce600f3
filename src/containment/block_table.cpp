#include "containment/block_table.h"

#include <algorithm>

#include <fmt/format.h>

#include "containment/range_key.h"
#include "core/check.h"

namespace tocsin::containment {
namespace {

constexpr std::chrono::hours block_time_max{24 * 3660};
constexpr std::size_t address_bytes_max = 64;

constexpr std::string_view columns =
    "table_name, host, state, blocked_at, seen_at, expires_at, submitted_at, confirmed_at, released_at, sightings, "
    "created_at_s, stamp, finding_id, account_id, region, actor, reason, automatic, extra";

State state_of(std::string_view text) {
  for (const State state : {State::desired, State::submitted, State::confirmed, State::releasing, State::released}) {
    if (to_text(state) == text) return state;
  }
  return State::desired;  // what is not known to be enforced has to be submitted again
}

std::optional<Time> time_at(const store::Rows& rows, int column) {
  return rows.is_null(column) ? std::nullopt : std::optional{rows.time(column)};
}

Block read_block(const store::Rows& rows) {
  Block block{.table = rows.string(0),
              .host = rows.string(1),
              .state = state_of(rows.text(2)),
              .blocked_at = rows.time(3),
              .seen_at = rows.time(4),
              .expires_at = rows.time(5),
              .submitted_at = time_at(rows, 6),
              .confirmed_at = time_at(rows, 7),
              .released_at = time_at(rows, 8),
              .sightings = rows.integer(9),
              .created_at_s = rows.integer(10),
              .timestamp = rows.string(11),
              .finding_id = rows.string(12),
              .account_id = rows.string(13),
              .region = rows.string(14),
              .actor = rows.string(15),
              .reason = rows.string(16),
              .automatic = rows.boolean(17)};
  if (auto extra = parse_json_object(rows.text(18))) block.extra = std::move(*extra);
  return block;
}

std::vector<Block> read_blocks(store::Rows rows) {
  std::vector<Block> blocks;
  while (rows.next()) blocks.push_back(read_block(rows));
  return blocks;
}

netset::Prefix canonical(std::string_view host) {
  const auto prefix = netset::parse_prefix(host);
  check(prefix.has_value(), "a block table holds canonical addresses only");
  return *prefix;
}

netset::Prefix prefix_of(const Block& block) {
  return canonical(block.host);
}

// What was given as an address, for the record: cut, and without what might not be UTF-8.
std::string shown(std::string_view address) {
  std::string text(address.substr(0, address_bytes_max));
  for (char& c : text) {
    if (c < ' ' || c > '~') c = '?';
  }
  return text;
}

bool is_wanted(const Block& block, Time now) {
  return block.state != State::releasing && block.state != State::released && block.expires_at > now;
}

void correct(Block& block, const BlockRequest& request) {
  if (request.created_at_s) block.created_at_s = *request.created_at_s;
  if (request.expires_at) block.expires_at = *request.expires_at;
  block.timestamp = request.timestamp;
  block.finding_id = request.finding_id;
  block.account_id = request.account_id;
  block.region = request.region;
  block.reason = request.reason;
  block.actor = request.actor;
  block.automatic = false;
  if (request.extra) block.extra = *request.extra;
}

void take_over(Block& block, const BlockRequest& request, Time now) {
  const std::int64_t created = request.created_at_s.value_or(to_epoch_seconds(now));
  // Findings may come out of order: the row keeps what the newest one said.
  if (created >= block.created_at_s) {
    block.created_at_s = created;
    const auto replace = [](std::string& kept, const std::string& given) {
      if (!given.empty()) kept = given;
    };
    replace(block.timestamp, request.timestamp);
    replace(block.finding_id, request.finding_id);
    replace(block.account_id, request.account_id);
    replace(block.region, request.region);
    replace(block.actor, request.actor);
    replace(block.reason, request.reason);
  }
  if (request.intent == Intent::manual) block.automatic = false;
  if (request.extra) block.extra = *request.extra;
}

}  // namespace

std::string_view to_text(State state) {
  switch (state) {
    case State::desired:
      return "desired";
    case State::submitted:
      return "submitted";
    case State::confirmed:
      return "confirmed";
    case State::releasing:
      return "releasing";
    case State::released:
      return "released";
  }
  check(false, "every state has a name");
  return {};
}

Result<BlockOutcome> BlockTables::block(store::Transaction& transaction, const BlockRequest& request) {
  if (!transaction.exists("SELECT 1 FROM containment_table WHERE name = ?", request.table))
    return std::unexpected(table(transaction, request.table).error());
  const Time now = transaction.now();
  const auto retention = request.retention.value_or(gate_.settings().retention);
  const Time expires = request.expires_at.value_or(now + retention);
  if (expires > now + block_time_max)
    return fail(ErrorCode::validation, "a block can't last longer than ten years", "ValidationException", "ExpiresAt");

  BlockOutcome outcome;
  outcome.refusal = gate_.judge(transaction, request.host, request.intent);
  if (outcome.refusal) {
    record_refusal(transaction, request, *outcome.refusal);
    return outcome;
  }
  const auto prefix = *netset::parse_prefix(request.host);
  if (request.intent == Intent::manual) gate_.end_hold(transaction, prefix);
  const std::string host = netset::to_short_text(prefix);
  outcome.before = find(transaction, request.table, host);
  if (outcome.before && request.exact) {
    outcome.block = *outcome.before;
    correct(outcome.block, request);
    write(transaction, outcome.block);
    revise(transaction, request.table);
    return outcome;
  }
  if (outcome.before) {
    outcome.block = *outcome.before;
    ++outcome.block.sightings;
    outcome.block.expires_at = std::max(outcome.block.expires_at, expires);
    const bool leaving = outcome.block.state == State::releasing || outcome.block.state == State::released;
    if (leaving) {
      outcome.block.state = State::desired;
      outcome.block.blocked_at = now;
      outcome.block.expires_at = expires;
      outcome.block.submitted_at = outcome.block.confirmed_at = outcome.block.released_at = std::nullopt;
    }
  } else {
    outcome.block = Block{.table = request.table, .host = host, .blocked_at = now, .expires_at = expires};
    outcome.block.automatic = request.intent == Intent::automatic;
    outcome.block.created_at_s = INT64_MIN;
  }
  outcome.block.seen_at = now;
  take_over(outcome.block, request, now);
  write(transaction, outcome.block);
  if (!outcome.before || outcome.before->state != outcome.block.state) revise(transaction, request.table);
  return outcome;
}

void BlockTables::write(store::Transaction& transaction, const Block& block) {
  const auto range = range_key(prefix_of(block));
  transaction.execute(
      "INSERT INTO containment_block (table_name, host, state, blocked_at, seen_at, expires_at, submitted_at, "
      "confirmed_at, released_at, sightings, created_at_s, stamp, finding_id, account_id, region, actor, reason, "
      "automatic, extra, first_key, last_key) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT "
      "(table_name, host) DO UPDATE SET state = excluded.state, blocked_at = excluded.blocked_at, seen_at = "
      "excluded.seen_at, expires_at = "
      "excluded.expires_at, submitted_at = excluded.submitted_at, confirmed_at = excluded.confirmed_at, released_at = "
      "excluded.released_at, sightings = excluded.sightings, created_at_s = excluded.created_at_s, stamp = "
      "excluded.stamp, finding_id = excluded.finding_id, account_id = excluded.account_id, region = excluded.region, "
      "actor = excluded.actor, reason = excluded.reason, automatic = excluded.automatic, extra = excluded.extra",
      block.table, block.host, to_text(block.state), block.blocked_at, block.seen_at, block.expires_at,
      block.submitted_at, block.confirmed_at, block.released_at, block.sightings, block.created_at_s, block.timestamp,
      block.finding_id, block.account_id, block.region, block.actor, block.reason, block.automatic,
      to_json(block.extra), range.first, range.last);
}

std::optional<Block> BlockTables::find(store::Reader& reader, std::string_view table, std::string_view host) const {
  const auto prefix = netset::parse_prefix(host);
  if (!prefix) return std::nullopt;
  static const std::string sql =
      fmt::format("SELECT {} FROM containment_block WHERE table_name = ? AND host = ?", columns);
  auto rows = reader.query(sql, table, netset::to_short_text(*prefix));
  return rows.next() ? std::optional{read_block(rows)} : std::nullopt;
}

std::vector<Block> BlockTables::list(store::Reader& reader, std::string_view table, std::string_view after,
                                     std::size_t count_max) const {
  static const std::string of_one =
      fmt::format("SELECT {} FROM containment_block WHERE table_name = ? AND host > ? ORDER BY host LIMIT ?", columns);
  static const std::string of_all = fmt::format(
      "SELECT {} FROM containment_block WHERE host > ? ORDER BY first_key, last_key, table_name LIMIT ?", columns);
  const auto limit = static_cast<std::int64_t>(std::min<std::size_t>(count_max, INT64_MAX));
  return read_blocks(table.empty() ? reader.query(of_all, after, limit) : reader.query(of_one, table, after, limit));
}

std::int64_t BlockTables::count(store::Reader& reader, std::string_view table) const {
  return reader.integer("SELECT count(*) FROM containment_block WHERE table_name = ?", 0, table);
}

std::vector<Block> BlockTables::wanted(store::Reader& reader, std::string_view table) const {
  auto blocks = list(reader, table);
  std::erase_if(blocks, [&](const Block& block) { return !is_wanted(block, reader.now()); });
  return blocks;
}

std::vector<netset::Prefix> BlockTables::wanted_and_allowed(store::Transaction& transaction, std::string_view table) {
  expire(transaction, table, std::nullopt);
  const auto screen = gate_.screen(transaction);
  std::vector<netset::Prefix> allowed;
  std::vector<std::pair<std::string, Refusal>> refused;
  {
    auto rows = transaction.query(
        "SELECT host FROM containment_block WHERE table_name = ? AND NOT (state IN ('releasing', 'released')) AND "
        "expires_at > ? ORDER BY host",
        table, transaction.now());
    while (rows.next()) {
      const auto prefix = canonical(rows.text(0));
      auto refusal = screen.is_clear(prefix) ? std::nullopt : gate_.judge(transaction, prefix, Intent::manual);
      if (refusal)
        refused.emplace_back(rows.string(0), std::move(*refusal));
      else
        allowed.push_back(prefix);
    }
  }
  for (const auto& [host, refusal] : refused) {
    const auto block = find(transaction, table, host);
    if (!block) continue;
    set_state(transaction, *block, State::releasing);
    record_refusal(transaction,
                   {.table = block->table,
                    .host = block->host,
                    .finding_id = block->finding_id,
                    .account_id = block->account_id,
                    .region = block->region,
                    .actor = block->actor},
                   refusal);
  }
  return allowed;
}

std::vector<Block> BlockTables::expire(store::Transaction& transaction, std::string_view table,
                                       std::optional<std::chrono::hours> retention) {
  static const std::string sql = fmt::format(
      "SELECT {} FROM containment_block WHERE table_name = ? AND state IN ('releasing', 'released') UNION ALL "
      "SELECT {} FROM containment_block WHERE table_name = ? AND state IN ('desired', 'submitted', 'confirmed') AND "
      "expires_at <= ?",
      columns, columns);
  static const std::string unseen_sql = fmt::format(
      "SELECT {} FROM containment_block WHERE table_name = ? AND state IN ('desired', 'submitted', 'confirmed') AND "
      "expires_at > ? AND automatic = 1 AND seen_at <= ?",
      columns);
  auto leaving = read_blocks(transaction.query(sql, table, table, transaction.now()));
  if (retention)
    for (Block& block :
         read_blocks(transaction.query(unseen_sql, table, transaction.now(), transaction.now() - *retention)))
      leaving.push_back(std::move(block));
  std::ranges::sort(leaving, {}, &Block::host);
  for (Block& block : leaving) {
    if (block.state == State::releasing || block.state == State::released) continue;
    set_state(transaction, block, State::releasing);
    block.state = State::releasing;
  }
  return leaving;
}

std::vector<Block> BlockTables::in_states(store::Reader& reader, std::string_view table, State one, State other) const {
  static const std::string sql =
      fmt::format("SELECT {} FROM containment_block WHERE table_name = ? AND state IN (?, ?) ORDER BY host", columns);
  return read_blocks(reader.query(sql, table, to_text(one), to_text(other)));
}

void BlockTables::submit(store::Transaction& transaction, std::string_view table, const netset::Set& blocked) {
  for (const Block& block : in_states(transaction, table, State::desired, State::desired)) {
    if (blocked.contains(prefix_of(block))) set_state(transaction, block, State::submitted);
  }
}

void BlockTables::confirm(store::Transaction& transaction, std::string_view table, const netset::Set& blocked) {
  // Most rows are confirmed and stay so: of them, only the host is read.
  std::vector<std::string> lost;
  {
    auto rows =
        transaction.query("SELECT host FROM containment_block WHERE table_name = ? AND state = 'confirmed'", table);
    while (rows.next())
      if (!blocked.contains(canonical(rows.text(0)))) lost.push_back(rows.string(0));
  }
  const auto waiting = in_states(transaction, table, State::desired, State::submitted);
  const auto leaving = in_states(transaction, table, State::releasing, State::released);
  for (const auto& host : lost)
    if (const auto block = find(transaction, table, host)) set_state(transaction, *block, State::desired);
  for (const Block& block : waiting)
    if (blocked.contains(prefix_of(block))) set_state(transaction, block, State::confirmed);
  for (const Block& block : leaving) {
    const State state = blocked.overlaps(prefix_of(block)) ? State::releasing : State::released;
    if (state != block.state) set_state(transaction, block, state);
  }
}

std::size_t BlockTables::demote(store::Transaction& transaction, const netset::Set& blocked) {
  std::size_t count = 0;
  for (const Block& block : list(transaction, "")) {
    if (block.state != State::confirmed || blocked.contains(prefix_of(block))) continue;
    set_state(transaction, block, State::desired);
    ++count;
  }
  return count;
}

bool BlockTables::has_unconfirmed(store::Reader& reader) const {
  return reader.exists(
      "SELECT 1 FROM containment_block WHERE state IN ('desired', 'submitted') AND expires_at > ? LIMIT 1",
      reader.now());
}

void BlockTables::set_state(store::Transaction& transaction, const Block& block, State state) {
  Block changed = block;
  changed.state = state;
  const Time now = transaction.now();
  if (state == State::desired) changed.submitted_at = changed.confirmed_at = std::nullopt;
  if (state == State::submitted) changed.submitted_at = now;
  if (state == State::confirmed) {
    changed.confirmed_at = now;
    if (!changed.submitted_at) changed.submitted_at = now;
  }
  changed.released_at = state == State::released ? std::optional{now} : std::nullopt;
  write(transaction, changed);
  revise(transaction, block.table);
}

void BlockTables::revise(store::Transaction& transaction, std::string_view table) {
  transaction.execute("UPDATE containment_table SET revision = revision + 1 WHERE name = ?", table);
}

void BlockTables::remember_enforced(store::Transaction& transaction, const Enforcing& what, std::int64_t entries,
                                    bool is_exact) {
  transaction.execute(
      "INSERT INTO containment_enforced (arn, table_name, settings, token, revision, entries, is_exact) SELECT g.arn, "
      "t.name, ?, g.token, t.revision, ?, ? FROM containment_rule_group g, containment_table t WHERE g.arn = ? AND "
      "t.name = ? ON CONFLICT (arn) DO UPDATE SET table_name = excluded.table_name, settings = excluded.settings, "
      "token "
      "= excluded.token, revision = excluded.revision, entries = excluded.entries, is_exact = excluded.is_exact",
      what.settings, entries, is_exact, what.rule_group_arn, what.table);
}

std::optional<std::int64_t> BlockTables::enforced(store::Reader& reader, const Enforcing& what) const {
  auto rows = reader.query(
      "SELECT e.entries FROM containment_enforced e JOIN containment_rule_group g ON g.arn = e.arn AND g.token = "
      "e.token JOIN containment_table t ON t.name = e.table_name AND t.revision = e.revision WHERE e.arn = ? AND "
      "e.table_name = ? AND e.settings = ? AND NOT EXISTS (SELECT 1 FROM containment_block b WHERE b.table_name = "
      "t.name AND b.state = 'confirmed' AND b.expires_at <= ?)",
      what.rule_group_arn, what.table, what.settings, reader.now());
  return rows.next() ? std::optional{rows.integer(0)} : std::nullopt;
}

bool BlockTables::has_leaving(store::Reader& reader, std::string_view table) const {
  return reader.exists("SELECT 1 FROM containment_block WHERE table_name = ? AND state = 'releasing' LIMIT 1", table) ||
         reader.exists(
             "SELECT 1 FROM containment_block WHERE table_name = ? AND state IN ('desired', 'submitted', 'confirmed') "
             "AND expires_at <= ? LIMIT 1",
             table, reader.now());
}

std::vector<netset::Prefix> BlockTables::unconfirmed(store::Reader& reader, std::string_view table,
                                                     std::size_t count_max) const {
  std::vector<netset::Prefix> prefixes;
  auto rows = reader.query(
      "SELECT host FROM containment_block WHERE table_name = ? AND state IN ('desired', 'submitted') LIMIT ?", table,
      count_max);
  while (rows.next()) prefixes.push_back(canonical(rows.text(0)));
  return prefixes;
}

void BlockTables::confirm_one(store::Transaction& transaction, std::string_view table, const netset::Prefix& prefix) {
  transaction.execute(
      "UPDATE containment_block SET state = ?, submitted_at = coalesce(submitted_at, ?), confirmed_at = ?, released_at "
      "= NULL WHERE table_name = ? AND host = ?",
      to_text(State::confirmed), transaction.now(), transaction.now(), table, netset::to_short_text(prefix));
  revise(transaction, table);
}

std::optional<Block> BlockTables::remove(store::Transaction& transaction, std::string_view table,
                                         std::string_view host) {
  auto block = find(transaction, table, host);
  if (!block) return block;
  transaction.execute("DELETE FROM containment_block WHERE table_name = ? AND host = ?", table, block->host);
  revise(transaction, table);
  return block;
}

bool BlockTables::remove_released(store::Transaction& transaction, std::string_view table, std::string_view host) {
  const auto prefix = netset::parse_prefix(host);
  return prefix &&
         transaction.execute("DELETE FROM containment_block WHERE table_name = ? AND host = ? AND state = 'released'",
                             table, netset::to_short_text(*prefix)) > 0;
}

std::vector<Block> BlockTables::overlapping(store::Reader& reader, const netset::Prefix& prefix) const {
  static const std::string sql = fmt::format(
      "SELECT {} FROM containment_block WHERE first_key <= ? AND last_key >= ? ORDER BY table_name, host", columns);
  const auto range = range_key(prefix);
  return read_blocks(reader.query(sql, range.last, range.first));
}

void BlockTables::record_refusal(store::Transaction& transaction, const BlockRequest& request, const Refusal& refusal) {
  const auto prefix = netset::parse_prefix(request.host);
  const std::string address = prefix ? netset::to_short_text(*prefix) : shown(request.host);
  transaction.execute(
      "INSERT INTO containment_refusal (address, code, reason, finding_id, account_id, region, actor, first_at, "
      "last_at, "
      "times) VALUES (?,?,?,?,?,?,?,?,?,1) ON CONFLICT (address, code) DO UPDATE SET reason = excluded.reason, "
      "finding_id "
      "= excluded.finding_id, account_id = excluded.account_id, region = excluded.region, actor = excluded.actor, "
      "last_at = excluded.last_at, times = containment_refusal.times + 1",
      address, refusal.code, refusal.reason, request.finding_id, request.account_id, request.region, request.actor,
      transaction.now(), transaction.now());
  const auto count = transaction.integer("SELECT count(*) FROM containment_refusal", 0);
  if (count > refusals_max)
    transaction.execute(
        "DELETE FROM containment_refusal WHERE last_at <= (SELECT last_at FROM containment_refusal ORDER BY last_at "
        "LIMIT 1 OFFSET ?)",
        count - refusals_max - 1);
}

std::vector<RefusedBlock> BlockTables::refusals(store::Reader& reader, std::size_t count_max) const {
  std::vector<RefusedBlock> all;
  auto rows = reader.query(
      "SELECT address, code, reason, finding_id, account_id, region, actor, first_at, last_at, times FROM "
      "containment_refusal ORDER BY last_at DESC, address LIMIT ?",
      count_max);
  while (rows.next())
    all.push_back({rows.string(0), Refusal{rows.string(1), rows.string(2)}, rows.string(3), rows.string(4),
                   rows.string(5), rows.string(6), rows.time(7), rows.time(8), rows.integer(9)});
  return all;
}

Result<Table> BlockTables::create(store::Transaction& transaction, std::string_view name, json::object description) {
  if (transaction.exists("SELECT 1 FROM containment_table WHERE name = ?", name))
    return fail(ErrorCode::conflict, fmt::format("Table already exists: {}", name), "ResourceInUseException");
  Table table{std::string(name), make_uuid(transaction.random()), transaction.now(), std::move(description)};
  transaction.execute("INSERT INTO containment_table (name, id, created_at, description) VALUES (?,?,?,?)", table.name,
                      table.id, table.created, to_json(table.description));
  return table;
}

bool BlockTables::remove_table(store::Transaction& transaction, std::string_view name) {
  transaction.execute("DELETE FROM containment_block WHERE table_name = ?", name);
  // Another table of this name would count its revisions from the start.
  transaction.execute("DELETE FROM containment_enforced WHERE table_name = ?", name);
  return transaction.execute("DELETE FROM containment_table WHERE name = ?", name) > 0;
}

Result<Table> BlockTables::table(store::Reader& reader, std::string_view name) const {
  auto rows = reader.query("SELECT name, id, created_at, description FROM containment_table WHERE name = ?", name);
  if (!rows.next())
    return fail(ErrorCode::not_found, fmt::format("Requested resource not found: Table: {} not found", name),
                "ResourceNotFoundException");
  Table table{rows.string(0), rows.string(1), rows.time(2), {}};
  if (auto description = parse_json_object(rows.text(3))) table.description = std::move(*description);
  return table;
}

std::vector<std::string> BlockTables::tables(store::Reader& reader, std::string_view after,
                                             std::size_t count_max) const {
  std::vector<std::string> names;
  auto rows = reader.query("SELECT name FROM containment_table WHERE name > ? ORDER BY name LIMIT ?", after, count_max);
  while (rows.next()) names.push_back(rows.string(0));
  return names;
}

}  // namespace tocsin::containment
