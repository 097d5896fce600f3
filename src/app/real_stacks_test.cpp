// The templates of stacks/ in the engine that runs them: every resource is there afterwards, as the API shows it.
#include <filesystem>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "app/engine.h"
#include "app/stack_files.h"
#include "core/check.h"

namespace tocsin::app {
namespace {

class RealStacks : public testing::Test {
 protected:
  RealStacks() {
    char pattern[] = "/tmp/tocsin-stacks-XXXXXX";
    check(mkdtemp(pattern) != nullptr, "a temporary folder can be made");
    config.data = pattern;
    config.protect_this_machine = false;
    auto opened = Engine::open(config, clock, random, false);
    check(opened.has_value(), "the engine opens");
    engine = std::move(*opened);
  }
  ~RealStacks() override {
    engine.reset();
    std::filesystem::remove_all(config.data);
  }

  std::vector<stacks::Report> prepare() {
    auto reports = engine->prepare(config);
    EXPECT_TRUE(reports) << reports.error().message;
    return reports ? std::move(*reports) : std::vector<stacks::Report>(2);
  }
  service::Answer call(std::string_view service, std::string_view operation, const json::object& input) {
    const auto* found = engine->directory().find(service, operation);
    check(found != nullptr, "the operation is served");
    const service::Caller caller{
        .account = "000000000000", .arn = "arn:aws:iam::000000000000:user/admin", .user_id = "AIDA"};
    const service::Call request{.caller = caller, .input = input, .request_id = "r", .endpoint = "http://h"};
    return engine->store().write(store::Lane::notice,
                                 [&](store::Transaction& t) { return service::run_within(*found, t, request); });
  }
  std::string physical_id(std::string_view stack, std::string_view id) {
    return engine->store()
        .read([&](store::Reader& r) -> Result<std::string> {
          return stacks::Stacks::physical_id(r, stack, id).value_or("");
        })
        .value();
  }
  // How the API shows a resource; an error if it is not there. Nothing for types that are recorded only.
  std::optional<service::Answer> show(std::string_view type, const std::string& id) {
    if (type == "AWS::SQS::Queue")
      return call("sqs", "GetQueueAttributes", {{"QueueUrl", id}, {"AttributeNames", {"All"}}});
    if (type == "AWS::SNS::Topic") return call("sns", "GetTopicAttributes", {{"TopicArn", id}});
    if (type == "AWS::SNS::Subscription") return call("sns", "GetSubscriptionAttributes", {{"SubscriptionArn", id}});
    if (type == "AWS::Events::Rule") return call("events", "ListTargetsByRule", {{"Rule", id}});
    if (type == "AWS::Lambda::Function") return call("lambda", "GetFunctionConfiguration", {{"FunctionName", id}});
    if (type == "AWS::StepFunctions::StateMachine")
      return call("states", "DescribeStateMachine", {{"stateMachineArn", id}});
    if (type == "AWS::DynamoDB::Table") return call("dynamodb", "DescribeTable", {{"TableName", id}});
    if (type == "AWS::NetworkFirewall::RuleGroup")
      return call("network-firewall", "DescribeRuleGroup", {{"RuleGroupArn", id}});
    if (type == "AWS::SecurityHub::Hub") return call("securityhub", "DescribeHub", {{"HubArn", id}});
    if (type == "AWS::SecurityHub::ActionTarget")
      return call("securityhub", "DescribeActionTargets", {{"ActionTargetArns", {id}}});
    return std::nullopt;
  }
  std::string text_of(std::string_view name) {
    const auto files = stack_files(config);
    for (const auto& file : *files)
      if (file.name == name) return file.text;
    return {};
  }

