#include "findings/detail/search.h"

#include <algorithm>

#include <fmt/format.h>

#include "asff/validate.h"
#include "findings/detail/columns.h"

namespace tocsin::findings::detail {
namespace {

// A range of times leads the search if it holds no more rows than this; they are sorted.
constexpr std::int64_t leading_range_max = 20'000;

using Numbers = std::vector<std::int64_t>;

// A filter whose texts a column holds as numbers.
struct Field {
  std::string_view filter;
  std::string_view column;
  std::string_view listed_as;  // further values stand in finding_term under this field
};
// These lead a search, the first that the filters name.
constexpr Field leading_fields[] = {{"ResourceId", "resource", "ResourceId"}, {"GeneratorId", "generator", ""}};
// These are checked: they have no index.
constexpr Field checked_fields[] = {
    {"Type", "type", "Type"}, {"AwsAccountId", "account", ""}, {"ProductArn", "product", ""}};

Numbers numbers_of(const std::vector<std::string>& values) {
  Numbers numbers;
  for (const auto& value : values) numbers.push_back(text_number(value));
  return numbers;
}

void add_list(Sql& sql, const Numbers& numbers) {
  sql << "(";
  for (std::size_t i = 0; i < numbers.size(); ++i) sql << (i ? "," : "") << numbers[i];
  sql << ")";
}

// Numbers the unary plus keeps from being looked up in an index, in SQLite as in PostgreSQL.
void add_choice(Sql& sql, std::string_view column, const Numbers& numbers, bool is_list) {
  sql << (is_list ? "(" : "") << "+f." << column << " IN ";
  add_list(sql, numbers);
  if (is_list) sql << " OR +f.more = 1)";
}

void add_check(Search& search, std::string_view column, const Numbers& numbers, bool is_list) {
  search.checks << " AND ";
  add_choice(search.checks, column, numbers, is_list);
}

void add_arms(Search& search, const Field& field, const std::vector<std::string>& values) {
  for (const auto& value : values) {
    search.arms.emplace_back() << "f." << field.column << " = " << text_number(value) << " AND f.indexed = 1";
    if (!field.listed_as.empty())
      search.arms.emplace_back() << "f.seq IN (SELECT t.seq FROM finding_term t WHERE t.indexed = 1 AND t.term = "
                                 << term_number(field.listed_as, value) << ")";
  }
  auto& fresh = search.arms.emplace_back() << "f.indexed = 0 AND ";
  add_choice(fresh, field.column, numbers_of(values), !field.listed_as.empty());
}

// The states that the severity, workflow and record filters leave; nothing where none of them says so.
std::optional<Numbers> states_left(const asff::Filter& filter) {
  const auto labels_wanted = filter.only_values("SeverityLabel");
  const auto workflows_wanted = filter.only_values("WorkflowStatus");
  const auto records_wanted = filter.only_values("RecordState");
  if (!labels_wanted && !workflows_wanted && !records_wanted) return std::nullopt;
  const auto wants = [](const auto& wanted, std::string_view name) {
    return !wanted || std::ranges::find(*wanted, name) != wanted->end();
  };
  Numbers left;
  for (std::int64_t state = 0; state < states; ++state) {
    if (wants(labels_wanted, labels[static_cast<std::size_t>(label_of(state))]) &&
        wants(workflows_wanted, workflows[static_cast<std::size_t>(workflow_of(state))]) &&
        wants(records_wanted, record_states[static_cast<std::size_t>(record_of(state))]))
      left.push_back(state);
  }
  return left;
}

struct Range {
  std::int64_t begin = no_time;
  std::int64_t end = std::numeric_limits<std::int64_t>::max();
};

// Holds every time that one condition of a date filter lets through. Nothing: cannot be told.
std::optional<Range> range_of(const json::value& condition, Time now) {
  const auto* object = condition.if_object();
  if (!object) return std::nullopt;
  Range range;
  for (auto [member, bound] : {std::pair{"Start", &range.begin}, std::pair{"End", &range.end}}) {
    const auto text = string_at(*object, member);
    if (text.empty()) continue;
    const auto time = asff::parse_timestamp(text);
    if (!time) return std::nullopt;
    *bound = to_microseconds(*time);
  }
  if (object->contains("DateRange")) {
    const auto days = integer_at(*object, "DateRange.Value", -1);
    if (days < 0 || days > 36'500) return std::nullopt;
    const auto edge = to_microseconds(now - std::chrono::days{days});
    if (string_at(*object, "DateRange.Comparison") == "OLDER_THAN")
      range.end = edge;
    else
      range.begin = edge;
  }
  return range;
}

// The range that all conditions of one date filter lie in.
std::optional<Range> range_of_filter(const json::object& filters, std::string_view name, Time now) {
  const auto* conditions = filters.if_contains(name);
  if (!conditions || !conditions->is_array() || conditions->get_array().empty()) return std::nullopt;
  Range all{std::numeric_limits<std::int64_t>::max(), no_time};
  for (const auto& condition : conditions->get_array()) {
    const auto range = range_of(condition, now);
    if (!range) return std::nullopt;
    all = {std::min(all.begin, range->begin), std::max(all.end, range->end)};
  }
  return all;
}

void add_times(store::Reader& reader, const json::object& filters, Search& search) {
  for (auto [name, column] : {std::pair{"UpdatedAt", "updated_at"}, std::pair{"CreatedAt", "created_at"},
                              std::pair{"LastObservedAt", "observed_at"}}) {
    const auto range = range_of_filter(filters, name, reader.now());
    if (!range) continue;
    search.checks << " AND +f." << column << " >= " << range->begin << " AND +f." << column << " <= " << range->end;
    if (!search.arms.empty() || std::string_view(name) != "UpdatedAt") continue;
    Sql count;
    count << "SELECT count(*) FROM (SELECT 1 FROM finding f WHERE f.indexed = 1 AND f.updated_at >= " << range->begin
          << " AND f.updated_at <= " << range->end << " LIMIT " << leading_range_max + 1 << ") AS counted";
    auto rows = count.run(reader);
    if (!rows.next() || rows.integer(0) > leading_range_max) continue;
    auto& arm = search.arms.emplace_back();
    arm.is_one_value = false;
    arm << "f.indexed = 1 AND f.updated_at >= " << range->begin << " AND f.updated_at <= " << range->end;
    search.arms.emplace_back() << "f.indexed = 0";
  }
}

void add_ids(const asff::Filter& filter, Search& search) {
  const auto ids = filter.only_values("Id");
  if (!ids) return;
  if (ids->empty()) search.nothing = true;
  for (const auto& id : *ids) {
    const auto begin = store_key_begin(id);
    auto& arm = search.arms.emplace_back();
    arm.is_one_value = false;
    arm << "f.key >= ";
    arm.add_bytes(begin) << " AND f.key < ";
    arm.add_bytes(store_key_end(begin));
  }
}

void add_states(const asff::Filter& filter, Search& search) {
  const auto left = states_left(filter);
  if (!left) return;
  if (left->empty()) search.nothing = true;
  if (search.arms.empty() && left->size() < states) {
    for (const auto state : *left) search.arms.emplace_back() << "f.state = " << state;
  } else {
    add_check(search, "state", *left, false);
  }
}

void add_field(const asff::Filter& filter, const Field& field, bool may_lead, Search& search) {
  const auto values = filter.only_values(field.filter);
  if (!values) return;
  if (values->empty()) search.nothing = true;
  if (may_lead && search.arms.empty())
    add_arms(search, field, *values);
  else
    add_check(search, field.column, numbers_of(*values), !field.listed_as.empty());
}

void add_compliance(const asff::Filter& filter, Search& search) {
  const auto values = filter.only_values("ComplianceStatus");
  if (!values) return;
  Numbers numbers;
  for (const auto& value : *values)
    if (const auto code = code_of(compliances, value)) numbers.push_back(*code);
  if (numbers.empty())
    search.nothing = true;
  else
    add_check(search, "compliance", numbers, false);
}

}  // namespace

store::Rows Sql::run(store::Reader& reader) const {
  std::vector<store::Value> bound;
  for (const auto& value : values_) {
    if (const auto* bytes = std::get_if<std::string>(&value))
      bound.emplace_back(store::Blob{*bytes});
    else
      bound.emplace_back(std::get<std::int64_t>(value));
  }
  return reader.query_with(text_, bound);
}

Search plan(store::Reader& reader, const asff::Filter& filter, const json::object& filters) {
  Search search;
  add_ids(filter, search);
  for (const auto& field : leading_fields) add_field(filter, field, true, search);
  add_times(reader, filters, search);
  add_states(filter, search);
  for (const auto& field : checked_fields) add_field(filter, field, false, search);
  add_compliance(filter, search);
  search.is_led = !search.arms.empty();
  if (!search.is_led) search.arms.emplace_back() << "1 = 1";
  return search;
}

}  // namespace tocsin::findings::detail
