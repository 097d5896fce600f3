#include "asff/asff.h"

#include <algorithm>

namespace tocsin::asff {
namespace {

struct KnownProduct {
  std::string_view arn_part, company, product;
};

// As Security Hub shows them. Source: Security Hub user guide, integrations of AWS services and partners.
constexpr KnownProduct known_products[] = {
    {"aws/access-analyzer", "AWS", "IAM Access Analyzer"},
    {"aws/config", "AWS", "Config"},
    {"aws/firewall-manager", "AWS", "Firewall Manager"},
    {"aws/guardduty", "Amazon", "GuardDuty"},
    {"aws/health", "AWS", "Health"},
    {"aws/inspector", "Amazon", "Inspector"},
    {"aws/iot-device-defender", "AWS", "IoT Device Defender"},
    {"aws/macie", "Amazon", "Macie"},
    {"aws/securityhub", "AWS", "Security Hub"},
    {"aws/ssm-patch-manager", "AWS", "Systems Manager Patch Manager"},
    {"aquasecurity/aquasecurity", "Aqua Security", "Aqua Security"},
    {"cloud-custodian/cloud-custodian", "Cloud Custodian", "Cloud Custodian"},
    {"prowler/prowler", "Prowler", "Prowler"},
};

}  // namespace

FindingKey key_of(const json::object& finding) {
  return {.product_arn = std::string{string_at(finding, "ProductArn")}, .id = std::string{string_at(finding, "Id")}};
}

std::string default_product_arn(const Identity& identity) {
  return identity.arn("securityhub", "product/" + identity.account + "/default");
}

Product product_of(std::string_view product_arn) {
  constexpr std::string_view marker = ":product/";
  const auto at = product_arn.find(marker);
  if (at == product_arn.npos) return {};
  const auto part = product_arn.substr(at + marker.size());
  if (part.ends_with("/default")) return {.company_name = "Personal", .product_name = "Default"};
  const auto* known = std::ranges::find(known_products, part, &KnownProduct::arn_part);
  if (known != std::end(known_products))
    return {.company_name = std::string{known->company}, .product_name = std::string{known->product}};
  const auto slash = std::min(part.find('/'), part.size());
  return {.company_name = std::string{part.substr(0, slash)},
          .product_name = std::string{part.substr(std::min(slash + 1, part.size()))}};
}

}  // namespace tocsin::asff
