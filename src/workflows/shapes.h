// What workflow tasks need to know of the services' models: a task's parameters and results are in PascalCase whatever
// the API's own names are, text members take any JSON, and errors bear the names of exceptions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/json.h"
#include "core/result.h"

namespace tocsin::workflows {

class Shapes {
 public:
  virtual ~Shapes() = default;

  // Parameters of a task as the operation's own document, validated. Error: validation, with the service's own error
  // name where its front has one.
  virtual Result<json::object> to_operation(std::string_view service, std::string_view operation,
                                            const json::object& parameters) const = 0;
  // The operation's answer as the task's result.
  virtual json::object to_task(std::string_view service, std::string_view operation, json::object answer) const = 0;

  // What does not fit the operation's model in a task's result, in the words of TestState; nothing where all fits.
  // `is_strict`: required members must be there.
  virtual std::optional<std::string> result_problem(std::string_view, std::string_view, const json::value&,
                                                    bool) const {
    return std::nullopt;
  }

  struct Exception {
    std::string name;  // the model's ("ResourceNotFoundException"); empty where the model has none
    std::string code;  // as on the wire
    int status = 400;  // of HTTP
  };
  virtual Exception exception(std::string_view service, const Error& error) const = 0;
};

}  // namespace tocsin::workflows
