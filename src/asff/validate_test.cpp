#include "asff/validate.h"

#include <gtest/gtest.h>

#include "asff/test_finding.h"

namespace tocsin::asff {
namespace {

const ImportPolicy own{.hub = test_hub, .any_account = false};

struct Case {
  const char* changes;  // null removes a member
  const char* message;  // "": taken
};

class ValidateCases : public testing::TestWithParam<Case> {};

TEST_P(ValidateCases, AreWordedAsTheServiceWordsThem) {
  const auto finding = finding_with(GetParam().changes);
  const auto violations = validate(finding, 1000, own);
  EXPECT_EQ(violations.empty() ? "" : error_message(violations), GetParam().message) << GetParam().changes;
}

#define REFUSED(what) "Finding does not adhere to Amazon Finding Format. " what "."

const std::string long_title(257, 'x');
const std::string umlauts = [] {
  std::string text;
  for (int i = 0; i < 256; ++i) text += "ü";
  return text;
}();
const std::string long_title_case = R"({"Title":")" + long_title + "\"}";
const std::string umlaut_case = R"({"Title":")" + umlauts + "\"}";

INSTANTIATE_TEST_SUITE_P(
    Table, ValidateCases,
    testing::Values(
        Case{"{}", ""}, Case{R"({"Title":null})", REFUSED("data should have required property 'Title'")},
        Case{R"({"Title":5})", REFUSED("data.Title should be string")},
        Case{R"({"Title":""})", REFUSED("data.Title should NOT be shorter than 1 characters")},
        Case{long_title_case.c_str(), REFUSED("data.Title should NOT be longer than 256 characters")},
        Case{umlaut_case.c_str(), ""},
        Case{R"({"Title":" \t"})", REFUSED("data.Title should match pattern \".*\\S.*\"")},
        Case{R"({"Resources":[]})", REFUSED("data.Resources should NOT have fewer than 1 items")},
        Case{R"({"Resources":[{"Type":"","Id":"x"}]})",
             REFUSED("data.Resources[0].Type should NOT be shorter than 1 characters")},
        Case{R"({"Resources":[{"Type":"Other"}]})", REFUSED("data.Resources[0] should have required property 'Id'")},
        Case{R"({"Resources":{}})", REFUSED("data.Resources should be array")},
        Case{R"({"Types":[""]})", REFUSED("data.Types[0] should match pattern \"^([^/]+)(/[^/]+){0,2}$\"")},
        Case{R"({"Types":["a/b/c/d"]})", REFUSED("data.Types[0] should match pattern \"^([^/]+)(/[^/]+){0,2}$\"")},
        Case{R"({"Severity":{"Label":"SEVERE"}})",
             REFUSED("data.Severity.Label should be equal to one of the allowed values")},
        Case{R"({"Severity":{"Normalized":101}})", REFUSED("data.Severity.Normalized should be <= 100")},
        Case{R"({"Severity":{"Normalized":1.5}})", REFUSED("data.Severity.Normalized should be integer")},
        Case{R"({"Severity":{"Normalized":70.0}})", ""},
        Case{R"({"Severity":{"Product":1}})", REFUSED("data.Severity should have required property 'Label', "
                                                      "data.Severity should match some schema in anyOf")},
        Case{R"({"Severity":null,"Types":null})", REFUSED("data should have required property 'FindingProviderFields', "
                                                          "data should match some schema in anyOf")},
        Case{R"({"Severity":null,"Types":null,"FindingProviderFields":{"Severity":{"Label":"LOW"},"Types":["TTPs"]}})",
             ""},
        Case{R"({"SchemaVersion":"2018-10-09"})",
             REFUSED("data.SchemaVersion should be equal to one of the allowed values")},
        Case{R"({"Colour":"red"})", REFUSED("data should NOT have additional properties ('Colour')")},
        Case{R"({"ProductFields":{"a/b":5}})", REFUSED("data.ProductFields['a/b'] should be string")},
        Case{R"({"Workflow":{"Status":"DONE"}})",
             REFUSED("data.Workflow.Status should be equal to one of the allowed values")},
        Case{R"({"AwsAccountId":"11112222333x"})", REFUSED("data.AwsAccountId should match pattern \"^\\d{12}$\"")},
        Case{R"({"Sample":"true"})", REFUSED("data.Sample should be boolean")},
        Case{R"({"ProductArn":"arn:aws:securityhub:::product/a/b"})",
             REFUSED("data.ProductArn should match pattern "
                     "\"arn:{partition}:securityhub:{region}:{account}:product/{company}/{product}\"")},
        Case{R"({"AwsAccountId":"999999999999"})",
             "AwsAccountId 999999999999 is not the calling account 111122223333."},
        Case{R"({"ProductArn":"arn:aws:securityhub:eu-west-1::product/aws/guardduty"})",
             "Findings of AWS's own products are not taken from a caller."},
        Case{R"({"ProductArn":"arn:aws:securityhub:eu-west-1::product/prowler/prowler"})", ""},
        Case{R"({"ProductArn":"arn:aws:securityhub:eu-west-1:9:product/9/default"})",
             "ProductArn is not the default product of the calling account 111122223333."},
        Case{R"({"ProductArn":"arn:aws:securityhub:us-east-1::product/prowler/prowler"})",
             "ProductArn names Region us-east-1; this hub is in eu-west-1."}));

