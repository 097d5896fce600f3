// Numbers as patterns compare them.
#pragma once

#include <string_view>

namespace tocsin::pattern {

// A JSON number. If its decimal is the shortest one of a binary64 (or, for the smallest denormals, the two-digit form
// that Java prints), it is compared by that value; otherwise (9007199254740993, 1e400) only by its identical text.
struct Number {
  bool is_comparable;
  double value;  // never -0.0, never infinite; 0 if not comparable
};

// `text` is a JSON number, grammar already checked.
Number read_number(std::string_view text);

// The end of the JSON number that starts at `begin`, or null if there is none. Reads below `end` only.
const char* skip_number(const char* begin, const char* end);

}  // namespace tocsin::pattern
