// Firewall rule groups in the shape of AWS Network Firewall: documents with a capacity that is fixed at creation and
// an update token that makes a change on a stale copy fail. Blocks are rules of a stateless group that drop.
#pragma once

#include <span>

#include "containment/block_table.h"
#include "containment/drops.h"
#include "core/identity.h"
#include "service/service.h"

namespace tocsin::containment {

// A rule with an empty address list would match everything, so an empty list of blocks is this one instead.
inline constexpr std::string_view placeholder_definition = "127.0.0.1/32";
inline constexpr std::int64_t capacity_limit = 30'000;

struct RuleGroup {
  std::string arn = {}, name = {}, type = {}, id = {}, token = {}, description = {};
  json::object document = {};  // "RuleGroup": RulesSource and so on
  json::object settings = {};  // EncryptionConfiguration, SourceMetadata, Tags, as given
  std::int64_t capacity = 0, consumed = 0;
  Time modified = {};
  std::vector<std::int64_t> managed = {};  // priorities of the rules that hold blocks
};

// Capacity units that the rules need. Stateless: for each rule the product of the numbers of its protocols, sources,
// source ports, destinations, destination ports and TCP flags, none counting as one; summed. Stateful: one a rule, and
// for a domain list (domains + 1) a protocol. Source: Network Firewall developer guide, "Setting rule group capacity".
std::int64_t capacity_of(std::string_view type, const json::object& document);

// Error: validation with InvalidRequestException, saying which rule is wrong.
Result<void> validate_rules(std::string_view type, const json::object& document);

// An address that a person's rule drops.
struct DroppedByHand {
  std::string address;  // canonical: an address, or address/length
  std::string rule_group_arn, rule_group;
  std::string rule;  // as in Drop
  Side side = Side::source;
  bool is_whole = false;  // nothing narrows it, so it is in the feed
  std::string actor;      // empty: not known
  Time since = {};
};

class RuleGroups {
 public:
  RuleGroups(Identity identity, Gate& gate, BlockTables& tables)
      : identity_{std::move(identity)}, gate_{gate}, tables_{tables} {}

  service::Answer create(store::Transaction& transaction, const json::object& input);
  service::Answer describe(store::Reader& reader, const json::object& input) const;
  service::Answer describe_metadata(store::Reader& reader, const json::object& input) const;
  service::Answer list(store::Reader& reader, const json::object& input) const;
  service::Answer remove(store::Transaction& transaction, const json::object& input);
  // Blocks that the rules lost by the last update() or remove(), which the tables still want.
  std::size_t lost(store::Transaction& transaction) { return tables_.demote(transaction, blocked(transaction)); }
  // A person's change. Error: conflict with InvalidTokenException; validation with InvalidRequestException; denied with
  // InvalidRequestException, where a rule drops an address that the gate refuses, as in create().
  service::Answer update(store::Transaction& transaction, const json::object& input);
  // A change of the rules that hold blocks: every address in them must pass the gate; error denied otherwise.
  service::Answer update_blocks(store::Transaction& transaction, json::object input,
                                std::span<const std::int64_t> priorities);

  // After a person's change: keeps who dropped which addresses since when, in the rules that don't hold blocks.
  void note_by_hand(store::Transaction& transaction, std::string_view arn, std::string_view actor);
  std::vector<DroppedByHand> by_hand(store::Reader& reader) const;
  // What the rules that hold blocks drop, of the group that `input` names; nothing where there is none.
  netset::Set held(store::Reader& reader, const json::object& input) const;
  // What they drop beyond that and beyond what the tables want: a person put it there.
  struct Added {
    std::string table;  // that the rules hold the blocks of
    std::vector<netset::Prefix> prefixes;
  };
  // Error: conflict with InvalidRequestException, where there are some and no table is known for the rules.
  Result<Added> added_by_hand(store::Reader& reader, std::string_view arn, const netset::Set& held_before) const;

  // Takes addresses out of the rules that hold blocks; of those and of every rule that drops them whatever else a
  // packet has; or out of every rule that drops.
  enum class Rules { managed, whole, all_that_drop };
  void withdraw(store::Transaction& transaction, const netset::Set& addresses, Rules rules);
  // What is dropped both as source and as destination, whatever else a packet has; the placeholder for none left out.
  netset::Set blocked(store::Reader& reader) const;

  std::vector<RuleGroup> all(store::Reader& reader) const;

 private:
  Result<RuleGroup> find(store::Reader& reader, const json::object& input) const;
  Result<void> judge_by_hand(store::Reader& reader, const RuleGroup& group) const;
  Result<void> judge_protected(store::Reader& reader, const RuleGroup& group) const;
  void note_by_hand(store::Transaction& transaction, const RuleGroup& group, std::string_view actor);
  void write(store::Transaction& transaction, RuleGroup& group);
  service::Answer finish_update(store::Transaction& transaction, const json::object& input, RuleGroup group);

  Identity identity_;
  Gate& gate_;
  BlockTables& tables_;
};

// Inside a rule group's document: the rules of a stateless group, and the addresses of one of their lists
// ("Sources" or "Destinations"), where they can be read.
const json::array* stateless_rules(const json::object& document);  // null: none
json::array* stateless_rules(json::object& document);
bool drops(const json::object& rule);
std::vector<netset::Prefix> prefixes_of(const json::object& rule, std::string_view list);
netset::Set addresses_of(const json::object& rule, std::string_view list);

}  // namespace tocsin::containment
