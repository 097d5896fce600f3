#include "asff/merge.h"

#include <gtest/gtest.h>

#include "asff/test_finding.h"
#include "asff/update.h"
#include "asff/validate.h"
#include "core/time_format.h"

namespace tocsin::asff {
namespace {

ImportContext context() {
  return {.hub = test_hub, .now = *parse_rfc3339("2024-05-01T12:00:00.250Z")};
}

json::object import_new(std::string_view changes) {
  return merge_import(nullptr, finding_with(changes), context()).finding;
}

// `stored` imported first, then `sent` a day later.
json::object import_twice(const json::object& stored, std::string_view sent) {
  auto later = finding_with(sent);
  later["UpdatedAt"] = "2024-01-02T00:00:00Z";
  auto merged = merge_import(&stored, std::move(later), context());
  EXPECT_EQ(merged.outcome, ImportOutcome::updated);
  return std::move(merged.finding);
}

json::object updated(json::object finding, std::string_view request) {
  const auto update = Update::compile(*parse_json_object(request));
  EXPECT_TRUE(update) << request;
  return update->apply(std::move(finding), context().now)->finding;
}

TEST(Merge, AddsWhatSecurityHubAdds) {
  const auto finding = import_new("{}");
  EXPECT_EQ(string_at(finding, "ProductName"), "Default");
  EXPECT_EQ(string_at(finding, "CompanyName"), "Personal");
  EXPECT_EQ(string_at(finding, "Region"), "eu-west-1");
  EXPECT_EQ(string_at(finding, "RecordState"), "ACTIVE");
  EXPECT_EQ(string_at(finding, "WorkflowState"), "NEW");
  EXPECT_EQ(string_at(finding, "Workflow.Status"), "NEW");
  EXPECT_EQ(string_at(finding, "ProcessedAt"), "2024-05-01T12:00:00.250Z");
  EXPECT_EQ(finding.at("ProductFields").at("aws/securityhub/FindingId").as_string(),
            "arn:aws:securityhub:eu-west-1:111122223333:product/111122223333/default/f-1");
  EXPECT_EQ(finding.at("ProductFields").at("aws/securityhub/ProductName").as_string(), "Default");
  EXPECT_EQ(to_json(finding.at("FindingProviderFields")), R"({"Severity":{"Label":"HIGH"},"Types":["TTPs"]})");
  EXPECT_EQ(to_json(finding.at("Severity")), R"({"Label":"HIGH","Normalized":70})");
  EXPECT_FALSE(finding.contains("FirstObservedAt"));
  EXPECT_TRUE(validate(finding, 2000, {.hub = test_hub}).empty());
}

TEST(Merge, TakesTheTopLevelFromProviderFields) {
  const auto finding = import_new(R"({"Severity":null,"Types":null,
    "FindingProviderFields":{"Severity":{"Label":"CRITICAL","Original":"9.8"},"Types":["TTPs/Discovery"],"Confidence":42}})");
  EXPECT_EQ(to_json(finding.at("Severity")), R"({"Label":"CRITICAL","Original":"9.8","Normalized":90})");
  EXPECT_EQ(to_json(finding.at("Types")), R"(["TTPs/Discovery"])");
  EXPECT_EQ(finding.at("Confidence").as_int64(), 42);
}

struct SeverityCase {
  const char* sent;
  const char* stored;
};
TEST(Merge, CompletesSeverity) {
  const SeverityCase cases[] = {
      {R"({"Normalized":0})", R"({"Normalized":0,"Label":"INFORMATIONAL"})"},
      {R"({"Normalized":1})", R"({"Normalized":1,"Label":"LOW"})"},
      {R"({"Normalized":39})", R"({"Normalized":39,"Label":"LOW"})"},
      {R"({"Normalized":40})", R"({"Normalized":40,"Label":"MEDIUM"})"},
      {R"({"Normalized":69})", R"({"Normalized":69,"Label":"MEDIUM"})"},
      {R"({"Normalized":70})", R"({"Normalized":70,"Label":"HIGH"})"},
      {R"({"Normalized":89})", R"({"Normalized":89,"Label":"HIGH"})"},
      {R"({"Normalized":90})", R"({"Normalized":90,"Label":"CRITICAL"})"},
      {R"({"Label":"INFORMATIONAL"})", R"({"Label":"INFORMATIONAL","Normalized":0})"},
      {R"({"Label":"LOW"})", R"({"Label":"LOW","Normalized":1})"},
      {R"({"Label":"MEDIUM"})", R"({"Label":"MEDIUM","Normalized":40})"},
      {R"({"Label":"LOW","Normalized":30,"Product":30})", R"({"Label":"LOW","Normalized":30,"Product":30})"},
  };
  for (const auto& [sent, stored] : cases) {
    auto severity = *parse_json_object(sent);
    complete_severity(severity);
    EXPECT_EQ(to_json(severity), stored);
  }
}

TEST(Merge, IgnoresWhatIsNotNewer) {
  const auto stored = import_new("{}");
  for (const char* time : {"2024-01-01T00:00:00Z", "2023-12-31T23:59:59.999Z", "2024-01-01T01:00:00+02:00"}) {
    auto sent = finding_with(R"({"Title":"other"})");
    sent["UpdatedAt"] = time;
    const auto merged = merge_import(&stored, std::move(sent), context());
    EXPECT_EQ(merged.outcome, ImportOutcome::ignored) << time;
    EXPECT_TRUE(merged.finding.empty());
  }
}

TEST(Merge, KeepsWhatBelongsToTheCustomer) {
  const auto stored =
      updated(import_new("{}"), R"({"Note":{"Text":"seen","UpdatedBy":"ann"},"Workflow":{"Status":"SUPPRESSED"},
    "UserDefinedFields":{"k":"v"}})");
  const auto finding =
      import_twice(stored, R"({"Title":"new","Note":{"Text":"x","UpdatedBy":"p","UpdatedAt":"2024-01-01T00:00:00Z"},
    "Workflow":{"Status":"NEW"},"UserDefinedFields":{"k":"w"},"VerificationState":"FALSE_POSITIVE"})");
  EXPECT_EQ(string_at(finding, "Title"), "new");
  EXPECT_EQ(string_at(finding, "Note.Text"), "seen");
  EXPECT_EQ(string_at(finding, "Workflow.Status"), "SUPPRESSED");
  EXPECT_EQ(string_at(finding, "UserDefinedFields.k"), "v");
  EXPECT_FALSE(finding.contains("VerificationState"));
}

