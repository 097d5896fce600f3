#include "containment/rule_header.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

#include "netset/set.h"

namespace tocsin::containment {
namespace {

using netset::Family;

constexpr int nesting_max = 16;
constexpr std::size_t addresses_max = 100'000;  // of one side, variables resolved
constexpr std::size_t exceptions_max = 256;     // each may split a prefix into 128

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r");
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; });
  return result;
}

std::string shortened(std::string_view text) {
  constexpr std::size_t length_max = 100;
  return text.size() <= length_max ? std::string(text) : std::string(text.substr(0, length_max)) + "...";
}

// The comma that ends an item; those in brackets do not.
std::size_t end_of_item(std::string_view text, std::size_t at) {
  for (int depth = 0; at < text.size(); ++at) {
    if (text[at] == '[') ++depth;
    if (text[at] == ']') --depth;
    if (text[at] == ',' && depth <= 0) break;
  }
  return at;
}

std::string_view without_brackets(std::string_view text) {
  text.remove_prefix(1);
  if (text.ends_with(']')) text.remove_suffix(1);
  return text;
}

const json::array* definition_of(const json::object& document, std::string_view sets, std::string_view name) {
  const auto* all = find(document, sets);
  const auto* set = all && all->is_object() ? all->get_object().if_contains(name) : nullptr;
  const auto* definition = set ? find(*set, "Definition") : nullptr;
  return definition && definition->is_array() ? &definition->get_array() : nullptr;
}

netset::Prefix whole(Family family) {
  return netset::make_prefix({family, 0}, 0);
}

// What a list says: the addresses in it, less its negations. One of negations alone starts from everybody.
struct List {
  std::vector<netset::Prefix> named;
  netset::Set excepted;
  bool has_named = false, has_excepted = false;
  bool is_policys = false;  // also the firewall policy's own variables, or all but those
};

class AddressExpression {
 public:
  AddressExpression(const json::object& document, HeaderSide& side) : document_{document}, side_{side} {}

  void read(std::string_view text) {
    List list = list_of(text, 0);
    if (!side_.undefined.empty()) return;
    const bool is_negation = exceptions_ > 0;
    const auto rest = rest_of(std::move(list));
    const bool covers_ipv4 = covers_family(rest.named, Family::ipv4);
    const bool covers_ipv6 = covers_family(rest.named, Family::ipv6);
    side_.is_open_ipv4 = covers_ipv4 || rest.is_policys;
    side_.is_open_ipv6 = covers_ipv6 || rest.is_policys;
    for (const auto& prefix : rest.named) {
      const bool is_wide = prefix.length < somebody_length_min;
      const bool is_everybodys = is_wide && (prefix.family() == Family::ipv4 ? covers_ipv4 : covers_ipv6);
      if (is_wide && is_negation) side_.everybody_but = shortened(trimmed(text));
      if (!is_everybodys) side_.named.push_back(prefix);
    }
    if (!side_.everybody_but.empty()) side_.named.clear();
  }

 private:
  List list_of(std::string_view text, int depth) {
    List list;
    if (depth > nesting_max) {
      side_.undefined = "a list of lists this deep";
      return list;
    }
    for (std::size_t begin = 0; begin <= text.size() && side_.undefined.empty();) {
      const std::size_t end = end_of_item(text, begin);
      add_item(list, trimmed(text.substr(begin, end - begin)), depth);
      begin = end + 1;
    }
    return list;
  }

  void add_item(List& list, std::string_view text, int depth) {
    bool is_negated = false;
    for (; text.starts_with('!'); text = trimmed(text.substr(1))) is_negated = !is_negated;
    if (text.empty()) return;
    List item = rest_of(value_of(text, depth));
    if (is_negated) {
      list.has_excepted = true;
      exceptions_ += item.named.size();
      if (exceptions_ > exceptions_max) {
        side_.undefined = fmt::format("a list with more than {} negated addresses", exceptions_max);
        return;
      }
      for (const auto& prefix : item.named) list.excepted.insert(prefix);
      // Of all but the policy's own, nobody can be named.
      if (item.is_policys && !list.has_named) list.is_policys = true;
      return;
    }
    list.has_named = true;
    list.is_policys = list.is_policys || item.is_policys;
    list.named.insert(list.named.end(), item.named.begin(), item.named.end());
  }

  List value_of(std::string_view text, int depth) {
    if (text.starts_with('[')) return list_of(without_brackets(text), depth + 1);
    if (text.starts_with('$')) return variable(text, depth);
    List list;
    list.has_named = true;
    if (++addresses_ > addresses_max)
      side_.undefined = fmt::format("a list with more than {} addresses", addresses_max);
    else if (lower(text) == "any")
      list.named = {whole(Family::ipv4), whole(Family::ipv6)};
    else if (const auto prefix = netset::parse_prefix(text))
      list.named = {*prefix};
    else
      side_.undefined = std::string(text);
    return list;
  }

