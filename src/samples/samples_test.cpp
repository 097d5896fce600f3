#include "samples/samples.h"

#include <algorithm>
#include <fstream>
#include <set>

#include <gtest/gtest.h>

#include "asff/asff.h"
#include "asff/recognise.h"
#include "asff/validate.h"
#include "core/time_format.h"

namespace tocsin::samples {
namespace {

Options options(std::uint64_t seed = 1) {
  return {.seed = seed,
          .hub = {.account = "111122223333", .region = "eu-west-1", .partition = "aws"},
          .now = *parse_rfc3339("2026-03-01T12:00:00Z")};
}

// The findings of a sample, as an import sees them.
std::vector<asff::Recognised> findings_of(const Sample& sample) {
  return asff::recognise(sample.document, options().hub);
}

TEST(Samples, AreValidFindings) {
  const asff::ImportPolicy policy{.hub = options().hub, .any_account = true};
  for (const auto& sample : one_of_each(options())) {
    const auto findings = findings_of(sample);
    ASSERT_EQ(findings.size(), 1U) << sample.kind;
    ASSERT_TRUE(findings[0].finding) << sample.kind << ": " << findings[0].finding.error().message;
    const auto violations = asff::validate(*findings[0].finding, to_json(sample.document).size(), policy);
    EXPECT_TRUE(violations.empty()) << sample.kind << ": " << asff::error_message(violations);
    EXPECT_EQ(findings[0].form, sample.form == Form::asff ? asff::Form::asff : asff::Form::guardduty_event)
        << sample.kind;
  }
}

TEST(Samples, ScannersSendForTheirOwnAccount) {
  const asff::ImportPolicy policy{.hub = options().hub};
  for (const auto& sample : one_of_each(options())) {
    if (!sample.kind.starts_with("prowler") && !sample.kind.starts_with("trivy")) continue;
    const auto violations = asff::validate(sample.document, 1000, policy);
    EXPECT_TRUE(violations.empty()) << sample.kind << ": " << asff::error_message(violations);
  }
}

TEST(Samples, HoldEveryGuardDutyTypeInBothForms) {
  std::multiset<std::string> kinds;
  for (const auto& sample : one_of_each(options())) kinds.insert(sample.kind);
  EXPECT_TRUE(std::ranges::is_sorted(guardduty_types()));
  for (const auto type : guardduty_types()) EXPECT_EQ(kinds.count("guardduty " + std::string{type}), 2U) << type;
}

TEST(Samples, KnowEveryTypeOfTheReferenceList) {
  std::ifstream file{std::string{TOCSIN_SHARED_DIR} + "/data/guardduty-finding-types.txt"};
  if (!file) GTEST_SKIP() << "guardduty-finding-types.txt is not there";
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    EXPECT_TRUE(std::ranges::binary_search(guardduty_types(), line)) << line;
  }
}

TEST(Samples, AreTheSameForTheSameSeed) {
  const auto text = [](const std::vector<Sample>& samples) {
    std::string out;
    for (const auto& sample : samples) out += sample.kind + to_json(sample.document) + "\n";
    return out;
  };
  EXPECT_EQ(text(generate(options(5), 200)), text(generate(options(5), 200)));
  EXPECT_NE(text(generate(options(5), 200)), text(generate(options(6), 200)));
  EXPECT_EQ(text(one_of_each(options())), text(one_of_each(options())));
  // The first hundred do not depend on how many follow.
  EXPECT_TRUE(text(generate(options(5), 200)).starts_with(text(generate(options(5), 100))));
}

TEST(Samples, AreAllDifferentFindings) {
  std::set<asff::FindingKey> keys;
  std::size_t count = 0;
  auto all = generate(options(), 2000);
  for (auto& sample : one_of_each(options())) all.push_back(std::move(sample));
  for (const auto& sample : all) {
    for (const auto& item : findings_of(sample)) {
      keys.insert(asff::key_of(*item.finding));
      ++count;
    }
  }
  EXPECT_EQ(keys.size(), count);
}

bool is_documentation(std::string_view address) {
  return address.starts_with("192.0.2.") || address.starts_with("198.51.100.") || address.starts_with("203.0.113.");
}

TEST(Samples, HaveAddressesToBlockAndAddressesNotTo) {
  const std::string key = "aws/guardduty/service/action/networkConnectionAction/remoteIpDetails/ipAddressV4";
  std::size_t documentation = 0;
  std::size_t global = 0;
  for (const auto& sample : generate(options(), 2000)) {
    const auto findings = findings_of(sample);
    const auto* value = findings[0].finding->at("ProductFields").get_object().if_contains(key);
    if (!value) continue;
    (is_documentation(value->get_string()) ? documentation : global)++;
  }
  EXPECT_GT(documentation, 50U);
  EXPECT_GT(global, 25U);
}

TEST(Samples, HaveEverySeverityAndTitle) {
  std::set<std::string> labels;
  for (const auto& sample : one_of_each(options())) {
    const auto findings = findings_of(sample);
    labels.insert(std::string{string_at(*findings[0].finding, "Severity.Label")});
    const auto title = string_at(*findings[0].finding, "Title");
    EXPECT_EQ(title.find('{'), title.npos) << sample.kind << ": " << title;
    EXPECT_EQ(title.find("  "), title.npos) << sample.kind << ": " << title;
  }
  EXPECT_EQ(labels, (std::set<std::string>{"CRITICAL", "HIGH", "LOW", "MEDIUM"}));
}

}  // namespace
}  // namespace tocsin::samples
