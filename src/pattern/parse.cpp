#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "pattern/detail/json_tree.h"
#include "pattern/detail/parse_operator.h"
#include "pattern/detail/syntax.h"

namespace tocsin::pattern {
namespace {

using Kind = JsonNode::Kind;

// Keys that may not stand inside `$or`, because they would read as operators (event-ruler, Constants).
constexpr std::array<std::string_view, 24> reserved_in_or = {"exactly",
                                                             "equals-ignore-case",
                                                             "prefix",
                                                             "suffix",
                                                             "anything-but",
                                                             "exists",
                                                             "wildcard",
                                                             "numeric",
                                                             "cidr",
                                                             "=",
                                                             "<",
                                                             "<=",
                                                             ">",
                                                             ">=",
                                                             "regex",
                                                             "not-wildcard",
                                                             "not-equals-ignore-case",
                                                             "date-after",
                                                             "date-on-or-after",
                                                             "date-before",
                                                             "date-on-or-before",
                                                             "in-date-range",
                                                             "ip-address-in-range",
                                                             "ip-address-not-in-range"};

void append_number(std::string& key, double number) {
  key.append(reinterpret_cast<const char*>(&number), sizeof number);
}

std::string key_of(const Clause& clause) {
  std::string key = fmt::format("{}:{}", clause.path.size(), clause.path);
  for (const Alternative& alternative : clause.alternatives) {
    key += static_cast<char>('A' + static_cast<int>(alternative.op));
    for (const std::string& text : alternative.texts) key += fmt::format("{}:{}", text.size(), text);
    for (const double number : alternative.numbers) append_number(key += '#', number);
    if (alternative.op == Operator::number || alternative.op == Operator::numeric) {
      append_number(key, alternative.low);
      append_number(key, alternative.high);
    }
    if (alternative.op == Operator::cidr) {
      key.append(reinterpret_cast<const char*>(alternative.net.first.bytes.data()), 16);
      key += fmt::format("/{}{}", alternative.net.length, alternative.net.first.is_v6 ? "v6" : "v4");
    }
  }
  return key;
}

class PatternParser {
 public:
  PatternParser(std::string_view text, const Limits& limits) : text_(text), limits_(limits) {}

  Result<ParsedPattern> parse() {
    if (text_.size() > limits_.pattern_bytes_max) {
      return refused({0, fmt::format("The pattern has {} bytes, at most {} are allowed", text_.size(),
                                     limits_.pattern_bytes_max)});
    }
    JsonNode root;
    if (!read_json_tree(text_, root, fault_)) return refused(fault_);
    if (root.kind != Kind::object) return refused({root.begin, "Filter is not an object"});
    branches_.emplace_back();
    if (!object(root, "", false)) return refused(fault_);
    ParsedPattern pattern;
    for (const Branch& branch : branches_) {
      if (branch.size() > limits_.leaf_paths_max) {
        return refused({0, fmt::format("The pattern names {} fields at once, at most {} are allowed", branch.size(),
                                       limits_.leaf_paths_max)});
      }
      SubRule& sub_rule = pattern.sub_rules.emplace_back();
      for (const auto& [path, clause] : branch) sub_rule.push_back(clause);
    }
    return pattern;
  }

 private:
  // A sub-rule in the making; paths as numbers, in the order of the pattern.
  using Branch = std::vector<std::pair<std::size_t, std::shared_ptr<const Clause>>>;

  std::unexpected<Error> refused(const JsonFault& fault) const {
    const std::string_view before = text_.substr(0, std::min(fault.at, text_.size()));
    const auto line = 1 + std::count(before.begin(), before.end(), '\n');
    const std::size_t line_start = before.rfind('\n') + 1;  // npos + 1 == 0
    // EventBridge quotes at most 500 characters of the pattern.
    return fail(
        ErrorCode::validation,
        fmt::format("Event pattern is not valid. Reason: {}\n at [Source: (String)\"{}\"; line: {}, column: {}]",
                    fault.reason, text_.substr(0, 500), line, before.size() - line_start + 1),
        "InvalidEventPatternException", path_);
  }

