// TestState: runs one state as the service would, with a mock, or really through the tasks.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "service/service.h"
#include "workflows/outside.h"
#include "workflows/tasks.h"

namespace tocsin::workflows {

inline constexpr std::string_view state_test_prefix = "state-test/";

// What the outside calls of tests brought back. In memory only: with revealSecrets it holds the request as it was sent,
// Authorization and all, and whoever waits for it is gone when the process is.
class StateTestResults {
 public:
  // `key` begins with state_test_prefix. Wakes the test.
  void keep(store::Transaction& transaction, const std::string& key, const OutsideResult& result);
  std::optional<json::object> find(const std::string& key) const;
  void forget(const std::string& key);
  std::size_t size() const;

 private:
  struct Kept {
    Time since;
    json::object result;
  };
  mutable std::mutex mutex_;
  std::map<std::string, Kept> kept_;
};

// The operation. A state whose task reaches outside is answered when the call has come back: until then the operation
// waits, holding no thread.
service::Operation state_test_operation(const Tasks& tasks, StateTestResults& results);

}  // namespace tocsin::workflows
