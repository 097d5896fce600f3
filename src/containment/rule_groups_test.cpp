#include "containment/rule_groups.h"

#include <fmt/format.h>

#include "containment/testing.h"

namespace tocsin::containment {
namespace {

json::object rule(std::int64_t priority, std::vector<std::string> sources, std::vector<std::string> destinations,
                  std::string_view action = "aws:drop") {
  const auto list = [](const std::vector<std::string>& texts) {
    json::array all;
    for (const auto& text : texts) all.push_back(json::object{{"AddressDefinition", text}});
    return all;
  };
  json::object attributes;
  if (!sources.empty()) attributes["Sources"] = list(sources);
  if (!destinations.empty()) attributes["Destinations"] = list(destinations);
  return {{"RuleDefinition", json::object{{"MatchAttributes", attributes}, {"Actions", json::array{action}}}},
          {"Priority", priority}};
}

json::object document(json::array rules) {
  return {{"RulesSource",
           json::object{{"StatelessRulesAndCustomActions", json::object{{"StatelessRules", std::move(rules)}}}}}};
}

class RuleGroupsTest : public ContainmentTest {
 protected:
  RuleGroupsTest() : ContainmentTest({.own_addresses = set_of({"52.0.0.0/24"})}) {}

  service::Answer create(std::string_view name, json::object rules, std::int64_t capacity = 100) {
    return call(
        "network-firewall", "CreateRuleGroup",
        json::object{{"RuleGroupName", name}, {"Type", "STATELESS"}, {"Capacity", capacity}, {"RuleGroup", rules}});
  }
  json::object describe(std::string_view name) {
    return *call("network-firewall", "DescribeRuleGroup", json::object{{"RuleGroupName", name}, {"Type", "STATELESS"}});
  }
  service::Answer update(std::string_view name, std::string_view token, json::object rules) {
    return call(
        "network-firewall", "UpdateRuleGroup",
        json::object{{"RuleGroupName", name}, {"Type", "STATELESS"}, {"UpdateToken", token}, {"RuleGroup", rules}});
  }
  service::Answer update_blocks(std::string_view name, std::vector<std::string> hosts) {
    const json::object now = describe(name);
    const json::object input{{"RuleGroupName", name},
                             {"Type", "STATELESS"},
                             {"UpdateToken", now.at("UpdateToken")},
                             {"RuleGroup", document({rule(30000, hosts, {}), rule(30100, {}, hosts)})}};
    return write([&](store::Transaction& t) {
      const std::int64_t priorities[] = {30000, 30100};
      return containment.rule_groups().update_blocks(t, input, priorities);
    });
  }
  std::vector<std::string> listed(std::string_view name, std::size_t index, std::string_view list) {
    std::vector<std::string> all;
    const json::object now = describe(name);
    const auto& rules = now.at("RuleGroup").at("RulesSource").at("StatelessRulesAndCustomActions").at("StatelessRules");
    for (const auto& d : rules.at(index).at("RuleDefinition").at("MatchAttributes").at(list).get_array())
      all.emplace_back(d.at("AddressDefinition").get_string());
    return all;
  }
};

TEST_F(RuleGroupsTest, CapacityIsTheSumOfProducts) {
  const auto capacity = [](std::string_view attributes) {
    const auto text = fmt::format(
        R"({{"RulesSource":{{"StatelessRulesAndCustomActions":{{"StatelessRules":[{{"Priority":1,"RuleDefinition":{{"Actions":["aws:pass"],"MatchAttributes":{}}}}}]}}}}}})",
        attributes);
    return capacity_of("STATELESS", *parse_json_object(text));
  };
  EXPECT_EQ(capacity("{}"), 1);
  EXPECT_EQ(capacity(R"({"Protocols":[17,6],"Sources":[{"AddressDefinition":"10.0.0.0/24"},
    {"AddressDefinition":"10.0.1.0/24"},{"AddressDefinition":"10.0.2.0/24"}]})"),
            6);
  EXPECT_EQ(capacity(R"({"Protocols":[6],"SourcePorts":[{"FromPort":0,"ToPort":65535}],
    "DestinationPorts":[{"FromPort":22,"ToPort":22},{"FromPort":80,"ToPort":80}],"TCPFlags":[{"Flags":["SYN"]},{"Flags":["ACK"]}]})"),
            4);
  EXPECT_EQ(
      capacity_of("STATELESS", document({rule(1, {"8.8.8.8/32", "9.9.9.9/32"}, {}), rule(2, {}, {"8.8.8.8/32"})})), 3);
  const json::object stateful{
      {"RulesSource",
       json::object{
           {"RulesString", "# none\n\ndrop ip any any -> any any (sid:1;)\n  pass ip any any -> any any (sid:2;)"}}}};
  EXPECT_EQ(capacity_of("STATEFUL", stateful), 2);
  EXPECT_EQ(
      capacity_of(
          "STATEFUL",
          *parse_json_object(
              R"({"RulesSource":{"RulesSourceList":{"Targets":["a.com","b.com"],"TargetTypes":["TLS_SNI","HTTP_HOST"],"GeneratedRulesType":"DENYLIST"}}})")),
      6);
}

