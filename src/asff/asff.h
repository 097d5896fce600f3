// The AWS Security Finding Format (ASFF) as AWS Security Hub takes, keeps and shows it. This room validates a
// finding, merges an import or an update into what is stored, filters and sorts findings, converts GuardDuty's own
// findings, writes the events that Security Hub sends, and recognises findings in files. Values in, values out:
// it stores nothing, sends nothing and reads no clock.
//
//   asff/recognise.h   bytes of a file or an event         -> findings
//   asff/validate.h    a finding                           -> its violations, as AWS words them
//   asff/merge.h       stored finding + imported finding   -> the finding to store
//   asff/update.h      stored finding + BatchUpdateFindings -> the finding to store, and what changed
//   asff/filter.h      GetFindings' Filters, SortCriteria  -> predicate, order
//   asff/guardduty.h   a GuardDuty finding                 -> a finding
//   asff/event.h       findings                            -> the EventBridge event, as bytes
#pragma once

#include <string>
#include <string_view>

#include "core/clock.h"
#include "core/identity.h"
#include "core/json.h"
#include "core/result.h"

namespace tocsin::asff {

// AWS's limits. Source: Security Hub partner guide, "BatchImportFindings"; API reference, AwsSecurityFinding.
inline constexpr std::size_t finding_bytes_max = std::size_t{240} * 1024;
inline constexpr std::size_t import_findings_max = 100;
inline constexpr std::string_view schema_version = "2018-10-08";

// What names a finding: the provider's id is unique below the product only.
struct FindingKey {
  std::string product_arn;
  std::string id;
  auto operator<=>(const FindingKey&) const = default;
};

// Empty parts where the finding has none (a validated finding has both).
FindingKey key_of(const json::object& finding);

// arn:<partition>:securityhub:<region>:<account>:product/<account>/default, where an account's own findings go.
std::string default_product_arn(const Identity& identity);

// Who makes a product, by its ARN's last part ("product/<company>/<product>"); as Security Hub shows both.
struct Product {
  std::string company_name;  // "AWS", "Prowler", "Personal" for an account's default product
  std::string product_name;  // "Security Hub", "GuardDuty", "Default"
};
Product product_of(std::string_view product_arn);

}  // namespace tocsin::asff
