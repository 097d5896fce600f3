// Rule groups that people change: what the gate refuses, what becomes a block, what is shown.
#include <fmt/format.h>

#include "containment/rule_groups.h"
#include "containment/testing.h"

namespace tocsin::containment {
namespace {

json::object rule(std::int64_t priority, std::string_view attributes) {
  return *parse_json_object(fmt::format(
      R"({{"Priority":{},"RuleDefinition":{{"Actions":["aws:drop"],"MatchAttributes":{}}}}})", priority, attributes));
}

std::string side(std::string_view list, std::initializer_list<std::string_view> addresses) {
  std::string text;
  for (const auto address : addresses)
    text += fmt::format(R"({}{{"AddressDefinition":"{}"}})", text.empty() ? "" : ",", address);
  return fmt::format(R"("{}":[{}])", list, text);
}

std::string sources(std::initializer_list<std::string_view> addresses) {
  return "{" + side("Sources", addresses) + "}";
}

std::string destinations(std::initializer_list<std::string_view> addresses) {
  return "{" + side("Destinations", addresses) + "}";
}

json::object document(json::array rules) {
  return {{"RulesSource",
           json::object{{"StatelessRulesAndCustomActions", json::object{{"StatelessRules", std::move(rules)}}}}}};
}

class ByHandTest : public ContainmentTest {
 protected:
  ByHandTest() : ContainmentTest({.own_addresses = set_of({"52.0.0.0/24"})}) {
    containment.attach(store->outbox(), [this](store::Transaction&, std::string_view) -> Result<void> {
      ++enforced;
      return {};
    });
    EXPECT_TRUE(create("g", document({rule(10, destinations({"127.0.0.1/32"}))})));
  }