TEST(Merge, FollowsTheProviderUntilTheCustomerDecides) {
  const auto stored = import_new("{}");
  const auto followed = import_twice(stored, R"({"Severity":{"Label":"LOW"},"Types":["Effects"]})");
  EXPECT_EQ(string_at(followed, "Severity.Label"), "LOW");
  EXPECT_EQ(integer_at(followed, "Severity.Normalized"), 1);
  EXPECT_EQ(to_json(followed.at("Types")), R"(["Effects"])");

  const auto decided = updated(stored, R"({"Severity":{"Label":"MEDIUM"},"Types":["TTPs/Impact"],"Confidence":7})");
  const auto kept = import_twice(decided, R"({"Severity":{"Label":"LOW"},"Types":["Effects"],"Confidence":50})");
  EXPECT_EQ(string_at(kept, "Severity.Label"), "MEDIUM");
  EXPECT_EQ(to_json(kept.at("Types")), R"(["TTPs/Impact"])");
  EXPECT_EQ(integer_at(kept, "Confidence"), 7);
  EXPECT_EQ(string_at(kept, "FindingProviderFields.Severity.Label"), "LOW");
  EXPECT_EQ(integer_at(kept, "FindingProviderFields.Confidence"), 50);
}

TEST(Merge, NumericSeverityAloneCanBeUpdated) {
  const auto stored = import_new(R"({"Severity":{"Normalized":50,"Product":5}})");
  EXPECT_EQ(string_at(stored, "Severity.Label"), "MEDIUM");
  const auto later = import_twice(stored, R"({"Severity":{"Normalized":80,"Product":8}})");
  EXPECT_EQ(to_json(later.at("Severity")), R"({"Normalized":80,"Product":8,"Label":"HIGH"})");
}

struct WorkflowCase {
  const char* status;  // what the customer has set
  const char* stored;  // laid over the finding first imported
  const char* sent;    // laid over the one imported later
  const char* status_after;
};
TEST(Merge, ResetsTheWorkflowWhenItMustBeLookedAtAgain) {
  const WorkflowCase cases[] = {
      {"NOTIFIED", R"({"RecordState":"ARCHIVED"})", R"({"RecordState":"ACTIVE"})", "NEW"},
      {"RESOLVED", R"({"RecordState":"ARCHIVED"})", "{}", "NEW"},
      {"SUPPRESSED", R"({"RecordState":"ARCHIVED"})", "{}", "SUPPRESSED"},
      {"NOTIFIED", "{}", "{}", "NOTIFIED"},
      {"RESOLVED", "{}", R"({"RecordState":"ARCHIVED"})", "RESOLVED"},
      {"RESOLVED", R"({"Compliance":{"Status":"PASSED"}})", R"({"Compliance":{"Status":"FAILED"}})", "NEW"},
      {"NOTIFIED", R"({"Compliance":{"Status":"PASSED"}})", R"({"Compliance":{"Status":"WARNING"}})", "NEW"},
      {"NOTIFIED", R"({"Compliance":{"Status":"PASSED"}})", R"({"Compliance":{"Status":"NOT_AVAILABLE"}})", "NEW"},
      {"NOTIFIED", R"({"Compliance":{"Status":"FAILED"}})", R"({"Compliance":{"Status":"FAILED"}})", "NOTIFIED"},
      {"NOTIFIED", R"({"Compliance":{"Status":"FAILED"}})", R"({"Compliance":{"Status":"PASSED"}})", "NOTIFIED"},
  };
  for (const auto& c : cases) {
    const auto set = std::string{R"({"Workflow":{"Status":")"} + c.status + "\"}}";
    const auto finding = import_twice(updated(import_new(c.stored), set), c.sent);
    EXPECT_EQ(string_at(finding, "Workflow.Status"), c.status_after) << c.status << " " << c.stored << " " << c.sent;
  }
}

