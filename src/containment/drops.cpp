#include "containment/drops.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "containment/rule_groups.h"

namespace tocsin::containment {
namespace {

constexpr int nesting_max = 16;

std::vector<netset::Prefix> named_on(const json::object& rule, Side side) {
  return prefixes_of(rule, side == Side::source ? "Sources" : "Destinations");
}

// Whether a side matches every address of a family.
bool is_open(const std::vector<netset::Prefix>& prefixes, netset::Family family) {
  return prefixes.empty() || std::ranges::any_of(prefixes, [&](const auto& prefix) {
           return prefix.length == 0 && prefix.family() == family;
         });
}

Side other_side(Side side) {
  return side == Side::source ? Side::destination : Side::source;
}

// Whether the rule looks at ports, protocols or flags.
bool is_narrowed(const json::object& rule) {
  return std::ranges::any_of(std::array{"Protocols", "SourcePorts", "DestinationPorts", "TCPFlags"},
                             [&](std::string_view setting) {
                               const auto* list = find(rule, fmt::format("RuleDefinition.MatchAttributes.{}", setting));
                               return list && list->is_array() && !list->get_array().empty();
                             });
}

Drop stateless_drop(const json::object& rule) {
  Drop drop;
  drop.priority = integer_at(rule, "Priority");
  drop.rule = fmt::format("rule {}", drop.priority);
  const bool narrowed = is_narrowed(rule);
  using netset::Family;
  const auto sources = named_on(rule, Side::source), destinations = named_on(rule, Side::destination);
  for (const auto family : {Family::ipv4, Family::ipv6})
    if (!narrowed && is_open(sources, family) && is_open(destinations, family)) drop.drops_everything = true;
  const auto placeholder = *netset::parse_prefix(placeholder_definition);
  const auto add = [&](Side side, const std::vector<netset::Prefix>& named, const std::vector<netset::Prefix>& others) {
    for (const auto& prefix : named)
      if (prefix.length > 0 && prefix != placeholder)
        drop.addresses.push_back({prefix, side, !narrowed && is_open(others, prefix.family())});
  };
  add(Side::source, sources, destinations);
  add(Side::destination, destinations, sources);
  return drop;
}

// One side of a stateful rule's header: an address, a list in brackets, a variable, negations of them.
class AddressExpression {
 public:
  AddressExpression(const json::object& document, Side side, Drop& drop)
      : document_{document}, side_{side}, drop_{drop} {}

  void read(std::string_view text, int depth = 0) {
    if (depth > nesting_max) {
      drop_.undefined = "a list of lists this deep";
      return;
    }
    for (std::size_t begin = 0; begin <= text.size();) {
      const std::size_t end = end_of_item(text, begin);
      item(trimmed(text.substr(begin, end - begin)), depth);
      begin = end + 1;
    }
  }

 private:
  static std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t");
    if (first == text.npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
  }

  // The comma that ends an item; those in brackets do not.
  static std::size_t end_of_item(std::string_view text, std::size_t at) {
    for (int depth = 0; at < text.size(); ++at) {
      if (text[at] == '[') ++depth;
      if (text[at] == ']') --depth;
      if (text[at] == ',' && depth <= 0) break;
    }
    return at;
  }

  void item(std::string_view text, int depth) {
    if (text.empty() || text == "any" || text == "ANY" || text.starts_with('!')) return;
    if (text.starts_with('[')) {
      text.remove_prefix(1);
      if (text.ends_with(']')) text.remove_suffix(1);
      return read(text, depth + 1);
    }
    if (text.starts_with('$')) return variable(text);
    literal(text);
  }

  void literal(std::string_view text) {
    const auto prefix = netset::parse_prefix(text);
    if (!prefix)
      drop_.undefined = std::string(text);
    else if (prefix->length > 0)
      drop_.addresses.push_back({*prefix, side_, false});
  }

