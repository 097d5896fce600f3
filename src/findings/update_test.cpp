#include "findings/findings.h"
#include "findings/test_hub.h"

namespace tocsin::findings {
namespace {

std::string product() {
  return std::string(own_product);
}

TEST(Update, ChangesTheFindingAndSaysWhoChangedWhat) {
  TestHub hub;
  hub.import({finding_with("f-1")});
  (void)hub.told();
  hub.store.clock.advance(std::chrono::seconds{5});
  const auto answer =
      hub.update({"f-1"}, R"({"Workflow": {"Status": "NOTIFIED"}, "Note": {"Text": "on it", "UpdatedBy": "SOC"}})");
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(to_json(*answer),
            R"({"ProcessedFindings":[{"Id":"f-1","ProductArn":")" + product() + R"("}],"UnprocessedFindings":[]})");
  hub.reopen();
  EXPECT_EQ(string_at(*hub.get("f-1"), "Note.UpdatedAt"), "2026-01-01T00:00:05.000Z");
  const auto events = hub.told();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(string_at(events[0], "detail-type"), "Security Hub Findings - Imported");
  const auto& source = events[0].at("detail").at("updateSource").get_object();
  EXPECT_EQ(string_at(source, "type"), "BATCH_UPDATE_FINDINGS");
  EXPECT_EQ(string_at(source, "identity"), analyst);
  const auto& fields = source.at("fields").get_array();
  EXPECT_NE(std::ranges::find(fields, json::value("Workflow.Status")), fields.end());
  EXPECT_EQ(events[0].at("detail").at("findings").at(0), json::value(*hub.get("f-1")));
}

TEST(Update, ThatChangesNothingWritesAndAnnouncesNothing) {
  TestHub hub;
  hub.import({finding_with("f-1")});
  const auto* change = R"({"Workflow": {"Status": "NOTIFIED"}, "Note": {"Text": "x", "UpdatedBy": "y"}})";
  ASSERT_TRUE(hub.update({"f-1"}, change));
  (void)hub.told();
  hub.store.clock.advance(std::chrono::hours{1});
  const auto again = hub.update({"f-1"}, change);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->at("ProcessedFindings").get_array().size(), 1u);
  EXPECT_TRUE(hub.told().empty());
  EXPECT_EQ(string_at(*hub.get("f-1"), "Note.UpdatedAt"), "2026-01-01T00:00:00.000Z");
}

TEST(Update, SaysWhichFindingsItCouldNotProcess) {
  TestHub hub;
  hub.import({finding_with("f-1")});
  const auto answer = hub.update({"f-1", "absent", "f-1"}, R"({"Criticality": 7})");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->at("ProcessedFindings").get_array().size(), 1u);
  EXPECT_EQ(to_json(answer->at("UnprocessedFindings")),
            R"([{"FindingIdentifier":{"Id":"f-1","ProductArn":")" + product() +
                R"("},"ErrorCode":"DuplicatedFindingIdentifier","ErrorMessage":"Finding Identifier is duplicated"},)"
                R"({"FindingIdentifier":{"Id":"absent","ProductArn":")" +
                product() + R"("},"ErrorCode":"FindingNotFound","ErrorMessage":"Finding Not Found"}])");
}

TEST(Update, RefusesWhatNoFindingCanTake) {
  TestHub hub;
  hub.import({finding_with("f-1")});
  for (const auto* request :
       {R"({"Workflow": {"Status": "CLOSED"}})", R"({"Note": {"Text": "x"}})", R"({"Confidence": 101})"}) {
    const auto answer = hub.update({"f-1"}, request);
    ASSERT_FALSE(answer) << request;
    EXPECT_EQ(answer.error().aws_code, "InvalidInputException") << request;
  }
  EXPECT_EQ(error_of(hub.call("BatchUpdateFindings", R"({"Criticality": 1})")),
            "InvalidInputException: FindingIdentifiers must be a list of 1 to 100 identifiers");
  EXPECT_EQ(error_of(hub.call("BatchUpdateFindings", R"({"FindingIdentifiers": [{"Id": "f-1"}]})")),
            "InvalidInputException: an identifier needs both Id and ProductArn");
}

