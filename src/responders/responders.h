// responders: what the built-in functions do. A document in, a document out, ports for everything else. A failure is an
// Error, so that it is retried, counted and dead-lettered; nothing is told as done that is not.
//
//   incident_processor     findings become incidents with priority and response time: announced, and marked NOTIFIED
//   threat_intelligence    a finding gets a score from the indicators in it
//   add_ip                 hostile addresses go into the block table, through the gate
//   update_rule_group      the rule group is made to hold what the table wants; then the table says so
//   get_expired_ip         which blocks have outlived their retention
//   remove_ip              those that the rule group has released leave the table
//   send_finding_notice    a Slack message: blocked, failed, free text, or a finding
//
// Inputs and outputs are described at each function. Names, values and messages are those of the two write-ups.
#pragma once

#include "responders/ports.h"

namespace tocsin::responders {

// ---- incidents

// Event: "Security Hub Findings - Imported" or "- Custom Action". Every finding of it is announced on the topic and
// marked NOTIFIED with a note; an imported finding that is no longer NEW in the hub was announced before and is passed
// over. Answer: {statusCode: 200, body: JSON text {message, finding_id, severity, response_action, sns_message_id}};
// with several findings also "incidents", a list of such objects. Error: validation where the event holds no findings;
// else the port's.
Result<json::value> incident_processor(const json::value& event, const std::string& topic_arn, Ports& ports);

struct ResponsePlan {
  std::string_view action;    // "immediate_response"
  std::string_view priority;  // "P1"
  int sla_minutes;
};
ResponsePlan response_plan(std::string_view severity);

// Event: "Security Hub Findings - Imported". Writes ThreatScore, ThreatIndicators and (if any) IndicatorTypes into the
// finding's user-defined fields, and a note unless the incident processor's stands there. What is there already is not
// written again. Answer: {statusCode: 200, body: JSON text {threat_score, indicators_found, finding_id}}.
Result<json::value> threat_intelligence(const json::value& event, Ports& ports);

struct Indicator {
  std::string type;  // "ip", "domain", "md5", "sha1", "sha256"
  std::string value;
  auto operator<=>(const Indicator&) const = default;
};
// Each indicator of a finding once: from resource ids, network, action, process, malware and threat-intelligence
// fields and product fields. Addresses of private networks, AWS's own names and identifiers of the finding do not
// count.
std::vector<Indicator> indicators_of(const json::object& finding);
// min(100, 10 + Σ ip 15, domain 10, md5 20, sha1 20, sha256 25).
int threat_score(const std::vector<Indicator>& indicators);

// ---- blocking

// Input: {Findings: [ASFF…], AccountId, Region, Timestamp}, or one address: {HostIp, Timestamp, FindingId, AccountId,
// Region}. Answer: {HostIp, HostIps, BlockIds, Timestamp, FindingId, AccountId, Region, NewIP, NotifyRefused, Refused:
// [{HostIp, Code, Reason}]}. HostIps are those that are new, BlockIds tell their blocks from earlier ones. NewIP is
// true as long as the rule group does not hold an address, so what failed is tried again by the next event.
// NotifyRefused: somebody should look, since an address of ours or a protected one was to be blocked, or the gate could
// not decide. Error: validation where there is no address at all.
Result<json::value> add_ip(const json::value& input, Ports& ports);

// The remote addresses that a finding's network connections and port probes name, each once.
std::vector<std::string> hostile_addresses(const json::object& finding);

struct RuleGroupSettings {
  std::string arn;
  std::int64_t priority = 30'000;  // sources; destinations are 100 behind it
  std::string custom_action_name = "GuardDutytoFirewall";
  std::string custom_action_value = "GD2NWF-rule-group";
};
// Input: any document; it is handed on in the answer. Makes the rule group hold what the table wants, in its two rules,
// and leaves all others alone. Answer: the input with RuleCount and, where it names addresses, Blocked (false if one of
// them was released meanwhile), else PruningSuccessful: true. Errors: conflict after several stale tokens; validation
// where the capacity does not suffice, with the numbers.
Result<json::value> update_rule_group(const json::value& input, const RuleGroupSettings& settings, Ports& ports);

// Answer: {PruningNeeded, ExpiredIPList: [{IP}]}.
Result<json::value> get_expired_ip(std::chrono::hours retention, Ports& ports);
// Input: {ExpiredIPList: [{IP}]}. Answer: {Removed: [address…], Kept: [address…]}; kept are those that were seen
// again or that the rule group still holds.
Result<json::value> remove_ip(const json::value& input, Ports& ports);

// ---- telling people

// Input, one of: {Message: {HostIp(s), Blocked, …}}, an address was blocked or could not be (also below Message.Input);
// {Message: "text", Region?} or {Message: {Message, Region}}; {Finding_ID, Finding_description, Finding_Type, severity,
// Account_ID, Region}; a Security Hub event. `key` tells repeats of the same call; a block and a finding are told once
// by what they are. Answer: {Status: "Ok", Sent}; Sent is false where there is no URL or the same was announced before.
// Error: validation for any other input.
Result<json::value> send_finding_notice(const json::value& input, const std::string& webhook_url, std::string_view key,
                                        Ports& ports);

}  // namespace tocsin::responders