  Config config;
  ManualClock clock{Time{std::chrono::sys_days{std::chrono::year{2026} / 1 / 1}}};
  SeededRandom random{1};
  std::unique_ptr<Engine> engine;
};

TEST_F(RealStacks, EveryResourceIsThereAndASecondApplyChangesNothing) {
  const auto reports = prepare();
  ASSERT_EQ(reports.size(), 3u);
  for (const auto& report : reports) {
    const auto source = templates::read(text_of(report.name));
    ASSERT_TRUE(source);
    std::size_t shown = 0;
    for (const auto& id : report.created) {
      const std::string type{string_at(source->resources.at(id).get_object(), "Type")};
      const auto physical = physical_id(report.name, id);
      EXPECT_FALSE(physical.empty()) << id;
      const auto answer = show(type, physical);
      if (!answer) continue;
      ++shown;
      ASSERT_TRUE(*answer) << id << ": " << answer->error().message;
      if (type == "AWS::Events::Rule") {
        EXPECT_EQ((**answer).at("Targets").get_array().size(),
                  find(source->resources, id + ".Properties.Targets")->get_array().size())
            << id;
      }
      if (type == "AWS::SQS::Queue") {
        EXPECT_TRUE(physical.starts_with("http://") || physical.starts_with("/")) << physical;
      }
    }
    EXPECT_GE(shown, 7u) << report.name;
    // What depends on a condition is left out without it.
    std::size_t conditional = 0;
    for (const auto& [id, declared] : source->resources) conditional += declared.get_object().contains("Condition");
    EXPECT_EQ(report.created.size() + conditional, source->resources.size());
  }
  for (const auto& report : prepare()) {
    EXPECT_TRUE(report.created.empty() && report.updated.empty() && report.deleted.empty()) << report.name;
    EXPECT_FALSE(report.unchanged.empty());
  }
}

TEST_F(RealStacks, AChangedParameterIsApplied) {
  prepare();
  config.stack["ip-blocking"].parameters["RetentionHours"] = Secret{"24"};
  const auto reports = prepare();
  EXPECT_EQ(reports[1].name, "ip-blocking");
  EXPECT_EQ(reports[1].updated, (std::vector<std::string>{"AddIp", "GetExpiredIp"}));
  EXPECT_TRUE(reports[0].updated.empty());
  const auto function = *show("AWS::Lambda::Function", physical_id("ip-blocking", "AddIp"));
  EXPECT_EQ(string_at(*function, "Environment.Variables.RETENTION"), "24");
}

TEST_F(RealStacks, ALargerRuleGroupKeepsWhatItBlocks) {
  prepare();
  ASSERT_TRUE(call("dynamodb", "PutItem",
                   {{"TableName", "us-east-1-gd-firewall"}, {"Item", {{"HostIp", {{"S", "84.205.67.9"}}}}}}));
  engine->store().run_until_idle();
  config.stack["ip-blocking"].parameters["RuleGroupCapacity"] = Secret{"20000"};
  EXPECT_EQ(prepare()[1].updated, std::vector<std::string>{"RuleGroup"});
  engine->store().run_until_idle();
  const auto group = *show("AWS::NetworkFirewall::RuleGroup", physical_id("ip-blocking", "RuleGroup"));
  EXPECT_EQ(integer_at(*group, "RuleGroupResponse.Capacity"), 20000);
  EXPECT_NE(to_json(group->at("RuleGroup")).find("84.205.67.9/32"), std::string::npos);
  const auto row = call("dynamodb", "GetItem",
                        {{"TableName", "us-east-1-gd-firewall"}, {"Key", {{"HostIp", {{"S", "84.205.67.9"}}}}}});
  EXPECT_EQ(string_at(*row, "Item.State.S"), "confirmed");
}

TEST_F(RealStacks, WhatIsGoneFromTheTemplateIsRemoved) {
  prepare();
  std::string text = text_of("ip-blocking");
  const auto begin = text.find("\n  PruneRule:"), end = text.find("\nOutputs:");
  ASSERT_LT(begin, end);
  text.erase(begin, end - begin);
  const stacks::Stacks stacks{engine->identity(), engine->directory()};
  const auto report = engine->store().write(store::Lane::notice, [&](store::Transaction& t) {
    return stacks.apply(t, {.name = "ip-blocking", .template_text = text, .parameters = {}});
  });
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->deleted, std::vector<std::string>{"PruneRule"});
  const auto gone = call("events", "DescribeRule", {{"Name", "us-east-1-gd-sch-pruning"}});
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().code, ErrorCode::not_found);
  EXPECT_TRUE(call("events", "DescribeRule", {{"Name", "us-east-1-gd-findings"}}));
}

TEST_F(RealStacks, AnAddressForMailIsRecordedAndSaidNotToBeServed) {
  config.stack["incident-response"].parameters["NotificationEmail"] = Secret{"soc@example.org"};
  const auto report = prepare()[0];
  ASSERT_EQ(report.notes.size(), 1u);
  EXPECT_NE(report.notes[0].find("EmailSubscription: a subscription by email is recorded only"), std::string::npos)
      << report.notes[0];
  config.stack.clear();
  EXPECT_EQ(prepare()[0].deleted, std::vector<std::string>{"EmailSubscription"});
}

// A rule on a bus of its own is not mistaken for one of the same name on the default bus.
TEST_F(RealStacks, RulesStayOnTheirBus) {
  const stacks::Stacks stacks{engine->identity(), engine->directory()};
  const auto apply = [&](std::string text) {
    return engine->store().write(store::Lane::notice, [&](store::Transaction& t) {
      return stacks.apply(t, {.name = "own", .template_text = std::move(text), .parameters = {}});
    });
  };
  prepare();
  const std::string bus = "Resources:\n  Bus: {Type: AWS::Events::EventBus, Properties: {Name: alarms}}\n";
  const std::string rule =
      "  Rule:\n    Type: AWS::Events::Rule\n    Properties:\n      Name: us-east-1-gd-findings\n      EventBusName: "
      "!Ref Bus\n"
      "      EventPattern: {source: [x]}\n      Targets: [{Id: own, Arn: !Sub "
      "\"arn:aws:sqs:us-east-1:${AWS::AccountId}:security-incident-queue\"}]\n";
  const auto made = apply(bus + rule);
  ASSERT_TRUE(made) << made.error().message;
  const auto targets = [&](json::object input) {
    input["Rule"] = "us-east-1-gd-findings";
    const auto listed = call("events", "ListTargetsByRule", input);
    return listed ? to_json(listed->at("Targets")) : listed.error().aws_code;
  };
  const auto of_default = targets({});
  EXPECT_NE(targets({{"EventBusName", "alarms"}}).find("\"own\""), std::string::npos);
  EXPECT_EQ(of_default.find("\"own\""), std::string::npos);
  ASSERT_TRUE(apply(bus + rule + "      State: DISABLED\n"));
  ASSERT_TRUE(apply(bus));
  EXPECT_EQ(targets({{"EventBusName", "alarms"}}), "ResourceNotFoundException");
  EXPECT_EQ(targets({}), of_default);
}

}  // namespace
}  // namespace tocsin::app
