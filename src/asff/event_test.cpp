#include "asff/event.h"

#include <gtest/gtest.h>

#include "asff/test_finding.h"
#include "core/time_format.h"

namespace tocsin::asff {
namespace {

const EventHeader header{
    .id = "6d1e7c1c-0000-4000-8000-000000000001", .time = *parse_rfc3339("2024-05-01T12:00:00.250Z"), .hub = test_hub};

TEST(Event, CarriesOneImportedFinding) {
  const auto finding = finding_with();
  const auto event = parse_json_object(imported_event(to_json(finding), key_of(finding), header));
  ASSERT_TRUE(event);
  EXPECT_EQ(string_at(*event, "version"), "0");
  EXPECT_EQ(string_at(*event, "detail-type"), "Security Hub Findings - Imported");
  EXPECT_EQ(string_at(*event, "source"), "aws.securityhub");
  EXPECT_EQ(string_at(*event, "account"), "111122223333");
  EXPECT_EQ(string_at(*event, "region"), "eu-west-1");
  EXPECT_EQ(string_at(*event, "time"), "2024-05-01T12:00:00Z");
  EXPECT_EQ(to_json(event->at("resources")),
            R"(["arn:aws:securityhub:eu-west-1:111122223333:product/111122223333/default/f-1"])");
  EXPECT_EQ(to_json(event->at("detail")), R"({"findings":[)" + to_json(finding) + "]}");
}

TEST(Event, SaysWhoMadeAnUpdate) {
  const UpdateSource source{
      .type = "BATCH_UPDATE_FINDINGS", .identity = "arn:aws:iam::1:role/\"x\"", .fields = {"Note", "Workflow.Status"}};
  const auto event = parse_json_object(imported_event("{}", {"p", "i"}, header, &source));
  ASSERT_TRUE(event);
  EXPECT_EQ(
      to_json(event->at("detail").at("updateSource")),
      R"({"type":"BATCH_UPDATE_FINDINGS","identity":"arn:aws:iam::1:role/\"x\"","fields":["Note","Workflow.Status"]})");
}

TEST(Event, CarriesTheFindingsOfACustomAction) {
  const std::vector<std::string> findings{R"({"Id":"a"})", R"({"Id":"b"})"};
  const CustomAction action{.arn = "arn:aws:securityhub:eu-west-1:111122223333:action/custom/escalate-to-soc",
                            .name = "Escalate to SOC",
                            .description = "line\nbreak"};
  const auto event = parse_json_object(custom_action_event(findings, action, header));
  ASSERT_TRUE(event);
  EXPECT_EQ(string_at(*event, "detail-type"), "Security Hub Findings - Custom Action");
  EXPECT_EQ(event->at("resources").at(0).as_string(), action.arn);
  EXPECT_EQ(to_json(event->at("detail")),
            R"({"actionName":"Escalate to SOC","actionDescription":"line\nbreak","findings":[{"Id":"a"},{"Id":"b"}]})");
}

}  // namespace
}  // namespace tocsin::asff
