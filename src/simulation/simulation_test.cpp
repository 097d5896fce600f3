#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "simulation/cases.h"
#include "simulation/difference.h"

namespace tocsin::simulation {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::string_view one_task =
    R"({"StartAt":"T","States":{"T":{"Type":"Task","Resource":"arn:aws:lambda:us-east-1:000000000000:function:f",
        "TimeoutSeconds":60,"Retry":[{"ErrorEquals":["States.TaskFailed"],"IntervalSeconds":2}],"End":true}}})";

json::object case_of(std::string_view fields) {
  auto described = *parse_json_object(fmt::format(R"({{"name":"n",{}}})", fields));
  described["definition"] = *parse_json(one_task);
  return described;
}

constexpr std::string_view mocks =
    R"("mocks":{"arn:aws:lambda:us-east-1:000000000000:function:f":[{"error":"E"},{"return":{"a":1,"b":[1,2]}}]})";

TEST(Case, PassesWhereEverythingIsAsExpected) {
  const auto result = run_case(case_of(fmt::format(
      R"({},"status":"SUCCEEDED","output":{{"b":[1,2.0],"a":1}},"expect_delays":[2],"expect_elapsed":2)", mocks)));
  EXPECT_TRUE(result.passed);
  EXPECT_THAT(result.notes, ElementsAre());
}

TEST(Case, SaysWhatDiffers) {
  const auto result = run_case(case_of(fmt::format(
      R"({},"status":"FAILED","output":{{"b":[1],"c":"x"}},"expect_delays":[3],"expect_elapsed":4)", mocks)));
  EXPECT_FALSE(result.passed);
  EXPECT_THAT(result.notes, ElementsAre("status: expected FAILED, was SUCCEEDED", "output/b/1: not expected: 2",
                                        "output/c: expected \"x\", is missing", "output/a: not expected: 1",
                                        "elapsed: expected 4 s, was 2.0 s", "retry delays: expected [3], were [2.0]"));
}

TEST(Case, ShowsHistoriesLineByLine) {
  const auto result = run_case(case_of(fmt::format(
      R"({},"status":"SUCCEEDED","history":[["ExecutionStarted"],["TaskStateEntered","T"],["TaskStateExited","T"]])",
      mocks)));
  EXPECT_EQ(result.history, false);
  EXPECT_THAT(result.notes, ::testing::Contains("    TaskStateEntered T"));
  EXPECT_THAT(result.notes, ::testing::Contains("  + LambdaFunctionScheduled"));
}

TEST(Case, ATaskWithoutAMockIsAProblemNotATimeout) {
  const auto result = run_case(case_of(R"("status":"TIMED_OUT")"));
  EXPECT_FALSE(result.passed);
  ASSERT_FALSE(result.notes.empty());
  EXPECT_THAT(result.notes.front(), HasSubstr("state 'T': there is no mock of arn:aws:lambda"));
  EXPECT_EQ(result.run.status, asl::Status::running);
}

TEST(Case, CountsAnswersAndNamesThoseNeverAskedFor) {
  auto result = run_case(case_of(
      R"("mocks":{"arn:aws:lambda:us-east-1:000000000000:function:f":[{"error":"E"}],"other":[{"return":1}]},"status":"FAILED")"));
  ASSERT_FALSE(result.notes.empty());
  EXPECT_THAT(result.notes.front(), HasSubstr("none of the 1 mocked answers of arn:aws:lambda"));
  EXPECT_THAT(result.warnings, ElementsAre("the mock of other was never called"));
}

TEST(Case, WithoutADefinitionFails) {
  const auto result = run_case(*parse_json_object(R"({"name":"n","status":"SUCCEEDED"})"));
  EXPECT_FALSE(result.passed);
  EXPECT_EQ(result.unusable, "the case has no 'definition'");
}

