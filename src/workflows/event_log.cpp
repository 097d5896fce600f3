#include "workflows/detail/event_log.h"

#include <algorithm>
#include <charconv>
#include <map>

#include <fmt/format.h>

#include "core/time_format.h"
#include "store/compress.h"

namespace tocsin::workflows {
namespace {

// Shorter texts are not worth a place of their own.
constexpr std::size_t text_bytes_min = 64;

// A row that is being put together.
class RowWriter {
 public:
  bool takes(const asl::HistoryEvent& event) const {
    return count_ == 0 || (count_ < events_a_row_max && bytes_ < row_text_bytes_max && event.timestamp == at_);
  }

  void add(const asl::HistoryEvent& event) {
    events_ += count_++ == 0 ? '[' : ',';
    at_ = event.timestamp;
    last_ = event.id;
    fmt::format_to(std::back_inserter(events_), R"({{"type":"{}","id":{},"previousEventId":{})", event.type, event.id,
                   event.previous);
    if (!event.details_name.empty()) add_details(event);
    events_ += '}';
  }

  void write(store::Transaction& transaction, std::int64_t execution, std::int64_t child) {
    if (count_ == 0) return;
    std::string body = "[";
    body.reserve(bytes_ + events_.size() + 16 * texts_.size() + 16);
    for (const auto text : texts_) fmt::format_to(std::back_inserter(body), "{},", text.size());
    body.back() = texts_.empty() ? '[' : ']';
    body += texts_.empty() ? "]\n" : "\n";
    for (const auto text : texts_) body += text;
    body += events_;
    body += ']';
    transaction.execute("INSERT INTO execution_event (execution, child, id, at, body) VALUES (?,?,?,?,?)", execution,
                        child, last_, at_, store::Blob{store::compress(body)});
    *this = {};
  }

 private:
  void add_details(const asl::HistoryEvent& event) {
    fmt::format_to(std::back_inserter(events_), R"(,"{}":{{)", event.details_name);
    std::string places;
    const char* separator = "";
    for (const auto& [name, value] : event.details) {
      fmt::format_to(std::back_inserter(events_), R"({}"{}":)", separator, std::string_view(name));
      separator = ",";
      const auto* text = value.if_string();
      if (!text || text->size() < text_bytes_min) {
        asl::append_text(events_, value);
        continue;
      }
      events_ += "null";
      fmt::format_to(std::back_inserter(places), R"({}"{}":{})", places.empty() ? "" : ",", std::string_view(name),
                     place_of(*text));
    }
    events_ += '}';
    if (!places.empty()) fmt::format_to(std::back_inserter(events_), R"(,"@":{{{}}})", places);
  }

  std::size_t place_of(std::string_view text) {
    const auto same = std::ranges::find(texts_, text);
    if (same != texts_.end()) return static_cast<std::size_t>(same - texts_.begin());
    texts_.push_back(text);
    bytes_ += text.size();
    return texts_.size() - 1;
  }

