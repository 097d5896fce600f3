#include <chrono>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "asl/asl.h"
#include "asl/definition.h"
#include "asl/locate.h"
#include "asl/resource.h"

namespace tocsin::asl {
namespace {

std::string messages(std::string_view text, Kind kind = Kind::standard) {
  return to_message(parse(text, kind).diagnostics);
}

// A machine around the fields of its only state, S.
std::string with_state(std::string_view fields) {
  return fmt::format(R"({{"StartAt":"S","States":{{"S":{{{}}}}}}})", fields);
}

TEST(Parse, NamesWhatIsWrongAndWhere) {
  const struct {
    std::string text;
    const char* expected;  // the part in quotes
  } cases[] = {
      {"{", "INVALID_JSON_DESCRIPTION: not valid JSON at byte 1: incomplete JSON at /"},
      {"[]", "SCHEMA_VALIDATION_FAILED: Definition must be a valid JSON object at /"},
      {"{}", "SCHEMA_VALIDATION_FAILED: These fields are required: [States, StartAt] at /"},
      {R"({"StartAt":"A"})", "SCHEMA_VALIDATION_FAILED: These fields are required: [States] at /"},
      {R"({"StartAt":"","States":{"A":{"Type":"Succeed"}}})",
       "SCHEMA_VALIDATION_FAILED: Value cannot be empty at /StartAt"},
      {R"({"StartAt":"A","States":{"A":{"Type":"Pass","Next":"B"},"C":{"Type":"Succeed"}}})",
       "MISSING_TRANSITION_TARGET: Missing 'Next' target: B at /States/A/Next, MISSING_TRANSITION_TARGET: State \"C\" "
       "is not reachable. at /States/C"},
      {R"({"StartAt":"A","States":{"A":{"Type":"Pass","Next":"A"}}})",
       "MISSING_END_STATE: Workflow has no terminal state at null"},
      {R"({"StartAt":"A","States":{"A":{"Type":"Succeed"},"A":{"Type":"Succeed"}}})",
       "DUPLICATE_STATE_NAME: Duplicate State name: A at /"},
      {R"({"StartAt":"A","Comment":"x","Comment":"y","States":{"A":{"Type":"Succeed"}}})",
       "INVALID_JSON_DESCRIPTION: Duplicate field 'Comment' at /"},
      {R"({"StartAt":"P","States":{"P":{"Type":"Parallel","End":true,"Branches":[
         {"StartAt":"P","States":{"P":{"Type":"Succeed"}}}]}}})",
       "DUPLICATE_STATE_NAME: Duplicate State name: P at /States/P/Branches[0]/States/P"},
      {R"({"StartAt":"A","TimeoutSeconds":0,"States":{"A":{"Type":"Succeed"}}})",
       "SCHEMA_VALIDATION_FAILED: Value must be between 1 and 99999999 at /TimeoutSeconds"},
      {R"({"StartAt":"A","Version":"2.0","States":{"A":{"Type":"Succeed"}}})",
       "SCHEMA_VALIDATION_FAILED: The field 'Version' should have one of these values: [1.0] at /Version"},
      {with_state(R"("Type":"Run")"),
       "SCHEMA_VALIDATION_FAILED: The field 'Type' should have one of these values: [Task, Wait, "
       "Pass, Succeed, Fail, Choice, Parallel, Map] at /States/S/Type"},
      {with_state(R"("End":true)"), "SCHEMA_VALIDATION_FAILED: These fields are required: [Type] at /States/S"},
      {with_state(
           R"("Type":"Task","Resource":"arn:aws:lambda:us-east-1:1:function:f","TimeoutSeconds":5,"HeartbeatSeconds":5,"End":true)"),
       "SCHEMA_VALIDATION_FAILED: HeartbeatSeconds must be smaller than TimeoutSeconds at /States/S/HeartbeatSeconds"},
      {with_state(R"("Type":"Pass","Parameters":{"a.$":"nope"},"End":true)"),
       "SCHEMA_VALIDATION_FAILED: The value for the field 'a.$' must be a valid JSONPath or a valid intrinsic function "
       "call at "
       "/States/S/Parameters/a.$"},
      {with_state(R"("Type":"Pass","ResultPath":"$.a[*]","End":true)"),
       "SCHEMA_VALIDATION_FAILED: The value for the field 'ResultPath' must be a valid reference path at "
       "/States/S/ResultPath"},
      {with_state(R"("Type":"Pass","Assign":{"states":1},"End":true)"),
       "SCHEMA_VALIDATION_FAILED: 'states' is not a valid variable name at /States/S/Assign"},
      {with_state(
           R"("Type":"Map","Label":"a b","ItemProcessor":{"StartAt":"I","States":{"I":{"Type":"Succeed"}}},"End":true)"),
       "SCHEMA_VALIDATION_FAILED: The field 'Label' has characters that are not allowed at /States/S/Label"},
      {with_state(
           R"("Type":"Map","ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED"},"StartAt":"I","States":{"I":{"Type":"Succeed"}}},"End":true)"),
       "SCHEMA_VALIDATION_FAILED: These fields are required: [ExecutionType] at "
       "/States/S/ItemProcessor/ProcessorConfig"},
      {R"({"QueryLanguage":"JSONata","StartAt":"S","States":{"S":{"Type":"Pass","Output":"{% 1 %}","End":true}}})",
       "SCHEMA_VALIDATION_FAILED: The QueryLanguage 'JSONata' is not supported; write this machine in 'JSONPath' at "
       "/QueryLanguage"},
      {R"({"QueryLanguage":"JSONata","StartAt":"S","States":{"S":{"Type":"Succeed","QueryLanguage":"JSONPath"}}})",
       "SCHEMA_VALIDATION_FAILED: The QueryLanguage 'JSONata' is not supported; write this machine in 'JSONPath' at "
       "/QueryLanguage, "
       "SCHEMA_VALIDATION_FAILED: 'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine at "
       "/States/S/QueryLanguage"},
      {R"({"StartAt":"A","States":{"A":{"Type":"Pass","Assign":{"x":1},"Next":"P"},"P":{"Type":"Parallel","End":true,"Branches":[
         {"StartAt":"B","States":{"B":{"Type":"Pass","Assign":{"x.$":"$"},"End":true}}}]}}})",
       "SCHEMA_VALIDATION_FAILED: The variable 'x' is assigned in an outer scope already at "
       "/States/P/Branches[0]/States/B/Assign"},
  };
  for (const auto& c : cases)
    EXPECT_EQ(messages(c.text), fmt::format("Invalid State Machine Definition: '{}'", c.expected)) << c.text;
}

