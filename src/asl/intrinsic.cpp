#include "asl/detail/intrinsic.h"

#include <cmath>

#include <fmt/format.h>

#include "asl/history.h"

namespace tocsin::asl {
namespace {

bool is_array_function(Function function) {
  switch (function) {
    case Function::array:
    case Function::array_partition:
    case Function::array_contains:
    case Function::array_range:
    case Function::array_get_item:
    case Function::array_length:
    case Function::array_unique:
      return true;
    default:
      return false;
  }
}

std::unexpected<Failure> call_failed(const Intrinsic& call, std::string error, std::string_view why) {
  return fail_state(std::move(error), fmt::format("The function '{}' had the following error: {}", call.text, why));
}

}  // namespace

Result<std::int64_t> integer_argument(const Arguments& arguments, std::size_t index) {
  const auto& value = arguments[index];
  if (const auto* number = value.if_int64()) return *number;
  if (const auto* number = value.if_double()) {
    const double rounded = std::floor(*number + 0.5);
    if (std::fabs(rounded) < 9.2e18) return static_cast<std::int64_t>(rounded);
  }
  return fail(ErrorCode::validation,
              fmt::format("argument {} must be an integer, but was: {}", index + 1, to_text(value).substr(0, 200)));
}

Outcome<json::value> call_intrinsic(const Intrinsic& call, const json::value& input, Scope& scope) {
  Arguments arguments;
  arguments.reserve(call.arguments.size());
  for (const auto& argument : call.arguments) {
    if (const auto* constant = std::get_if<json::value>(&argument)) {
      arguments.push_back(*constant);
      continue;
    }
    const auto& expression = std::get<Expression>(argument);
    auto value = evaluate(expression, input, scope, "");
    if (!value) {
      if (!std::holds_alternative<PathExpression>(expression)) return value;
      const auto& path = std::get<PathExpression>(expression);
      const auto& document = path.root == PathExpression::Root::context ? scope.context() : input;
      return call_failed(call, "States.Runtime",
                         fmt::format("The JsonPath argument for the field '{}' could not be found in the input '{}'",
                                     path.text, to_text(document)));
    }
    arguments.push_back(std::move(*value));
  }
  auto result = is_array_function(call.function) ? call_array_function(call.function, arguments)
                                                 : call_text_function(call.function, arguments, scope.random());
  if (!result) return call_failed(call, "States.IntrinsicFailure", result.error().message);
  return std::move(*result);
}

}  // namespace tocsin::asl
