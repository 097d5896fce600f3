// NextToken: what a caller hands back to go on where a page ended. Opaque, checked when it comes back, and bound to
// the request that it was given for. Inside this folder only.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "core/json.h"
#include "core/result.h"

namespace tocsin::findings::detail {

inline constexpr std::int64_t page_results_max = 100;

// MaxResults of a request, or the most where it names none.
inline std::int64_t page_size(const json::object& input) {
  return std::clamp<std::int64_t>(integer_at(input, "MaxResults", page_results_max), 1, page_results_max);
}

std::string make_token(const json::object& content);
// Error: validation, InvalidInputException.
Result<json::object> read_token(std::string_view token);
inline std::unexpected<Error> bad_token() {
  return fail(ErrorCode::validation, "NextToken is not one that was given for this request", "InvalidInputException",
              "NextToken");
}

// The last key of the page before, or empty for the first page. Error: validation, InvalidInputException.
Result<std::string> last_key(const json::object& input);
std::string key_token(std::string_view key);

}  // namespace tocsin::findings::detail