TEST(Parse, ExpressMachinesWaitForNobody) {
  for (const auto& [resource, what] :
       {std::pair{"arn:aws:states:::sqs:sendMessage.waitForTaskToken", "'.waitForTaskToken'"},
        {"arn:aws:states:::states:startExecution.sync:2", "'.sync'"},
        {"arn:aws:states:us-east-1:000000000000:activity:a", "Activity ARN"}}) {
    const auto text = with_state(fmt::format(R"("Type":"Task","Resource":"{}","End":true)", resource));
    EXPECT_TRUE(parse(text, Kind::standard).definition) << messages(text);
    EXPECT_NE(messages(text, Kind::express).find(what), std::string::npos) << messages(text, Kind::express);
  }
}

TEST(Parse, KnowsResources) {
  for (const char* good :
       {"arn:aws:lambda:us-east-1:000000000000:function:f", "arn:aws:lambda:us-east-1:000000000000:function:f:$LATEST",
        "arn:aws:states:us-east-1:000000000000:activity:a", "arn:aws:states:::lambda:invoke",
        "arn:aws:states:::aws-sdk:s3:getObject", "arn:aws:states:::aws-sdk:sqs:sendMessage.waitForTaskToken",
        "arn:aws:states:::dynamodb:putItem", "arn:aws:states:::states:startExecution.sync:2",
        "arn:aws-cn:states:::sns:publish", "arn:aws:states:::http:invoke",
        "arn:aws:states:::securityhub:batchUpdateFindings"}) {
    const auto text = with_state(fmt::format(R"("Type":"Task","Resource":"{}","End":true)", good));
    EXPECT_TRUE(parse(text, Kind::standard).definition) << good << messages(text);
  }
  for (const char* bad : {"f", "arn:aws:lambda:us-east-1:000000000000:function:", "arn:aws:states:::dynamodb:query",
                          "arn:aws:states:::aws-sdk:s3", "arn:aws:states:::sqs:sendMessage.sync3",
                          "arn:aws:states:::nothing:do", "arn:aws:states:::aws-sdk:s3:getObject.sync"}) {
    const auto text = with_state(fmt::format(R"("Type":"Task","Resource":"{}","End":true)", bad));
    EXPECT_NE(messages(text).find("is not recognized"), std::string::npos) << bad;
  }
}

