// One page of GetFindings. Inside this folder only.
#pragma once

#include "asff/filter.h"
#include "findings/detail/search.h"
#include "store/transaction.h"

namespace tocsin::findings::detail {

struct PageRequest {
  asff::Filter filter;
  asff::SortOrder order;
  bool is_sorted;  // SortCriteria are given
  Search search;
  std::int64_t findings_max;
  json::object after;  // the token's content; empty for the first page
};

struct Page {
  json::array findings;
  json::object next;  // content of the token for the next page; empty: there is none
};

// Findings that one page looks at and leaves out, past which the page ends early.
inline constexpr std::int64_t page_looks_max = 2'000;
// Findings that can be put in an order that no column answers.
inline constexpr std::int64_t document_sort_max = 20'000;

// Error: validation, InvalidInputException: a token that is none, or too many findings for such an order; corrupt.
Result<Page> read_page(store::Reader& reader, const PageRequest& request);

}  // namespace tocsin::findings::detail
