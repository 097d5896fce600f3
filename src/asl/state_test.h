// test_state(): runs one state and shows how its data flows, as the TestState operation does.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "asl/asl.h"
#include "asl/definition.h"

namespace tocsin::asl {

// What a task (or the whole of a Parallel or Map) is taken to give.
struct StateOutcome {
  std::optional<json::value> result = {};
  std::string error = {}, cause = {};  // where there is no result
};

// A state with the machine that it is in.
struct TestedState {
  DefinitionPtr definition;
  const State* state = nullptr;  // part of `definition`
};
// Reads one state (whose targets need not exist), or a machine in which `name` says which state is meant, wherever it
// is nested. Errors: validation with aws_code InvalidDefinition, where the definition is wrong; with
// ValidationException, where the state is not in it.
Result<TestedState> read_tested_state(std::string_view definition, const std::optional<std::string>& name);

struct StateTest {
  TestedState tested;
  json::value input;
  std::optional<json::object> context;  // the context object; none: one that is made up
  json::object variables;
  std::optional<StateOutcome> mock;
  // Performs a task for which there is no mock. Without it such a task is an error of the test.
  std::function<StateOutcome(const ScheduleTask&)> perform;
  std::int64_t retries_used = 0;  // stateConfiguration.retrierRetryCount
  std::int64_t failed_items = 0;  // mapIterationFailureCount
};

enum class TestStatus { succeeded, failed, retriable, caught_error };
// "SUCCEEDED", "FAILED", "RETRIABLE", "CAUGHT_ERROR".
std::string_view to_string(TestStatus status);

struct StateTestResult {
  TestStatus status = TestStatus::failed;
  std::optional<json::value> output;
  std::optional<std::string> error, cause;
  std::optional<std::string> next_state;
  // InspectionData of the API: texts of JSON (input, afterInputPath, afterParameters, result, …), numbers,
  // errorDetails.
  json::object inspection;
};

// Error: validation, where neither a mock nor `perform` is there for a task.
Result<StateTestResult> test_state(const StateTest& test, Time now, Random& random);

}  // namespace tocsin::asl
