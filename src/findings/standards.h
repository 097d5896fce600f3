// AWS's security standards, by ARN. Source: Security Hub user guide, "Standards reference" and "DescribeStandards".
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "core/identity.h"

namespace tocsin::findings {

struct Standard {
  std::string_view resource;  // "standards/pci-dss/v/3.2.1"
  std::string_view name;
  std::string_view description;
  bool enabled_by_default;
  bool has_region;  // the oldest standard's ARN names no Region
};

std::span<const Standard> standards();

std::string arn_of(const Standard& standard, const Identity& identity);
// The standard that this ARN names in this account's Region and partition, or null.
const Standard* find_standard(std::string_view arn, const Identity& identity);

// arn:<partition>:securityhub:<region>:<account>:subscription/<standard>/v/<version>
std::string subscription_arn(const Standard& standard, const Identity& identity);

}  // namespace tocsin::findings
