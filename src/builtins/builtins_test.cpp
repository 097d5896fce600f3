#include "builtins/builtins.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "netset/special.h"
#include "store/testing.h"

namespace tocsin::builtins {
namespace {

using namespace std::chrono_literals;
using containment::State;
using store::Transaction;

std::vector<store::Migration> all_migrations() {
  std::vector<store::Migration> all;
  for (const auto& room : {containment::migrations(), functions::migrations(), migrations()})
    all.insert(all.end(), room.begin(), room.end());
  return all;
}

// The functions over the real table, rule group and registry; Security Hub and SNS are stood in for.
class BuiltinsTest : public ::testing::Test {
 protected:
  static constexpr std::string_view table = "us-east-1-gd-firewall";

  BuiltinsTest() : store{all_migrations()}, containment{Identity{}, {}} {
    for (auto& service : containment.services()) directory.add(std::move(service));
    directory.add(
        {"securityhub",
         {{"BatchUpdateFindings", service::Write{[this](Transaction&, const service::Call& call) -> service::Answer {
             updated_by = call.caller.arn;
             json::array unprocessed;
             if (unprocessed_updates)
               unprocessed.push_back(json::object{{"ErrorCode", "FindingNotFound"}, {"ErrorMessage", "none"}});
             return json::object{{"ProcessedFindings", json::array{}}, {"UnprocessedFindings", unprocessed}};
           }}}}});
    directory.add({"sns", {{"Publish", service::Write{[](Transaction& t, const service::Call& call) -> service::Answer {
                              store::Outbox::add(t, {.kind = "published",
                                                     .destination = std::string(string_at(call.input, "TopicArn")),
                                                     .payload = std::string(string_at(call.input, "Message"))});
                              return json::object{{"MessageId", "m-1"}};
                            }}}}});
    add_all(registry, directory, containment, Identity{},
            [](store::Reader&, const responders::FindingRef&) { return std::optional<json::object>{}; });
    call("dynamodb", "CreateTable",
         R"({"TableName":"us-east-1-gd-firewall","BillingMode":"PAY_PER_REQUEST",
             "AttributeDefinitions":[{"AttributeName":"HostIp","AttributeType":"S"}],
             "KeySchema":[{"AttributeName":"HostIp","KeyType":"HASH"}]})");
    make_group(200);
    const json::object blocks{{"ACLMETATABLE", table}, {"RETENTION", "720"}};
    create("add", "add-ip", blocks);
    create("expired", "get-expired-ip", blocks);
    create("remove", "remove-ip", blocks);
    create("update", "update-rule-group", {{"ACLMETATABLE", table}, {"FIREWALLRULEGROUP", group_arn}});
    create("notice", "send-finding-notice", {{"WEBHOOK_URL", "http://127.0.0.1:9/hook"}});
    create("processor", "incident-processor", {{"SNS_TOPIC_ARN", "arn:aws:sns:us-east-1:000000000000:alerts"}});
  }

