#include "pattern/filter_policy.h"

#include <algorithm>
#include <vector>

#include "pattern/detail/json_tree.h"
#include "pattern/detail/number.h"
#include "pattern/detail/text.h"

namespace tocsin::pattern {
namespace {

using Kind = JsonNode::Kind;

std::unexpected<Error> refused(const std::string& reason) {
  return fail(ErrorCode::validation, "Invalid parameter: " + reason, "InvalidParameter", "FilterPolicy");
}

constexpr std::size_t too_many = filter_policy_combinations_max + 1;

std::size_t capped(std::size_t combinations) {
  return std::min(combinations, too_many);
}

// The product of the lengths of all value lists, each times its depth; branches of `$or` add up.
std::size_t combinations(const JsonNode& node, std::size_t depth) {
  std::size_t product = 1;
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    const JsonNode& value = node.items[i];
    std::size_t factor = 1;
    if (node.keys[i] == "$or") {
      factor = 0;
      for (const JsonNode& branch : value.items) factor = capped(factor + combinations(branch, depth));
    } else if (value.kind == Kind::object) {
      factor = combinations(value, depth + 1);
    } else {
      factor = value.items.size() * depth;
    }
    product = capped(product * capped(factor));
  }
  return product;
}

bool is_nested(const JsonNode& node) {
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    const JsonNode& value = node.items[i];
    if (node.keys[i] == "$or") {
      if (std::any_of(value.items.begin(), value.items.end(), is_nested)) return true;
    } else if (value.kind == Kind::object) {
      return true;
    }
  }
  return false;
}

// The reason inside "Event pattern is not valid. Reason: <reason>\n at [Source: …".
std::string reason_of(const std::string& message) {
  constexpr std::string_view before = "Reason: ";
  const std::size_t start = message.find(before);
  if (start == std::string::npos) return message;
  return message.substr(start + before.size(), message.find("\n at [") - start - before.size());
}

// A number attribute as a JSON number: without a leading plus, with a digit before the point. Empty: no number.
std::string as_json_number(std::string_view text) {
  const auto is_space = [](char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  std::string number;
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) {
    if (text.front() == '-') number = "-";
    text.remove_prefix(1);
  }
  while (text.size() > 1 && text.front() == '0' && text[1] >= '0' && text[1] <= '9') text.remove_prefix(1);
  if (!text.empty() && text.front() == '.') number += '0';
  number += text;
  const char* end = number.data() + number.size();
  return skip_number(number.data(), end) == end ? number : std::string();
}

// A String.Array: JSON with strings, numbers, true, false and null in it. Empty: it is something else.
std::string as_json_array(std::string_view text) {
  JsonNode root;
  JsonFault fault;
  if (!read_json_tree(text, root, fault) || root.kind != Kind::array) return {};
  const bool is_flat = std::none_of(root.items.begin(), root.items.end(), [](const JsonNode& item) {
    return item.kind == Kind::array || item.kind == Kind::object;
  });
  return is_flat ? std::string(text) : std::string();
}

bool is_type(std::string_view type, std::string_view name) {
  return type.starts_with(name) && (type.size() == name.size() || type[name.size()] == '.');
}

std::string as_json(const MessageAttribute& attribute) {
  if (is_type(attribute.type, "String.Array")) return as_json_array(attribute.value);
  if (is_type(attribute.type, "String")) return is_valid_utf8(attribute.value) ? quoted(attribute.value) : "";
  if (is_type(attribute.type, "Number")) return as_json_number(attribute.value);
  return {};
}

}  // namespace

Result<FilterPolicy> FilterPolicy::parse(std::string_view policy, FilterPolicyScope scope) {
  if (policy.size() > filter_policy_bytes_max) return refused("FilterPolicy: Filter policy is over 256 KB");
  FilterPolicy result;
  result.scope_ = scope;
  JsonNode root;
  JsonFault fault;
  if (!read_json_tree(policy, root, fault)) return refused("FilterPolicy: failed to parse JSON. " + fault.reason);
  if (root.kind == Kind::object && root.items.empty()) return result;
  const Rule rule{RuleId{0}, std::string(policy)};
  auto rules = compile({&rule, 1}, {.pattern_bytes_max = filter_policy_bytes_max});
  if (!rules) return refused("FilterPolicy: " + reason_of(rules.error().message));
  if (scope == FilterPolicyScope::message_attributes && is_nested(root)) {
    return refused("Filter policy scope MessageAttributes does not support nested filter policy");
  }
  // Of a nested policy only the outermost keys count.
  if (root.items.size() > filter_policy_keys_max) {
    return refused("FilterPolicy: Filter policy can not have more than 5 keys");
  }
  if (combinations(root, 1) > filter_policy_combinations_max) {
    return refused("FilterPolicy: Filter policy is too complex");
  }
  result.rules_ = std::move(*rules);
  return result;
}

bool FilterPolicy::lets_pass(Matcher& matcher, std::span<const MessageAttribute> attributes,
                             std::string_view body) const {
  if (rules_ == nullptr) return true;
  std::vector<RuleId> matched;
  const auto result = scope_ == FilterPolicyScope::message_body
                          ? matcher.match(*rules_, body, matched)
                          : matcher.match(*rules_, attributes_as_event(attributes), matched);
  return result && !matched.empty();
}

std::string attributes_as_event(std::span<const MessageAttribute> attributes) {
  std::string event = "{";
  for (const MessageAttribute& attribute : attributes) {
    const std::string value = as_json(attribute);
    if (value.empty() || !is_valid_utf8(attribute.name)) continue;
    if (event.size() > 1) event += ',';
    event += quoted(attribute.name) + ':' + value;
  }
  return event + '}';
}

}  // namespace tocsin::pattern
