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
  EXPECT_THAT(result.run.unused_mocks, ElementsAre("other"));
}

TEST(Case, WithoutADefinitionFails) {
  const auto result = run_case(*parse_json_object(R"({"name":"n","status":"SUCCEEDED"})"));
  EXPECT_FALSE(result.passed);
  EXPECT_THAT(result.notes, ElementsAre("the case has no definition"));
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