TEST(Merge, ResolvesControlsThatPass) {
  const std::string hub_product = R"("ProductArn":"arn:aws:securityhub:eu-west-1::product/aws/securityhub")";
  const auto failed = import_new("{" + hub_product + R"(,"Compliance":{"Status":"FAILED"}})");
  EXPECT_EQ(string_at(failed, "Workflow.Status"), "NEW");
  EXPECT_EQ(string_at(failed, "ProductName"), "Security Hub");
  const auto passed = import_twice(failed, "{" + hub_product + R"(,"Compliance":{"Status":"PASSED"}})");
  EXPECT_EQ(string_at(passed, "Workflow.Status"), "RESOLVED");
}

TEST(Merge, OfAMergedFindingIsItself) {
  for (const char* changes :
       {"{}", R"({"Severity":{"Normalized":5},"Confidence":3})", R"({"Workflow":{"Status":"NOTIFIED"}})",
        R"({"ProductName":"Mine","CompanyName":"Us","ProductFields":{"a":"b"}})"}) {
    const auto once = import_new(changes);
    EXPECT_EQ(merge_import(nullptr, once, context()).finding, once);
    EXPECT_EQ(merge_import(&once, finding_with(changes), context()).outcome, ImportOutcome::ignored);
  }
}

// However many members an import has, and so wherever its storage grows.
TEST(Merge, DoesNotDependOnTheNumberOfMembers) {
  const auto expected = import_new("{}");
  for (int members = 0; members < 60; ++members) {
    auto sent = finding_with();
    for (int i = 0; i < members; ++i) sent["member" + std::to_string(i)] = i;
    auto merged = merge_import(nullptr, sent, context()).finding;
    sent["UpdatedAt"] = "2024-01-03T00:00:00Z";
    auto again = merge_import(&merged, sent, context()).finding;
    again["UpdatedAt"] = expected.at("UpdatedAt");
    for (int i = 0; i < members; ++i) {
      merged.erase("member" + std::to_string(i));
      again.erase("member" + std::to_string(i));
    }
    EXPECT_EQ(merged, expected) << members;
    EXPECT_EQ(again, expected) << members;
  }
}

TEST(History, TellsWhatChanged) {
  const auto before = import_new("{}");
  auto after = updated(before, R"({"Workflow":{"Status":"RESOLVED"},"Note":{"Text":"n","UpdatedBy":"ann"}})");
  after["UpdatedAt"] = "2030-01-01T00:00:00Z";
  const auto changes = changes_between(before, after);
  ASSERT_EQ(changes.size(), 2U);
  EXPECT_EQ(to_json(history_update(changes[0])),
            R"({"UpdatedField":"Workflow.Status","OldValue":"NEW","NewValue":"RESOLVED"})");
  EXPECT_EQ(changes[1].field, "Note");
  EXPECT_FALSE(history_update(changes[1]).contains("OldValue"));
  EXPECT_TRUE(changes_between(before, before).empty());
}

TEST(Product, IsNamedAsSecurityHubNamesIt) {
  EXPECT_EQ(product_of("arn:aws:securityhub:eu-west-1::product/aws/guardduty").company_name, "Amazon");
  EXPECT_EQ(product_of("arn:aws:securityhub:eu-west-1:1:product/1/default").product_name, "Default");
  EXPECT_EQ(product_of("arn:aws:securityhub:eu-west-1::product/acme/scanner").product_name, "scanner");
  EXPECT_EQ(product_of("nonsense").product_name, "");
  EXPECT_EQ(default_product_arn(test_hub), "arn:aws:securityhub:eu-west-1:111122223333:product/111122223333/default");
}

}  // namespace
}  // namespace tocsin::asff
