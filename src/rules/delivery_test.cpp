#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rules/testing.h"

namespace tocsin::rules {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

constexpr std::string_view bell_pattern = R"({"source":["tower"],"detail":{"state":["RINGING"]}})";
const json::object ringing{{"state", "RINGING"}};

TEST(Delivery, AnEventReachesTheTargetsOfMatchingRulesOnly) {
  BusFixture bus;
  bus.put_rule("ring", bell_pattern, {queue_target("a", "one"), queue_target("b", "two")});
  bus.put_rule("other", R"({"source":["cellar"]})", {queue_target("a", "three")});
  const json::object answer = bus.put_event("tower", "Bell", ringing);
  EXPECT_EQ(integer_at(answer, "FailedEntryCount", -1), 0);
  bus.run();
  ASSERT_THAT(bus.queues.taken, SizeIs(2));
  EXPECT_EQ(bus.queues.taken[0].arn, "arn:aws:sqs:us-east-1:000000000000:one");
  EXPECT_EQ(bus.queues.taken[1].arn, "arn:aws:sqs:us-east-1:000000000000:two");
  const auto event = parse_json_object(bus.queues.taken[0].body);
  ASSERT_TRUE(event);
  EXPECT_EQ(string_at(*event, "id"), string_at(answer.at("Entries").as_array()[0].as_object(), "EventId"));
  EXPECT_EQ(to_json(*event), R"({"version":"0","id":")" + std::string(string_at(*event, "id")) +
                                 R"(","detail-type":"Bell","source":"tower","account":"000000000000",)"
                                 R"("time":"2026-01-01T00:00:00Z","region":"us-east-1","resources":[],)"
                                 R"("detail":{"state":"RINGING"}})");
  EXPECT_EQ(bus.count_of("ring").matched, 1);
  EXPECT_EQ(bus.count_of("ring").invoked, 2);
  EXPECT_EQ(bus.count_of("other").matched, 0);
}

TEST(Delivery, AnEventBetweenPutAndDeliverySurvivesARestart) {
  BusFixture bus;
  bus.put_rule("ring", bell_pattern, {queue_target("a")});
  bus.put_event("tower", "Bell", ringing);
  EXPECT_THAT(bus.queues.taken, SizeIs(0));
  bus.restart();
  bus.run();
  EXPECT_THAT(bus.queues.taken, SizeIs(1));
  bus.put_event("tower", "Bell", ringing);  // rules are compiled anew from the store
  bus.run();
  EXPECT_THAT(bus.queues.taken, SizeIs(2));
  EXPECT_NE(bus.queues.taken[0].key, bus.queues.taken[1].key);
}

TEST(Delivery, ADisabledRuleMatchesNothingUntilItIsEnabled) {
  BusFixture bus;
  bus.put_rule("ring", bell_pattern, {queue_target("a")});
  ASSERT_EQ(bus.error("DisableRule", {{"Name", "ring"}}), "none");
  bus.put_event("tower", "Bell", ringing);
  bus.run();
  EXPECT_THAT(bus.queues.taken, SizeIs(0));
  ASSERT_EQ(bus.error("EnableRule", {{"Name", "ring"}}), "none");
  bus.put_event("tower", "Bell", ringing);
  bus.run();
  EXPECT_THAT(bus.queues.taken, SizeIs(1));
}

TEST(Delivery, AChangedRuleIsSeenAtOnceAndNotAfterItIsRolledBack) {
  BusFixture bus;
  bus.put_rule("ring", bell_pattern, {queue_target("a")});
  bus.put_event("cellar", "Bell", {});
  const auto* put_rule = bus.directory->find("events", "PutRule");
  const json::object changed{{"Name", "ring"}, {"EventPattern", R"({"source":["cellar"]})"}};
  const std::string event = R"({"id":"e-9","source":"cellar","detail":{}})";
  // Changes the rule and puts an event that the changed rule matches, in one transaction.
  const auto change_and_put = [&](bool keep) {
    std::size_t added = 0;
    (void)bus.store.write([&](store::Transaction& transaction) -> Result<void> {
      const service::Call call{.caller = bus.caller, .input = changed, .request_id = "r", .endpoint = ""};
      EXPECT_TRUE(service::run_within(*put_rule, transaction, call));
      added = bus.rules->put(transaction, {.id = "e-9", .bytes = event}).value();
      if (!keep) return fail(ErrorCode::conflict, "rolled back");
      return {};
    });
    return added;
  };
  EXPECT_EQ(change_and_put(false), 1u);
  bus.put_event("cellar", "Bell", {});
  bus.run();
  EXPECT_THAT(bus.queues.taken, SizeIs(0)) << "what was compiled for the change must not outlive it";
  EXPECT_EQ(change_and_put(true), 1u);
  bus.put_event("cellar", "Bell", {});
  bus.run();
  EXPECT_THAT(bus.queues.taken, SizeIs(2));
}

