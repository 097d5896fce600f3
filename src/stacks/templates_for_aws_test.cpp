// The templates of stacks/ are for AWS too. What can be said of that without AWS is said here: types and properties as
// CloudFormation's resource reference has them, functions and what they refer to, and roles that may no more than
// needed.
#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "templates/templates.h"

namespace tocsin::stacks {
namespace {

using Names = std::set<std::string, std::less<>>;

struct Type {
  Names required, optional;
  Names attributes;  // for Fn::GetAtt
};

// Source: AWS CloudFormation, "AWS resource and property types reference"; of the types that the templates use.
const std::map<std::string, Type, std::less<>> types = {
    {"AWS::CloudWatch::Alarm",
     {{"ComparisonOperator", "EvaluationPeriods"},
      {"AlarmActions", "AlarmDescription", "AlarmName", "Dimensions", "MetricName", "Namespace", "Period", "Statistic",
       "Threshold", "TreatMissingData", "OKActions", "Unit"},
      {"Arn"}}},
    {"AWS::CloudWatch::Dashboard", {{"DashboardBody"}, {"DashboardName"}, {}}},
    {"AWS::DynamoDB::Table",
     {{"KeySchema"},
      {"AttributeDefinitions", "BillingMode", "TableName", "ProvisionedThroughput", "SSESpecification", "Tags",
       "PointInTimeRecoverySpecification", "TimeToLiveSpecification"},
      {"Arn", "StreamArn"}}},
    {"AWS::Events::Rule",
     {{},
      {"Description", "EventBusName", "EventPattern", "Name", "RoleArn", "ScheduleExpression", "State", "Tags",
       "Targets"},
      {"Arn"}}},
    {"AWS::IAM::Role",
     {{"AssumeRolePolicyDocument"},
      {"Description", "ManagedPolicyArns", "MaxSessionDuration", "Path", "PermissionsBoundary", "Policies", "RoleName",
       "Tags"},
      {"Arn", "RoleId"}}},
    {"AWS::Lambda::Function",
     {{"Code", "Role"},
      {"Architectures", "DeadLetterConfig", "Description", "Environment", "FunctionName", "Handler", "KmsKeyArn",
       "MemorySize", "ReservedConcurrentExecutions", "Runtime", "Tags", "Timeout"},
      {"Arn"}}},
    {"AWS::Lambda::Permission", {{"Action", "FunctionName", "Principal"}, {"SourceAccount", "SourceArn"}, {"Id"}}},
    {"AWS::Logs::LogGroup", {{}, {"KmsKeyId", "LogGroupName", "RetentionInDays", "Tags"}, {"Arn"}}},
    {"AWS::NetworkFirewall::RuleGroup",
     {{"Capacity", "RuleGroupName", "Type"}, {"Description", "RuleGroup", "Tags"}, {"RuleGroupArn", "RuleGroupId"}}},
    {"AWS::SNS::Subscription",
     {{"Protocol", "TopicArn"},
      {"DeliveryPolicy", "Endpoint", "FilterPolicy", "FilterPolicyScope", "RawMessageDelivery", "RedrivePolicy",
       "Region"},
      {}}},
    {"AWS::SNS::Topic",
     {{},
      {"DisplayName", "FifoTopic", "KmsMasterKeyId", "Subscription", "Tags", "TopicName"},
      {"TopicArn", "TopicName"}}},
    {"AWS::SQS::Queue",
     {{},
      {"DelaySeconds", "FifoQueue", "KmsMasterKeyId", "MaximumMessageSize", "MessageRetentionPeriod", "QueueName",
       "ReceiveMessageWaitTimeSeconds", "RedriveAllowPolicy", "RedrivePolicy", "SqsManagedSseEnabled", "Tags",
       "VisibilityTimeout"},
      {"Arn", "QueueName", "QueueUrl"}}},
    {"AWS::SQS::QueuePolicy", {{"PolicyDocument", "Queues"}, {}, {"Id"}}},
    {"AWS::SecurityHub::ActionTarget", {{"Description", "Id", "Name"}, {}, {"ActionTargetArn"}}},
    {"AWS::SecurityHub::Hub",
     {{},
      {"AutoEnableControls", "ControlFindingGenerator", "EnableDefaultStandards", "Tags"},
      {"ARN", "SubscribedAt"}}},
    {"AWS::StepFunctions::StateMachine",
     {{"RoleArn"},
      {"Definition", "DefinitionString", "DefinitionSubstitutions", "LoggingConfiguration", "StateMachineName",
       "StateMachineType", "Tags", "TracingConfiguration"},
      {"Arn", "Name", "StateMachineRevisionId"}}},
};

const Names resource_members = {"Type",           "Properties",   "DependsOn",           "Condition",
                                "DeletionPolicy", "UpdatePolicy", "UpdateReplacePolicy", "Metadata"};
const Names functions = {"Ref",       "Fn::GetAtt", "Fn::Sub",       "Fn::Join", "Fn::If",
                         "Fn::Not",   "Fn::Equals", "Fn::And",       "Fn::Or",   "Fn::Select",
                         "Fn::Split", "Fn::Base64", "Fn::FindInMap", "Condition"};
const Names pseudo = {"AWS::AccountId", "AWS::NoValue",   "AWS::Partition", "AWS::Region",
                      "AWS::StackId",   "AWS::StackName", "AWS::URLSuffix"};

class TemplateForAws : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    std::ifstream stream{fmt::format("{}/stacks/{}.yaml", TOCSIN_SOURCE_DIR, GetParam())};
    std::ostringstream text;
    text << stream.rdbuf();
    auto read = templates::read(text.str());
    ASSERT_TRUE(read) << read.error().message;
    source = std::move(*read);
  }

