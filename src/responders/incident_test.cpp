#include <gtest/gtest.h>

#include "responders/responders.h"
#include "responders/testing.h"

namespace tocsin::responders {
namespace {

using testing::World;
constexpr const char* topic = "arn:aws:sns:us-west-2:111122223333:t";

TEST(IncidentProcessor, PlansAreThoseOfTheWriteUp) {
  const struct {
    const char* severity;
    const char* action;
    const char* priority;
    int sla;
  } cases[] = {{"CRITICAL", "immediate_response", "P1", 15},        {"HIGH", "escalated_response", "P2", 60},
               {"MEDIUM", "standard_response", "P3", 240},          {"LOW", "low_priority_response", "P4", 1440},
               {"INFORMATIONAL", "informational_only", "P5", 2880}, {"UNKNOWN", "standard_response", "P4", 1440}};
  for (const auto& c : cases) {
    const auto plan = response_plan(c.severity);
    EXPECT_EQ(plan.action, c.action);
    EXPECT_EQ(plan.priority, c.priority);
    EXPECT_EQ(plan.sla_minutes, c.sla);
  }
}

TEST(IncidentProcessor, TheMessageIsByteForByteTheOriginals) {
  World world;
  const auto answer = incident_processor(World::event({world.finding("f", "HIGH")}), topic, world.ports);
  ASSERT_TRUE(answer) << answer.error().message;
  ASSERT_EQ(world.topic.messages.size(), 1u);
  EXPECT_EQ(world.topic.messages[0].subject, "Security Incident: HIGH - ?ber uns");
  EXPECT_EQ(world.topic.messages[0].text, R"({
  "incident_details": {
    "id": "f",
    "severity": "HIGH",
    "title": "\u00dcber uns",
    "description": "d",
    "account": "111122223333",
    "region": "us-west-2",
    "timestamp": "2026-01-05T00:00:00.123456"
  },
  "response_plan": {
    "action": "escalated_response",
    "priority": "P2",
    "sla_minutes": 60
  },
  "integration": {
    "jira_project": "SEC",
    "slack_channel": "#security-incidents",
    "pagerduty_service": "security-team"
  }
})");
  EXPECT_EQ(world.topic.messages[0].attributes,
            (std::vector<std::pair<std::string, std::string>>{{"severity", "HIGH"}, {"account_id", "111122223333"}}));
  EXPECT_EQ(string_at(world.hub.findings["f"], "Workflow.Status"), "NOTIFIED");
  EXPECT_EQ(string_at(world.hub.findings["f"], "Note.Text"),
            "Automated incident response initiated: escalated_response");
}

TEST(IncidentProcessor, EveryFindingCountsAndNoneTwice) {
  World world;
  const auto event = World::event({world.finding("a", "HIGH"), world.finding("b", "CRITICAL")});
  ASSERT_TRUE(incident_processor(event, topic, world.ports));
  EXPECT_EQ(world.topic.messages.size(), 2u);
  ASSERT_TRUE(incident_processor(event, topic, world.ports));
  EXPECT_EQ(world.topic.messages.size(), 2u);
  // An analyst who escalates it wants a message all the same.
  auto escalated = World::event({world.hub.findings["a"]}, "Security Hub Findings - Custom Action");
  ASSERT_TRUE(incident_processor(escalated, topic, world.ports));
  EXPECT_EQ(world.topic.messages.size(), 3u);
}

TEST(IncidentProcessor, FailuresRaise) {
  World world;
  EXPECT_FALSE(incident_processor(json::object{}, topic, world.ports));
  auto finding = world.finding("a", "HIGH");
  world.topic.failures = 1;
  EXPECT_EQ(incident_processor(World::event({finding}), topic, world.ports).error().code, ErrorCode::unavailable);
  world.hub.findings.clear();
  EXPECT_EQ(incident_processor(World::event({finding}), topic, world.ports).error().aws_code, "UnprocessedFinding");
}

TEST(ThreatIntelligence, ScoresTheWholeFindingOnce) {
  json::object finding{
      {"Resources", {{{"Id", "host 203.0.113.7 talks to evil.example.org and s3.amazonaws.com"}}}},
      {"Network",
       {{"SourceIpV4", "203.0.113.7"}, {"DestinationIpV4", "10.0.0.1"}, {"DestinationDomain", "EVIL.example.org"}}},
      {"Malware", {{{"Path", "/tmp/d41d8cd98f00b204e9800998ecf8427e"}}}},
      {"ProductFields",
       {{"aws/securityhub/FindingId", "arn:aws:x/da39a3ee5e6b4b0d3255bfef95601890afd80709"},
        {"detectorId", "d41d8cd98f00b204e9800998ecf8427f"}}}};
  const auto indicators = indicators_of(finding);
  EXPECT_EQ(indicators,
            (std::vector<Indicator>{
                {"ip", "203.0.113.7"}, {"domain", "evil.example.org"}, {"md5", "d41d8cd98f00b204e9800998ecf8427e"}}));
  EXPECT_EQ(threat_score(indicators), 10 + 15 + 10 + 20);
  EXPECT_EQ(threat_score(std::vector<Indicator>(9, {"sha256", "x"})), 100);
}

TEST(ThreatIntelligence, WritesOnceAndLeavesTheProcessorsNote) {
  World world;
  auto finding = world.finding("f", "HIGH");
  ASSERT_TRUE(threat_intelligence(World::event({finding}), world.ports));
  EXPECT_EQ(string_at(world.hub.findings["f"], "UserDefinedFields.ThreatScore"), "10");
  EXPECT_EQ(find(world.hub.findings["f"], "UserDefinedFields.IndicatorTypes"), nullptr);
  EXPECT_EQ(string_at(world.hub.findings["f"], "Note.Text"), "Threat Intelligence Score: 10/100. Indicators found: 0");
  EXPECT_EQ(world.hub.updates, 1);
  ASSERT_TRUE(threat_intelligence(World::event({finding}), world.ports));
  EXPECT_EQ(world.hub.updates, 1);
  world.hub.findings["f"]["Note"] = json::object{{"Text", "kept"}, {"UpdatedBy", "SecurityHubAutomation"}};
  world.hub.findings["f"]["UserDefinedFields"] = json::object{{"Team", "blue"}};
  ASSERT_TRUE(threat_intelligence(World::event({finding}), world.ports));
  EXPECT_EQ(string_at(world.hub.findings["f"], "Note.Text"), "kept");
  EXPECT_EQ(string_at(world.hub.findings["f"], "UserDefinedFields.Team"), "blue");
}

}  // namespace
}  // namespace tocsin::responders
