// JSON text in which every double reads back exactly as it was. Boost.JSON 1.81 rounds some decimals with many digits
// to a neighbour, which would let numbers drift each time a stored execution is loaded. Private to the room.
#pragma once

#include <string_view>

#include "core/json.h"

namespace tocsin::asl {

// Error: corrupt.
Result<json::value> parse_exact_json(std::string_view text);

}  // namespace tocsin::asl