TEST(Delivery, AnEventThatIsPutTwiceWhileItWaitsIsDeliveredOnce) {
  BusFixture bus;
  bus.put_rule("ring", bell_pattern, {queue_target("a")});
  const std::string bytes = R"({"id":"e-1","source":"tower","detail":{"state":"RINGING"}})";
  for (const std::size_t expected : {1u, 0u})
    EXPECT_EQ(*bus.store.write([&](store::Transaction& transaction) {
      return bus.rules->put(transaction, {.id = "e-1", .bytes = bytes});
    }),
              expected);
  bus.run();
  EXPECT_THAT(bus.queues.taken, SizeIs(1));
}

TEST(Delivery, MatchingAsideGivesTheSameAndIsRepeatedWhenRulesChanged) {
  BusFixture bus;
  bus.put_rule("ring", bell_pattern, {queue_target("a")});
  const std::string bytes = R"({"id":"e-1","source":"tower","detail":{"state":"RINGING"}})";
  const Event event{.id = "e-1", .bytes = bytes};
  EXPECT_EQ(bus.rules->match(event), nullptr) << "no rules were loaded yet";
  bus.put_event("tower", "Bell", {});
  const auto matched = bus.rules->match(event);
  ASSERT_NE(matched, nullptr);
  const auto put = [&](std::string_view id) {
    return *bus.store.write([&](store::Transaction& transaction) {
      return bus.rules->put(transaction, {.id = id, .bytes = bytes}, matched);
    });
  };
  EXPECT_EQ(put("e-1"), 1u);
  bus.call("DisableRule", {{"Name", "ring"}}).value();
  EXPECT_EQ(put("e-2"), 0u);
  EXPECT_EQ(bus.rules->match({.id = "x", .bytes = "no event"}), nullptr);
}

TEST(Delivery, BytesThatAreNoEventAreAnError) {
  BusFixture bus;
  bus.put_rule("ring", bell_pattern, {queue_target("a")});
  const auto put = bus.store.write(
      [&](store::Transaction& transaction) { return bus.rules->put(transaction, {.id = "x", .bytes = "[1"}); });
  ASSERT_FALSE(put);
  EXPECT_EQ(put.error().code, ErrorCode::validation);
}

TEST(Delivery, InputsAreBuiltPerTarget) {
  BusFixture bus;
  json::object part = queue_target("a"), constant = queue_target("b"), text = queue_target("c"),
               missing = queue_target("d");
  part["InputPath"] = "$.detail.state";
  constant["Input"] = R"({"fixed":1})";
  text["InputTransformer"] = {{"InputPathsMap", {{"s", "$.detail.state"}}},
                              {"InputTemplate", R"("<aws.events.rule-name> is <s>")"}};
  missing["InputPath"] = "$.detail.nowhere";
  bus.put_rule("ring", bell_pattern, {part, constant, text, missing});
  bus.put_event("tower", "Bell", ringing);
  bus.run();
  std::vector<std::string> bodies;
  for (const auto& taken : bus.queues.taken) bodies.push_back(taken.body);
  EXPECT_THAT(bodies, ElementsAre(R"("RINGING")", R"({"fixed":1})", R"("ring is RINGING")"));
  EXPECT_EQ(bus.count_of("ring").failed, 1);
  ASSERT_THAT(bus.undelivered(), SizeIs(1));
  EXPECT_EQ(bus.undelivered()[0].error_code, "INVALID_PARAMETER");
  EXPECT_THAT(bus.undelivered()[0].error_message, HasSubstr("$.detail.nowhere leads nowhere"));
}

TEST(Delivery, FifoQueuesGetTheirGroupAndTheKeyAsDeduplicationId) {
  BusFixture bus;
  json::object fifo = queue_target("a", "q.fifo");
  fifo["SqsParameters"] = {{"MessageGroupId", "bells"}};
  bus.put_rule("ring", bell_pattern, {fifo});
  bus.put_event("tower", "Bell", ringing);
  bus.run();
  ASSERT_THAT(bus.queues.taken, SizeIs(1));
  EXPECT_EQ(bus.queues.taken[0].group_id, "bells");
  EXPECT_EQ(bus.queues.taken[0].deduplication_id, bus.queues.taken[0].key);
  EXPECT_THAT(bus.queues.taken[0].key, SizeIs(64));
}

