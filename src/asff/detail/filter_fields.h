// Which part of a finding each filter of GetFindings looks at.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>

#include "asff/asff.h"

namespace tocsin::asff::detail {

enum class FilterKind : std::uint8_t { string, number, date, ip, map, keyword, boolean };

struct FilterField {
  std::string_view name;  // of AwsSecurityFindingFilters
  FilterKind kind;
  std::string_view path;  // below the finding; "[]" after a name: each element of that list
};

std::span<const FilterField> filter_fields();
// Null: no such filter.
const FilterField* filter_field(std::string_view name);

// Calls `visit` for each value at `path` until it returns true; true if it did.
bool any_at(const json::object& finding, std::string_view path, const std::function<bool(const json::value&)>& visit);

}  // namespace tocsin::asff::detail
