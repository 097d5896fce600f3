// Random machines for tests: every kind of state, nested, with handlers, data flow and random task behaviour. The same
// seed gives the same machine.
#pragma once

#include <fmt/format.h>

#include "simulation/simulate.h"

namespace tocsin::simulation {

struct RandomMachineOptions {
  bool task_tokens = false;  // some tasks wait for somebody who has their token
  bool repeatable = false;   // without what draws chance: UUIDs, random numbers, jitter
};

class RandomMachine {
 public:
  explicit RandomMachine(std::uint64_t seed, RandomMachineOptions options = {}) : random_(seed), options_{options} {}

  json::object machine(int depth) {
    const auto count = 1 + random_.below(depth == 0 ? 6 : 3);
    std::vector<std::string> names;
    for (std::uint64_t i = 0; i < count; ++i) names.push_back(fmt::format("S{}", ++names_));
    json::object states;
    for (std::size_t i = 0; i < names.size(); ++i) states[names[i]] = state(names, i, depth);
    return {{"StartAt", names.front()}, {"States", std::move(states)}};
  }

  Mocks mocks() {
    Mocks mocks;
    for (int resource = 0; resource < resources; ++resource)
      for (int i = 0; i < 300; ++i) mocks.add(arn(resource), answer());
    return mocks;
  }

  // How a function or a person answers one call.
  MockedAnswer answer() {
    MockedAnswer answer;
    if (chance(65))
      answer.result = value();
    else if (chance(15))
      answer.never = true;
    else {
      answer.error = pick({"E1", "E2", "States.Timeout", "States.TaskFailed", "States.Permissions"});
      answer.cause = "c";
    }
    return answer;
  }

  static std::string arn(int resource) {
    return fmt::format("arn:aws:lambda:us-east-1:000000000000:function:f{}", resource);
  }

  json::value value(int depth = 0) {
    switch (random_.below(depth > 2 ? 5 : 8)) {
      case 0:
        return nullptr;
      case 1:
        return random_.below(2) == 0;
      case 2:
        return static_cast<std::int64_t>(random_.below(20)) - 5;
      case 3:
        return random_.unit() * 1000;
      case 4:
        return json::string(pick({"x", "y", "2020-01-02T00:00:00Z", "", "ü"}));
      case 5: {
        json::array array;
        for (auto n = random_.below(4); n > 0; --n) array.push_back(value(depth + 1));
        return array;
      }
      default: {
        json::object object;
        for (const char* key : {"a", "b", "c"})
          if (random_.below(2) == 0) object[key] = value(depth + 1);
        return object;
      }
    }
  }

 private:
  bool chance(std::uint64_t percent) { return random_.below(100) < percent; }
  std::string_view pick(std::initializer_list<std::string_view> list) {
    return *(list.begin() + random_.below(list.size()));
  }
  std::string_view path() {
    return pick({"$", "$.a", "$.b", "$.a.b", "$.c[0]", "$..a", "$.*", "$$.State.Name", "$$.Execution.Input"});
  }
  std::string_view expression() {
    if (options_.repeatable)
      return chance(70)
                 ? path()
                 : pick({"States.Array($, 1)", "States.JsonToString($)", "States.ArrayLength(States.Array(1,2))"});
    return chance(60) ? path()
                      : pick({"States.Format('{}-{}', $$.State.Name, 1)", "States.Array($, 1)", "States.UUID()",
                              "States.MathRandom(1, 100)", "States.JsonToString($)", "States.StringToJson('[1,2]')",
                              "States.ArrayLength(States.Array(1,2))"});
  }
  json::value payload() {
    return json::object{
        {"k", value(2)}, {"a.$", expression()}, {"b", json::array{1, json::object{{"n.$", expression()}}}}};
  }

  json::value state(const std::vector<std::string>& names, std::size_t i, int depth) {
    const bool last = i + 1 == names.size();
    json::object state;
    const auto type = pick({"Task", "Task", "Pass", "Pass", "Wait", "Choice", "Parallel", "Map"});
    if (type == "Choice" && !last) return choice(names, i);
    if (last && chance(15)) return json::object{{"Type", "Fail"}, {"Error", pick({"E1", "E3"})}, {"Cause", "failed"}};
    if (last && chance(15)) return json::object{{"Type", "Succeed"}};
    if (type == "Wait")
      state = {{"Type", "Wait"}, {"Seconds", random_.below(5)}};
    else if (type == "Task")
      state = task();
    else if (type == "Parallel" && depth < 2)
      state = parallel(depth);
    else if (type == "Map" && depth < 2)
      state = map(depth);
    else
      state = pass();
    const auto name = std::string(string_at(state, "Type"));
    if (name == "Task" || name == "Parallel" || name == "Map") handlers(state, names, i);
    if (name != "Wait" && chance(30))
      state["ResultPath"] = chance(20) ? json::value() : json::value(pick({"$", "$.r", "$.a.r"}));
    if (chance(15)) state["InputPath"] = chance(30) ? json::value() : json::value(pick({"$", "$.a", "$$"}));
    if (chance(10)) state["OutputPath"] = pick({"$", "$.r", "$.*"});
    if (chance(25))
      state["Assign"] = json::object{{fmt::format("v{}.$", depth), "$"}, {fmt::format("w{}", depth), value(2)}};
    if (last)
      state["End"] = true;
    else
      state["Next"] = names[i + 1];
    return state;
  }

