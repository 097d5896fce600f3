// A pattern, parsed and checked: a list of sub-rules (its `$or`s multiplied out), each a conjunction of clauses.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "pattern/detail/address.h"
#include "pattern/pattern.h"

namespace tocsin::pattern {

enum class Operator : std::uint8_t {
  string,       // texts[0], byte for byte
  number,       // low
  number_text,  // texts[0]: a number that is no binary64, by its text
  literal_true,
  literal_false,
  literal_null,
  exists,              // any value
  absent,              // no value
  prefix,              // texts[0]
  suffix,              // texts[0]
  ignore_case,         // texts[0], folded
  prefix_ignore_case,  // texts[0], folded
  suffix_ignore_case,  // texts[0], folded
  wildcard,            // texts: the pieces between the asterisks, two or more
  numeric,             // low <= value <= high
  cidr,                // net
  not_string,          // no string of texts
  not_number,          // no number of numbers
  not_prefix,          // no prefix of texts
  not_suffix,
  not_ignore_case,
  not_wildcard,  // no wildcard of texts, as written
};

// One alternative of a clause. Equal ones mean the same.
struct Alternative {
  Operator op{};
  std::vector<std::string> texts;
  std::vector<double> numbers;
  double low = 0, high = 0;
  Prefix net;

  auto operator<=>(const Alternative&) const = default;
};

// What a pattern says of one field: one of the alternatives must hold.
struct Clause {
  std::string path;  // the keys joined by "."
  std::vector<Alternative> alternatives;
  std::string source;  // the alternatives as written in the pattern
  std::string key;     // equal for clauses that mean the same
};

using SubRule = std::vector<std::shared_ptr<const Clause>>;  // paths differ

struct ParsedPattern {
  std::vector<SubRule> sub_rules;
};

// Errors: as compile() in pattern.h.
Result<ParsedPattern> parse_pattern(std::string_view pattern, const Limits& limits);

// The pieces between the asterisks of a wildcard, escapes resolved ("a*" → "a", ""). False: `reason` says
// what is wrong.
bool split_wildcard(std::string_view wildcard, std::vector<std::string>& pieces, std::string& reason);

}  // namespace tocsin::pattern