TEST_F(RuleGroupsTest, IsCreatedDescribedListedAndDeleted) {
  const auto created = create("us-east-1-guardduty-nf-rg", document({rule(10, {}, {"127.0.0.1/32"})}));
  ASSERT_TRUE(created) << created.error().message;
  const auto& response = created->at("RuleGroupResponse");
  EXPECT_EQ(response.at("RuleGroupArn"),
            "arn:aws:network-firewall:us-east-1:000000000000:stateless-rulegroup/us-east-1-guardduty-nf-rg");
  EXPECT_EQ(response.at("ConsumedCapacity"), 1);
  EXPECT_EQ(response.at("RuleGroupStatus"), "ACTIVE");
  EXPECT_EQ(create("us-east-1-guardduty-nf-rg", document({})).error().aws_code, "InvalidRequestException");
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(create(fmt::format("g{}", i), document({})));
  const auto first = call("network-firewall", "ListRuleGroups", R"({"MaxResults":3})");
  ASSERT_TRUE(first);
  EXPECT_EQ(first->at("RuleGroups").get_array().size(), 3u);
  const auto rest = call("network-firewall", "ListRuleGroups", json::object{{"NextToken", first->at("NextToken")}});
  EXPECT_EQ(rest->at("RuleGroups").get_array().size(), 2u);
  EXPECT_FALSE(rest->contains("NextToken"));
  EXPECT_EQ(call("network-firewall", "ListRuleGroups", R"({"NextToken":"abc"})").error().aws_code,
            "InvalidRequestException");
  EXPECT_EQ(call("network-firewall", "DescribeRuleGroupMetadata", R"({"RuleGroupName":"g1","Type":"STATELESS"})")
                ->at("Capacity"),
            100);
  ASSERT_TRUE(call("network-firewall", "DeleteRuleGroup", R"({"RuleGroupName":"g1","Type":"STATELESS"})"));
  EXPECT_EQ(
      call("network-firewall", "DescribeRuleGroup", R"({"RuleGroupName":"g1","Type":"STATELESS"})").error().aws_code,
      "ResourceNotFoundException");
  EXPECT_EQ(call("network-firewall", "DescribeRuleGroup", R"({"RuleGroupName":"g2"})").error().aws_code,
            "InvalidRequestException");
}

TEST_F(RuleGroupsTest, AStaleTokenIsRefused) {
  ASSERT_TRUE(create("g", document({})));
  const std::string token(describe("g").at("UpdateToken").get_string());
  const auto done = update("g", token, document({rule(1, {"8.8.8.8/32"}, {})}));
  ASSERT_TRUE(done);
  EXPECT_NE(done->at("UpdateToken"), json::value(token));
  const auto stale = update("g", token, document({}));
  ASSERT_FALSE(stale);
  EXPECT_EQ(stale.error().aws_code, "InvalidTokenException");
  EXPECT_EQ(stale.error().code, ErrorCode::conflict);
}

