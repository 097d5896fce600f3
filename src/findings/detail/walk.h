// Walks the rows that a search finds, in one of two orders, from where a page before ended. Inside this folder only.
#pragma once

#include <vector>

#include "findings/detail/search.h"

namespace tocsin::findings::detail {

// Newest arrival first: merges the search's arms, each of which is read in order.
class ArrivalWalk {
 public:
  // Rows with a number below `before`. At most `rows_max` are given.
  ArrivalWalk(store::Reader& reader, const Search& search, std::int64_t before, std::int64_t rows_max);

  // The next finding's number; nothing: no more.
  std::optional<std::int64_t> next();

 private:
  struct Arm {
    store::Rows rows;
    std::optional<std::int64_t> head;
    void advance() { head = rows.next() ? std::optional{rows.integer(0)} : std::nullopt; }
  };
  std::vector<Arm> arms_;
};

// A sort criterion that columns answer.
struct SortColumn {
  std::string_view value;  // an SQL expression
  bool descending;
};
// Adds what orders by a path of SortOrder::Criterion as SortOrder does: what is missing comes last in either
// direction. False: no column answers it.
bool add_sort_columns(std::string_view path, bool descending, std::vector<SortColumn>& order);

// A place in a column order: the columns' values, then the number. Ties are broken by arrival, the newest first.
struct ColumnPlace {
  std::vector<std::int64_t> values;
  std::int64_t seq;
};

// By columns.
class ColumnWalk {
 public:
  // `after`: where the page before ended; null for the first page.
  ColumnWalk(store::Reader& reader, const Search& search, const std::vector<SortColumn>& order,
             const ColumnPlace* after, std::int64_t rows_max);

  std::optional<ColumnPlace> next();

 private:
  std::size_t columns_;
  std::optional<store::Rows> rows_;
};

}  // namespace tocsin::findings::detail