  service::Answer create(std::string_view name, json::object rules) {
    return call("network-firewall", "CreateRuleGroup",
                json::object{{"RuleGroupName", name}, {"Type", "STATELESS"}, {"Capacity", 100}, {"RuleGroup", rules}});
  }
  service::Answer update(json::object rules, bool dry = false) {
    const auto now = call("network-firewall", "DescribeRuleGroup", R"({"RuleGroupName":"g","Type":"STATELESS"})");
    json::object input{{"RuleGroupName", "g"},
                       {"Type", "STATELESS"},
                       {"UpdateToken", now->at("UpdateToken")},
                       {"RuleGroup", std::move(rules)}};
    if (dry) input["DryRun"] = true;
    return call("network-firewall", "UpdateRuleGroup", input);
  }
  // As the responder does: rules 30000 and 30100 hold the table's blocks.
  void hold(std::initializer_list<std::string_view> hosts) {
    const auto now = call("network-firewall", "DescribeRuleGroup", R"({"RuleGroupName":"g","Type":"STATELESS"})");
    const json::object input{{"RuleGroupName", "g"},
                             {"Type", "STATELESS"},
                             {"UpdateToken", now->at("UpdateToken")},
                             {"RuleGroup", managed(hosts)}};
    const auto done = write([&](store::Transaction& t) -> Result<void> {
      const std::int64_t priorities[] = {30000, 30100};
      auto updated = containment.rule_groups().update_blocks(t, input, priorities);
      if (!updated) return pass_on(updated);
      containment.tables().confirm(t, table, containment.rule_groups().blocked(t));
      return {};
    });
    ASSERT_TRUE(done) << done.error().message;
  }
  static json::object managed(std::initializer_list<std::string_view> hosts) {
    return document({rule(30000, sources(hosts)), rule(30100, destinations(hosts))});
  }
  json::object report() {
    return *store.read([&](store::Reader& reader) -> Result<json::object> { return containment.report(reader); });
  }
  std::vector<std::string> by_hand() {
    std::vector<std::string> lines;
    const json::object now = report();
    for (const auto& one : now.at("ByHand").get_array())
      lines.push_back(fmt::format("{} {} {} {} {}", one.at("Address").as_string().c_str(),
                                  one.at("RuleGroup").as_string().c_str(), one.at("Rule").as_string().c_str(),
                                  one.at("DroppedAs").as_string().c_str(),
                                  one.at("InFeed").as_bool() ? "in feed" : "in part"));
    return lines;
  }
  using Lines = std::vector<std::string>;
  int enforced = 0;
};

TEST_F(ByHandTest, TheGateStandsInFrontOfEveryRule) {
  ASSERT_TRUE(write([&](store::Transaction& t) { return containment.never_block(t, "9.9.9.9", "resolver", "me"); }));
  const std::pair<std::string, std::string_view> cases[] = {
      {sources({"10.1.2.3/32"}), "10.1.2.3"},
      {destinations({"198.51.100.9/32", "192.168.0.0/24"}), "192.168.0.0/24"},
      {sources({"169.254.169.254/32"}), "169.254.169.254"},
      {sources({"52.0.0.9/32"}), "52.0.0.9"},
      {sources({"9.9.9.0/24"}), "9.9.9.0/24"},
      {sources({"8.0.0.0/8"}), "8.0.0.0/8"},
      {sources({"0.0.0.0/1"}), "0.0.0.0/1"},
      {sources({"2000::/3"}), "2000::/3"},
      {sources({"0.0.0.0/0"}), "every packet"},
      {"{}", "every packet"},
      {sources({"0.0.0.0/1", "128.0.0.0/1"}), "every packet"},
      {R"({"Protocols":[6,17],"DestinationPorts":[{"FromPort":0,"ToPort":65535}],)" + side("Sources", {"0.0.0.0/0"}) +
           "}",
       "every packet"},
      {R"({"Protocols":[6],)" + side("Sources", {"10.0.0.0/8"}) + "}", "10.0.0.0/8"},
  };
  for (const auto& [attributes, named] : cases) {
    for (const bool dry : {true, false}) {
      const auto answer = update(document({rule(1, attributes)}), dry);
      ASSERT_FALSE(answer) << attributes;
      EXPECT_EQ(answer.error().aws_code, "InvalidRequestException");
      EXPECT_EQ(answer.error().code, ErrorCode::denied);
      EXPECT_NE(answer.error().message.find(named), std::string::npos) << answer.error().message;
      EXPECT_NE(answer.error().message.find("rule 1 "), std::string::npos) << answer.error().message;
    }
    EXPECT_FALSE(create("h", document({rule(1, attributes)}))) << attributes;
  }
  EXPECT_EQ(feed(), "");
  EXPECT_EQ(by_hand(), Lines{});
  EXPECT_TRUE(update(document({rule(1, R"({"DestinationPorts":[{"FromPort":23,"ToPort":23}]})")})))
      << "a rule about a port names nobody";
}

TEST_F(ByHandTest, TheGateReadsStatefulRulesToo) {
  const auto make = [&](std::string_view rules) {
    return call("network-firewall", "CreateRuleGroup",
                json::object{{"RuleGroupName", "s"}, {"Type", "STATEFUL"}, {"Capacity", 5}, {"Rules", rules}});
  };
  const auto refused = make("drop tls $HOME_NET any -> any any (sid:1;)\ndrop ip 52.0.0.9 any -> any any (sid:2;)");
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("line 2 of RulesString"), std::string::npos) << refused.error().message;
  EXPECT_NE(refused.error().message.find("52.0.0.9"), std::string::npos);
  const auto unknown = make("drop ip @LIST any -> any any (sid:2;)");
  ASSERT_FALSE(unknown);
  EXPECT_NE(unknown.error().message.find("@LIST"), std::string::npos) << unknown.error().message;
  const std::pair<std::string_view, std::string_view> drops_everybody[] = {
      {"drop ip any any -> any any (sid:1;)", "every packet"},
      {"drop ip !203.0.113.9 any -> any any (sid:1;)", "everybody but a few"},
      {"drop tcp [!203.0.113.9] any -> any 22 (sid:1;)", "everybody but a few"},
  };
  for (const auto& [rule, why] : drops_everybody) {
    const auto answer = make(rule);
    ASSERT_FALSE(answer) << rule;
    EXPECT_EQ(answer.error().aws_code, "InvalidRequestException");
    EXPECT_NE(answer.error().message.find("line 1 of RulesString drops "), std::string::npos) << answer.error().message;
    EXPECT_NE(answer.error().message.find(why), std::string::npos) << answer.error().message;
  }
  const auto own_home = call("network-firewall", "CreateRuleGroup",
                             R"json({"RuleGroupName":"s","Type":"STATEFUL","Capacity":5,"RuleGroup":{
    "RuleVariables":{"IPSets":{"HOME_NET":{"Definition":["10.0.0.5/32","8.8.8.8/32"]}}},
    "RulesSource":{"RulesString":"drop ip $HOME_NET any -> any any (sid:1;)"}}})json");
  ASSERT_FALSE(own_home);
  EXPECT_NE(own_home.error().message.find("10.0.0.5"), std::string::npos) << own_home.error().message;
  for (const std::string_view policy :
       {"drop tcp any any -> any 23 (sid:1;)", "drop tls $HOME_NET any -> any any (sid:1;)",
        "drop ip any any -> any any (geoip:any,XX; sid:1;)"}) {
    ASSERT_TRUE(make(policy)) << policy;
    ASSERT_TRUE(call("network-firewall", "DeleteRuleGroup", R"({"RuleGroupName":"s","Type":"STATEFUL"})"));
  }
  ASSERT_TRUE(make("drop ip 198.51.100.9 any -> any any (sid:1;)"));
  EXPECT_EQ(by_hand(), Lines{"198.51.100.9 s line 1 of RulesString source in part"});
}

