// Runs the cases of tests/conformance/asl, which are ours, and the recordings of AWS where a developer has them beside
// the checkout (TOCSIN_SHARED_DIR/conformance/asl). Prints a table of scores; each file has a floor, and what is missed
// beyond the accepted misses fails.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "asl/asl.h"
#include "asl/state_test.h"
#include "core/json.h"
#include "jsonpath/jsonpath.h"
#include "simulation/cases.h"

namespace tocsin::asl {

using simulation::run_case;
using simulation::SimulationOptions;

namespace {

namespace fs = std::filesystem;

std::vector<json::object> read_lines(const fs::path& path) {
  std::vector<json::object> rows;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (line.empty()) continue;
    auto row = parse_json_object(line);
    EXPECT_TRUE(row) << path << ": " << row.error().message;
    if (row) rows.push_back(std::move(*row));
  }
  return rows;
}

bool is_jsonata(const json::object& row) {
  const auto* definition = row.if_contains("definition");
  return definition && to_json(*definition).find("JSONata") != std::string::npos;
}

// Recorded resources of activities and functions were made anonymous: "placeholder" is no ARN. The history tells what
// it was.
void restore_resources(json::object& row) {
  const auto* history = row.if_contains("history");
  const bool activity = history && to_json(*history).find("Activity") != std::string::npos;
  const std::string arn = activity ? "arn:aws:states:us-east-1:111111111111:activity:placeholder"
                                   : "arn:aws:lambda:us-east-1:111111111111:function:placeholder";
  auto* mocks = row.if_contains("mocks");
  if (!mocks || !mocks->is_object() || !mocks->get_object().contains("placeholder")) return;
  auto answers = mocks->get_object().at("placeholder");
  mocks->get_object()[arn] = std::move(answers);
  mocks->get_object().erase("placeholder");
  for (auto& state : row.at("definition").at("States").get_object()) {
    auto& fields = state.value().get_object();
    if (string_at(fields, "Resource") == "placeholder") fields["Resource"] = arn;
  }
}

// What the recorder put in the place of names and ids.
SimulationOptions recorded_names() {
  SimulationOptions options;
  options.context = {
      .execution_arn = "arn:aws:states:us-east-1:111111111111:execution:<ArnPart_0idx>:<ExecArnPart_0idx>",
      .execution_name = "<ExecArnPart_0idx>",
      .role_arn = "arn:aws:iam::111111111111:role/sfn-role",
      .state_machine_arn = "arn:aws:states:us-east-1:111111111111:stateMachine:<ArnPart_0idx>",
      .state_machine_name = "<ArnPart_0idx>"};
  return options;
}

// Cases that are missed, each with the reason. Nothing else may be.
const std::map<std::string, std::string_view> accepted_misses = {
    {"localstack/scenarios/test_base_scenarios::TestBaseScenarios::test_parallel_state_nested",
     "history: the recorder dropped the inner state's ParallelStateExited when it sorted the events of branches"},
    {"localstack/assign/test_assign_base::TestAssignBase::test_base_cases[BASE_PATHS]",
     "history: the whole context object is assigned, whose times the recorder replaced by 'date'"},
    {"localstack/assign/test_assign_reference_variables::TestAssignReferenceVariables::"
     "test_assign_from_value[BASE_ASSIGN_FROM_INTRINSIC_FUNCTION]",
     "history: a random UUID is assigned"},
};

json::value to_wire(const std::vector<Diagnostic>& diagnostics) {
  json::array list;
  for (const auto& diagnostic : diagnostics)
    list.push_back({{"code", diagnostic.code},
                    {"location", diagnostic.location ? json::value(*diagnostic.location) : json::value()},
                    {"message", diagnostic.message},
                    {"severity", diagnostic.severity == Severity::error ? "ERROR" : "WARNING"}});
  return list;
}

struct Score {
  int cases = 0, passed = 0, jsonata = 0, causes = 0, causes_right = 0, histories = 0, histories_right = 0;
};

Score run_file(const fs::path& path, const SimulationOptions& options) {
  Score score;
  for (auto& row : read_lines(path)) {
    if (is_jsonata(row)) {
      ++score.jsonata;
      continue;
    }
    restore_resources(row);
    const auto result = run_case(row, options);
    ++score.cases;
    score.passed += result.passed;
    score.causes += result.cause.has_value();
    score.causes_right += result.cause.value_or(false);
    score.histories += result.history.has_value();
    score.histories_right += result.history.value_or(false);
    const bool right = result.passed && result.cause.value_or(true) && result.history.value_or(true);
    if (!right && accepted_misses.contains(result.name))
      fmt::print("  accepted miss: {}: {}\n", result.name, accepted_misses.at(result.name));
    EXPECT_TRUE(right || accepted_misses.contains(result.name))
        << result.name << "\n  " << fmt::to_string(fmt::join(result.notes, "\n  "));
  }
  fmt::print("{:<36} {:>5} {:>5}/{:<5} {:>5}/{:<5} {:>5}/{:<5} {:>5}\n", path.filename().string(), score.cases,
             score.passed, score.cases, score.causes_right, score.causes, score.histories_right, score.histories,
             score.jsonata);
  return score;
}

void print_head() {
  fmt::print("{:<36} {:>5} {:>11} {:>11} {:>11} {:>5}\n", "file", "cases", "outcome", "cause", "history",
             "JSONata, not run");
}

TEST(Conformance, OwnCases) {
  const fs::path folder = fs::path(TOCSIN_SOURCE_DIR) / "tests/conformance/asl";
  ASSERT_TRUE(fs::is_directory(folder));
  print_head();
  for (const auto& entry : fs::directory_iterator(folder)) {
    const auto name = entry.path().filename().string();
    if (!name.ends_with(".jsonl") || name.starts_with("definitions")) continue;
    EXPECT_GT(run_file(entry.path(), {}).cases, 0) << name;
  }
}

TEST(Conformance, RecordedExecutions) {
  const fs::path folder = fs::path(TOCSIN_SHARED_DIR) / "conformance/asl";
  if (!fs::is_directory(folder)) GTEST_SKIP() << "the recorded cases are not there: " << folder;
  const struct {
    const char* file;
    int floor;
  } files[] = {{"aws-choice.jsonl", 247},    {"aws-flow.jsonl", 65},
               {"aws-intrinsics.jsonl", 67}, {"aws-jsonata-and-variables.jsonl", 20},
               {"aws-tasks.jsonl", 59},      {"spec-cases.jsonl", 74}};
  print_head();
  for (const auto& [file, floor] : files) {
    const auto score = run_file(folder / file, recorded_names());
    EXPECT_GE(score.passed, floor) << file;
  }
}

// Resources that are no ARN are taken by the specification and refused by the service, which we follow. Such samples
// test something else, so they get an ARN.
void give_arns(json::value& value, bool activity) {
  if (auto* array = value.if_array())
    for (auto& element : *array) give_arns(element, activity);
  auto* object = value.if_object();
  if (!object) return;
  for (auto& member : *object) give_arns(member.value(), activity);
  auto* resource = object->if_contains("Resource");
  if (resource && resource->is_string() && !resource->get_string().starts_with("arn:"))
    *resource = activity ? "arn:aws:states:us-east-1:111111111111:activity:a"
                         : "arn:aws:lambda:us-east-1:111111111111:function:f";
}

void run_definitions(const fs::path& path, bool valid) {
  int right = 0, cases = 0, jsonata = 0, messages = 0, messages_right = 0;
  for (auto& row : read_lines(path)) {
    if (is_jsonata(row) && !string_at(row, "name").starts_with("jsonata")) {
      ++jsonata;
      EXPECT_FALSE(parse(to_json(row.at("definition")), Kind::standard).definition);
      continue;
    }
    const auto name = string_at(row, "name");
    if (bool_at(row, "resource_not_arn")) give_arns(row.at("definition"), name.find("activity") != name.npos);
    const auto* definition = row.if_contains("definition");
    const auto text = definition ? to_json(*definition) : std::string(string_at(row, "definition_text"));
    const auto parsed = parse(text, string_at(row, "type") == "EXPRESS" ? Kind::express : Kind::standard);
    const auto message = to_message(parsed.diagnostics);
    const bool as_expected = (parsed.definition != nullptr) == valid;
    ++cases;
    right += as_expected;
    EXPECT_TRUE(as_expected) << name << "\n  " << text << "\n  " << message;
    if (const auto expected = string_at(row, "message"); !expected.empty()) {
      ++messages;
      messages_right += message.find(expected) != message.npos;
      EXPECT_NE(message.find(expected), message.npos) << name << "\n  " << message << "\n  " << expected;
    }
    const bool recorded = row.contains("diagnostics");
    if (recorded) {
      EXPECT_EQ(to_wire(parsed.diagnostics), row.at("diagnostics")) << name;
    }
  }
  fmt::print("{}: {}/{} as expected, messages {}/{}, in JSONata and so refused: {}\n", path.filename().string(), right,
             cases, messages_right, messages, jsonata);
}

// The parts of an expected TestState answer. Inspection data comes as text; the recordings have objects parsed.
bool same_answer(const json::object& expected, const StateTestResult& result) {
  const auto text = [](const std::optional<std::string>& value) {
    return value ? json::value(json::string(*value)) : json::value();
  };
  const auto wanted = [&](std::string_view field) {
    const auto* value = expected.if_contains(field);
    return value ? *value : json::value();
  };
  bool same = string_at(expected, "status") == to_string(result.status) && wanted("error") == text(result.error) &&
              wanted("cause") == text(result.cause) && wanted("nextState") == text(result.next_state);
  same = same && (!expected.contains("output") || (result.output && jsonpath::equal(wanted("output"), *result.output)));
  const auto* inspection = expected.if_contains("inspectionData");
  if (!same || !inspection) return same;
  if (inspection->get_object().size() != result.inspection.size()) return false;
  for (const auto& [field, value] : inspection->get_object()) {
    const auto* given = result.inspection.if_contains(field);
    if (!given) return false;
    const bool is_text = given->is_string();
    const auto parsed = is_text ? *parse_json(given->get_string()) : *given;
    const auto expected_value = value.is_string() && is_text ? *parse_json(value.get_string()) : value;
    if (!jsonpath::equal(expected_value, parsed)) return false;
  }
  return true;
}

TEST(Conformance, RecordedStateTests) {
  const auto file = fs::path(TOCSIN_SHARED_DIR) / "conformance/asl/aws-teststate.jsonl";
  if (!fs::exists(file)) GTEST_SKIP() << "the recorded state tests are not there: " << file;
  int cases = 0, right = 0, jsonata = 0;
  SeededRandom random{1};
  for (const auto& row : read_lines(file)) {
    if (is_jsonata(row)) {
      ++jsonata;
      continue;
    }
    StateTest test;
    test.definition = to_json(row.at("definition"));
    if (const auto* name = row.if_contains("stateName")) test.state_name = std::string_view(name->get_string());
    test.input = row.contains("input") ? row.at("input") : json::value(json::object());
    if (const auto* context = row.if_contains("context")) test.context = context->get_object();
    if (const auto* variables = row.if_contains("variables")) test.variables = variables->get_object();
    test.failed_items = integer_at(row, "stateConfiguration.mapIterationFailureCount");
    test.retries_used = integer_at(row, "stateConfiguration.retrierRetryCount");
    if (const auto* mock = row.if_contains("mock")) {
      StateOutcome outcome;
      if (const auto* result = find(*mock, "result")) outcome.result = *parse_json(result->get_string());
      outcome.error = string_at(mock->get_object(), "errorOutput.error");
      outcome.cause = string_at(mock->get_object(), "errorOutput.cause");
      test.mock = std::move(outcome);
    }
    const auto result = test_state(test, from_microseconds(0), random);
    auto expected = row.at("expect").get_object();
    if (row.contains("ignore")) expected.erase("output");
    ++cases;
    const bool same = result && same_answer(expected, *result);
    right += same;
    EXPECT_TRUE(same) << string_at(row, "name") << "\n  " << to_json(row.at("expect")) << "\n  "
                      << (result ? to_json(result->inspection) + result->cause.value_or("") : result.error().message);
  }
  fmt::print("aws-teststate.jsonl: {}/{} as recorded, in JSONata and not run: {}\n", right, cases, jsonata);
}

TEST(Conformance, OwnDefinitions) {
  const fs::path folder = fs::path(TOCSIN_SOURCE_DIR) / "tests/conformance/asl";
  run_definitions(folder / "definitions-valid.jsonl", true);
  run_definitions(folder / "definitions-invalid.jsonl", false);
}

TEST(Conformance, RecordedDefinitions) {
  const fs::path folder = fs::path(TOCSIN_SHARED_DIR) / "conformance/asl";
  if (!fs::is_directory(folder)) GTEST_SKIP() << "the recorded definitions are not there: " << folder;
  run_definitions(folder / "definitions-valid.jsonl", true);
  run_definitions(folder / "definitions-invalid.jsonl", false);
}

}  // namespace
}  // namespace tocsin::asl
