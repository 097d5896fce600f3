// Taking addresses out of rules, and what rules block all in all.
#include <algorithm>

#include <fmt/format.h>

#include "containment/rule_groups.h"

namespace tocsin::containment {
namespace {

// Takes `addresses` out of one side of a rule, where they overlap; what else a definition covered stays covered. With
// `whole`, only what nothing else narrows. Returns whether the list changed.
bool withdraw_from(json::object& rule, Side side, const netset::Set& addresses, bool whole) {
  const std::string_view list = side == Side::source ? "Sources" : "Destinations";
  auto* found = const_cast<json::value*>(find(rule, fmt::format("RuleDefinition.MatchAttributes.{}", list)));
  if (!found || !found->is_array()) return false;
  json::array kept;
  bool is_changed = false;
  for (auto& definition : found->get_array()) {
    const auto* text = tocsin::find(definition, "AddressDefinition");
    const auto prefix = text && text->is_string() ? netset::parse_prefix(text->get_string()) : Result<netset::Prefix>{};
    const bool whole_internet = prefix && prefix->length == 0;
    const bool is_kept = !text || !prefix || whole_internet || !addresses.overlaps(*prefix);
    if (is_kept || (whole && !is_whole(rule, side, prefix->family()))) {
      kept.push_back(std::move(definition));
      continue;
    }
    is_changed = true;
    netset::Set rest{{*prefix}};
    rest.erase(addresses);
    for (const auto& part : rest.prefixes()) kept.push_back(json::object{{"AddressDefinition", netset::to_text(part)}});
  }
  if (kept.empty() && is_changed) kept.push_back(json::object{{"AddressDefinition", placeholder_definition}});
  found->get_array() = std::move(kept);
  return is_changed;
}

// Whether the rule looks at nothing but addresses of one list.
bool looks_at_only(const json::object& rule, std::string_view list) {
  const auto* attributes = find(rule, "RuleDefinition.MatchAttributes");
  if (!attributes || !attributes->is_object()) return false;
  return std::all_of(attributes->get_object().begin(), attributes->get_object().end(), [&](const auto& member) {
    const bool empty = member.value().is_array() && member.value().get_array().empty();
    return empty || member.key() == list;
  });
}

}  // namespace

void RuleGroups::withdraw(store::Transaction& transaction, const netset::Set& addresses, Rules which) {
  if (addresses.empty()) return;
  for (RuleGroup& group : all(transaction)) {
    auto* rules = stateless_rules(group.document);
    if (!rules) continue;
    bool is_changed = false;
    for (auto& rule : *rules) {
      auto& object = rule.get_object();
      const bool managed =
          std::find(group.managed.begin(), group.managed.end(), integer_at(object, "Priority")) != group.managed.end();
      if (!drops(object) || (which == Rules::managed && !managed)) continue;
      for (const Side side : {Side::source, Side::destination})
        is_changed = withdraw_from(object, side, addresses, which == Rules::whole && !managed) || is_changed;
    }
    if (!is_changed) continue;
    group.token = make_uuid(transaction.random());
    group.modified = transaction.now();
    // Splitting a wide prefix may need more units than there are; taking addresses out goes first all the same.
    group.consumed = capacity_of(group.type, group.document);
    write(transaction, group);
    if (which != Rules::managed) note_by_hand(transaction, group, {});
  }
}

netset::Set RuleGroups::blocked(store::Reader& reader) const {
  netset::Set sources, destinations;
  for (const RuleGroup& group : all(reader)) {
    const auto* rules = stateless_rules(group.document);
    if (!rules) continue;
    for (const auto& rule : *rules) {
      const auto& object = rule.get_object();
      if (!drops(object)) continue;
      if (looks_at_only(object, "Sources")) sources.insert(addresses_of(object, "Sources"));
      if (looks_at_only(object, "Destinations")) destinations.insert(addresses_of(object, "Destinations"));
    }
  }
  netset::Set only_sources = sources;
  only_sources.erase(destinations);
  sources.erase(only_sources);
  sources.erase(*netset::parse_prefix(placeholder_definition));
  return sources;
}

}  // namespace tocsin::containment
