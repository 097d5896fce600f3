// The commands that show and change what a running server did: findings, blocks.
#include <algorithm>
#include <cstdio>

#include <fmt/format.h>

#include "app/commands.h"
#include "app/connect.h"
#include "app/exit_code.h"
#include "app/terminal.h"

namespace tocsin::app {
namespace {

constexpr std::string_view target_prefix = "Tocsin_20261122.";

json::array equals(const std::vector<std::string>& values) {
  json::array list;
  for (const auto& value : values) list.push_back(json::object{{"Value", value}, {"Comparison", "EQUALS"}});
  return list;
}

// Up to `limit` findings, page by page.
Result<json::array> get_findings(Client& client, const json::object& filters, std::size_t limit) {
  json::array findings;
  json::object request{{"Filters", filters},
                       {"SortCriteria", json::array{json::object{{"Field", "UpdatedAt"}, {"SortOrder", "desc"}}}}};
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

// The most severe first; of one severity, the newest.
Result<json::array> list_findings(Client& client, const FindingsFlags& flags) {
  json::array all;
  for (const char* label : {"CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL"}) {
    if (!flags.severity.empty() && std::ranges::find(flags.severity, label) == flags.severity.end()) continue;
    json::object filters{{"SeverityLabel", equals({label})}};
    if (!flags.status.empty()) filters["WorkflowStatus"] = equals(flags.status);
    if (!flags.id.empty()) filters["Id"] = equals({flags.id});
    auto some = get_findings(client, filters, flags.limit - all.size());
    if (!some) return some;
    for (auto& finding : *some) all.push_back(std::move(finding));
    if (all.size() >= flags.limit) break;
  }
  return all;
}

// How many there are, shown or not.
Result<std::int64_t> count_findings(Client& client, const FindingsFlags& flags) {
  json::object request;
  if (!flags.severity.empty()) request["SeverityLabel"] = json::array(flags.severity.begin(), flags.severity.end());
  if (!flags.status.empty()) request["WorkflowStatus"] = json::array(flags.status.begin(), flags.status.end());
  auto answer = client.json_target("tocsin", fmt::format("{}CountFindings", target_prefix), to_json(request));
  if (!answer) return pass_on(answer);
  return integer_at(*answer, "Count");
}

int escalate(Client& client, const Identity& identity, const FindingsFlags& flags) {
  auto found = get_findings(client, {{"Id", equals({flags.escalate})}}, 2);
  if (!found) return report_failure(flags.client, found.error());
  if (found->size() != 1)
    return report_failure(
        flags.client,
        {ErrorCode::validation, found->empty() ? fmt::format("no finding has the id '{}'", flags.escalate)
                                               : fmt::format("several findings have the id '{}'", flags.escalate)});
  const json::object& finding = (*found)[0].get_object();
  const std::string action = identity.arn("securityhub", "action/custom/escalate-to-soc");
  const json::object request{
      {"ActionTargetArn", action},
      {"FindingIdentifiers", {{{"Id", finding.at("Id")}, {"ProductArn", finding.at("ProductArn")}}}}};
  auto answer = client.rest("securityhub", "POST", "/actionTargets/invoke", to_json(request));
  if (!answer) return report_failure(flags.client, answer.error());
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
  return fmt::format("{}\n{}\n", coloured(Colour::blue, list),
                     table(header, cells, 60, header.back() == "FINDING" ? LastColumn::whole : LastColumn::cut));
}

// One of the changes that blocks can make.
struct Change {
  const std::string& address;
  std::string_view operation;
  std::string_view nothing_released;  // what is said where the answer has nothing to show
  bool hold = false;
};

std::vector<Change> changes_in(const BlocksFlags& flags) {
  std::vector<Change> changes;
  for (const auto& change : {Change{flags.add, "BlockAddress", ""}, Change{flags.remove, "UnblockAddress", ""},
                             Change{flags.hold, "UnblockAddress", "{} was not blocked\n", true},
                             Change{flags.protect, "ProtectAddress", "{} is protected; it was not blocked\n"},
                             Change{flags.unprotect, "UnprotectAddress", "{} is no longer on the never-block list\n"}})
    if (!change.address.empty()) changes.push_back(change);
  return changes;
}

Result<json::object> change_blocks(Client& client, const std::vector<Change>& changes, const BlocksFlags& flags) {
  if (changes.empty()) return client.json_target("tocsin", fmt::format("{}ListBlocks", target_prefix), "{}");
  json::object request{{"Address", changes[0].address}};
  if (!flags.reason.empty()) request["Reason"] = flags.reason;
  if (flags.yes) request["Force"] = true;
  if (changes[0].hold) request["Hold"] = true;
  return client.json_target("tocsin", fmt::format("{}{}", target_prefix, changes[0].operation), to_json(request));
}

// What protects by default is many rows that nobody changes, so the report only counts them.
std::size_t leave_out_defaults(json::object& answer) {
  auto* entries = answer.if_contains("NeverBlock");
  if (!entries || !entries->is_array()) return 0;
  json::array others;
  std::size_t count = 0;
  for (const auto& entry : entries->get_array()) {
    const auto source = string_at(entry.get_object(), "Source");
    if (source == "manual" || source == "configuration")
      others.push_back(entry);
    else
      ++count;
  }
  *entries = std::move(others);
  return count;
}

void print_blocks(json::object answer, const BlocksFlags& flags, const std::vector<Change>& changes) {
  std::string text;
  const std::size_t defaults = flags.is_protected ? 0 : leave_out_defaults(answer);
  if (const auto* block = answer.if_contains("Block"))
    text += fmt::format("blocked: {} ({})\n", string_at(block->get_object(), "HostIp"),
                        string_at(block->get_object(), "State"));
  if (const auto* refused = answer.if_contains("Refused"); refused && refused->is_object())
    text += fmt::format("refused: {}: {}\n", string_at(refused->get_object(), "Code"),
                        string_at(refused->get_object(), "Reason"));
  if (!flags.is_protected) {
    text += rows_of(answer, "Blocks", {"ADDRESS", "STATE", "SINCE", "UNTIL", "SEEN", "WHY", "FINDING"},
                    {"HostIp", "State", "Since", "Until", "Sightings", "Reason", "FindingId"});
    text += rows_of(answer, "ByHand", {"ADDRESS", "RULE GROUP", "RULE", "DROPPED AS", "IN FEED", "SINCE", "BY"},
                    {"Address", "RuleGroup", "Rule", "DroppedAs", "InFeed", "Since", "By"});
    text += rows_of(answer, "TakenOut", {"ADDRESS", "RULE GROUP", "RULE", "DROPPED AS"},
                    {"Address", "RuleGroup", "Rule", "DroppedAs"});
    text += rows_of(answer, "LeftIn", {"ADDRESS", "RULE GROUP", "RULE", "DROPPED AS"},
                    {"Address", "RuleGroup", "Rule", "DroppedAs"});
    text += rows_of(answer, "Released", {"ADDRESS", "BLOCKED SINCE", "FINDING"}, {"HostIp", "Since", "FindingId"});
    text += rows_of(answer, "Refused", {"ADDRESS", "WHY", "TIMES", "LAST", "FINDING"},
                    {"Address", "Reason", "Times", "LastAt", "FindingId"});
    text += rows_of(answer, "Holds", {"ADDRESS", "UNTIL", "WHY", "BY"}, {"Address", "Until", "Reason", "By"});
  }
  text += rows_of(answer, "NeverBlock", {"PREFIX", "SINCE", "SOURCE", "WHY"}, {"Prefix", "Since", "Source", "Reason"});
  if (text.empty() && !changes.empty())
    text = fmt::format(fmt::runtime(changes[0].nothing_released), changes[0].address);
  if (const auto again = string_at(answer, "ProtectedAgain"); !again.empty()) text += fmt::format("{}\n", again);
  if (const auto until = string_at(answer, "HeldUntil"); !until.empty())
    text += fmt::format("held: not blocked automatically until {}\n", until);
  if (text.empty()) text = flags.is_protected ? "nothing is protected\n" : "nothing is blocked, refused or held\n";
  if (defaults > 0)
    text += fmt::format("{} addresses are protected by default ('tocsin blocks --protected' lists them)\n", defaults);
  fmt::print("{}", text);
}

}  // namespace

int run_findings(const FindingsFlags& flags) {
  auto connection = connect(flags.client);
  if (!connection) return report_failure(flags.client, connection.error());
  Client& client = *connection->client;
  if (!flags.escalate.empty()) return escalate(client, connection->identity, flags);
  auto findings = list_findings(client, flags);
  if (!findings) return report_failure(flags.client, findings.error());
  if (flags.client.json) {
    fmt::print("{}\n", to_json(json::value(*findings)));
    return 0;
  }
  std::vector<std::vector<std::string>> rows;
  for (const auto& finding : *findings)
    rows.push_back(texts(finding, {"Severity.Label", "Workflow.Status", "UpdatedAt", "Title",
                                   "UserDefinedFields.ThreatScore", "Note.Text", "Id"}));
  fmt::print("{}", rows.empty() ? "no findings\n"
                                : table({"SEVERITY", "STATUS", "UPDATED", "TITLE", "SCORE", "NOTE", "ID"}, rows, 50,
                                        LastColumn::whole));
  if (rows.size() < flags.limit) return 0;
  const auto count = count_findings(client, flags);
  if (!count) return report_failure(flags.client, count.error());
  if (*count > std::ssize(rows)) fmt::print("{} of {} shown; --limit N shows more\n", rows.size(), *count);
  return 0;
}

int run_blocks(const BlocksFlags& flags) {
  const auto changes = changes_in(flags);
  if (!flags.reason.empty() && changes.empty())
    return complain(
        {ErrorCode::validation, "--reason says why of --add, --remove, --hold or --protect; it needs one of them"},
        code_wrong_use);
  auto connection = connect(flags.client);
  if (!connection) return report_failure(flags.client, connection.error());
  auto answer = change_blocks(*connection->client, changes, flags);
  if (!answer) return report_failure(flags.client, answer.error());
  if (flags.client.json)
    fmt::print("{}\n", to_json(*answer));
  else
    print_blocks(*answer, flags, changes);
  const auto* refused = answer->if_contains("Refused");
  return refused && refused->is_object() ? code_in_part : 0;
}

}  // namespace tocsin::app
