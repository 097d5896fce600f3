#include "findings/detail/walk.h"

#include <algorithm>

namespace tocsin::findings::detail {
namespace {

struct Answer {
  std::string_view path;
  std::string_view value;
  std::string_view is_missing;  // empty: every finding has it
};
constexpr Answer answers[] = {
    {"UpdatedAt", "f.updated_at", ""},
    {"CreatedAt", "f.created_at", ""},
    // no_time is the smallest number there is, which neither database can be told in digits.
    {"LastObservedAt", "f.observed_at", "CASE WHEN f.observed_at < -9000000000000000000 THEN 1 ELSE 0 END"},
    {"Severity.Normalized", "f.severity", ""},
    {"Severity.Label", "f.label", ""},
    {"Workflow.Status", "f.workflow", ""},
    {"RecordState", "f.record", ""},
    {"Compliance.Status", "f.compliance", "CASE WHEN f.compliance = 0 THEN 1 ELSE 0 END"},
};

// "(c1 < ? OR (c1 = ? AND (c2 > ? OR (c2 = ? AND f.seq < ?))))": behind `place` in the order.
void add_behind(Sql& sql, const std::vector<SortColumn>& order, const ColumnPlace& place) {
  for (std::size_t i = 0; i < order.size(); ++i) {
    sql << "(" << order[i].value << (order[i].descending ? " < " : " > ") << place.values[i] << " OR ("
        << order[i].value << " = " << place.values[i] << " AND ";
  }
  sql << "f.seq < " << place.seq << std::string(order.size() * 2, ')');
}

// All arms as one condition.
void add_arms(Sql& sql, const Search& search) {
  sql << "(";
  for (std::size_t i = 0; i < search.arms.size(); ++i) (sql << (i ? " OR " : "")).add(search.arms[i]);
  sql << ")";
}

void add_select(Sql& sql, const Search& search, const std::vector<SortColumn>& order, const ColumnPlace* after) {
  sql << "SELECT f.seq";
  for (const auto& column : order) sql << ", " << column.value;
  sql << " FROM finding f WHERE ";
  add_arms(sql, search);
  sql.add(search.checks);
  if (after) {
    sql << " AND ";
    add_behind(sql, order, *after);
  }
}

// An order that an index has is walked, not made: in the index and among those that are not in it yet, side by side.
bool is_order_of_index(const Search& search, const std::vector<SortColumn>& order) {
  return !search.is_led && order.front().value == "f.updated_at";
}

Sql column_sql(const Search& search, const std::vector<SortColumn>& order, const ColumnPlace* after,
               std::int64_t rows_max) {
  Sql sql;
  add_select(sql, search, order, after);
  if (is_order_of_index(search, order)) {
    sql << " AND f.indexed = 1 UNION ALL ";
    add_select(sql, search, order, after);
    sql << " AND f.indexed = 0";
  }
  sql << " ORDER BY ";
  for (std::size_t i = 0; i < order.size(); ++i)
    sql << std::to_string(i + 2) << (order[i].descending ? " DESC, " : " ASC, ");
  sql << "1 DESC LIMIT " << rows_max;
  return sql;
}

}  // namespace

bool add_sort_columns(std::string_view path, bool descending, std::vector<SortColumn>& order) {
  const auto* answer = std::ranges::find(answers, path, &Answer::path);
  if (answer == std::end(answers)) return false;
  if (!answer->is_missing.empty()) order.push_back({answer->is_missing, false});
  order.push_back({answer->value, descending});
  return true;
}

ArrivalWalk::ArrivalWalk(store::Reader& reader, const Search& search, std::int64_t before, std::int64_t rows_max) {
  if (search.nothing) return;
  for (const auto& arm : search.arms) {
    const std::string_view seq = arm.is_one_value ? "f.seq" : "+f.seq";
    Sql sql;
    sql << "SELECT f.seq FROM finding f WHERE ";
    sql.add(arm).add(search.checks) << " AND " << seq << " < " << before << " ORDER BY " << seq << " DESC LIMIT "
                                    << rows_max;
    arms_.push_back({sql.run(reader), std::nullopt});
    arms_.back().advance();
  }
}

std::optional<std::int64_t> ArrivalWalk::next() {
  std::optional<std::int64_t> newest;
  for (const auto& arm : arms_)
    if (arm.head && (!newest || *arm.head > *newest)) newest = arm.head;
  for (auto& arm : arms_)
    if (arm.head && arm.head == newest) arm.advance();
  return newest;
}

ColumnWalk::ColumnWalk(store::Reader& reader, const Search& search, const std::vector<SortColumn>& order,
                       const ColumnPlace* after, std::int64_t rows_max)
    : columns_{order.size()} {
  if (!search.nothing) rows_ = column_sql(search, order, after, rows_max).run(reader);
}

std::optional<ColumnPlace> ColumnWalk::next() {
  if (!rows_ || !rows_->next()) return std::nullopt;
  ColumnPlace place{.values = {}, .seq = rows_->integer(0)};
  for (std::size_t i = 0; i < columns_; ++i) place.values.push_back(rows_->integer(static_cast<int>(i) + 1));
  return place;
}

}  // namespace tocsin::findings::detail