TEST(Delivery, IsRetriedAndThenGoesToTheDeadLetterQueue) {
  BusFixture bus;
  json::object target{{"Id", "m"}, {"Arn", "arn:aws:states:us-east-1:000000000000:stateMachine:m"}};
  target["DeadLetterConfig"] = {{"Arn", "arn:aws:sqs:us-east-1:000000000000:dead"}};
  target["RetryPolicy"] = {{"MaximumRetryAttempts", 2}, {"MaximumEventAgeInSeconds", 3600}};
  bus.put_rule("ring", bell_pattern, {target});
  bus.machines.failure = Error{ErrorCode::unavailable, "the machine is out of order"};
  bus.put_event("tower", "Bell", ringing);
  bus.run();
  EXPECT_EQ(bus.machines.tries, 1);
  for (int i = 0; i < 5; ++i) bus.advance(std::chrono::minutes{1});
  EXPECT_EQ(bus.machines.tries, 3);
  ASSERT_THAT(bus.queues.taken, SizeIs(1));
  const auto& letter = bus.queues.taken[0];
  EXPECT_EQ(letter.arn, "arn:aws:sqs:us-east-1:000000000000:dead");
  EXPECT_THAT(letter.body, HasSubstr("RINGING"));
  const auto attribute = [&](std::string_view name) {
    return string_at(letter.attributes.at(name).as_object(), "StringValue");
  };
  EXPECT_EQ(attribute("RULE_ARN"), "arn:aws:events:us-east-1:000000000000:rule/ring");
  EXPECT_EQ(attribute("TARGET_ARN"), "arn:aws:states:us-east-1:000000000000:stateMachine:m");
  EXPECT_EQ(attribute("ERROR_CODE"), "ERROR_FROM_TARGET");
  EXPECT_EQ(attribute("ERROR_MESSAGE"), "the machine is out of order");
  EXPECT_EQ(attribute("EXHAUSTED_RETRY_CONDITION"), "MaximumRetryAttempts");
  EXPECT_EQ(attribute("RETRY_ATTEMPTS"), "2");
  EXPECT_EQ(bus.count_of("ring").failed, 1);
  EXPECT_THAT(bus.undelivered(), SizeIs(0));
}

TEST(Delivery, AgeEndsTheTriesToo) {
  BusFixture bus;
  json::object target{{"Id", "m"}, {"Arn", "arn:aws:states:us-east-1:000000000000:stateMachine:m"}};
  target["DeadLetterConfig"] = {{"Arn", "arn:aws:sqs:us-east-1:000000000000:dead"}};
  target["RetryPolicy"] = {{"MaximumEventAgeInSeconds", 60}};
  bus.put_rule("ring", bell_pattern, {target});
  bus.machines.failure = Error{ErrorCode::unavailable, "the machine is out of order"};
  bus.put_event("tower", "Bell", ringing);
  for (int i = 0; i < 10; ++i) bus.advance(std::chrono::seconds{20});
  ASSERT_THAT(bus.queues.taken, SizeIs(1));
  EXPECT_EQ(string_at(bus.queues.taken[0].attributes.at("EXHAUSTED_RETRY_CONDITION").as_object(), "StringValue"),
            "MaximumEventAgeInSeconds");
}

TEST(Delivery, AFinalErrorIsNotRetriedAndIsWrittenDownWhereNoQueueTakesIt) {
  BusFixture bus;
  json::object with_queue = queue_target("b");
  with_queue["DeadLetterConfig"] = {{"Arn", "arn:aws:sqs:us-east-1:000000000000:dead"}};
  bus.put_rule("ring", bell_pattern, {queue_target("a"), with_queue});
  bus.queues.failure = Error{ErrorCode::not_found, "there is no such queue"};
  bus.put_event("tower", "Bell", ringing);
  for (int i = 0; i < 3; ++i) bus.advance(std::chrono::hours{1});
  EXPECT_EQ(bus.queues.tries, 3);  // two targets, one dead-letter queue
  const auto left = bus.undelivered();
  ASSERT_THAT(left, SizeIs(2));
  EXPECT_EQ(left[0].error_code, "NO_RESOURCE");
  EXPECT_THAT(left[0].payload, HasSubstr("RINGING"));
  EXPECT_THAT(left[0].error_message + left[1].error_message, HasSubstr("did not take it either"));
  EXPECT_EQ(bus.count_of("ring").failed, 2);
}

