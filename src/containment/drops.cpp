#include "containment/drops.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "containment/rule_groups.h"
#include "containment/rule_header.h"

namespace tocsin::containment {
namespace {

std::vector<netset::Prefix> named_on(const json::object& rule, Side side) {
  return prefixes_of(rule, side == Side::source ? "Sources" : "Destinations");
}

// Whether a side matches every address of a family.
bool is_open(const std::vector<netset::Prefix>& prefixes, netset::Family family) {
  return prefixes.empty() || covers_family(prefixes, family);
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

const json::array* attribute(const json::object& rule, std::string_view setting) {
  const auto* list = find(rule, fmt::format("RuleDefinition.MatchAttributes.{}", setting));
  return list && list->is_array() && !list->get_array().empty() ? &list->get_array() : nullptr;
}

bool leaves_out_ports(const json::object& rule, std::string_view setting) {
  const auto* list = attribute(rule, setting);
  if (!list) return false;
  std::vector<std::pair<std::int64_t, std::int64_t>> ranges;
  for (const auto& range : *list)
    if (range.is_object())
      ranges.emplace_back(integer_at(range.get_object(), "FromPort"), integer_at(range.get_object(), "ToPort"));
  return !covers_ports(std::move(ranges));
}

// Whether ports, protocols or flags leave ordinary traffic out. TCP and UDP together are all that anybody uses.
bool leaves_out_traffic(const json::object& rule) {
  if (attribute(rule, "TCPFlags")) return true;
  if (leaves_out_ports(rule, "SourcePorts") || leaves_out_ports(rule, "DestinationPorts")) return true;
  const auto* protocols = attribute(rule, "Protocols");
  const auto has = [&](std::int64_t number) {
    return std::ranges::any_of(*protocols, [&](const json::value& one) { return one == json::value(number); });
  };
  return protocols && !(has(6) && has(17));
}

Drop stateless_drop(const json::object& rule) {
  Drop drop;
  drop.priority = integer_at(rule, "Priority");
  drop.rule = fmt::format("rule {}", drop.priority);
  const bool narrowed = is_narrowed(rule);
  using netset::Family;
  const auto sources = named_on(rule, Side::source), destinations = named_on(rule, Side::destination);
  if (!leaves_out_traffic(rule))
    for (const auto family : {Family::ipv4, Family::ipv6})
      if (is_open(sources, family) && is_open(destinations, family)) drop.drops_everything = true;
  const auto placeholder = *netset::parse_prefix(placeholder_definition);
  const auto add = [&](Side side, const std::vector<netset::Prefix>& named, const std::vector<netset::Prefix>& others) {
    const bool is_whole_ipv4 = !narrowed && is_open(others, Family::ipv4);
    const bool is_whole_ipv6 = !narrowed && is_open(others, Family::ipv6);
    const bool is_open_ipv4 = covers_family(named, Family::ipv4), is_open_ipv6 = covers_family(named, Family::ipv6);
    for (const auto& prefix : named) {
      const bool is_ipv4 = prefix.family() == Family::ipv4;
      const bool is_everybodys = prefix.length < somebody_length_min && (is_ipv4 ? is_open_ipv4 : is_open_ipv6);
      if (!is_everybodys && prefix != placeholder)
        drop.addresses.push_back({prefix, side, is_ipv4 ? is_whole_ipv4 : is_whole_ipv6});
    }
  };
  add(Side::source, sources, destinations);
  add(Side::destination, destinations, sources);
  return drop;
}

bool stops(std::string_view action) {
  std::string lower(action);
  std::ranges::transform(lower, lower.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; });
  return lower == "drop" || lower.starts_with("reject");
}

struct Header {
  std::string_view protocol, source, source_port, destination, destination_port;
  bool has_narrowing_option = false;
};

Drop stateful_drop(const json::object& document, std::string rule, const Header& header) {
  Drop drop;
  drop.rule = std::move(rule);
  const auto source = header_side(document, header.source), destination = header_side(document, header.destination);
  for (const auto& [side, read] : {std::pair{Side::source, &source}, std::pair{Side::destination, &destination}}) {
    if (drop.undefined.empty()) drop.undefined = read->undefined;
    if (drop.everybody_but.empty()) drop.everybody_but = read->everybody_but;
    for (const auto& prefix : read->named) drop.addresses.push_back({prefix, side, false});
  }
  const bool narrowed = header.has_narrowing_option || !is_every_protocol(header.protocol) ||
                        !covers_ports(document, header.source_port) || !covers_ports(document, header.destination_port);
  drop.drops_everything = !narrowed && ((source.is_open_ipv4 && destination.is_open_ipv4) ||
                                        (source.is_open_ipv6 && destination.is_open_ipv6));
  return drop;
}

Header header_of(const json::object& rule) {
  Header header{string_at(rule, "Header.Protocol"), string_at(rule, "Header.Source"),
                string_at(rule, "Header.SourcePort"), string_at(rule, "Header.Destination"),
                string_at(rule, "Header.DestinationPort")};
  const auto* options = find(rule, "RuleOptions");
  header.has_narrowing_option =
      options && options->is_array() && std::ranges::any_of(options->get_array(), [](const json::value& option) {
        return option.is_object() && is_narrowing_option(string_at(option.get_object(), "Keyword"));
      });
  return header;
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
    drops.push_back(stateful_drop(document, fmt::format("line {} of RulesString", first_number),
                                  {words[0], words[1], words[2], words[4], words[5], has_narrowing_option(rest)}));
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
        drops.push_back(stateful_drop(document, fmt::format("StatefulRules[{}]", i), header_of(*rule)));
    }
  }
  if (const auto* text = find(document, "RulesSource.RulesString"); text && text->is_string())
    add_drops_of_text(document, text->get_string(), drops);
  return drops;
}

}  // namespace tocsin::containment
