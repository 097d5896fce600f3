#include "pattern/reference_match.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <optional>

#include <arpa/inet.h>

#include "pattern/detail/text.h"

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

// Digits without leading and trailing zeros, and the exponent, of a decimal.
std::string canonical_decimal(const std::string& text) {
  const std::size_t e = text.find_first_of("eE");
  long exponent = e == std::string::npos ? 0 : std::strtol(text.c_str() + e + 1, nullptr, 10);
  std::string digits;
  bool fraction = false;
  for (const char c : text.substr(0, e)) {
    if (c == '.') fraction = true;
    if (c < '0' || c > '9') continue;
    digits += c;
    if (fraction) --exponent;
  }
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size()));
  while (!digits.empty() && digits.back() == '0') {
    digits.pop_back();
    ++exponent;
  }
  if (digits.empty()) return "0";
  return (text[0] == '-' ? "-" : "") + digits + "e" + std::to_string(exponent);
}

std::optional<double> comparable(const std::string& text) {
  const double value = std::strtod(text.c_str(), nullptr);
  if (!std::isfinite(value)) return std::nullopt;
  const int digits_min = std::fabs(value) < 1e-320 ? 1 : 0;  // Java prints two digits of the smallest numbers
  for (int digits = 0; digits < 17; ++digits) {
    char printed[64];
    std::snprintf(printed, sizeof printed, "%.*e", digits, value);
    if (std::strtod(printed, nullptr) != value) continue;
    if (canonical_decimal(printed) == canonical_decimal(text)) return value == 0 ? 0.0 : value;
    if (digits >= digits_min) return std::nullopt;
  }
  return std::nullopt;
}

bool same_number(const std::string& a, const std::string& b) {
  const auto x = comparable(a), y = comparable(b);
  return x && y ? *x == *y : a == b;
}

std::optional<std::string> address_bits(const std::string& text) {
  unsigned char bytes[16];
  int family = AF_INET6;
  unsigned a = 0, b = 0, c = 0, d = 0;
  int end = 0;
  if (text.find_first_not_of("0123456789.") == std::string::npos && text.find("..") == std::string::npos) {
    if (text.size() > 64 || std::sscanf(text.c_str(), "%u.%u.%u.%u%n", &a, &b, &c, &d, &end) != 4) return std::nullopt;
    if (static_cast<std::size_t>(end) != text.size() || a > 255 || b > 255 || c > 255 || d > 255) return std::nullopt;
    family = AF_INET;
    const unsigned parts[] = {a, b, c, d};
    for (int i = 0; i < 4; ++i) bytes[i] = static_cast<unsigned char>(parts[i]);
  } else if (inet_pton(AF_INET6, text.c_str(), bytes) != 1) {
    return std::nullopt;
  }
  std::string bits = family == AF_INET ? "4" : "6";
  for (int i = 0; i < (family == AF_INET ? 32 : 128); ++i) bits += (bytes[i / 8] >> (7 - i % 8) & 1) != 0 ? '1' : '0';
  return bits;
}

bool in_net(const std::string& net, const std::string& text) {
  const std::size_t slash = net.find('/');
  const auto bits = address_bits(net.substr(0, slash)), other = address_bits(text);
  const std::size_t length = std::stoul(net.substr(slash + 1)) + 1;
  return bits && other && bits->substr(0, length) == other->substr(0, length);
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
    for (const JsonNode& item : operand.items) {
      if (is_any_of(op, item, value)) return true;
    }
    return false;
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
    const bool holds = op == "="    ? *value == bound
                       : op == "<"  ? *value < bound
                       : op == "<=" ? *value <= bound
                       : op == ">"  ? *value > bound
                                    : *value >= bound;
    if (!holds) return false;
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
    for (const Leaf& leaf : leaves) {
      for (const std::string& path : absent) {
        if (leaf.path == path && agree(leaf.elements, chosen)) return false;
      }
    }
    return true;
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
  return std::any_of(branches.begin(), branches.end(), [&](const Clauses& branch) {
    std::vector<std::string> absent;
    return choose(branch, branch.begin(), {}, event.leaves, absent);
  });
}

bool reference_match(std::string_view pattern, std::string_view event) {
  return ReferenceRule(pattern).matches(ReferenceEvent(event));
}

}  // namespace tocsin::pattern