TEST(Delivery, TheOldestUndeliveredGoFirst) {
  BusFixture bus{{}, {.undelivered_kept = 3}};
  bus.put_rule("ring", R"({"source":["tower"]})", {queue_target("a")});
  bus.queues.failure = Error{ErrorCode::not_found, "there is no such queue"};
  for (int i = 0; i < 5; ++i) {
    bus.put_event("tower", "Bell", {{"i", i}});
    bus.advance(std::chrono::seconds{1});
  }
  const auto left = bus.undelivered();
  ASSERT_THAT(left, SizeIs(3));
  EXPECT_THAT(left[0].payload, HasSubstr("\"i\":4"));
  EXPECT_THAT(left[2].payload, HasSubstr("\"i\":2"));
}

TEST(Delivery, ContainmentGoesFirst) {
  BusFixture bus;
  bus.put_rule("notice", R"({"source":["tower"]})", {queue_target("a", "notice")});
  bus.put_rule("block", R"({"source":["tower"]})", {queue_target("a", "block")},
               {json::object{{"Key", lane_tag}, {"Value", "containment"}}});
  bus.put_event("tower", "Bell", ringing);
  bus.put_event("tower", "Bell", ringing);
  bus.run();
  std::vector<std::string> arns;
  for (const auto& taken : bus.queues.taken) arns.push_back(taken.arn.substr(taken.arn.rfind(':') + 1));
  EXPECT_THAT(arns, ElementsAre("block", "block", "notice", "notice"));
}

TEST(Delivery, OfABacklogTheMostSevereGoesFirst) {
  BusFixture bus;
  bus.put_rule("all", R"({"source":["own.scanner"]})", {queue_target("a")});
  const auto put = [&](std::string_view severity, std::string_view type = "Security Hub Findings - Imported") {
    bus.put_event("own.scanner", type,
                  {{"findings", {json::object{{"Id", severity}, {"Severity", {{"Label", severity}}}}}}});
  };
  for (const auto* severity : {"LOW", "HIGH", "MEDIUM", "CRITICAL", "LOW", "HIGH", "CRITICAL"}) put(severity);
  put("LOW", "Security Hub Findings - Custom Action");
  bus.run();
  std::string order;
  for (const auto& taken : bus.queues.taken) {
    const auto event = parse_json_object(taken.body);
    const bool sent = string_at(*event, "detail-type").ends_with("Custom Action");
    order +=
        sent ? "sent " : string_at(find(*event, "detail.findings")->get_array()[0].get_object(), "Id").substr(0, 1);
  }
  EXPECT_EQ(order, "CCsent HHLML");
}

TEST(Delivery, GoesByTheOrderInWhichRulesWereMade) {
  BusFixture bus;
  for (const std::string_view name : {"middle", "zenith", "abyss"})
    bus.put_rule(name, bell_pattern, {queue_target("a", name)});
  bus.put_rule("middle", bell_pattern, {});  // put again: keeps its place
  bus.put_event("tower", "Bell", ringing);
  bus.run();
  std::vector<std::string> arns;
  for (const auto& taken : bus.queues.taken) arns.push_back(taken.arn.substr(taken.arn.rfind(':') + 1));
  EXPECT_THAT(arns, ElementsAre("middle", "zenith", "abyss"));
}

TEST(Delivery, AnEventBusCanBeATargetOnce) {
  BusFixture bus;
  bus.call("CreateEventBus", {{"Name", "second"}}).value();
  bus.call("CreateEventBus", {{"Name", "third"}}).value();
  bus.put_rule("forward", bell_pattern,
               {json::object{{"Id", "a"}, {"Arn", "arn:aws:events:us-east-1:000000000000:event-bus/second"}}});
  const json::object any{{"Name", "any"}, {"EventBusName", "second"}, {"EventPattern", R"({"source":["tower"]})"}};
  bus.call("PutRule", any).value();
  bus.call("PutTargets",
           {{"Rule", "any"},
            {"EventBusName", "arn:aws:events:us-east-1:000000000000:event-bus/second"},
            {"Targets",
             json::array{queue_target("q"),
                         json::object{{"Id", "z"}, {"Arn", "arn:aws:events:us-east-1:000000000000:event-bus/third"}}}}})
      .value();
  bus.put_event("tower", "Bell", ringing);
  bus.run();
  EXPECT_THAT(bus.queues.taken, SizeIs(1));
  EXPECT_EQ(bus.count_of("forward").invoked, 1);
  EXPECT_EQ(bus.count_of("any").invoked, 1);
  ASSERT_THAT(bus.undelivered(), SizeIs(1));
  EXPECT_THAT(bus.undelivered()[0].error_message, HasSubstr("not forwarded again"));
}

