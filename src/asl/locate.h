// Where in a definition's text a diagnostic points, for tools that show line and column.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace tocsin::asl {

struct Position {
  std::size_t offset = 0;            // in bytes
  std::size_t line = 1, column = 1;  // column in characters
};

// The place of a Diagnostic's location ("/States/A/Choices[0]/Next"): the member's key, or the beginning of the array's
// element. As far as the location leads: a missing field is shown at the object that misses it. `text` must be valid
// JSON.
Position locate(std::string_view text, std::string_view location);

}  // namespace tocsin::asl