TEST(Validate, NamesEveryViolation) {
  const auto finding = finding_with(R"({"Title":5,"Description":"","Resources":[{"Type":"Other","Id":7}]})");
  const auto violations = validate(finding, 1000, own);
  ASSERT_EQ(violations.size(), 3U);
  EXPECT_EQ(failed_finding(finding, violations).at("Id").as_string(), "f-1");
}

TEST(Validate, StopsCountingAtTheLimit) {
  auto finding = finding_with("{}");
  json::array types;
  for (int i = 0; i < 45; ++i) types.emplace_back("");
  finding["Types"] = types;
  EXPECT_EQ(validate(finding, 1000, own).size(), violations_max);
}

TEST(Validate, RefusesWhatIsTooLarge) {
  EXPECT_TRUE(validate(finding_with("{}"), finding_bytes_max, own).empty());
  const auto violations = validate(finding_with("{}"), finding_bytes_max + 1, own);
  ASSERT_EQ(violations.size(), 1U);
  EXPECT_EQ(violations[0].message, "should NOT be larger than 245760 bytes");
}

TEST(Validate, LetsTheAdministratorBridgeOtherAccountsAndAwsProducts) {
  auto bridge = own;
  bridge.any_account = true;
  auto finding = finding_with(R"({"AwsAccountId":"999999999999","Region":"us-east-1",
    "ProductArn":"arn:aws:securityhub:us-east-1::product/aws/guardduty"})");
  json::object fields;
  for (int i = 0; i < 60; ++i) fields["f" + std::to_string(i)] = "";
  finding["ProductFields"] = fields;
  EXPECT_TRUE(validate(finding, 1000, bridge).empty());
  finding["ProductArn"] = "arn:aws:securityhub:us-east-1::product/acme/scanner";
  EXPECT_FALSE(validate(finding, 1000, bridge).empty());
}

TEST(Validate, UnknownFieldsCanBeDropped) {
  auto finding = finding_with(R"({"Colour":"red","updatedAt":"x"})");
  EXPECT_FALSE(validate(finding, 1000, own).empty());
  drop_unknown_fields(finding);
  EXPECT_TRUE(validate(finding, 1000, own).empty());
}

TEST(Validate, ReadsBytes) {
  EXPECT_TRUE(parse_finding(to_json(finding_with("{}")), own));
  const auto refused = parse_finding(to_json(finding_with(R"({"Resources":[{"Id":"x"}]})")), own);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().aws_code, "InvalidInput");
  EXPECT_EQ(refused.error().path, "Resources[0]");
  EXPECT_FALSE(parse_finding("[]", own));
  EXPECT_FALSE(parse_finding("{\"Id\":", own));
}

TEST(Timestamp, FollowsTheDocumentedGrammar) {
  for (const char* text : {"2019-01-31T23:00:00Z", "2019-01-31T23:00:00.123456789Z", "2024-01-04T15:25:10+17:59",
                           "2024-01-04T15:25:10-1759", "2024-01-04T15:25:10.123456789+17:59", "2024-01-04t15:25:10z",
                           "2024-01-04T15:25:10+01", "2024-01-04T15:25:10+18:00"})
    EXPECT_TRUE(parse_timestamp(text)) << text;
  for (const char* text : {"", "2019-01-31", "2019-01-31 23:00:00Z", "2019-01-31T23:00:00", "2024-01-04T15:25:10+18:01",
                           "2024-01-04T15:25:10-", "2024-13-04T15:25:10Z", "2024-01-04T15:25:10+1:00",
                           "2024-01-04T15:25:10.1234567890Z", "2024-01-04T15:25:10+01:000", "1704382510"})
    EXPECT_FALSE(parse_timestamp(text)) << text;
  EXPECT_EQ(*parse_timestamp("2024-01-04T15:25:10-0130"), *parse_timestamp("2024-01-04T16:55:10Z"));
}

}  // namespace
}  // namespace tocsin::asff
