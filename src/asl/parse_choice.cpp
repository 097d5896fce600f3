#include <array>

#include <fmt/format.h>

#include "asl/detail/reader.h"
#include "core/time_format.h"

namespace tocsin::asl {
namespace {

constexpr int nesting_max = 50;

struct Test {
  Operand operand;
  Comparison comparison;
  bool is_path;
};

// "StringLessThanEqualsPath" → string, less_equals, path. Nothing, where the field is no comparison.
std::optional<Test> test_of(std::string_view field) {
  constexpr std::pair<std::string_view, Comparison> checks[] = {
      {"IsNull", Comparison::is_null},       {"IsPresent", Comparison::is_present},
      {"IsNumeric", Comparison::is_numeric}, {"IsString", Comparison::is_string},
      {"IsBoolean", Comparison::is_boolean}, {"IsTimestamp", Comparison::is_timestamp}};
  for (const auto& [name, comparison] : checks)
    if (field == name) return Test{Operand::any, comparison, false};
  if (field == "StringMatches") return Test{Operand::string, Comparison::matches, false};
  const bool is_path = field.ends_with("Path");
  if (is_path) field.remove_suffix(4);
  constexpr std::pair<std::string_view, Operand> operands[] = {{"String", Operand::string},
                                                               {"Numeric", Operand::numeric},
                                                               {"Timestamp", Operand::timestamp},
                                                               {"Boolean", Operand::boolean}};
  constexpr std::pair<std::string_view, Comparison> comparisons[] = {{"Equals", Comparison::equals},
                                                                     {"LessThan", Comparison::less},
                                                                     {"GreaterThan", Comparison::greater},
                                                                     {"LessThanEquals", Comparison::less_equals},
                                                                     {"GreaterThanEquals", Comparison::greater_equals}};
  for (const auto& [operand_name, operand] : operands) {
    if (!field.starts_with(operand_name)) continue;
    for (const auto& [name, comparison] : comparisons)
      if (field.substr(operand_name.size()) == name &&
          (operand != Operand::boolean || comparison == Comparison::equals))
        return Test{operand, comparison, is_path};
  }
  return std::nullopt;
}

void check_constant(Reader& rule, std::string_view field, const Test& test, const json::value& value) {
  switch (test.operand) {
    case Operand::string:
      if (!value.is_string()) rule.wrong(field, "Expected value of type String");
      break;
    case Operand::numeric:
      if (!value.is_number()) rule.wrong(field, "Expected value of type Number");
      break;
    case Operand::boolean:
    case Operand::any:
      if (!value.is_bool()) rule.wrong(field, "Expected value of type Boolean");
      break;
    case Operand::timestamp:
      if (!value.is_string() || !parse_rfc3339(value.get_string()))
        rule.wrong(field, "String does not match RFC3339 timestamp");
      break;
  }
}

Condition read_condition(Reader& rule, const json::object& object, int depth);

std::vector<Condition> read_parts(Reader& rule, std::string_view field, int depth) {
  std::vector<Condition> parts;
  const auto* array = rule.take_array(field);
  if (!array) return parts;
  if (array->empty()) rule.wrong(field, "Value cannot be empty");
  for (std::size_t i = 0; i < array->size(); ++i) {
    const auto location = fmt::format("{}[{}]", rule.below(field), i);
    const auto* object = (*array)[i].if_object();
    if (!object) {
      rule.report().schema("Expected value of type Object", location);
      continue;
    }
    Reader part(*object, location, rule.report());
    parts.push_back(read_condition(part, *object, depth + 1));
    part.refuse_others();
  }
  return parts;
}

Condition read_comparison(Reader& rule, const json::object& object) {
  Condition condition;
  if (auto variable = rule.take_path("Variable")) condition.variable = std::move(*variable);
  int found = 0;
  for (const auto& member : object) {
    const auto test = test_of(member.key());
    if (!test) continue;
    const auto* value = rule.take(member.key());
    if (++found > 1) continue;
    condition.operand = test->operand;
    condition.comparison = test->comparison;
    if (test->is_path) {
      condition.path = rule.parse_path_value(*value, member.key());
    } else {
      check_constant(rule, member.key(), *test, *value);
      condition.constant = *value;
    }
  }
  if (found == 0) rule.report().schema("A choice rule must have a comparison", rule.location());
  if (found > 1) rule.report().schema("A choice rule must have only one comparison", rule.location());
  return condition;
}

Condition read_condition(Reader& rule, const json::object& object, int depth) {
  Condition condition;
  rule.take_string("Comment", true);
  if (depth > nesting_max) {
    rule.report().schema("Choice rules are nested too deeply", rule.location());
    return condition;
  }
  const int kinds = rule.has("Variable") + rule.has("And") + rule.has("Or") + rule.has("Not");
  if (kinds != 1) {
    rule.report().schema("A choice rule must have exactly one of these fields: [Variable, And, Or, Not]",
                         rule.location());
    for (const auto* field : {"Variable", "And", "Or", "Not"}) rule.take(field);
    return condition;
  }
  if (rule.has("Variable")) return read_comparison(rule, object);
  if (rule.has("Not")) {
    condition.kind = Condition::Kind::negation;
    if (const auto* inner = rule.take_object("Not")) {
      Reader part(*inner, rule.below("Not"), rule.report());
      condition.parts.push_back(read_condition(part, *inner, depth + 1));
      part.refuse_others();
    }
    return condition;
  }
  const bool all = rule.has("And");
  condition.kind = all ? Condition::Kind::all_of : Condition::Kind::any_of;
  condition.parts = read_parts(rule, all ? "And" : "Or", depth);
  return condition;
}

}  // namespace

std::vector<Rule> read_rules(Reader& state) {
  std::vector<Rule> rules;
  const auto* array = state.take_array("Choices");
  if (!array) {
    if (!state.has("Choices")) state.missing({"Choices"});
    return rules;
  }
  if (array->empty()) state.wrong("Choices", "Value cannot be empty");
  for (std::size_t i = 0; i < array->size(); ++i) {
    const auto location = fmt::format("{}[{}]", state.below("Choices"), i);
    const auto* object = (*array)[i].if_object();
    if (!object) {
      state.report().schema("Expected value of type Object", location);
      continue;
    }
    Reader reader(*object, location, state.report());
    Rule rule;
    rule.assign = reader.take_assign();
    if (auto next = reader.take_string("Next"))
      rule.next = std::move(*next);
    else if (!reader.has("Next"))
      reader.missing({"Next"});
    rule.condition = read_condition(reader, *object, 0);
    reader.refuse_others();
    rules.push_back(std::move(rule));
  }
  return rules;
}

}  // namespace tocsin::asl
