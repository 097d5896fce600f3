#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rules/testing.h"

namespace tocsin::rules {
namespace {

using testing::HasSubstr;
using testing::SizeIs;
using testing::StartsWith;

constexpr std::string_view pattern = R"({"source":["tower"]})";

std::vector<std::string> names(const json::object& answer, std::string_view list, std::string_view member = "Name") {
  std::vector<std::string> found;
  for (const auto& entry : answer.at(list).as_array())
    found.emplace_back(entry.is_string() ? std::string_view(entry.as_string()) : string_at(entry.as_object(), member));
  return found;
}

TEST(PutRule, DescribesWhatWasPut) {
  BusFixture bus;
  EXPECT_EQ(to_json(bus.answer("PutRule", {{"Name", "r"},
                                           {"EventPattern", pattern},
                                           {"Description", "d"},
                                           {"RoleArn", "arn:aws:iam::000000000000:role/x"}})),
            R"({"RuleArn":"arn:aws:events:us-east-1:000000000000:rule/r"})");

  const std::string described =
      R"({"Name":"r","Arn":"arn:aws:events:us-east-1:000000000000:rule/r","State":"ENABLED",)"
      R"("EventBusName":"default","EventPattern":"{\"source\":[\"tower\"]}","Description":"d",)"
      R"("RoleArn":"arn:aws:iam::000000000000:role/x","CreatedBy":"000000000000"})";
  EXPECT_EQ(to_json(bus.answer("DescribeRule", {{"Name", "r"}})), described);
  // A second PutRule replaces: what is left out is gone.
  bus.answer("PutRule", {{"Name", "r"}, {"ScheduleExpression", "rate(1 day)"}, {"State", "DISABLED"}});
  EXPECT_EQ(to_json(bus.answer("DescribeRule", {{"Name", "r"}})),
            R"({"Name":"r","Arn":"arn:aws:events:us-east-1:000000000000:rule/r","State":"DISABLED",)"
            R"j("EventBusName":"default","ScheduleExpression":"rate(1 day)",)j"
            R"("CreatedBy":"000000000000"})");
}

TEST(PutRule, RefusesWhatAwsRefuses) {
  BusFixture bus;
  bus.call("CreateEventBus", {{"Name", "b"}}).value();
  EXPECT_EQ(bus.error("PutRule", {{"Name", "r"}}),
            "ValidationException: Parameter(s) EventPattern or ScheduleExpression must be specified.");
  EXPECT_EQ(bus.error("PutRule", {{"Name", "r"}, {"ScheduleExpression", "rate(1 minutes)"}}),
            "ValidationException: Parameter ScheduleExpression is not valid.");
  EXPECT_EQ(bus.error("PutRule", {{"Name", "r"}, {"ScheduleExpression", "rate(1 minute)"}, {"EventBusName", "b"}}),
            "ValidationException: ScheduleExpression is supported only on the default event bus.");
  EXPECT_EQ(bus.error("PutRule", {{"Name", "r"}, {"EventPattern", pattern}, {"EventBusName", "none"}}),
            "ResourceNotFoundException: Event bus none does not exist.");
  EXPECT_THAT(bus.error("PutRule", {{"Name", "r"}, {"EventPattern", R"({"source":"tower"})"}}),
              StartsWith("InvalidEventPatternException: Event pattern is not valid. Reason: "));
  EXPECT_THAT(bus.error("PutRule", {{"Name", "r r"}, {"EventPattern", pattern}}), StartsWith("ValidationException"));
  EXPECT_THAT(bus.error("PutRule", {{"Name", std::string(65, 'r')}, {"EventPattern", pattern}}),
              StartsWith("ValidationException"));
  EXPECT_EQ(bus.error("DescribeRule", {{"Name", "r"}}),
            "ResourceNotFoundException: Rule r does not exist on EventBus default.");
}

TEST(PutRule, StopsAtTheQuotaOfABus) {
  BusFixture bus;
  for (int i = 0; i < 300; ++i)
    ASSERT_EQ(bus.error("PutRule", {{"Name", fmt::format("r{}", i)}, {"EventPattern", pattern}}), "none");
  EXPECT_EQ(bus.error("PutRule", {{"Name", "one-more"}, {"EventPattern", pattern}}),
            "LimitExceededException: The requested resource exceeds the maximum number allowed.");
  EXPECT_EQ(bus.error("PutRule", {{"Name", "r7"}, {"EventPattern", pattern}}), "none");
  bus.call("CreateEventBus", {{"Name", "b"}}).value();
  EXPECT_EQ(bus.error("PutRule", {{"Name", "one-more"}, {"EventPattern", pattern}, {"EventBusName", "b"}}), "none");
}

TEST(ListRules, PagesAndFilters) {
  BusFixture bus;
  for (int i = 0; i < 7; ++i) bus.put_rule(fmt::format("{}-{}", i % 2 ? "odd" : "even", i), pattern, {});
  EXPECT_EQ(names(bus.answer("ListRules", {{"NamePrefix", "odd"}}), "Rules"),
            (std::vector<std::string>{"odd-1", "odd-3", "odd-5"}));
  json::object input{{"Limit", 3}};
  std::vector<std::string> all;
  for (int page = 0; page < 3; ++page) {
    const json::object answer = bus.answer("ListRules", input);
    for (auto& name : names(answer, "Rules")) all.push_back(name);
    EXPECT_EQ(answer.contains("NextToken"), page < 2);
    if (answer.contains("NextToken")) input["NextToken"] = answer.at("NextToken");
  }
  EXPECT_THAT(all, SizeIs(7));
  EXPECT_THAT(bus.error("ListRules", {{"NextToken", "nonsense"}}), StartsWith("ValidationException"));
}

TEST(DeleteRule, FailsWhileThereAreTargetsAndIsQuietAboutWhatIsGone) {
  BusFixture bus;
  bus.put_rule("r", pattern, {queue_target("a")}, {json::object{{"Key", "k"}, {"Value", "v"}}});
  EXPECT_EQ(bus.error("DeleteRule", {{"Name", "r"}}),
            "ValidationException: Rule can't be deleted since it has targets.");
  bus.call("RemoveTargets", {{"Rule", "r"}, {"Ids", json::array{"a"}}}).value();
  EXPECT_EQ(bus.error("DeleteRule", {{"Name", "r"}}), "none");
  EXPECT_EQ(bus.error("DeleteRule", {{"Name", "r"}}), "none");
  EXPECT_EQ(bus.error("DeleteRule", {{"Name", "r"}, {"EventBusName", "none"}}),
            "ResourceNotFoundException: Event bus none does not exist.");
  bus.put_rule("r", pattern, {});
  EXPECT_EQ(
      to_json(bus.answer("ListTagsForResource", {{"ResourceARN", "arn:aws:events:us-east-1:000000000000:rule/r"}})),
      R"({"Tags":[]})");
}

TEST(PutTargets, ListsWhatWasPut) {
  BusFixture bus;
  json::object target = queue_target("a");
  target["InputPath"] = "$.detail";
  target["RetryPolicy"] = {{"MaximumRetryAttempts", 3}};
  bus.put_rule("r", pattern, {target, queue_target("b")});
  const json::object answer = bus.answer("ListTargetsByRule", {{"Rule", "r"}});
  EXPECT_EQ(answer.at("Targets").as_array()[0], json::value(target));
  EXPECT_EQ(names(answer, "Targets", "Id"), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(names(bus.answer("ListRuleNamesByTarget", {{"TargetArn", target.at("Arn")}}), "RuleNames"),
            (std::vector<std::string>{"r"}));
  // The same id again replaces.
  bus.call("PutTargets", {{"Rule", "r"}, {"Targets", json::array{queue_target("a", "other")}}}).value();
  EXPECT_THAT(to_json(bus.answer("ListTargetsByRule", {{"Rule", "r"}, {"Limit", 1}})), HasSubstr(":other"));
  EXPECT_EQ(to_json(bus.answer("RemoveTargets", {{"Rule", "r"}, {"Ids", json::array{"a", "x"}}})),
            R"({"FailedEntryCount":1,"FailedEntries":[{"TargetId":"x","ErrorCode":"ResourceNotFoundException",)"
            R"("ErrorMessage":"Rule 'r' does not have a target with the Id 'x'."}]})");
}

TEST(PutTargets, RefusesWhatAwsRefuses) {
  BusFixture bus;
  bus.put_rule("r", pattern, {});
  const auto put = [&](json::array targets, std::string_view rule = "r") {
    return bus.error("PutTargets", {{"Rule", rule}, {"Targets", std::move(targets)}});
  };
  const auto with = [](std::string_view member, json::value value, std::string_view queue = "q") {
    json::object target = queue_target("a", queue);
    target[member] = std::move(value);
    return target;
  };
  EXPECT_EQ(put({queue_target("a")}, "none"),
            "ResourceNotFoundException: Rule none does not exist on EventBus default.");
  EXPECT_EQ(put({json::object{{"Id", "a"}, {"Arn", "nowhere"}}}),
            "ValidationException: Parameter nowhere is not valid. Reason: Provided Arn is not in correct format.");
  EXPECT_EQ(put({queue_target("a", "q.fifo")}),
            "ValidationException: Parameter(s) SqsParameters must be specified for target: a.");
  EXPECT_THAT(put({with("DeadLetterConfig", {{"Arn", "arn:aws:sns:us-east-1:000000000000:t"}})}),
              HasSubstr("standard SQS queue"));
  EXPECT_THAT(put({with("RetryPolicy", {{"MaximumRetryAttempts", 186}})}), HasSubstr("RetryPolicy"));
  EXPECT_EQ(put({with("InputTransformer", {{"InputTemplate", "\"<x>\""}})}),
            "ValidationException: InputTemplate for target a contains invalid placeholder x.");
  json::array six;
  for (int i = 0; i < 6; ++i) six.push_back(queue_target(fmt::format("t{}", i)));
  EXPECT_EQ(put(six), "LimitExceededException: The requested resource exceeds the maximum number allowed.");
  EXPECT_THAT(names(bus.answer("ListTargetsByRule", {{"Rule", "r"}}), "Targets", "Id"), SizeIs(0))
      << "a refused call changes nothing";
}

TEST(PutTargets, NamesTheTargetsThatNothingHereTakes) {
  BusFixture bus;
  bus.put_rule("r", pattern, {});
  const json::object answer = bus.answer(
      "PutTargets",
      {{"Rule", "r"},
       {"Targets",
        json::array{queue_target("a"),
                    json::object{{"Id", "k"}, {"Arn", "arn:aws:kinesis:us-east-1:000000000000:stream/s"}}}}});
  EXPECT_EQ(integer_at(answer, "FailedEntryCount"), 1);
  EXPECT_EQ(string_at(answer.at("FailedEntries").as_array()[0].as_object(), "TargetId"), "k");
  EXPECT_EQ(names(bus.answer("ListTargetsByRule", {{"Rule", "r"}}), "Targets", "Id"), std::vector<std::string>{"a"});
}

TEST(PutEvents, FailsEntryByEntry) {
  BusFixture bus;
  bus.put_rule("r", pattern, {queue_target("a")});
  const auto entry = [](json::object members) {
    json::object whole{{"Source", "tower"}, {"DetailType", "t"}, {"Detail", "{}"}};
    for (const auto& member : members) {
      if (member.value().is_null())
        whole.erase(member.key());
      else
        whole[member.key()] = member.value();
    }
    return whole;
  };
  const json::object answer =
      bus.answer("PutEvents",
                 {{"Entries", json::array{entry({}), entry({{"Source", nullptr}}), entry({{"DetailType", nullptr}}),
                                          entry({{"Detail", nullptr}}), entry({{"Detail", "text"}}),
                                          entry({{"Detail", "[1]"}}), entry({{"Detail", "{\"a\":"}}),
                                          entry({{"Time", "yesterday"}}), entry({{"EventBusName", "none"}}),
                                          entry({{"Time", "2025-05-05T05:05:05Z"}, {"Detail", " {\"n\": 1e2}\n"}})}}});
  EXPECT_EQ(integer_at(answer, "FailedEntryCount"), 7);
  std::vector<std::string> codes;
  for (const auto& result : answer.at("Entries").as_array())
    codes.emplace_back(string_at(result.as_object(), "ErrorCode", "taken"));
  EXPECT_THAT(codes,
              testing::ElementsAre("taken", "InvalidArgument", "InvalidArgument", "InvalidArgument", "MalformedDetail",
                                   "MalformedDetail", "MalformedDetail", "InvalidArgument", "taken", "taken"));
  EXPECT_EQ(to_json(answer.at("Entries").as_array()[3]),
            R"({"ErrorCode":"InvalidArgument","ErrorMessage":"Parameter Detail is not valid. Reason: Detail is a )"
            R"(required argument."})");
  bus.run();
  ASSERT_THAT(bus.queues.taken, SizeIs(2));
  EXPECT_THAT(bus.queues.taken[1].body, HasSubstr(R"("time":"2025-05-05T05:05:05Z")"));
  EXPECT_THAT(bus.queues.taken[1].body, HasSubstr(R"("detail":{"n": 1e2}})")) << "the detail keeps its bytes";
}

TEST(PutEvents, CountsBytesAsAwsDoes) {
  BusFixture bus;
  // 262,144 in all: 5 (Source) + 1 (DetailType) + 14 (Time) + 3 (Resources) + Detail.
  const auto put = [&](std::size_t detail_bytes) {
    const std::string detail = "{\"a\":\"" + std::string(detail_bytes - 8, 'x') + "\"}";
    return bus.error("PutEvents", {{"Entries", json::array{json::object{{"Source", "tower"},
                                                                        {"DetailType", "t"},
                                                                        {"Time", "2026-01-01T00:00:00Z"},
                                                                        {"Resources", json::array{"abc"}},
                                                                        {"Detail", detail}}}}});
  };
  EXPECT_EQ(put(262'144 - 23), "none");
  EXPECT_EQ(put(262'144 - 22), "ValidationException: Total size of the entries in the request is over the limit.");
  json::array eleven(11, json::object{{"Source", "s"}, {"DetailType", "t"}, {"Detail", "{}"}});
  EXPECT_THAT(bus.error("PutEvents", {{"Entries", eleven}}), StartsWith("ValidationException"));
}

TEST(TestEventPattern, SaysWhetherItMatches) {
  BusFixture bus;
  const std::string event =
      R"({"id":"1","account":"0","source":"tower","time":"2026-01-01T00:00:00Z","region":"r","resources":[],)"
      R"("detail-type":"t","detail":{"n":5}})";
  const auto test = [&](std::string_view with) {
    return to_json(bus.answer("TestEventPattern", {{"EventPattern", with}, {"Event", event}}));
  };
  EXPECT_EQ(test(pattern), R"({"Result":true})");
  EXPECT_EQ(test(R"({"detail":{"n":[{"numeric":[">",5]}]}})"), R"({"Result":false})");
  EXPECT_THAT(bus.error("TestEventPattern", {{"EventPattern", "{}"}, {"Event", event}}),
              StartsWith("InvalidEventPatternException"));
  EXPECT_THAT(bus.error("TestEventPattern", {{"EventPattern", pattern}, {"Event", "{}"}}),
              "ValidationException: Parameter Event is not valid. Reason: id is a required field.");
  EXPECT_THAT(bus.error("TestEventPattern", {{"EventPattern", pattern}, {"Event", "{"}}),
              StartsWith("ValidationException: Parameter Event is not valid. Reason: "));
}

TEST(EventBuses, AreMadeListedAndDeleted) {
  BusFixture bus{{}, {.buses_max = 3}};
  EXPECT_EQ(to_json(bus.answer("CreateEventBus", {{"Name", "b"}})),
            R"({"EventBusArn":"arn:aws:events:us-east-1:000000000000:event-bus/b"})");
  EXPECT_EQ(bus.error("CreateEventBus", {{"Name", "b"}}),
            "ResourceAlreadyExistsException: Event bus b already exists.");
  EXPECT_EQ(bus.error("CreateEventBus", {{"Name", "default"}}),
            "ResourceAlreadyExistsException: Event bus default already exists.");
  EXPECT_THAT(bus.error("CreateEventBus", {{"Name", "a/b"}}), StartsWith("ValidationException"));
  bus.call("CreateEventBus", {{"Name", "z"}}).value();
  EXPECT_THAT(bus.error("CreateEventBus", {{"Name", "y"}}), StartsWith("LimitExceededException"));
  EXPECT_EQ(names(bus.answer("ListEventBuses", {}), "EventBuses"), (std::vector<std::string>{"b", "default", "z"}));
  EXPECT_EQ(names(bus.answer("ListEventBuses", {{"NamePrefix", "z"}}), "EventBuses"), std::vector<std::string>{"z"});
  EXPECT_EQ(to_json(bus.answer("DescribeEventBus", {})),
            R"({"Name":"default","Arn":"arn:aws:events:us-east-1:000000000000:event-bus/default"})");
  EXPECT_EQ(bus.error("DescribeEventBus", {{"Name", "none"}}),
            "ResourceNotFoundException: Event bus none does not exist.");
  bus.call("PutRule", {{"Name", "r"}, {"EventPattern", pattern}, {"EventBusName", "b"}}).value();
  EXPECT_EQ(bus.error("DeleteEventBus", {{"Name", "b"}}),
            "ValidationException: Event bus can't be deleted since it has rules.");
  EXPECT_EQ(bus.error("DeleteEventBus", {{"Name", "default"}}),
            "ValidationException: Cannot delete event bus default.");
  EXPECT_EQ(string_at(bus.answer("DescribeRule", {{"Name", "r"}, {"EventBusName", "b"}}), "Arn"),
            "arn:aws:events:us-east-1:000000000000:rule/b/r");
  bus.call("DeleteRule", {{"Name", "r"}, {"EventBusName", "b"}}).value();
  EXPECT_EQ(bus.error("DeleteEventBus", {{"Name", "b"}}), "none");
  EXPECT_EQ(bus.error("DeleteEventBus", {{"Name", "b"}}), "none");
}

TEST(Tags, OfRulesAndBuses) {
  BusFixture bus;
  bus.call("CreateEventBus", {{"Name", "b"}, {"Tags", json::array{json::object{{"Key", "k"}, {"Value", "v"}}}}})
      .value();
  bus.call("PutRule", {{"Name", "r"}, {"EventPattern", pattern}, {"EventBusName", "b"}}).value();
  for (const std::string_view arn :
       {"arn:aws:events:us-east-1:000000000000:rule/b/r", "arn:aws:events:us-east-1:000000000000:event-bus/b"}) {
    bus.call("TagResource", {{"ResourceARN", arn},
                             {"Tags", json::array{json::object{{"Key", "k"}, {"Value", "new"}},
                                                  json::object{{"Key", "l"}, {"Value", ""}}}}})
        .value();
    bus.call("UntagResource", {{"ResourceARN", arn}, {"TagKeys", json::array{"l"}}}).value();
    EXPECT_EQ(to_json(bus.answer("ListTagsForResource", {{"ResourceARN", arn}})),
              R"({"Tags":[{"Key":"k","Value":"new"}]})");
  }
  EXPECT_EQ(bus.error("ListTagsForResource", {{"ResourceARN", "arn:aws:events:us-east-1:000000000000:rule/none"}}),
            "ResourceNotFoundException: Rule none does not exist on EventBus default.");
  EXPECT_THAT(bus.error("TagResource", {{"ResourceARN", "arn:aws:sqs:us-east-1:000000000000:q"}}),
              StartsWith("ValidationException"));
}

}  // namespace
}  // namespace tocsin::rules
