// What an operator can set about executions.
#pragma once

#include <chrono>

namespace tocsin::workflows {

struct Limits {
  std::chrono::seconds retention = std::chrono::days{90};  // history of a finished execution is kept so long
  // A task whose definition gives no TimeoutSeconds fails with States.Timeout after this time.
  std::chrono::seconds task_deadline = std::chrono::days{30};
  // An execution with such a task counts as stuck after this time.
  std::chrono::seconds stuck_after = std::chrono::days{1};
};

}  // namespace tocsin::workflows
