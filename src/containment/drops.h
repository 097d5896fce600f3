// What the rules of a rule group drop, by address: what the gate has to judge where a person writes the rules.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"
#include "netset/netset.h"

namespace tocsin::containment {

enum class Side { source, destination };
std::string_view to_text(Side side);

struct DroppedAddress {
  netset::Prefix prefix;
  Side side = Side::source;
  bool is_whole = false;  // whatever else a packet has: ports, protocol, the other end
  auto operator<=>(const DroppedAddress&) const = default;
};

// One rule that drops (or rejects).
struct Drop {
  std::string rule;                       // "rule 10", "StatefulRules[0]", "line 3 of RulesString"
  std::int64_t priority = 0;              // of a stateless rule
  std::vector<DroppedAddress> addresses;  // those that it names; not "any", nor the placeholder for none
  std::string undefined;                  // a set of addresses that the document does not say; empty: none
  std::string everybody_but;              // a negation that leaves everybody but a few; empty: none
  bool drops_everything = false;          // nothing narrows it, so everybody's packets
};

// The rules that drop, in the document's order. Of a stateful group: the headers of StatefulRules and of RulesString
// (Suricata's rule format), see containment/rule_header.h. Variables are looked up in RuleVariables.IPSets; a negation
// drops all the others. Full ranges of ports and TCP with UDP narrow nothing.
std::vector<Drop> drops_of(std::string_view type, const json::object& document);

// Whether a stateless rule drops what it names on this side whatever else a packet has.
bool is_whole(const json::object& rule, Side side, netset::Family family);

}  // namespace tocsin::containment