// What is written wrong is named; nothing is passed over silently.
TEST(Case, ThatIsWrittenWrongSaysWhere) {
  const std::pair<const char*, const char*> wrong[] = {
      {R"("status":"SUCCEEDED","outptu":1)", "there is no member 'outptu' in such a case; 'output' is meant?"},
      {R"("stauts":"SUCCEEDED")", "there is no member 'stauts' in such a case; 'status' is meant?"},
      {R"("status":"SUCCEEDED","expect_delay":[1])",
       "there is no member 'expect_delay' in such a case; 'expect_delays' is meant?"},
      {R"("status":"SUCCEEDED","owner":"me")",
       "there is no member 'owner' in such a case; notes of your own begin with 'x-'"},
      {R"("status":"SUCCEDED")", "the member 'status' must be one of SUCCEEDED, FAILED, TIMED_OUT, not 'SUCCEDED'"},
      {R"("status":"SUCCEEDED","expect_delays":2)", "the member 'expect_delays' must be an array of numbers"},
      {R"("status":"SUCCEEDED","ignore":["output"])", "the member 'ignore' must be an array of JSON pointers"},
      {R"("status":"SUCCEEDED","type":"FAST")", "the member 'type' must be STANDARD or EXPRESS, not 'FAST'"},
      {R"("valid":true,"invalid":true)", "of 'valid' and 'invalid' one must be true"},
      {R"("valid":true,"status":"FAILED")",
       "there is no member 'status' in such a case; notes of your own begin with 'x-'"},
      {R"("expect":{"statu":"FAILED"})", "there is no member 'expect.statu' in such a case; 'expect.status' is meant?"},
      {R"("expect":{"status":"OK"})",
       "the member 'expect.status' must be one of SUCCEEDED, FAILED, RETRIABLE, CAUGHT_ERROR, not 'OK'"},
      {R"("expect":{"status":"FAILED"},"mock":{"result":{}})", "the member 'mock.result' must be a text"},
      {R"("expect":{"status":"FAILED"},"mock":{})", "the member 'mock' must have either 'result' or 'errorOutput'"},
      {R"("expr":"$.a","result":1)", "this is a case of a JSONata expression ('expr'), and JSONata is not supported"},
      {R"("status":"SUCCEEDED","mocks":{"a":[{"retrun":1}]})", "mocks/a[0]: 'retrun' is not a field of an answer"}};
  for (const auto& [fields, message] : wrong) {
    const auto result = run_case(case_of(fields));
    EXPECT_FALSE(result.passed) << fields;
    EXPECT_EQ(result.unusable.value_or("usable"), message) << fields;
  }
  const auto silent = run_case(case_of(R"("input":1)"));
  EXPECT_THAT(silent.unusable.value_or(""), HasSubstr("does not say what must come of it"));
  EXPECT_FALSE(run_case(case_of(fmt::format(R"({},"status":"SUCCEEDED","x-ticket":7)", mocks))).unusable);
}

TEST(Case, OfADefinition) {
  EXPECT_TRUE(run_case(case_of(R"("valid":true)")).passed);
  EXPECT_THAT(run_case(case_of(R"("invalid":true)")).notes, ElementsAre("the definition is good, and must not be"));
  const auto bad = [](std::string_view fields) {
    return run_case(*parse_json_object(
        fmt::format(R"({{"definition":{{"StartAt":"A","States":{{"A":{{"Type":"Pass","Next":"B"}}}}}},{}}})", fields)));
  };
  EXPECT_TRUE(bad(R"("invalid":true,"message":"Missing 'Next' target: B at /States/A/Next")").passed);
  EXPECT_THAT(bad(R"("invalid":true,"message":"something else")").notes.front(), HasSubstr("message: expected some"));
  EXPECT_THAT(bad(R"("valid":true)").notes.front(), HasSubstr("MISSING_TRANSITION_TARGET"));
  EXPECT_THAT(bad(R"("invalid":true,"diagnostics":[])").notes.front(), HasSubstr("diagnostics/0: not expected"));
  const auto jsonata = run_case(*parse_json_object(
      R"({"definition":{"QueryLanguage":"JSONata","StartAt":"A","States":{"A":{"Type":"Succeed"}}},"valid":true})"));
  EXPECT_THAT(jsonata.unusable.value_or(""), HasSubstr("JSONata"));
  EXPECT_TRUE(run_case(*parse_json_object(
                           R"({"definition":{"StartAt":"A","States":{"A":{"Type":"Task","Resource":"f","End":true}}},
                               "valid":true,"resource_not_arn":true})"))
                  .passed);
}

