// A finding for tests: complete, valid, and changed as a case says.
#pragma once

#include <string_view>

#include <gtest/gtest.h>

#include "asff/asff.h"

namespace tocsin::asff {

inline const Identity test_hub{.account = "111122223333", .region = "eu-west-1", .partition = "aws"};

// `changes` is a JSON object laid over the finding; null removes a member.
inline json::object finding_with(std::string_view changes = "{}") {
  auto finding = parse_json_object(R"({
    "SchemaVersion": "2018-10-08", "Id": "f-1",
    "ProductArn": "arn:aws:securityhub:eu-west-1:111122223333:product/111122223333/default",
    "GeneratorId": "gen", "AwsAccountId": "111122223333",
    "CreatedAt": "2024-01-01T00:00:00Z", "UpdatedAt": "2024-01-01T00:00:00Z",
    "Title": "t", "Description": "d", "Resources": [{"Type": "Other", "Id": "r"}],
    "Severity": {"Label": "HIGH"}, "Types": ["TTPs"]})");
  auto change = parse_json_object(changes);
  EXPECT_TRUE(change) << changes;
  for (auto& [name, value] : *change) {
    if (value.is_null()) {
      finding->erase(name);
    } else {
      finding->insert_or_assign(name, value);
    }
  }
  return std::move(*finding);
}

}  // namespace tocsin::asff