// A function that fails is given up after minutes, not after a day; its target's own policy counts more.
TEST(Delivery, AFunctionIsTriedForMinutes) {
  for (const bool has_policy : {false, true}) {
    BusFixture bus;
    json::object target{{"Id", "f"}, {"Arn", "arn:aws:lambda:us-east-1:000000000000:function:f"}};
    if (has_policy) target["RetryPolicy"] = {{"MaximumRetryAttempts", 20}};
    bus.put_rule("ring", bell_pattern, {target});
    bus.functions.failure = Error{ErrorCode::unavailable, "it failed"};
    bus.put_event("tower", "Bell", ringing);
    for (int i = 0; i < 20; ++i) {
      bus.run();
      bus.advance(std::chrono::seconds{30});
    }
    EXPECT_THAT(bus.undelivered(), SizeIs(has_policy ? 0 : 1));
  }
}

// ---- events that carry findings

constexpr std::string_view imported = "Security Hub Findings - Imported";
constexpr std::string_view hub_pattern = R"({"source":["aws.securityhub"]})";

json::object finding(std::string_view id, std::string_view updated) {
  return {{"findings", json::array{json::object{{"ProductArn", "arn:p"}, {"Id", id}, {"UpdatedAt", updated}}}}};
}

struct Hub {
  std::vector<std::string> recorded;
  bool anything_new = true;
  std::optional<Error> failure;
  std::vector<std::string> tells;  // of an event
  Ports ports() {
    return {.record_findings = [this](store::Transaction&, const json::object& event) -> Result<Recorded> {
      if (failure) return std::unexpected(*failure);
      recorded.push_back(std::string(string_at(event, "source")));
      return Recorded{.anything_new = anything_new, .events = tells};
    }};
  }
};

TEST(Findings, AreRecordedAndAnnouncedOnceToEachTarget) {
  Hub hub;
  BusFixture bus{hub.ports()};
  bus.put_rule("notice", hub_pattern, {queue_target("a", "notice")});
  bus.put_rule("block", hub_pattern, {queue_target("a", "block")},
               {json::object{{"Key", lane_tag}, {"Value", "containment"}}});
  const auto put = [&] {
    const std::size_t before = bus.queues.taken.size();
    bus.put_event("aws.securityhub", imported, finding("f-1", "2026-01-01T00:00:00Z"));
    bus.run();
    std::string told;
    for (std::size_t i = before; i < bus.queues.taken.size(); ++i)
      told += bus.queues.taken[i].arn.substr(bus.queues.taken[i].arn.rfind(':') + 1) + " ";
    return told;
  };
  EXPECT_EQ(put(), "block notice ");
  hub.anything_new = false;
  EXPECT_EQ(put(), "block ") << "told already; containment is always tried";
  bus.restart();
  EXPECT_EQ(put(), "block ");
  EXPECT_EQ(bus.count_of("notice").suppressed, 2);
  bus.put_rule("late", hub_pattern, {queue_target("a", "late")});
  EXPECT_EQ(put(), "block late ") << "a rule made since was not told";
  EXPECT_EQ(put(), "block ");
  hub.anything_new = true;
  EXPECT_EQ(put(), "block notice late ") << "the hub says that something is new";
  EXPECT_THAT(hub.recorded, SizeIs(6));
}

// Who bridges in GuardDuty alone has no other announcement; who bridges in both hears of it once.
TEST(Findings, GuardDutysAreToldAsTheHubTellsThem) {
  Hub hub;
  BusFixture bus{hub.ports()};
  bus.put_rule("notice", hub_pattern, {queue_target("a", "notice")});
  const json::object told{{"id", "e-1"},
                          {"source", "aws.securityhub"},
                          {"detail-type", imported},
                          {"detail", finding("f-1", "2026-01-01T00:00:00Z")}};
  hub.tells = {to_json(told)};
  bus.put_event("aws.guardduty", "GuardDuty Finding", {{"id", "f-1"}, {"updatedAt", "2026-01-01T00:00:00Z"}});
  bus.run();
  ASSERT_THAT(bus.queues.taken, SizeIs(1));
  EXPECT_THAT(bus.queues.taken[0].body, HasSubstr("e-1"));
  hub.tells = {};
  hub.anything_new = false;
  bus.put_event("aws.securityhub", imported, finding("f-1", "2026-01-01T00:00:00Z"));
  bus.run();
  EXPECT_THAT(bus.queues.taken, SizeIs(1)) << "told already";
}

