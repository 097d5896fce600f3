#include <map>

#include "findings/findings.h"
#include "findings/test_hub.h"

namespace tocsin::findings {
namespace {

std::string ids_of(const json::object& answer) {
  std::string ids;
  for (const auto& finding : answer.at("Findings").get_array())
    ids += (ids.empty() ? "" : " ") + std::string(string_at(finding.get_object(), "Id"));
  return ids;
}

// The ids of all pages, in order, with "|" between pages.
std::string all_pages(TestHub& hub, json::object input) {
  std::string all;
  for (int pages = 0; pages < 1000; ++pages) {
    const auto page = hub.call("GetFindings", input);
    EXPECT_TRUE(page) << page.error().message;
    if (!page) return "error";
    all += ids_of(*page);
    if (!page->contains("NextToken")) return all;
    all += "|";
    input["NextToken"] = page->at("NextToken");
  }
  return "endless";
}

// With these, all of import_variety's findings are in the indexes, the first three are, and none is.
class GetFindings : public testing::TestWithParam<std::int64_t> {
 protected:
  TestHub hub{true, Providers::companies_and_own_account, GetParam()};
};
INSTANTIATE_TEST_SUITE_P(FreshMax, GetFindings, testing::Values(1, 3, 2'048));

// Five findings that differ in what filters look at; "e" arrives last.
void import_variety(TestHub& hub) {
  hub.import({
      finding_with("a", R"({"Severity": {"Label": "CRITICAL"}, "UpdatedAt": "2026-01-01T00:00:03Z",
          "CreatedAt": "2025-12-01T00:00:00Z", "LastObservedAt": "2025-12-31T00:00:00Z"})"),
      finding_with("b", R"({"Severity": {"Label": "LOW"}, "UpdatedAt": "2026-01-01T00:00:01Z", "GeneratorId": "gen-2",
          "Resources": [{"Type": "Other", "Id": "i-9"}, {"Type": "Other", "Id": "i-2"}], "Title": "Brute force"})"),
      finding_with("c", R"({"RecordState": "ARCHIVED", "UpdatedAt": "2025-06-01T00:00:00Z",
          "Types": ["Software and Configuration Checks", "TTPs/Impact"], "Compliance": {"Status": "FAILED"}})"),
  });
  hub.import({
      finding_with("d", R"({"ProductArn": "arn:aws:securityhub:eu-west-1::product/prowler/prowler",
          "AwsAccountId": "444422223333", "UpdatedAt": "2026-01-01T00:00:04Z", "Title": "Az",
          "Resources": [{"Type": "Other", "Id": "i-2"}]})"),
      finding_with("e", R"({"Severity": {"Normalized": 95}, "UpdatedAt": "2026-01-01T00:00:02Z", "Title": "Ba",
          "Compliance": {"Status": "PASSED"}})"),
  });
  ASSERT_TRUE(hub.update({"e"}, R"({"Workflow": {"Status": "NOTIFIED"}})"));
  hub.store.clock.advance(std::chrono::minutes{1});
}

