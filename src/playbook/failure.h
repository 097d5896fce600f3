// Where an execution failed, read from its history: the states around the one that failed, with their items and
// branches, and what it failed with.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "asl/definition.h"
#include "asl/history.h"

namespace tocsin::playbook {

struct FailurePlace {
  std::vector<std::string> states;  // from the outside in: "Each [3]", "Look [branch 1]", "Block"
  std::string error, cause;         // of the innermost; may be empty
  std::string map_run;              // ARN, where a distributed Map failed: the failures are its children's
  // " › " between the states.
  std::string path() const;
};

// The failure that ended the execution. Nothing where it did not fail (or did not fail in a state). `definition` tells
// which branch of a Parallel a state is in; it may be null.
std::optional<FailurePlace> find_failure(const asl::DefinitionPtr& definition,
                                         const std::vector<asl::HistoryEvent>& history);

}  // namespace tocsin::playbook
