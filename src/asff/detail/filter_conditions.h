// The conditions of one filter, compiled.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "asff/detail/filter_fields.h"

namespace tocsin::asff::detail {

enum class Comparison : std::uint8_t { equals, prefix, contains, not_equals, prefix_not_equals, not_contains };
inline bool is_negative(Comparison comparison) {
  return comparison >= Comparison::not_equals;
}

struct TextCondition {
  Comparison comparison;
  std::string key;  // of a map filter
  std::string value;
};

// All of the bounds that are there.
struct NumberCondition {
  std::optional<double> gte, lte, eq, gt, lt;
};

// Between two times, or days counted back from now.
struct DateCondition {
  std::optional<Time> start, end;
  std::optional<std::int64_t> days;
  bool older = false;  // before the days' start rather than within them
};

struct Prefix {
  std::array<unsigned char, 16> address{};
  int family = 0;
  int bits = 0;
};

struct KeywordCondition {
  std::string lower;
};

struct BooleanCondition {
  bool value;
};

using Conditions = std::variant<std::vector<TextCondition>, std::vector<NumberCondition>, std::vector<DateCondition>,
                                std::vector<Prefix>, std::vector<KeywordCondition>, std::vector<BooleanCondition>>;

// Reads the conditions of one filter. Error: validation, InvalidInputException.
Result<Conditions> compile_conditions(const FilterField& field, const json::value& conditions);

bool holds(const FilterField& field, const Conditions& conditions, const json::object& finding, Time now);

}  // namespace tocsin::asff::detail
