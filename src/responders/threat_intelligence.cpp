#include <algorithm>

#include <fmt/format.h>

#include "responders/responders.h"
#include "responders/text.h"

namespace tocsin::responders {
namespace {

constexpr std::string_view author = "ThreatIntelligence";
constexpr std::string_view processor = "SecurityHubAutomation";

std::string distinct_types(const std::vector<Indicator>& indicators) {
  std::vector<std::string_view> types;
  for (const auto& [type, value] : indicators)
    if (std::ranges::find(types, type) == types.end()) types.push_back(type);
  return fmt::format("{}", fmt::join(types, ","));
}

bool holds_already(const json::object& current, const json::object& fields) {
  const auto* stored = find(current, "UserDefinedFields");
  if (!stored || !stored->is_object()) return false;
  return std::ranges::all_of(fields, [&](const auto& field) {
    const auto* there = stored->get_object().if_contains(field.key());
    return there && *there == field.value();
  });
}

Result<json::object> enrich(const json::object& finding, Ports& ports) {
  const FindingRef ref{std::string(string_at(finding, "Id")), std::string(string_at(finding, "ProductArn"))};
  const auto indicators = indicators_of(finding);
  const int score = threat_score(indicators);
  json::object fields{{"ThreatScore", std::to_string(score)}, {"ThreatIndicators", std::to_string(indicators.size())}};
  if (!indicators.empty()) fields["IndicatorTypes"] = distinct_types(indicators);
  json::object told{{"threat_score", score}, {"indicators_found", indicators.size()}, {"finding_id", ref.id}};

  auto current = ports.hub->get(ref);
  if (!current) return pass_on(current);
  json::object changes;
  if (*current) {
    if (holds_already(**current, fields)) return told;
    // The fields of others stay: an update replaces the whole map.
    if (const auto* stored = find(**current, "UserDefinedFields"); stored && stored->is_object())
      for (const auto& [key, value] : stored->get_object())
        if (!fields.contains(key) && key != "IndicatorTypes") fields.emplace(key, value);
  }
  changes["UserDefinedFields"] = std::move(fields);
  const bool processed = *current && string_at(**current, "Note.UpdatedBy") == processor;
  if (!processed)
    changes["Note"] = json::object{
        {"Text", fmt::format("Threat Intelligence Score: {}/100. Indicators found: {}", score, indicators.size())},
        {"UpdatedBy", author}};
  if (auto updated = ports.hub->update(ref, changes); !updated) return pass_on(updated);
  return told;
}

}  // namespace

Result<json::value> threat_intelligence(const json::value& event, Ports& ports) {
  const auto findings = findings_of(event);
  if (findings.empty())
    return fail(ErrorCode::validation, "the event has no findings in detail.findings", "KeyError", "detail.findings");
  json::object first;
  for (const auto* finding : findings) {
    auto told = enrich(*finding, ports);
    if (!told) {
      Error error = std::move(told).error();
      error.message = fmt::format("finding {}: {}", string_at(*finding, "Id", "Unknown"), error.message);
      return std::unexpected(std::move(error));
    }
    if (first.empty()) first = std::move(*told);
  }
  return json::value(json::object{{"statusCode", 200}, {"body", to_json(first)}});
}

}  // namespace tocsin::responders
