// What a rule group's document says: its capacity, whether it is well formed, what it drops.
#include <set>

#include <fmt/format.h>

#include "containment/rule_groups.h"

namespace tocsin::containment {
namespace {

constexpr std::string_view rules_path = "RulesSource.StatelessRulesAndCustomActions.StatelessRules";
constexpr std::string_view actions_path = "RulesSource.StatelessRulesAndCustomActions.CustomActions";

std::unexpected<Error> invalid(std::string reason) {
  return fail(ErrorCode::validation, "parameter is invalid, " + std::move(reason), "InvalidRequestException");
}

std::int64_t size_at(const json::object& object, std::string_view path) {
  const auto* value = find(object, path);
  return value && value->is_array() ? std::ssize(value->get_array()) : 0;
}

std::int64_t stateless_capacity(const json::object& document) {
  constexpr std::string_view settings[] = {"Protocols",    "Sources",          "SourcePorts",
                                           "Destinations", "DestinationPorts", "TCPFlags"};
  const auto* rules = stateless_rules(document);
  if (!rules) return 0;
  std::int64_t total = 0;
  for (const auto& rule : *rules) {
    const auto* attributes = find(rule, "RuleDefinition.MatchAttributes");
    std::int64_t product = 1;
    for (const auto setting : settings) {
      if (!attributes || !attributes->is_object()) break;
      product *= std::max<std::int64_t>(1, size_at(attributes->get_object(), setting));
      // Far past every limit: stay there, rather than overflow.
      product = std::min(product, capacity_limit * 1000);
    }
    total = std::min(total + product, capacity_limit * 1000);
  }
  return total;
}

std::int64_t lines_with_rules(std::string_view text) {
  std::int64_t count = 0;
  while (!text.empty()) {
    const auto end = text.find('\n');
    const auto line = text.substr(0, end);
    const auto start = line.find_first_not_of(" \t\r");
    if (start != line.npos && line[start] != '#') ++count;
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
  }
  return count;
}

std::int64_t stateful_capacity(const json::object& document) {
  if (const auto* text = find(document, "RulesSource.RulesString"); text && text->is_string())
    return lines_with_rules(text->get_string());
  if (const auto* list = find(document, "RulesSource.RulesSourceList"); list && list->is_object()) {
    const auto protocols = size_at(list->get_object(), "TargetTypes");
    return (size_at(list->get_object(), "Targets") + 1) * protocols;
  }
  return size_at(document, "RulesSource.StatefulRules");
}

Result<void> check_addresses(std::string_view where, const json::object& rule, std::string_view list) {
  const auto* definitions = find(rule, fmt::format("RuleDefinition.MatchAttributes.{}", list));
  if (!definitions) return {};
  if (!definitions->is_array()) return invalid(fmt::format("{}: {} must be a list", where, list));
  for (const auto& definition : definitions->get_array()) {
    const auto* text = find(definition, "AddressDefinition");
    if (!text || !text->is_string()) return invalid(fmt::format("{}: {} needs AddressDefinition", where, list));
    if (auto prefix = netset::parse_prefix(text->get_string()); !prefix)
      return invalid(fmt::format("{}: {}: {}", where, list, prefix.error().message));
  }
  return {};
}

Result<void> check_ports(std::string_view where, const json::object& rule, std::string_view list) {
  const auto* ranges = find(rule, fmt::format("RuleDefinition.MatchAttributes.{}", list));
  if (!ranges || !ranges->is_array()) return {};
  for (const auto& range : ranges->get_array()) {
    if (!range.is_object()) return invalid(fmt::format("{}: {} holds what is no port range", where, list));
    const auto from = integer_at(range.get_object(), "FromPort", -1), to = integer_at(range.get_object(), "ToPort", -1);
    if (from < 0 || to > 65535 || from > to)
      return invalid(fmt::format("{}: {} holds the port range {}-{}", where, list, from, to));
  }
  return {};
}

Result<void> check_actions(std::string_view where, const json::object& rule, const std::set<std::string>& custom) {
  const auto* actions = find(rule, "RuleDefinition.Actions");
  if (!actions || !actions->is_array()) return invalid(fmt::format("{} has no Actions", where));
  int standard = 0;
  for (const auto& action : actions->get_array()) {
    const std::string name = action.is_string() ? std::string(action.get_string()) : std::string();
    if (name == "aws:pass" || name == "aws:drop" || name == "aws:forward_to_sfe") {
      ++standard;
    } else if (!custom.contains(name)) {
      return invalid(
          fmt::format("{}: action '{}' is neither a standard action nor a custom action of the group", where, name));
    }
  }
  if (standard != 1)
    return invalid(fmt::format("{} needs exactly one of aws:pass, aws:drop, aws:forward_to_sfe", where));
  return {};
}

Result<std::set<std::string>> custom_action_names(const json::object& document) {
  std::set<std::string> names;
  const auto* actions = find(document, actions_path);
  if (!actions || !actions->is_array()) return names;
  for (const auto& action : actions->get_array()) {
    const auto* name = find(action, "ActionName");
    if (!name || !name->is_string()) return invalid("a custom action has no ActionName");
    if (!names.emplace(name->get_string()).second)
      return invalid(fmt::format("custom action '{}' is there twice", std::string_view(name->get_string())));
  }
  return names;
}

Result<void> check_rule(std::string_view where, const json::object& rule, const std::set<std::string>& custom) {
  for (const std::string_view list : {"Sources", "Destinations"}) {
    if (auto done = check_addresses(where, rule, list); !done) return done;
  }
  for (const std::string_view list : {"SourcePorts", "DestinationPorts"}) {
    if (auto done = check_ports(where, rule, list); !done) return done;
  }
  return check_actions(where, rule, custom);
}

}  // namespace

std::int64_t capacity_of(std::string_view type, const json::object& document) {
  return type == "STATELESS" ? stateless_capacity(document) : stateful_capacity(document);
}

Result<void> validate_rules(std::string_view type, const json::object& document) {
  const auto* source = document.if_contains("RulesSource");
  if (!source || !source->is_object()) return invalid("the rule group has no RulesSource");
  const bool stateless = source->get_object().contains("StatelessRulesAndCustomActions");
  if (stateless != (type == "STATELESS"))
    return invalid(fmt::format("the rules don't fit a rule group of type {}", type));
  if (!stateless) return {};
  const auto* rules = stateless_rules(document);
  if (!rules) return invalid("StatelessRules is missing");
  const auto custom = custom_action_names(document);
  if (!custom) return std::unexpected(custom.error());
  std::set<std::int64_t> priorities;
  for (std::size_t i = 0; i < rules->size(); ++i) {
    const auto* rule = (*rules)[i].if_object();
    if (!rule) return invalid(fmt::format("StatelessRules[{}] is no rule", i));
    const auto priority = integer_at(*rule, "Priority", 0);
    const auto where = fmt::format("StatelessRules[{}] (priority {})", i, priority);
    if (priority < 1 || priority > 65535) return invalid(fmt::format("{}: priorities are 1 to 65535", where));
    if (!priorities.insert(priority).second) return invalid(fmt::format("{}: another rule has this priority", where));
    if (auto done = check_rule(where, *rule, *custom); !done) return done;
  }
  return {};
}

const json::array* stateless_rules(const json::object& document) {
  const auto* rules = find(document, rules_path);
  return rules ? rules->if_array() : nullptr;
}

json::array* stateless_rules(json::object& document) {
  return const_cast<json::array*>(stateless_rules(static_cast<const json::object&>(document)));
}

bool drops(const json::object& rule) {
  const auto* actions = find(rule, "RuleDefinition.Actions");
  if (!actions || !actions->is_array()) return false;
  for (const auto& action : actions->get_array()) {
    if (action.is_string() && action.get_string() == "aws:drop") return true;
  }
  return false;
}

std::vector<netset::Prefix> prefixes_of(const json::object& rule, std::string_view list) {
  std::vector<netset::Prefix> prefixes;
  const auto* definitions = find(rule, fmt::format("RuleDefinition.MatchAttributes.{}", list));
  if (!definitions || !definitions->is_array()) return prefixes;
  for (const auto& definition : definitions->get_array()) {
    const auto* text = find(definition, "AddressDefinition");
    if (!text || !text->is_string()) continue;
    if (const auto prefix = netset::parse_prefix(text->get_string())) prefixes.push_back(*prefix);
  }
  return prefixes;
}

netset::Set addresses_of(const json::object& rule, std::string_view list) {
  return netset::Set(prefixes_of(rule, list));
}

}  // namespace tocsin::containment