  const json::object& resource(std::string_view id) const { return source.resources.at(id).get_object(); }
  std::string_view type_of(std::string_view id) const { return string_at(resource(id), "Type"); }

  // Visits every function in `value`, as (name, argument).
  template <class F>
  static void each_function(const json::value& value, const F& visit) {
    if (const auto* list = value.if_array())
      for (const auto& element : *list) each_function(element, visit);
    const auto* object = value.if_object();
    if (!object) return;
    if (object->size() == 1 && (object->begin()->key() == "Ref" || object->begin()->key().starts_with("Fn::")))
      visit(std::string_view(object->begin()->key()), object->begin()->value());
    for (const auto& member : *object) each_function(member.value(), visit);
  }

  // Logical ids and attributes that a value refers to: "Queue", "Queue.Arn".
  static Names references(const json::value& value) {
    Names found;
    each_function(value, [&](std::string_view name, const json::value& argument) {
      if (name == "Ref") found.insert(std::string(std::string_view(argument.get_string())));
      if (name == "Fn::GetAtt")
        found.insert(fmt::format("{}.{}", std::string_view(argument.at(0).get_string()),
                                 std::string_view(argument.at(1).get_string())));
      if (name != "Fn::Sub") return;
      const std::string_view text = argument.is_string() ? std::string_view(argument.get_string())
                                                         : std::string_view(argument.at(0).get_string());
      for (auto at = text.find("${"); at != text.npos; at = text.find("${", at + 1))
        if (text[at + 2] != '!') found.insert(std::string(text.substr(at + 2, text.find('}', at) - at - 2)));
    });
    return found;
  }

  // The statements of the inline policies of a role.
  std::vector<json::object> statements(std::string_view role) const {
    std::vector<json::object> all;
    const auto* policies = find(resource(role), "Properties.Policies");
    if (!policies) return all;
    for (const auto& policy : policies->get_array())
      for (const auto& statement : policy.at("PolicyDocument").at("Statement").get_array())
        all.push_back(statement.get_object());
    return all;
  }

  static std::vector<std::string> actions(const json::object& statement) {
    const auto& value = statement.at("Action");
    if (value.is_string()) return {std::string(std::string_view(value.get_string()))};
    std::vector<std::string> all;
    for (const auto& one : value.get_array()) all.emplace_back(std::string_view(one.get_string()));
    return all;
  }

  templates::Template source;
};

TEST_P(TemplateForAws, TypesAndPropertiesAreCloudFormations) {
  for (const auto& [id, value] : source.resources) {
    SCOPED_TRACE(std::string(id));
    const auto& declared = value.get_object();
    for (const auto& member : declared)
      EXPECT_TRUE(resource_members.contains(std::string_view(member.key()))) << member.key();
    const auto type = types.find(string_at(declared, "Type"));
    ASSERT_NE(type, types.end()) << string_at(declared, "Type");
    const json::object none;
    const auto* found = declared.if_contains("Properties");
    const json::object& properties = found ? found->get_object() : none;
    for (const auto& name : type->second.required) EXPECT_TRUE(properties.contains(name)) << name << " is required";
    for (const auto& property : properties)
      EXPECT_TRUE(type->second.required.contains(std::string_view(property.key())) ||
                  type->second.optional.contains(std::string_view(property.key())))
          << property.key() << " is no property of " << type->first;
  }
}

