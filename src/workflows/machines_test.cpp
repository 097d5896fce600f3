#include "workflows/machines.h"

#include "workflows/operations_test.h"

namespace tocsin::workflows {
namespace {

class MachinesTest : public OperationsTest {};

TEST_F(MachinesTest, CreatingTheSameAgainIsTheSame) {
  const auto arn = create("m", {{"tags", json::array{json::object{{"key", "team"}, {"value", "soc"}}}}});
  EXPECT_EQ(create("m", {{"roleArn", "arn:aws:iam::000000000000:role/other"}}), arn);
  EXPECT_EQ(string_at(good("DescribeStateMachine", {{"stateMachineArn", arn}}), "roleArn"),
            "arn:aws:iam::000000000000:role/r");
  for (const auto& different :
       {json::object{{"definition", waits}}, json::object{{"type", "EXPRESS"}},
        json::object{{"tracingConfiguration", {{"enabled", true}}}}, json::object{{"publish", true}}}) {
    json::object input{{"name", "m"}, {"definition", passes}, {"roleArn", "arn:aws:iam::000000000000:role/r"}};
    for (const auto& [member, value] : different) input[member] = value;
    EXPECT_EQ(refused("CreateStateMachine", input), "StateMachineAlreadyExists") << to_json(different);
  }
  const auto tags = good("ListTagsForResource", {{"resourceArn", arn}});
  EXPECT_EQ(to_json(tags), R"({"tags":[{"key":"team","value":"soc"}]})");
}

TEST_F(MachinesTest, VersionsKeepWhatTheyWerePublishedWith) {
  const auto arn = create("m");
  const json::object machine{{"stateMachineArn", arn}};
  EXPECT_FALSE(good("DescribeStateMachine", machine).contains("revisionId"));
  EXPECT_EQ(refused("PublishStateMachineVersion", {{"stateMachineArn", arn}, {"revisionId", "zzz"}}),
            "ConflictException");
  const json::object initial{{"stateMachineArn", arn}, {"revisionId", "INITIAL"}, {"description", "first"}};
  EXPECT_EQ(string_at(good("PublishStateMachineVersion", initial), "stateMachineVersionArn"), arn + ":1");
  EXPECT_EQ(string_at(good("PublishStateMachineVersion", machine), "stateMachineVersionArn"), arn + ":1");
  const json::object update{{"stateMachineArn", arn}, {"definition", waits}, {"publish", true}};
  const auto updated = good("UpdateStateMachine", update);
  EXPECT_EQ(string_at(updated, "stateMachineVersionArn"), arn + ":2");
  EXPECT_EQ(good("UpdateStateMachine", update).at("revisionId"), updated.at("revisionId"));
  const auto first = good("DescribeStateMachine", {{"stateMachineArn", arn + ":1"}});
  EXPECT_EQ(string_at(first, "definition"), passes);
  EXPECT_EQ(string_at(first, "description"), "first");
  EXPECT_EQ(good("ListStateMachineVersions", machine).at("stateMachineVersions").as_array().size(), 2u);

  const auto started = good("StartExecution", {{"stateMachineArn", arn + ":1"}});
  const auto described = good("DescribeExecution", {{"executionArn", started.at("executionArn")}});
  EXPECT_EQ(string_at(described, "status"), "SUCCEEDED");
  EXPECT_EQ(string_at(described, "stateMachineArn"), arn);
  EXPECT_EQ(string_at(described, "stateMachineVersionArn"), arn + ":1");
  const auto history = good("GetExecutionHistory", {{"executionArn", started.at("executionArn")}});
  EXPECT_EQ(string_at(history.at("events").at(0).as_object(), "executionStartedEventDetails.stateMachineVersionArn"),
            arn + ":1");
  // A number is never given again.
  good("DeleteStateMachineVersion", {{"stateMachineVersionArn", arn + ":2"}});
  EXPECT_EQ(string_at(good("PublishStateMachineVersion", machine), "stateMachineVersionArn"), arn + ":3");
  EXPECT_EQ(refused("StartExecution", {{"stateMachineArn", arn + ":2"}}), "StateMachineDoesNotExist");
  EXPECT_EQ(
      refused("UpdateStateMachine", {{"stateMachineArn", arn + ":1"}, {"roleArn", "arn:aws:iam::000000000000:role/r"}}),
      "ValidationException");
  EXPECT_EQ(refused("UpdateStateMachine", machine), "MissingRequiredParameter");
}

TEST_F(MachinesTest, AliasesShareExecutionsOutByWeight) {
  const auto arn = create("m", {{"publish", true}});
  good("UpdateStateMachine", {{"stateMachineArn", arn}, {"definition", waits}, {"publish", true}});
  const auto alias = good("CreateStateMachineAlias", routes({{arn + ":1", 80}, {arn + ":2", 20}}));
  EXPECT_EQ(string_at(alias, "stateMachineAliasArn"), arn + ":live");
  good("CreateStateMachineAlias", routes({{arn + ":1", 80}, {arn + ":2", 20}}));
  EXPECT_EQ(refused("CreateStateMachineAlias", routes({{arn + ":1", 100}})), "ConflictException");
  for (int i = 0; i < 200; ++i) good("StartExecution", {{"stateMachineArn", arn + ":live"}});
  const auto count = [&](const std::string& of) {
    return good("ListExecutions", {{"stateMachineArn", of}, {"maxResults", 1000}}).at("executions").as_array().size();
  };
  EXPECT_EQ(count(arn + ":live"), 200u);
  EXPECT_EQ(count(arn), 200u);
  EXPECT_NEAR(static_cast<double>(count(arn + ":1")), 160, 25);
  EXPECT_EQ(count(arn + ":1") + count(arn + ":2"), 200u);
  EXPECT_EQ(refused("DeleteStateMachineVersion", {{"stateMachineVersionArn", arn + ":2"}}), "ConflictException");
  auto all_to_one = routes({{arn + ":1", 100}});
  all_to_one.erase("name");
  all_to_one["stateMachineAliasArn"] = arn + ":live";
  good("UpdateStateMachineAlias", all_to_one);
  good("DeleteStateMachineVersion", {{"stateMachineVersionArn", arn + ":2"}});
  const auto aliases = good("ListStateMachineAliases", {{"stateMachineArn", arn + ":1"}});
  EXPECT_EQ(aliases.at("stateMachineAliases").as_array().size(), 1u);
  good("DeleteStateMachineAlias", {{"stateMachineAliasArn", arn + ":live"}});
  EXPECT_EQ(refused("DescribeStateMachineAlias", {{"stateMachineAliasArn", arn + ":live"}}), "ResourceNotFound");
  EXPECT_EQ(refused("StartExecution", {{"stateMachineArn", arn + ":live"}}), "StateMachineDoesNotExist");
}

TEST_F(MachinesTest, BadAliasesAreRefused) {
  const auto arn = create("m", {{"publish", true}});
  const auto other = create("n", {{"publish", true}});
  const struct {
    json::object input;
    const char* code;
  } cases[] = {
      {routes({{arn + ":1", 99}}), "ValidationException"},
      {routes({{arn + ":1", 50}, {arn + ":1", 50}}), "ValidationException"},
      {routes({{arn + ":1", 50}, {other + ":1", 50}}), "ValidationException"},
      {routes({{arn, 100}}), "ValidationException"},
      {routes({{arn + ":9", 100}}), "ResourceNotFound"},
      {routes({{"x", 100}}), "InvalidArn"},
      {{{"name", "123"}, {"routingConfiguration", routes({{arn + ":1", 100}}).at("routingConfiguration")}},
       "ValidationException"},
      {{{"name", "live"}, {"routingConfiguration", json::array{}}}, "ValidationException"},
  };
  for (const auto& c : cases) EXPECT_EQ(refused("CreateStateMachineAlias", c.input), c.code) << to_json(c.input);
}

TEST_F(MachinesTest, ADeletedMachineEndsItsExecutionsAtTheNextTransition) {
  const auto arn = create("w", {{"definition", waits}, {"publish", true}});
  const auto started = good("StartExecution", {{"stateMachineArn", arn}});
  good("DeleteStateMachine", {{"stateMachineArn", arn}});
  EXPECT_EQ(string_at(good("DescribeStateMachine", {{"stateMachineArn", arn}}), "status"), "DELETING");
  EXPECT_EQ(refused("StartExecution", {{"stateMachineArn", arn}}), "StateMachineDeleting");
  EXPECT_EQ(refused("PublishStateMachineVersion", {{"stateMachineArn", arn}}), "StateMachineDeleting");
  store.clock.advance(std::chrono::seconds{9});
  store->run_until_idle();
  EXPECT_EQ(string_at(good("DescribeExecution", {{"executionArn", started.at("executionArn")}}), "status"), "ABORTED");
  EXPECT_EQ(refused("DescribeStateMachine", {{"stateMachineArn", arn}}), "StateMachineDoesNotExist");
  create("w");
}

TEST_F(MachinesTest, ConfigurationsAreCheckedAndShown) {
  const json::object logs{
      {"level", "ALL"},
      {"destinations",
       json::array{json::object{
           {"cloudWatchLogsLogGroup", {{"logGroupArn", "arn:aws:logs:us-east-1:000000000000:log-group:g:*"}}}}}}};
  const auto arn = create("m", {{"loggingConfiguration", logs}});
  const auto shown = good("DescribeStateMachine", {{"stateMachineArn", arn}});
  EXPECT_EQ(string_at(shown, "loggingConfiguration.level"), "ALL");
  EXPECT_FALSE(bool_at(shown, "loggingConfiguration.includeExecutionData", true));
  EXPECT_EQ(string_at(shown, "encryptionConfiguration.type"), "AWS_OWNED_KEY");
  json::object input{{"stateMachineArn", arn}, {"loggingConfiguration", {{"level", "ALL"}}}};
  EXPECT_EQ(refused("UpdateStateMachine", input), "InvalidLoggingConfiguration");
  input = {{"stateMachineArn", arn}, {"encryptionConfiguration", {{"type", "CUSTOMER_MANAGED_KMS_KEY"}}}};
  EXPECT_EQ(refused("UpdateStateMachine", input), "InvalidEncryptionConfiguration");
}

TEST_F(MachinesTest, TagsAreBounded) {
  const auto arn = create("m");
  json::array tags;
  for (int i = 0; i < 51; ++i) tags.push_back(json::object{{"key", "k" + std::to_string(i)}, {"value", "v"}});
  EXPECT_EQ(refused("TagResource", {{"resourceArn", arn}, {"tags", tags}}), "TooManyTags");
  tags.resize(2);
  good("TagResource", {{"resourceArn", arn}, {"tags", tags}});
  good("UntagResource", {{"resourceArn", arn}, {"tagKeys", json::array{"k0"}}});
  EXPECT_EQ(to_json(good("ListTagsForResource", {{"resourceArn", arn}})), R"({"tags":[{"key":"k1","value":"v"}]})");
  EXPECT_EQ(refused("ListTagsForResource", {{"resourceArn", arn + "x"}}), "ResourceNotFound");
  EXPECT_EQ(refused("ListTagsForResource", {{"resourceArn", "x"}}), "InvalidArn");
}

TEST_F(MachinesTest, DefinitionsAreValidatedAsAtCreation) {
  const auto good_one = good("ValidateStateMachineDefinition", {{"definition", passes}});
  EXPECT_EQ(to_json(good_one), R"({"result":"OK","diagnostics":[],"truncated":false})");
  json::object states;
  for (int i = 0; i < 5; ++i) states["S" + std::to_string(i)] = {{"Type", "Nothing"}};
  const auto text = to_json(json::object{{"StartAt", "S0"}, {"States", states}});
  const auto bad = good("ValidateStateMachineDefinition", {{"definition", text}, {"maxResults", 3}});
  EXPECT_EQ(string_at(bad, "result"), "FAIL");
  EXPECT_TRUE(bool_at(bad, "truncated"));
  ASSERT_EQ(bad.at("diagnostics").as_array().size(), 3u);
  const auto& first = bad.at("diagnostics").at(0).as_object();
  EXPECT_EQ(string_at(first, "severity"), "ERROR");
  EXPECT_EQ(string_at(first, "code"), "SCHEMA_VALIDATION_FAILED");
  EXPECT_EQ(string_at(first, "location"), "/States/S0/Type");
  const auto created = call("CreateStateMachine",
                            {{"name", "b"}, {"definition", text}, {"roleArn", "arn:aws:iam::000000000000:role/r"}});
  ASSERT_FALSE(created);
  EXPECT_EQ(created.error().aws_code, "InvalidDefinition");
  EXPECT_NE(created.error().message.find(string_at(first, "message")), std::string::npos);
}

// A machine of ten thousand states is read, and a hostile one is refused, without taking long.
TEST_F(MachinesTest, LargeDefinitionsAreBounded) {
  json::object states;
  for (int i = 0; i < 10'000; ++i)
    states["S" + std::to_string(i)] = {{"Type", "Pass"}, {"Next", "S" + std::to_string(i + 1)}};
  states["S10000"] = {{"Type", "Succeed"}};
  const auto text = to_json(json::object{{"StartAt", "S0"}, {"States", states}});
  EXPECT_EQ(string_at(good("ValidateStateMachineDefinition", {{"definition", text}}), "result"), "OK");
  std::string deep;
  for (int i = 0; i < 5'000; ++i) deep += R"({"StartAt":"P","States":{"P":{"Type":"Parallel","End":true,"Branches":[)";
  EXPECT_EQ(string_at(good("ValidateStateMachineDefinition", {{"definition", deep}}), "result"), "FAIL");
  const std::string large = R"({"Comment":")" + std::string(1u << 20, 'x') + R"("})";
  EXPECT_EQ(refused("CreateStateMachine",
                    {{"name", "l"}, {"definition", large}, {"roleArn", "arn:aws:iam::000000000000:role/r"}}),
            "InvalidDefinition");
}

TEST_F(MachinesTest, RolesAreArnsOfRoles) {
  for (const auto* role : {"x", "arn:aws:iam::000000000000:user/u", "arn:aws:s3:::role/r"})
    EXPECT_EQ(refused("CreateStateMachine", {{"name", "m"}, {"definition", passes}, {"roleArn", role}}), "InvalidArn");
  const auto machine = create("m");
  EXPECT_EQ(refused("UpdateStateMachine", {{"stateMachineArn", machine}, {"roleArn", "x"}}), "InvalidArn");
  EXPECT_TRUE(call("UpdateStateMachine",
                   {{"stateMachineArn", machine}, {"roleArn", "arn:aws-us-gov:iam::000000000000:role/path/r"}}));
}

}  // namespace
}  // namespace tocsin::workflows
