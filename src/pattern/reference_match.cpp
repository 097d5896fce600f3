#include "pattern/reference_match.h"

#include <algorithm>
#include <optional>

#include "pattern/detail/text.h"
#include "pattern/reference_values.h"

namespace tocsin::pattern {
namespace {

using Kind = JsonNode::Kind;
using Leaf = ReferenceEvent::Leaf;
using Elements = std::map<const JsonNode*, std::size_t>;
using Clauses = std::map<std::string, const JsonNode*>;

void collect(const JsonNode& node, const std::optional<std::string>& path, const Elements& elements,
             std::vector<Leaf>& out) {
  if (node.kind == Kind::object) {
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      collect(node.items[i], (path ? *path + "." : "") + node.keys[i], elements, out);
    }
  } else if (node.kind == Kind::array) {
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      Elements inner = elements;
      if (node.items[i].kind == Kind::object || node.items[i].kind == Kind::array) inner[&node] = i;
      collect(node.items[i], path, inner, out);
    }
  } else {
    out.push_back({*path, elements, &node});
  }
}

void expand(const JsonNode& node, const std::string& prefix, std::vector<Clauses>& branches) {
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    const JsonNode& value = node.items[i];
    const std::string path = prefix + node.keys[i];
    if (node.keys[i] == "$or") {
      std::vector<Clauses> all;
      for (const JsonNode& alternative : value.items) {
        std::vector<Clauses> some = branches;
        expand(alternative, prefix, some);
        all.insert(all.end(), some.begin(), some.end());
      }
      branches = all;
    } else if (value.kind == Kind::object) {
      expand(value, path + ".", branches);
    } else {
      for (Clauses& branch : branches) branch[path] = &value;
    }
  }
}

bool glob(std::string_view pattern, std::string_view text) {
  if (pattern.empty()) return text.empty();
  if (pattern[0] == '*') return glob(pattern.substr(1), text) || (!text.empty() && glob(pattern, text.substr(1)));
  if (pattern[0] == '\\') pattern.remove_prefix(1);
  return !text.empty() && text[0] == pattern[0] && glob(pattern.substr(1), text.substr(1));
}

bool text_holds(const std::string& op, const JsonNode& operand, const std::string& text) {
  if (operand.kind == Kind::object) {  // {"prefix": {"equals-ignore-case": …}}
    JsonNode inner = operand.items[0];
    inner.text = folded(inner.text);
    return text_holds(op, inner, folded(text));
  }
  if (op == "prefix") return text.starts_with(operand.text);
  if (op == "suffix") return text.ends_with(operand.text);
  if (op == "equals-ignore-case") return folded(text) == folded(operand.text);
  if (op == "wildcard") return glob(operand.text, text);
  if (op == "cidr") return in_net(operand.text, text);
  return op == "exactly" && text == operand.text;
}

bool is_any_of(const std::string& op, const JsonNode& operand, const JsonNode& value) {
  if (operand.kind == Kind::object) return is_any_of(operand.keys[0], operand.items[0], value);
  if (operand.kind == Kind::array) {
    return std::ranges::any_of(operand.items, [&](const JsonNode& item) { return is_any_of(op, item, value); });
  }
  if (operand.kind != value.kind) return false;
  if (value.kind == Kind::number) return same_number(operand.text, value.text);
  return text_holds(op, operand, value.text);
}

bool in_range(const JsonNode& range, const std::string& text) {
  const auto value = comparable(text);
  for (std::size_t i = 0; value && i < range.items.size(); i += 2) {
    const std::string& op = range.items[i].text;
    const double bound = *comparable(range.items[i + 1].text);
    if (*value == bound ? op == "<" || op == ">" : op == "=" || (*value < bound) != (op[0] == '<')) return false;
  }
  return value.has_value();
}

bool accepts(const JsonNode& alternative, const JsonNode& value) {
  if (alternative.kind == Kind::number && value.kind == Kind::number) return same_number(alternative.text, value.text);
  if (alternative.kind != Kind::object) return alternative.kind == value.kind && alternative.text == value.text;
  const std::string& op = alternative.keys[0];
  const JsonNode& operand = alternative.items[0];
  if (op == "exists") return operand.kind == Kind::true_value;
  if (op == "anything-but") return !is_any_of("exactly", operand, value);
  if (op == "numeric") return value.kind == Kind::number && in_range(operand, value.text);
  return value.kind == Kind::string && text_holds(op, operand, value.text);
}

bool agree(const Elements& a, const Elements& b) {
  for (const auto& [array, index] : a) {
    if (const auto other = b.find(array); other != b.end() && other->second != index) return false;
  }
  return true;
}

// Chooses leaves for the clauses from `at` on, then looks at what is to be absent.
bool choose(const Clauses& clauses, Clauses::const_iterator at, const Elements& chosen, const std::vector<Leaf>& leaves,
            std::vector<std::string>& absent) {
  if (at == clauses.end()) {
    return std::ranges::none_of(leaves, [&](const Leaf& leaf) {
      return std::ranges::find(absent, leaf.path) != absent.end() && agree(leaf.elements, chosen);
    });
  }
  bool may_be_absent = false;
  for (const JsonNode& alternative : at->second->items) {
    if (alternative.kind == Kind::object && alternative.keys[0] == "exists" &&
        alternative.items[0].kind == Kind::false_value) {
      may_be_absent = true;
      continue;
    }
    for (const Leaf& leaf : leaves) {
      if (leaf.path != at->first || !agree(leaf.elements, chosen) || !accepts(alternative, *leaf.value)) continue;
      Elements more = chosen;
      more.insert(leaf.elements.begin(), leaf.elements.end());
      if (choose(clauses, std::next(at), more, leaves, absent)) return true;
    }
  }
  if (!may_be_absent) return false;
  absent.push_back(at->first);
  const bool found = choose(clauses, std::next(at), chosen, leaves, absent);
  absent.pop_back();
  return found;
}

}  // namespace

ReferenceEvent::ReferenceEvent(std::string_view text) {
  JsonFault fault;
  if (read_json_tree(text, root, fault)) collect(root, std::nullopt, {}, leaves);
}

ReferenceRule::ReferenceRule(std::string_view pattern) : branches(1) {
  JsonFault fault;
  if (read_json_tree(pattern, root, fault)) expand(root, "", branches);
}

bool ReferenceRule::matches(const ReferenceEvent& event) const {
  return std::ranges::any_of(branches, [&](const Clauses& branch) {
    std::vector<std::string> absent;
    return choose(branch, branch.begin(), {}, event.leaves, absent);
  });
}

}  // namespace tocsin::pattern