  List variable(std::string_view text, int depth) {
    List list;
    const auto* definition = definition_of(document_, "RuleVariables.IPSets", text.substr(1));
    if (!definition && (text == "$HOME_NET" || text == "$EXTERNAL_NET")) {
      list.has_named = list.is_policys = true;
      return list;
    }
    if (!definition) side_.undefined = std::string(text);
    for (std::size_t i = 0; definition && i < definition->size() && side_.undefined.empty(); ++i) {
      const auto* one = (*definition)[i].if_string();
      // A variable in a variable could stand for itself.
      if (!one || one->find('$') != one->npos)
        side_.undefined = std::string(text);
      else
        add_item(list, trimmed(*one), depth + 1);
    }
    return list;
  }

  // The list with its negations taken out. What they don't touch stays as it was written.
  static List rest_of(List list) {
    if (!list.has_excepted) return list;
    if (!list.has_named && !list.is_policys) list.named = {whole(Family::ipv4), whole(Family::ipv6)};
    List rest;
    rest.has_named = true;
    rest.is_policys = list.is_policys;
    netset::Set touched;
    for (const auto& prefix : list.named) {
      if (list.excepted.overlaps(prefix))
        touched.insert(prefix);
      else
        rest.named.push_back(prefix);
    }
    touched.erase(list.excepted);
    for (const auto& prefix : touched.prefixes()) rest.named.push_back(prefix);
    return rest;
  }

  const json::object& document_;
  HeaderSide& side_;
  std::size_t addresses_ = 0, exceptions_ = 0;
};

using PortRanges = std::vector<std::pair<std::int64_t, std::int64_t>>;

bool port_of(std::string_view text, std::int64_t& port) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc{} && end == text.data() + text.size();
}

// Adds what the text says; false where that can't be read as ranges, so that some ports may be left out.
bool add_ports(const json::object& document, std::string_view text, int depth, PortRanges& ranges) {
  if (depth > nesting_max || ranges.size() > addresses_max) return false;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = end_of_item(text, begin);
    const auto item = trimmed(text.substr(begin, end - begin));
    begin = end + 1;
    if (item.empty()) continue;
    if (item.starts_with('[')) {
      if (!add_ports(document, without_brackets(item), depth + 1, ranges)) return false;
      continue;
    }
    if (item.starts_with('$')) {
      const auto* definition = definition_of(document, "RuleVariables.PortSets", item.substr(1));
      if (!definition) return false;
      for (const auto& one : *definition) {
        if (!one.is_string() || one.get_string().find('$') != std::string_view::npos) return false;
        if (!add_ports(document, one.get_string(), depth + 1, ranges)) return false;
      }
      continue;
    }
    if (lower(item) == "any") {
      ranges.emplace_back(0, 65535);
      continue;
    }
    const auto colon = item.find(':');
    const auto from = trimmed(item.substr(0, colon));
    const auto to = colon == item.npos ? from : trimmed(item.substr(colon + 1));
    std::int64_t first = 0, last = 65535;
    if (!from.empty() && !port_of(from, first)) return false;
    if (!to.empty() && !port_of(to, last)) return false;
    ranges.emplace_back(first, last);
  }
  return true;
}

}  // namespace

bool covers_family(const std::vector<netset::Prefix>& prefixes, Family family) {
  netset::Set wide;
  for (const auto& prefix : prefixes) {
    if (prefix.family() != family || prefix.length >= somebody_length_min) continue;
    if (prefix.length == 0) return true;
    wide.insert(prefix);
  }
  return wide.contains(whole(family));
}

HeaderSide header_side(const json::object& document, std::string_view text) {
  HeaderSide side;
  AddressExpression{document, side}.read(text);
  return side;
}

bool covers_ports(PortRanges ranges) {
  std::ranges::sort(ranges);
  std::int64_t next = 1;
  for (const auto& [first, last] : ranges)
    if (first <= next) next = std::max(next, last + 1);
  return next > 65535;
}

bool covers_ports(const json::object& document, std::string_view text) {
  if (trimmed(text).empty()) return true;
  PortRanges ranges;
  return add_ports(document, text, 0, ranges) && covers_ports(std::move(ranges));
}

bool is_every_protocol(std::string_view protocol) {
  constexpr std::array names = {"ip", "ip4", "ipv4", "ip6", "ipv6", "pkthdr"};
  return std::ranges::find(names, lower(protocol)) != names.end();
}

// A threshold limits the alerts of a rule that drops, not what it drops.
bool is_narrowing_option(std::string_view keyword) {
  constexpr std::array about_the_rule = {"msg",      "sid",      "rev",    "gid",     "classtype", "reference",
                                         "priority", "metadata", "target", "noalert", "flow",      "threshold"};
  const auto name = lower(trimmed(keyword));
  return !name.empty() && std::ranges::find(about_the_rule, name) == about_the_rule.end();
}

bool has_narrowing_option(std::string_view options) {
  options = trimmed(options);
  if (options.starts_with('(')) options.remove_prefix(1);
  if (options.ends_with(')')) options.remove_suffix(1);
  while (!options.empty()) {
    std::size_t end = 0;
    for (bool in_quotes = false; end < options.size() && (in_quotes || options[end] != ';'); ++end) {
      if (options[end] == '\\')
        ++end;
      else if (options[end] == '"')
        in_quotes = !in_quotes;
    }
    end = std::min(end, options.size());
    const auto option = options.substr(0, end);
    if (is_narrowing_option(option.substr(0, option.find(':')))) return true;
    options.remove_prefix(std::min(end + 1, options.size()));
  }
  return false;
}

}  // namespace tocsin::containment
