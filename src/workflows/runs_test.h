// Executions over a real store on a manual clock, with a function that answers what it was asked. For tests.
#pragma once

#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "store/testing.h"
#include "workflows/workflows.h"

namespace tocsin::workflows {

using service::Call;
using store::Transaction;

// What the models tell, as far as these tests need it: names in PascalCase.
class PascalCase final : public Shapes {
  static json::object renamed(const json::object& document, char from, char to) {
    json::object out;
    for (const auto& [key, value] : document) {
      std::string name{key};
      if (name[0] >= from && name[0] <= from + 25) name[0] = static_cast<char>(name[0] - from + to);
      out[name] = value;
    }
    return out;
  }

 public:
  Result<json::object> to_operation(std::string_view, std::string_view, const json::object& parameters) const override {
    return renamed(parameters, 'A', 'a');
  }
  json::object to_task(std::string_view, std::string_view, json::object answer) const override {
    return renamed(answer, 'a', 'A');
  }
  Exception exception(std::string_view, const Error& error) const override {
    return {.name = error.aws_code, .code = error.aws_code};
  }
};

class RunsTest : public testing::Test {
 protected:
  RunsTest() {
    attach();
    directory.add(service(machines, executions));
  }
  void attach() { executions.attach(store->outbox()); }
  void restart() {
    store.reopen();
    attach();
  }

  service::Answer call(service::Answer (Executions::*operation)(Transaction&, const Call&), json::object input) {
    return store.write([&](Transaction& t) { return (executions.*operation)(t, of(input)); });
  }
  service::Answer read(service::Answer (Executions::*operation)(store::Reader&, const Call&) const,
                       json::object input) {
    return store.read([&](store::Reader& r) { return (executions.*operation)(r, of(input)); });
  }
  Call of(const json::object& input) {
    return {.caller = caller, .input = input, .request_id = request_id, .endpoint = ""};
  }
  std::string create(std::string_view name, std::string_view definition, std::string_view type = "STANDARD") {
    const json::object input{
        {"name", name}, {"definition", definition}, {"type", type}, {"roleArn", "arn:aws:iam::000000000000:role/r"}};
    auto made = store.write([&](Transaction& t) { return machines.create(t, of(input)); });
    EXPECT_TRUE(made) << made.error().message;
    return made ? std::string(string_at(*made, "stateMachineArn")) : "";
  }
  std::string start(const std::string& machine, std::string_view input = "{}") {
    auto started = call(&Executions::start_execution, {{"stateMachineArn", machine}, {"input", input}});
    EXPECT_TRUE(started) << started.error().message;
    return started ? std::string(string_at(*started, "executionArn")) : "";
  }
  json::object describe(const std::string& execution) {
    auto answer = read(&Executions::describe_execution, {{"executionArn", execution}});
    EXPECT_TRUE(answer) << answer.error().message;
    return answer ? *answer : json::object{};
  }
  std::string status(const std::string& execution) { return std::string(string_at(describe(execution), "status")); }
  std::vector<std::string> history(const std::string& execution) {
    std::vector<std::string> types;
    const auto answer = read(&Executions::history, {{"executionArn", execution}});
    if (!answer) return {answer.error().aws_code};
    for (const auto& event : answer->at("events").get_array())
      types.emplace_back(std::string_view(event.at("type").get_string()));
    return types;
  }
  service::Answer redrive(const std::string& execution) {
    return call(&Executions::redrive_execution, {{"executionArn", execution}});
  }
  std::int64_t rows(std::string_view table) {
    return *store.read([&](store::Reader& r) -> Result<std::int64_t> {
      return r.integer("SELECT count(*) FROM " + std::string(table), 0);
    });
  }

  service::Caller caller;
  std::string request_id = "r1";
  store::TestStore store{migrations()};
  int failures = 0;                  // so many calls fail
  std::set<std::string> failing;     // as do calls with these payloads
  std::vector<std::string> effects;  // the payloads of the other calls
  int calls = 0;
  service::Directory directory;
  PascalCase shapes;
  Tasks tasks{Identity{},
              [this](Transaction&, std::string_view, const json::value& payload) -> TaskOutcome {
                ++calls;
                if (failing.contains(asl::to_text(payload)) || failures-- > 0)
                  return TaskFailure{"Own.Error", "not yet"};
                effects.push_back(asl::to_text(payload));
                return payload;
              },
              directory, &shapes};
  Machines machines{Identity{}};
  Executions executions{machines, tasks};
};

inline constexpr std::string_view function_task =
    R"("Type":"Task","Resource":"arn:aws:lambda:us-east-1:000000000000:function:f")";
inline std::string task_machine(std::string_view more = R"("End":true)") {
  return R"({"StartAt":"A","States":{"A":{)" + std::string(function_task) + "," + std::string(more) + "}}}";
}

}  // namespace tocsin::workflows
