// What a Task state can call: built-in functions by ARN and through lambda:invoke, and every operation that the
// program's own API serves (aws-sdk:… and the optimised integrations), each inside the caller's transaction.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "asl/asl.h"
#include "asl/resource.h"
#include "core/identity.h"
#include "service/service.h"
#include "workflows/sdk_names.h"
#include "workflows/shapes.h"

namespace tocsin::workflows {

inline constexpr std::string_view http_invoke = "http:invoke";

// A task that failed, as Retry and Catch see it.
struct TaskFailure {
  std::string error;  // "Lambda.Unknown", "SNS.NotFoundException", …
  std::string cause;
};
using TaskOutcome = std::variant<json::value, TaskFailure>;

// Invokes a function by ARN or name: its answer, or {errorType, errorMessage} as a TaskFailure.
using InvokeFunction =
    std::function<TaskOutcome(store::Transaction&, std::string_view function, const json::value& payload)>;

class Tasks {
 public:
  // Without `shapes`, parameters and results pass as they are.
  Tasks(Identity identity, InvokeFunction invoke, const service::Directory& directory, const Shapes* shapes = nullptr);

  // True if `resource` names something that can be called here, with whatever suffix.
  bool knows(std::string_view resource) const;
  // What is wrong with the resources of a definition's tasks: those that nothing here serves, worded as Step Functions
  // words unknown ones.
  std::vector<asl::Diagnostic> check(const asl::Definition& definition) const;
  // What does not fit the operation's model in a result that is taken for the task's (a mock), or nothing; `is_strict`:
  // also what the model requires and is not there.
  std::optional<std::string> check_result(std::string_view resource, const json::value& result, bool is_strict) const;
  // Calls it. What a failing call wrote is rolled back. `depth`: service::Call's.
  TaskOutcome perform(store::Transaction& transaction, std::string_view resource, const json::value& input,
                      int depth = 0) const;

  // The same conversions for what is not called through perform(): parameters in, result and failure out.
  Result<json::object> to_operation(std::string_view service, std::string_view operation,
                                    const json::object& parameters) const;
  json::object to_task(std::string_view service, std::string_view operation, json::object answer) const;
  TaskFailure failure(store::Transaction& transaction, const OperationName& name, const Error& error) const;

 private:
  bool is_here(const asl::Resource& resource) const;
  TaskOutcome invoke_through_lambda(store::Transaction& transaction, const json::value& input) const;
  TaskOutcome call_operation(store::Transaction& transaction, std::string_view integration, const json::value& input,
                             int depth) const;

  Identity identity_;
  InvokeFunction invoke_;
  const service::Directory& directory_;
  const Shapes* shapes_;
  service::Caller caller_;
};

}  // namespace tocsin::workflows
