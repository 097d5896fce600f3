#include "asl/expression.h"

#include <fmt/format.h>

#include "asl/detail/intrinsic.h"
#include "asl/history.h"

namespace tocsin::asl {
namespace {

// The document that a path reads, or as much of it as the path needs; null with the reason where there is none.
const json::value* document_of(const PathExpression& path, const json::value& input, Scope& scope, std::string& why) {
  switch (path.root) {
    case PathExpression::Root::input:
      return &input;
    case PathExpression::Root::context:
      return &scope.context_for(path.path);
    case PathExpression::Root::variable:
      break;
  }
  const auto* value = scope.variable(path.variable);
  if (!value) why = fmt::format("The variable '${}' is not set", path.variable);
  return value;
}

Outcome<json::value> read(const PathExpression& path, const json::value& input, Scope& scope) {
  std::string why;
  const auto* document = document_of(path, input, scope, why);
  if (!document) return fail_state("States.Runtime", std::move(why));
  auto value = path.path.evaluate(*document);
  if (!value) return fail_state("States.Runtime", std::move(value.error().message));
  return std::move(*value);
}

}  // namespace

const json::value* find(const PathExpression& path, const json::value& input, Scope& scope, std::string& why) {
  const auto* document = document_of(path, input, scope, why);
  if (!document) return nullptr;
  const auto found = path.path.find(*document);
  if (found) return *found;
  why = found.error().message;
  return nullptr;
}

Outcome<json::value> evaluate(const PathExpression& path, const json::value& input, Scope& scope) {
  auto value = read(path, input, scope);
  if (!value)
    return fail_state("States.Runtime", fmt::format("Invalid path '{}' : {}", path.text, value.error().cause));
  return value;
}

Outcome<json::value> evaluate(const Expression& expression, const json::value& input, Scope& scope,
                              std::string_view field) {
  if (const auto* call = std::get_if<std::shared_ptr<const Intrinsic>>(&expression))
    return call_intrinsic(**call, input, scope);
  const auto& path = std::get<PathExpression>(expression);
  auto value = read(path, input, scope);
  if (value) return value;
  std::string why;
  const auto* document =
      path.root == PathExpression::Root::context ? &scope.context() : document_of(path, input, scope, why);
  return fail_state("States.Runtime",
                    fmt::format("The JSONPath '{}' specified for the field '{}' could not be found in the input '{}'",
                                path.text, field, document ? to_text(*document) : "{}"));
}

Outcome<json::value> evaluate(const Template& payload, const json::value& input, Scope& scope) {
  if (const auto* constant = std::get_if<json::value>(&payload.form)) return *constant;
  if (const auto* field = std::get_if<Template::Evaluated>(&payload.form))
    return evaluate(field->expression, input, scope, field->field);
  if (const auto* members = std::get_if<Template::Members>(&payload.form)) {
    json::object object;
    object.reserve(members->names.size());
    for (std::size_t i = 0; i < members->names.size(); ++i) {
      auto value = evaluate(members->values[i], input, scope);
      if (!value) return value;
      object[members->names[i]] = std::move(*value);
    }
    return json::value(std::move(object));
  }
  json::array array;
  for (const auto& element : std::get<std::vector<Template>>(payload.form)) {
    auto value = evaluate(element, input, scope);
    if (!value) return value;
    array.push_back(std::move(*value));
  }
  return json::value(std::move(array));
}

}  // namespace tocsin::asl
