// Page tokens: the last key seen, as base64 text.
#pragma once

#include <string>

#include "core/json.h"
#include "core/result.h"

namespace tocsin::workflows {

struct Page {
  std::string after;      // empty: from the start
  std::int64_t size = 0;  // rows wanted
};

std::string make_token(std::string_view last);
// Reads `maxResults` and `nextToken`. Error: validation (InvalidToken).
Result<Page> read_page(const json::object& input, std::int64_t size_default, std::int64_t size_max);

}  // namespace tocsin::workflows