TEST(Parse, WarnsOfWhatItCannotRun) {
  const auto parsed = parse(with_state(R"("Type":"Map","ItemReader":{"Resource":"arn:aws:states:::s3:getObject"},
      "ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},"StartAt":"I","States":{"I":{"Type":"Succeed"}}},"End":true)"),
                            Kind::standard);
  ASSERT_TRUE(parsed.definition);
  ASSERT_EQ(parsed.diagnostics.size(), 1u);
  EXPECT_EQ(parsed.diagnostics[0].severity, Severity::warning);
  EXPECT_EQ(parsed.diagnostics[0].location, "/States/S/ItemReader");
}

TEST(Parse, TenThousandStatesTakeLittleTime) {
  std::string text = R"({"StartAt":"S0","States":{)";
  for (int i = 0; i < 10'000; ++i)
    text += fmt::format(R"("S{}":{{"Type":"Pass",{}}}{})", i,
                        i < 9'999 ? fmt::format(R"("Next":"S{}")", i + 1) : R"("End":true)", i < 9'999 ? "," : "");
  text += "}}";
  const auto begin = std::chrono::steady_clock::now();
  const auto parsed = parse(text, Kind::standard);
  ASSERT_TRUE(parsed.definition) << to_message(parsed.diagnostics).substr(0, 500);
  EXPECT_EQ(parsed.definition->states.size(), 10'000u);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
}

TEST(Parse, HostileTextIsBounded) {
  EXPECT_FALSE(parse(std::string(2'000'000, ' '), Kind::standard).definition);
  std::string wrong = R"({"StartAt":"S","States":{"S":{"Type":"Pass")";
  for (int i = 0; i < 5'000; ++i) wrong += fmt::format(R"(,"f{}":1)", i);
  EXPECT_EQ(parse(wrong + "}}}", Kind::standard).diagnostics.size(), 1'000u);
  std::string nested = R"({"Type":"Succeed"})";
  for (int i = 0; i < 25; ++i)
    nested = fmt::format(R"({{"Type":"Parallel","End":true,"Branches":[{{"StartAt":"A{}","States":{{"A{}":{}}}}}]}})",
                         i, i, nested);
  const auto deep = fmt::format(R"({{"StartAt":"A","States":{{"A":{}}}}})", nested);
  EXPECT_FALSE(parse(deep, Kind::standard).definition);
  std::string call = "1";
  for (int i = 0; i < 11; ++i) call = "States.Array(" + call + ")";
  EXPECT_FALSE(
      parse(with_state(fmt::format(R"("Type":"Pass","Parameters":{{"a.$":"{}"}},"End":true)", call)), Kind::standard)
          .definition);
  std::string condition = R"({"Variable":"$.a","IsNull":true})";
  for (int i = 0; i < 60; ++i) condition = fmt::format(R"({{"Not":{}}})", condition);
  EXPECT_FALSE(parse(with_state(fmt::format(R"("Type":"Choice","Choices":[{},"Next":"S"}}])",
                                            condition.substr(0, condition.size() - 1))),
                     Kind::standard)
                   .definition);
}

TEST(Resource, IsTakenApart) {
  const struct {
    std::string_view text, partition, name, service, action, suffix;
    ResourceKind kind;
    Integration integration;
  } cases[] = {
      {"arn:aws-cn:states:::sqs:sendMessage.waitForTaskToken", "aws-cn", "sqs:sendMessage", "sqs",
       "sendMessage.waitForTaskToken", ".waitForTaskToken", ResourceKind::service, Integration::wait_for_task_token},
      {"arn:aws:states:::states:startExecution.sync:2", "aws", "states:startExecution", "states",
       "startExecution.sync:2", ".sync:2", ResourceKind::service, Integration::run_job},
      {"arn:aws-us-gov:states:::aws-sdk:s3:listObjects", "aws-us-gov", "aws-sdk:s3:listObjects", "aws-sdk:s3",
       "listObjects", "", ResourceKind::service, Integration::request_response},
      {"arn:aws:lambda:eu-west-1:000000000000:function:f", "aws", "function:f", "", "", "", ResourceKind::lambda,
       Integration::request_response},
      {"arn:aws:states:eu-west-1:000000000000:activity:a.sync", "aws", "activity:a.sync", "", "", "",
       ResourceKind::activity, Integration::request_response}};
  for (const auto& c : cases) {
    const auto resource = parse_resource(c.text);
    ASSERT_TRUE(resource) << c.text;
    EXPECT_EQ(resource->partition, c.partition);
    EXPECT_EQ(resource->name, c.name);
    EXPECT_EQ(resource->service, c.service);
    EXPECT_EQ(resource->action, c.action);
    EXPECT_EQ(resource->suffix, c.suffix);
    EXPECT_EQ(resource->kind, c.kind) << c.text;
    EXPECT_EQ(resource->integration, c.integration) << c.text;
  }
  for (const auto* text :
       {"", "arn", "placeholder", "arn:aws:states:::", "arn::states:::sqs:sendMessage", "arn:aws:states:::sqs",
        "arn:aws:states:::aws-sdk:sqs", "arn:aws:states:::sqs:sendMessage.async"})
    EXPECT_FALSE(parse_resource(text)) << text;
  EXPECT_TRUE(is_integration("arn:aws-cn:states:::http:invoke", "http:invoke"));
  EXPECT_FALSE(is_integration("http:invoke", "http:invoke"));
}

TEST(Locate, ShowsLineAndColumn) {
  const std::string_view text =
      "{\n  \"StartAt\": \"Ä/B\",\n  \"States\": {\n    \"Ä/B\": {\"Type\": \"Choice\", \"Choices\": [1, {\"x\": "
      "[2]}]}\n  }\n}";
  const struct {
    const char* location;
    std::size_t line, column;
  } cases[] = {{"/", 1, 1},
               {"/StartAt", 2, 3},
               {"/States/Ä/B", 4, 5},
               {"/States/Ä/B/Type", 4, 13},
               {"/States/Ä/B/Choices[1]/x", 4, 47},
               {"/States/Ä/B/Choices[1]/x[0]", 4, 53},
               {"/States/Ä/B/Missing", 4, 5},
               {"/States/None", 3, 3},
               {"/States/Ä/B/Choices[9]", 4, 31}};
  for (const auto& c : cases) {
    const auto position = locate(text, c.location);
    EXPECT_EQ(position.line, c.line) << c.location;
    EXPECT_EQ(position.column, c.column) << c.location;
  }
}

}  // namespace
}  // namespace tocsin::asl