TEST(Update, DoesNotLetAFindingGrowPastItsLimit) {
  TestHub hub;
  hub.import({finding_of_bytes("f-1", 230'000)});
  json::object fields;
  for (int i = 0; i < 20; ++i) fields["k" + std::to_string(i)] = std::string(1000, 'y');
  const auto answer = hub.update({"f-1"}, to_json(json::object{{"UserDefinedFields", fields}}));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(string_at(answer->at("UnprocessedFindings").at(0).get_object(), "ErrorCode"), "FindingSizeExceeded");
}

TEST(Update, MovesTheFindingBetweenSearches) {
  TestHub hub;
  hub.import({finding_with("f-1"), finding_with("f-2")});
  ASSERT_TRUE(hub.update({"f-1"}, R"({"Workflow": {"Status": "SUPPRESSED"}, "Severity": {"Label": "LOW"}})"));
  const auto ids = [&](std::string_view filters) {
    std::string found;
    const auto answer = hub.call("GetFindings", std::string(R"({"Filters": )") + std::string(filters) + "}");
    for (const auto& finding : answer->at("Findings").get_array())
      found += std::string(string_at(finding.get_object(), "Id")) + " ";
    return found;
  };
  EXPECT_EQ(ids(R"({"WorkflowStatus": [{"Value": "NEW", "Comparison": "EQUALS"}]})"), "f-2 ");
  EXPECT_EQ(ids(R"({"SeverityLabel": [{"Value": "LOW", "Comparison": "EQUALS"}]})"), "f-1 ");
}

std::string told_by(const json::object& record) {
  std::string text = bool_at(record, "FindingCreated") ? "created" : "changed";
  text += " by " + std::string(string_at(record, "UpdateSource.Type")) + ":";
  for (const auto& update : record.at("Updates").get_array())
    text += " " + std::string(string_at(update.get_object(), "UpdatedField"));
  return text;
}

TEST(History, TellsEachChangeNewestFirst) {
  TestHub hub;
  hub.import({finding_with("f-1")});
  hub.store.clock.advance(std::chrono::seconds{1});
  ASSERT_TRUE(hub.update({"f-1"}, R"({"Workflow": {"Status": "NOTIFIED"}})"));
  hub.store.clock.advance(std::chrono::seconds{1});
  hub.import({finding_with("f-1", R"({"UpdatedAt": "2026-01-01T00:00:01Z", "Title": "Later"})")});
  hub.store.clock.advance(std::chrono::seconds{1});
  hub.import({finding_with("f-1", R"({"UpdatedAt": "2026-01-01T00:00:02Z", "Title": "Later"})")});  // times only
  hub.reopen();
  const json::object identifier{{"Id", "f-1"}, {"ProductArn", own_product}};
  const auto answer = hub.call("GetFindingHistory", json::object{{"FindingIdentifier", identifier}});
  ASSERT_TRUE(answer) << answer.error().message;
  const auto& records = answer->at("Records").get_array();
  ASSERT_EQ(records.size(), 3u);
  EXPECT_EQ(told_by(records[0].get_object()), "changed by BATCH_IMPORT_FINDINGS: Title");
  EXPECT_EQ(told_by(records[1].get_object()), "changed by BATCH_UPDATE_FINDINGS: Workflow.Status");
  EXPECT_EQ(told_by(records[2].get_object()), "created by BATCH_IMPORT_FINDINGS:");
  EXPECT_EQ(string_at(records[1].get_object(), "UpdateTime"), "2026-01-01T00:00:01.000Z");
  EXPECT_EQ(string_at(records[1].get_object(), "UpdateSource.Identity"), analyst);
  EXPECT_EQ(to_json(records[0].at("Updates").at(0)),
            R"({"UpdatedField":"Title","OldValue":"Port scan","NewValue":"Later"})");
}

TEST(History, IsPagedAndBoundByTimes) {
  TestHub hub;
  hub.import({finding_with("f-1")});
  for (int i = 1; i <= 7; ++i) {
    hub.store.clock.advance(std::chrono::seconds{1});
    ASSERT_TRUE(hub.update({"f-1"}, R"({"Criticality": )" + std::to_string(i) + "}"));
  }
  json::object input{{"FindingIdentifier", {{"Id", "f-1"}, {"ProductArn", own_product}}}};
  const auto times = [&](json::object request) {
    std::string all;
    for (;;) {
      const auto page = hub.call("GetFindingHistory", request);
      EXPECT_TRUE(page);
      for (const auto& record : page->at("Records").get_array())
        all += std::string(string_at(record.get_object(), "UpdateTime")).substr(18, 1);
      if (!page->contains("NextToken")) return all;
      all += '|';
      request["NextToken"] = page->at("NextToken");
    }
  };
  EXPECT_EQ(times(input), "76543210");
  for (auto [size, expected] : {std::pair{1, "7|6|5|4|3|2|1|0"}, std::pair{3, "765|432|10"}, std::pair{4, "7654|3210"},
                                std::pair{7, "7654321|0"}}) {
    input["MaxResults"] = size;
    EXPECT_EQ(times(input), expected);
  }
  input.erase("MaxResults");
  input["StartTime"] = "2026-01-01T00:00:02Z";
  input["EndTime"] = "2026-01-01T00:00:04Z";
  EXPECT_EQ(times(input), "432");
  input["StartTime"] = "2026-01-01T00:00:05Z";
  EXPECT_EQ(error_of(hub.call("GetFindingHistory", input)), "InvalidInputException: EndTime lies before StartTime");
}

TEST(CustomAction, SendsUpToTwentyFindingsAnEvent) {
  TestHub hub;
  ASSERT_TRUE(hub.call("CreateActionTarget", R"({"Name": "Escalate to SOC", "Id": "escalate-to-soc",
      "Description": "Escalate this finding to the Security Operations Center"})"));
  json::array identifiers;
  for (int i = 0; i < 25; ++i) {
    const auto id = "f-" + std::to_string(i);
    hub.import({finding_with(id)});
    identifiers.push_back(json::object{{"Id", id}, {"ProductArn", own_product}});
  }
  identifiers.push_back(json::object{{"Id", "absent"}, {"ProductArn", own_product}});
  (void)hub.told();
  const auto answer = hub.call(
      "InvokeActionTarget",
      json::object{{"ActionTargetArn", "arn:aws:securityhub:eu-west-1:111122223333:action/custom/escalate-to-soc"},
                   {"FindingIdentifiers", identifiers}});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->at("ProcessedFindings").get_array().size(), 25u);
  EXPECT_EQ(answer->at("UnprocessedFindings").get_array().size(), 1u);
  hub.reopen();
  const auto events = hub.told();
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(string_at(events[0], "detail-type"), "Security Hub Findings - Custom Action");
  EXPECT_EQ(string_at(events[0], "detail.actionName"), "Escalate to SOC");
  EXPECT_EQ(events[0].at("detail").at("findings").get_array().size(), 20u);
  EXPECT_EQ(events[1].at("detail").at("findings").get_array().size(), 5u);
  EXPECT_EQ(error_of(hub.call("InvokeActionTarget", json::object{{"ActionTargetArn", "arn:aws:x"}})),
            "ResourceNotFoundException: Action target arn:aws:x not found");
}

TEST(Summary, CountsActiveFindings) {
  TestHub hub;
  hub.import({finding_with("a"), finding_with("b", R"({"Severity": {"Label": "LOW"}})"),
              finding_with("c", R"({"RecordState": "ARCHIVED"})"), finding_with("d")});
  ASSERT_TRUE(hub.update({"d"}, R"({"Workflow": {"Status": "NOTIFIED"}})"));
  const auto summary =
      *hub.store.read([&](store::Reader& reader) -> Result<Summary> { return hub.findings.summary(reader); });
  using Counts = std::vector<std::pair<std::string, std::int64_t>>;
  EXPECT_EQ(summary.total, 4);
  EXPECT_EQ(summary.active, 3);
  EXPECT_EQ(summary.by_severity,
            (Counts{{"CRITICAL", 0}, {"HIGH", 2}, {"MEDIUM", 0}, {"LOW", 1}, {"INFORMATIONAL", 0}}));
  EXPECT_EQ(summary.by_workflow, (Counts{{"NEW", 2}, {"NOTIFIED", 1}, {"RESOLVED", 0}, {"SUPPRESSED", 0}}));
}

TEST(Retention, FindingsGoWhenNobodyTouchedThemForLong) {
  TestHub hub;
  hub.import(
      {finding_with("untouched", R"({"Resources": [{"Type": "Other", "Id": "a"}, {"Type": "Other", "Id": "b"}]})"),
       finding_with("touched"), finding_with("archived", R"({"RecordState": "ARCHIVED"})")});
  ASSERT_TRUE(hub.store.write([&](store::Transaction& t) -> Result<void> {
    hub.findings.set_timer(t);
    return {};
  }));
  const auto days_later = [&](int days) {
    hub.store.clock.advance(std::chrono::days{days});
    hub.reopen();
    hub.store->run_until_idle();
    std::string left;
    for (const auto* id : {"untouched", "touched", "archived"})
      if (hub.get(id)) left += std::string(id) + " ";
    return left;
  };
  EXPECT_EQ(days_later(29), "untouched touched archived ");
  EXPECT_EQ(days_later(2), "untouched touched ");
  ASSERT_TRUE(hub.update({"touched"}, R"({"Criticality": 1})"));
  EXPECT_EQ(days_later(60), "touched ");
  EXPECT_EQ(days_later(31), "");
  const auto rows = hub.store.read([](store::Reader& reader) -> Result<std::int64_t> {
    return reader.integer(
        "SELECT (SELECT count(*) FROM finding_body) + (SELECT count(*) FROM finding_term) + "
        "(SELECT count(*) FROM finding_history)",
        -1);
  });
  EXPECT_EQ(*rows, 0);
}

TEST(Retention, ManyFindingsGoInPortions) {
  TestHub hub;
  for (int batch = 0; batch < 50; ++batch) {
    json::array list;
    for (int i = 0; i < 100; ++i) list.push_back(finding_with(std::to_string(batch * 100 + i)));
    ASSERT_TRUE(hub.call("BatchImportFindings", json::object{{"Findings", std::move(list)}}));
  }
  ASSERT_TRUE(hub.store.write([&](store::Transaction& t) -> Result<void> {
    hub.findings.set_timer(t);
    return {};
  }));
  hub.store.clock.advance(std::chrono::days{91});
  hub.store->run_until_idle();
  const auto summary =
      *hub.store.read([&](store::Reader& reader) -> Result<Summary> { return hub.findings.summary(reader); });
  EXPECT_EQ(summary.total, 0);
}

}  // namespace
}  // namespace tocsin::findings
