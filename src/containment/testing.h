// What the tests of this folder share: a store with containment in it.
#pragma once

#include <gtest/gtest.h>

#include "containment/containment.h"
#include "store/testing.h"

namespace tocsin::containment {

class ContainmentTest : public ::testing::Test {
 protected:
  static constexpr std::string_view table = "us-east-1-gd-firewall";

  explicit ContainmentTest(Settings settings = {}) : store{migrations()}, containment{Identity{}, std::move(settings)} {
    for (auto& one : containment.services()) directory.add(std::move(one));
    const auto made =
        call("dynamodb", "CreateTable", R"({"TableName":"us-east-1-gd-firewall","BillingMode":"PAY_PER_REQUEST",
      "AttributeDefinitions":[{"AttributeName":"HostIp","AttributeType":"S"}],
      "KeySchema":[{"AttributeName":"HostIp","KeyType":"HASH"}]})");
    EXPECT_TRUE(made) << made.error().message;
  }

  // Calls an AWS operation as an administrator does.
  service::Answer call(std::string_view service, std::string_view operation, const json::object& input) {
    const auto* found = directory.find(service, operation);
    EXPECT_NE(found, nullptr) << operation;
    const service::Caller caller{"000000000000", "arn:aws:iam::000000000000:user/admin", "AIDA"};
    const service::Call request{caller, input, "request-1", "http://127.0.0.1:4747"};
    return store.write(
        [&](store::Transaction& transaction) { return service::run_within(*found, transaction, request); });
  }
  service::Answer call(std::string_view service, std::string_view operation, std::string_view input) {
    const auto document = parse_json_object(input);
    EXPECT_TRUE(document) << input;
    return call(service, operation, *document);
  }

  BlockOutcome block(std::string host, Intent intent = Intent::automatic) {
    auto outcome = store.write([&](store::Transaction& transaction) {
      return containment.tables().block(transaction, {.table = std::string(table),
                                                      .host = std::move(host),
                                                      .finding_id = "finding-1",
                                                      .actor = "add-ip",
                                                      .reason = "seen by GuardDuty",
                                                      .intent = intent});
    });
    EXPECT_TRUE(outcome) << outcome.error().message;
    return outcome ? *outcome : BlockOutcome{};
  }
  std::optional<Block> row(std::string_view host) {
    return *store.read([&](store::Reader& reader) -> Result<std::optional<Block>> {
      return containment.tables().find(reader, table, host);
    });
  }
  std::string feed() {
    const auto read = store.read([&](store::Reader& reader) { return containment.block_feed(reader); });
    return read ? read->text : "error: " + read.error().message;
  }
  template <class F>
  auto write(F change) {
    return store.write(std::move(change));
  }

  store::TestStore store;
  Containment containment;
  service::Directory directory;
};

inline netset::Set set_of(std::initializer_list<std::string> prefixes) {
  auto set = parse_ranges(prefixes);
  EXPECT_TRUE(set);
  return *set;
}

}  // namespace tocsin::containment