TEST_F(RuleGroupsTest, CapacityIsChecked) {
  ASSERT_TRUE(create("g", document({}), 3));
  const std::string token(describe("g").at("UpdateToken").get_string());
  const auto full =
      update("g", token, document({rule(1, {"8.8.8.1/32", "8.8.8.3/32", "8.8.8.5/32", "8.8.8.7/32"}, {})}));
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().aws_code, "InvalidRequestException");
  EXPECT_NE(full.error().message.find("capacity 3"), std::string::npos) << full.error().message;
  EXPECT_NE(full.error().message.find("need 4"), std::string::npos);
  EXPECT_EQ(describe("g").at("UpdateToken"), json::value(token)) << "nothing was changed";
  EXPECT_FALSE(create("h", document({}), 30'001));
}

TEST_F(RuleGroupsTest, RulesAreChecked) {
  const json::object bad[] = {
      document({rule(0, {}, {})}),
      document({rule(65536, {}, {})}),
      document({rule(1, {}, {}), rule(1, {}, {})}),
      document({rule(1, {"8.8.8.8/33"}, {})}),
      document({rule(1, {}, {}, "aws:explode")}),
      document({rule(1, {}, {}, "MyMetric")}),
      json::object{{"RulesSource", json::object{{"RulesString", "drop ip any any -> any any (sid:1;)"}}}},
      json::object{},
  };
  for (const auto& one : bad) {
    const auto made = create("g", one);
    ASSERT_FALSE(made) << to_json(one);
    EXPECT_EQ(made.error().aws_code, "InvalidRequestException");
  }
  const auto dry = call("network-firewall", "CreateRuleGroup",
                        json::object{{"RuleGroupName", "g"},
                                     {"Type", "STATELESS"},
                                     {"Capacity", 5},
                                     {"DryRun", true},
                                     {"RuleGroup", document({rule(1, {"8.8.8.8/32"}, {})})}});
  ASSERT_TRUE(dry);
  EXPECT_EQ(dry->at("RuleGroupResponse").at("ConsumedCapacity"), 1);
  EXPECT_TRUE(create("g", document({}))) << "a dry run makes nothing";
}

TEST_F(RuleGroupsTest, StatefulRulesAreKeptAsGiven) {
  const std::string rules = "drop tls any any -> any any (tls.sni; content:\"evil.example\"; sid:1;)\n# end";
  ASSERT_TRUE(call("network-firewall", "CreateRuleGroup",
                   json::object{{"RuleGroupName", "s"}, {"Type", "STATEFUL"}, {"Capacity", 5}, {"Rules", rules}}));
  const auto read = call("network-firewall", "DescribeRuleGroup", R"({"RuleGroupName":"s","Type":"STATEFUL"})");
  EXPECT_EQ(read->at("RuleGroup").at("RulesSource").at("RulesString"), json::value(rules));
  EXPECT_TRUE(create("s", document({}))) << "a name is unique among groups of its type";
}

TEST_F(RuleGroupsTest, NobodyDropsWhatIsNeverBlocked) {
  ASSERT_TRUE(create("g", document({})));
  EXPECT_EQ(create("h", document({rule(1, {"10.0.0.0/8"}, {})})).error().code, ErrorCode::denied);
  EXPECT_EQ(create("h", document({rule(1, {"52.0.0.9/32"}, {})})).error().aws_code, "InvalidRequestException");
  EXPECT_EQ(create("h", document({rule(1, {}, {"52.0.0.0/8"})})).error().code, ErrorCode::denied);
  EXPECT_TRUE(create("h", document({rule(1, {"52.0.0.9/32"}, {}, "aws:pass")})));
  EXPECT_TRUE(create("i", document({rule(1, {"10.0.0.0/8"}, {}, "aws:forward_to_sfe")})));
  // The rules that hold blocks are held to all of the gate.
  EXPECT_EQ(update_blocks("g", {"10.0.0.1/32"}).error().code, ErrorCode::denied);
  EXPECT_TRUE(update_blocks("g", {"127.0.0.1/32"})) << "the placeholder for none";
  EXPECT_TRUE(update_blocks("g", {"8.8.8.8/32"}));
}

TEST_F(RuleGroupsTest, ANeverBlockEntryIsTakenOutOfEveryRule) {
  ASSERT_TRUE(create("g", document({})));
  ASSERT_TRUE(update_blocks("g", {"8.8.8.0/24", "9.9.9.9/32"}));
  ASSERT_TRUE(create("hand", document({rule(1, {"8.8.8.8/32"}, {})})));
  ASSERT_TRUE(create("pass", document({rule(1, {"8.8.8.8/32"}, {}, "aws:pass")})));
  const auto before = describe("pass").at("UpdateToken");
  ASSERT_TRUE(
      write([&](store::Transaction& t) { return containment.never_block(t, "8.8.8.0/25", "resolvers", "me"); }));
  EXPECT_EQ(listed("g", 0, "Sources"), (std::vector<std::string>{"8.8.8.128/25", "9.9.9.9/32"}));
  EXPECT_EQ(listed("g", 1, "Destinations"), (std::vector<std::string>{"8.8.8.128/25", "9.9.9.9/32"}));
  EXPECT_EQ(listed("hand", 0, "Sources"), (std::vector<std::string>{"127.0.0.1/32"}));
  EXPECT_EQ(describe("pass").at("UpdateToken"), before);
}

TEST_F(RuleGroupsTest, UnblockingTakesTheAddressOutAtOnce) {
  ASSERT_TRUE(create("g", document({})));
  block("8.8.8.8");
  block("9.9.9.9");
  ASSERT_TRUE(update_blocks("g", {"8.8.8.8/32", "9.9.9.9/32"}));
  ASSERT_TRUE(write([&](store::Transaction& t) { return containment.unblock(t, "9.9.9.9", "", "me"); }));
  EXPECT_EQ(listed("g", 0, "Sources"), (std::vector<std::string>{"8.8.8.8/32"}));
  ASSERT_TRUE(
      call("dynamodb", "DeleteItem",
           json::object{{"TableName", table}, {"Key", json::object{{"HostIp", json::object{{"S", "8.8.8.8"}}}}}}));
  EXPECT_EQ(listed("g", 1, "Destinations"), (std::vector<std::string>{"127.0.0.1/32"}));
}

TEST_F(RuleGroupsTest, TheTableNoticesWhenAPersonTakesBlocksOut) {
  std::vector<std::string> causes;
  containment.attach(store->outbox(), [&](store::Transaction&, std::string_view cause) -> Result<void> {
    causes.emplace_back(cause);
    return {};
  });
  ASSERT_TRUE(create("g", document({})));
  block("8.8.8.8");
  ASSERT_TRUE(update_blocks("g", {"8.8.8.8/32"}));
  ASSERT_TRUE(write([&](store::Transaction& t) -> Result<void> {
    containment.tables().confirm(t, table, containment.rule_groups().blocked(t));
    return {};
  }));
  EXPECT_EQ(row("8.8.8.8")->state, State::confirmed);
  const std::string token(describe("g").at("UpdateToken").get_string());
  ASSERT_TRUE(update("g", token, document({rule(30000, {"8.8.8.8/32"}, {})})));
  EXPECT_EQ(row("8.8.8.8")->state, State::desired) << "blocked means both ways";
  store->run_until_idle();
  ASSERT_EQ(causes.size(), 1u) << "it is put back";
  EXPECT_NE(causes[0].find("user/admin took 1 blocked addresses out"), std::string::npos) << causes[0];
}

}  // namespace
}  // namespace tocsin::containment
