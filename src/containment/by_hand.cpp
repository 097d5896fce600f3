// Rules that people write: what the gate says to them, and what they drop.
#include <algorithm>
#include <map>
#include <tuple>

#include <fmt/format.h>

#include "containment/rule_groups.h"

namespace tocsin::containment {
namespace {

std::unexpected<Error> refused(std::string_view rule, std::string_view why) {
  return fail(ErrorCode::denied, fmt::format("parameter is invalid, {} {}", rule, why), "InvalidRequestException");
}

bool is_managed(const RuleGroup& group, std::int64_t priority) {
  return std::ranges::find(group.managed, priority) != group.managed.end();
}

std::vector<netset::Prefix> managed_drops(const RuleGroup& group) {
  std::vector<netset::Prefix> prefixes;
  for (const Drop& drop : drops_of(group.type, group.document))
    if (is_managed(group, drop.priority))
      for (const auto& address : drop.addresses) prefixes.push_back(address.prefix);
  return prefixes;
}

// The table whose blocks a rule group holds: the one that it was last made to agree with, else the only one.
std::string table_of(store::Reader& reader, std::string_view arn, const BlockTables& tables) {
  auto rows = reader.query("SELECT table_name FROM containment_enforced WHERE arn = ?", arn);
  if (rows.next()) return rows.string(0);
  const auto names = tables.tables(reader, "", 2);
  return names.size() == 1 ? names[0] : std::string();
}

std::string name_in(std::string_view arn) {
  return std::string(arn.substr(arn.rfind('/') + 1));
}

}  // namespace

// Every address that a rule drops passes the gate, whoever wrote the rule. A rule that names none is about ports and
// protocols, not about someone's address; one that looks at nothing drops everybody.
Result<void> RuleGroups::judge_by_hand(store::Reader& reader, const RuleGroup& group) const {
  const auto screen = gate_.screen(reader);
  for (const Drop& drop : drops_of(group.type, group.document)) {
    if (!drop.undefined.empty())
      return refused(drop.rule, fmt::format("drops {}, and what that stands for is not known here, so it could be an "
                                            "address that is never blocked",
                                            drop.undefined));
    if (!drop.everybody_but.empty())
      return refused(drop.rule, fmt::format("drops {}: everybody but a few, our own too; name the addresses that are "
                                            "to be dropped",
                                            drop.everybody_but));
    if (drop.drops_everything)
      return refused(drop.rule, "drops every packet, our own too; name addresses, ports or protocols");
    for (const auto& address : drop.addresses) {
      if (screen.is_clear(address.prefix)) continue;
      if (const auto refusal = gate_.judge(reader, address.prefix, Intent::manual))
        return refused(drop.rule, fmt::format("drops what may not be blocked: {}", refusal->reason));
    }
  }
  return {};
}

// The rules of others beside blocks, when the blocks change: they were judged when they were written; what has become
// protected since is still never dropped.
Result<void> RuleGroups::judge_protected(store::Reader& reader, const RuleGroup& group) const {
  const auto screen = gate_.screen(reader);
  for (const Drop& drop : drops_of(group.type, group.document)) {
    for (const auto& address : drop.addresses) {
      if (screen.is_clear(address.prefix)) continue;
      if (const auto refusal = gate_.judge_protected(reader, address.prefix))
        return refused(drop.rule, fmt::format("drops what may not be blocked: {}", refusal->reason));
    }
  }
  return {};
}

void RuleGroups::note_by_hand(store::Transaction& transaction, std::string_view arn, std::string_view actor) {
  if (const auto group = find(transaction, {{"RuleGroupArn", arn}})) note_by_hand(transaction, *group, actor);
}

void RuleGroups::note_by_hand(store::Transaction& transaction, const RuleGroup& group, std::string_view actor) {
  using Key = std::tuple<std::string, std::string, std::string>;  // rule, side, address
  std::map<Key, bool> dropped;                                    // whether whole
  for (const Drop& drop : drops_of(group.type, group.document)) {
    if (group.type == "STATELESS" && is_managed(group, drop.priority)) continue;
    for (const auto& address : drop.addresses)
      dropped[{drop.rule, std::string(to_text(address.side)), netset::to_short_text(address.prefix)}] |=
          address.is_whole;
  }
  std::vector<Key> gone;
  {
    auto rows =
        transaction.query("SELECT rule, side, address, whole FROM containment_by_hand WHERE arn = ?", group.arn);
    while (rows.next()) {
      Key key{rows.string(0), rows.string(1), rows.string(2)};
      const auto found = dropped.find(key);
      if (found != dropped.end() && found->second == rows.boolean(3))
        dropped.erase(found);
      else
        gone.push_back(std::move(key));
    }
  }
  for (const auto& [rule, side, address] : gone)
    transaction.execute("DELETE FROM containment_by_hand WHERE arn = ? AND rule = ? AND side = ? AND address = ?",
                        group.arn, rule, side, address);
  for (const auto& [key, is_whole] : dropped)
    transaction.execute(
        "INSERT INTO containment_by_hand (arn, rule, side, address, whole, actor, since_at) VALUES (?,?,?,?,?,?,?)",
        group.arn, std::get<0>(key), std::get<1>(key), std::get<2>(key), is_whole, actor, transaction.now());
}

std::vector<DroppedByHand> RuleGroups::by_hand(store::Reader& reader) const {
  std::vector<DroppedByHand> all;
  auto rows = reader.query(
      "SELECT address, arn, rule, side, whole, actor, since_at FROM containment_by_hand ORDER BY address, arn, rule, "
      "side DESC");
  while (rows.next())
    all.push_back({.address = rows.string(0),
                   .rule_group_arn = rows.string(1),
                   .rule_group = name_in(rows.text(1)),
                   .rule = rows.string(2),
                   .side = rows.text(3) == to_text(Side::source) ? Side::source : Side::destination,
                   .is_whole = rows.boolean(4),
                   .actor = rows.string(5),
                   .since = rows.time(6)});
  return all;
}

netset::Set RuleGroups::held(store::Reader& reader, const json::object& input) const {
  const auto group = find(reader, input);
  return group ? netset::Set(managed_drops(*group)) : netset::Set{};
}

Result<RuleGroups::Added> RuleGroups::added_by_hand(store::Reader& reader, std::string_view arn,
                                                    const netset::Set& held_before) const {
  Added added;
  const auto group = find(reader, {{"RuleGroupArn", arn}});
  if (!group || group->managed.empty()) return added;
  netset::Set known = held_before;
  for (const Block& block : tables_.wanted(reader, ""))
    if (const auto prefix = netset::parse_prefix(block.host)) known.insert(*prefix);
  for (const auto& prefix : managed_drops(*group)) {
    if (known.contains(prefix)) continue;
    known.insert(prefix);
    added.prefixes.push_back(prefix);
  }
  if (added.prefixes.empty()) return added;
  added.table = table_of(reader, arn, tables_);
  if (!added.table.empty()) return added;
  return fail(ErrorCode::conflict,
              fmt::format("parameter is invalid, {} is put into a rule that holds blocks, and no block table is known "
                          "for it; put the address into its table instead",
                          netset::to_short_text(added.prefixes[0])),
              "InvalidRequestException");
}

}  // namespace tocsin::containment
