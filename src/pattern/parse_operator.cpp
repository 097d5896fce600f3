#include "pattern/detail/parse_operator.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "pattern/detail/number.h"
#include "pattern/detail/text.h"

namespace tocsin::pattern {
namespace {

using Kind = JsonNode::Kind;

bool refuse(JsonFault& fault, const JsonNode& node, std::string reason) {
  fault = {node.begin, std::move(reason)};
  return false;
}

bool set_text(const JsonNode& node, Operator op, std::string_view operator_name, Alternative& out, JsonFault& fault) {
  if (node.kind != Kind::string) {
    return refuse(fault, node, fmt::format("{} match pattern must be a string", operator_name));
  }
  out.op = op;
  out.texts = {node.text};
  return true;
}

// The single member of an operator's object.
bool only_member(const JsonNode& node, JsonFault& fault) {
  return node.items.size() == 1 || refuse(fault, node.items[1], "Only one key allowed in match expression");
}

// {"prefix": "x"} or {"prefix": {"equals-ignore-case": "x"}}; the same for suffix.
bool parse_affix(const JsonNode& node, bool is_prefix, Alternative& out, JsonFault& fault) {
  const char* name = is_prefix ? "prefix" : "suffix";
  if (node.kind != Kind::object) {
    return set_text(node, is_prefix ? Operator::prefix : Operator::suffix, name, out, fault);
  }
  if (node.items.empty()) {
    return refuse(fault, node, fmt::format("{} expression name not found", is_prefix ? "Prefix" : "Suffix"));
  }
  if (node.keys[0] != "equals-ignore-case") {
    return refuse(fault, node.items[0], fmt::format("Unsupported {} pattern: {}", name, node.keys[0]));
  }
  const Operator op = is_prefix ? Operator::prefix_ignore_case : Operator::suffix_ignore_case;
  if (!set_text(node.items[0], op, "equals-ignore-case", out, fault) || !only_member(node, fault)) return false;
  out.texts[0] = folded(out.texts[0]);
  return true;
}

bool comparable(const JsonNode& node, double& value, JsonFault& fault) {
  const Number number = read_number(node.text);
  value = number.value;
  return number.is_comparable || refuse(fault, node, "Cannot compare number : " + node.text);
}

constexpr double infinity = std::numeric_limits<double>::infinity();

// The operand at `index`, and the bounds that it gives together with the operator before it.
bool parse_bound(const JsonNode& node, std::size_t index, Alternative& out, JsonFault& fault) {
  const std::string& op = node.items[index - 1].text;
  const JsonNode& operand = index < node.items.size() ? node.items[index] : node;
  if (index >= node.items.size() || operand.kind != Kind::number) {
    return refuse(fault, operand, fmt::format("Value of {} must be numeric", op == "=" ? "equals" : op));
  }
  double value = 0;
  if (!comparable(operand, value, fault)) return false;
  // Open bounds become closed ones: the next binary64 in that direction.
  if (op == ">") out.low = std::nextafter(value, infinity);
  if (op == ">=") out.low = value;
  if (op == "<") out.high = std::nextafter(value, -infinity);
  if (op == "<=") out.high = value;
  if (op == "=") out.low = out.high = value;
  return true;
}

bool parse_numeric(const JsonNode& node, Alternative& out, JsonFault& fault) {
  if (node.kind != Kind::array) return refuse(fault, node, "Value of numeric must be an array.");
  if (node.items.empty() || node.items[0].kind != Kind::string) {
    const JsonNode& member = node.items.empty() ? node : node.items[0];
    return refuse(fault, member, "Invalid member in numeric match: " + (node.items.empty() ? "]" : member.text));
  }
  const std::string& op = node.items[0].text;
  if (op != "=" && op != "<" && op != "<=" && op != ">" && op != ">=") {
    return refuse(fault, node.items[0], "Unrecognized numeric range operator: " + op);
  }
  out.op = Operator::numeric;
  out.low = -infinity;
  out.high = infinity;
  if (!parse_bound(node, 1, out, fault)) return false;
  if (op == "=") {
    out.op = Operator::number;
    out.high = 0;
  }
  if (node.items.size() == 2) return true;
  if (op != ">" && op != ">=") return refuse(fault, node.items[2], "Too many elements in numeric expression");
  const JsonNode& second = node.items[2];
  if (second.kind != Kind::string) return refuse(fault, second, "Bad value in numeric range: " + second.text);
  if (second.text != "<" && second.text != "<=") {
    return refuse(fault, second, "Bad numeric range operator: " + second.text);
  }
  if (!parse_bound(node, 3, out, fault)) return false;
  if (node.items.size() > 4) return refuse(fault, node.items[4], "Too many terms in numeric range expression");
  // [">=", 5, "<=", 5] is one value and welcome; anything emptier is a mistake.
  return out.low <= out.high || refuse(fault, second, "Bottom must be less than top");
}

bool parse_cidr(const JsonNode& node, Alternative& out, JsonFault& fault) {
  if (!set_text(node, Operator::cidr, "cidr", out, fault)) return false;
  const std::string text = std::move(out.texts[0]);
  out.texts.clear();
  const std::size_t slash = text.find('/');
  if (slash == std::string::npos || text.find('/', slash + 1) != std::string::npos) {
    return refuse(fault, node, "Malformed CIDR, one '/' required");
  }
  int length = 0;
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data() + slash + 1, end, length);
  if (read.ec != std::errc{} || read.ptr != end) {
    return refuse(fault, node, "Malformed CIDR, mask bits must be an integer");
  }
  if (length < 0) return refuse(fault, node, "Malformed CIDR, mask bits must not be negative");
  const auto address = parse_address(std::string_view(text).substr(0, slash));
  if (!address) return refuse(fault, node, "Nonstandard IP address: " + text.substr(0, slash));
  const int length_max = address->is_v6 ? 128 : 32;
  if (length > length_max) {
    return refuse(fault, node, fmt::format("{} mask bits must be <= {}", address->is_v6 ? "IPv6" : "IPv4", length_max));
  }
  out.net = {*address, static_cast<unsigned>(length)};
  for (std::size_t bit = out.net.length; bit < 128; ++bit) {
    auto& byte = out.net.first.bytes[bit / 8];
    byte = static_cast<std::uint8_t>(byte & ~(0x80U >> bit % 8));
  }
  return true;
}

// The values of an anything-but: the node itself, or the elements of the list that it is.
std::vector<const JsonNode*> values_of(const JsonNode& node) {
  if (node.kind != Kind::array) return {&node};
  std::vector<const JsonNode*> values;
  for (const JsonNode& item : node.items) values.push_back(&item);
  return values;
}

bool parse_not_values(const JsonNode& node, Alternative& out, JsonFault& fault) {
  bool has_text = false;
  for (const JsonNode* value : values_of(node)) {
    if (value->kind == Kind::string) {
      out.texts.push_back(value->text);
      has_text = true;
    } else if (value->kind == Kind::number) {
      if (!comparable(*value, out.numbers.emplace_back(), fault)) return false;
    } else if (node.kind == Kind::array) {
      return refuse(fault, *value, "Inside anything but list, start|null|boolean is not supported.");
    } else {
      return refuse(fault, node, "Value of anything-but must be an array or single string/number value.");
    }
  }
  if (has_text != out.numbers.empty()) {
    return refuse(fault, node,
                  "Inside anything but list, either all values are number or string, mixed type is not supported");
  }
  out.op = has_text ? Operator::not_string : Operator::not_number;
  return true;
}

bool parse_not_texts(const JsonNode& node, Operator op, Alternative& out, JsonFault& fault) {
  out.op = op;
  const bool is_affix = op == Operator::not_prefix || op == Operator::not_suffix;
  for (const JsonNode* value : values_of(node)) {
    if (value->kind != Kind::string) {
      return refuse(fault, *value,
                    op == Operator::not_ignore_case
                        ? "Inside anything-but/ignore-case list, number|start|null|boolean is not supported."
                    : is_affix ? "prefix/suffix match pattern must be a string"
                               : "wildcard match pattern must be a string");
    }
    if (is_affix && value->text.empty()) return refuse(fault, *value, "Null prefix/suffix not allowed");
    if (op == Operator::not_wildcard) {
      std::vector<std::string> pieces;
      std::string reason;
      if (!split_wildcard(value->text, pieces, reason)) return refuse(fault, *value, std::move(reason));
    }
    out.texts.push_back(op == Operator::not_ignore_case ? folded(value->text) : value->text);
  }
  return !out.texts.empty() || refuse(fault, node, "Empty arrays are not allowed");
}

bool parse_anything_but(const JsonNode& node, Alternative& out, JsonFault& fault) {
  if (node.kind != Kind::object) return parse_not_values(node, out, fault);
  if (node.items.empty()) return refuse(fault, node, "Anything-But expression name not found");
  const std::string& name = node.keys[0];
  const Operator op = name == "prefix"               ? Operator::not_prefix
                      : name == "suffix"             ? Operator::not_suffix
                      : name == "equals-ignore-case" ? Operator::not_ignore_case
                      : name == "wildcard"           ? Operator::not_wildcard
                                                     : Operator::string;
  if (op == Operator::string) return refuse(fault, node.items[0], "Unsupported anything-but pattern: " + name);
  return parse_not_texts(node.items[0], op, out, fault) && only_member(node, fault);
}

bool parse_wildcard(const JsonNode& node, Alternative& out, JsonFault& fault) {
  if (!set_text(node, Operator::wildcard, "wildcard", out, fault)) return false;
  std::vector<std::string> pieces;
  std::string reason;
  if (!split_wildcard(node.text, pieces, reason)) return refuse(fault, node, std::move(reason));
  // What is simpler without asterisks is said so.
  if (pieces.size() == 1) {
    out.op = Operator::string;
  } else if (pieces.size() == 2 && pieces[1].empty()) {
    out.op = Operator::prefix;
    pieces.pop_back();
  } else if (pieces.size() == 2 && pieces[0].empty()) {
    out.op = Operator::suffix;
    pieces.erase(pieces.begin());
  }
  out.texts = std::move(pieces);
  return true;
}

bool parse_exists(const JsonNode& node, Alternative& out, JsonFault& fault) {
  if (node.kind != Kind::true_value && node.kind != Kind::false_value) {
    return refuse(fault, node, "exists match pattern must be either true or false.");
  }
  out.op = node.kind == Kind::true_value ? Operator::exists : Operator::absent;
  return true;
}

bool parse_operator(const std::string& name, const JsonNode& node, Alternative& out, JsonFault& fault) {
  if (name == "exactly") return set_text(node, Operator::string, "exact", out, fault);
  if (name == "prefix") return parse_affix(node, true, out, fault);
  if (name == "suffix") return parse_affix(node, false, out, fault);
  if (name == "equals-ignore-case") {
    if (!set_text(node, Operator::ignore_case, name, out, fault)) return false;
    out.texts[0] = folded(out.texts[0]);
    return true;
  }
  if (name == "wildcard") return parse_wildcard(node, out, fault);
  if (name == "anything-but") return parse_anything_but(node, out, fault);
  if (name == "numeric") return parse_numeric(node, out, fault);
  if (name == "cidr") return parse_cidr(node, out, fault);
  if (name == "exists") return parse_exists(node, out, fault);
  return refuse(fault, node, "Unrecognized match type " + name);
}

void normalise(Alternative& alternative) {
  if (alternative.op != Operator::wildcard) {
    std::sort(alternative.texts.begin(), alternative.texts.end());
    alternative.texts.erase(std::unique(alternative.texts.begin(), alternative.texts.end()), alternative.texts.end());
  }
  std::sort(alternative.numbers.begin(), alternative.numbers.end());
  alternative.numbers.erase(std::unique(alternative.numbers.begin(), alternative.numbers.end()),
                            alternative.numbers.end());
}

}  // namespace

bool parse_alternative(const JsonNode& node, Alternative& out, JsonFault& fault) {
  switch (node.kind) {
    case Kind::string:
      out.op = Operator::string;
      out.texts = {node.text};
      return true;
    case Kind::number: {
      const Number number = read_number(node.text);
      out.op = number.is_comparable ? Operator::number : Operator::number_text;
      out.low = number.value;
      if (!number.is_comparable) out.texts = {node.text};
      return true;
    }
    case Kind::true_value:
      out.op = Operator::literal_true;
      return true;
    case Kind::false_value:
      out.op = Operator::literal_false;
      return true;
    case Kind::null_value:
      out.op = Operator::literal_null;
      return true;
    case Kind::array:
      return refuse(fault, node, "Match value must be String, number, true, false, or null");
    case Kind::object:
      break;
  }
  if (node.items.empty()) return refuse(fault, node, "Match expression name not found");
  if (!parse_operator(node.keys[0], node.items[0], out, fault) || !only_member(node, fault)) return false;
  normalise(out);
  return true;
}

}  // namespace tocsin::pattern
