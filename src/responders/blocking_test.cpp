#include <gtest/gtest.h>

#include "responders/responders.h"
#include "responders/testing.h"

namespace tocsin::responders {
namespace {

using testing::World;
const RuleGroupSettings settings{.arn = "arn:rg"};
constexpr const char* v4 = "aws/guardduty/service/action/networkConnectionAction/remoteIpDetails/ipAddressV4";

json::value block_input(std::initializer_list<std::string_view> hosts) {
  json::array findings;
  for (const auto host : hosts)
    findings.push_back(
        json::object{{"Id", "f"}, {"AwsAccountId", "1"}, {"Region", "r"}, {"ProductFields", {{v4, host}}}});
  return json::object{{"Findings", std::move(findings)}, {"Timestamp", "2026-01-01T00:00:00Z"}};
}

bool is_new(const Result<json::value>& answer) {
  return bool_at(answer->get_object(), "NewIP");
}

TEST(Blocking, AnAddressIsNewUntilTheFirewallHoldsIt) {
  World world;
  const auto input = block_input({"203.0.113.7", "203.0.113.8"});
  auto added = add_ip(input, world.ports);
  ASSERT_TRUE(added) << added.error().message;
  EXPECT_TRUE(is_new(added));
  world.rule_group.failures = 1;
  EXPECT_FALSE(update_rule_group(*added, settings, world.ports));
  added = add_ip(input, world.ports);
  EXPECT_TRUE(is_new(added)) << "a block that did not reach the firewall is not taken for done";
  const auto updated = update_rule_group(*added, settings, world.ports);
  ASSERT_TRUE(updated) << updated.error().message;
  EXPECT_TRUE(bool_at(updated->get_object(), "Blocked"));
  EXPECT_FALSE(is_new(add_ip(input, world.ports)));
  const std::vector<std::string> both{"203.0.113.7/32", "203.0.113.8/32"};
  EXPECT_EQ(world.rule_group.list(30000, "Sources"), both);
  EXPECT_EQ(world.rule_group.list(30100, "Destinations"), both);
}

TEST(Blocking, RefusedOnesAreSaidAndProtectedOnesAreWorthALook) {
  World world;
  world.table.own = {"198.51.100.1"};
  auto answer = add_ip(block_input({"10.0.0.1"}), world.ports);
  ASSERT_TRUE(answer);
  EXPECT_FALSE(is_new(answer));
  EXPECT_FALSE(bool_at(answer->get_object(), "NotifyRefused"));
  answer = add_ip(block_input({"198.51.100.1"}), world.ports);
  EXPECT_TRUE(bool_at(answer->get_object(), "NotifyRefused"));
  EXPECT_TRUE(world.table.rows.empty());
  EXPECT_FALSE(add_ip(json::object{}, world.ports));
}

TEST(Blocking, StaleTokensAreTriedAgainAndOthersRulesStay) {
  World world;
  world.rule_group.document = *parse_json_object(R"({"RulesSource":{"StatelessRulesAndCustomActions":{"StatelessRules":[
    {"Priority":10,"RuleDefinition":{"Actions":["aws:pass"],"MatchAttributes":{"Sources":[{"AddressDefinition":"192.0.2.0/24"}]}}}]}}})");
  world.rule_group.stale = 2;
  ASSERT_TRUE(add_ip(block_input({"203.0.113.7"}), world.ports));
  ASSERT_TRUE(update_rule_group(json::object{}, settings, world.ports));
  EXPECT_EQ(world.rule_group.list(10, "Sources"), std::vector<std::string>{"192.0.2.0/24"});
  world.rule_group.stale = 100;
  EXPECT_EQ(update_rule_group(json::object{}, settings, world.ports).error().code, ErrorCode::conflict);
}

TEST(Blocking, WhatTheRuleGroupDoesNotHoldAfterAnUpdateIsNotConfirmed) {
  World world;
  world.rule_group.lies = true;
  ASSERT_TRUE(add_ip(block_input({"203.0.113.7"}), world.ports));
  const auto updated = update_rule_group(json::object{}, settings, world.ports);
  ASSERT_FALSE(updated);
  EXPECT_EQ(updated.error().aws_code, "NotEnforced");
  EXPECT_EQ(updated.error().code, ErrorCode::unavailable) << "it is tried again";
  const auto again = add_ip(block_input({"203.0.113.7"}), world.ports);
  EXPECT_TRUE(bool_at(again->get_object(), "NewIP")) << "not blocked yet";
  world.rule_group.lies = false;
  EXPECT_TRUE(update_rule_group(json::object{}, settings, world.ports));
}

TEST(Blocking, CapacityIsCheckedAndSavedByMerging) {
  World world;
  world.rule_group.capacity = 4;
  ASSERT_TRUE(add_ip(block_input({"203.0.113.0", "203.0.113.1", "203.0.113.2", "203.0.113.3"}), world.ports));
  ASSERT_TRUE(update_rule_group(json::object{}, settings, world.ports));
  EXPECT_EQ(world.rule_group.list(30000, "Sources"), std::vector<std::string>{"203.0.113.0/30"});
  ASSERT_TRUE(add_ip(block_input({"203.0.113.77", "203.0.113.99"}), world.ports));
  const auto full = update_rule_group(json::object{}, settings, world.ports);
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().aws_code, "CapacityExceeded");
  EXPECT_NE(full.error().message.find("capacity of 4"), std::string::npos);
}

