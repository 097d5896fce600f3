#include <array>

#include <fmt/format.h>

#include "responders/responders.h"
#include "responders/text.h"

namespace tocsin::responders {
namespace {

constexpr std::string_view author = "SecurityHubAutomation";

struct Row {
  std::string_view severity;
  ResponsePlan plan;
};
constexpr std::array rows = {
    Row{"CRITICAL", {"immediate_response", "P1", 15}},        Row{"HIGH", {"escalated_response", "P2", 60}},
    Row{"MEDIUM", {"standard_response", "P3", 240}},          Row{"LOW", {"low_priority_response", "P4", 1440}},
    Row{"INFORMATIONAL", {"informational_only", "P5", 2880}},
};

json::value incident(const json::object& finding, std::string_view severity, const ResponsePlan& plan, Time now) {
  return json::object{
      {"incident_details",
       {{"id", string_at(finding, "Id", "Unknown")},
        {"severity", severity},
        {"title", string_at(finding, "Title", "Unknown Security Finding")},
        {"description", string_at(finding, "Description", "No description available")},
        {"account", string_at(finding, "AwsAccountId", "Unknown")},
        {"region", string_at(finding, "Region", "Unknown")},
        {"timestamp", naive_iso(now)}}},
      {"response_plan", {{"action", plan.action}, {"priority", plan.priority}, {"sla_minutes", plan.sla_minutes}}},
      {"integration",
       {{"jira_project", "SEC"}, {"slack_channel", "#security-incidents"}, {"pagerduty_service", "security-team"}}}};
}

// An imported finding is announced while it is NEW. That it is not NEW any more tells that it was announced (by an
// earlier try, or by the same event put twice), or that somebody has taken it up.
Result<bool> is_announced(const FindingRef& ref, Ports& ports) {
  auto current = ports.hub->get(ref);
  if (!current) return pass_on(current);
  if (!*current) return false;
  return string_at(**current, "Workflow.Status", "NEW") != "NEW";
}

Result<json::object> announce(const json::object& finding, const std::string& topic_arn, bool escalated, Ports& ports) {
  const auto severity = string_at(finding, "Severity.Label", "UNKNOWN");
  const ResponsePlan plan = response_plan(severity);
  const FindingRef ref{std::string(string_at(finding, "Id")), std::string(string_at(finding, "ProductArn"))};
  json::object told{{"message", "Incident processed successfully"},
                    {"finding_id", string_at(finding, "Id", "Unknown")},
                    {"severity", severity},
                    {"response_action", plan.action}};
  if (!escalated) {
    auto announced = is_announced(ref, ports);
    if (!announced) return pass_on(announced);
    if (*announced) {
      told["message"] = "Incident announced before";
      return told;
    }
  }
  const auto title = string_at(finding, "Title", "Unknown Security Finding");
  auto message_id = ports.topic->publish(
      topic_arn, ascii_subject(fmt::format("Security Incident: {} - {}", severity, first_characters(title, 50))),
      ascii_pretty_json(incident(finding, severity, plan, ports.now)),
      {{"severity", std::string(severity)},
       {"account_id", std::string(string_at(finding, "AwsAccountId", "Unknown"))}});
  if (!message_id) return pass_on(message_id);
  const json::object changes{
      {"Note",
       {{"Text", fmt::format("Automated incident response initiated: {}", plan.action)}, {"UpdatedBy", author}}},
      {"Workflow", {{"Status", "NOTIFIED"}}}};
  if (auto updated = ports.hub->update(ref, changes); !updated) return pass_on(updated);
  told["sns_message_id"] = *message_id;
  return told;
}

}  // namespace

ResponsePlan response_plan(std::string_view severity) {
  for (const Row& row : rows)
    if (row.severity == severity) return row.plan;
  return {"standard_response", "P4", 1440};
}

Result<json::value> incident_processor(const json::value& event, const std::string& topic_arn, Ports& ports) {
  const auto findings = findings_of(event);
  if (findings.empty())
    return fail(ErrorCode::validation, "the event has no findings in detail.findings", "KeyError", "detail.findings");
  const auto* type = find(event, "detail-type");
  const bool escalated = type && type->is_string() && type->get_string().ends_with("Custom Action");
  json::array incidents;
  for (const auto* finding : findings) {
    auto told = announce(*finding, topic_arn, escalated, ports);
    if (!told) {
      Error error = std::move(told).error();
      error.message = fmt::format("finding {}: {}", string_at(*finding, "Id", "Unknown"), error.message);
      return std::unexpected(std::move(error));
    }
    incidents.push_back(std::move(*told));
  }
  json::object body = incidents[0].get_object();
  if (incidents.size() > 1) body["incidents"] = std::move(incidents);
  return json::value(json::object{{"statusCode", 200}, {"body", to_json(body)}});
}

}  // namespace tocsin::responders
