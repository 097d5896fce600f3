// Recorded events of AWS, against the rules of the built-in stacks.
#include <fstream>

#include <gtest/gtest.h>

#include "rules/testing.h"

namespace tocsin::rules {
namespace {

TEST(RecordedEvents, EveryOneIsTakenAndReachesTheRulesThatWantIt) {
  std::ifstream file{TOCSIN_SHARED_DIR "/data/events.jsonl"};
  if (!file) GTEST_SKIP() << "the recorded events are not beside this checkout";
  BusFixture bus;
  bus.put_rule("severe",
               R"({"source":["aws.securityhub"],"detail-type":["Security Hub Findings - Imported"],)"
               R"("detail":{"findings":{"Severity":{"Label":["HIGH","CRITICAL"]}}}})",
               {queue_target("a", "severe")});
  bus.put_rule(
      "address",
      R"({"source":["aws.securityhub"],"detail":{"findings":{"ProductFields":{)"
      R"("aws/guardduty/service/action/networkConnectionAction/remoteIpDetails/ipAddressV4":[{"exists":true}]}}}})",
      {queue_target("a", "address")});
  bus.put_rule("all", R"({"source":[{"prefix":"aws."}]})", {queue_target("a", "all")});
  std::int64_t events = 0, severe = 0, addresses = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.empty()) continue;
    const auto event = parse_json_object(line);
    ASSERT_TRUE(event) << line.substr(0, 200);
    const json::object answer =
        bus.put_event(string_at(*event, "source"), string_at(*event, "detail-type"), event->at("detail").as_object());
    ASSERT_EQ(integer_at(answer, "FailedEntryCount", -1), 0) << to_json(answer);
    ++events;
    if (string_at(*event, "source") != "aws.securityhub") continue;
    // The naive reading of the same rules: any finding of the event.
    bool is_severe = false, has_address = false;
    if (const auto* findings = find(*event, "detail.findings"); findings && findings->is_array())
      for (const auto& finding : findings->as_array()) {
        const auto label = string_at(finding.as_object(), "Severity.Label");
        is_severe |= label == "HIGH" || label == "CRITICAL";
        if (const auto* fields = find(finding, "ProductFields"); fields && fields->is_object())
          has_address |= fields->as_object().contains(
              "aws/guardduty/service/action/networkConnectionAction/remoteIpDetails/ipAddressV4");
      }
    severe += is_severe && string_at(*event, "detail-type") == "Security Hub Findings - Imported";
    addresses += has_address;
  }
  bus.run();
  EXPECT_EQ(bus.count_of("all").invoked, events);
  EXPECT_EQ(bus.count_of("severe").invoked, severe);
  EXPECT_EQ(bus.count_of("address").invoked, addresses);
  EXPECT_GT(severe, 0);
  EXPECT_GT(addresses, 0);
}

}  // namespace
}  // namespace tocsin::rules
