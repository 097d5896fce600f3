#include "asff/merge.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "asff/validate.h"
#include "core/time_format.h"

namespace tocsin::asff {
namespace {

// A customer's own; an import neither sets nor clears them once the finding is there.
constexpr std::string_view customer_fields[] = {"Note", "UserDefinedFields", "VerificationState", "Workflow"};
// The provider's view stands in FindingProviderFields, the customer's at the top.
constexpr std::string_view provider_fields[] = {"Confidence", "Criticality", "RelatedFindings", "Severity", "Types"};

void set_if_absent(json::object& object, std::string_view name, std::string_view text) {
  if (!object.contains(name)) object.emplace(name, text);
}

json::object& object_at(json::object& parent, std::string_view name) {
  auto& value = parent[name];
  if (!value.is_object()) value = json::object{};
  return value.get_object();
}

// Takes the object out of its parent: what is added to the parent moves the parent's members about.
json::object take_object(json::object& parent, std::string_view name) {
  auto* value = parent.if_contains(name);
  return value && value->is_object() ? std::move(value->get_object()) : json::object{};
}

const json::object* if_object(const json::object& parent, std::string_view name) {
  const auto* value = parent.if_contains(name);
  return value ? value->if_object() : nullptr;
}

// Severity in FindingProviderFields has Label and Original only.
json::value provider_severity(const json::object& severity) {
  json::object out;
  for (const char* name : {"Label", "Original"}) {
    if (const auto* value = severity.if_contains(name)) out.emplace(name, *value);
  }
  return out;
}

// Gives every provider field that the import carries on one level its counterpart on the other.
void fill_provider_fields(json::object& finding) {
  if (auto* severity = finding.if_contains("Severity"); severity && severity->is_object())
    complete_severity(severity->get_object());
  auto provided = take_object(finding, "FindingProviderFields");
  for (const auto name : provider_fields) {
    const auto* below = provided.if_contains(name);
    const auto* top = finding.if_contains(name);
    if (below && !top) {
      auto value = *below;
      if (name == "Severity" && value.is_object()) complete_severity(value.get_object());
      finding.emplace(name, std::move(value));
    } else if (top && !below) {
      const bool severity = name == "Severity" && top->is_object();
      provided.emplace(name, severity ? provider_severity(top->get_object()) : *top);
    }
  }
  finding["FindingProviderFields"] = std::move(provided);
}

// What the stored finding says of the provider's view and of its own top level: the same, or has a customer changed the
// latter?
bool is_customised(const json::object& stored, std::string_view name) {
  const auto* provided = if_object(stored, "FindingProviderFields");
  const auto* below = provided ? provided->if_contains(name) : nullptr;
  const auto* top = stored.if_contains(name);
  if (name == "Severity") {
    const auto label = [](const json::value* severity) {
      return severity && severity->is_object() ? string_at(severity->get_object(), "Label") : std::string_view{};
    };
    // A provider that gave a number only has no label below.
    return below && !label(below).empty() && label(below) != label(top);
  }
  if (!below || !top) return below != top;
  return *below != *top;
}

// The top level follows the provider until a customer has set it.
void merge_provider_fields(const json::object& stored, json::object& incoming) {
  auto provided = take_object(incoming, "FindingProviderFields");
  for (const auto name : provider_fields) {
    const auto* top = stored.if_contains(name);
    if (is_customised(stored, name)) {
      incoming.erase(name);
      if (top) incoming.emplace(name, *top);
    } else if (const auto* below = provided.if_contains(name); below && name != "Severity") {
      incoming.insert_or_assign(name, *below);
    } else if (below && below->is_object() && below->get_object().contains("Label")) {
      auto severity = below->get_object();
      const auto* sent = if_object(incoming, "Severity");
      if (sent && string_at(*sent, "Label") == string_at(severity, "Label")) continue;
      complete_severity(severity);
      incoming.insert_or_assign(name, std::move(severity));
    }
  }
  incoming["FindingProviderFields"] = std::move(provided);
}

std::string_view status_of(const json::object& finding, std::string_view object) {
  const auto* part = if_object(finding, object);
  const auto* status = part ? part->if_contains("Status") : nullptr;
  return status && status->is_string() ? std::string_view{status->get_string()} : std::string_view{};
}

std::string_view record_state(const json::object& finding) {
  return string_at(finding, "RecordState", "ACTIVE");
}

bool is_control_finding(const json::object& finding) {
  return string_at(finding, "ProductArn").ends_with(":product/aws/securityhub");
}

// Source: user guide, "Setting the workflow status for findings".
void advance_workflow(const json::object& stored, json::object& finding) {
  const auto status = status_of(finding, "Workflow");
  const auto was = status_of(stored, "Compliance");
  const auto is = status_of(finding, "Compliance");
  const bool came_back = record_state(stored) == "ARCHIVED" && record_state(finding) == "ACTIVE";
  const bool failed_again = was == "PASSED" && (is == "WARNING" || is == "FAILED" || is == "NOT_AVAILABLE");
  if ((status == "NOTIFIED" || status == "RESOLVED") && (came_back || failed_again)) {
    object_at(finding, "Workflow")["Status"] = "NEW";
  } else if (is_control_finding(finding) && was != "PASSED" && is == "PASSED" && status != "SUPPRESSED") {
    object_at(finding, "Workflow")["Status"] = "RESOLVED";
  }
}

void keep_customer_fields(const json::object& stored, json::object& incoming) {
  for (const auto name : customer_fields) {
    if (const auto* value = stored.if_contains(name)) {
      incoming.insert_or_assign(name, *value);
    } else {
      incoming.erase(name);
    }
  }
}

std::string_view region_of(std::string_view product_arn) {
  for (int i = 0; i < 3; ++i) product_arn.remove_prefix(std::min(product_arn.find(':') + 1, product_arn.size()));
  return product_arn.substr(0, product_arn.find(':'));
}

// What Security Hub adds to every finding that it takes.
void add_hub_fields(json::object& finding, const ImportContext& context) {
  const std::string arn{string_at(finding, "ProductArn")};
  const auto product = product_of(arn);
  set_if_absent(finding, "ProductName", product.product_name);
  set_if_absent(finding, "CompanyName", product.company_name);
  const auto region = region_of(arn);
  set_if_absent(finding, "Region", region.empty() ? std::string_view{context.hub.region} : region);
  if (!context.account_name.empty()) set_if_absent(finding, "AwsAccountName", context.account_name);
  auto& fields = object_at(finding, "ProductFields");
  fields["aws/securityhub/FindingId"] = arn + "/" + std::string{string_at(finding, "Id")};
  fields["aws/securityhub/ProductName"] = product.product_name;
  fields["aws/securityhub/CompanyName"] = product.company_name;
  set_if_absent(finding, "RecordState", "ACTIVE");
  set_if_absent(finding, "WorkflowState", "NEW");
  auto& workflow = object_at(finding, "Workflow");
  const bool passed = is_control_finding(finding) && status_of(finding, "Compliance") == "PASSED";
  set_if_absent(workflow, "Status", passed ? "RESOLVED" : "NEW");
  finding["ProcessedAt"] = format_rfc3339(context.now);
}

std::optional<Time> updated_at(const json::object& finding) {
  const auto time = parse_timestamp(string_at(finding, "UpdatedAt"));
  return time ? std::optional{*time} : std::nullopt;
}

}  // namespace

Merged merge_import(const json::object* existing, json::object incoming, const ImportContext& context) {
  if (!existing) {
    fill_provider_fields(incoming);
    add_hub_fields(incoming, context);
    return {.finding = std::move(incoming), .outcome = ImportOutcome::created};
  }
  // A stored finding whose time cannot be read gives way to one that has a time.
  if (updated_at(*existing) >= updated_at(incoming)) return {.finding = {}, .outcome = ImportOutcome::ignored};
  fill_provider_fields(incoming);
  keep_customer_fields(*existing, incoming);
  merge_provider_fields(*existing, incoming);
  add_hub_fields(incoming, context);
  advance_workflow(*existing, incoming);
  return {.finding = std::move(incoming), .outcome = ImportOutcome::updated};
}

}  // namespace tocsin::asff
