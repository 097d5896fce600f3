#include "rules/urgency.h"

#include <gtest/gtest.h>

namespace tocsin::rules {
namespace {

using store::Lane;

Lane lane_of(std::string_view type, std::string_view detail) {
  return lane_of_event(R"({"detail": )" + std::string(detail) + R"(, "detail-type": ")" + std::string(type) + "\"}");
}

TEST(Urgency, OfAnEventIsItsMostSevereFindings) {
  const auto of = [](std::string_view detail) { return lane_of("Security Hub Findings - Imported", detail); };
  const auto finding = [](std::string_view label) {
    return R"({"Title": "\"Label\":\"CRITICAL\"", "Severity": {"Normalized": 1, "Label": ")" + std::string(label) +
           R"("}, "ProductFields": {"Label": "CRITICAL"}})";
  };
  EXPECT_EQ(of(R"({"findings": [)" + finding("CRITICAL") + "]}"), Lane::alert);
  EXPECT_EQ(of(R"({"findings": [)" + finding("HIGH") + "]}"), Lane::notice);
  for (const auto* label : {"MEDIUM", "LOW", "INFORMATIONAL"})
    EXPECT_EQ(of(R"({"findings": [)" + finding(label) + "]}"), Lane::bulk) << label;
  EXPECT_EQ(of(R"({"findings": [)" + finding("LOW") + "," + finding("CRITICAL") + "," + finding("LOW") + "]}"),
            Lane::alert);
  EXPECT_EQ(of(R"({"findings": [)" + finding("LOW") + "," + finding("HIGH") + "]}"), Lane::notice);
  EXPECT_EQ(of(R"({"findings": [)" + finding("LOW") + R"(, {"Severity": {}}]})"), Lane::notice);
}

TEST(Urgency, WhatAnAnalystSendsIsUrgent) {
  EXPECT_EQ(lane_of("Security Hub Findings - Custom Action", R"({"findings": [{"Severity": {"Label": "LOW"}}]})"),
            Lane::alert);
}

TEST(Urgency, GuardDutySaysItInNumbers) {
  EXPECT_EQ(lane_of("GuardDuty Finding", R"({"severity": 9.1})"), Lane::alert);
  EXPECT_EQ(lane_of("GuardDuty Finding", R"({"severity": 8})"), Lane::notice);
  EXPECT_EQ(lane_of("GuardDuty Finding", R"({"severity": 2})"), Lane::bulk);
}

TEST(Urgency, WhatCannotBeReadIsLikeOthers) {
  for (const auto* event :
       {"", "{", "[]", "7", R"({"detail-type": 7})", R"({"detail-type": "x"})", R"({"detail-type": "x", "detail": 3})",
        R"({"detail-type": "x", "detail": {}})", R"({"detail-type": "x", "detail": {"findings": []}})",
        R"({"detail-type": "x", "detail": {"findings": {}}})",
        R"({"detail-type": "x", "detail": {"findings": [1, 2]}})",
        R"({"detail-type": "GuardDuty Finding", "detail": {"severity": "high"}})"})
    EXPECT_EQ(lane_of_event(event), Lane::notice) << event;
}

}  // namespace
}  // namespace tocsin::rules
