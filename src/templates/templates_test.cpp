#include "templates/templates.h"

#include <gtest/gtest.h>

namespace tocsin::templates {
namespace {

constexpr std::string_view stack = R"(
AWSTemplateFormatVersion: "2010-09-09"
Parameters:
  Url: {Type: String, NoEcho: true, Default: ""}
  Days: {Type: Number, Default: 14, MinValue: 1, MaxValue: 30}
  Kind: {Type: String, Default: small, AllowedValues: [small, large]}
Mappings:
  Sizes:
    small: {Visibility: 30}
    large: {Visibility: 300}
Conditions:
  HasUrl: !Not [!Equals [!Ref Url, ""]]
  Both: !And [!Condition HasUrl, !Equals [!Ref Kind, large]]
Resources:
  Subscription:
    Type: AWS::SNS::Subscription
    Condition: HasUrl
    Properties: {TopicArn: !Ref Topic, Endpoint: !Ref Url}
  Queue:
    Type: AWS::SQS::Queue
    DependsOn: Topic
    Properties:
      QueueName: !Sub "${AWS::Region}-queue"
      VisibilityTimeout: !FindInMap [Sizes, !Ref Kind, Visibility]
      MessageRetentionPeriod: !If [Both, 60, !Ref "AWS::NoValue"]
      RedrivePolicy: {deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: 3}
  Dead: {Type: AWS::SQS::Queue}
  Topic: {Type: AWS::SNS::Topic}
Outputs:
  Name: {Value: !Join ["/", [a, !Select [1, !Split ["-", "x-y-z"]], !Sub ["${A}-${!B}", {A: one}]]]}
)";

const Pseudo pseudo{.account = "111122223333", .region = "us-west-2", .stack_name = "s", .stack_id = "arn:s"};

TEST(Templates, ConditionsOrderAndValues) {
  const auto source = read(stack);
  ASSERT_TRUE(source) << source.error().message;
  const auto parameters = parameter_values(*source, {{"Kind", "large"}});
  ASSERT_TRUE(parameters) << parameters.error().message;
  Scope scope{.source = *source, .pseudo = pseudo, .parameters = *parameters};
  const auto held = conditions(scope);
  ASSERT_TRUE(held) << held.error().message;
  EXPECT_EQ(*held, (std::map<std::string, bool>{{"HasUrl", false}, {"Both", false}}));
  scope.conditions = *held;
  scope.reference = [](std::string_view id) -> std::optional<json::value> {
    return json::value("ref:" + std::string(id));
  };
  scope.attribute = [](std::string_view id, std::string_view name) -> std::optional<json::value> {
    return json::value(std::string(id) + "." + std::string(name));
  };
  const auto order = creation_order(scope);
  ASSERT_TRUE(order) << order.error().message;
  EXPECT_EQ(*order, (std::vector<std::string>{"Dead", "Topic", "Queue"}));
  const auto queue = resolve(*find(source->resources, "Queue.Properties"), scope, "Resources.Queue.Properties");
  ASSERT_TRUE(queue) << queue.error().message;
  EXPECT_EQ(
      to_json(*queue),
      R"({"QueueName":"us-west-2-queue","VisibilityTimeout":300,"RedrivePolicy":{"deadLetterTargetArn":"Dead.Arn","maxReceiveCount":3}})");
  const auto name = resolve(*find(source->outputs, "Name.Value"), scope, "Outputs.Name.Value");
  ASSERT_TRUE(name) << name.error().message;
  EXPECT_EQ(name->as_string(), "a/y/one-${B}");
}

TEST(Templates, BadTemplatesSayWhere) {
  const struct {
    const char* text;
    const char* says;
  } cases[] = {
      {"Resources: [", "line 1"},
      {"{}", "At least one Resources member"},
      {"Resources: {A: {Properties: {}}}", "Resources.A"},
      {"Resources: {A: {Type: x, Type: y}}", "twice"},
      {"Resources: {A: {Type: x}}\nTransform: AWS::Serverless-2016-10-31", "Transform"},
      {"Resorces: {}", "Resorces"},
      {"Resources: {A: {Type: x, Properties: 3}}", "Properties"},
  };
  for (const auto& c : cases) {
    const auto result = read(c.text);
    ASSERT_FALSE(result) << c.text;
    EXPECT_NE(result.error().message.find(c.says), std::string::npos) << result.error().message;
  }
}

TEST(Templates, ParametersAreChecked) {
  const auto source = read(stack);
  ASSERT_TRUE(source);
  EXPECT_FALSE(parameter_values(*source, {{"Days", "31"}}));
  EXPECT_FALSE(parameter_values(*source, {{"Days", "many"}}));
  EXPECT_FALSE(parameter_values(*source, {{"Kind", "huge"}}));
  EXPECT_FALSE(parameter_values(*source, {{"Nobody", "x"}}));
}

TEST(Templates, CyclesAndLooseEndsAreRefused) {
  const auto cycle =
      read("Resources: {A: {Type: x, Properties: {P: !Ref B}}, B: {Type: x, Properties: {P: !Sub '${A.Arn}'}}}");
  ASSERT_TRUE(cycle);
  const json::object none;
  const auto order = creation_order({.source = *cycle, .pseudo = pseudo, .parameters = none});
  ASSERT_FALSE(order);
  EXPECT_NE(order.error().message.find("[A, B]"), std::string::npos);
  const auto loose = read("Resources: {A: {Type: x, Properties: {P: !Ref Nothing}}}");
  const auto value = resolve(*find(loose->resources, "A.Properties"),
                             {.source = *loose, .pseudo = pseudo, .parameters = none}, "Resources.A.Properties");
  ASSERT_FALSE(value);
  EXPECT_EQ(value.error().path, "Resources.A.Properties.P");
}

TEST(Templates, ScalarsKeepTheirSpelling) {
  const auto source = read(
      "Resources: {A: {Type: x, Properties: {Account: 012345678901, Version: 2012-10-17, N: 5, B: true, S: '5', F: "
      "1.5}}}");
  ASSERT_TRUE(source);
  EXPECT_EQ(to_json(*find(source->resources, "A.Properties")),
            R"({"Account":"012345678901","Version":"2012-10-17","N":5,"B":true,"S":"5","F":1.5E0})");
}

}  // namespace
}  // namespace tocsin::templates
