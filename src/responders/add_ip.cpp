#include <algorithm>

#include <fmt/format.h>

#include "responders/responders.h"
#include "responders/text.h"

namespace tocsin::responders {
namespace {

constexpr std::size_t addresses_max = 1000;

void add_once(std::vector<std::string>& list, std::string_view text) {
  if (!text.empty() && std::ranges::find(list, text) == list.end() && list.size() < addresses_max)
    list.emplace_back(text);
}

bool is_remote_address(std::string_view key) {
  const bool action = key.find("/networkConnectionAction/") != key.npos || key.find("/portProbeAction/") != key.npos;
  return action && (key.ends_with("remoteIpDetails/ipAddressV4") || key.ends_with("remoteIpDetails/ipAddressV6"));
}

void add_remote(const json::value* action, std::vector<std::string>& list) {
  const auto* details = action ? find(*action, "RemoteIpDetails") : nullptr;
  if (!details || !details->is_object()) return;
  add_once(list, string_at(details->get_object(), "IpAddressV4"));
  add_once(list, string_at(details->get_object(), "IpAddressV6"));
}

// When the finding was last seen: GuardDuty's own field, else the finding's.
std::string_view last_seen(const json::object& finding, std::string_view otherwise) {
  const auto* fields = finding.if_contains("ProductFields");
  const auto* seen =
      fields && fields->is_object() ? fields->get_object().if_contains("aws/guardduty/service/eventLastSeen") : nullptr;
  if (seen && seen->is_string()) return seen->get_string();
  return string_at(finding, "LastObservedAt", otherwise);
}

// What one call blocks: an order for each address.
std::vector<BlockOrder> orders_of(const json::object& input) {
  std::vector<BlockOrder> orders;
  const BlockOrder shared{.host = {},
                          .timestamp = std::string(string_at(input, "Timestamp")),
                          .finding_id = std::string(string_at(input, "FindingId")),
                          .account_id = std::string(string_at(input, "AccountId")),
                          .region = std::string(string_at(input, "Region")),
                          .reason = std::string(string_at(input, "Reason"))};
  const auto add = [&](const BlockOrder& from, const std::string& host) {
    orders.push_back(from);
    orders.back().host = host;
  };
  if (const auto host = string_at(input, "HostIp"); !host.empty()) add(shared, std::string(host));
  const auto* findings = input.if_contains("Findings");
  if (!findings || !findings->is_array()) return orders;
  for (const auto& one : findings->get_array()) {
    if (!one.is_object()) continue;
    const json::object& finding = one.get_object();
    BlockOrder from = shared;
    from.finding_id = string_at(finding, "Id", shared.finding_id);
    from.account_id = string_at(finding, "AwsAccountId", shared.account_id);
    from.region = string_at(finding, "Region", shared.region);
    from.reason = string_at(finding, "Title");
    from.timestamp = last_seen(finding, shared.timestamp);
    for (const auto& host : hostile_addresses(finding)) add(from, host);
  }
  return orders;
}

}  // namespace

std::vector<std::string> hostile_addresses(const json::object& finding) {
  std::vector<std::string> list;
  if (const auto* fields = finding.if_contains("ProductFields"); fields && fields->is_object())
    for (const auto& [key, value] : fields->get_object())
      if (value.is_string() && is_remote_address(key)) add_once(list, value.get_string());
  add_remote(find(finding, "Action.NetworkConnectionAction"), list);
  if (const auto* probes = find(finding, "Action.PortProbeAction.PortProbeDetails"); probes && probes->is_array())
    for (const auto& probe : probes->get_array()) add_remote(&probe, list);
  return list;
}

Result<json::value> add_ip(const json::value& input, Ports& ports) {
  const json::object empty;
  const json::object& request = input.is_object() ? input.get_object() : empty;
  const auto orders = orders_of(request);
  if (orders.empty())
    return fail(ErrorCode::validation,
                "there is no address to block: neither HostIp nor a finding with a remote address", "KeyError",
                "HostIp");
  json::array hosts;
  json::array block_ids;
  json::array refused;
  bool any_new = false;
  bool notify = false;
  for (const auto& order : orders) {
    auto result = ports.table->block(order);
    if (!result) return pass_on(result);
    if (!result->refused.empty()) {
      // Ranges that belong to nobody in particular are noise; our own and protected ones are worth a look.
      notify = notify || (result->refused != "SpecialPurpose" && result->refused != "InvalidAddress" &&
                          result->refused != "Held");
      refused.push_back(json::object{{"HostIp", order.host}, {"Code", result->refused}, {"Reason", result->reason}});
      continue;
    }
    any_new = any_new || result->is_new;
    if (!result->is_new) continue;
    hosts.push_back(json::value(result->host));
    block_ids.push_back(json::value(fmt::format("{} since {}", result->host, result->since)));
  }
  const BlockOrder& first = orders.front();
  json::object answer{{"HostIp", hosts.empty() ? json::value(first.host) : hosts[0]},
                      {"HostIps", hosts},
                      {"BlockIds", std::move(block_ids)},
                      {"Timestamp", first.timestamp},
                      {"FindingId", first.finding_id},
                      {"AccountId", first.account_id},
                      {"Region", first.region},
                      {"NewIP", any_new},
                      {"NotifyRefused", notify},
                      {"Refused", std::move(refused)}};
  return json::value(std::move(answer));
}

}  // namespace tocsin::responders
