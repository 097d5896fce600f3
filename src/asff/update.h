// BatchUpdateFindings: what a customer may set in a finding. The request is compiled once, then applied to each finding
// it names.
#pragma once

#include <vector>

#include "asff/merge.h"

namespace tocsin::asff {

// Findings that one request may name.
inline constexpr std::size_t update_findings_max = 100;

class Update {
 public:
  // Reads the members Note, Severity, VerificationState, Confidence, Criticality, Types, UserDefinedFields, Workflow
  // and RelatedFindings of a BatchUpdateFindings request; FindingIdentifiers is the caller's. Error: validation with
  // InvalidInputException and the path.
  static Result<Update> compile(const json::object& request);

  struct Applied {
    json::object finding;
    std::vector<Change> changes;  // empty: the finding says all that already; write nothing
  };
  // Error: validation, aws_code FindingSizeExceeded, where the finding grows past finding_bytes_max.
  Result<Applied> apply(json::object finding, Time now) const;

  bool empty() const { return fields_.empty(); }

 private:
  json::object fields_;
};

}  // namespace tocsin::asff
