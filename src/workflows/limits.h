// What an operator can set about executions.
#pragma once

#include <chrono>
#include <cstddef>

namespace tocsin::workflows {

struct Limits {
  std::chrono::seconds retention = std::chrono::days{90};  // history of a finished execution is kept so long
  // A task whose definition gives no TimeoutSeconds fails with States.Timeout after this time.
  std::chrono::seconds task_deadline = std::chrono::days{30};
  // How many executions may stand one above the other, each started by a task of the one before. AWS has no such bound;
  // Lambda stops a loop after 16 rounds.
  int nesting_max = 50;
  // An execution that has run for so long before it starts another without waiting for it begins a new count: machines
  // that go on as a new execution now and then do so on purpose.
  std::chrono::seconds nesting_forgotten_after = std::chrono::minutes{10};
  // An execution with such a task counts as stuck after this time.
  std::chrono::seconds stuck_after = std::chrono::days{1};
  // An execution whose state is longer, as text, is stored as a snapshot and a journal of what happened since.
  std::size_t journal_from_bytes = 16 * 1024;
  // The journal is replaced by a new snapshot when it is longer than this and than the snapshot.
  std::size_t journal_bytes_min = 16 * 1024;
  // Memory for the states of such executions, about; without them each happening reads snapshot and journal.
  std::size_t cached_states_bytes_max = 128u << 20;
};

}  // namespace tocsin::workflows
