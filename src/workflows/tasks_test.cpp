#include "workflows/tasks.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "store/testing.h"
#include "workflows/sdk_names.h"

namespace tocsin::workflows {
namespace {

TEST(SdkNames, FollowTheSdkOfEachIntegration) {
  const struct {
    std::string_view integration, code, error, cause;
  } cases[] = {
      {"aws-sdk:securityhub:batchUpdateFindings", "InvalidInputException", "SecurityHub.InvalidInputException",
       "no (Service: SecurityHub, Status Code: 400, Request ID: r) (SDK Attempt Count: 1)"},
      {"securityhub:batchUpdateFindings", "InvalidInputException", "SecurityHub.InvalidInputException",
       "no (Service: AWSSecurityHub; Status Code: 400; Error Code: InvalidInputException; Request ID: r; Proxy: null)"},
      {"aws-sdk:dynamodb:putItem", "ResourceNotFoundException", "DynamoDb.ResourceNotFoundException",
       "no (Service: DynamoDb, Status Code: 400, Request ID: r) (SDK Attempt Count: 1)"},
      {"dynamodb:putItem", "ConditionalCheckFailedException", "DynamoDB.ConditionalCheckFailedException",
       "no (Service: AmazonDynamoDBv2; Status Code: 400; Error Code: ConditionalCheckFailedException; Request ID: r; "
       "Proxy: null)"},
      {"dynamodb:putItem", "", "DynamoDB.AmazonDynamoDBException",
       "no (Service: AmazonDynamoDBv2; Status Code: 400; Error Code: ; Request ID: r; Proxy: null)"},
      {"aws-sdk:dynamodb:putItem", "", "DynamoDb.DynamoDbException",
       "no (Service: DynamoDb, Status Code: 400, Request ID: r) (SDK Attempt Count: 1)"},
      {"aws-sdk:sfn:startExecution", "ExecutionAlreadyExists", "Sfn.ExecutionAlreadyExistsException",
       "no (Service: Sfn, Status Code: 400, Request ID: r) (SDK Attempt Count: 1)"},
      {"states:startExecution", "ExecutionAlreadyExists", "StepFunctions.ExecutionAlreadyExistsException",
       "no (Service: AWSStepFunctions; Status Code: 400; Error Code: ExecutionAlreadyExists; Request ID: r; Proxy: "
       "null)"},
      {"aws-sdk:eventbridge:putEvents", "InternalException", "EventBridge.InternalException",
       "no (Service: EventBridge, Status Code: 400, Request ID: r) (SDK Attempt Count: 1)"},
  };
  for (const auto& c : cases) {
    const auto name = operation_of(c.integration);
    const Shapes::Exception exception{.name = std::string(c.code), .code = std::string(c.code)};
    EXPECT_EQ(error_name(name, exception), c.error) << c.integration;
    EXPECT_EQ(error_cause(name, exception, "no", "r"), c.cause) << c.integration;
  }
  EXPECT_EQ(operation_of("aws-sdk:networkfirewall:describeRuleGroup").service, "network-firewall");
  EXPECT_EQ(operation_of("aws-sdk:sfn:startExecution").operation, "StartExecution");
  EXPECT_TRUE(operation_of("nonsense").service.empty());
}

class TasksTest : public testing::Test {
 protected:
  TasksTest() {
    directory.add(
        {"sqs",
         {{"SendMessage", service::Write{[](store::Transaction&, const service::Call& call) -> service::Answer {
             return json::object{{"Got", call.input.at("MessageBody")}};
           }}},
          {"Broken", service::Write{[](store::Transaction& t, const service::Call&) -> service::Answer {
             t.execute("CREATE TABLE left_over (x INTEGER)");
             throw std::runtime_error("a bug");
           }}}}});
    directory.add(
        {"events", {{"PutEvents", service::Write{[](store::Transaction&, const service::Call&) -> service::Answer {
                       return json::object{{"Entries", json::array{}}, {"FailedEntryCount", 1}};
                     }}}}});
  }
  TaskOutcome perform(std::string_view resource, json::value input) {
    auto outcome =
        store.write([&](store::Transaction& t) -> Result<TaskOutcome> { return tasks.perform(t, resource, input); });
    return *outcome;
  }

