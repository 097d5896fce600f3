#include "app/model_shapes.h"

#include <gtest/gtest.h>

namespace tocsin::app {
namespace {

std::string converted(std::string_view service, std::string_view operation, std::string_view parameters) {
  const ModelShapes shapes;
  auto input = shapes.to_operation(service, operation, *parse_json_object(parameters));
  return input ? to_json(*input) : input.error().aws_code + "|" + input.error().message;
}

TEST(ModelShapes, ParametersArePascalCaseAndTextTakesJson) {
  EXPECT_EQ(
      converted(
          "states", "StartExecution",
          R"({"StateMachineArn":"arn:aws:states:us-east-1:000000000000:stateMachine:m","Input":{"a":1},"Name":null})"),
      R"({"stateMachineArn":"arn:aws:states:us-east-1:000000000000:stateMachine:m","input":"{\"a\":1}"})");
  EXPECT_EQ(converted("events", "PutEvents", R"({"Entries":[{"Detail":{"k":[1]},"DetailType":"t","Source":"s"}]})"),
            R"({"Entries":[{"Detail":"{\"k\":[1]}","DetailType":"t","Source":"s"}]})");
  EXPECT_EQ(converted("sqs", "SendMessage", R"({"QueueUrl":"q","MessageBody":{"x":true}})"),
            R"({"QueueUrl":"q","MessageBody":"{\"x\":true}"})");
}

TEST(ModelShapes, WrongParametersAreRefused) {
  EXPECT_EQ(converted("states", "StartExecution", R"({"stateMachineArn":"x"})"),
            "|The field 'stateMachineArn' is not supported by Step Functions");
  EXPECT_EQ(converted("sqs", "SendMessage", R"({"QueueUrl":"q","MessageBody":"x","Nonsense":1})"),
            "|The field 'Nonsense' is not supported by Step Functions");
  EXPECT_TRUE(
      converted("dynamodb", "GetItem", R"({"TableName":"ttt"})").starts_with("ValidationException|1 validation"));
  EXPECT_TRUE(converted("securityhub", "BatchUpdateFindings", "{}").starts_with("InvalidInputException|"));
}

TEST(ModelShapes, AnswersArePascalCase) {
  const ModelShapes shapes;
  EXPECT_EQ(to_json(shapes.to_task("states", "ListExecutions",
                                   *parse_json_object(R"({"executions":[{"executionArn":"a","name":"n"}]})"))),
            R"({"Executions":[{"ExecutionArn":"a","Name":"n"}]})");
}

TEST(ModelShapes, MocksAreHeldAgainstTheModel) {
  const ModelShapes shapes;
  const auto problem = [&](std::string_view result, bool is_strict) {
    return shapes.result_problem("states", "StartExecution", *parse_json(result), is_strict).value_or("");
  };
  const std::string begin = "Mock result schema validation error: ";
  EXPECT_EQ(problem(R"({"ExecutionArn":"a","StartDate":"d","New":1})", true), "");
  EXPECT_EQ(problem(R"({"ExecutionArn":"a"})", true), begin + "Required field 'StartDate' is missing");
  EXPECT_EQ(problem(R"({"ExecutionArn":"a"})", false), "");
  EXPECT_EQ(problem(R"({"StartDate":true})", false), begin + "Field 'StartDate' must be a string");
  EXPECT_EQ(problem("[]", false), "Mock result must be a valid JSON object");
}

TEST(ModelShapes, ErrorsAreTheModels) {
  const ModelShapes shapes;
  const auto found = shapes.exception("sns", {ErrorCode::not_found, "no", "NotFound"});
  EXPECT_EQ(found.name, "NotFoundException");
  EXPECT_EQ(found.status, 404);
  EXPECT_TRUE(shapes.exception("dynamodb", {ErrorCode::validation, "no", "ValidationException"}).name.empty());
}

}  // namespace
}  // namespace tocsin::app
