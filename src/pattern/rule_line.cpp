#include "pattern/rule_line.h"

#include <fmt/format.h>

#include "pattern/detail/json_tree.h"

namespace tocsin::pattern {

Result<NamedPattern> parse_rule_line(std::string_view line) {
  JsonNode root;
  JsonFault fault;
  if (!read_json_tree(line, root, fault)) {
    return fail(ErrorCode::validation, fmt::format("Not JSON: {} (byte {})", fault.reason, fault.at));
  }
  if (root.kind != JsonNode::Kind::object) {
    return fail(ErrorCode::validation, R"(A rule is an object with "name" and "pattern")");
  }
  NamedPattern rule;
  bool has_name = false, has_pattern = false;
  for (std::size_t i = 0; i < root.items.size(); ++i) {
    const JsonNode& value = root.items[i];
    if (root.keys[i] == "name") {
      if (value.kind != JsonNode::Kind::string) {
        return fail(ErrorCode::validation, R"("name" must be a string)", {}, "name");
      }
      rule.name = value.text;
      has_name = true;
    } else if (root.keys[i] == "pattern") {
      const bool is_text = value.kind == JsonNode::Kind::string;
      rule.pattern = is_text ? value.text : std::string(line.substr(value.begin, value.end - value.begin));
      has_pattern = true;
    }
  }
  if (!has_name) return fail(ErrorCode::validation, R"("name" is missing)", {}, "name");
  if (!has_pattern) return fail(ErrorCode::validation, R"("pattern" is missing)", {}, "pattern");
  return rule;
}

}  // namespace tocsin::pattern