  store::TestStore store;
  service::Directory directory;
  Tasks tasks{Identity{},
              [](store::Transaction&, std::string_view function, const json::value& payload) -> TaskOutcome {
                return json::value(json::object{{"function", function}, {"payload", payload}});
              },
              directory};
};

TEST_F(TasksTest, LambdaInvokeHasItsShape) {
  const auto outcome = perform("arn:aws:states:::lambda:invoke", {{"FunctionName", "f"}, {"Payload", {{"x", 1}}}});
  EXPECT_EQ(to_json(std::get<json::value>(outcome)),
            R"({"ExecutedVersion":"$LATEST","Payload":{"function":"f","payload":{"x":1}},"StatusCode":200})");
  EXPECT_EQ(std::get<TaskFailure>(perform("arn:aws:states:::lambda:invoke", json::object{})).error, "States.Runtime");
}

TEST_F(TasksTest, ThrowingOperationFailsItsTaskAndLeavesNothing) {
  const auto outcome = perform("arn:aws:states:::aws-sdk:sqs:broken", json::object{});
  EXPECT_EQ(std::get<TaskFailure>(outcome).error, "Sqs.InternalFailureException");
  EXPECT_FALSE(*store.read([](store::Reader& r) -> Result<bool> {
    return r.exists("SELECT 1 FROM sqlite_master WHERE name = 'left_over'");
  }));
}

TEST_F(TasksTest, OneFailedEntryFailsTheOptimisedPutEvents) {
  const json::value input = json::object{{"Entries", json::array{}}};
  EXPECT_EQ(std::get<TaskFailure>(perform("arn:aws:states:::events:putEvents", input)).error,
            "EventBridge.FailedEntry");
  EXPECT_TRUE(std::holds_alternative<json::value>(perform("arn:aws:states:::aws-sdk:eventbridge:putEvents", input)));
}

TEST_F(TasksTest, UnknownResourcesAreNamedAtTheirPlace) {
  const auto found =
      tasks.check(**asl::compile(R"({"StartAt":"P","States":{"P":{"Type":"Parallel","End":true,"Branches":[
    {"StartAt":"A","States":{"A":{"Type":"Task","Resource":"arn:aws:states:::aws-sdk:sqs:nonsense","End":true}}},
    {"StartAt":"B","States":{"B":{"Type":"Task","Resource":"arn:aws:states:::sqs:sendMessage.waitForTaskToken","End":true}}}]}}})",
                                 asl::Kind::standard));
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].location, "/States/P/Branches[0]/States/A/Resource");
  EXPECT_EQ(found[0].message,
            "The resource provided arn:aws:states:::aws-sdk:sqs:nonsense is not recognized. The value is not a valid "
            "resource ARN, or the resource is not available in this region.");
}

// What runs in another partition is written for it, or for "aws"; nothing else is known there.
TEST_F(TasksTest, IntegrationsAreKnownInEveryPartition) {
  const Tasks chinese{Identity{.account = "000000000000", .region = "cn-north-1", .partition = "aws-cn"},
                      [](store::Transaction&, std::string_view, const json::value& payload) -> TaskOutcome {
                        return json::object{{"got", payload}};
                      },
                      directory};
  for (const auto* partition : {"aws-cn", "aws"}) {
    const auto of = [&](std::string_view name) { return fmt::format("arn:{}:states:::{}", partition, name); };
    for (const auto* name : {"lambda:invoke", "http:invoke", "events:putEvents", "aws-sdk:eventbridge:putEvents",
                             "lambda:invoke.waitForTaskToken"})
      EXPECT_TRUE(chinese.knows(of(name))) << of(name);
    const json::value input{{"FunctionName", "f"}, {"Payload", 1}};
    auto outcome = store.write(
        [&](store::Transaction& t) { return Result<TaskOutcome>(chinese.perform(t, of("lambda:invoke"), input)); });
    EXPECT_EQ(std::get<json::value>(*outcome).at("Payload").at("got"), 1);
  }
  EXPECT_FALSE(chinese.knows("arn:aws-us-gov:states:::lambda:invoke"));
  EXPECT_FALSE(tasks.knows("arn:aws-cn:states:::lambda:invoke"));
}

}  // namespace
}  // namespace tocsin::workflows