TEST_P(TemplateForAws, FunctionsReferToWhatThereIs) {
  Names used;
  const auto check = [&](const json::value& value) {
    each_function(value,
                  [](std::string_view name, const json::value&) { EXPECT_TRUE(functions.contains(name)) << name; });
    for (const auto& reference : references(value)) {
      const auto dot = reference.find('.');
      const std::string id = reference.substr(0, dot);
      used.insert(id);
      if (dot == reference.npos) {
        EXPECT_TRUE(pseudo.contains(id) || source.parameters.contains(id) || source.resources.contains(id))
            << reference;
      } else {
        ASSERT_TRUE(source.resources.contains(id)) << reference;
        EXPECT_TRUE(types.find(type_of(id))->second.attributes.contains(reference.substr(dot + 1))) << reference;
      }
    }
  };
  check(source.resources);
  check(source.conditions);
  check(source.outputs);
  for (const auto& [id, value] : source.resources) {
    if (const auto condition = string_at(value.get_object(), "Condition"); !condition.empty()) {
      EXPECT_TRUE(source.conditions.contains(condition)) << id;
    }
    if (const auto* depends = value.get_object().if_contains("DependsOn"); depends && depends->is_string()) {
      EXPECT_TRUE(source.resources.contains(depends->get_string())) << id;
    }
  }
  for (const auto& parameter : source.parameters) {
    EXPECT_TRUE(used.contains(std::string_view(parameter.key()))) << parameter.key() << " is used by nothing";
    EXPECT_FALSE(string_at(parameter.value().get_object(), "Description").empty()) << parameter.key();
  }
}

TEST_P(TemplateForAws, RolesMayNoMoreThanTheyNeed) {
  // Security Hub's actions on findings are not bound to a resource that a template could name.
  const Names without_resource = {"securityhub:GetFindings", "securityhub:BatchUpdateFindings"};
  for (const auto& [id, value] : source.resources) {
    if (type_of(id) != "AWS::IAM::Role") continue;
    SCOPED_TRACE(std::string(id));
    for (const auto& statement : statements(id)) {
      EXPECT_EQ(string_at(statement, "Effect"), "Allow");
      for (const auto& action : actions(statement)) {
        EXPECT_EQ(action.find('*'), action.npos) << action;
        const auto& resource = statement.at("Resource");
        const bool any = resource.is_string() && resource.get_string() == "*";
        EXPECT_TRUE(!any || without_resource.contains(action)) << action << " on every resource";
      }
    }
    const auto& trust = value.at("Properties").at("AssumeRolePolicyDocument").at("Statement").get_array();
    ASSERT_EQ(trust.size(), 1u);
    EXPECT_EQ(string_at(trust[0].get_object(), "Action"), "sts:AssumeRole");
    EXPECT_TRUE(string_at(trust[0].get_object(), "Principal.Service").ends_with(".amazonaws.com"));
    if (const auto* managed = find(value, "Properties.ManagedPolicyArns")) {
      EXPECT_NE(to_json(*managed).find("AWSLambdaBasicExecutionRole"), std::string::npos) << to_json(*managed);
    }
  }
}

