// A JSON document as a pattern needs it: duplicate keys kept, numbers as written, places remembered. For patterns
// only; events are never made into trees.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin::pattern {

struct JsonNode {
  enum class Kind { null_value, false_value, true_value, number, string, array, object };
  Kind kind = Kind::null_value;
  std::size_t begin = 0, end = 0;  // the bytes of the value in the text
  std::string text;                // string: unescaped; number: as written
  std::vector<JsonNode> items;     // array: elements; object: values
  std::vector<std::string> keys;   // object: the keys of `items`
};

struct JsonFault {
  std::size_t at = 0;  // byte
  std::string reason;
};

// Nesting allowed in a pattern.
inline constexpr int pattern_nesting_max = 1000;

// True, or `fault` says what is wrong. The text must be valid UTF-8 and hold one value, nothing after it.
bool read_json_tree(std::string_view text, JsonNode& root, JsonFault& fault);

}  // namespace tocsin::pattern