  json::object call(std::string_view service, std::string_view operation, std::string_view input) {
    const auto* found = directory.find(service, operation);
    const auto document = *parse_json_object(input);
    auto answer = store.write([&](Transaction& t) {
      return service::run_within(*found, t, {.caller = caller, .input = document, .request_id = "r", .endpoint = ""});
    });
    EXPECT_TRUE(answer) << answer.error().message;
    return answer ? *answer : json::object{};
  }
  void make_group(int capacity) {
    call("network-firewall", "CreateRuleGroup",
         fmt::format(R"({{"RuleGroupName":"g","Type":"STATELESS","Capacity":{},"RuleGroup":{{"RulesSource":
             {{"StatelessRulesAndCustomActions":{{"StatelessRules":[]}}}}}}}})",
                     capacity));
  }
  void create(std::string_view name, std::string_view handler, json::object variables) {
    const json::object input{{"FunctionName", name},
                             {"Handler", handler},
                             {"Role", "r"},
                             {"Environment", json::object{{"Variables", variables}}}};
    ASSERT_TRUE(store.write([&](Transaction& t) {
      return registry.create(t, {.caller = caller, .input = input, .request_id = "", .endpoint = ""});
    }));
  }
  // As the bus and the workflows invoke: a failure takes back what the function wrote, and is counted.
  Result<json::value> invoke(std::string_view function, const json::value& event, std::string_view key = {}) {
    Result<json::value> outcome;
    EXPECT_TRUE(store.write([&](Transaction& t) -> Result<void> {
      outcome = registry.invoke(t, function, event, key);
      return {};
    }));
    return outcome;
  }
  Result<json::value> invoke(std::string_view function, const char* event, std::string_view key = {}) {
    return invoke(function, *parse_json(event), key);
  }
  template <class F>
  auto with(F look) {
    return *store.write([&](Transaction& t) -> Result<decltype(look(t))> { return look(t); });
  }
  std::optional<containment::Block> row(std::string_view host) {
    return with([&](Transaction& t) { return containment.tables().find(t, table, host); });
  }
  netset::Set firewall() {
    return with([&](Transaction& t) { return containment.rule_groups().blocked(t); });
  }
  std::string feed() {
    return store.read([&](store::Reader& r) { return containment.block_feed(r); })->text;
  }
  void prune() {
    const auto expired = invoke("expired", "{}");
    ASSERT_TRUE(expired) << expired.error().message;
    if (!expired->at("PruningNeeded").as_bool()) return;
    if (invoke("update", *expired)) (void)invoke("remove", *expired);
  }

  static constexpr std::string_view group_arn = "arn:aws:network-firewall:us-east-1:000000000000:stateless-rulegroup/g";
  service::Caller caller{"000000000000", "arn:aws:iam::000000000000:user/admin", "AIDA"};
  store::TestStore store;
  containment::Containment containment;
  service::Directory directory;
  functions::Registry registry{Identity{}};
  bool unprocessed_updates = false;
  std::string updated_by;
};

TEST_F(BuiltinsTest, ASampleEventsAddressIsBlockedAndConfirmed) {
  const auto added = invoke("add", R"({"HostIp":"198.51.100.0","Timestamp":"2021-01-05T01:15:01.549Z","FindingId":"f-1",
    "AccountId":"123456789012","Region":"us-west-2"})");
  ASSERT_TRUE(added) << added.error().message;
  EXPECT_EQ(added->at("NewIP"), true);
  EXPECT_EQ(row("198.51.100.0")->state, State::desired);
  EXPECT_EQ(row("198.51.100.0")->created_at_s, 1609809301) << "CreatedAt is the epoch second of Timestamp";
  EXPECT_EQ(row("198.51.100.0")->expires_at, store.clock.now() + 720h) << "it is blocked from now on";
  ASSERT_TRUE(invoke("update", *added));
  EXPECT_EQ(row("198.51.100.0")->state, State::confirmed);
  EXPECT_EQ(feed(), "198.51.100.0/32\n");
  EXPECT_TRUE(firewall().contains(*netset::parse_prefix("198.51.100.0")));
  const auto again = invoke("add", R"({"HostIp":"198.51.100.0"})");
  EXPECT_EQ(again->at("NewIP"), false);
}

TEST_F(BuiltinsTest, AFailedUpdateIsTriedByTheNextEvent) {
  // Another person's rule fills the group: the update fails and what it wrote is taken back.
  std::string sources;
  for (int i = 0; i < 199; ++i) sources += fmt::format(R"({}{{"AddressDefinition":"1.1.{}.1/32"}})", i ? "," : "", i);
  const auto set_rule = [&](std::string_view rules) {
    const auto now = call("network-firewall", "DescribeRuleGroup", R"({"RuleGroupName":"g","Type":"STATELESS"})");
    call("network-firewall", "UpdateRuleGroup",
         fmt::format(R"({{"RuleGroupName":"g","Type":"STATELESS","UpdateToken":{},"RuleGroup":{{"RulesSource":
             {{"StatelessRulesAndCustomActions":{{"StatelessRules":[{}]}}}}}}}})",
                     to_json(now.at("UpdateToken")), rules));
  };
  set_rule(fmt::format(
      R"({{"Priority":1,"RuleDefinition":{{"Actions":["aws:pass"],"MatchAttributes":{{"Sources":[{}]}}}}}})", sources));
  const auto added = invoke("add", R"({"HostIp":"198.51.100.0"})");
  const auto failed = invoke("update", *added);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().aws_code, "CapacityExceeded");
  EXPECT_EQ(row("198.51.100.0")->state, State::desired);
  EXPECT_TRUE(firewall().empty());
  const auto counts = with([&](Transaction& t) { return registry.counts(t); });
  EXPECT_TRUE(std::ranges::any_of(counts, [](const auto& one) { return one.name == "update" && one.errors == 1; }));

  set_rule("");
  const auto next = invoke("add", R"({"HostIp":"198.51.100.0"})");
  EXPECT_EQ(next->at("NewIP"), true);
  ASSERT_TRUE(invoke("update", *next));
  EXPECT_EQ(row("198.51.100.0")->state, State::confirmed);
}