TEST_P(GetFindings, FiltersFind) {
  const struct {
    const char* filters;
    const char* expected;
  } cases[] = {
      {"{}", "e d c b a"},
      {R"({"Id": [{"Value": "b", "Comparison": "EQUALS"}]})", "b"},
      {R"({"Id": [{"Value": "b", "Comparison": "EQUALS"}, {"Value": "d", "Comparison": "EQUALS"}]})", "d b"},
      {R"({"Id": [{"Value": "b", "Comparison": "EQUALS"}], "SeverityLabel": [{"Value": "HIGH", "Comparison": "EQUALS"}]})",
       ""},
      {R"({"Id": [{"Value": "b", "Comparison": "NOT_EQUALS"}]})", "e d c a"},
      {R"({"ProductArn": [{"Value": "arn:aws:securityhub:eu-west-1::product/prowler/prowler", "Comparison": "EQUALS"}]})",
       "d"},
      {R"({"ProductArn": [{"Value": "arn:aws:securityhub:eu-west-1::product", "Comparison": "PREFIX"}]})", "d"},
      {R"({"SeverityLabel": [{"Value": "CRITICAL", "Comparison": "EQUALS"}]})", "e a"},
      {R"({"SeverityLabel": [{"Value": "CRITICAL", "Comparison": "EQUALS"}, {"Value": "LOW", "Comparison": "EQUALS"}]})",
       "e b a"},
      {R"({"WorkflowStatus": [{"Value": "NEW", "Comparison": "EQUALS"}]})", "d c b a"},
      {R"({"WorkflowStatus": [{"Value": "NEW", "Comparison": "EQUALS"}], "RecordState": [{"Value": "ACTIVE", "Comparison": "EQUALS"}]})",
       "d b a"},
      {R"({"RecordState": [{"Value": "ARCHIVED", "Comparison": "EQUALS"}]})", "c"},
      {R"({"ResourceId": [{"Value": "i-2", "Comparison": "EQUALS"}]})", "d b"},
      {R"({"ResourceId": [{"Value": "i-1", "Comparison": "EQUALS"}]})", "e c a"},
      {R"({"GeneratorId": [{"Value": "gen-2", "Comparison": "EQUALS"}]})", "b"},
      {R"({"GeneratorId": [{"Value": "gen-1", "Comparison": "EQUALS"}], "ResourceId": [{"Value": "i-2", "Comparison": "EQUALS"}]})",
       "d"},
      {R"({"Type": [{"Value": "TTPs/Impact", "Comparison": "EQUALS"}]})", "c"},
      {R"({"Type": [{"Value": "TTPs", "Comparison": "PREFIX"}]})", "e d c b a"},
      {R"({"GeneratorId": [{"Value": "gen-1", "Comparison": "EQUALS"}], "Type": [{"Value": "TTPs/Impact", "Comparison": "EQUALS"}]})",
       "c"},
      {R"({"AwsAccountId": [{"Value": "444422223333", "Comparison": "EQUALS"}]})", "d"},
      {R"({"ComplianceStatus": [{"Value": "FAILED", "Comparison": "EQUALS"}]})", "c"},
      {R"({"Title": [{"Value": "Port", "Comparison": "PREFIX"}]})", "c a"},
      {R"({"UpdatedAt": [{"Start": "2026-01-01T00:00:02Z", "End": "2026-01-01T00:00:03Z"}]})", "e a"},
      {R"({"UpdatedAt": [{"DateRange": {"Value": 30, "Unit": "DAYS"}}]})", "e d b a"},
      {R"({"UpdatedAt": [{"DateRange": {"Value": 30, "Unit": "DAYS", "Comparison": "OLDER_THAN"}}]})", "c"},
      {R"({"UpdatedAt": [{"Start": "2025-01-01T00:00:00Z", "End": "2025-12-31T00:00:00Z"}]})", "c"},
      {R"({"CreatedAt": [{"Start": "2025-01-01T00:00:00Z", "End": "2025-12-31T00:00:00Z"}]})", "a"},
      {R"({"LastObservedAt": [{"Start": "2025-01-01T00:00:00Z", "End": "2026-12-31T00:00:00Z"}]})", "a"},
      {R"({"SeverityNormalized": [{"Gte": 90}]})", "e a"},
      {R"({"SeverityLabel": [{"Value": "NONE", "Comparison": "EQUALS"}]})", ""},
  };
  import_variety(hub);
  hub.reopen();
  for (const auto& c : cases) EXPECT_EQ(all_pages(hub, {{"Filters", object_of(c.filters)}}), c.expected) << c.filters;
}

