// Amazon GuardDuty's own findings, in both spellings (camelCase: EventBridge and S3 export; PascalCase: GetFindings),
// turned into ASFF as Security Hub does it for its GuardDuty integration.
#pragma once

#include "asff/asff.h"

namespace tocsin::asff {

// Has it the members that only a GuardDuty finding has, in either spelling?
bool is_guardduty(const json::object& document);

// The finding as Security Hub shows it: Id = the finding's ARN, ProductFields 'aws/guardduty/service/…' with lists
// flattened to 'name.0_', Resources by kind, Network and Action of the connection, Types in the ASFF taxonomy, severity
// on both scales. `hub` gives account, Region and partition where the finding names none. Not yet validated or merged.
// Error: validation, path of what is missing or of the wrong type (Id, Type, Severity, …).
Result<json::object> from_guardduty(const json::object& finding, const Identity& hub);

// The ASFF types of a GuardDuty type ("Backdoor:EC2/C&CActivity.B" -> "TTPs/Command and
// Control/Backdoor:EC2-C&CActivity.B"). Source: GuardDuty user guide, "Integrating with AWS Security Hub", threat
// purposes and ASFF types.
json::array asff_types(std::string_view guardduty_type);

}  // namespace tocsin::asff