TEST(Findings, AnotherStateOfTheFindingIsAnotherAnnouncement) {
  Hub hub;
  BusFixture bus{hub.ports()};
  bus.put_rule("notice", hub_pattern, {queue_target("a")});
  hub.anything_new = false;
  bus.put_event("aws.securityhub", imported, finding("f-1", "2026-01-01T00:00:00Z"));
  bus.put_event("aws.securityhub", imported, finding("f-1", "2026-01-01T00:00:00Z"));
  bus.put_event("aws.securityhub", imported, finding("f-1", "2026-01-02T00:00:00Z"));
  bus.put_event("aws.securityhub", imported, finding("f-2", "2026-01-01T00:00:00Z"));
  bus.run();
  EXPECT_THAT(bus.queues.taken, SizeIs(3));
}

TEST(Findings, ACustomActionCountsEachTime) {
  Hub hub;
  hub.anything_new = false;
  BusFixture bus{hub.ports()};
  bus.put_rule("action", hub_pattern, {queue_target("a")});
  for (int i = 0; i < 2; ++i)
    bus.put_event("aws.securityhub", "Security Hub Findings - Custom Action", finding("f-1", "2026-01-01T00:00:00Z"));
  bus.run();
  EXPECT_THAT(bus.queues.taken, SizeIs(2));
}

TEST(Findings, WhatWasGivenUpIsToldAgain) {
  Hub hub;
  hub.anything_new = false;
  BusFixture bus{hub.ports()};
  bus.put_rule("notice", hub_pattern, {queue_target("a")});
  bus.queues.failure = Error{ErrorCode::not_found, "there is no such queue"};
  bus.put_event("aws.securityhub", imported, finding("f-1", "2026-01-01T00:00:00Z"));
  bus.run();
  bus.queues.failure.reset();
  bus.put_event("aws.securityhub", imported, finding("f-1", "2026-01-01T00:00:00Z"));
  bus.run();
  EXPECT_THAT(bus.queues.taken, SizeIs(1));
}

TEST(Findings, ThatCannotBeRecordedAreDeliveredAllTheSame) {
  Hub hub;
  hub.failure = Error{ErrorCode::validation, "Title is missing"};
  BusFixture bus{hub.ports()};
  bus.put_rule("notice", hub_pattern, {queue_target("a")});
  EXPECT_EQ(integer_at(bus.put_event("aws.securityhub", imported, finding("f-1", "")), "FailedEntryCount", -1), 0);
  bus.run();
  EXPECT_THAT(bus.queues.taken, SizeIs(1));
}

TEST(Findings, GuardDutysAreRecordedToo) {
  Hub hub;
  BusFixture bus{hub.ports()};
  bus.put_rule("guard", R"({"source":["aws.guardduty"]})", {queue_target("a")});
  const auto put = [&](int count) {
    bus.put_event("aws.guardduty", "GuardDuty Finding",
                  {{"id", "g-1"}, {"updatedAt", "2026-01-01T00:00:00Z"}, {"service", {{"count", count}}}});
    hub.anything_new = false;
    bus.run();
    return bus.queues.taken.size();
  };
  EXPECT_EQ(put(1), 1u);
  EXPECT_EQ(put(1), 1u);
  EXPECT_EQ(put(2), 2u);
  bus.put_event("aws.ec2", "EC2 Instance State-change Notification", {});
  EXPECT_THAT(hub.recorded, ElementsAre("aws.guardduty", "aws.guardduty", "aws.guardduty"));
}

TEST(Findings, WhatWasToldIsForgottenInTime) {
  Hub hub;
  hub.anything_new = false;
  BusFixture bus{hub.ports()};
  bus.put_rule("notice", hub_pattern, {queue_target("a")});
  for (int i = 0; i < 2; ++i) {
    bus.put_event("aws.securityhub", imported, finding("f-1", "2026-01-01T00:00:00Z"));
    bus.advance(std::chrono::hours{24 * 31});
  }
  EXPECT_THAT(bus.queues.taken, SizeIs(2));
}

}  // namespace
}  // namespace tocsin::rules
