// Real findings, imported in batches of 100 as a client does.
#include <filesystem>
#include <fstream>

#include "findings/findings.h"
#include "findings/test_hub.h"

namespace tocsin::findings {
namespace {

std::vector<json::object> lines_of(const char* name) {
  std::vector<json::object> lines;
  std::ifstream file{std::filesystem::path(TOCSIN_SHARED_DIR) / "data" / name};
  for (std::string line; std::getline(file, line);)
    if (!line.empty()) lines.push_back(object_of(line));
  return lines;
}

struct Totals {
  std::int64_t taken = 0;
  std::int64_t refused = 0;
  std::set<std::string> reasons;
};

Totals import_all(TestHub& hub, const std::vector<json::object>& findings) {
  Totals totals;
  for (std::size_t begin = 0; begin < findings.size(); begin += 100) {
    const auto end = std::min(findings.size(), begin + 100);
    const json::array batch(findings.begin() + static_cast<std::ptrdiff_t>(begin),
                            findings.begin() + static_cast<std::ptrdiff_t>(end));
    const auto answer = hub.call("BatchImportFindings", json::object{{"Findings", batch}});
    EXPECT_TRUE(answer) << answer.error().message;
    totals.taken += integer_at(*answer, "SuccessCount");
    totals.refused += integer_at(*answer, "FailedCount");
    for (const auto& failed : answer->at("FailedFindings").get_array())
      totals.reasons.emplace(string_at(failed.get_object(), "ErrorMessage"));
    hub.reopen();
  }
  return totals;
}

TEST(SharedData, RealFindingsAreTakenOrRefusedOneByOne) {
  const auto findings = lines_of("findings.jsonl");
  if (findings.empty()) GTEST_SKIP() << "the shared data is not beside this checkout";
  TestHub hub{true, Providers::anyone};
  const auto totals = import_all(hub, findings);
  EXPECT_EQ(totals.taken + totals.refused, std::ssize(findings));
  EXPECT_GE(totals.taken, std::ssize(findings) * 8 / 10);
  std::set<asff::FindingKey> keys;
  for (const auto& finding : findings)
    if (hub.get(string_at(finding, "Id"), string_at(finding, "ProductArn"))) keys.insert(asff::key_of(finding));
  const auto summary =
      *hub.store.read([&](store::Reader& reader) -> Result<Summary> { return hub.findings.summary(reader); });
  EXPECT_EQ(summary.total, std::ssize(keys));
  RecordProperty("taken", std::to_string(totals.taken));
  RecordProperty("refused", std::to_string(totals.refused));
  for (const auto& reason : totals.reasons) std::printf("  refused: %.200s\n", reason.c_str());
  std::printf("  %lld taken (%lld findings), %lld refused\n", static_cast<long long>(totals.taken),
              static_cast<long long>(summary.total), static_cast<long long>(totals.refused));
}

TEST(SharedData, PartialFindingsAreRefused) {
  const auto findings = lines_of("findings-partial.jsonl");
  if (findings.empty()) GTEST_SKIP() << "the shared data is not beside this checkout";
  TestHub hub{true, Providers::anyone};
  const auto totals = import_all(hub, findings);
  EXPECT_EQ(totals.taken, 0);
  EXPECT_EQ(totals.refused, std::ssize(findings));
}

// Importing what is stored (a retry after a lost answer) changes nothing; importing it with a later time keeps one
// finding per key.
TEST(SharedData, ImportingAgainAddsNothing) {
  const auto findings = lines_of("findings.jsonl");
  if (findings.empty()) GTEST_SKIP() << "the shared data is not beside this checkout";
  TestHub hub{true, Providers::anyone};
  const auto first = import_all(hub, findings);
  const auto told = hub.told().size();
  const auto second = import_all(hub, findings);
  EXPECT_EQ(first.taken, second.taken);
  EXPECT_GT(told, 0u);
  std::size_t again = hub.told().size();
  EXPECT_EQ(again, 0u);
}

TEST(SharedData, EventsAreRecorded) {
  const auto events = lines_of("events.jsonl");
  if (events.empty()) GTEST_SKIP() << "the shared data is not beside this checkout";
  TestHub hub;
  std::size_t created = 0;
  for (const auto& event : events) {
    const auto taken =
        hub.store.write([&](store::Transaction& t) { return hub.findings.record_from_event(t, to_json(event)); });
    ASSERT_TRUE(taken) << taken.error().message;
    for (const auto& key : taken->created) EXPECT_TRUE(hub.get(key.id, key.product_arn));
    created += taken->created.size();
    if (taken->created.empty() && taken->updated.empty() && taken->ignored.empty())
      std::printf("  not recorded: %.60s %.160s\n", std::string(string_at(event, "detail-type")).c_str(),
                  to_json(taken->failed).c_str());
  }
  EXPECT_GT(created, 15u);
  EXPECT_TRUE(hub.told().empty());
}

}  // namespace
}  // namespace tocsin::findings