// Many events come together: the first update does the work for all of them.
TEST_F(BuiltinsTest, UpdatesThatComeTogetherWriteTheRuleGroupOnce) {
  const auto token = [&] {
    return to_json(
        call("network-firewall", "DescribeRuleGroup", R"({"RuleGroupName":"g","Type":"STATELESS"})").at("UpdateToken"));
  };
  std::vector<json::value> added;
  for (int i = 1; i <= 5; ++i) added.push_back(*invoke("add", json::object{{"HostIp", fmt::format("9.9.9.{}", i)}}));
  const auto first = invoke("update", added[0]);
  ASSERT_TRUE(first);
  const auto written = token();
  for (const auto& one : added) {
    const auto answer = invoke("update", one);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->at("Blocked"), true);
    EXPECT_EQ(answer->at("RuleCount"), first->at("RuleCount"));
    EXPECT_EQ(answer->at("HostIp"), one.at("HostIp"));
  }
  EXPECT_EQ(token(), written);
  EXPECT_EQ(invoke("update", R"({"HostIps":["9.9.9.9"]})")->at("Blocked"), false) << "nobody wants it";
  // An update without addresses always does the work, and so does the next one after a block has expired.
  ASSERT_TRUE(invoke("update", "{}"));
  const auto again = token();
  EXPECT_NE(again, written);
  store.clock.advance(721h);
  EXPECT_EQ(invoke("update", added[0])->at("Blocked"), false);
  EXPECT_NE(token(), again);
  EXPECT_TRUE(firewall().empty());
}

// That one rule group holds what the table wants says nothing of another.
TEST_F(BuiltinsTest, ASecondRuleGroupIsWrittenToo) {
  call("network-firewall", "CreateRuleGroup",
       R"({"RuleGroupName":"h","Type":"STATELESS","Capacity":100,"RuleGroup":{"RulesSource":
           {"StatelessRulesAndCustomActions":{"StatelessRules":[]}}}})");
  create("update-h", "update-rule-group",
         {{"ACLMETATABLE", table},
          {"FIREWALLRULEGROUP", "arn:aws:network-firewall:us-east-1:000000000000:stateless-rulegroup/h"}});
  const auto added = *invoke("add", R"({"HostIp":"9.9.9.1"})");
  ASSERT_TRUE(invoke("update", added));
  ASSERT_TRUE(invoke("update-h", added));
  const auto groups = with([&](Transaction& t) { return containment.rule_groups().all(t); });
  ASSERT_EQ(groups.size(), 2u);
  for (const auto& group : groups) EXPECT_EQ(group.consumed, 2) << group.name;
  // What a person takes out of one is put back by the next update.
  call("network-firewall", "UpdateRuleGroup",
       fmt::format(R"({{"RuleGroupName":"h","Type":"STATELESS","UpdateToken":"{}","RuleGroup":{{"RulesSource":
           {{"StatelessRulesAndCustomActions":{{"StatelessRules":[]}}}}}}}})",
                   groups[1].token));
  ASSERT_TRUE(invoke("update-h", added));
  EXPECT_EQ(with([&](Transaction& t) { return containment.rule_groups().all(t); })[1].consumed, 2);
}