  bool refuse(const JsonNode& node, std::string reason) {
    fault_ = {node.begin, std::move(reason)};
    return false;
  }

  bool object(const JsonNode& node, const std::string& prefix, bool inside_or) {
    if (node.items.empty()) return refuse(node, "Empty objects are not allowed");
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      const std::string& key = node.keys[i];
      const JsonNode& value = node.items[i];
      if (key == "$or") {
        if (!alternatives_of_or(value, prefix)) return false;
        continue;
      }
      if (inside_or && std::find(reserved_in_or.begin(), reserved_in_or.end(), key) != reserved_in_or.end()) {
        return refuse(value, key + " is Ruler reserved fieldName which cannot be used inside $or.");
      }
      const std::string path = prefix + key;
      path_ = path;
      if (value.kind == Kind::object) {
        if (!object(value, path + ".", inside_or)) return false;
      } else if (value.kind == Kind::array) {
        if (!leaf(value, path)) return false;
      } else {
        return refuse(value, fmt::format("\"{}\" must be an object or an array", key));
      }
    }
    return true;
  }

  bool leaf(const JsonNode& node, const std::string& path) {
    if (node.items.empty()) return refuse(node, "Empty arrays are not allowed");
    auto clause = std::make_shared<Clause>();
    clause->path = path;
    clause->source = text_.substr(node.begin, node.end - node.begin);
    for (const JsonNode& item : node.items) {
      if (!parse_alternative(item, clause->alternatives.emplace_back(), fault_)) return false;
    }
    std::sort(clause->alternatives.begin(), clause->alternatives.end());
    clause->alternatives.erase(std::unique(clause->alternatives.begin(), clause->alternatives.end()),
                               clause->alternatives.end());
    clause->key = key_of(*clause);
    const std::size_t number = path_numbers_.try_emplace(path, path_numbers_.size()).first->second;
    for (Branch& branch : branches_) {
      const auto same = std::find_if(branch.begin(), branch.end(), [&](const auto& c) { return c.first == number; });
      if (same != branch.end()) {
        same->second = clause;  // a field that is named twice: the last one counts
      } else {
        branch.emplace_back(number, clause);
      }
    }
    return true;
  }

  bool alternatives_of_or(const JsonNode& node, const std::string& prefix) {
    path_ = prefix + "$or";
    if (node.kind != Kind::array) return refuse(node, "It must be an Array followed with $or.");
    for (const JsonNode& item : node.items) {
      if (item.kind != Kind::object) return refuse(item, "Only JSON object is allowed in array of $or relationship.");
    }
    if (node.items.size() < 2) return refuse(node, "There must have at least 2 Objects in $or relationship.");
    std::vector<Branch> all;
    const std::vector<Branch> before = std::move(branches_);
    for (const JsonNode& item : node.items) {
      branches_ = before;
      if (!object(item, prefix, true)) return false;
      if (all.size() + branches_.size() > limits_.sub_rules_max) {
        return refuse(node, fmt::format("Rule is too complex: its $or relationships multiply out to over {} rules",
                                        limits_.sub_rules_max));
      }
      std::move(branches_.begin(), branches_.end(), std::back_inserter(all));
    }
    branches_ = std::move(all);
    return true;
  }

  std::string_view text_;
  const Limits& limits_;
  std::vector<Branch> branches_;
  std::map<std::string, std::size_t> path_numbers_;
  std::string path_;
  JsonFault fault_;
};

}  // namespace

Result<ParsedPattern> parse_pattern(std::string_view pattern, const Limits& limits) {
  return PatternParser(pattern, limits).parse();
}

Result<void> validate(std::string_view pattern, const Limits& limits) {
  auto parsed = parse_pattern(pattern, limits);
  if (!parsed) return pass_on(parsed);
  return {};
}

}  // namespace tocsin::pattern
