// The commands that show and change what a running server did: findings, blocks.
#include <cstdio>

#include <fmt/format.h>

#include "app/client.h"
#include "app/commands.h"
#include "app/terminal.h"

namespace tocsin::app {
namespace {

constexpr std::string_view target_prefix = "Tocsin_20261122.";

int complain(const Error& error) {
  fmt::print(stderr, "tocsin: {}{}{}\n", error.aws_code, error.aws_code.empty() ? "" : ": ", error.message);
  return error.code == ErrorCode::unavailable || error.code == ErrorCode::not_found ? 3 : 1;
}

json::array equals(const std::vector<std::string>& values) {
  json::array list;
  for (const auto& value : values) list.push_back(json::object{{"Value", value}, {"Comparison", "EQUALS"}});
  return list;
}

// Up to `limit` findings, page by page.
Result<json::array> get_findings(Client& client, const json::object& filters, std::size_t limit) {
  json::array findings;
  json::object request{{"Filters", filters}};
  while (findings.size() < limit) {
    request["MaxResults"] = std::min<std::size_t>(100, limit - findings.size());
    auto page = client.rest("securityhub", "POST", "/findings", to_json(request));
    if (!page) return pass_on(page);
    for (auto& finding : page->at("Findings").get_array()) findings.push_back(std::move(finding));
    const auto token = string_at(*page, "NextToken");
    if (token.empty()) break;
    request["NextToken"] = token;
  }
  return findings;
}

int escalate(Client& client, const FindingsFlags& flags) {
  auto found = get_findings(client, {{"Id", equals({flags.escalate})}}, 2);
  if (!found) return complain(found.error());
  if (found->size() != 1)
    return complain(Error{
        ErrorCode::validation, fmt::format("{} findings have the id '{}'", found->size(), flags.escalate), {}, {}});
  const json::object& finding = (*found)[0].get_object();
  const std::string action =
      fmt::format("arn:aws:securityhub:{}:{}:action/custom/escalate-to-soc", flags.client.region, flags.client.account);
  const json::object request{
      {"ActionTargetArn", action},
      {"FindingIdentifiers", {{{"Id", finding.at("Id")}, {"ProductArn", finding.at("ProductArn")}}}}};
  auto answer = client.rest("securityhub", "POST", "/actionTargets/invoke", to_json(request));
  if (!answer) return complain(answer.error());
  if (flags.client.json)
    fmt::print("{}\n", to_json(*answer));
  else
    fmt::print("escalated: {}\n", printable(string_at(finding, "Title")));
  return 0;
}

std::vector<std::string> texts(const json::value& row, std::initializer_list<std::string_view> members) {
  std::vector<std::string> cells;
  for (const auto member : members) {
    const auto* value = find(row, member);
    cells.push_back(!value ? "" : value->is_string() ? printable(value->get_string()) : to_json(*value));
  }
  return cells;
}

std::string rows_of(const json::object& report, std::string_view list, const std::vector<std::string>& header,
                    std::initializer_list<std::string_view> members) {
  const auto* rows = report.if_contains(list);
  if (!rows || !rows->is_array() || rows->get_array().empty()) return {};
  std::vector<std::vector<std::string>> cells;
  for (const auto& row : rows->get_array()) cells.push_back(texts(row, members));
  return fmt::format("{}\n{}\n", coloured(Colour::blue, list), table(header, cells));
}

Result<json::object> change_blocks(Client& client, const BlocksFlags& flags) {
  const std::pair<const std::string&, std::string_view> actions[] = {{flags.add, "BlockAddress"},
                                                                     {flags.remove, "UnblockAddress"},
                                                                     {flags.protect, "ProtectAddress"},
                                                                     {flags.unprotect, "UnprotectAddress"}};
  for (const auto& [address, operation] : actions) {
    if (address.empty()) continue;
    json::object request{{"Address", address}};
    if (!flags.reason.empty()) request["Reason"] = flags.reason;
    return client.json_target("tocsin", fmt::format("{}{}", target_prefix, operation), to_json(request));
  }
  return client.json_target("tocsin", fmt::format("{}ListBlocks", target_prefix), "{}");
}

void print_blocks(const json::object& answer) {
  std::string text;
  if (const auto* block = answer.if_contains("Block"))
    text += fmt::format("blocked: {} ({})\n", string_at(block->get_object(), "HostIp"),
                        string_at(block->get_object(), "State"));
  if (const auto* refused = answer.if_contains("Refused"); refused && refused->is_object())
    text += fmt::format("refused: {}: {}\n", string_at(refused->get_object(), "Code"),
                        string_at(refused->get_object(), "Reason"));
  text += rows_of(answer, "Blocks", {"ADDRESS", "STATE", "SINCE", "UNTIL", "SEEN", "FINDING", "WHY"},
                  {"HostIp", "State", "Since", "Until", "Sightings", "FindingId", "Reason"});
  text +=
      rows_of(answer, "Released", {"ADDRESS", "STATE", "SINCE", "FINDING"}, {"HostIp", "State", "Since", "FindingId"});
  text += rows_of(answer, "Refused", {"ADDRESS", "WHY", "TIMES", "LAST", "FINDING"},
                  {"Address", "Reason", "Times", "LastAt", "FindingId"});
  text += rows_of(answer, "Holds", {"ADDRESS", "UNTIL", "WHY", "BY"}, {"Address", "Until", "Reason", "By"});
  text += rows_of(answer, "NeverBlock", {"PREFIX", "SINCE", "SOURCE", "WHY"}, {"Prefix", "Since", "Source", "Reason"});
  if (const auto until = string_at(answer, "HeldUntil"); !until.empty())
    text += fmt::format("held: not blocked automatically until {}\n", until);
  fmt::print("{}", text.empty() ? "nothing is blocked, refused, held or protected\n" : text);
}

}  // namespace

int run_findings(const FindingsFlags& flags) {
  auto endpoint = endpoint_from(flags.client.data, flags.client.endpoint, flags.client.region);
  if (!endpoint) return complain(endpoint.error());
  Client client{std::move(*endpoint)};
  if (!flags.escalate.empty()) return escalate(client, flags);
  json::object filters;
  if (!flags.severity.empty()) filters["SeverityLabel"] = equals(flags.severity);
  if (!flags.status.empty()) filters["WorkflowStatus"] = equals(flags.status);
  if (!flags.id.empty()) filters["Id"] = equals({flags.id});
  auto findings = get_findings(client, filters, flags.limit);
  if (!findings) return complain(findings.error());
  if (flags.client.json) {
    fmt::print("{}\n", to_json(json::value(*findings)));
    return 0;
  }
  std::vector<std::vector<std::string>> rows;
  for (const auto& finding : *findings)
    rows.push_back(texts(finding, {"Severity.Label", "Workflow.Status", "UpdatedAt", "Title",
                                   "UserDefinedFields.ThreatScore", "Note.Text", "Id"}));
  fmt::print("{}", rows.empty() ? "no findings\n"
                                : table({"SEVERITY", "STATUS", "UPDATED", "TITLE", "SCORE", "NOTE", "ID"}, rows, 50));
  return 0;
}

int run_blocks(const BlocksFlags& flags) {
  auto endpoint = endpoint_from(flags.client.data, flags.client.endpoint, flags.client.region);
  if (!endpoint) return complain(endpoint.error());
  Client client{std::move(*endpoint)};
  auto answer = change_blocks(client, flags);
  if (!answer) return complain(answer.error());
  if (flags.client.json)
    fmt::print("{}\n", to_json(*answer));
  else
    print_blocks(*answer);
  const auto* refused = answer->if_contains("Refused");
  return refused && refused->is_object() ? 1 : 0;
}

}  // namespace tocsin::app
