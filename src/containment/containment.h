// Containment: addresses that are to be blocked, the gate that says whether they may be, the firewall rule groups
// that hold them, and the feed that firewalls poll. It answers as DynamoDB for its block tables and as Network
// Firewall for its rule groups.
//
//   containment/gate.h         never-block list, own addresses, holds: may this address be blocked?
//   containment/block_table.h  blocks: desired, submitted, confirmed, releasing, released
//   containment/rule_groups.h  CreateRuleGroup … with capacity and update tokens
//   containment/dynamodb.h     GetItem, PutItem, Scan … on block tables
#pragma once

#include <functional>
#include <span>

#include "containment/rule_groups.h"
#include "store/outbox.h"

namespace tocsin::containment {

std::span<const store::Migration> migrations();

// What firewalls poll: the prefixes that are to be blocked now (states desired, submitted and confirmed, not expired),
// of all tables, and those that rules of people drop whatever else a packet has; the fewest that cover them exactly,
// one a line, sorted; nothing else, so no block is an empty text.
struct Feed {
  std::string text;
  std::string etag;  // strong, with its quotes
};

// A person who protects or unblocks more than this at once is asked whether it is meant.
inline constexpr int wide_ipv4 = 8;
inline constexpr int wide_ipv6 = 16;

struct Unblocked {
  std::vector<Block> released;
  std::vector<DroppedByHand> taken_out;  // of rules that people wrote
  std::vector<DroppedByHand> left_in;    // rules that drop it in part (ports, protocols): a person's to change
  Hold hold;
};

class Containment {
 public:
  Containment(Identity identity, Settings settings)
      : gate_{std::move(settings)},
        tables_{gate_},
        rule_groups_{identity, gate_, tables_},
        identity_{std::move(identity)} {}
  Containment(const Containment&) = delete;
  Containment& operator=(const Containment&) = delete;

  Gate& gate() { return gate_; }
  BlockTables& tables() { return tables_; }
  RuleGroups& rule_groups() { return rule_groups_; }

  // Makes the firewalls hold what the tables want, now. `cause` says why it is asked for, where a person should know.
  using Enforce = std::function<Result<void>(store::Transaction&, std::string_view cause)>;
  // Registers kind "containment-enforce". Before the store starts. Without it rows that are written by hand reach the
  // firewall with the next finding only.
  void attach(store::Outbox& outbox, Enforce enforce);
  // Adds what the table has come to want since the rule group was last made to hold all of it, without touching or
  // reading the rest of either; confirms those. Returns the number of entries. Nothing, and nothing is changed: more
  // than that is to be done (somebody changed the rules, an address is to leave, the capacity is short).
  Result<std::optional<std::int64_t>> enforce_new(store::Transaction& transaction, const Enforcing& what);
  // That the rule group has no room for what the table wants. Known for a few seconds, as long as the group stays as it
  // is and nothing is to leave it, and not beyond a restart: that only saves further attempts.
  void remember_full(store::Transaction& transaction, const Enforcing& what, const Error& error);
  std::optional<Error> full(store::Transaction& transaction, const Enforcing& what) const;
  // If a wanted row is not confirmed: has it enforced, at once and then again until it holds.
  void enforce_soon(store::Transaction& transaction, std::string_view cause);

  // "dynamodb" and "network-firewall".
  std::vector<service::Service> services();
  // Of "tocsin", which AWS has no API for: ListBlocks, BlockAddress, UnblockAddress, ProtectAddress, UnprotectAddress.
  // What is wider than the widths below needs Force; UnblockAddress of what is not blocked needs Hold.
  std::vector<service::Operation> operator_operations();

  // Error: unavailable where the gate can't decide; a poller then keeps what it has.
  Result<Feed> block_feed(store::Reader& reader);

  // Takes an address out of all tables and of the rules that drop it wholly at once, and keeps it from being blocked
  // automatically for a while (`hold`; default: the setting's). Error: validation. An address that is not blocked is
  // held all the same.
  Result<Unblocked> unblock(store::Transaction& transaction, std::string_view address, std::string_view reason,
                            std::string_view actor, std::optional<std::chrono::hours> hold = {});
  // Adds to the never-block list and releases at once what overlaps, from tables and from every rule that drops.
  // Returns what was released. Error: validation.
  Result<std::vector<Block>> never_block(store::Transaction& transaction, std::string_view prefix,
                                         std::string_view reason, std::string_view actor,
                                         std::string_view source = "manual");
  // Error: not_found.
  Result<void> remove_never_block(store::Transaction& transaction, std::string_view prefix);
  // To be called once at each start: makes these the entries of the never-block list that nobody made by hand, and
  // releases what the gate refuses by now. Error: validation.
  struct Protection {
    std::string prefix, reason;
    std::string source;  // "configuration", "resolver", "machine": anything but "manual"
  };
  Result<std::vector<Block>> apply_configuration(store::Transaction& transaction,
                                                 const std::vector<Protection>& protections);

  // For `tocsin blocks`: Blocks, ByHand, Refused, Holds, NeverBlock.
  json::object report(store::Reader& reader);

  // Removes rows and takes their addresses out of the rules that hold blocks, except what other rows still want.
  void release(store::Transaction& transaction, const std::vector<Block>& blocks);

 private:
  Gate gate_;
  BlockTables tables_;
  RuleGroups rule_groups_;
  Identity identity_;
  Enforce enforce_;
  // The last one that was full. On the committer's thread only; true of the tables even where the transaction that
  // found it is rolled back, as an update without room is.
  struct Full {
    Enforcing what;
    std::string token;
    Time until;
    Error error;
  };
  std::optional<Full> full_;
};

json::object to_document(const Block& block);
json::object to_document(const RefusedBlock& refused);
json::object to_document(const DroppedByHand& dropped);

}  // namespace tocsin::containment
