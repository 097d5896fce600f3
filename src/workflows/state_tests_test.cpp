#include "workflows/operations_test.h"

namespace tocsin::workflows {
namespace {

class StateTestsTest : public OperationsTest {};

constexpr std::string_view lambda =
    R"({"Type":"Task","Resource":"arn:aws:lambda:us-east-1:000000000000:function:f","ResultPath":"$.r","Next":"N",
        "Catch":[{"ErrorEquals":["Own"],"Next":"C"}]})";

TEST_F(StateTestsTest, TheTaskIsReallyPerformed) {
  const auto answer =
      good("TestState", {{"definition", lambda}, {"input", R"({"a":1})"}, {"inspectionLevel", "DEBUG"}});
  EXPECT_EQ(string_at(answer, "status"), "SUCCEEDED");
  EXPECT_EQ(string_at(answer, "output"), R"({"a":1,"r":{"a":1}})");
  EXPECT_EQ(string_at(answer, "nextState"), "N");
  EXPECT_EQ(string_at(answer, "inspectionData.result"), R"({"a":1})");
  EXPECT_FALSE(good("TestState", {{"definition", lambda}}).contains("inspectionData"));
}

TEST_F(StateTestsTest, MocksTakeTheTasksPlace) {
  const auto answer =
      good("TestState", {{"definition", lambda}, {"mock", {{"errorOutput", {{"error", "Own"}, {"cause", "why"}}}}}});
  EXPECT_EQ(string_at(answer, "status"), "CAUGHT_ERROR");
  EXPECT_EQ(string_at(answer, "nextState"), "C");
  EXPECT_EQ(string_at(answer, "error"), "Own");
}

TEST_F(StateTestsTest, WhatCannotBeTestedIsRefused) {
  const json::object mock{{"result", "{}"}};
  const struct {
    json::object input;
    const char* code;
  } cases[] = {
      {{{"definition", R"({"Type":"Pass","End":true})"}, {"mock", mock}}, "ValidationException"},
      {{{"definition", lambda}, {"mock", json::object{}}}, "ValidationException"},
      {{{"definition", lambda}, {"mock", {{"result", "{"}}}}, "ValidationException"},
      {{{"definition", lambda}, {"context", "{}"}}, "ValidationException"},
      {{{"definition", lambda}, {"variables", "[]"}}, "ValidationException"},
      {{{"definition", lambda}, {"stateName", "X"}}, "ValidationException"},
      {{{"definition", lambda}, {"input", "{"}}, "InvalidExecutionInput"},
      {{{"definition", "{"}}, "InvalidDefinition"},
      {{{"definition", R"({"Type":"Nothing"})"}}, "InvalidDefinition"},
      {{{"definition", R"({"Type":"Task","Resource":"arn:aws:states:::sqs:sendMessage.waitForTaskToken","End":true})"}},
       "ValidationException"},
      {{{"definition", R"({"Type":"Task","Resource":"arn:aws:states:us-east-1:0:activity:a","End":true})"}},
       "ValidationException"},
      {{{"definition",
         R"({"Type":"Map","End":true,"ItemProcessor":{"StartAt":"P","States":{"P":{"Type":"Pass","End":true}}}})"},
        {"mock", mock}},
       "ValidationException"},
  };
  for (const auto& c : cases) EXPECT_EQ(refused("TestState", c.input), c.code) << to_json(c.input);
}

TEST_F(StateTestsTest, AStateOfAMachineIsFoundByItsName) {
  const auto definition =
      R"({"StartAt":"A","States":{"A":{"Type":"Choice","Choices":[{"Variable":"$.x","NumericEquals":1,"Next":"B"}],
          "Default":"B"},"B":{"Type":"Pass","Result":{"v":2},"End":true}}})";
  const json::object input{{"definition", definition}, {"stateName", "A"}, {"input", R"({"x":1})"}};
  EXPECT_EQ(string_at(good("TestState", input), "nextState"), "B");
}

}  // namespace
}  // namespace tocsin::workflows