  json::object pass() {
    json::object state{{"Type", "Pass"}};
    if (chance(40))
      state["Parameters"] = payload();
    else if (chance(60))
      state["Result"] = value();
    return state;
  }

  json::object task() {
    json::object state{{"Type", "Task"},
                       {"Resource", arn(static_cast<int>(random_.below(resources)))},
                       {"TimeoutSeconds", 10 + random_.below(20)}};
    if (options_.task_tokens && chance(25)) {
      state["Resource"] = "arn:aws:states:::lambda:invoke.waitForTaskToken";
      state["Parameters"] =
          json::object{{"FunctionName", arn(0)}, {"Payload", json::object{{"token.$", "$$.Task.Token"}}}};
      return state;
    }
    if (chance(30)) state["HeartbeatSeconds"] = 1 + random_.below(5);
    if (chance(30)) state["Parameters"] = payload();
    if (chance(20)) state["ResultSelector"] = json::object{{"s.$", "$"}, {"n.$", "$$.State.RetryCount"}};
    return state;
  }

  json::object parallel(int depth) {
    json::array branches;
    for (auto n = 1 + random_.below(3); n > 0; --n) branches.push_back(machine(depth + 1));
    return {{"Type", "Parallel"}, {"Branches", std::move(branches)}};
  }

  json::object map(int depth) {
    json::object state{{"Type", "Map"}};
    auto processor = machine(depth + 1);
    const bool distributed = chance(40);
    if (distributed) processor["ProcessorConfig"] = {{"Mode", "DISTRIBUTED"}, {"ExecutionType", "STANDARD"}};
    state["ItemProcessor"] = std::move(processor);
    if (chance(80)) state["Parameters"] = json::object{{"i.$", "$$.Map.Item.Index"}, {"v.$", "$$.Map.Item.Value"}};
    state["ItemsPath"] = pick({"$$.Execution.Input.list", "$$.Execution.Input.list", "$..a"});
    if (chance(50)) state["MaxConcurrency"] = random_.below(3);
    if (distributed && chance(50)) state["ToleratedFailureCount"] = random_.below(3);
    if (distributed && chance(30)) state["ToleratedFailurePercentage"] = random_.below(100);
    if (distributed && chance(30)) state["ItemBatcher"] = json::object{{"MaxItemsPerBatch", 1 + random_.below(3)}};
    return state;
  }

  void handlers(json::object& state, const std::vector<std::string>& names, std::size_t i) {
    if (chance(40))
      state["Retry"] =
          json::array{json::object{{"ErrorEquals", json::array{pick({"E1", "States.Timeout"})}},
                                   {"IntervalSeconds", 1 + random_.below(3)},
                                   {"MaxAttempts", random_.below(4)},
                                   {"JitterStrategy", options_.repeatable ? "NONE" : pick({"FULL", "NONE"})}},
                      json::object{{"ErrorEquals", json::array{"States.ALL"}}, {"MaxAttempts", 1}}};
    if (chance(60) && i + 1 < names.size())
      state["Catch"] =
          json::array{json::object{{"ErrorEquals", json::array{pick({"States.ALL", "E2", "States.TaskFailed"})}},
                                   {"ResultPath", "$.error"},
                                   {"Next", names[i + 1 + random_.below(names.size() - i - 1)]}}};
  }

  json::object choice(const std::vector<std::string>& names, std::size_t i) {
    const auto target = names[i + 1 + random_.below(names.size() - i - 1)];
    json::object rule{
        {"Variable", pick({"$.a", "$$.State.Name", "$.c[0]"})}, {"IsPresent", chance(50)}, {"Next", target}};
    json::object inner{{"Not", json::object{{"Variable", "$.b"}, {"IsPresent", true}}}, {"Next", target}};
    return {{"Type", "Choice"}, {"Choices", json::array{rule, inner}}, {"Default", names[i + 1]}};
  }

  static constexpr int resources = 3;

  SeededRandom random_;
  RandomMachineOptions options_;
  int names_ = 0;
};

}  // namespace tocsin::simulation
