#include <fmt/format.h>

#include "asl/history.h"
#include "diagram/graph.h"

namespace tocsin::diagram {
namespace {

std::string_view operator_of(asl::Comparison comparison) {
  switch (comparison) {
    case asl::Comparison::equals:
      return "=";
    case asl::Comparison::less:
      return "<";
    case asl::Comparison::greater:
      return ">";
    case asl::Comparison::less_equals:
      return "≤";
    case asl::Comparison::greater_equals:
      return "≥";
    case asl::Comparison::matches:
      return "matches";
    case asl::Comparison::is_null:
      return "null";
    case asl::Comparison::is_present:
      return "present";
    case asl::Comparison::is_numeric:
      return "a number";
    case asl::Comparison::is_string:
      return "a string";
    case asl::Comparison::is_boolean:
      return "a boolean";
    case asl::Comparison::is_timestamp:
      return "a timestamp";
  }
  return "";
}

std::string comparison_text(const asl::Condition& condition) {
  const auto sign = operator_of(condition.comparison);
  if (condition.comparison >= asl::Comparison::is_null) {
    const bool holds = !condition.constant.is_bool() || condition.constant.get_bool();
    return fmt::format("{} is {}{}", condition.variable.text, holds ? "" : "not ", sign);
  }
  return fmt::format("{} {} {}", condition.variable.text, sign,
                     condition.path ? condition.path->text : asl::to_text(condition.constant));
}

std::string joined(const asl::Condition& condition, std::string_view word) {
  std::string text;
  for (const auto& part : condition.parts) {
    const bool nested = part.kind == asl::Condition::Kind::all_of || part.kind == asl::Condition::Kind::any_of;
    text += fmt::format("{}{}{}{}", text.empty() ? "" : fmt::format(" {} ", word), nested ? "(" : "",
                        condition_text(part), nested ? ")" : "");
  }
  return text;
}

}  // namespace

std::string condition_text(const asl::Condition& condition) {
  switch (condition.kind) {
    case asl::Condition::Kind::comparison:
      return comparison_text(condition);
    case asl::Condition::Kind::all_of:
      return joined(condition, "and");
    case asl::Condition::Kind::any_of:
      return joined(condition, "or");
    case asl::Condition::Kind::negation:
      return fmt::format("not ({})", condition.parts.empty() ? "" : condition_text(condition.parts.front()));
  }
  return {};
}

}  // namespace tocsin::diagram
