#include "findings/hub.h"

#include "findings/test_hub.h"

namespace tocsin::findings {
namespace {

TEST(Hub, IsUnknownUntilEnabled) {
  TestHub hub{false};
  for (const auto* operation :
       {"DescribeHub", "UpdateSecurityHubConfiguration", "DisableSecurityHub", "DescribeStandards",
        "GetEnabledStandards", "DescribeActionTargets", "GetFindings", "GetFindingHistory", "BatchUpdateFindings"})
    EXPECT_EQ(error_of(hub.call(operation, json::object{})),
              "InvalidAccessException: Account 111122223333 is not subscribed to AWS Security Hub")
        << operation;
  EXPECT_EQ(error_of(hub.call("BatchImportFindings", batch_of({finding_with("f-1")}))),
            "InvalidAccessException: Account 111122223333 is not subscribed to AWS Security Hub");
}

TEST(Hub, DescribesWhatWasEnabledAndSurvivesAKill) {
  TestHub hub{false};
  ASSERT_TRUE(hub.call("EnableSecurityHub", R"({"Tags": {"team": "soc"}, "EnableDefaultStandards": false})"));
  hub.reopen();
  const auto described = hub.call("DescribeHub", json::object{});
  ASSERT_TRUE(described);
  EXPECT_EQ(to_json(*described), R"({"HubArn":"arn:aws:securityhub:eu-west-1:111122223333:hub/default",)"
                                 R"("SubscribedAt":"2026-01-01T00:00:00.000Z","AutoEnableControls":true,)"
                                 R"("ControlFindingGenerator":"SECURITY_CONTROL"})");
  EXPECT_EQ(to_json(*hub.call("ListTagsForResource",
                              R"({"ResourceArn": "arn:aws:securityhub:eu-west-1:111122223333:hub/default"})")),
            R"({"Tags":{"team":"soc"}})");
  EXPECT_EQ(to_json(*hub.call("GetEnabledStandards", json::object{})), R"({"StandardsSubscriptions":[]})");
  EXPECT_EQ(
      error_of(hub.call("DescribeHub", R"({"HubArn": "arn:aws:securityhub:eu-west-1:999922223333:hub/default"})")),
      "ResourceNotFoundException: Hub arn:aws:securityhub:eu-west-1:999922223333:hub/default not found");
}

TEST(Hub, IsEnabledOnce) {
  TestHub hub;
  EXPECT_EQ(error_of(hub.call("EnableSecurityHub", json::object{})),
            "ResourceConflictException: Account is already subscribed to Security Hub");
}

TEST(Hub, TakesItsConfiguration) {
  TestHub hub;
  ASSERT_TRUE(hub.call("UpdateSecurityHubConfiguration",
                       R"({"AutoEnableControls": false, "ControlFindingGenerator": "STANDARD_CONTROL"})"));
  const auto described = hub.call("DescribeHub", json::object{});
  EXPECT_FALSE(bool_at(*described, "AutoEnableControls", true));
  EXPECT_EQ(string_at(*described, "ControlFindingGenerator"), "STANDARD_CONTROL");
  EXPECT_EQ(error_of(hub.call("UpdateSecurityHubConfiguration", R"({"ControlFindingGenerator": "NEITHER"})")),
            "InvalidInputException: ControlFindingGenerator must be SECURITY_CONTROL or STANDARD_CONTROL");
}

TEST(Hub, DisablingEndsSubscriptionsAndKeepsFindingsAndActions) {
  TestHub hub;
  hub.import({finding_with("f-1")});
  ASSERT_TRUE(hub.call("CreateActionTarget", R"({"Name": "n", "Description": "d", "Id": "a"})"));
  ASSERT_TRUE(hub.call("DisableSecurityHub", json::object{}));
  EXPECT_FALSE(hub.call("GetFindings", json::object{}));
  ASSERT_TRUE(hub.call("EnableSecurityHub", R"({"EnableDefaultStandards": false})"));
  EXPECT_EQ(hub.call("GetFindings", json::object{})->at("Findings").get_array().size(), 1u);
  EXPECT_EQ(hub.call("DescribeActionTargets", json::object{})->at("ActionTargets").get_array().size(), 1u);
  EXPECT_EQ(hub.call("GetEnabledStandards", json::object{})->at("StandardsSubscriptions").get_array().size(), 0u);
}

TEST(Standards, DefaultOnesComeWithTheHub) {
  TestHub hub;
  const auto enabled = hub.call("GetEnabledStandards", json::object{});
  ASSERT_TRUE(enabled);
  EXPECT_EQ(
      to_json(*enabled),
      R"({"StandardsSubscriptions":[)"
      R"({"StandardsSubscriptionArn":"arn:aws:securityhub:eu-west-1:111122223333:subscription/cis-aws-foundations-benchmark/v/1.2.0",)"
      R"("StandardsArn":"arn:aws:securityhub:::ruleset/cis-aws-foundations-benchmark/v/1.2.0","StandardsInput":{},)"
      R"("StandardsStatus":"READY","StandardsControlsUpdatable":"NOT_READY_FOR_UPDATES"},)"
      R"({"StandardsSubscriptionArn":"arn:aws:securityhub:eu-west-1:111122223333:subscription/aws-foundational-security-best-practices/v/1.0.0",)"
      R"("StandardsArn":"arn:aws:securityhub:eu-west-1::standards/aws-foundational-security-best-practices/v/1.0.0",)"
      R"("StandardsInput":{},"StandardsStatus":"READY","StandardsControlsUpdatable":"NOT_READY_FOR_UPDATES"}]})");
}

TEST(Standards, AreEnabledListedAndDisabled) {
  TestHub hub;
  const auto* request =
      R"({"StandardsSubscriptionRequests": [{"StandardsArn": "arn:aws:securityhub:eu-west-1::standards/pci-dss/v/4.0.1"}]})";
  for (int time = 0; time < 2; ++time) {  // the second time it is there already
    const auto enabled = hub.call("BatchEnableStandards", request);
    ASSERT_TRUE(enabled) << enabled.error().message;
    EXPECT_EQ(string_at(enabled->at("StandardsSubscriptions").at(0).get_object(), "StandardsStatus"), "READY");
  }
  const auto* arns =
      R"({"StandardsSubscriptionArns": ["arn:aws:securityhub:eu-west-1:111122223333:subscription/pci-dss/v/4.0.1"]})";
  EXPECT_EQ(hub.call("GetEnabledStandards", arns)->at("StandardsSubscriptions").get_array().size(), 1u);
  EXPECT_EQ(
      to_json(*hub.call(
          "DescribeStandardsControls",
          R"({"StandardsSubscriptionArn": "arn:aws:securityhub:eu-west-1:111122223333:subscription/pci-dss/v/4.0.1"})")),
      R"({"Controls":[]})");
  const auto disabled = hub.call("BatchDisableStandards", arns);
  ASSERT_TRUE(disabled) << disabled.error().message;
  EXPECT_EQ(string_at(disabled->at("StandardsSubscriptions").at(0).get_object(), "StandardsStatus"), "DELETING");
  EXPECT_EQ(hub.call("GetEnabledStandards", arns)->at("StandardsSubscriptions").get_array().size(), 0u);
  EXPECT_EQ(error_of(hub.call("BatchDisableStandards", arns)),
            "InvalidInputException: Invalid StandardsSubscriptionArn(s): "
            R"(["arn:aws:securityhub:eu-west-1:111122223333:subscription/pci-dss/v/4.0.1"])");
}

TEST(Standards, OfAnotherRegionAreRefused) {
  TestHub hub;
  EXPECT_EQ(
      error_of(hub.call(
          "BatchEnableStandards",
          R"({"StandardsSubscriptionRequests": [{"StandardsArn": "arn:aws:securityhub:us-east-1::standards/pci-dss/v/4.0.1"}]})")),
      "InvalidInputException: Invalid StandardsSubscriptionRequest(s): "
      R"([{"StandardsArn":"arn:aws:securityhub:us-east-1::standards/pci-dss/v/4.0.1"}])");
}

TEST(Standards, ArePaged) {
  TestHub hub;
  std::vector<std::string> arns;
  json::object input{{"MaxResults", 3}};
  for (;;) {
    const auto page = hub.call("DescribeStandards", input);
    ASSERT_TRUE(page) << page.error().message;
    ASSERT_LE(page->at("Standards").get_array().size(), 3u);
    for (const auto& standard : page->at("Standards").get_array())
      arns.emplace_back(string_at(standard.get_object(), "StandardsArn"));
    if (!page->contains("NextToken")) break;
    input["NextToken"] = page->at("NextToken");
  }
  EXPECT_EQ(arns.size(), 10u);
  EXPECT_EQ(std::set(arns.begin(), arns.end()).size(), 10u);
  EXPECT_EQ(error_of(hub.call("DescribeStandards", R"({"NextToken": "x"})")),
            "InvalidInputException: NextToken is not one that was given for this request");
}

TEST(ActionTargets, LiveTheirLife) {
  TestHub hub;
  const auto created = hub.call("CreateActionTarget", R"({"Name": "Escalate to SOC", "Id": "escalate-to-soc",
      "Description": "Escalate this finding to the Security Operations Center"})");
  ASSERT_TRUE(created) << created.error().message;
  const std::string arn{string_at(*created, "ActionTargetArn")};
  EXPECT_EQ(arn, "arn:aws:securityhub:eu-west-1:111122223333:action/custom/escalate-to-soc");
  ASSERT_TRUE(hub.call("UpdateActionTarget", json::object{{"ActionTargetArn", arn}, {"Name", "To the SOC"}}));
  hub.reopen();
  const auto described = hub.call("DescribeActionTargets", json::object{{"ActionTargetArns", json::array{arn}}});
  EXPECT_EQ(
      to_json(*described),
      R"({"ActionTargets":[{"ActionTargetArn":"arn:aws:securityhub:eu-west-1:111122223333:action/custom/escalate-to-soc",)"
      R"("Name":"To the SOC","Description":"Escalate this finding to the Security Operations Center"}]})");
  EXPECT_EQ(to_json(*hub.call("DeleteActionTarget", json::object{{"ActionTargetArn", arn}})),
            R"({"ActionTargetArn":"arn:aws:securityhub:eu-west-1:111122223333:action/custom/escalate-to-soc"})");
  for (const auto* operation : {"DeleteActionTarget", "UpdateActionTarget"})
    EXPECT_EQ(error_of(hub.call(operation, json::object{{"ActionTargetArn", arn}})),
              "ResourceNotFoundException: Action target " + arn + " not found");
  EXPECT_EQ(error_of(hub.call("DescribeActionTargets", json::object{{"ActionTargetArns", json::array{arn}}})),
            "ResourceNotFoundException: Action target " + arn + " not found");
}

TEST(ActionTargets, AreRefused) {
  const struct {
    const char* input;
    const char* error;
  } cases[] = {
      {R"({"Name": "n", "Description": "d", "Id": "taken"})",
       "ResourceConflictException: Action with Id: taken already exists"},
      {R"({"Name": "n", "Description": "d", "Id": "escalate-to-soc-eu-west-1"})",
       "InvalidInputException: Invalid parameter Id: must be 1 to 20 letters, digits, hyphens or underscores"},
      {R"({"Name": "n", "Description": "d", "Id": "a b"})",
       "InvalidInputException: Invalid parameter Id: must be 1 to 20 letters, digits, hyphens or underscores"},
      {R"({"Name": "123456789012345678901", "Description": "d", "Id": "a"})",
       "InvalidInputException: Invalid parameter Name: must have at most 20 characters"},
      {R"({"Name": " ", "Description": "d", "Id": "a"})",
       "InvalidInputException: Invalid parameter Name: must not be blank"},
      {R"({"Name": "n", "Id": "a"})", "InvalidInputException: Invalid parameter Description: must not be blank"},
  };
  TestHub hub;
  ASSERT_TRUE(hub.call("CreateActionTarget", R"({"Name": "Zwölfzwölfzwölfzwölf", "Description": "d", "Id": "taken"})"));
  for (const auto& c : cases) EXPECT_EQ(error_of(hub.call("CreateActionTarget", c.input)), c.error) << c.input;
}

TEST(ActionTargets, AreFiftyAtMostAndPaged) {
  TestHub hub;
  for (int i = 0; i < 50; ++i)
    ASSERT_TRUE(hub.call("CreateActionTarget",
                         json::object{{"Name", "n"}, {"Description", "d"}, {"Id", "a" + std::to_string(i)}}));
  EXPECT_EQ(error_of(hub.call("CreateActionTarget", R"({"Name": "n", "Description": "d", "Id": "b"})")),
            "LimitExceededException: An account can have at most 50 custom actions");
  std::set<std::string> seen;
  json::object input{{"MaxResults", 7}};
  for (;;) {
    const auto page = hub.call("DescribeActionTargets", input);
    ASSERT_TRUE(page);
    for (const auto& target : page->at("ActionTargets").get_array())
      EXPECT_TRUE(seen.emplace(string_at(target.get_object(), "ActionTargetArn")).second);
    if (!page->contains("NextToken")) break;
    input["NextToken"] = page->at("NextToken");
  }
  EXPECT_EQ(seen.size(), 50u);
}

TEST(Tags, AreSetReplacedAndRemoved) {
  TestHub hub;
  const auto arn = std::string("arn:aws:securityhub:eu-west-1:111122223333:hub/default");
  ASSERT_TRUE(hub.call("TagResource", json::object{{"ResourceArn", arn}, {"Tags", {{"a", "1"}, {"b", "2"}}}}));
  ASSERT_TRUE(hub.call("TagResource", json::object{{"ResourceArn", arn}, {"Tags", {{"b", "3"}}}}));
  ASSERT_TRUE(hub.call("UntagResource", json::object{{"ResourceArn", arn}, {"TagKeys", json::array{"a"}}}));
  EXPECT_EQ(to_json(*hub.call("ListTagsForResource", json::object{{"ResourceArn", arn}})), R"({"Tags":{"b":"3"}})");
  EXPECT_EQ(error_of(hub.call("TagResource", json::object{{"ResourceArn", arn}, {"Tags", {{"aws:x", "1"}}}})),
            "InvalidInputException: Invalid parameter Tags: a tag's key has 1 to 128 characters and does not begin "
            "with aws:");
  EXPECT_EQ(error_of(hub.call("ListTagsForResource", json::object{{"ResourceArn", arn + "x"}})),
            "ResourceNotFoundException: Resource " + arn + "x not found");
  json::object many;
  for (int i = 0; i < 50; ++i) many["k" + std::to_string(i)] = "v";
  EXPECT_FALSE(hub.call("TagResource", json::object{{"ResourceArn", arn}, {"Tags", many}}));  // 51 with "b"
  EXPECT_EQ(to_json(*hub.call("ListTagsForResource", json::object{{"ResourceArn", arn}})), R"({"Tags":{"b":"3"}})");
}

}  // namespace
}  // namespace tocsin::findings