// A rule group without room is not tried again for each of many new addresses; it is as soon as one leaves, or some
// time has passed.
TEST_F(BuiltinsTest, AFullRuleGroupIsNotTriedEachTime) {
  const auto add = [&](int i) { return *invoke("add", json::object{{"HostIp", fmt::format("9.9.{}.1", i)}}); };
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(invoke("update", add(i))) << i;
  const auto code = [&](int i) {
    const auto answer = invoke("update", add(i));
    return answer ? std::string() : answer.error().aws_code;
  };
  EXPECT_EQ(code(100), "CapacityExceeded");
  EXPECT_EQ(code(101), "CapacityExceeded");
  const auto unblock = [&](const char* host) {
    EXPECT_TRUE(store.write([&](Transaction& t) { return containment.unblock(t, host, "", "me"); }));
  };
  unblock("9.9.0.1");
  EXPECT_EQ(code(101), "CapacityExceeded") << "one has left, two want in";
  unblock("9.9.1.1");
  EXPECT_EQ(code(101), "");
  EXPECT_EQ(row("9.9.100.1")->state, State::confirmed);

  EXPECT_EQ(code(102), "CapacityExceeded");
  // Room that nobody was told of: another attempt would find it, but there is none for some seconds.
  with([&](Transaction& t) { return t.execute("DELETE FROM containment_block WHERE host = '9.9.50.1'"); });
  EXPECT_EQ(code(102), "CapacityExceeded");
  store.clock.advance(std::chrono::seconds{11});
  EXPECT_EQ(code(102), "");
}

TEST_F(BuiltinsTest, ExpiredAddressesAreReleasedThenRemovedInOneGo) {
  for (int i = 0; i < 40; ++i) {
    const auto added = invoke("add", json::object{{"HostIp", fmt::format("198.51.100.{}", i)}});
    ASSERT_TRUE(invoke("update", *added));
  }
  store.clock.advance(700h);
  ASSERT_TRUE(invoke("add", R"({"HostIp":"198.51.100.7"})"));
  prune();
  EXPECT_EQ(with([&](Transaction& t) { return containment.tables().count(t, table); }), 40);
  store.clock.advance(20h);
  prune();
  EXPECT_EQ(with([&](Transaction& t) { return containment.tables().count(t, table); }), 1);
  EXPECT_EQ(firewall(), netset::Set({*netset::parse_prefix("198.51.100.7")}));
}

TEST_F(BuiltinsTest, AnAddressSeenBetweenReleaseAndRemovalStaysBlocked) {
  ASSERT_TRUE(invoke("update", *invoke("add", R"({"HostIp":"198.51.100.0"})")));
  store.clock.advance(721h);
  const auto expired = invoke("expired", "{}");
  ASSERT_TRUE(invoke("update", *expired));
  EXPECT_TRUE(firewall().empty());
  const auto seen = invoke("add", R"({"HostIp":"198.51.100.0"})");
  EXPECT_EQ(seen->at("NewIP"), true);
  ASSERT_TRUE(invoke("remove", *expired));
  ASSERT_TRUE(invoke("update", *seen));
  EXPECT_EQ(row("198.51.100.0")->state, State::confirmed);
  EXPECT_FALSE(firewall().empty());
}

TEST_F(BuiltinsTest, RetentionIsHoursAndChecked) {
  create("short", "add-ip", {{"ACLMETATABLE", table}, {"RETENTION", "2"}});
  ASSERT_TRUE(invoke("short", R"({"HostIp":"198.51.100.0"})"));
  EXPECT_EQ(row("198.51.100.0")->expires_at, store.clock.now() + 2h);
  for (const auto* bad : {"0", "-1", "abc", "1.5", "99999999"}) {
    create(fmt::format("bad{}", bad), "get-expired-ip", {{"ACLMETATABLE", table}, {"RETENTION", bad}});
    EXPECT_FALSE(invoke(fmt::format("bad{}", bad), "{}")) << bad;
  }
  create("no-table", "add-ip", {});
  EXPECT_FALSE(invoke("no-table", R"({"HostIp":"198.51.100.0"})"));
}

TEST_F(BuiltinsTest, ANoticeIsPostedOnceAndSurvivesARestart) {
  const char* blocked =
      R"({"Message":{"HostIp":"198.51.100.0","HostIps":["198.51.100.0"],"BlockIds":["198.51.100.0 since x"],"Blocked":true}})";
  EXPECT_EQ(invoke("notice", blocked, "a")->at("Sent"), true);
  EXPECT_EQ(invoke("notice", blocked, "b")->at("Sent"), false);
  store.reopen();
  EXPECT_EQ(invoke("notice", blocked, "c")->at("Sent"), false);
  EXPECT_EQ(with([&](Transaction& t) { return store::Outbox::depth(t, "webhook"); }), 1);
}

