// Rules as JSON lines: {"name": "…", "pattern": {…}}, the pattern as an object or as a string that holds its JSON.
#pragma once

#include <string>
#include <string_view>

#include "core/result.h"

namespace tocsin::pattern {

struct NamedPattern {
  std::string name;
  std::string pattern;  // JSON text, as written; not yet validated
};

// Members beside these two are ignored. Error: validation.
Result<NamedPattern> parse_rule_line(std::string_view line);

}  // namespace tocsin::pattern
