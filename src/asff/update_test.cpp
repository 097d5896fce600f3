#include "asff/update.h"

#include <gtest/gtest.h>

#include "asff/test_finding.h"
#include "core/time_format.h"

namespace tocsin::asff {
namespace {

const Time now = *parse_rfc3339("2024-05-01T12:00:00Z");

Update compiled(std::string_view request) {
  auto update = Update::compile(*parse_json_object(request));
  EXPECT_TRUE(update) << request;
  return update ? *update : Update{};
}

TEST(Update, SetsEveryFieldThatACustomerMaySet) {
  const auto update = compiled(R"({"FindingIdentifiers":[],"Note":{"Text":"n","UpdatedBy":"ann"},
    "Severity":{"Label":"LOW","Product":2},"VerificationState":"TRUE_POSITIVE","Confidence":1,"Criticality":2,"Types":["Effects"],
    "UserDefinedFields":{"k":"v"},"Workflow":{"Status":"NOTIFIED"},
    "RelatedFindings":[{"ProductArn":"arn:aws:securityhub:eu-west-1::product/a/b","Id":"x"}]})");
  const auto applied =
      update.apply(finding_with(R"({"Severity":{"Label":"HIGH","Normalized":70,"Original":"8"}})"), now);
  ASSERT_TRUE(applied);
  EXPECT_EQ(string_at(applied->finding, "Note.UpdatedAt"), "2024-05-01T12:00:00.000Z");
  EXPECT_EQ(to_json(applied->finding.at("Severity")), R"({"Original":"8","Label":"LOW","Product":2,"Normalized":1})");
  EXPECT_EQ(string_at(applied->finding, "Workflow.Status"), "NOTIFIED");
  EXPECT_EQ(string_at(applied->finding, "UpdatedAt"), "2024-01-01T00:00:00Z");
  // Label, Normalized and Product of the severity; the eight other fields.
  EXPECT_EQ(applied->changes.size(), 11U);
}

TEST(Update, ThatSaysNothingNewChangesNothing) {
  const auto update = compiled(
      R"({"Note":{"Text":"n","UpdatedBy":"ann"},"Workflow":{"Status":"NOTIFIED"},"Severity":{"Label":"LOW"}})");
  const auto first = update.apply(finding_with(), now);
  ASSERT_TRUE(first);
  const auto second = update.apply(first->finding, now + std::chrono::hours{1});
  ASSERT_TRUE(second);
  EXPECT_TRUE(second->changes.empty());
  EXPECT_EQ(second->finding, first->finding);
  EXPECT_TRUE(compiled(R"({"FindingIdentifiers":[]})").empty());
}

struct Refused {
  const char* request;
  const char* path;
};
TEST(Update, RefusesWhatTheModelRefuses) {
  const Refused cases[] = {
      {R"({"Workflow":{"Status":"DONE"}})", "Workflow.Status"},
      {R"({"Workflow":"NEW"})", "Workflow"},
      {R"({"Note":{"Text":"n"}})", "Note"},
      {R"({"Note":{"Text":"","UpdatedBy":"a"}})", "Note.Text"},
      {R"({"Note":[]})", "Note"},
      {R"({"Confidence":101})", "Confidence"},
      {R"({"Criticality":"high"})", "Criticality"},
      {R"({"Types":["a/b/c/d"]})", "Types[0]"},
      {R"({"Severity":{"Label":"BAD"}})", "Severity.Label"},
      {R"({"UserDefinedFields":{"k":""}})", "UserDefinedFields.k"},
      {R"({"RelatedFindings":[{"Id":"x"}]})", "RelatedFindings[0]"},
      {R"({"VerificationState":"MAYBE"})", "VerificationState"},
  };
  for (const auto& [request, path] : cases) {
    const auto update = Update::compile(*parse_json_object(request));
    ASSERT_FALSE(update) << request;
    EXPECT_EQ(update.error().path, path) << request;
    EXPECT_EQ(update.error().aws_code, "InvalidInputException");
  }
}

TEST(Update, KeepsTheFindingBelowItsLimit) {
  auto finding = finding_with();
  json::array resources;
  for (int i = 0; i < 30; ++i) resources.push_back({{"Type", "Other"}, {"Id", std::string(8155, 'x')}});
  finding["Resources"] = resources;
  json::object fields;
  for (int i = 0; i < 50; ++i) fields["k" + std::to_string(i)] = std::string(1000, 'v');
  json::object request{{"UserDefinedFields", fields}};
  const auto update = Update::compile(request);
  ASSERT_TRUE(update);
  const auto applied = update->apply(std::move(finding), now);
  ASSERT_FALSE(applied);
  EXPECT_EQ(applied.error().aws_code, "FindingSizeExceeded");
}

}  // namespace
}  // namespace tocsin::asff
