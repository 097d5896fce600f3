// TestState: runs one state as the service would, with a mock, or really through the tasks.
#pragma once

#include "service/service.h"
#include "workflows/outside.h"
#include "workflows/tasks.h"

namespace tocsin::workflows {

// The operation. A state whose task reaches outside is answered when the call has come back: until then the operation
// waits, holding no thread.
service::Operation state_test_operation(const Tasks& tasks);

inline constexpr std::string_view state_test_prefix = "state-test/";
// Keeps what an outside call of a test brought back, and wakes the test. `key` begins with state_test_prefix.
void keep_state_test_result(store::Transaction& transaction, const std::string& key, const OutsideResult& result);

}  // namespace tocsin::workflows
