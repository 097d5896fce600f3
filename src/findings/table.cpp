#include "findings/detail/table.h"

#include "findings/detail/body.h"
#include "store/compress.h"

namespace tocsin::findings::detail {
namespace {

std::int64_t actor_number(store::Transaction& transaction, std::string_view arn) {
  const auto known = transaction.integer("SELECT id FROM finding_actor WHERE arn = ?", 0, arn);
  if (known != 0) return known;
  return transaction.integer("INSERT INTO finding_actor (arn) VALUES (?) RETURNING id", 0, arn);
}

// As Columns::more_terms.
std::vector<std::int64_t> terms_of(store::Reader& reader, std::int64_t seq) {
  std::vector<std::int64_t> terms;
  auto rows = reader.query("SELECT term FROM finding_term WHERE seq = ? ORDER BY term", seq);
  while (rows.next()) terms.push_back(rows.integer(0));
  return terms;
}

void drop_long_value(json::object& change, std::string_view member) {
  const auto* value = change.if_contains(member);
  if (value && value->is_string() && value->get_string().size() > history_value_bytes_max) change.erase(member);
}

}  // namespace

std::string_view to_string(Source source) {
  return source == Source::import ? "BATCH_IMPORT_FINDINGS" : "BATCH_UPDATE_FINDINGS";
}

std::optional<Stored> Stored::find(store::Reader& reader, std::string_view key) {
  auto rows =
      reader.query("SELECT seq, updated_at, state, generator, resource FROM finding WHERE key = ?", store::Blob{key});
  if (!rows.next()) return std::nullopt;
  Stored stored;
  stored.seq = rows.integer(0);
  stored.updated_at = rows.integer(1);
  stored.state = static_cast<int>(rows.integer(2));
  stored.generator = rows.integer(3);
  stored.resource = rows.integer(4);
  return stored;
}

Result<std::optional<std::string>> text_of(store::Reader& reader, std::int64_t seq) {
  auto rows = reader.query("SELECT body FROM finding_body WHERE seq = ?", seq);
  if (!rows.next()) return std::optional<std::string>{};
  auto text = from_body(rows.blob(0));
  if (!text) return pass_on(text);
  return std::optional<std::string>{std::move(*text)};
}

Result<std::string> Stored::text(store::Reader& reader) const {
  auto text = text_of(reader, seq);
  if (!text) return pass_on(text);
  if (!*text) return fail(ErrorCode::corrupt, "a stored finding has lost its body");
  return std::move(**text);
}

Result<json::object> Stored::document(store::Reader& reader, json::storage_ptr storage) const {
  auto bytes = text(reader);
  if (!bytes) return pass_on(bytes);
  auto finding = parse_json_object(*bytes, std::move(storage));
  if (!finding) return fail(ErrorCode::corrupt, "a stored finding cannot be read: " + finding.error().message);
  return finding;
}

Writer::Writer(store::Transaction& transaction, std::string_view actor_arn)
    : transaction_{transaction},
      actor_{actor_number(transaction, actor_arn)},
      next_seq_{transaction.integer("SELECT max(seq) FROM finding", 0) + 1} {}

bool Writer::insert(const Columns& c, std::string_view body) {
  const auto now = transaction_.now();
  const auto inserted = transaction_.execute(
      "INSERT INTO finding (seq, key, state, label, workflow, record, compliance, severity, updated_at, "
      "created_at, observed_at, account, product, generator, type, resource, more, arrived_at, changed_at, "
      "imported_by, indexed) "
      "VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,0) ON CONFLICT (key) DO NOTHING",
      next_seq_, store::Blob{c.key}, c.state(), c.label, c.workflow, c.record, c.compliance, c.severity, c.updated_at,
      c.created_at, c.observed_at, c.account, c.product, c.generator, c.type, c.resource, !c.more_terms.empty(), now,
      now, actor_);
  if (inserted == 0) return false;
  transaction_.execute("INSERT INTO finding_body (seq, body) VALUES (?, ?)", next_seq_, store::Blob{body});
  add_terms(next_seq_, c, false);
  ++next_seq_;
  return true;
}

void Writer::index_many(std::int64_t fresh_max) {
  const auto first = transaction_.integer("SELECT min(seq) FROM finding WHERE indexed = 0", next_seq_);
  if (next_seq_ - first < fresh_max) return;
  transaction_.execute("UPDATE finding SET indexed = 1 WHERE seq >= ? AND seq < ?", first, next_seq_);
  transaction_.execute("UPDATE finding_term SET indexed = 1 WHERE seq >= ? AND seq < ?", first, next_seq_);
}

// A column that is set costs the work of its index even where its value stays, so those that stay are not set.
void Writer::replace(const Stored& stored, const Columns& c, std::string_view body) {
  transaction_.execute(
      "UPDATE finding SET compliance = ?, severity = ?, created_at = ?, observed_at = ?, account = ?, product = ?, "
      "type = ?, more = ?, changed_at = ? WHERE seq = ?",
      c.compliance, c.severity, c.created_at, c.observed_at, c.account, c.product, c.type, !c.more_terms.empty(),
      transaction_.now(), stored.seq);
  if (c.updated_at != stored.updated_at)
    transaction_.execute("UPDATE finding SET updated_at = ? WHERE seq = ?", c.updated_at, stored.seq);
  if (c.state() != stored.state)
    transaction_.execute("UPDATE finding SET state = ?, label = ?, workflow = ?, record = ? WHERE seq = ?", c.state(),
                         c.label, c.workflow, c.record, stored.seq);
  if (c.generator != stored.generator)
    transaction_.execute("UPDATE finding SET generator = ? WHERE seq = ?", c.generator, stored.seq);
  if (c.resource != stored.resource)
    transaction_.execute("UPDATE finding SET resource = ? WHERE seq = ?", c.resource, stored.seq);
  transaction_.execute("UPDATE finding_body SET body = ? WHERE seq = ?", store::Blob{body}, stored.seq);
  if (terms_of(transaction_, stored.seq) == c.more_terms) return;
  transaction_.execute("DELETE FROM finding_term WHERE seq = ?", stored.seq);
  add_terms(stored.seq, c, true);
}

void Writer::add_terms(std::int64_t seq, const Columns& columns, bool is_indexed) {
  for (const auto term : columns.more_terms)
    transaction_.execute("INSERT INTO finding_term (term, seq, indexed) VALUES (?, ?, ?)", term, seq, is_indexed);
}

void Writer::add_history(std::int64_t seq, Source source, json::array changes) {
  for (auto& change : changes) {
    drop_long_value(change.get_object(), "OldValue");
    drop_long_value(change.get_object(), "NewValue");
  }
  transaction_.execute("INSERT INTO finding_history (seq, at, source, actor, changes) VALUES (?, ?, ?, ?, ?)", seq,
                       transaction_.now(), static_cast<int>(source), actor_,
                       store::Blob{store::compress(to_json(changes))});
}

}  // namespace tocsin::findings::detail