TEST(Blocking, PruneReleasesFirstThenRemovesAll) {
  World world;
  ASSERT_TRUE(add_ip(block_input({"203.0.113.7", "203.0.113.8", "203.0.113.9"}), world.ports));
  ASSERT_TRUE(update_rule_group(json::object{}, settings, world.ports));
  world.table.expired = {"203.0.113.7", "203.0.113.8", "203.0.113.9"};
  const auto expired = get_expired_ip(std::chrono::hours{720}, world.ports);
  ASSERT_TRUE(expired);
  EXPECT_TRUE(bool_at(expired->get_object(), "PruningNeeded"));
  const auto early = remove_ip(*expired, world.ports);
  EXPECT_EQ(early->at("Kept").get_array().size(), 3u) << "what the firewall still holds stays in the table";
  ASSERT_TRUE(update_rule_group(*expired, settings, world.ports));
  const auto removed = remove_ip(*expired, world.ports);
  EXPECT_EQ(removed->at("Removed").get_array().size(), 3u);
  EXPECT_EQ(world.rule_group.list(30000, "Sources"), std::vector<std::string>{"127.0.0.1/32"});
}

// Two events of overlapping findings are under way together: the address that both block is told once.
TEST(FindingNotice, AnAddressOfTwoBlocksIsToldOnce) {
  World world;
  const auto tell = [&](std::initializer_list<std::string_view> hosts) {
    json::array list, ids;
    for (const auto host : hosts) {
      list.push_back(json::value(host));
      ids.push_back(json::value(std::string(host) + " since x"));
    }
    auto answer =
        send_finding_notice(json::object{{"Message", {{"HostIps", list}, {"BlockIds", ids}, {"Blocked", true}}}},
                            "https://hooks.example/x", "k", world.ports);
    ASSERT_TRUE(answer);
  };
  tell({"203.0.113.7", "203.0.113.8"});
  tell({"203.0.113.8"});
  tell({"203.0.113.8", "203.0.113.9"});
  ASSERT_EQ(world.webhook.posts.size(), 2u);
  EXPECT_NE(
      world.webhook.posts[0].second.find("tocsin blocks --remove 203.0.113.7; tocsin blocks --remove 203.0.113.8\""),
      std::string::npos)
      << world.webhook.posts[0].second;
  EXPECT_NE(world.webhook.posts[1].second.find("Blocked 203.0.113.9"), std::string::npos);
  EXPECT_EQ(world.webhook.posts[1].second.find("203.0.113.8"), std::string::npos);
}

// Blocks before findings, CRITICAL findings before others.
TEST(FindingNotice, SaysHowUrgentItIs) {
  World world;
  const auto finding = [](std::string_view id, std::string_view severity) {
    return json::object{{"Id", id}, {"ProductArn", "p"}, {"Severity", {{"Label", severity}}}};
  };
  const json::value inputs[] = {
      json::object{{"Message", {{"HostIp", "203.0.113.7"}, {"Blocked", true}}}},
      json::object{{"Message", {{"HostIp", "203.0.113.8"}}}},
      json::object{{"Message", "FAILED to release expired addresses"}},
      json::object{{"detail", {{"findings", {finding("a", "CRITICAL"), finding("b", "HIGH"), finding("c", "LOW")}}}}}};
  for (const auto& input : inputs)
    ASSERT_TRUE(send_finding_notice(input, "https://hooks.example/x", to_json(input), world.ports));
  EXPECT_EQ(world.webhook.urgencies, (std::vector{Urgency::containment, Urgency::containment, Urgency::containment,
                                                  Urgency::alert, Urgency::normal, Urgency::low}));
}

TEST(FindingNotice, HasThreeShapesAndSaysEachOnce) {
  World world;
  const std::string url = "https://hooks.example/x";
  const auto sent = [&](json::value input, std::string_view key) {
    auto answer = send_finding_notice(input, url, key, world.ports);
    EXPECT_TRUE(answer);
    return bool_at(answer->get_object(), "Sent");
  };
  EXPECT_TRUE(sent(json::object{{"Message", {{"HostIp", "203.0.113.7"}, {"Blocked", true}, {"Region", "r"}}}}, "1"));
  EXPECT_FALSE(sent(json::object{{"Message", {{"HostIp", "203.0.113.7"}, {"Blocked", true}, {"Region", "r"}}}}, "1"));
  EXPECT_TRUE(
      sent(json::object{{"Message", {{"HostIp", "203.0.113.7"}, {"Error", {{"Error", "E"}, {"Cause", "C"}}}}}}, "2"));
  EXPECT_TRUE(sent(json::object{{"Message", "text <b>"}, {"Region", "r"}}, "3"));
  const auto event = World::event({world.finding("f", "HIGH")});
  EXPECT_TRUE(sent(event, "4"));
  EXPECT_FALSE(sent(event, "5")) << "the same finding at the same severity is told once";
  ASSERT_EQ(world.webhook.posts.size(), 4u);
  EXPECT_NE(world.webhook.posts[0].second.find("Blocked 203.0.113.7"), std::string::npos);
  EXPECT_NE(world.webhook.posts[1].second.find("FAILED to block 203.0.113.7"), std::string::npos);
  EXPECT_NE(world.webhook.posts[2].second.find("text &lt;b&gt;"), std::string::npos);
  EXPECT_FALSE(send_finding_notice(json::object{}, url, "6", world.ports));
  const auto silent = send_finding_notice(event, "", "7", world.ports);
  EXPECT_FALSE(bool_at(silent->get_object(), "Sent"));
}

}  // namespace
}  // namespace tocsin::responders
