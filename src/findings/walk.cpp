#include "findings/detail/walk.h"

#include <algorithm>

namespace tocsin::findings::detail {
namespace {

constexpr std::pair<std::string_view, std::string_view> sort_columns[] = {
    {"UpdatedAt", "updated_at"},         {"CreatedAt", "created_at"},         {"LastObservedAt", "observed_at"},
    {"Severity.Normalized", "severity"}, {"Severity.Label", "label"},         {"Workflow.Status", "workflow"},
    {"RecordState", "record"},           {"Compliance.Status", "compliance"},
};

// "(c1 < ? OR (c1 = ? AND (c2 > ? OR (c2 = ? AND f.seq < ?))))": behind `place` in the order.
void add_behind(Sql& sql, const std::vector<SortColumn>& order, const ColumnPlace& place) {
  for (std::size_t i = 0; i < order.size(); ++i) {
    sql << "(f." << order[i].column << (order[i].descending ? " < " : " > ") << place.values[i] << " OR (f."
        << order[i].column << " = " << place.values[i] << " AND ";
  }
  sql << "f.seq < " << place.seq << std::string(order.size() * 2, ')');
}

// All arms as one condition.
void add_arms(Sql& sql, const Search& search) {
  sql << "(";
  for (std::size_t i = 0; i < search.arms.size(); ++i) (sql << (i ? " OR " : "")).add(search.arms[i]);
  sql << ")";
}

Sql column_sql(const Search& search, const std::vector<SortColumn>& order, const ColumnPlace* after,
               std::int64_t rows_max) {
  Sql sql;
  sql << "SELECT f.seq";
  for (const auto& [column, descending] : order) sql << ", f." << column;
  sql << " FROM finding f WHERE ";
  add_arms(sql, search);
  sql.add(search.checks);
  if (after) {
    sql << " AND ";
    add_behind(sql, order, *after);
  }
  sql << " ORDER BY ";
  for (const auto& [column, descending] : order) sql << "f." << column << (descending ? " DESC, " : " ASC, ");
  sql << "f.seq DESC LIMIT " << rows_max;
  return sql;
}

}  // namespace

std::string_view sort_column(std::string_view path) {
  const auto* found = std::ranges::find(sort_columns, path, &std::pair<std::string_view, std::string_view>::first);
  return found == std::end(sort_columns) ? std::string_view{} : found->second;
}

ArrivalWalk::ArrivalWalk(store::Reader& reader, const Search& search, std::int64_t before, std::int64_t rows_max) {
  if (search.nothing) return;
  for (const auto& arm : search.arms) {
    Sql sql;
    sql << "SELECT f.seq FROM finding f WHERE ";
    sql.add(arm).add(search.checks) << " AND f.seq < " << before << " ORDER BY f.seq DESC LIMIT " << rows_max;
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
