#include "asff/validate.h"

#include <optional>

#include <fmt/format.h>

#include "asff/detail/check_shape.h"

namespace tocsin::asff {
namespace {

using Violations = std::vector<Violation>;

// The parts of arn:<partition>:securityhub:<region>:<account>:product/<company>/<product>, as views.
struct ProductArn {
  std::string_view partition, region, account, company, product;
};

std::optional<ProductArn> parse_product_arn(std::string_view text) {
  std::string_view part[6];
  for (std::size_t i = 0; i < 5; ++i) {
    const auto colon = text.find(':');
    if (colon == text.npos) return std::nullopt;
    part[i] = text.substr(0, colon);
    text.remove_prefix(colon + 1);
  }
  if (part[0] != "arn" || !part[1].starts_with("aws") || part[2] != "securityhub" || part[3].empty())
    return std::nullopt;
  if (!text.starts_with("product/")) return std::nullopt;
  text.remove_prefix(8);
  const auto slash = text.find('/');
  if (slash == 0 || slash == text.npos || slash + 1 == text.size()) return std::nullopt;
  return ProductArn{part[1], part[3], part[4], text.substr(0, slash), text.substr(slash + 1)};
}

std::string_view text_of(const json::object& finding, std::string_view name) {
  const auto* value = finding.if_contains(name);
  return value && value->is_string() ? std::string_view{value->get_string()} : std::string_view{};
}

void add(Violations& out, std::string path, std::string message, std::string_view code = "InvalidInput") {
  if (out.size() < violations_max)
    out.push_back({.path = std::move(path), .message = std::move(message), .error_code = std::string{code}});
}

void check_unknown_fields(const json::object& finding, Violations& out) {
  const auto& root = detail::shape_table().root();
  for (const auto& [name, value] : finding) {
    if (!root.member(name))
      add(out, "data", fmt::format("should NOT have additional properties ('{}')", name.substr(0, 64)));
  }
}

// Severity and Types, or FindingProviderFields in their stead; and a severity that says how severe.
void check_severity(const json::object& finding, Violations& out) {
  const auto* severity = finding.if_contains("Severity");
  if (!finding.contains("FindingProviderFields") && !(severity && finding.contains("Types"))) {
    add(out, "data", "should have required property 'FindingProviderFields'");
    add(out, "data", "should match some schema in anyOf");
  }
  const auto* fields = severity ? severity->if_object() : nullptr;
  if (fields && !fields->contains("Label") && !fields->contains("Normalized")) {
    add(out, "data.Severity", "should have required property 'Label'");
    add(out, "data.Severity", "should match some schema in anyOf");
  }
}

// Who may import for which account and product. Source: API reference, BatchImportFindings.
void check_account(const ProductArn& arn, std::string_view account, const ImportPolicy& policy, Violations& out) {
  if (policy.any_account) return;
  const auto refuse = [&](std::string why) { add(out, "", std::move(why), "InvalidAccess"); };
  if (arn.region != policy.hub.region)
    return refuse(fmt::format("ProductArn names Region {}; this hub is in {}", arn.region, policy.hub.region));
  if (arn.company == "aws") return refuse("Findings of AWS's own products are not taken from a caller");
  if (arn.product == "default" && (arn.company != policy.hub.account || arn.account != policy.hub.account))
    return refuse(fmt::format("ProductArn is not the default product of the calling account {}", policy.hub.account));
  if (!account.empty() && account != policy.hub.account)
    refuse(fmt::format("AwsAccountId {} is not the calling account {}", account.substr(0, 12), policy.hub.account));
}

}  // namespace

std::vector<Violation> validate(const json::object& finding, std::size_t finding_bytes, const ImportPolicy& policy) {
  Violations out;
  if (finding_bytes > finding_bytes_max) {
    add(out, "data", fmt::format("should NOT be larger than {} bytes", finding_bytes_max));
    return out;
  }
  const auto arn_text = text_of(finding, "ProductArn");
  const auto arn = parse_product_arn(arn_text);
  if (!arn && !arn_text.empty())
    add(out, "data.ProductArn",
        "should match pattern \"arn:{partition}:securityhub:{region}:{account}:product/{company}/{product}\"");
  const detail::Leniency leniency{.maps_free = policy.any_account && arn && arn->company == "aws"};
  detail::check_finding_shape(finding, leniency, out);
  check_severity(finding, out);
  check_unknown_fields(finding, out);
  if (arn && out.empty()) check_account(*arn, text_of(finding, "AwsAccountId"), policy, out);
  return out;
}

void drop_unknown_fields(json::object& finding) {
  const auto& root = detail::shape_table().root();
  for (auto it = finding.begin(); it != finding.end();) it = root.member(it->key()) ? it + 1 : finding.erase(it);
}

Result<json::object> parse_finding(std::string_view bytes, const ImportPolicy& policy) {
  auto finding = parse_json_object(bytes);
  if (!finding) return fail(ErrorCode::validation, finding.error().message, "InvalidInput");
  const auto violations = validate(*finding, bytes.size(), policy);
  if (violations.empty()) return finding;
  std::string path = violations.front().path;
  if (path.starts_with("data.")) path.erase(0, 5);
  return fail(ErrorCode::validation, error_message(violations), std::string{error_code(violations)}, std::move(path));
}

}  // namespace tocsin::asff
