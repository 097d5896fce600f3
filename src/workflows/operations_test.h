// The operations of the room as the front finds them, over a store of their own. For tests.
#pragma once

#include <string>

#include <gtest/gtest.h>

#include "store/testing.h"
#include "workflows/workflows.h"

namespace tocsin::workflows {

inline constexpr std::string_view passes = R"({"StartAt":"P","States":{"P":{"Type":"Pass","End":true}}})";
inline constexpr std::string_view waits = R"({"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":9,"End":true}}})";

class OperationsTest : public testing::Test {
 protected:
  OperationsTest() {
    executions.attach(store->outbox());
    directory.add(service(machines, executions));
  }

  service::Answer call(std::string_view operation, const json::object& input) {
    const auto* found = directory.find("states", operation);
    EXPECT_NE(found, nullptr) << operation;
    return store.write([&](store::Transaction& t) {
      return service::run_within(*found, t, {.caller = caller, .input = input, .request_id = "r", .endpoint = ""});
    });
  }
  json::object good(std::string_view operation, const json::object& input) {
    auto answer = call(operation, input);
    EXPECT_TRUE(answer) << operation << ": " << (answer ? "" : answer.error().message);
    return answer ? *answer : json::object{};
  }
  std::string refused(std::string_view operation, const json::object& input) {
    const auto answer = call(operation, input);
    EXPECT_FALSE(answer) << operation << " was not refused";
    return answer ? "" : answer.error().aws_code;
  }
  std::string create(std::string_view name, json::object more = {}) {
    json::object input{{"name", name}, {"definition", passes}, {"roleArn", "arn:aws:iam::000000000000:role/r"}};
    for (const auto& [member, value] : more) input[member] = value;
    return std::string(string_at(good("CreateStateMachine", input), "stateMachineArn"));
  }
  json::object routes(std::initializer_list<std::pair<std::string, int>> weights) {
    json::array list;
    for (const auto& [arn, weight] : weights)
      list.push_back(json::object{{"stateMachineVersionArn", arn}, {"weight", weight}});
    return {{"name", "live"}, {"routingConfiguration", list}};
  }

  service::Caller caller;
  store::TestStore store{migrations()};
  service::Directory directory;
  Tasks tasks{Identity{},
              [](store::Transaction&, std::string_view, const json::value& payload) -> TaskOutcome { return payload; },
              directory};
  Machines machines{Identity{}};
  Executions executions{machines, tasks};
};

}  // namespace tocsin::workflows