TEST_P(GetFindings, SortsByColumnsAndByOtherFields) {
  const struct {
    const char* criteria;
    const char* expected;
  } cases[] = {
      {R"([{"Field": "UpdatedAt", "SortOrder": "desc"}])", "d a e b c"},
      {R"([{"Field": "UpdatedAt", "SortOrder": "asc"}])", "c b e a d"},
      {R"([{"Field": "SeverityNormalized", "SortOrder": "desc"}, {"Field": "UpdatedAt", "SortOrder": "asc"}])",
       "e a c d b"},
      {R"([{"Field": "SeverityLabel", "SortOrder": "asc"}, {"Field": "UpdatedAt", "SortOrder": "desc"}])", "a e d c b"},
      {R"([{"Field": "CreatedAt", "SortOrder": "asc"}, {"Field": "UpdatedAt", "SortOrder": "asc"}])", "a c b e d"},
      {R"([{"Field": "LastObservedAt", "SortOrder": "asc"}, {"Field": "UpdatedAt", "SortOrder": "asc"}])", "a c b e d"},
      {R"([{"Field": "LastObservedAt", "SortOrder": "desc"}, {"Field": "UpdatedAt", "SortOrder": "asc"}])",
       "a c b e d"},
      {R"([{"Field": "ComplianceStatus", "SortOrder": "desc"}, {"Field": "UpdatedAt", "SortOrder": "asc"}])",
       "e c b a d"},
      {R"([{"Field": "ResourceId", "SortOrder": "desc"}, {"Field": "UpdatedAt", "SortOrder": "asc"}])", "b d c e a"},
      {R"([{"Field": "Title", "SortOrder": "asc"}, {"Field": "UpdatedAt", "SortOrder": "asc"}])", "d e b c a"},
      {R"([{"Field": "Title", "SortOrder": "desc"}, {"Field": "UpdatedAt", "SortOrder": "desc"}])", "a c b e d"},
      {R"([{"Field": "GeneratorId", "SortOrder": "desc"}, {"Field": "UpdatedAt", "SortOrder": "desc"}])", "b d a e c"},
  };
  import_variety(hub);
  for (const auto& c : cases) {
    auto criteria = *parse_json(c.criteria);
    EXPECT_EQ(all_pages(hub, {{"SortCriteria", criteria}}), c.expected) << c.criteria;
    for (int size = 1; size <= 5; ++size) {
      auto pages = all_pages(hub, {{"SortCriteria", criteria}, {"MaxResults", size}});
      std::ranges::replace(pages, '|', ' ');
      EXPECT_EQ(pages, c.expected) << c.criteria << " by " << size;
    }
  }
}

TEST_P(GetFindings, SortsWithinFilters) {
  import_variety(hub);
  const auto criteria = *parse_json(R"([{"Field": "UpdatedAt", "SortOrder": "asc"}])");
  const auto titles = *parse_json(R"([{"Field": "Title", "SortOrder": "asc"}])");
  for (const auto* filters :
       {R"({"ResourceId": [{"Value": "i-2", "Comparison": "EQUALS"}]})",
        R"({"Id": [{"Value": "b", "Comparison": "EQUALS"}, {"Value": "d", "Comparison": "EQUALS"}]})"}) {
    EXPECT_EQ(all_pages(hub, {{"Filters", object_of(filters)}, {"SortCriteria", criteria}, {"MaxResults", 1}}), "b|d");
    EXPECT_EQ(all_pages(hub, {{"Filters", object_of(filters)}, {"SortCriteria", titles}, {"MaxResults", 1}}), "d|b");
  }
}

TEST_P(GetFindings, PagesHoldTheirSize) {
  import_variety(hub);
  EXPECT_EQ(all_pages(hub, {{"MaxResults", 2}}), "e d|c b|a");
  EXPECT_EQ(all_pages(hub, {{"MaxResults", 5}}), "e d c b a");
  EXPECT_EQ(
      all_pages(hub, {{"MaxResults", 1},
                      {"Filters", object_of(R"({"WorkflowStatus": [{"Value": "NEW", "Comparison": "EQUALS"}]})")}}),
      "d|c|b|a");
}

TEST_P(GetFindings, TokensHoldForTheirRequestOnly) {
  import_variety(hub);
  const auto page = hub.call("GetFindings", R"({"MaxResults": 1})");
  ASSERT_TRUE(page->contains("NextToken"));
  const json::object other{{"NextToken", page->at("NextToken")},
                           {"SortCriteria", *parse_json(R"([{"Field": "UpdatedAt", "SortOrder": "asc"}])")}};
  const auto* error = "InvalidInputException: NextToken is not one that was given for this request";
  EXPECT_EQ(error_of(hub.call("GetFindings", other)), error);
  for (const auto* token : {"x", "e30=", "bm90IGpzb24=", "!!!"})
    EXPECT_EQ(error_of(hub.call("GetFindings", json::object{{"NextToken", token}})), error) << token;
}