// What a machine calls, its role may call; what a rule starts, its role may start.
TEST_P(TemplateForAws, RolesMayWhatTheyNeed) {
  const auto may = [&](const json::value& role, std::string_view action) {
    Names targets;
    for (const auto& statement :
         statements(std::string_view(references(role).begin()->data(), references(role).begin()->find('.'))))
      if (const auto all = actions(statement); std::ranges::find(all, action) != all.end())
        targets.merge(references(statement.at("Resource")));
    return targets;
  };
  for (const auto& [id, value] : source.resources) {
    SCOPED_TRACE(std::string(id));
    if (type_of(id) == "AWS::StepFunctions::StateMachine") {
      const auto& role = value.at("Properties").at("RoleArn");
      for (const auto& called : references(value.at("Properties").at("DefinitionSubstitutions"))) {
        const auto owner = called.substr(0, called.find('.'));
        if (!source.resources.contains(owner)) continue;  // a parameter, or a name of another stack
        const auto type = type_of(owner);
        if (type == "AWS::Lambda::Function") {
          EXPECT_TRUE(may(role, "lambda:InvokeFunction").contains(called)) << called;
        } else if (type == "AWS::SNS::Topic") {
          EXPECT_TRUE(may(role, "sns:Publish").contains(called)) << called;
        } else {
          // Another machine: its role names it, so it can be allowed by its name only.
          ASSERT_EQ(type, "AWS::StepFunctions::StateMachine") << called;
          EXPECT_TRUE(may(role, "states:StartExecution").contains("AWS::AccountId")) << called;
        }
      }
    }
    if (type_of(id) != "AWS::Events::Rule") continue;
    for (const auto& target : value.at("Properties").at("Targets").get_array()) {
      const std::string to = *references(target.at("Arn")).begin();
      const std::string queue = *references(target.at("DeadLetterConfig")).begin();
      EXPECT_TRUE(string_at(target.get_object(), "DeadLetterConfig").empty() && !queue.empty());
      if (type_of(to.substr(0, to.find('.'))) == "AWS::StepFunctions::StateMachine") {
        EXPECT_TRUE(may(target.at("RoleArn"), "states:StartExecution").contains(to)) << to;
        continue;
      }
      // A function is called by the bus itself: it needs a permission for this rule.
      const bool permitted = std::ranges::any_of(source.resources, [&](const auto& one) {
        return type_of(one.key()) == "AWS::Lambda::Permission" &&
               references(one.value().at("Properties").at("SourceArn"))
                   .contains(fmt::format("{}.Arn", std::string_view(id))) &&
               references(one.value().at("Properties").at("FunctionName")).contains(to.substr(0, to.find('.')));
      });
      EXPECT_TRUE(permitted) << to;
    }
  }
}

// Queues that others write into say who may.
TEST_P(TemplateForAws, QueuesLetTheirWritersIn) {
  Names written, allowed;
  for (const auto& [id, value] : source.resources) {
    const auto& properties =
        value.get_object().contains("Properties") ? value.at("Properties").get_object() : json::object{};
    if (type_of(id) == "AWS::SNS::Subscription" && string_at(properties, "Protocol") == "sqs")
      written.merge(references(properties.at("Endpoint")));
    if (type_of(id) == "AWS::Events::Rule")
      for (const auto& target : properties.at("Targets").get_array())
        written.merge(references(target.at("DeadLetterConfig")));
    if (type_of(id) == "AWS::SQS::QueuePolicy")
      for (const auto& statement : properties.at("PolicyDocument").at("Statement").get_array())
        if (string_at(statement.get_object(), "Action") == "sqs:SendMessage")
          allowed.merge(references(statement.at("Resource")));
  }
  EXPECT_FALSE(written.empty());
  for (const auto& queue : written) EXPECT_TRUE(allowed.contains(queue)) << queue;
}

TEST_P(TemplateForAws, DefinitionsAreDocumentsWithTheirSubstitutions) {
  for (const auto& [id, value] : source.resources) {
    if (type_of(id) != "AWS::StepFunctions::StateMachine") continue;
    std::string text{string_at(value.get_object(), "Properties.DefinitionString")};
    Names named;
    for (auto at = text.find("${"); at != text.npos; at = text.find("${", at)) {
      const auto end = text.find('}', at);
      named.insert(text.substr(at + 2, end - at - 2));
      text.replace(at, end + 1 - at, "1");  // some stand for numbers
    }
    const auto definition = parse_json_object(text);
    ASSERT_TRUE(definition) << id << ": " << definition.error().message;
    Names given;
    for (const auto& member : value.at("Properties").at("DefinitionSubstitutions").get_object())
      given.insert(std::string(member.key()));
    EXPECT_EQ(named, given) << id;
  }
}

INSTANTIATE_TEST_SUITE_P(Stacks, TemplateForAws, testing::Values("incident-response", "ip-blocking", "playbooks"),
                         [](const auto& one) {
                           std::string name;
                           for (const char c : std::string(one.param))
                             if (c != '-') name += c;
                           return name;
                         });

}  // namespace
}  // namespace tocsin::stacks
