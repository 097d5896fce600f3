// The event pattern language as plainly as it can be written, for the tests to compare the engine with: it looks at
// one pattern and one event as trees and tries every choice. Shares the reader of JSON trees and the case folding with
// the engine, nothing else.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "pattern/detail/json_tree.h"

namespace tocsin::pattern {

struct ReferenceEvent {
  explicit ReferenceEvent(std::string_view text);

  struct Leaf {
    std::string path;
    std::map<const JsonNode*, std::size_t> elements;  // enclosing arrays → index in them
    const JsonNode* value;
  };
  JsonNode root;
  std::vector<Leaf> leaves;
};

struct ReferenceRule {
  explicit ReferenceRule(std::string_view pattern);  // a valid one
  bool matches(const ReferenceEvent& event) const;

  JsonNode root;
  std::vector<std::map<std::string, const JsonNode*>> branches;  // path → its alternatives
};

inline bool reference_match(std::string_view pattern, std::string_view event) {
  return ReferenceRule(pattern).matches(ReferenceEvent(event));
}

}  // namespace tocsin::pattern
