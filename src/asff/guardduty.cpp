#include "asff/guardduty.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "asff/detail/guardduty_parts.h"
#include "asff/merge.h"

namespace tocsin::asff {
namespace {

std::unexpected<Error> missing(std::string_view path) {
  return fail(ErrorCode::validation, fmt::format("the GuardDuty finding has no {}", path), "InvalidInput",
              std::string{path});
}

bool has_all(const json::object& object, std::initializer_list<std::string_view> names) {
  return std::ranges::all_of(names, [&](std::string_view name) { return object.contains(name); });
}

// What happened is in `service`; some collectors that pass findings on call it `finding`.
const json::object& service_of(const json::object& finding) {
  static const json::object none;
  for (const char* name : {"service", "finding"}) {
    const auto* value = finding.if_contains(name);
    if (value && value->is_object()) return value->get_object();
  }
  return none;
}

std::string_view first_of(const json::object& finding, std::initializer_list<std::string_view> paths) {
  for (const auto path : paths) {
    const auto text = string_at(finding, path);
    if (!text.empty()) return text;
  }
  return {};
}

detail::Origin origin_of(const json::object& finding, const Identity& hub) {
  return {.partition = std::string{string_at(finding, "partition", hub.partition)},
          .region = std::string{string_at(finding, "region", hub.region)},
          .account = std::string{string_at(finding, "accountId", hub.account)}};
}

// Low 1.0–3.9, medium 4.0–6.9, high 7.0–8.9, critical 9.0–10.0: tenfold, it is the normalized severity.
json::object severity_of(double native) {
  json::object severity;
  if (std::trunc(native) == native) {
    severity["Product"] = static_cast<std::int64_t>(native);
  } else {
    severity["Product"] = native;
  }
  const auto normalized = static_cast<std::int64_t>(std::lround(std::clamp(native, 0.0, 10.0) * 10));
  severity["Label"] = severity_label(normalized);
  severity["Normalized"] = normalized;
  return severity;
}

std::string finding_arn(const json::object& finding, const json::object& service, const detail::Origin& origin) {
  const auto arn = string_at(finding, "arn");
  const auto detector = string_at(service, "detectorId");
  if (!arn.empty() || detector.empty()) return std::string{arn};
  return fmt::format("arn:{}:guardduty:{}:{}:detector/{}/finding/{}", origin.partition, origin.region, origin.account,
                     detector, string_at(finding, "id"));
}

std::string source_url(const detail::Origin& origin, std::string_view id) {
  const auto domain = origin.partition == "aws-cn"       ? "console.amazonaws.cn"
                      : origin.partition == "aws-us-gov" ? "console.amazonaws-us-gov.com"
                                                         : "console.aws.amazon.com";
  return fmt::format("https://{0}.{1}/guardduty/home?region={0}#/findings?macros=current&fId={2}", origin.region,
                     domain, id);
}

bool is_sample(const json::object& fields) {
  const auto* value = fields.if_contains("aws/guardduty/service/additionalInfo/sample");
  return value && (*value == "true" || *value == "True");
}

void put_part(json::object& out, std::string_view name, json::object part) {
  if (!part.empty()) out.emplace(name, std::move(part));
}

Result<json::object> convert(const json::object& finding, const Identity& hub) {
  const auto id = string_at(finding, "id");
  const auto type = string_at(finding, "type");
  if (id.empty()) return missing("id");
  if (type.empty()) return missing("type");
  const auto* severity = finding.if_contains("severity");
  if (!severity || !severity->is_number()) return missing("severity");
  const auto* resource = finding.if_contains("resource");
  if (!resource || !resource->is_object()) return missing("resource");
  const auto& service = service_of(finding);
  const auto created = first_of(finding, {"createdAt", "service.eventFirstSeen", "updatedAt"});
  if (created.empty()) return missing("createdAt");
  const auto origin = origin_of(finding, hub);
  const auto arn = finding_arn(finding, service, origin);
  if (arn.empty()) return missing("arn");

  json::object out{
      {"SchemaVersion", schema_version},
      {"Id", arn},
      {"ProductArn", fmt::format("arn:{}:securityhub:{}::product/aws/guardduty", origin.partition, origin.region)},
      {"ProductName", "GuardDuty"},
      {"CompanyName", "Amazon"},
      {"Region", origin.region},
      {"GeneratorId", arn.substr(0, arn.find("/finding/"))},
      {"AwsAccountId", origin.account},
      {"Types", asff_types(type)}};
  detail::put_text(out, "FirstObservedAt", first_of(finding, {"service.eventFirstSeen", "createdAt"}));
  detail::put_text(out, "LastObservedAt", first_of(finding, {"service.eventLastSeen", "updatedAt", "createdAt"}));
  detail::put_text(out, "CreatedAt", created);
  detail::put_text(out, "UpdatedAt", first_of(finding, {"updatedAt", "service.eventLastSeen", "createdAt"}));
  out["Severity"] = severity_of(severity->to_number<double>());
  detail::put_text(out, "Title", first_of(finding, {"title", "type"}), 256);
  detail::put_text(out, "Description", first_of(finding, {"description", "title", "type"}), 1024);
  out["SourceUrl"] = source_url(origin, id);
  auto fields = detail::product_fields(service);
  out["Sample"] = is_sample(fields);
  out["ProductFields"] = std::move(fields);
  out["Resources"] = detail::resources(resource->get_object(), origin);
  if (const auto* action = service.if_contains("action"); action && action->is_object()) {
    put_part(out, "Network", detail::network(action->get_object()));
    put_part(out, "Action", detail::action(action->get_object()));
  }
  out["RecordState"] = "ACTIVE";
  return out;
}

}  // namespace

bool is_guardduty(const json::object& document) {
  return has_all(document, {"id", "type", "severity", "resource"}) ||
         has_all(document, {"Id", "Type", "Severity", "Resource"});
}

Result<json::object> from_guardduty(const json::object& finding, const Identity& hub) {
  if (!finding.contains("Type")) return convert(finding, hub);
  return convert(detail::to_camel_case(finding).get_object(), hub);
}

}  // namespace tocsin::asff
