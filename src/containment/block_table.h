// Block tables: which addresses are to be blocked, since when, why, until when, and whether the firewall has it.
//
//   desired ──► submitted ──► confirmed ──expiry──► releasing ──firewall without it──► released ──► (removed)
//      ▲ sighted again            │ firewall lost it: desired again
//
// An address is blocked by the will of the table in the first three states, until it expires. Rows come in through
// the gate only.
#pragma once

#include "containment/gate.h"
#include "core/identity.h"
#include "core/json.h"

namespace tocsin::containment {

// The one key attribute that a block table has.
inline constexpr std::string_view key_attribute = "HostIp";

enum class State { desired, submitted, confirmed, releasing, released };
std::string_view to_text(State state);

struct Block {
  std::string table = {};
  std::string host = {};  // canonical: an address, or address/length
  State state = State::desired;
  Time blocked_at = {};  // first sighting of this block
  Time seen_at = {};     // last sighting
  Time expires_at = {};
  std::optional<Time> submitted_at = {}, confirmed_at = {}, released_at = {};
  std::int64_t sightings = 1;
  std::int64_t created_at_s = 0;  // attribute CreatedAt: epoch seconds of Timestamp, as the first table had it
  std::string timestamp = {};     // attribute Timestamp, as it came
  std::string finding_id = {}, account_id = {}, region = {};
  std::string actor = {};   // who: an ARN, or the name of a responder
  std::string reason = {};  // why, a sentence
  bool automatic = true;
  json::object extra = {};  // other attributes that someone put in
};

// What is to be blocked. Empty members leave what the row says.
struct BlockRequest {
  std::string table = {};
  std::string host = {};
  std::string timestamp = {};
  std::optional<std::int64_t> created_at_s = {};
  std::string finding_id = {}, account_id = {}, region = {};
  std::string actor = {}, reason = {};
  Intent intent = Intent::automatic;
  std::optional<Time> expires_at = {};  // default: now + retention
  std::optional<std::chrono::hours> retention = {};
  std::optional<json::object> extra = {};  // replaces the others
  // A correction of a row by hand, not a sighting: the row becomes what the request says, a sooner end included.
  bool exact = false;
};

struct BlockOutcome {
  std::optional<Refusal> refusal;  // then nothing was written but the refusal
  std::optional<Block> before;     // the row as it was
  Block block;                     // the row as it is
  // The firewall has not confirmed it yet: someone has to (again).
  bool is_new() const { return !refusal && block.state != State::confirmed; }
};

struct RefusedBlock {
  std::string address;  // as given, cut
  Refusal refusal;
  std::string finding_id, account_id, region, actor;
  Time first_at, last_at;
  std::int64_t count;
};

struct Table {
  std::string name, id;
  Time created;
  json::object description;  // AttributeDefinitions, KeySchema, BillingMode as given
};

// A block table, the rule group that is to hold what it wants, and the rules that do: `settings` tells those that one
// configuration makes from others.
struct Enforcing {
  std::string table, rule_group_arn, settings;
  std::vector<std::int64_t> priorities = {};
};

class BlockTables {
 public:
  // Refusals kept; past it the oldest go.
  static constexpr std::int64_t refusals_max = 10'000;

  explicit BlockTables(Gate& gate) : gate_{gate} {}

  // Error: conflict with ResourceInUseException.
  Result<Table> create(store::Transaction& transaction, std::string_view name, json::object description);
  bool remove_table(store::Transaction& transaction, std::string_view name);
  // Error: not_found with ResourceNotFoundException.
  Result<Table> table(store::Reader& reader, std::string_view name) const;
  std::vector<std::string> tables(store::Reader& reader, std::string_view after, std::size_t count_max) const;

  // Adds or renews a block, if the gate allows it. A known address is never blocked for a shorter time than it was.
  // A refusal is recorded and is no error. Error: not_found (table), validation (time).
  Result<BlockOutcome> block(store::Transaction& transaction, const BlockRequest& request);

  std::optional<Block> find(store::Reader& reader, std::string_view table, std::string_view host) const;
  // Rows by host text after `after`, of one table or of all ("").
  std::vector<Block> list(store::Reader& reader, std::string_view table, std::string_view after = {},
                          std::size_t count_max = SIZE_MAX) const;
  std::int64_t count(store::Reader& reader, std::string_view table) const;

  // Rows that are to be blocked now: desired, submitted or confirmed, and not expired. Of one table or all ("").
  std::vector<Block> wanted(store::Reader& reader, std::string_view table) const;
  // Whether the firewall is not known to hold one of them.
  bool has_unconfirmed(store::Reader& reader) const;
  // Rows that the gate refuses by now are released and recorded as refused; returns the others.
  std::vector<netset::Prefix> wanted_and_allowed(store::Transaction& transaction, std::string_view table);
  // Marks what has expired as releasing; with `retention`, also automatic blocks not seen for that long. Returns all
  // rows that wait to be removed.
  std::vector<Block> expire(store::Transaction& transaction, std::string_view table,
                            std::optional<std::chrono::hours> retention);

  // What the firewall was given, and what it holds of a table. In `confirm`, rows that the firewall does not
  // hold (any more) go back to desired, or on to released.
  void submit(store::Transaction& transaction, std::string_view table, const netset::Set& blocked);
  void confirm(store::Transaction& transaction, std::string_view table, const netset::Set& blocked);
  // Confirmed rows that no rule blocks any more become desired again; returns how many.
  std::size_t demote(store::Transaction& transaction, const netset::Set& blocked);

  // Remembers that the rule group was made to hold all that the table wants, in so many entries (`is_exact`: one an
  // address, none merged); and says so as long as nothing has changed on either side and no block has expired.
  void remember_enforced(store::Transaction& transaction, const Enforcing& what, std::int64_t entries, bool is_exact);
  std::optional<std::int64_t> enforced(store::Reader& reader, const Enforcing& what) const;
  // Whether an address is to leave the firewall, or a block has expired.
  bool has_leaving(store::Reader& reader, std::string_view table) const;
  // What the firewall is not known to hold, at most so many.
  std::vector<netset::Prefix> unconfirmed(store::Reader& reader, std::string_view table, std::size_t count_max) const;
  // The firewall holds this one.
  void confirm_one(store::Transaction& transaction, std::string_view table, const netset::Prefix& prefix);

  // Removes a row whatever its state; the caller takes it out of the firewall.
  std::optional<Block> remove(store::Transaction& transaction, std::string_view table, std::string_view host);
  // Removes it only if the firewall has released it.
  bool remove_released(store::Transaction& transaction, std::string_view table, std::string_view host);
  // Rows, of all tables, that overlap.
  std::vector<Block> overlapping(store::Reader& reader, const netset::Prefix& prefix) const;

  void record_refusal(store::Transaction& transaction, const BlockRequest& request, const Refusal& refusal);
  // Newest first.
  std::vector<RefusedBlock> refusals(store::Reader& reader, std::size_t count_max) const;

 private:
  void set_state(store::Transaction& transaction, const Block& block, State state);
  void write(store::Transaction& transaction, const Block& block);
  void revise(store::Transaction& transaction, std::string_view table);
  std::vector<Block> in_states(store::Reader& reader, std::string_view table, State one, State other) const;
  Gate& gate_;
};

}  // namespace tocsin::containment
