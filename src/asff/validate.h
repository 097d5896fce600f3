// Is this a finding that BatchImportFindings takes? The checks are driven by a table made from AWS's service model
// and its documented limits (models/asff.json). Messages are worded as Security Hub words them.
#pragma once

#include <span>
#include <vector>

#include "asff/asff.h"

namespace tocsin::asff {

// Who imports, and into which hub.
struct ImportPolicy {
  Identity hub;
  // The administrator bridges the findings of other accounts, Regions and AWS's own products into this hub; without it,
  // AWS's rule holds: a caller imports for its own account, and not in the name of AWS's own products.
  bool any_account = false;
};

struct Violation {
  std::string path;        // "data.Resources[0].Type", "data.ProductFields['a/b']", "data" for the finding itself
  std::string message;     // "should NOT be shorter than 1 characters"
  std::string error_code;  // "InvalidInput", "InvalidAccess"
};

// Past this many the rest is not looked for: a caller mends the first ones first.
inline constexpr std::size_t violations_max = 20;

// Everything that is wrong with `finding`; empty: it can be imported. `finding_bytes` is its size as it was sent.
std::vector<Violation> validate(const json::object& finding, std::size_t finding_bytes, const ImportPolicy& policy);

// The same from bytes. Error: validation, aws_code InvalidInput or InvalidAccess, message as in FailedFindings, path of
// the first violation ("Resources[0].Type").
Result<json::object> parse_finding(std::string_view bytes, const ImportPolicy& policy);

// Takes members out that the format does not know at the top level. For events that AWS itself sent: its own pipeline
// has leaked some, and refusing the finding for them would lose it.
void drop_unknown_fields(json::object& finding);

// "Finding does not adhere to Amazon Finding Format. data.Title should be string, data should have …."
std::string error_message(std::span<const Violation> violations);
std::string_view error_code(std::span<const Violation> violations);
// An entry of FailedFindings: {Id, ErrorCode, ErrorMessage}. Requires at least one violation.
json::object failed_finding(const json::object& finding, std::span<const Violation> violations);

// AWS's own timestamp grammar (API reference, "Timestamps"): RFC 3339, and an offset without its colon, within ±18:00.
// Error: validation.
Result<Time> parse_timestamp(std::string_view text);

}  // namespace tocsin::asff