TEST_F(BuiltinsTest, ANoticeThatWasGivenUpIsToldWhenItHappensAgain) {
  store->outbox().handle("webhook",
                         [](Transaction&, const store::Due&) { return fail(ErrorCode::not_found, "no such channel"); });
  store->outbox().on_exhausted([](Transaction& t, const store::Due& due, const Error&) { forget_announced(t, due); });
  const char* blocked =
      R"({"Message":{"HostIp":"198.51.100.0","HostIps":["198.51.100.0"],"BlockIds":["198.51.100.0 since x"],"Blocked":true}})";
  EXPECT_EQ(invoke("notice", blocked, "a")->at("Sent"), true);
  store->run_until_idle();
  EXPECT_EQ(invoke("notice", blocked, "b")->at("Sent"), true);
}

TEST_F(BuiltinsTest, AnUpdateThatIsNotProcessedRaisesAndTakesTheMessageBack) {
  const char* event = R"({"detail-type":"Security Hub Findings - Imported","detail":{"findings":[{"Id":"f-1",
    "ProductArn":"arn:aws:securityhub:us-east-1::product/aws/guardduty","Severity":{"Label":"HIGH"},"Title":"t"}]}})";
  unprocessed_updates = true;
  ASSERT_FALSE(invoke("processor", event));
  EXPECT_EQ(with([&](Transaction& t) { return store::Outbox::depth(t, "published"); }), 0);
  unprocessed_updates = false;
  ASSERT_TRUE(invoke("processor", event));
  EXPECT_EQ(with([&](Transaction& t) { return store::Outbox::depth(t, "published"); }), 1);
  EXPECT_EQ(updated_by, "arn:aws:sts::000000000000:assumed-role/processor/processor");
}

// The laws: nothing protected is ever blocked; the table says "confirmed" only of what the firewall holds; and when the
// dust has settled the firewall holds exactly what the table wants.
TEST_F(BuiltinsTest, TableAndFirewallConvergeWhateverHappens) {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    SeededRandom random{seed};
    netset::Set never;
    const auto draw = [&] {
      return random.below(10) == 0 ? fmt::format("10.0.0.{}", random.below(200))
                                   : fmt::format("203.0.113.{}", random.below(120));
    };
    json::value added, expired;  // what workflows under way hold in their hands
    for (int step = 0; step < 120; ++step) {
      const std::string host = draw();
      const auto prefix = *netset::parse_prefix(host);
      switch (random.below(9)) {
        case 0:
        case 1:
        case 2:
          added = *invoke("add", json::object{{"HostIp", host}});
          break;
        case 3:
        case 4:
          if (added.is_object()) (void)invoke("update", added);  // fails where the capacity does not suffice
          break;
        case 5:
          expired = *invoke("expired", "{}");
          break;
        case 6:
          if (expired.is_object()) (void)invoke(random.below(2) == 0 ? "update" : "remove", expired);
          break;
        case 7:
          store.clock.advance(std::chrono::hours{random.below(200)});
          break;
        default:
          if (random.below(3) == 0) {
            never.insert(prefix);
            ASSERT_TRUE(store.write([&](Transaction& t) { return containment.never_block(t, host, "", "me"); }));
          } else {
            ASSERT_TRUE(store.write([&](Transaction& t) { return containment.unblock(t, host, "", "me"); }));
          }
      }
      const auto blocked = firewall();
      for (const auto& one : blocked.prefixes()) {
        ASSERT_FALSE(never.overlaps(one)) << "seed " << seed << " step " << step << " " << netset::to_text(one);
        const auto* special = netset::special_of(one);
        ASSERT_TRUE(!special || special->scope == netset::Scope::documentation) << netset::to_text(one);
      }
      for (const auto& block : with([&](Transaction& t) { return containment.tables().list(t, table); })) {
        if (block.state == State::confirmed) {
          ASSERT_TRUE(blocked.contains(*netset::parse_prefix(block.host)))
              << "seed " << seed << " step " << step << " " << block.host;
        }
        ASSERT_FALSE(never.overlaps(*netset::parse_prefix(block.host)));
      }
    }
    prune();
    ASSERT_TRUE(invoke("update", "{}")) << "seed " << seed;
    netset::Set wanted;
    for (const auto& block : with([&](Transaction& t) { return containment.tables().wanted(t, table); }))
      wanted.insert(*netset::parse_prefix(block.host));
    ASSERT_EQ(firewall(), wanted) << "seed " << seed;
  }
}

}  // namespace
}  // namespace tocsin::builtins
