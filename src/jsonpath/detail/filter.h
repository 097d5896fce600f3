// The expression tree of a filter, "[?( … )]". Private to the room.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "jsonpath/jsonpath.h"

namespace re2 {
class RE2;
}

namespace tocsin::jsonpath {

enum class Operator {
  exists,
  equal,
  not_equal,
  less,
  less_equal,
  greater,
  greater_equal,
  matches,
  in,
  not_in,
  contains,
  all,
  any_of,
  none_of,
  subset_of,
  size,
  empty,
};

// A side of a comparison: a constant, or a path from the item (@) or the document ($).
struct Operand {
  json::value constant = {};
  std::optional<Path> path = {};
  bool from_root = false;
  std::shared_ptr<const re2::RE2> regex = {};  // /…/i, only on the right of =~
};

struct Filter {
  enum class Kind { all_of, any_of, negation, comparison };
  Kind kind = Kind::comparison;
  std::vector<Filter> parts = {};  // all_of, any_of, negation
  Operator op = Operator::exists;
  Operand left = {}, right = {};
};

// Counts what an evaluation visits; past the limit the evaluation fails.
struct Budget {
  std::size_t visits_left = visits_max;
  bool spend() { return visits_left > 0 && visits_left-- > 0; }
};

// `text` is what stands between "[?(" and ")]". Error: validation.
Result<Filter> parse_filter(std::string_view text, std::size_t depth);
bool accepts(const Filter& filter, const json::value& item, const json::value& root, Budget& budget);
// Evaluation that shares its budget with a surrounding one. The result of a definite path is the one element; none: not
// found.
Result<std::vector<const json::value*>> select(const Path& path, const json::value& root, const json::value& document,
                                               Budget& budget);
Result<Path> parse_nested(std::string_view text, std::size_t filter_depth);

}  // namespace tocsin::jsonpath