TEST_F(ByHandTest, WhatAPersonsRuleDropsIsShownAndFed) {
  ASSERT_TRUE(update(document({rule(1, sources({"198.51.100.9/32"})), rule(2, destinations({"203.0.113.0/24"})),
                               rule(3, R"({"Protocols":[6],)" + side("Sources", {"198.51.100.10/32"}) + "}")})));
  EXPECT_EQ(by_hand(), (Lines{"198.51.100.10 g rule 3 source in part", "198.51.100.9 g rule 1 source in feed",
                              "203.0.113.0/24 g rule 2 destination in feed"}));
  EXPECT_EQ(feed(), "198.51.100.9/32\n203.0.113.0/24\n");
  const auto first = report().at("ByHand").at(0);
  EXPECT_EQ(first.at("By"), "arn:aws:iam::000000000000:user/admin");
  store.clock.advance(std::chrono::hours{1});
  ASSERT_TRUE(update(document({rule(3, R"({"Protocols":[6],)" + side("Sources", {"198.51.100.10/32"}) + "}")})));
  EXPECT_EQ(report().at("ByHand").at(0).at("Since"), first.at("Since")) << "what stays keeps its time";
  EXPECT_EQ(feed(), "");
  ASSERT_TRUE(call("network-firewall", "DeleteRuleGroup", R"({"RuleGroupName":"g","Type":"STATELESS"})"));
  EXPECT_EQ(by_hand(), Lines{});
}

TEST_F(ByHandTest, UnblockingTakesAnAddressOutOfThemToo) {
  ASSERT_TRUE(update(document({rule(1, sources({"198.51.100.8/30", "203.0.113.7/32"})),
                               rule(2, R"({"Protocols":[6],)" + side("Sources", {"198.51.100.0/24"}) + "}")})));
  const auto unblocked = write([&](store::Transaction& t) { return containment.unblock(t, "198.51.100.9", "", "me"); });
  ASSERT_TRUE(unblocked);
  ASSERT_EQ(unblocked->taken_out.size(), 1u);
  EXPECT_EQ(unblocked->taken_out[0].address, "198.51.100.8/30");
  ASSERT_EQ(unblocked->left_in.size(), 1u);
  EXPECT_EQ(unblocked->left_in[0].rule, "rule 2");
  EXPECT_EQ(feed(), "198.51.100.8/32\n198.51.100.10/31\n203.0.113.7/32\n");
  EXPECT_EQ(by_hand().size(), 4u);
  ASSERT_TRUE(write([&](store::Transaction& t) { return containment.never_block(t, "198.51.100.0/24", "", "me"); }));
  EXPECT_EQ(by_hand(), Lines{"203.0.113.7 g rule 1 source in feed"});
}

TEST_F(ByHandTest, AnAddressPutIntoTheRulesOfBlocksIsABlock) {
  block("198.51.100.9");
  hold({"198.51.100.9/32"});
  enforced = 0;
  ASSERT_TRUE(update(managed({"198.51.100.9/32", "203.0.113.7/32"})));
  ASSERT_TRUE(row("203.0.113.7"));
  EXPECT_EQ(row("203.0.113.7")->actor, "arn:aws:iam::000000000000:user/admin");
  EXPECT_EQ(row("203.0.113.7")->reason, "put into the rule group by hand");
  EXPECT_FALSE(row("203.0.113.7")->automatic);
  EXPECT_EQ(feed(), "198.51.100.9/32\n203.0.113.7/32\n");
  EXPECT_EQ(by_hand(), Lines{}) << "it is a block, and shown as one";
  store->run_until_idle();
  EXPECT_EQ(enforced, 1);
  EXPECT_FALSE(update(managed({"10.0.0.1/32"})));
}

TEST_F(ByHandTest, ABlockThatExpiredIsNotTakenForAPersons) {
  block("198.51.100.9");
  hold({"198.51.100.9/32"});
  store.clock.advance(std::chrono::hours{721});
  json::object more = managed({"198.51.100.9/32"});
  more.at("RulesSource")
      .at("StatelessRulesAndCustomActions")
      .at("StatelessRules")
      .as_array()
      .push_back(rule(5, sources({"203.0.113.7/32"})));
  ASSERT_TRUE(update(more));
  EXPECT_EQ(row("198.51.100.9")->expires_at, row("198.51.100.9")->blocked_at + std::chrono::hours{720});
  EXPECT_EQ(feed(), "203.0.113.7/32\n");
}

}  // namespace
}  // namespace tocsin::containment
