// Real findings, events and exports: what AWS would take is taken, the rest is refused for the right reason.
#include <fstream>
#include <map>
#include <optional>

#include <gtest/gtest.h>

#include "asff/event.h"
#include "asff/merge.h"
#include "asff/recognise.h"
#include "asff/test_finding.h"
#include "asff/validate.h"
#include "core/time_format.h"

namespace tocsin::asff {
namespace {

const ImportPolicy bridge{.hub = test_hub, .any_account = true};

struct Outcome {
  std::size_t taken = 0;
  std::map<std::uint64_t, std::string> refused;  // by line
};

// A finding that is taken survives the whole way: merged, announced, ignored the second time.
void take(const json::object& finding, std::uint64_t line) {
  const ImportContext context{.hub = test_hub, .now = *parse_rfc3339("2026-01-01T00:00:00Z")};
  const auto merged = merge_import(nullptr, finding, context);
  EXPECT_EQ(merged.outcome, ImportOutcome::created) << line;
  const auto violations = validate(merged.finding, 1000, bridge);
  EXPECT_TRUE(violations.empty()) << line << ": " << error_message(violations);
  EXPECT_EQ(merge_import(nullptr, merged.finding, context).finding, merged.finding) << line;
  EXPECT_EQ(merge_import(&merged.finding, finding, context).outcome, ImportOutcome::ignored) << line;
  EXPECT_FALSE(string_at(merged.finding, "Severity.Label").empty()) << line;
  const EventHeader header{.id = "1", .time = context.now, .hub = test_hub};
  const auto event = parse_json_object(imported_event(to_json(merged.finding), key_of(merged.finding), header));
  ASSERT_TRUE(event) << line;
  EXPECT_EQ(event->at("detail").at("findings").at(0), merged.finding) << line;
  const auto back = recognise(*event, test_hub);
  ASSERT_EQ(back.size(), 1U);
  EXPECT_EQ(*back[0].finding, merged.finding) << line;
}

void drain(Recogniser& recogniser, Outcome& outcome) {
  while (auto item = recogniser.next()) {
    std::string why;
    if (!item->finding) {
      why = item->finding.error().message;
    } else if (const auto violations = validate(*item->finding, 1000, bridge); !violations.empty()) {
      why = error_message(violations);
    } else {
      take(*item->finding, item->position.line);
      ++outcome.taken;
      continue;
    }
    outcome.refused[item->position.line] += why;
  }
}

std::optional<Outcome> import_file(const std::string& name) {
  std::ifstream file{std::string{TOCSIN_SHARED_DIR} + "/data/" + name, std::ios::binary};
  if (!file) return std::nullopt;
  Recogniser recogniser{test_hub};
  Outcome outcome;
  std::vector<char> buffer(65536);
  while (file.read(buffer.data(), static_cast<std::streamsize>(buffer.size())) || file.gcount() > 0) {
    recogniser.feed({buffer.data(), static_cast<std::size_t>(file.gcount())});
    drain(recogniser, outcome);
  }
  recogniser.finish();
  drain(recogniser, outcome);
  return outcome;
}

// Lines that are refused, with a word of the reason for each.
using Reasons = std::vector<std::pair<std::vector<std::uint64_t>, const char*>>;

void expect_outcome(const std::string& file, std::size_t taken, const Reasons& reasons) {
  const auto outcome = import_file(file);
  if (!outcome) GTEST_SKIP() << file << " is not there";
  EXPECT_EQ(outcome->taken, taken);
  std::map<std::uint64_t, std::string> left = outcome->refused;
  for (const auto& [lines, reason] : reasons) {
    for (const auto line : lines) {
      ASSERT_TRUE(left.contains(line)) << file << ":" << line << " was taken";
      EXPECT_NE(left[line].find(reason), std::string::npos) << file << ":" << line << ": " << left[line];
      left.erase(line);
    }
  }
  for (const auto& [line, reason] : left) ADD_FAILURE() << file << ":" << line << " was refused: " << reason;
}

std::vector<std::uint64_t> lines(std::uint64_t first, std::uint64_t last) {
  std::vector<std::uint64_t> out;
  for (auto line = first; line <= last; ++line) out.push_back(line);
  return out;
}

TEST(Corpus, Findings) {
  expect_outcome("findings.jsonl", 846,
                 {{{36, 37, 38, 715}, "data.Compliance.Status should be equal to one of the allowed values"},
                  {{737, 739, 740, 741, 742}, "data.AwsAccountId should match pattern"},
                  {{743, 750}, "data.AwsAccountId should NOT be shorter than 12 characters"},
                  {{752, 753}, "data.WorkflowState should be equal to one of the allowed values"},
                  {{827}, "data should NOT have additional properties ('approximateArrivalTimestamp')"},
                  {{828}, "data.Resources[0].Details.Other.Version should match pattern"},
                  {lines(861, 864), "data.CreatedAt should match pattern"}});
}

TEST(Corpus, FindingsThatLackRequiredFields) {
  expect_outcome("findings-partial.jsonl", 0,
                 {{{1}, "data should have required property 'AwsAccountId'"},
                  {lines(2, 6), "data should have required property 'Description'"}});
}

TEST(Corpus, GuardDutyFindings) {
  expect_outcome("guardduty.jsonl", 14,
                 {{{2}, "the GuardDuty finding has no arn"},
                  {{14}, "the GuardDuty finding has no createdAt"},
                  {lines(4, 13), "data.AwsAccountId should NOT be longer than 12 characters"},
                  {{15, 16}, "data.AwsAccountId should NOT be longer than 12 characters"},
                  {lines(27, 30), "data.AwsAccountId should NOT be shorter than 12 characters"}});
}

TEST(Corpus, Events) {
  expect_outcome("events.jsonl", 16,
                 {{{4, 5}, "data.WorkflowState should be equal to one of the allowed values"},
                  {lines(17, 26), "data.AwsAccountId should NOT be longer than 12 characters"},
                  {{28}, "additional properties ('approximateArrivalTimestamp')"},
                  {{29}, "an event \"Security Hub Insight Results\" from \"aws.securityhub\" holds no findings"},
                  {{30}, "data.Resources[0].Details.Other.Version should match pattern"},
                  {lines(32, 37), "OCSF"}});
}

TEST(Corpus, WhatIsNoFinding) {
  expect_outcome("events-other.jsonl", 0, {{lines(1, 28), "holds no findings"}});
  expect_outcome("ocsf.jsonl", 0, {{lines(1, 29), "this is an OCSF finding"}});
}

TEST(Corpus, AnEventInsideANotification) {
  const auto outcome = import_file("sns-wrapped/guardduty_finding.json");
  if (!outcome) GTEST_SKIP() << "guardduty_finding.json is not there";
  ASSERT_EQ(outcome->refused.size(), 1U);
  EXPECT_NE(outcome->refused.begin()->second.find("the GuardDuty finding has no"), std::string::npos);
}

// A caller that is no administrator imports for its own account, Region and products only.
TEST(Corpus, UnderTheRulesForCallers) {
  std::ifstream file{std::string{TOCSIN_SHARED_DIR} + "/data/findings.jsonl"};
  if (!file) GTEST_SKIP() << "findings.jsonl is not there";
  const ImportPolicy caller{.hub = {.account = "123456789012", .region = "eu-west-1", .partition = "aws"}};
  std::size_t taken = 0;
  std::size_t expected = 0;
  for (std::string line; std::getline(file, line);) {
    const auto own = line.find(R"("ProductArn":"arn:aws:securityhub:eu-west-1::product/prowler/prowler")") != line.npos;
    const auto good = parse_finding(line, bridge).has_value();
    expected += own && good;
    taken += parse_finding(line, caller).has_value();
  }
  EXPECT_EQ(taken, expected);
  EXPECT_GT(taken, 100U);
}

}  // namespace
}  // namespace tocsin::asff
