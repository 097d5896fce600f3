// Cases of one state, as the TestState operation runs it: with a mock in the place of its task.
#include <fmt/format.h>

#include "asl/state_test.h"
#include "simulation/case_parts.h"
#include "simulation/difference.h"

namespace tocsin::simulation {
namespace {

Result<asl::StateTest> read_test(json::object& described) {
  asl::StateTest test;
  std::optional<std::string> state_name;
  if (const auto name = string_at(described, "stateName"); !name.empty()) state_name = name;
  auto tested = asl::read_tested_state(definition_text(described), state_name);
  if (!tested) return pass_on(tested);
  test.tested = std::move(*tested);
  test.input = described.contains("input") ? described.at("input") : json::value(json::object());
  if (const auto* context = described.if_contains("context")) test.context = context->get_object();
  if (const auto* variables = described.if_contains("variables")) test.variables = variables->get_object();
  test.failed_items = integer_at(described, "stateConfiguration.mapIterationFailureCount");
  test.retries_used = integer_at(described, "stateConfiguration.retrierRetryCount");
  if (find(described, "stateConfiguration.mapItemReaderData"))
    return fail(ErrorCode::validation, "stateConfiguration.mapItemReaderData: ItemReader is not supported");
  if (const auto* mock = described.if_contains("mock")) {
    asl::StateOutcome outcome;
    if (const auto* result = find(*mock, "result")) {
      auto value = parse_json(result->get_string());
      if (!value)
        return fail(ErrorCode::validation, fmt::format("mock.result must be JSON as text: {}", value.error().message));
      outcome.result = std::move(*value);
    }
    outcome.error = string_at(mock->get_object(), "errorOutput.error");
    outcome.cause = string_at(mock->get_object(), "errorOutput.cause");
    test.mock = std::move(outcome);
  }
  return test;
}

json::value text_or_null(const std::optional<std::string>& text) {
  return text ? json::value(json::string(*text)) : json::value();
}

// Inspection data comes as text; an expectation may have it as that text or as the document.
json::object inspected(const json::object& given, const json::value* wanted) {
  json::object shown;
  for (const auto& [field, value] : given) {
    shown[field] = value;
    const auto* other = wanted ? find(*wanted, std::string_view(field)) : nullptr;
    if (!value.is_string() || (other && other->is_string())) continue;
    if (auto document = parse_json(value.get_string())) shown[field] = std::move(*document);
  }
  return shown;
}

// The answer as the expectation shows it: error and cause are there or must not be, the others where they are expected.
json::object to_expectation(const asl::StateTestResult& result, const json::object& expected) {
  json::object answer{{"status", asl::to_string(result.status)},
                      {"error", text_or_null(result.error)},
                      {"cause", text_or_null(result.cause)},
                      {"nextState", text_or_null(result.next_state)}};
  if (expected.contains("output")) answer["output"] = result.output ? *result.output : json::value();
  if (const auto* wanted = expected.if_contains("inspectionData"))
    answer["inspectionData"] = inspected(result.inspection, wanted);
  return answer;
}

}  // namespace

CaseResult run_state_case(json::object& described, const SimulationOptions& options) {
  CaseResult result;
  const auto test = read_test(described);
  SeededRandom random{options.seed};
  const auto tested = test ? asl::test_state(*test, options.start, random) : std::unexpected(test.error());
  if (!tested) {
    // What is wrong with the definition is the case's failure; what is wrong with the case is its own.
    if (asl::refuses_jsonata(tested.error().message))
      result.unusable = std::string(jsonata_message);
    else if (!test && test.error().aws_code.empty())
      result.unusable = test.error().message;
    else
      result.notes.push_back(tested.error().message);
    return result;
  }
  json::object expected = described.at("expect").get_object();
  for (const auto* field : {"error", "cause", "nextState"})
    if (!expected.contains(field)) expected[field] = nullptr;
  json::value given = json::object{{"expect", to_expectation(*tested, expected)}};
  json::value wanted = json::object{{"expect", std::move(expected)}};
  if (const auto* ignored = described.if_contains("ignore"))
    for (const auto& pointer : ignored->get_array())
      for (auto* document : {&wanted, &given})
        if (auto* place = place_of(*document, pointer.get_string())) *place = nullptr;
  result.notes = differences(wanted.at("expect"), given.at("expect"), "expect");
  result.passed = result.notes.empty();
  return result;
}

}  // namespace tocsin::simulation
