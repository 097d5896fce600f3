// The header of one stateful rule: whom each side names, and whether ports, protocol or options narrow it. Pure.
// Source of the format: Suricata user guide, "Rules Format".
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/json.h"
#include "netset/netset.h"

namespace tocsin::containment {

// Prefixes shorter than this are parts of the Internet, not somebody's network, in either family.
inline constexpr int somebody_length_min = 8;

// Whether the prefixes together cover a whole family, in one piece or in a few ("0.0.0.0/1" and "128.0.0.0/1").
bool covers_family(const std::vector<netset::Prefix>& prefixes, netset::Family family);

// One side of a header.
struct HeaderSide {
  std::vector<netset::Prefix> named;  // those that it names, less those that it excepts
  bool is_open_ipv4 = false;          // every address of the family
  bool is_open_ipv6 = false;
  std::string everybody_but;  // the text that matches everybody but a few; empty: it does not
  std::string undefined;      // what stands for addresses that the document does not say; empty: nothing
};

// Reads an address, a list in brackets, a variable of RuleVariables.IPSets, negations of them. $HOME_NET and
// $EXTERNAL_NET are the firewall policy's own where the document does not define them: they name nobody, and are open.
HeaderSide header_side(const json::object& document, std::string_view text);

// Whether a range of ports leaves out none but port 0, which nobody uses. Of a header: "any", "0:65535", lists and
// variables of RuleVariables.PortSets; a negation leaves some out.
bool covers_ports(std::vector<std::pair<std::int64_t, std::int64_t>> ranges);
bool covers_ports(const json::object& document, std::string_view text);

// Whether a protocol is every packet's: "ip" and its like.
bool is_every_protocol(std::string_view protocol);
// Whether an option chooses among packets. Those that describe the rule, or say on which side of a flow it looks,
// don't.
bool is_narrowing_option(std::string_view keyword);
// The same of the text in parentheses at the end of a rule, whose options end with ";".
bool has_narrowing_option(std::string_view options);

}  // namespace tocsin::containment
