// What BatchImportFindings makes of a finding: the fields that Security Hub adds, the defaults, and what an import may
// and may not overwrite in a finding that is there already.
#pragma once

#include <cstdint>
#include <vector>

#include "asff/asff.h"

namespace tocsin::asff {

struct ImportContext {
  Identity hub;
  Time now;
  // Shown as AwsAccountName where the importing account has a name and the finding names none.
  std::string account_name = {};
};

enum class ImportOutcome : std::uint8_t {
  created,
  updated,
  ignored,  // not newer (UpdatedAt) than what is stored, which stays as it is: nothing to write, no event
};

struct Merged {
  json::object finding;  // what to store and to announce; empty for `ignored`: the stored finding stays
  ImportOutcome outcome;
};

// Merges a validated finding into the stored one with the same key (null: there is none).
// Never overwritten by an import: Note, UserDefinedFields, VerificationState, Workflow; Confidence, Criticality,
// RelatedFindings, Severity and Types only until a customer has set them (BatchUpdateFindings), from
// FindingProviderFields. NOTIFIED and RESOLVED go back to NEW when the record comes back from ARCHIVED or its check no
// longer passes. Law: merge_import(&m.finding, incoming, c) is `ignored`, and a merged finding merged into nothing is
// itself. Source: Security Hub user guide, "Using BatchImportFindings"; API reference, Workflow.
Merged merge_import(const json::object* existing, json::object incoming, const ImportContext& context);

// Severity as Security Hub completes it, whichever of Label, Normalized and Product is given; Original is kept.
// Source: API reference, Severity.
void complete_severity(json::object& severity);
// INFORMATIONAL, LOW, MEDIUM, HIGH, CRITICAL for 0, 1–39, 40–69, 70–89, 90–100.
std::string_view severity_label(std::int64_t normalized);

// One changed field of a finding, as GetFindingHistory tells it.
struct Change {
  std::string field;      // "Workflow.Status", "Note", "UserDefinedFields"
  json::value old_value;  // null: the field was not there
  json::value new_value;  // null: the field is gone
};

// What differs between two versions of a finding, top-level timestamps apart (as AWS's history does).
std::vector<Change> changes_between(const json::object& before, const json::object& after);

// {UpdatedField, OldValue, NewValue}; values that are no strings as JSON text; absent where there was or is none.
json::object history_update(const Change& change);

}  // namespace tocsin::asff