TEST(Case, OfOneState) {
  const auto of = [](std::string_view fields) {
    return run_case(*parse_json_object(fmt::format(
        R"({{"definition":{{"Type":"Task","Resource":"arn:aws:states:::sqs:sendMessage","ResultPath":"$.r","Next":"N",
            "Catch":[{{"ErrorEquals":["E"],"Next":"C"}}]}},"input":{{"a":1}},"inspectionLevel":"DEBUG",{}}})",
        fields)));
  };
  const auto good = of(
      R"("mock":{"result":"{\"b\":2}"},"expect":{"status":"SUCCEEDED","output":{"r":{"b":2.0},"a":1},"nextState":"N"})");
  EXPECT_TRUE(good.passed);
  EXPECT_EQ(good.kind, CaseKind::state);
  EXPECT_TRUE(of(R"("mock":{"errorOutput":{"error":"E","cause":"why"}},
      "expect":{"status":"CAUGHT_ERROR","error":"E","cause":"why","nextState":"C"})")
                  .passed);
  EXPECT_THAT(of(R"("mock":{"errorOutput":{"error":"E"}},"expect":{"status":"SUCCEEDED","output":{}})").notes,
              ::testing::Contains("expect/status: expected \"SUCCEEDED\", was \"CAUGHT_ERROR\""));
  EXPECT_THAT(of(R"("expect":{"status":"SUCCEEDED"})").notes.front(), HasSubstr("needs a mock"));
  EXPECT_TRUE(of(R"("mock":{"result":"{\"id\":7}"},"ignore":["/expect/output/r/id"],
      "expect":{"status":"SUCCEEDED","output":{"a":1,"r":{"id":8}},"nextState":"N"})")
                  .passed);
}

TEST(Case, NamesThatAreNoArnsMayBeMocked) {
  const auto result = run_case(*parse_json_object(
      R"({"definition":{"StartAt":"A","States":{"A":{"Type":"Task","Resource":"block","End":true}}},
          "mocks":{"block":[{"return":1},{"return":2}]},"status":"SUCCEEDED","output":1})"));
  EXPECT_TRUE(result.passed);
  EXPECT_THAT(result.warnings, ElementsAre(HasSubstr("1 of the 2 mocked answers of ")));
}

TEST(Case, TakesNamesAndTimesOfTheContext) {
  const auto described = *parse_json_object(
      R"({"name":"n","definition":{"StartAt":"S","States":{"S":{"Type":"Pass","Parameters":{"n.$":"$$.Execution.Name","t.$":"$$.Execution.StartTime"},"End":true}}},
      "context":{"Execution":{"Name":"mine","StartTime":"2026-01-05T10:00:00.000Z"}},"status":"SUCCEEDED","output":{"n":"mine","t":"2026-01-05T10:00:00.000Z"}})");
  EXPECT_THAT(run_case(described).notes, ElementsAre());
}

TEST(Difference, StopsSomewhere) {
  json::array expected, actual;
  for (int i = 0; i < 100; ++i) {
    expected.emplace_back(i);
    actual.emplace_back(-i - 1);
  }
  const auto lines = differences(expected, actual, "output", 3);
  EXPECT_THAT(lines, ElementsAre("output/0: expected 0, was -1", "output/1: expected 1, was -2",
                                 "output/2: expected 2, was -3", "… and 97 more"));
}

TEST(Difference, OfLines) {
  EXPECT_THAT(line_differences({"a", "b", "c"}, {"a", "x", "c", "d"}), ElementsAre("  a", "- b", "+ x", "  c", "+ d"));
  EXPECT_THAT(line_differences({}, {}), ElementsAre());
  EXPECT_EQ(line_differences(std::vector<std::string>(5'000, "a"), std::vector<std::string>(5'000, "a")).size(),
            2'002u);
}

}  // namespace
}  // namespace tocsin::simulation
