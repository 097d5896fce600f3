// The gate: the one place that says whether an address may be blocked. Everything that puts an address into a block
// table, a rule that blocks, or the feed asks it; where it can't decide, the answer is no.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "netset/set.h"
#include "store/transaction.h"

namespace tocsin::containment {

struct Settings {
  // Addresses of our own (public addresses, NAT gateways, networks, peers, administrators): never blocked.
  netset::Set own_addresses = {};
  // More of them, looked up at each decision; an error means that the gate can't decide. None: nothing more.
  std::function<Result<netset::Set>(store::Reader&)> own_lookup = {};
  // Documentation ranges are nobody's and never routed, so blocking one harms nobody; GuardDuty's own sample findings
  // carry them (198.51.100.0), and a drill must run to its end. False: they are refused as the other special ranges.
  bool documentation_blockable = true;
  // Shorter prefixes than these are refused: a block is about hosts, not about parts of the Internet.
  int ipv4_length_min = 16;
  int ipv6_length_min = 32;
  std::chrono::hours retention{720};  // how long a block lasts
  std::chrono::hours hold{24};        // how long an unblocked address is kept from being blocked automatically
};

// Prefixes written as text, from a configuration. Error: validation, naming the first that is wrong.
Result<netset::Set> parse_ranges(const std::vector<std::string>& texts);

enum class Intent { automatic, manual };

// Why an address may not be blocked. Codes: InvalidAddress, SpecialPurpose, OwnAddress, NeverBlock, TooWide, Held,
// Undecided.
struct Refusal {
  std::string code;
  std::string reason;  // a sentence for people
};

struct NeverBlockEntry {
  std::string prefix;
  std::string reason;
  std::string actor;
  std::string source;  // "manual", or where else it is from: "configuration", "resolver", "machine"
  Time added;
};

struct Hold {
  std::string host;
  Time since;
  Time until;
  std::string reason;
  std::string actor;
};

class Gate {
 public:
  // Sorts out, of many prefixes, those that judge() and judge_protected() certainly let pass (holds aside), so that
  // only the few others are judged one by one: one statement for all of them instead of one each. Holds for one
  // transaction, as long as the never-block list is not changed.
  class Screen {
   public:
    bool is_clear(const netset::Prefix& prefix) const;

   private:
    friend class Gate;
    explicit Screen(const Gate& gate) : gate_{gate} {}
    const Gate& gate_;
    netset::Set protected_;
    bool is_known_ = false;  // false: nothing is clear
  };
  Screen screen(store::Reader& reader) const;

  explicit Gate(Settings settings) : settings_{std::move(settings)} {}

  // Nothing: the address may be blocked. A hold stops automatic blocks only.
  std::optional<Refusal> judge(store::Reader& reader, const netset::Prefix& prefix, Intent intent) const;
  // As judge, for text that is yet to be read.
  std::optional<Refusal> judge(store::Reader& reader, std::string_view text, Intent intent) const;
  // Whether someone in particular is protected by it (own addresses and never-block entries, not ranges of general
  // rules): what a firewall rule that a person writes is held to as well.
  std::optional<Refusal> judge_protected(store::Reader& reader, const netset::Prefix& prefix) const;
  // Every address that must not be blocked, holds aside. Error: unavailable, where that can't be said.
  Result<netset::Set> never_blocked(store::Reader& reader) const;

  // Entries of the never-block list. add() returns false if it was there (its reason is then replaced).
  bool add_never_block(store::Transaction& transaction, const netset::Prefix& prefix,
                       const NeverBlockEntry& entry) const;
  bool remove_never_block(store::Transaction& transaction, const netset::Prefix& prefix) const;
  std::vector<NeverBlockEntry> never_block_list(store::Reader& reader) const;

  void hold(store::Transaction& transaction, const netset::Prefix& prefix, const Hold& hold) const;
  // Ends the holds that overlap; returns how many.
  std::int64_t end_hold(store::Transaction& transaction, const netset::Prefix& prefix) const;
  std::vector<Hold> holds(store::Reader& reader) const;

  const Settings& settings() const { return settings_; }

 private:
  int length_min(const netset::Prefix& prefix) const;
  std::optional<Refusal> special_refusal(const netset::Prefix& prefix) const;
  std::optional<Refusal> own_refusal(store::Reader& reader, const netset::Prefix& prefix) const;
  std::optional<Refusal> listed_refusal(store::Reader& reader, const netset::Prefix& prefix) const;
  std::optional<Refusal> held_refusal(store::Reader& reader, const netset::Prefix& prefix) const;

  Settings settings_;
};

}  // namespace tocsin::containment
