#include "asff/update.h"

#include <algorithm>

#include <fmt/format.h>

#include "asff/detail/check_shape.h"
#include "asff/validate.h"
#include "core/time_format.h"

namespace tocsin::asff {
namespace {

constexpr std::string_view updatable[] = {"Confidence",        "Criticality",       "Note",
                                          "RelatedFindings",   "Severity",          "Types",
                                          "UserDefinedFields", "VerificationState", "Workflow"};
// Notes in a request carry no time; the check of a finding's note wants one.
constexpr std::string_view placeholder_time = "1970-01-01T00:00:00Z";

Result<void> check_field(std::string_view name, const json::value& value) {
  const auto& table = detail::shape_table();
  const auto* member = table.root().member(name);
  const detail::Place root;
  const detail::Place place{.up = &root, .name = name};
  std::vector<Violation> violations;
  json::value checked = value;
  if (name == "Note" && checked.is_object()) checked.get_object().insert_or_assign("UpdatedAt", placeholder_time);
  detail::check_shape(checked, table.at(member->shape), place, {}, violations);
  if (violations.empty()) return {};
  std::string path = violations.front().path.substr(std::string_view{"data."}.size());
  auto message = fmt::format("Invalid parameter {}: {}", path, violations.front().message);
  return fail(ErrorCode::validation, std::move(message), "InvalidInputException", std::move(path));
}

// The stored severity with what the request says; of Label and Normalized the one that is not given follows the other.
json::value updated_severity(const json::object& finding, const json::object& update) {
  json::object severity;
  if (const auto* stored = finding.if_contains("Severity"); stored && stored->is_object())
    severity = stored->get_object();
  if (update.contains("Label") || update.contains("Normalized")) {
    severity.erase("Label");
    severity.erase("Normalized");
  }
  for (const auto& [name, value] : update) severity.insert_or_assign(name, value);
  complete_severity(severity);
  return severity;
}

json::value updated_note(const json::object& finding, const json::object& update, Time now) {
  const auto* stored = finding.if_contains("Note");
  const auto same = [&](const char* name) { return string_at(stored->get_object(), name) == string_at(update, name); };
  // The same words by the same person say nothing new.
  if (stored && stored->is_object() && same("Text") && same("UpdatedBy")) return *stored;
  return {{"Text", update.at("Text")}, {"UpdatedBy", update.at("UpdatedBy")}, {"UpdatedAt", format_rfc3339(now)}};
}

json::value new_value(const json::object& finding, std::string_view name, const json::value& update, Time now) {
  if (name == "Note") return updated_note(finding, update.get_object(), now);
  if (name == "Severity") return updated_severity(finding, update.get_object());
  return update;
}

bool is_too_large(const json::object& finding) {
  return to_json(finding).size() > finding_bytes_max;
}

}  // namespace

Result<Update> Update::compile(const json::object& request) {
  Update update;
  for (const auto name : updatable) {
    const auto* value = request.if_contains(name);
    if (!value) continue;
    if (auto checked = check_field(name, *value); !checked) return pass_on(checked);
    update.fields_.emplace(name, *value);
  }
  return update;
}

Result<Update::Applied> Update::apply(json::object finding, Time now) const {
  Applied applied;
  json::object before;
  json::object after;
  for (const auto& [name, update] : fields_) {
    auto value = new_value(finding, name, update, now);
    const auto* stored = finding.if_contains(name);
    if (stored && *stored == value) continue;
    if (stored) before.emplace(name, *stored);
    after.emplace(name, value);
    finding.insert_or_assign(name, std::move(value));
  }
  if (!after.empty()) {
    applied.changes = changes_between(before, after);
    if (is_too_large(finding))
      return fail(ErrorCode::validation, fmt::format("the finding would exceed {} bytes", finding_bytes_max),
                  "FindingSizeExceeded");
  }
  applied.finding = std::move(finding);
  return applied;
}

}  // namespace tocsin::asff
