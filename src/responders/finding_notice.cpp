#include <fmt/format.h>

#include "message/subject.h"
#include "responders/responders.h"
#include "responders/text.h"

namespace tocsin::responders {
namespace {

constexpr std::string_view user_name = "SecurityHub";

// Slack's control characters. Source: Slack API, "Formatting text for app surfaces", escaping.
std::string escaped(std::string_view text) {
  std::string clean;
  for (const char c : text) {
    if (c == '&')
      clean += "&amp;";
    else if (c == '<')
      clean += "&lt;";
    else if (c == '>')
      clean += "&gt;";
    else
      clean += c;
  }
  return clean;
}

json::value field(std::string_view title, std::string_view value) {
  return json::object{{"title", title}, {"value", escaped(value)}, {"short", value.size() < 40}};
}

std::string console_link(std::string_view region, std::string_view finding_id) {
  if (region.empty()) return {};
  return fmt::format(
      "https://{0}.console.aws.amazon.com/securityhub/home?region={0}#/"
      "findings?search=Id%3D%255Coperator%255C%253AEQUALS%255C%253A{1}",
      region, finding_id);
}

json::value message(std::string_view title, std::string_view text, std::string_view colour, json::array fields,
                    std::string_view link) {
  json::object attachment{{"color", colour},
                          {"title", escaped(title)},
                          {"text", escaped(text)},
                          {"fallback", fmt::format("{}: {}", escaped(title), escaped(text))}};
  if (!fields.empty()) attachment["fields"] = std::move(fields);
  if (!link.empty()) attachment["title_link"] = link;
  return json::object{{"username", user_name}, {"text", escaped(title)}, {"attachments", {std::move(attachment)}}};
}

std::vector<std::string> hosts_of(const json::object& block) {
  std::vector<std::string> hosts;
  if (const auto* list = block.if_contains("HostIps"); list && list->is_array())
    for (const auto& host : list->get_array())
      if (host.is_string()) hosts.emplace_back(std::string_view(host.get_string()));
  if (hosts.empty()) hosts.emplace_back(string_at(block, "HostIp"));
  return hosts;
}

std::string addresses_of(const json::object& block) {
  return fmt::format("{}", fmt::join(hosts_of(block), ", "));
}

// To be pasted as it is: one command an address.
std::string undoing(const json::object& block) {
  std::string commands;
  for (const auto& host : hosts_of(block))
    commands += fmt::format("{}tocsin blocks --remove {}", commands.empty() ? "" : "; ", host);
  return commands;
}

std::string cause_of(const json::object& block) {
  const auto* error = block.if_contains("Error");
  if (!error) return {};
  if (error->is_string()) return std::string(std::string_view(error->get_string()));
  if (!error->is_object()) return {};
  return fmt::format("{} {}", string_at(error->get_object(), "Error"), string_at(error->get_object(), "Cause"));
}

// The original's workflow says it in words.
bool is_blocked(const json::object& block) {
  return bool_at(block, "Blocked") || string_at(block, "Blocked") == "true";
}

json::value block_message(const json::object& block) {
  const bool blocked = is_blocked(block);
  const std::string hosts = addresses_of(block);
  const auto region = string_at(block, "Region");
  json::array fields{field("Address", hosts), field("Account", string_at(block, "AccountId", "unknown")),
                     field("Region", region.empty() ? "unknown" : region)};
  if (const auto id = string_at(block, "FindingId"); !id.empty()) fields.push_back(field("Finding", id));
  std::string refused;
  if (const auto* list = block.if_contains("Refused"); list && list->is_array())
    for (const auto& one : list->get_array())
      if (one.is_object())
        refused += fmt::format("{}{}: {}", refused.empty() ? "" : "; ", string_at(one.get_object(), "HostIp"),
                               string_at(one.get_object(), "Reason"));
  if (!refused.empty()) fields.push_back(field("Not blocked", refused));
  const std::string link = console_link(region, string_at(block, "FindingId"));
  if (blocked)
    return message(fmt::format("Blocked {}", hosts),
                   "The firewall drops traffic from and to this address. To undo it: " + undoing(block), "danger",
                   std::move(fields), link);
  if (!refused.empty())
    return message(fmt::format("NOT blocked: {}", hosts), "The gate refused it; somebody should look.", "warning",
                   std::move(fields), link);
  const std::string cause = cause_of(block);
  return message(fmt::format("FAILED to block {}", hosts),
                 cause.empty() ? "The firewall does not hold it; the next event tries again." : cause, "danger",
                 std::move(fields), link);
}

std::string_view first_type(const json::object& finding) {
  const auto* types = finding.if_contains("Types");
  if (!types || !types->is_array() || types->get_array().empty() || !types->get_array()[0].is_string())
    return "unknown";
  return types->get_array()[0].get_string();
}

json::value finding_message(const json::object& finding, std::string_view event_region) {
  const auto severity = string_at(finding, "Severity.Label", "UNKNOWN");
  const auto region = string_at(finding, "Region", event_region);
  json::array fields{field("Severity", severity), field("Type", first_type(finding)),
                     field("Account", string_at(finding, "AwsAccountId", "unknown")),
                     field("Region", region.empty() ? "unknown" : region)};
  return message(string_at(finding, "Title", "Security Hub finding"), string_at(finding, "Description"), "danger",
                 std::move(fields), console_link(region, string_at(finding, "Id")));
}

// The same finding at the same severity is announced once, whatever re-imports it.
std::string finding_key(const json::object& finding) {
  return fmt::format("finding/{}/{}/{}", string_at(finding, "ProductArn"), string_at(finding, "Id"),
                     string_at(finding, "Severity.Label"));
}

struct Post {
  json::value body;
  Announcement what;
};

// The message's first line, as a digest shows it.
std::string summary_of(const json::value& body, std::string_view type, std::string_view severity, std::string_view id) {
  return message::summary(
      {.severity = severity, .type = type, .title = string_at(body.get_object(), "text"), .id = id});
}

Post finding_post(const json::object& finding, std::string_view event_region) {
  const auto severity = string_at(finding, "Severity.Label");
  const Urgency urgency = severity == "CRITICAL"                                                     ? Urgency::alert
                          : severity == "MEDIUM" || severity == "LOW" || severity == "INFORMATIONAL" ? Urgency::low
                                                                                                     : Urgency::normal;
  json::value body = finding_message(finding, event_region);
  const std::string summary = message::summary({.severity = severity.empty() ? "UNKNOWN" : severity,
                                                .type = first_type(finding),
                                                .title = string_at(finding, "Title", "Security Hub finding"),
                                                .id = string_at(finding, "Id")});
  return {std::move(body), {{finding_key(finding)}, urgency, summary}};
}

const json::array* ids_of(const json::object& block) {
  const auto* ids = block.if_contains("BlockIds");
  return ids && ids->is_array() && !ids->get_array().empty() ? &ids->get_array() : nullptr;
}

std::string blocked_key(const json::value& id) {
  return fmt::format("blocked/{}", id.is_string() ? std::string(std::string_view(id.get_string())) : to_json(id));
}

// A block is announced once, however many events of it run at the same time, and whatever others they block beside it.
std::vector<std::string> blocked_keys(const json::object& block, std::string_view key) {
  std::vector<std::string> keys;
  if (const auto* ids = ids_of(block))
    for (const auto& id : *ids) keys.push_back(blocked_key(id));
  if (keys.empty()) keys.push_back(fmt::format("blocked/{}", key));
  return keys;
}

// The block without the addresses that were announced already. Its ids go with its addresses, one each.
Result<json::object> not_announced(const json::object& block, Webhook& webhook) {
  const auto* ids = ids_of(block);
  const auto* hosts = block.if_contains("HostIps");
  if (!is_blocked(block) || !ids || !hosts || !hosts->is_array() || hosts->get_array().size() != ids->size())
    return block;
  json::array left_ids, left_hosts;
  for (std::size_t i = 0; i < ids->size(); ++i) {
    const auto announced = webhook.was_announced(blocked_key((*ids)[i]));
    if (!announced) return std::unexpected(announced.error());
    if (*announced) continue;
    left_ids.push_back((*ids)[i]);
    left_hosts.push_back(hosts->get_array()[i]);
  }
  if (left_ids.empty()) return block;  // all of it: it says so by its keys
  json::object left = block;
  left["BlockIds"] = std::move(left_ids);
  left["HostIps"] = std::move(left_hosts);
  return left;
}

// That a block failed is told again after an hour, that the gate refused it after a day.
std::string unblocked_key(const json::object& block, Time now) {
  const auto* ids = ids_of(block);
  const auto* refused = block.if_contains("Refused");
  const bool was_refused = refused && refused->is_array() && !refused->get_array().empty();
  if (ids || !was_refused)
    return fmt::format("failed/{}/{}", ids ? to_json(*ids) : addresses_of(block),
                       std::chrono::floor<std::chrono::hours>(now).time_since_epoch().count());
  std::string codes;
  for (const auto& one : refused->get_array())
    if (one.is_object())
      codes += fmt::format("{} {} ", string_at(one.get_object(), "HostIp"), string_at(one.get_object(), "Code"));
  return fmt::format("refused/{}/{}", codes, std::chrono::floor<std::chrono::days>(now).time_since_epoch().count());
}

// What is told of a block: the message's own members, or what the step before answered, below "Input".
const json::object* block_of(const json::value& told, json::object& joined) {
  const auto* message = told.if_object();
  if (!message) return nullptr;
  if (message->contains("HostIp") || message->contains("HostIps")) return message;
  const auto* input = message->if_contains("Input");
  if (!input || !input->is_object()) return nullptr;
  joined = input->get_object();
  if (const auto* blocked = message->if_contains("Blocked")) joined["Blocked"] = *blocked;
  return joined.contains("HostIp") || joined.contains("HostIps") ? &joined : nullptr;
}

Result<Post> message_post(const json::object& input, const json::value& told, std::string_view key, Ports& ports) {
  json::object joined;
  if (const auto* block = block_of(told, joined)) {
    auto left = not_announced(*block, *ports.webhook);
    if (!left) return pass_on(left);
    json::value body = block_message(*left);
    // "Blocked", "NOT blocked", "FAILED to block".
    const auto title = string_at(body.get_object(), "text");
    const auto type = is_blocked(*left) ? "Blocked" : title.starts_with("NOT") ? "NOT blocked" : "FAILED to block";
    std::string summary = summary_of(body, type, {}, string_at(*left, "FindingId"));
    return Post{std::move(body),
                {is_blocked(*left) ? blocked_keys(*left, key) : std::vector{unblocked_key(*left, ports.now)},
                 Urgency::containment, std::move(summary)}};
  }
  // A free text, beside its region or with it in an object.
  const auto text = told.is_string()   ? std::string_view(told.get_string())
                    : told.is_object() ? string_at(told.get_object(), "Message")
                                       : std::string_view();
  if (text.empty())
    return fail(ErrorCode::validation, "Message must be a text, or an object with HostIp or Message", "KeyError",
                "Message");
  const auto region = told.is_object() ? string_at(told.get_object(), "Region") : string_at(input, "Region");
  json::value body = message(text, region, "danger", {}, {});
  std::string summary = summary_of(body, "Text", {}, {});
  // The stacks' workflows tell of their failures so.
  return Post{std::move(body), {{fmt::format("text/{}", key)}, Urgency::containment, std::move(summary)}};
}

// The fields that the original's workflow picks from an event of one finding.
json::object picked_finding(const json::object& input) {
  json::object finding{{"Id", string_at(input, "Finding_ID")},
                       {"Severity", json::object{{"Label", string_at(input, "severity", "UNKNOWN")}}},
                       {"Description", string_at(input, "Finding_description")},
                       {"AwsAccountId", string_at(input, "Account_ID", "unknown")},
                       {"Region", string_at(input, "Region")}};
  if (const auto* type = input.if_contains("Finding_Type")) {
    json::array types;
    if (type->is_array()) types = type->get_array();
    if (type->is_string()) types.push_back(*type);
    finding["Types"] = std::move(types);
  }
  return finding;
}

Result<std::vector<Post>> posts_of(const json::value& input, std::string_view key, Ports& ports) {
  std::vector<Post> posts;
  const json::object none;
  const json::object& request = input.is_object() ? input.get_object() : none;
  if (const auto* told = request.if_contains("Message")) {
    auto post = message_post(request, *told, key, ports);
    if (!post) return pass_on(post);
    posts.push_back(std::move(*post));
    return posts;
  }
  if (request.contains("Finding_ID") || request.contains("Finding_description")) {
    const json::object finding = picked_finding(request);
    posts.push_back(finding_post(finding, {}));
    return posts;
  }
  for (const auto* finding : findings_of(input)) posts.push_back(finding_post(*finding, string_at(request, "region")));
  if (posts.empty())
    return fail(ErrorCode::validation, "there is nothing to tell: neither Message nor findings", "KeyError", "Message");
  return posts;
}

}  // namespace

Result<json::value> send_finding_notice(const json::value& input, const std::string& webhook_url, std::string_view key,
                                        Ports& ports) {
  auto posts = posts_of(input, key, ports);
  if (!posts) return pass_on(posts);
  bool sent = false;
  for (const auto& post : *posts) {
    if (webhook_url.empty()) break;
    bool all_announced = true;
    for (const auto& one : post.what.keys) {
      const auto announced = ports.webhook->was_announced(one);
      if (!announced) return std::unexpected(announced.error());
      all_announced = all_announced && *announced;
    }
    if (all_announced) continue;
    if (auto posted = ports.webhook->post(webhook_url, to_json(post.body), post.what); !posted) return pass_on(posted);
    sent = true;
  }
  return json::value(json::object{{"Status", "Ok"}, {"Sent", sent}});
}

}  // namespace tocsin::responders