  void variable(std::string_view text) {
    if (text == "$HOME_NET" || text == "$EXTERNAL_NET") return;
    const auto* sets = find(document_, "RuleVariables.IPSets");
    const auto* set = sets && sets->is_object() ? sets->get_object().if_contains(text.substr(1)) : nullptr;
    const auto* definition = set ? find(*set, "Definition") : nullptr;
    if (!definition || !definition->is_array()) {
      drop_.undefined = std::string(text);
      return;
    }
    for (const auto& one : definition->get_array())
      if (one.is_string()) literal(one.get_string());
  }

  const json::object& document_;
  Side side_;
  Drop& drop_;
};

bool stops(std::string_view action) {
  std::string lower(action);
  std::ranges::transform(lower, lower.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; });
  return lower == "drop" || lower.starts_with("reject");
}

Drop stateful_drop(const json::object& document, std::string rule, std::string_view source,
                   std::string_view destination) {
  Drop drop;
  drop.rule = std::move(rule);
  AddressExpression{document, Side::source, drop}.read(source);
  AddressExpression{document, Side::destination, drop}.read(destination);
  return drop;
}

// The next word of a header; one in brackets may hold spaces.
std::string_view next_word(std::string_view& text) {
  const auto first = text.find_first_not_of(" \t\r");
  text.remove_prefix(first == text.npos ? text.size() : first);
  std::size_t at = 0;
  for (int depth = 0; at < text.size(); ++at) {
    if (text[at] == '[') ++depth;
    if (text[at] == ']') --depth;
    if (depth <= 0 && (text[at] == ' ' || text[at] == '\t' || text[at] == '\r' || text[at] == '(')) break;
  }
  const auto word = text.substr(0, at);
  text.remove_prefix(at);
  return word;
}

// action protocol source port direction destination port (options); a line that ends with "\" goes on.
// Source: Suricata user guide, "Rules Format".
void add_drops_of_text(const json::object& document, std::string_view rules, std::vector<Drop>& drops) {
  std::size_t number = 0;
  while (!rules.empty()) {
    const std::size_t first_number = number + 1;
    std::string line;
    for (bool goes_on = true; goes_on && !rules.empty();) {
      const auto end = rules.find('\n');
      auto part = rules.substr(0, end);
      rules.remove_prefix(end == rules.npos ? rules.size() : end + 1);
      ++number;
      while (part.ends_with('\r') || part.ends_with(' ')) part.remove_suffix(1);
      goes_on = part.ends_with('\\');
      if (goes_on) part.remove_suffix(1);
      line += part;
    }
    std::string_view rest = line;
    if (!stops(next_word(rest))) continue;
    std::array<std::string_view, 6> words;  // protocol, source, port, direction, destination, port
    for (auto& word : words) word = next_word(rest);
    drops.push_back(stateful_drop(document, fmt::format("line {} of RulesString", first_number), words[1], words[4]));
  }
}

}  // namespace

std::string_view to_text(Side side) {
  return side == Side::source ? "source" : "destination";
}

bool is_whole(const json::object& rule, Side side, netset::Family family) {
  return !is_narrowed(rule) && is_open(named_on(rule, other_side(side)), family);
}

std::vector<Drop> drops_of(std::string_view type, const json::object& document) {
  std::vector<Drop> drops;
  if (type == "STATELESS") {
    const auto* rules = stateless_rules(document);
    if (!rules) return drops;
    for (const auto& rule : *rules)
      if (rule.is_object() && containment::drops(rule.get_object())) drops.push_back(stateless_drop(rule.get_object()));
    return drops;
  }
  if (const auto* rules = find(document, "RulesSource.StatefulRules"); rules && rules->is_array()) {
    for (std::size_t i = 0; i < rules->get_array().size(); ++i) {
      const auto* rule = rules->get_array()[i].if_object();
      if (rule && stops(string_at(*rule, "Action")))
        drops.push_back(stateful_drop(document, fmt::format("StatefulRules[{}]", i), string_at(*rule, "Header.Source"),
                                      string_at(*rule, "Header.Destination")));
    }
  }
  if (const auto* text = find(document, "RulesSource.RulesString"); text && text->is_string())
    add_drops_of_text(document, text->get_string(), drops);
  return drops;
}

}  // namespace tocsin::containment
