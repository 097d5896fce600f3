// GetFindings' Filters and SortCriteria, compiled: a predicate over findings and an order of them.
//
// Between different filters all must hold. Within one filter EQUALS, PREFIX and CONTAINS are joined by OR; NOT_EQUALS,
// PREFIX_NOT_EQUALS and NOT_CONTAINS by AND; where both kinds occur (PREFIX with a negative one; AWS refuses the other
// mixtures), both must hold. Where a field is a list, a positive condition holds if one element fits, a negative one if
// none does; what a finding does not have fits nothing. Number, date, CIDR, keyword and boolean conditions are joined
// by OR. Source: Security Hub API reference, StringFilter, MapFilter, AwsSecurityFindingFilters.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "asff/asff.h"

namespace tocsin::asff {

// Filters in a request, conditions in a filter. Source: API reference, GetFindings.
inline constexpr std::size_t filter_names_max = 10;
inline constexpr std::size_t filter_conditions_max = 20;

class Filter {
 public:
  // Takes an AwsSecurityFindingFilters document. Error: validation, InvalidInputException, naming the filter that is
  // unknown or malformed.
  static Result<Filter> compile(const json::object& filters);

  // `now` is what date ranges ("within 7 days") count back from.
  bool matches(const json::object& finding, Time now) const;

  // If only findings with one of a few exact values can match (Id, ProductArn, AwsAccountId, …), those values: for the
  // store's index. `filter_name` is a name of AwsSecurityFindingFilters.
  std::optional<std::vector<std::string>> only_values(std::string_view filter_name) const;

  bool matches_everything() const;

  struct Program;

 private:
  std::shared_ptr<const Program> program_;
};

class SortOrder {
 public:
  // Takes SortCriteria: [{Field, SortOrder: asc|desc}]. Field is a filter's name ("SeverityLabel") or a path
  // ("Severity.Normalized"). Error: validation, InvalidInputException. No criteria: newest UpdatedAt first.
  static Result<SortOrder> compile(const json::array& criteria);

  // A strict weak order; findings that are equal by all criteria are ordered by key, so that paging is stable.
  bool before(const json::object& a, const json::object& b) const;

  struct Criterion {
    std::string path;  // below the finding, dotted; "[]" after a list, of which the first element counts
    bool descending;
    bool is_time;
  };
  const std::vector<Criterion>& criteria() const { return criteria_; }

 private:
  std::vector<Criterion> criteria_;
};

}  // namespace tocsin::asff
