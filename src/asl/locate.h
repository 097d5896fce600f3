// Where in a definition's text a diagnostic points, for tools that show line and column.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "asl/asl.h"

namespace tocsin::asl {

struct Position {
  std::size_t offset = 0;            // in bytes
  std::size_t line = 1, column = 1;  // column in characters
};

// The place of a Diagnostic's location ("/States/A/Choices[0]/Next"): the member's key, or the beginning of the array's
// element. As far as the location leads: a missing field is shown at the object that misses it. `text` must be valid
// JSON.
Position locate(std::string_view text, std::string_view location);
// The same for a whole diagnostic of `text`: where text is not valid JSON, the byte that is wrong; for a duplicate key,
// its second place.
Position locate(std::string_view text, const Diagnostic& diagnostic);

// A diagnostic's location, with the field that its message names where the location is only the object around it
// ("Field 'X' is not supported").
std::string pointed_at(const Diagnostic& diagnostic);

// Line and column of a byte of `text`.
Position position_at(std::string_view text, std::size_t offset);

}  // namespace tocsin::asl
