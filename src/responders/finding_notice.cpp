#include <fmt/format.h>

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

std::string addresses_of(const json::object& block) {
  std::string text;
  if (const auto* list = block.if_contains("HostIps"); list && list->is_array())
    for (const auto& host : list->get_array())
      if (host.is_string()) text += (text.empty() ? "" : ", ") + std::string(std::string_view(host.get_string()));
  return text.empty() ? std::string(string_at(block, "HostIp")) : text;
}

std::string cause_of(const json::object& block) {
  const auto* error = block.if_contains("Error");
  if (!error) return {};
  if (error->is_string()) return std::string(std::string_view(error->get_string()));
  if (!error->is_object()) return {};
  return fmt::format("{} {}", string_at(error->get_object(), "Error"), string_at(error->get_object(), "Cause"));
}

json::value block_message(const json::object& block) {
  const bool blocked = bool_at(block, "Blocked");
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
                   "The firewall drops traffic from and to this address. To undo it: tocsin blocks --remove " + hosts,
                   "danger", std::move(fields), link);
  if (!refused.empty())
    return message(fmt::format("NOT blocked: {}", hosts), "The gate refused it; somebody should look.", "warning",
                   std::move(fields), link);
  const std::string cause = cause_of(block);
  return message(fmt::format("FAILED to block {}", hosts),
                 cause.empty() ? "The firewall does not hold it; the next event tries again." : cause, "danger",
                 std::move(fields), link);
}

json::value finding_message(const json::object& finding, std::string_view event_region) {
  const auto severity = string_at(finding, "Severity.Label", "UNKNOWN");
  const auto region = string_at(finding, "Region", event_region);
  std::string_view type = "unknown";
  if (const auto* types = finding.if_contains("Types");
      types && types->is_array() && !types->get_array().empty() && types->get_array()[0].is_string())
    type = types->get_array()[0].get_string();
  json::array fields{field("Severity", severity), field("Type", type),
                     field("Account", string_at(finding, "AwsAccountId", "unknown")),
                     field("Region", region.empty() ? "unknown" : region)};
  return message(string_at(finding, "Title", "Security Hub finding"), string_at(finding, "Description"), "danger",
                 std::move(fields), console_link(region, string_at(finding, "Id")));
}

struct Post {
  json::value body;
  std::string key;
};

// The same finding at the same severity is announced once, whatever re-imports it.
std::string finding_key(const json::object& finding) {
  return fmt::format("finding/{}/{}/{}", string_at(finding, "ProductArn"), string_at(finding, "Id"),
                     string_at(finding, "Severity.Label"));
}

Result<std::vector<Post>> posts_of(const json::value& input, std::string_view key) {
  std::vector<Post> posts;
  if (const auto* told = find(input, "Message")) {
    const auto region = input.is_object() ? string_at(input.get_object(), "Region") : std::string_view();
    if (told->is_object() && (told->get_object().contains("HostIp") || told->get_object().contains("HostIps")))
      posts.push_back({block_message(told->get_object()), fmt::format("block/{}", key)});
    else if (told->is_string())
      posts.push_back({message(told->get_string(), region.empty() ? std::string_view("") : region, "danger", {}, {}),
                       fmt::format("text/{}", key)});
    else
      return fail(ErrorCode::validation, "Message must be a text, or an object with HostIp", "KeyError", "Message");
    return posts;
  }
  const auto* region = find(input, "region");
  for (const auto* finding : findings_of(input))
    posts.push_back({finding_message(*finding, region && region->is_string() ? std::string_view(region->get_string())
                                                                             : std::string_view()),
                     finding_key(*finding)});
  if (posts.empty())
    return fail(ErrorCode::validation, "there is nothing to tell: neither Message nor findings", "KeyError", "Message");
  return posts;
}

}  // namespace

Result<json::value> send_finding_notice(const json::value& input, const std::string& webhook_url, std::string_view key,
                                        Ports& ports) {
  auto posts = posts_of(input, key);
  if (!posts) return pass_on(posts);
  bool sent = false;
  for (const auto& post : *posts) {
    if (webhook_url.empty()) break;
    auto posted = ports.webhook->post(webhook_url, to_json(post.body), post.key);
    if (!posted) return pass_on(posted);
    sent = sent || *posted;
  }
  return json::value(json::object{{"Status", "Ok"}, {"Sent", sent}});
}

}  // namespace tocsin::responders
