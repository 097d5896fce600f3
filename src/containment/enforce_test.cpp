#include <algorithm>

#include <fmt/format.h>

#include "containment/entries.h"
#include "containment/testing.h"
#include "core/random.h"

namespace tocsin::containment {
namespace {

constexpr std::int64_t priorities[] = {30000, 30100};

json::value rule(std::int64_t priority, std::string_view side, const std::vector<std::string>& addresses) {
  json::array list;
  for (const auto& address : addresses) list.push_back(json::object{{"AddressDefinition", address}});
  return json::object{
      {"RuleDefinition", {{"MatchAttributes", json::object{{side, list}}}, {"Actions", json::array{"aws:drop"}}}},
      {"Priority", priority}};
}

json::object document(const std::vector<std::string>& addresses) {
  return {{"RulesSource",
           {{"StatelessRulesAndCustomActions",
             {{"StatelessRules",
               json::array{rule(10, "Destinations", {"127.0.0.1/32"}), rule(priorities[0], "Sources", addresses),
                           rule(priorities[1], "Destinations", addresses)}}}}}}};
}

class EnforceTest : public ContainmentTest {
 protected:
  EnforceTest() : ContainmentTest({.own_addresses = set_of({"52.0.0.0/24"})}) { create("g"); }

  void create(std::string_view name, std::int64_t capacity = 100) {
    const auto made = call("network-firewall", "CreateRuleGroup",
                           json::object{{"RuleGroupName", name},
                                        {"Type", "STATELESS"},
                                        {"Capacity", capacity},
                                        {"RuleGroup", document({"127.0.0.1/32"})}});
    ASSERT_TRUE(made) << made.error().message;
  }
  static std::string arn_of(std::string_view name) {
    return fmt::format("arn:aws:network-firewall:us-east-1:000000000000:stateless-rulegroup/{}", name);
  }
  json::object describe(std::string_view name = "g") {
    return *call("network-firewall", "DescribeRuleGroup", json::object{{"RuleGroupArn", arn_of(name)}});
  }
  static Enforcing what(std::string_view name = "g") {
    return {.table = std::string(table),
            .rule_group_arn = arn_of(name),
            .settings = "s",
            .priorities = {std::begin(priorities), std::end(priorities)}};
  }
  // An update of the whole, as the responder makes it.
  service::Answer update_all(std::string_view name, const std::vector<std::string>& addresses, bool is_exact = true) {
    const auto now = describe(name);
    return write([&](store::Transaction& t) -> service::Answer {
      auto answer = containment.rule_groups().update_blocks(
          t,
          {{"RuleGroupArn", arn_of(name)}, {"UpdateToken", now.at("UpdateToken")}, {"RuleGroup", document(addresses)}},
          priorities);
      if (!answer) return answer;
      containment.tables().confirm(t, table, containment.rule_groups().blocked(t));
      containment.tables().remember_enforced(t, what(name), std::ssize(addresses), is_exact);
      return answer;
    });
  }
  std::optional<std::int64_t> enforce_new(std::string_view name = "g") {
    auto entries = write([&](store::Transaction& t) { return containment.enforce_new(t, what(name)); });
    EXPECT_TRUE(entries) << entries.error().message;
    return entries ? *entries : std::nullopt;
  }
  std::int64_t stored_bytes() {
    return *store.read([](store::Reader& reader) -> Result<std::int64_t> {
      return reader.integer("SELECT max(length(document)) FROM containment_rule_group", 0);
    });
  }
  std::int64_t stored_rows() {
    return *store.read([](store::Reader& reader) -> Result<std::int64_t> {
      return reader.integer("SELECT count(*) FROM containment_entry", 0);
    });
  }
};

TEST_F(EnforceTest, OneMoreBlockIsOneMoreRowInEachRule) {
  block("8.8.8.8");
  ASSERT_TRUE(update_all("g", {"8.8.8.8/32"}));
  const auto bytes = stored_bytes();
  const auto before = describe();
  block("9.9.9.9");
  EXPECT_EQ(enforce_new(), 2);
  const auto after = describe();
  EXPECT_EQ(after.at("RuleGroup"), json::value(document({"8.8.8.8/32", "9.9.9.9/32"})));
  EXPECT_NE(after.at("UpdateToken"), before.at("UpdateToken"));
  EXPECT_EQ(after.at("RuleGroupResponse").at("ConsumedCapacity"), 5);
  EXPECT_EQ(stored_bytes(), bytes);
  EXPECT_EQ(stored_rows(), 4);
  EXPECT_EQ(row("9.9.9.9")->state, State::confirmed);
  EXPECT_TRUE(row("9.9.9.9")->confirmed_at);
  EXPECT_EQ(enforce_new(), 2) << "nothing is new: all is held";
}

TEST_F(EnforceTest, WhatIsMoreThanAnAdditionIsLeftToAnUpdateOfTheWhole) {
  block("8.8.8.8");
  EXPECT_EQ(enforce_new(), std::nullopt) << "not enforced before";
  ASSERT_TRUE(update_all("g", {"8.8.8.8/32"}));
  block("9.9.9.9");
  EXPECT_EQ(enforce_new(), 2);

  // A person has changed the rules.
  const auto now = describe();
  ASSERT_TRUE(call("network-firewall", "UpdateRuleGroup",
                   json::object{{"RuleGroupArn", arn_of("g")},
                                {"UpdateToken", now.at("UpdateToken")},
                                {"RuleGroup", document({"8.8.8.8/32"})}}));
  EXPECT_EQ(row("9.9.9.9")->state, State::desired);
  EXPECT_EQ(enforce_new(), std::nullopt);
  ASSERT_TRUE(update_all("g", {"8.8.8.8/32", "9.9.9.9/32"}));
  EXPECT_EQ(enforce_new(), 2);

  // One has expired and is to leave.
  store.clock.advance(std::chrono::hours{700});
  block("9.9.9.9");
  EXPECT_EQ(enforce_new(), 2);
  store.clock.advance(std::chrono::hours{30});
  block("1.1.1.1");
  EXPECT_EQ(enforce_new(), std::nullopt);
  EXPECT_EQ(row("1.1.1.1")->state, State::desired);
}

TEST_F(EnforceTest, TheGateIsAskedAgain) {
  block("8.8.8.8");
  ASSERT_TRUE(update_all("g", {"8.8.8.8/32"}));
  block("9.9.9.9");
  ASSERT_TRUE(write([&](store::Transaction& t) -> Result<bool> {
    // As if it had been put on the list by something that does not know of blocks.
    return containment.gate().add_never_block(t, *netset::parse_prefix("9.9.9.9"), {});
  }));
  EXPECT_EQ(enforce_new(), std::nullopt);
  EXPECT_EQ(stored_rows(), 2);
}

TEST_F(EnforceTest, CapacityIsKept) {
  create("small", 5);
  block("8.8.8.8");
  ASSERT_TRUE(update_all("small", {"8.8.8.8/32"}));
  block("9.9.9.9");
  EXPECT_EQ(enforce_new("small"), 2);
  block("1.1.1.1");
  EXPECT_EQ(enforce_new("small"), std::nullopt);
  EXPECT_EQ(stored_rows(), 4);
}

TEST_F(EnforceTest, EntriesThatWereMergedAreNotAddedTo) {
  block("8.8.8.8");
  ASSERT_TRUE(update_all("g", {"8.8.8.8/32"}, false));
  block("9.9.9.9");
  EXPECT_EQ(enforce_new(), std::nullopt);
}

TEST_F(EnforceTest, WhereTwoGroupsHoldBlocksNeitherIsTakenForTheOther) {
  create("other");
  block("8.8.8.8");
  ASSERT_TRUE(update_all("g", {"8.8.8.8/32"}));
  ASSERT_TRUE(update_all("other", {"8.8.8.8/32"}));
  block("9.9.9.9");
  EXPECT_EQ(enforce_new("g"), std::nullopt);
  ASSERT_TRUE(call("network-firewall", "DeleteRuleGroup", R"({"RuleGroupName":"other","Type":"STATELESS"})"));
  ASSERT_TRUE(update_all("g", {"8.8.8.8/32", "9.9.9.9/32"}));
  block("1.1.1.1");
  EXPECT_EQ(enforce_new("g"), 3);
}

TEST_F(EnforceTest, ADocumentFromBeforeTheRowsIsReadAndChanged) {
  block("8.8.8.8");
  ASSERT_TRUE(update_all("g", {"8.8.8.8/32", "9.9.9.9/32"}));
  ASSERT_TRUE(write([&](store::Transaction& t) -> Result<void> {
    t.execute("DELETE FROM containment_entry");
    t.execute("UPDATE containment_rule_group SET document = ?", to_json(document({"8.8.8.8/32", "9.9.9.9/32"})));
    return {};
  }));
  EXPECT_EQ(describe().at("RuleGroup"), json::value(document({"8.8.8.8/32", "9.9.9.9/32"})));
  ASSERT_TRUE(update_all("g", {"8.8.8.8/32"}));
  EXPECT_EQ(describe().at("RuleGroup"), json::value(document({"8.8.8.8/32"})));
  EXPECT_EQ(stored_rows(), 2);
}

TEST_F(EnforceTest, ListsThatAreMoreThanAddressesStayInTheDocument) {
  ASSERT_TRUE(update_all("g", {"8.8.8.8/32"}));
  EXPECT_EQ(stored_rows(), 2);
  const auto by_hand = [&](json::object rules) {
    const auto now = describe();
    return call(
        "network-firewall", "UpdateRuleGroup",
        json::object{{"RuleGroupArn", arn_of("g")}, {"UpdateToken", now.at("UpdateToken")}, {"RuleGroup", rules}});
  };
  // The same address twice, in an order of its own; and a rule that has ports beside.
  auto rules = document({"9.9.9.9/32", "8.8.8.8/32", "8.8.8.8/32"});
  ASSERT_TRUE(by_hand(rules));
  EXPECT_EQ(describe().at("RuleGroup"), json::value(rules));
  EXPECT_EQ(stored_rows(), 0);
  rules = document({"8.8.8.8/32"});
  (*stateless_rules(rules))[1].at("RuleDefinition").at("MatchAttributes").get_object()["Protocols"] = json::array{6};
  ASSERT_TRUE(by_hand(rules));
  EXPECT_EQ(describe().at("RuleGroup"), json::value(rules));
  EXPECT_EQ(stored_rows(), 1);
  auto text = document({});
  (*stateless_rules(text))[1].at("RuleDefinition").at("MatchAttributes").get_object()["Sources"] = in_rows;
  EXPECT_FALSE(by_hand(text)) << "nobody can write what stands for rows";
}

// Whatever sequence of updates: what is described is what was written.
TEST_F(EnforceTest, RowsSayWhatTheDocumentSaid) {
  SeededRandom random{5};
  for (int i = 0; i < 200; ++i) {
    std::vector<std::string> addresses;
    for (int a = 0; a < 8; ++a)
      if (random.below(2) == 0) addresses.push_back(fmt::format("203.0.113.{}/32", a * 7));
    std::ranges::sort(addresses);
    ASSERT_TRUE(update_all("g", addresses));
    ASSERT_EQ(describe().at("RuleGroup"), json::value(document(addresses))) << i;
    ASSERT_EQ(stored_rows(), 2 * std::ssize(addresses));
  }
}

}  // namespace
}  // namespace tocsin::containment
