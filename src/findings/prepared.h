// Findings that are checked, merged into nothing and laid out for the store: all that can be done beside the committer.
#pragma once

#include <string>
#include <vector>

#include "core/json.h"
#include "findings/detail/columns.h"

namespace tocsin::findings {

struct PreparedFinding {
  asff::FindingKey key;
  detail::Columns columns;
  std::string text;  // the finding as it is stored and announced if it is new
  std::string body;  // the same, compressed
};

struct PreparedBatch {
  std::vector<PreparedFinding> findings;
  json::array failed;  // FailedFindings
  std::string by;      // ARN of who imports
};

}  // namespace tocsin::findings
