// One element of a leaf array of a pattern: a value or an operator's object.
#pragma once

#include "pattern/detail/json_tree.h"
#include "pattern/detail/syntax.h"

namespace tocsin::pattern {

// False: `fault` says why it is refused.
bool parse_alternative(const JsonNode& node, Alternative& out, JsonFault& fault);

}  // namespace tocsin::pattern
