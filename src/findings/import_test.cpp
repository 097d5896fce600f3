#include "findings/findings.h"
#include "findings/prepared.h"
#include "findings/test_hub.h"

namespace tocsin::findings {
namespace {

std::string counts(const json::object& answer) {
  return std::to_string(integer_at(answer, "SuccessCount", -1)) + " taken, " +
         std::to_string(integer_at(answer, "FailedCount", -1)) + " refused";
}

TEST(Import, ANewFindingIsStoredAndAnnounced) {
  TestHub hub;
  EXPECT_EQ(to_json(hub.import({finding_with("f-1")})), R"({"FailedCount":0,"SuccessCount":1,"FailedFindings":[]})");
  hub.reopen();
  const auto finding = hub.get("f-1");
  ASSERT_TRUE(finding) << finding.error().message;
  EXPECT_EQ(string_at(*finding, "Workflow.Status"), "NEW");
  EXPECT_EQ(string_at(*finding, "RecordState"), "ACTIVE");
  EXPECT_EQ(integer_at(*finding, "Severity.Normalized"), 70);
  const auto events = hub.told();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(string_at(events[0], "detail-type"), "Security Hub Findings - Imported");
  EXPECT_EQ(string_at(events[0], "source"), "aws.securityhub");
  EXPECT_EQ(string_at(events[0], "time"), "2026-01-01T00:00:00Z");
  EXPECT_EQ(events[0].at("detail").at("findings").at(0), json::value(*finding));
  EXPECT_FALSE(events[0].at("detail").get_object().contains("updateSource"));
}

TEST(Import, GoodAndBadOnesOfABatchAreToldApart) {
  TestHub hub;
  const auto answer = hub.import({finding_with("good"), finding_with("no-title", R"({"Title": null})"),
                                  finding_with("bad-account", R"({"AwsAccountId": "12"})"), finding_with("also-good")});
  EXPECT_EQ(counts(answer), "2 taken, 2 refused");
  const auto& failed = answer.at("FailedFindings").get_array();
  ASSERT_EQ(failed.size(), 2u);
  EXPECT_EQ(string_at(failed[0].get_object(), "Id"), "no-title");
  EXPECT_EQ(string_at(failed[0].get_object(), "ErrorCode"), "InvalidInput");
  EXPECT_NE(string_at(failed[0].get_object(), "ErrorMessage").find("Amazon Finding Format"), std::string_view::npos);
  EXPECT_TRUE(hub.get("good"));
  EXPECT_TRUE(hub.get("also-good"));
  EXPECT_FALSE(hub.get("no-title"));
  EXPECT_EQ(hub.told().size(), 2u);
}

TEST(Import, RequestsPastTheLimitsAreRefusedWhole) {
  TestHub hub;
  json::array many;
  for (int i = 0; i < 101; ++i) many.push_back(finding_with(std::to_string(i)));
  EXPECT_EQ(error_of(hub.call("BatchImportFindings", json::object{{"Findings", many}})),
            "InvalidInputException: Invalid parameter 'Findings'. data.Findings should NOT have more than 100 items");
  EXPECT_EQ(error_of(hub.call("BatchImportFindings", json::object{{"Findings", json::array{}}})),
            "InvalidInputException: Invalid parameter 'Findings'. data.Findings should NOT have fewer than 1 items");
  EXPECT_EQ(error_of(hub.call("BatchImportFindings", json::object{})),
            "InvalidInputException: Invalid parameter 'Findings'. data should have required property 'Findings'");
  many.clear();
  for (int i = 0; i < 30; ++i) many.push_back(finding_of_bytes(std::to_string(i), 230'000));
  EXPECT_EQ(error_of(hub.call("BatchImportFindings", json::object{{"Findings", many}})),
            "InvalidInputException: The findings of a batch must not be larger than 6 MB together");
  EXPECT_TRUE(hub.told().empty());
}

TEST(Import, ABodyIsReadAsItCame) {
  TestHub hub;
  const auto import = [&](std::string_view body) {
    auto prepared = hub.findings.prepare_import_body(body, analyst);
    if (!prepared) return Result<json::object>{std::unexpected(prepared.error())};
    const auto taken =
        hub.store.write([&](store::Transaction& t) { return hub.findings.import(t, std::move(*prepared)); });
    return Result<json::object>{json::object{{"created", taken->created.size()}}};
  };
  EXPECT_EQ(to_json(*import(to_json(batch_of({finding_with("f-1"), finding_with("f-2")})))), R"({"created":2})");
  for (const auto* body : {"", "{", "[]", "7", R"({"Findings": {}})", "\xff", R"({"Findings": [}])"}) {
    const auto answer = import(body);
    ASSERT_FALSE(answer) << body;
    EXPECT_EQ(answer.error().aws_code, "InvalidInputException") << body;
  }
  EXPECT_EQ(error_of(import(std::string(7u << 20, ' '))),
            "InvalidInputException: The findings of a batch must not be larger than 6 MB together");
}

TEST(Import, AFindingMayMeasure240KilobytesAsItIsSent) {
  TestHub hub;
  EXPECT_EQ(counts(hub.import({finding_of_bytes("f-1", asff::finding_bytes_max)})), "1 taken, 0 refused");
  EXPECT_EQ(counts(hub.import({finding_of_bytes("f-2", asff::finding_bytes_max + 1)})), "0 taken, 1 refused");
}

TEST(Import, WhatIsNoFindingIsRefusedWithAReason) {
  TestHub hub;
  const auto answer = hub.call("BatchImportFindings", R"({"Findings": [7, {}, null]})");
  ASSERT_TRUE(answer);
  EXPECT_EQ(counts(*answer), "0 taken, 3 refused");
  for (const auto& failed : answer->at("FailedFindings").get_array())
    EXPECT_FALSE(string_at(failed.get_object(), "Id").empty());
}

TEST(Import, OneAccountsDefaultProductIsItsOwn) {
  const struct {
    const char* changes;
    const char* expected;
  } cases[] = {
      {R"({"ProductArn": "arn:aws:securityhub:eu-west-1:999922223333:product/999922223333/default"})",
       "0 taken, 1 refused"},
      {R"({"ProductArn": "arn:aws:securityhub:us-east-1:111122223333:product/111122223333/default"})",
       "0 taken, 1 refused"},
      {R"({"AwsAccountId": "999922223333"})", "0 taken, 1 refused"},
      {R"({"ProductArn": "arn:aws:securityhub:us-east-1::product/prowler/prowler", "AwsAccountId": "999922223333"})",
       "1 taken, 0 refused"},
      {R"({"ProductArn": "arn:aws:securityhub:us-east-1::product/aws/guardduty", "AwsAccountId": "999922223333"})",
       "1 taken, 0 refused"},
  };
  for (const auto& c : cases) {
    TestHub hub;
    const auto answer = hub.import({finding_with("f-1", c.changes)});
    EXPECT_EQ(counts(answer), c.expected) << c.changes;
    for (const auto& failed : answer.at("FailedFindings").get_array())
      EXPECT_EQ(string_at(failed.get_object(), "ErrorCode"), "InvalidAccess");
    TestHub open{true, Providers::anyone};
    EXPECT_EQ(counts(open.import({finding_with("f-1", c.changes)})), "1 taken, 0 refused") << c.changes;
  }
}

TEST(Import, ANewerOneKeepsWhatTheCustomerSet) {
  TestHub hub;
  hub.import({finding_with("f-1")});
  ASSERT_TRUE(hub.update({"f-1"}, R"({"Workflow": {"Status": "NOTIFIED"}, "UserDefinedFields": {"a": "b"},
                                      "Note": {"Text": "seen", "UpdatedBy": "me"}})"));
  hub.reopen();
  (void)hub.told();
  EXPECT_EQ(counts(hub.import({finding_with("f-1", R"({"UpdatedAt": "2026-01-02T00:00:00Z", "Title": "More"})")})),
            "1 taken, 0 refused");
  const auto finding = hub.get("f-1");
  EXPECT_EQ(string_at(*finding, "Title"), "More");
  EXPECT_EQ(string_at(*finding, "Workflow.Status"), "NOTIFIED");
  EXPECT_EQ(string_at(*finding, "Note.Text"), "seen");
  EXPECT_EQ(string_at(*finding, "UserDefinedFields.a"), "b");
  const auto events = hub.told();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].at("detail").at("findings").at(0), json::value(*finding));
}

TEST(Import, WhatIsNotNewerIsIgnoredAndNotAnnounced) {
  TestHub hub;
  hub.import({finding_with("f-1", R"({"UpdatedAt": "2026-01-02T00:00:00Z"})")});
  const auto before = *hub.get("f-1");
  (void)hub.told();
  for (const auto* time : {"2026-01-01T23:59:59Z", "2026-01-02T00:00:00Z", "2026-01-02T01:00:00+01:00"}) {
    const auto answer =
        hub.import({finding_with("f-1", std::string(R"({"Title": "Stale", "UpdatedAt": ")") + time + "\"}")});
    EXPECT_EQ(counts(answer), "1 taken, 0 refused") << time;
  }
  EXPECT_EQ(*hub.get("f-1"), before);
  EXPECT_TRUE(hub.told().empty());
}

TEST(Import, AResolvedFindingIsNewAgainWhenItComesBack) {
  TestHub hub;
  hub.import({finding_with("f-1", R"({"RecordState": "ARCHIVED"})")});
  ASSERT_TRUE(hub.update({"f-1"}, R"({"Workflow": {"Status": "RESOLVED"}})"));
  hub.import({finding_with("f-1", R"({"UpdatedAt": "2026-01-02T00:00:00Z"})")});
  EXPECT_EQ(string_at(*hub.get("f-1"), "Workflow.Status"), "NEW");
  EXPECT_EQ(hub.call("GetFindings", R"({"Filters": {"WorkflowStatus": [{"Value": "NEW", "Comparison": "EQUALS"}]}})")
                ->at("Findings")
                .get_array()
                .size(),
            1u);
}

TEST(Import, TheSameIdTwiceInABatchIsOneFinding) {
  TestHub hub;
  const auto answer = hub.import({finding_with("f-1"),
                                  finding_with("f-1", R"({"UpdatedAt": "2026-01-01T00:00:01Z", "Title": "Later"})"),
                                  finding_with("f-1", R"({"Title": "Stale"})")});
  EXPECT_EQ(counts(answer), "3 taken, 0 refused");
  EXPECT_EQ(string_at(*hub.get("f-1"), "Title"), "Later");
  EXPECT_EQ(hub.told().size(), 2u);
  EXPECT_EQ(hub.call("GetFindings", json::object{})->at("Findings").get_array().size(), 1u);
}

TEST(Import, TheSameIdOfTwoProductsIsTwoFindings) {
  TestHub hub;
  hub.import({finding_with("f-1"),
              finding_with("f-1", R"({"ProductArn": "arn:aws:securityhub:eu-west-1::product/prowler/prowler"})")});
  EXPECT_TRUE(hub.get("f-1"));
  EXPECT_TRUE(hub.get("f-1", "arn:aws:securityhub:eu-west-1::product/prowler/prowler"));
}

TEST(Import, LargeBatchesAreTakenForEver) {
  TestHub hub;
  // Documents that do not fit into what a thread keeps for them; the growth of what it asks for beside must end.
  json::array list;
  for (int i = 0; i < 100; ++i) {
    json::object fields;
    for (int field = 0; field < 50; ++field)
      fields["field-" + std::to_string(field)] = std::string(700, 'x') + std::to_string(i);
    list.push_back(finding_with(std::to_string(i), to_json(json::object{{"ProductFields", std::move(fields)}})));
  }
  const auto body = to_json(json::object{{"Findings", std::move(list)}});
  for (int batch = 0; batch < 40; ++batch) {
    const auto prepared = hub.findings.prepare_import_body(body, analyst);
    ASSERT_TRUE(prepared);
    EXPECT_EQ((*prepared)->findings.size(), 100u);
  }
}

TEST(Import, ABusThatFailsFailsTheBatch) {
  store::TestStore store{migrations()};
  bool broken = false;
  Findings findings{{.identity = test_identity, .clock = &store.clock},
                    [&](store::Transaction&, std::string_view) -> Result<void> {
                      if (broken) return fail(ErrorCode::throttled, "the bus is full");
                      return {};
                    }};
  ASSERT_TRUE(store.write([&](store::Transaction& t) { return findings.hub().enable(t, {}); }));
  const auto import = [&](std::string_view id) {
    return store.write([&](store::Transaction& t) -> Result<Taken> {
      auto prepared = findings.prepare_import(batch_of({finding_with(id)}), analyst);
      if (!prepared) return pass_on(prepared);
      return findings.import(t, std::move(*prepared));
    });
  };
  EXPECT_TRUE(import("f-1"));
  broken = true;
  EXPECT_FALSE(import("f-2"));
  const auto kept = [&](std::string id) {
    return store.read([&](store::Reader& r) { return findings.get(r, {std::string(own_product), id}); }).has_value();
  };
  EXPECT_TRUE(kept("f-1"));
  EXPECT_FALSE(kept("f-2"));
}

TEST(Record, AnEventsFindingsAreRecordedAndNotAnnounced) {
  TestHub hub;
  json::object event{{"source", "aws.securityhub"},
                     {"detail-type", "Security Hub Findings - Imported"},
                     {"detail", {{"findings", json::array{finding_with("f-1"), finding_with("f-2")}}}}};
  const auto record = [&] {
    return *hub.store.write([&](store::Transaction& t) { return hub.findings.record_from_event(t, to_json(event)); });
  };
  EXPECT_EQ(record().created.size(), 2u);
  EXPECT_EQ(record().ignored.size(), 2u);
  EXPECT_TRUE(hub.told().empty());
  EXPECT_TRUE(hub.get("f-2"));
  ASSERT_TRUE(hub.update({"f-2"}, R"({"Workflow": {"Status": "NOTIFIED"}})"));
  EXPECT_EQ(hub.told().size(), 1u);
}

TEST(Record, OtherEventsAndBrokenOnesRecordNothing) {
  TestHub hub;
  for (const auto* event : {R"({"source": "my.app", "detail": {"findings": [{}]}})", "not json", "7",
                            R"({"source": "aws.securityhub", "detail": {"findings": [{}]}})",
                            R"({"source": "aws.guardduty", "detail": {}})"}) {
    const auto taken = hub.store.write([&](store::Transaction& t) { return hub.findings.record_from_event(t, event); });
    ASSERT_TRUE(taken) << event;
    EXPECT_TRUE(taken->created.empty()) << event;
  }
}

TEST(Record, WithoutAHubNothingIsRecorded) {
  TestHub hub{false};
  json::object event{{"source", "aws.securityhub"},
                     {"detail-type", "Security Hub Findings - Imported"},
                     {"detail", {{"findings", json::array{finding_with("f-1")}}}}};
  const auto taken =
      hub.store.write([&](store::Transaction& t) { return hub.findings.record_from_event(t, to_json(event)); });
  ASSERT_TRUE(taken);
  EXPECT_TRUE(taken->created.empty());
  EXPECT_FALSE(hub.get("f-1"));
}

}  // namespace
}  // namespace tocsin::findings
