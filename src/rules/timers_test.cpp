#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rules/testing.h"

namespace tocsin::rules {
namespace {

using testing::SizeIs;
using namespace std::chrono_literals;

std::vector<std::string> times(const BusFixture& bus) {
  std::vector<std::string> found;
  for (const auto& taken : bus.queues.taken)
    found.emplace_back(string_at(parse_json_object(taken.body).value(), "time"));
  return found;
}

void put_schedule(BusFixture& bus, std::string_view expression, std::string_view state = "ENABLED") {
  ASSERT_EQ(bus.error("PutRule", {{"Name", "tick"}, {"ScheduleExpression", expression}, {"State", state}}), "none");
  ASSERT_EQ(bus.error("PutTargets", {{"Rule", "tick"}, {"Targets", json::array{queue_target("a")}}}), "none");
}

TEST(Timers, SendScheduledEventsToTheRulesTargets) {
  BusFixture bus;  // it is 2026-01-01T00:00:00Z
  put_schedule(bus, "rate(10 minutes)");
  bus.run();
  EXPECT_THAT(bus.queues.taken, SizeIs(0));
  bus.advance(10min);
  bus.advance(10min);
  EXPECT_THAT(times(bus), testing::ElementsAre("2026-01-01T00:10:00Z", "2026-01-01T00:20:00Z"));
  const auto event = parse_json_object(bus.queues.taken[0].body).value();
  EXPECT_EQ(string_at(event, "detail-type"), "Scheduled Event");
  EXPECT_EQ(string_at(event, "source"), "aws.events");
  EXPECT_EQ(to_json(event.at("resources")), R"(["arn:aws:events:us-east-1:000000000000:rule/tick"])");
  EXPECT_EQ(to_json(event.at("detail")), "{}");
  EXPECT_EQ(bus.count_of("tick").invoked, 2);
}

TEST(Timers, WhatWasMissedWhileDownFiresOnce) {
  BusFixture bus;
  put_schedule(bus, "rate(10 minutes)");
  bus.store.clock.advance(65min);
  bus.restart();
  bus.run();
  EXPECT_THAT(times(bus), testing::ElementsAre("2026-01-01T00:10:00Z"));
  bus.advance(5min);
  EXPECT_THAT(times(bus), testing::ElementsAre("2026-01-01T00:10:00Z", "2026-01-01T01:10:00Z"));
}

TEST(Timers, DisableStopsAndEnableStartsAnew) {
  BusFixture bus;
  put_schedule(bus, "rate(10 minutes)");
  bus.call("DisableRule", {{"Name", "tick"}}).value();
  bus.advance(25min);
  EXPECT_THAT(bus.queues.taken, SizeIs(0));
  bus.call("EnableRule", {{"Name", "tick"}}).value();
  bus.advance(9min);
  EXPECT_THAT(bus.queues.taken, SizeIs(0));
  bus.advance(1min);
  EXPECT_THAT(bus.queues.taken, SizeIs(1));
}

TEST(Timers, AChangedScheduleCountsFromTheChangeAndAnUnchangedOneKeepsItsPhase) {
  BusFixture bus;
  put_schedule(bus, "rate(10 minutes)");
  bus.advance(5min);
  put_schedule(bus, "rate(10 minutes)");  // the same again
  bus.advance(5min);
  EXPECT_THAT(bus.queues.taken, SizeIs(1));
  put_schedule(bus, "cron(30 0 * * ? *)");
  bus.advance(19min);
  EXPECT_THAT(bus.queues.taken, SizeIs(1));
  bus.advance(1min);
  EXPECT_THAT(times(bus), testing::ElementsAre("2026-01-01T00:10:00Z", "2026-01-01T00:30:00Z"));
}

TEST(Timers, EndWithTheirRule) {
  BusFixture bus;
  put_schedule(bus, "rate(10 minutes)");
  bus.call("RemoveTargets", {{"Rule", "tick"}, {"Ids", json::array{"a"}}}).value();
  bus.call("DeleteRule", {{"Name", "tick"}}).value();
  bus.advance(1h);
  EXPECT_THAT(bus.queues.taken, SizeIs(0));
  const auto left = bus.store.read(
      [](store::Reader& reader) -> Result<std::int64_t> { return store::Outbox::depth(reader, schedule_kind); });
  EXPECT_EQ(*left, 0);
}

TEST(Timers, AScheduleOfThePastNeverFires) {
  BusFixture bus;
  put_schedule(bus, "cron(0 0 1 1 ? 2022)");
  bus.advance(24h);
  EXPECT_THAT(bus.queues.taken, SizeIs(0));
}

TEST(Timers, ARuleMayHaveAPatternAsWell) {
  BusFixture bus;
  ASSERT_EQ(bus.error("PutRule", {{"Name", "tick"},
                                  {"ScheduleExpression", "rate(1 hour)"},
                                  {"EventPattern", R"({"source":["tower"]})"}}),
            "none");
  bus.call("PutTargets", {{"Rule", "tick"}, {"Targets", json::array{queue_target("a")}}}).value();
  bus.put_event("tower", "x", {});
  bus.advance(1h);
  EXPECT_THAT(bus.queues.taken, SizeIs(2));
}

TEST(Timers, AFailingTargetDoesNotEndTheSchedule) {
  BusFixture bus;
  put_schedule(bus, "rate(1 hour)");
  bus.queues.failure = Error{ErrorCode::not_found, "there is no such queue"};
  bus.advance(1h);
  bus.advance(1h);
  bus.queues.failure.reset();
  bus.advance(1h);
  EXPECT_THAT(bus.queues.taken, SizeIs(1));
  EXPECT_EQ(bus.count_of("tick").failed, 2);
}

}  // namespace
}  // namespace tocsin::rules
