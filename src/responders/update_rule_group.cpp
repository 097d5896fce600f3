#include <algorithm>

#include <fmt/format.h>

#include "netset/set.h"
#include "responders/responders.h"

namespace tocsin::responders {
namespace {

constexpr int token_tries_max = 5;
constexpr std::int64_t destinations_behind = 100;
constexpr std::string_view capacity_exceeded = "CapacityExceeded";
constexpr std::string_view placeholder = "127.0.0.1/32";  // an empty list would match every packet

json::array definitions(const std::vector<std::string>& prefixes) {
  json::array list;
  if (prefixes.empty()) list.push_back(json::object{{"AddressDefinition", placeholder}});
  for (const auto& prefix : prefixes) list.push_back(json::object{{"AddressDefinition", prefix}});
  return list;
}

json::value drop_rule(std::string_view side, const std::vector<std::string>& prefixes, std::int64_t priority,
                      const RuleGroupSettings& settings) {
  return json::object{
      {"RuleDefinition",
       {{"MatchAttributes", {{side, definitions(prefixes)}}}, {"Actions", {"aws:drop", settings.custom_action_name}}}},
      {"Priority", priority}};
}

// The capacity that rules of other priorities use (each the product of its lists, an empty one counting once).
std::int64_t units_of(const json::value& rule) {
  std::int64_t units = 1;
  const auto* match = find(rule, "RuleDefinition.MatchAttributes");
  if (!match || !match->is_object()) return units;
  for (const auto& [name, list] : match->get_object())
    if (list.is_array() && !list.get_array().empty()) units *= static_cast<std::int64_t>(list.get_array().size());
  return units;
}

// Replaces our two rules and our action; returns the capacity that the other rules need.
std::int64_t write_rules(json::object& rule_group, const std::vector<std::string>& prefixes,
                         const RuleGroupSettings& settings) {
  json::object& source = rule_group["RulesSource"].is_object() ? rule_group["RulesSource"].get_object()
                                                               : rule_group["RulesSource"].emplace_object();
  json::value& slot = source["StatelessRulesAndCustomActions"];
  json::object& stateless = slot.is_object() ? slot.get_object() : slot.emplace_object();
  json::array rules;
  std::int64_t others = 0;
  if (const auto* there = stateless.if_contains("StatelessRules"); there && there->is_array()) {
    for (const auto& rule : there->get_array()) {
      const auto priority = rule.is_object() ? integer_at(rule.get_object(), "Priority") : 0;
      if (priority == settings.priority || priority == settings.priority + destinations_behind) continue;
      others += units_of(rule);
      rules.push_back(rule);
    }
  }
  rules.push_back(drop_rule("Sources", prefixes, settings.priority, settings));
  rules.push_back(drop_rule("Destinations", prefixes, settings.priority + destinations_behind, settings));
  stateless["StatelessRules"] = std::move(rules);
  json::array actions;
  if (const auto* there = stateless.if_contains("CustomActions"); there && there->is_array())
    for (const auto& action : there->get_array())
      if (!action.is_object() || string_at(action.get_object(), "ActionName") != settings.custom_action_name)
        actions.push_back(action);
  actions.push_back(json::object{
      {"ActionName", settings.custom_action_name},
      {"ActionDefinition", {{"PublishMetricAction", {{"Dimensions", {{{"Value", settings.custom_action_value}}}}}}}}});
  stateless["CustomActions"] = std::move(actions);
  return others;
}

// One rule entry an address, as people know it from the original; merged into wider prefixes only where space is short.
Result<std::vector<std::string>> merged(const std::vector<std::string>& prefixes) {
  netset::Set set;
  for (const auto& text : prefixes) {
    auto prefix = netset::parse_prefix(text);
    if (!prefix) return pass_on(prefix);
    set.insert(*prefix);
  }
  std::vector<std::string> list;
  for (const auto& prefix : set.prefixes()) list.push_back(netset::to_text(prefix));
  return list;
}

// The addresses that the input names.
std::vector<std::string> hosts_of(const json::object& input) {
  std::vector<std::string> hosts;
  const auto* list = input.if_contains("HostIps");
  if (list && list->is_array()) {
    for (const auto& host : list->get_array())
      hosts.emplace_back(host.is_string() ? std::string_view(host.get_string()) : std::string_view());
  } else {
    hosts.emplace_back(string_at(input, "HostIp"));
  }
  return hosts;
}

bool names_addresses(const json::object& input) {
  return input.contains("HostIp") || input.contains("HostIps");
}

// Whether the addresses that the input names are among those wanted; one may have been released meanwhile.
bool holds_all(const json::object& input, const std::vector<std::string>& wanted) {
  return std::ranges::all_of(hosts_of(input), [&](std::string_view text) {
    const auto prefix = netset::parse_prefix(text);
    return prefix && std::ranges::find(wanted, netset::to_text(*prefix)) != wanted.end();
  });
}

// What tells the rules that these settings make from those of others.
std::string mark_of(const RuleGroupSettings& settings) {
  return to_json(
      json::value(json::array{settings.priority, settings.custom_action_name, settings.custom_action_value}));
}

// The rules that hold the blocks: as sources, as destinations.
std::vector<std::int64_t> priorities_of(const RuleGroupSettings& settings) {
  return {settings.priority, settings.priority + destinations_behind};
}

// The answer where the rule group holds already what the table wants (another update, made together with this one, did
// the work for both), or comes to hold it by additions alone. Only for inputs that name addresses; the others ask for
// the work itself.
Result<std::optional<json::value>> answer_if_enforced(const json::object& input, const RuleGroupSettings& settings,
                                                      Ports& ports) {
  if (!names_addresses(input)) return std::optional<json::value>{};
  const auto mark = mark_of(settings);
  auto entries = ports.table->enforced(settings.arn, mark);
  if (entries && !*entries) entries = ports.table->enforce_new(settings.arn, mark, priorities_of(settings));
  if (!entries) return pass_on(entries);
  if (!*entries) return std::optional<json::value>{};
  bool blocked = true;
  for (const auto& host : hosts_of(input)) {
    auto held = ports.table->is_held(host);
    if (!held) return pass_on(held);
    blocked = blocked && *held;
  }
  json::object answer = input;
  answer["Blocked"] = blocked;
  answer["RuleCount"] = **entries;
  return std::optional<json::value>{std::move(answer)};
}

// Plans and submits once.
Result<std::size_t> submit(const std::vector<std::string>& wanted, const RuleGroupSettings& settings, Ports& ports) {
  auto description = ports.rule_group->describe(settings.arn);
  if (!description) return pass_on(description);
  std::vector<std::string> entries = wanted;
  const std::int64_t others = write_rules(description->rule_group, entries, settings);
  const auto needed = [&] { return others + 2 * static_cast<std::int64_t>(std::max<std::size_t>(entries.size(), 1)); };
  if (needed() > description->capacity) {
    auto fewer = merged(wanted);
    if (!fewer) return pass_on(fewer);
    entries = std::move(*fewer);
    if (needed() > description->capacity)
      return fail(ErrorCode::validation,
                  fmt::format("the rule group's capacity of {} does not hold {} blocked prefixes, which need {}",
                              description->capacity, entries.size(), needed()),
                  std::string(capacity_exceeded));
    write_rules(description->rule_group, entries, settings);
  }
  auto updated = ports.rule_group->update(settings.arn, std::move(*description), priorities_of(settings));
  if (!updated) return pass_on(updated);
  return entries.size();
}

// The addresses of our rule of this priority.
netset::Set addresses_of(const json::object& rule_group, std::int64_t priority, std::string_view side) {
  netset::Set set;
  const auto none = netset::parse_prefix(placeholder);
  const auto* rules = find(rule_group, "RulesSource.StatelessRulesAndCustomActions.StatelessRules");
  if (!rules || !rules->is_array()) return set;
  for (const auto& rule : rules->get_array()) {
    if (!rule.is_object() || integer_at(rule.get_object(), "Priority") != priority) continue;
    const auto* list = find(rule, fmt::format("RuleDefinition.MatchAttributes.{}", side));
    if (!list || !list->is_array()) continue;
    for (const auto& one : list->get_array())
      if (const auto prefix = netset::parse_prefix(string_at(one.get_object(), "AddressDefinition"));
          prefix && *prefix != *none)
        set.insert(*prefix);
  }
  return set;
}

// What the rule group drops in both directions, as it says itself after an update. Error: unavailable, if that is not
// all that is wanted.
Result<std::vector<std::string>> read_back(const std::vector<std::string>& wanted, const RuleGroupSettings& settings,
                                           Ports& ports) {
  auto description = ports.rule_group->describe(settings.arn);
  if (!description) return pass_on(description);
  netset::Set held = addresses_of(description->rule_group, settings.priority, "Sources");
  netset::Set one_way = held;
  one_way.erase(addresses_of(description->rule_group, settings.priority + destinations_behind, "Destinations"));
  held.erase(one_way);
  for (const auto& text : wanted)
    if (const auto prefix = netset::parse_prefix(text); !prefix || !held.contains(*prefix))
      return fail(ErrorCode::unavailable,
                  fmt::format("the rule group took the update, but does not hold {} after it", text), "NotEnforced");
  // What it holds beside them (an address that was to leave) must not be taken for released.
  std::vector<std::string> prefixes = wanted;
  for (const auto& text : wanted) held.erase(*netset::parse_prefix(text));
  for (const auto& prefix : held.prefixes()) prefixes.push_back(netset::to_text(prefix));
  return prefixes;
}

}  // namespace

Result<json::value> update_rule_group(const json::value& input, const RuleGroupSettings& settings, Ports& ports) {
  json::object answer = input.is_object() ? input.get_object() : json::object{};
  auto enforced = answer_if_enforced(answer, settings, ports);
  if (!enforced) return pass_on(enforced);
  if (*enforced) return std::move(**enforced);
  const auto mark = mark_of(settings);
  if (names_addresses(answer))
    if (auto full = ports.table->full(settings.arn, mark)) return std::unexpected(std::move(*full));
  auto wanted = ports.table->wanted();
  if (!wanted) return pass_on(wanted);
  if (auto told = ports.table->submitted(*wanted); !told) return pass_on(told);
  Result<std::size_t> count = submit(*wanted, settings, ports);
  for (int tries = 1; !count && count.error().code == ErrorCode::conflict && tries < token_tries_max; ++tries)
    count = submit(*wanted, settings, ports);
  if (!count && count.error().aws_code == capacity_exceeded)
    ports.table->remember_full(settings.arn, mark, count.error());
  if (!count) return pass_on(count);
  auto held = read_back(*wanted, settings, ports);
  if (!held) return pass_on(held);
  if (auto told = ports.table->confirmed(*held); !told) return pass_on(told);
  if (held->size() == wanted->size())
    if (auto told = ports.table->remember_enforced(settings.arn, mark, *count, *count == wanted->size()); !told)
      return pass_on(told);
  if (names_addresses(answer)) {
    answer["Blocked"] = holds_all(answer, *wanted);
  } else {
    answer["PruningSuccessful"] = true;
  }
  answer["RuleCount"] = *count;
  return json::value(std::move(answer));
}

}  // namespace tocsin::responders