TEST_P(GetFindings, RefusesFiltersThatAreNone) {
  for (const auto* input : {R"({"Filters": {"NoSuchFilter": [{"Value": "x", "Comparison": "EQUALS"}]}})",
                            R"({"Filters": {"Id": [{"Value": "x", "Comparison": "IS"}]}})"}) {
    const auto answer = hub.call("GetFindings", input);
    ASSERT_FALSE(answer) << input;
    EXPECT_EQ(answer.error().aws_code, "InvalidInputException");
  }
}

// What stays is seen once in every order, whatever comes, goes and changes between pages.
TEST_P(GetFindings, PagesWhileFindingsChange) {
  for (const auto* criteria :
       {"[]", R"([{"Field": "UpdatedAt", "SortOrder": "asc"}])", R"([{"Field": "CreatedAt", "SortOrder": "desc"}])",
        R"([{"Field": "Title", "SortOrder": "asc"}])"}) {
    TestHub own{true, Providers::companies_and_own_account, GetParam()};
    SeededRandom random{7};
    for (int i = 0; i < 120; ++i) {
      json::object changes{{"Title", "t" + std::to_string(random.below(10))},
                           {"CreatedAt", "2026-01-01T00:00:0" + std::to_string(random.below(10)) + "Z"}};
      own.import({finding_with("stays-" + std::to_string(i), to_json(changes))});
    }
    std::map<std::string, int> seen;
    json::object input{{"SortCriteria", *parse_json(criteria)}, {"MaxResults", 7}};
    for (int turn = 0;; ++turn) {
      const auto page = own.call("GetFindings", input);
      ASSERT_TRUE(page);
      for (const auto& finding : page->at("Findings").get_array())
        ++seen[std::string(string_at(finding.get_object(), "Id"))];
      if (!page->contains("NextToken")) break;
      input["NextToken"] = page->at("NextToken");
      own.import({finding_with("new-" + std::to_string(turn), R"({"Title": "t5"})")});
      const auto touched = "stays-" + std::to_string(random.below(120));
      ASSERT_TRUE(own.update({touched}, R"({"Criticality": )" + std::to_string(turn % 100) + "}"));
      if (turn % 3 == 0) own.reopen();
    }
    for (int i = 0; i < 120; ++i) EXPECT_EQ(seen["stays-" + std::to_string(i)], 1) << i << criteria;
    for (const auto& [id, times] : seen) EXPECT_LE(times, 1) << id;
  }
}

TEST_P(GetFindings, ALongLookForFewGoesOverSeveralPages) {
  for (int batch = 0; batch < 45; ++batch) {
    json::array list;
    for (int i = 0; i < 100; ++i) {
      auto finding = finding_with(std::to_string(batch * 100 + i));
      if (batch == 0 && i == 5) finding["Title"] = "The needle";
      list.push_back(std::move(finding));
    }
    ASSERT_TRUE(hub.call("BatchImportFindings", json::object{{"Findings", std::move(list)}}));
  }
  const auto filters = object_of(R"({"Title": [{"Value": "The needle", "Comparison": "EQUALS"}]})");
  EXPECT_EQ(all_pages(hub, {{"Filters", filters}}), "||5");
  EXPECT_EQ(all_pages(hub, {{"Filters", filters},
                            {"SortCriteria", *parse_json(R"([{"Field": "UpdatedAt", "SortOrder": "desc"}])")}}),
            "||5");
}

TEST_P(GetFindings, AnOrderThatNoColumnAnswersIsBounded) {
  for (int batch = 0; batch < 201; ++batch) {
    json::array list;
    for (int i = 0; i < 100; ++i) list.push_back(finding_with(std::to_string(batch * 100 + i)));
    ASSERT_TRUE(hub.call("BatchImportFindings", json::object{{"Findings", std::move(list)}}));
  }
  const auto answer = hub.call("GetFindings", R"({"SortCriteria": [{"Field": "Title", "SortOrder": "asc"}]})");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().aws_code, "InvalidInputException");
}

}  // namespace
}  // namespace tocsin::findings