  std::vector<std::string_view> texts_;
  std::size_t bytes_ = 0;
  std::string events_;
  std::size_t count_ = 0;
  std::int64_t last_ = 0;
  Time at_;
};

std::unexpected<Error> damaged() {
  return fail(ErrorCode::corrupt, "a stored history is damaged");
}

// Takes "[5,12]\n" and the texts of these lengths off the front.
Result<std::vector<std::string_view>> take_texts(std::string_view& body) {
  std::vector<std::size_t> lengths;
  const char* at = body.data() + 1;
  const char* const end = body.data() + body.size();
  while (at != end && *at != ']') {
    std::size_t length = 0;
    const auto read = std::from_chars(at, end, length);
    if (read.ec != std::errc{} || read.ptr == end) return damaged();
    lengths.push_back(length);
    at = *read.ptr == ',' ? read.ptr + 1 : read.ptr;
  }
  body.remove_prefix(static_cast<std::size_t>(at - body.data()));
  if (!body.starts_with("]\n")) return damaged();
  body.remove_prefix(2);
  std::vector<std::string_view> texts;
  for (const auto length : lengths) {
    if (length > body.size()) return damaged();
    texts.push_back(body.substr(0, length));
    body.remove_prefix(length);
  }
  return texts;
}

Result<void> put_texts(json::object& event, const std::vector<std::string_view>& texts) {
  const auto* places = event.if_contains("@");
  if (!places) return {};
  if (!places->is_object()) return damaged();
  const json::object of_details = places->get_object();
  event.erase("@");
  for (auto& [name, value] : event) {
    auto* details = value.if_object();
    if (!details) continue;
    for (const auto& [member, place] : of_details) {
      const auto* number = place.if_int64();
      if (!number || *number < 0 || *number >= std::ssize(texts)) return damaged();
      (*details)[member] = texts[static_cast<std::size_t>(*number)];
    }
  }
  return {};
}

// The events of a row, in the order of their ids.
Result<std::vector<json::object>> read_row(std::string_view stored, Time at) {
  auto body = store::decompress(stored);
  if (!body) return pass_on(body);
  const auto shown = [&](json::object&& event) {
    json::object whole{{"timestamp", format_rfc3339(at)}};
    for (auto& [name, value] : event)
      if (name != "timestamp") whole[name] = std::move(value);
    return whole;
  };
  std::vector<json::object> events;
  if (body->starts_with('{')) {
    auto event = parse_json_object(*body);
    if (!event) return pass_on(event);
    events.push_back(shown(std::move(*event)));
    return events;
  }
  if (!body->starts_with('[')) return damaged();
  std::string_view rest = *body;
  auto texts = take_texts(rest);
  if (!texts) return pass_on(texts);
  auto parsed = parse_json(rest);
  if (!parsed) return pass_on(parsed);
  if (!parsed->is_array()) return damaged();
  for (auto& event : parsed->get_array()) {
    if (!event.is_object()) return damaged();
    if (auto put = put_texts(event.get_object(), *texts); !put) return pass_on(put);
    events.push_back(shown(std::move(event.get_object())));
  }
  return events;
}

}  // namespace

void write_events(store::Transaction& transaction, std::int64_t execution, std::span<const asl::HistoryEvent> events) {
  std::map<std::int64_t, RowWriter> rows;  // by child
  for (const auto& event : events) {
    auto& row = rows[event.child];
    if (!row.takes(event)) row.write(transaction, execution, event.child);
    row.add(event);
  }
  for (auto& [child, row] : rows) row.write(transaction, execution, child);
}

Result<void> read_events(store::Reader& reader, HistoryOf history, std::int64_t from, bool reverse,
                         const std::function<bool(std::int64_t id, json::object&& event)>& take) {
  const auto is_wanted = [&](std::int64_t id) { return reverse ? id < from : id > from; };
  const auto give = [&](store::Rows& rows) -> Result<bool> {
    while (rows.next()) {
      auto events = read_row(rows.blob(1), rows.time(0));
      if (!events) return pass_on(events);
      if (reverse) std::ranges::reverse(*events);
      for (auto& event : *events) {
        const auto id = integer_at(event, "id");
        if (is_wanted(id) && !take(id, std::move(event))) return false;
      }
    }
    return true;
  };
  if (!reverse) {
    auto rows =
        reader.query("SELECT at, body FROM execution_event WHERE execution = ? AND child = ? AND id > ? ORDER BY id",
                     history.execution, history.child, from);
    if (auto given = give(rows); !given) return pass_on(given);
    return {};
  }
  {
    // The row that `from` lies in, or the one behind it: its first events may come before `from`.
    auto rows = reader.query(
        "SELECT at, body FROM execution_event WHERE execution = ? AND child = ? AND id >= ? ORDER BY id LIMIT 1",
        history.execution, history.child, from);
    auto given = give(rows);
    if (!given) return pass_on(given);
    if (!*given) return {};
  }
  auto rows =
      reader.query("SELECT at, body FROM execution_event WHERE execution = ? AND child = ? AND id < ? ORDER BY id DESC",
                   history.execution, history.child, from);
  if (auto given = give(rows); !given) return pass_on(given);
  return {};
}

}  // namespace tocsin::workflows
