#include "containment/containment.h"

#include <climits>
#include <set>

#include <fmt/format.h>

#include "containment/dynamodb.h"
#include "core/time_format.h"
#include "digest/digest.h"

namespace tocsin::containment {
namespace {

constexpr store::Migration steps[] = {{"containment", 1, R"(
CREATE TABLE containment_table (
  name TEXT PRIMARY KEY, id TEXT NOT NULL, created_at BIGINT NOT NULL, description TEXT NOT NULL);
CREATE TABLE containment_block (
  table_name TEXT NOT NULL, host TEXT NOT NULL, first_key TEXT NOT NULL, last_key TEXT NOT NULL, state TEXT NOT NULL,
  blocked_at BIGINT NOT NULL, seen_at BIGINT NOT NULL, expires_at BIGINT NOT NULL, submitted_at BIGINT,
  confirmed_at BIGINT, released_at BIGINT, sightings BIGINT NOT NULL, created_at_s BIGINT NOT NULL, stamp TEXT NOT NULL,
  finding_id TEXT NOT NULL, account_id TEXT NOT NULL, region TEXT NOT NULL, actor TEXT NOT NULL, reason TEXT NOT NULL,
  automatic BIGINT NOT NULL, extra TEXT NOT NULL, PRIMARY KEY (table_name, host));
CREATE INDEX containment_block_range ON containment_block (first_key, last_key);
CREATE TABLE containment_never_block (
  prefix TEXT PRIMARY KEY, first_key TEXT NOT NULL, last_key TEXT NOT NULL, reason TEXT NOT NULL, actor TEXT NOT NULL,
  source TEXT NOT NULL, added_at BIGINT NOT NULL);
CREATE INDEX containment_never_block_range ON containment_never_block (first_key, last_key);
CREATE TABLE containment_hold (
  host TEXT PRIMARY KEY, first_key TEXT NOT NULL, last_key TEXT NOT NULL, since_at BIGINT NOT NULL,
  until_at BIGINT NOT NULL, reason TEXT NOT NULL, actor TEXT NOT NULL);
CREATE INDEX containment_hold_range ON containment_hold (first_key, last_key);
CREATE TABLE containment_refusal (
  address TEXT NOT NULL, code TEXT NOT NULL, reason TEXT NOT NULL, finding_id TEXT NOT NULL, account_id TEXT NOT NULL,
  region TEXT NOT NULL, actor TEXT NOT NULL, first_at BIGINT NOT NULL, last_at BIGINT NOT NULL, times BIGINT NOT NULL,
  PRIMARY KEY (address, code));
CREATE INDEX containment_refusal_last ON containment_refusal (last_at);
CREATE TABLE containment_rule_group (
  arn TEXT PRIMARY KEY, name TEXT NOT NULL, type TEXT NOT NULL, id TEXT NOT NULL, token TEXT NOT NULL,
  description TEXT NOT NULL, document TEXT NOT NULL, settings TEXT NOT NULL, capacity BIGINT NOT NULL,
  consumed BIGINT NOT NULL, modified_at BIGINT NOT NULL, managed TEXT NOT NULL);
)"},
                                      // revision: changes whenever what a table wants, or the state of a block, does.
                                      // containment_enforced: which rule group held what a table wanted, when both
                                      // were last brought together.
                                      {"containment", 2, R"(
ALTER TABLE containment_table ADD COLUMN revision BIGINT NOT NULL DEFAULT 0;
CREATE INDEX containment_block_state ON containment_block (table_name, state, expires_at, host);
CREATE TABLE containment_enforced (
  arn TEXT PRIMARY KEY, table_name TEXT NOT NULL, settings TEXT NOT NULL, token TEXT NOT NULL, revision BIGINT NOT NULL,
  entries BIGINT NOT NULL);
)"},
                                      // What rules that people wrote drop; one row a rule, side and address.
                                      {"containment", 3, R"(
CREATE TABLE containment_by_hand (
  arn TEXT NOT NULL, rule TEXT NOT NULL, side TEXT NOT NULL, address TEXT NOT NULL, whole BIGINT NOT NULL,
  actor TEXT NOT NULL, since_at BIGINT NOT NULL, PRIMARY KEY (arn, rule, side, address));
)"},
                                      // is_exact: an entry an address.
                                      {"containment", 4, R"(
CREATE TABLE containment_entry (
  arn TEXT NOT NULL, priority BIGINT NOT NULL, address TEXT NOT NULL, PRIMARY KEY (arn, priority, address));
ALTER TABLE containment_enforced ADD COLUMN is_exact BIGINT NOT NULL DEFAULT 0;
)"}};

constexpr std::string_view enforce_kind = "containment-enforce";

netset::Set addresses_of(const std::vector<Block>& blocks) {
  netset::Set set;
  for (const Block& block : blocks) {
    if (const auto prefix = netset::parse_prefix(block.host)) set.insert(*prefix);
  }
  return set;
}

// What a person puts into the rules that hold blocks is a block: the table says so from now on, and that it was them.
Result<void> adopt(Containment& containment, store::Transaction& transaction, const RuleGroups::Added& added,
                   const service::Call& call) {
  for (const auto& prefix : added.prefixes) {
    auto outcome = containment.tables().block(transaction, {.table = added.table,
                                                            .host = netset::to_short_text(prefix),
                                                            .timestamp = format_rfc3339(transaction.now()),
                                                            .actor = call.caller.arn,
                                                            .reason = "put into the rule group by hand",
                                                            .intent = Intent::manual});
    if (!outcome) return pass_on(outcome);
    if (outcome->refusal) return fail(ErrorCode::denied, outcome->refusal->reason, "InvalidRequestException");
  }
  if (!added.prefixes.empty()) containment.enforce_soon(transaction, {});
  return {};
}

// A person's change of a rule group may put addresses in, and take blocks out. For those, the table must not say that
// they are enforced; and as it is the table that says what is wanted, they are put back. Who wants one unblocked takes
// it out of the table.
service::Answer change_by_hand(Containment& containment,
                               service::Answer (RuleGroups::*change)(store::Transaction&, const json::object&),
                               store::Transaction& transaction, const service::Call& call) {
  RuleGroups& groups = containment.rule_groups();
  const auto held = groups.held(transaction, call.input);
  auto answer = (groups.*change)(transaction, call.input);
  if (!answer || bool_at(call.input, "DryRun")) return answer;
  const auto arn = string_at(*answer, "RuleGroupResponse.RuleGroupArn");
  groups.note_by_hand(transaction, arn, call.caller.arn);
  const auto added = groups.added_by_hand(transaction, arn, held);
  if (!added) return std::unexpected(added.error());
  if (auto adopted = adopt(containment, transaction, *added, call); !adopted) return pass_on(adopted);
  if (const auto lost = groups.lost(transaction); lost > 0)
    containment.enforce_soon(transaction,
                             fmt::format("{} took {} blocked addresses out of a rule group; unblock them with "
                                         "'tocsin blocks --remove' or DeleteItem instead",
                                         call.caller.arn, lost));
  return answer;
}

service::Service network_firewall(Containment& containment) {
  RuleGroups& groups = containment.rule_groups();
  using store::Lane;
  const auto read = [&groups](auto method) {
    return service::Read{[&groups, method](store::Reader& reader, const service::Call& call) {
      return (groups.*method)(reader, call.input);
    }};
  };
  const auto by_hand = [&containment](auto method) {
    return service::Write{[&containment, method](store::Transaction& transaction, const service::Call& call) {
      return change_by_hand(containment, method, transaction, call);
    }};
  };
  return {"network-firewall",
          {{"CreateRuleGroup", by_hand(&RuleGroups::create), Lane::containment},
           {"DescribeRuleGroup", read(&RuleGroups::describe), Lane::containment},
           {"DescribeRuleGroupMetadata", read(&RuleGroups::describe_metadata), Lane::containment},
           {"ListRuleGroups", read(&RuleGroups::list), Lane::containment},
           {"UpdateRuleGroup", by_hand(&RuleGroups::update), Lane::containment},
           {"DeleteRuleGroup", by_hand(&RuleGroups::remove), Lane::containment}}};
}

}  // namespace

std::span<const store::Migration> migrations() {
  return steps;
}

std::vector<service::Service> Containment::services() {
  return {dynamodb(identity_, *this), network_firewall(*this)};
}

void Containment::attach(store::Outbox& outbox, Enforce enforce) {
  enforce_ = std::move(enforce);
  outbox.handle(std::string(enforce_kind),
                [this](store::Transaction& transaction, const store::Due& due) -> Result<void> {
                  auto enforced = enforce_(transaction, due.payload);
                  if (enforced) return {};
                  // Whatever it is, it may pass (a rule group is made again, capacity comes free), so it is never
                  // final.
                  return fail(ErrorCode::unavailable, std::move(enforced).error().message);
                });
}

void Containment::enforce_soon(store::Transaction& transaction, std::string_view cause) {
  if (!enforce_ || !tables_.has_unconfirmed(transaction)) return;
  store::Outbox::cancel(transaction, enforce_kind);  // one that waits for its next try would make this one wait as well
  store::Outbox::add(transaction, {.kind = std::string(enforce_kind),
                                   .destination = {},
                                   .payload = std::string(cause),
                                   .key = std::string(enforce_kind),
                                   .lane = store::Lane::containment,
                                   .retry = {.attempts_max = INT_MAX, .age_max = std::chrono::days{3650}}});
}

Result<Feed> Containment::block_feed(store::Reader& reader) {
  auto never = gate_.never_blocked(reader);
  if (!never) return pass_on(never);
  netset::Set blocked = addresses_of(tables_.wanted(reader, ""));
  for (const auto& dropped : rule_groups_.by_hand(reader))
    if (const auto prefix = netset::parse_prefix(dropped.address); prefix && dropped.is_whole) blocked.insert(*prefix);
  blocked.erase(*never);
  Feed feed;
  for (const auto& prefix : blocked.prefixes()) feed.text += netset::to_text(prefix) + "\n";
  feed.etag = fmt::format("\"{}\"", digest::sha256_hex(feed.text).substr(0, 32));
  return feed;
}

void Containment::release(store::Transaction& transaction, const std::vector<Block>& blocks) {
  if (blocks.empty()) return;
  for (const Block& block : blocks) tables_.remove(transaction, block.table, block.host);
  // What another row still wants stays blocked.
  netset::Set leaving = addresses_of(blocks);
  leaving.erase(addresses_of(tables_.wanted(transaction, "")));
  rule_groups_.withdraw(transaction, leaving, RuleGroups::Rules::managed);
}

Result<Unblocked> Containment::unblock(store::Transaction& transaction, std::string_view address,
                                       std::string_view reason, std::string_view actor,
                                       std::optional<std::chrono::hours> hold) {
  auto prefix = netset::parse_prefix(address);
  if (!prefix) return pass_on(prefix);
  Unblocked unblocked;
  unblocked.released = tables_.overlapping(transaction, *prefix);
  release(transaction, unblocked.released);
  for (DroppedByHand& dropped : rule_groups_.by_hand(transaction))
    if (const auto there = netset::parse_prefix(dropped.address); there && there->overlaps(*prefix))
      (dropped.is_whole ? unblocked.taken_out : unblocked.left_in).push_back(std::move(dropped));
  rule_groups_.withdraw(transaction, netset::Set({*prefix}), RuleGroups::Rules::whole);
  unblocked.hold = {netset::to_short_text(*prefix), transaction.now(),
                    transaction.now() + hold.value_or(gate_.settings().hold), std::string(reason), std::string(actor)};
  gate_.hold(transaction, *prefix, unblocked.hold);
  return unblocked;
}

Result<std::vector<Block>> Containment::never_block(store::Transaction& transaction, std::string_view prefix_text,
                                                    std::string_view reason, std::string_view actor,
                                                    std::string_view source) {
  auto prefix = netset::parse_prefix(prefix_text);
  if (!prefix) return pass_on(prefix);
  gate_.add_never_block(transaction, *prefix,
                        {.prefix = {},
                         .reason = std::string(reason),
                         .actor = std::string(actor),
                         .source = std::string(source),
                         .added = {}});
  auto released = tables_.overlapping(transaction, *prefix);
  release(transaction, released);
  rule_groups_.withdraw(transaction, netset::Set({*prefix}), RuleGroups::Rules::all_that_drop);
  return released;
}

Result<void> Containment::remove_never_block(store::Transaction& transaction, std::string_view prefix_text) {
  auto prefix = netset::parse_prefix(prefix_text);
  if (!prefix) return pass_on(prefix);
  if (!gate_.remove_never_block(transaction, *prefix))
    return fail(ErrorCode::not_found, fmt::format("{} is not on the never-block list", netset::to_short_text(*prefix)));
  return {};
}

Result<std::vector<Block>> Containment::apply_configuration(store::Transaction& transaction,
                                                            const std::vector<Protection>& protections) {
  netset::Set withdrawn = gate_.settings().own_addresses;
  std::set<std::string> kept;
  for (const auto& protection : protections) {
    auto prefix = netset::parse_prefix(protection.prefix);
    if (!prefix) return pass_on(prefix);
    kept.insert(netset::to_short_text(*prefix));
    withdrawn.insert(*prefix);
    gate_.add_never_block(transaction, *prefix,
                          {.prefix = {},
                           .reason = protection.reason,
                           .actor = "configuration",
                           .source = protection.source,
                           .added = {}});
  }
  for (const auto& entry : gate_.never_block_list(transaction)) {
    if (entry.source != "manual" && !kept.contains(entry.prefix))
      gate_.remove_never_block(transaction, *netset::parse_prefix(entry.prefix));
  }
  auto refused = tables_.list(transaction, "");
  std::erase_if(refused, [&](const Block& block) {
    const auto refusal = gate_.judge(transaction, block.host, Intent::manual);
    // What can't be decided now is left as it is; it is judged again before it reaches a firewall.
    if (!refusal || refusal->code == "Undecided") return true;
    tables_.record_refusal(transaction, {.table = block.table, .host = block.host, .finding_id = block.finding_id},
                           *refusal);
    return false;
  });
  release(transaction, refused);
  rule_groups_.withdraw(transaction, withdrawn, RuleGroups::Rules::all_that_drop);
  for (const RuleGroup& group : rule_groups_.all(transaction)) rule_groups_.note_by_hand(transaction, group.arn, {});
  return refused;
}

json::object to_document(const Block& block) {
  json::object document{{"HostIp", block.host},
                        {"Table", block.table},
                        {"State", to_text(block.state)},
                        {"Since", format_rfc3339(block.blocked_at)},
                        {"LastSeen", format_rfc3339(block.seen_at)},
                        {"Until", format_rfc3339(block.expires_at)},
                        {"Reason", block.reason},
                        {"FindingId", block.finding_id},
                        {"AccountId", block.account_id},
                        {"Region", block.region},
                        {"By", block.actor},
                        {"Sightings", block.sightings}};
  if (block.confirmed_at) document["ConfirmedAt"] = format_rfc3339(*block.confirmed_at);
  if (block.released_at) document["ReleasedAt"] = format_rfc3339(*block.released_at);
  return document;
}

json::object to_document(const RefusedBlock& refused) {
  return {{"Address", refused.address},
          {"Code", refused.refusal.code},
          {"Reason", refused.refusal.reason},
          {"FindingId", refused.finding_id},
          {"AccountId", refused.account_id},
          {"Region", refused.region},
          {"By", refused.actor},
          {"FirstAt", format_rfc3339(refused.first_at)},
          {"LastAt", format_rfc3339(refused.last_at)},
          {"Times", refused.count}};
}

json::object to_document(const DroppedByHand& dropped) {
  return {{"Address", dropped.address},
          {"RuleGroup", dropped.rule_group},
          {"RuleGroupArn", dropped.rule_group_arn},
          {"Rule", dropped.rule},
          {"DroppedAs", to_text(dropped.side)},
          {"InFeed", dropped.is_whole},
          {"Since", format_rfc3339(dropped.since)},
          {"By", dropped.actor}};
}

json::object Containment::report(store::Reader& reader) {
  json::array blocks, by_hand, refused, holds, never;
  for (const DroppedByHand& dropped : rule_groups_.by_hand(reader)) by_hand.push_back(to_document(dropped));
  for (const Block& block : tables_.list(reader, "")) blocks.push_back(to_document(block));
  for (const auto& one : tables_.refusals(reader, 1000)) refused.push_back(to_document(one));
  for (const Hold& hold : gate_.holds(reader)) {
    holds.push_back(json::object{{"Address", hold.host},
                                 {"Since", format_rfc3339(hold.since)},
                                 {"Until", format_rfc3339(hold.until)},
                                 {"Reason", hold.reason},
                                 {"By", hold.actor}});
  }
  for (const auto& entry : gate_.never_block_list(reader)) {
    never.push_back(json::object{{"Prefix", entry.prefix},
                                 {"Reason", entry.reason},
                                 {"By", entry.actor},
                                 {"Source", entry.source},
                                 {"Since", format_rfc3339(entry.added)}});
  }
  return {{"Blocks", std::move(blocks)},
          {"ByHand", std::move(by_hand)},
          {"Refused", std::move(refused)},
          {"Holds", std::move(holds)},
          {"NeverBlock", std::move(never)}};
}

}  // namespace tocsin::containment
