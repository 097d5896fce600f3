// GetFindingHistory.
#include "asff/validate.h"
#include "core/time_format.h"
#include "findings/detail/table.h"
#include "findings/detail/token.h"
#include "findings/findings.h"
#include "store/compress.h"

namespace tocsin::findings {
namespace {

struct Span {
  Time begin = Time::min();
  Time end = Time::max();
  bool holds(Time time) const { return begin <= time && time <= end; }
};

Result<Span> span_of(const json::object& input) {
  Span span;
  for (auto [member, bound] : {std::pair{"StartTime", &span.begin}, std::pair{"EndTime", &span.end}}) {
    const auto text = string_at(input, member);
    if (text.empty()) continue;
    const auto time = asff::parse_timestamp(text);
    if (!time) return fail(ErrorCode::validation, time.error().message, "InvalidInputException", member);
    *bound = *time;
  }
  if (span.end < span.begin)
    return fail(ErrorCode::validation, "EndTime lies before StartTime", "InvalidInputException", "EndTime");
  return span;
}

json::object history_record(const asff::FindingKey& key, Time at, bool created, std::string_view source,
                            std::string_view identity, json::array changes) {
  return {{"FindingIdentifier", {{"Id", key.id}, {"ProductArn", key.product_arn}}},
          {"UpdateTime", format_rfc3339(at)},
          {"FindingCreated", created},
          {"UpdateSource", {{"Type", source}, {"Identity", identity}}},
          {"Updates", std::move(changes)}};
}

Result<json::array> stored_changes(std::string_view blob) {
  auto text = store::decompress(blob);
  if (!text) return pass_on(text);
  auto changes = parse_json(*text);
  if (!changes || !changes->is_array()) return fail(ErrorCode::corrupt, "a finding's history cannot be read");
  return std::move(changes->get_array());
}

// The id of the last record that the page before showed; the newest there can be for the first page.
Result<std::int64_t> before_id(const json::object& input) {
  const auto token = string_at(input, "NextToken");
  if (token.empty()) return std::numeric_limits<std::int64_t>::max();
  auto content = detail::read_token(token);
  if (!content) return pass_on(content);
  const auto id = integer_at(*content, "before", -1);
  if (id < 0) return detail::bad_token();
  return id;
}

}  // namespace

Result<json::object> Findings::history(store::Reader& reader, const json::object& input) const {
  if (auto enabled = hub_.require_enabled(reader); !enabled) return pass_on(enabled);
  const asff::FindingKey key{std::string(string_at(input, "FindingIdentifier.ProductArn")),
                             std::string(string_at(input, "FindingIdentifier.Id"))};
  auto span = span_of(input);
  if (!span) return pass_on(span);
  auto before = before_id(input);
  if (!before) return pass_on(before);
  auto creation = reader.query(
      "SELECT f.seq, f.arrived_at, a.arn FROM finding f JOIN finding_actor a ON a.id = f.imported_by WHERE f.key = ?",
      store::Blob{detail::store_key(key)});
  if (!creation.next())
    return fail(ErrorCode::validation, "Finding Not Found", "InvalidInputException", "FindingIdentifier");

  const auto size = detail::page_size(input);
  json::array records;
  std::int64_t last = 0;
  bool more = false;
  auto rows = reader.query(
      "SELECT h.id, h.at, h.source, a.arn, h.changes FROM finding_history h JOIN finding_actor a ON a.id = h.actor "
      "WHERE h.seq = ? AND h.id < ? AND h.at >= ? AND h.at <= ? ORDER BY h.id DESC LIMIT ?",
      creation.integer(0), *before, span->begin, span->end, size + 1);
  while (rows.next()) {
    if (std::ssize(records) == size) {
      more = true;
      break;
    }
    auto changes = stored_changes(rows.blob(4));
    if (!changes) return pass_on(changes);
    last = rows.integer(0);
    const auto source = rows.integer(2) == 0 ? detail::Source::import : detail::Source::update;
    records.push_back(
        history_record(key, rows.time(1), false, detail::to_string(source), rows.text(3), std::move(*changes)));
  }
  // The creation is the last record of all; it goes to the next page where this one is full.
  const bool creation_due = !more && span->holds(creation.time(1));
  if (creation_due && std::ssize(records) == size)
    more = true;
  else if (creation_due)
    records.push_back(
        history_record(key, creation.time(1), true, detail::to_string(detail::Source::import), creation.text(2), {}));
  json::object answer{{"Records", std::move(records)}};
  if (more) answer["NextToken"] = detail::make_token({{"before", last}});
  return answer;
}

}  // namespace tocsin::findings
