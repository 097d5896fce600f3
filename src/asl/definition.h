// Definition: a state machine as parsed and validated. Read by the interpreter and by tools that draw or explain
// machines.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "asl/asl.h"
#include "asl/expression.h"
#include "asl/resource.h"

namespace tocsin::asl {

enum class StateType { task, pass, choice, wait, succeed, fail, parallel, map };
// "Task", "Pass", …
std::string_view to_string(StateType type);

// InputPath, OutputPath: a path; null stands for {}.
struct PathField {
  bool is_null = false;
  PathExpression path = {};
};

// ResultPath: where the result goes in the raw input; null discards it.
struct ResultPath {
  bool is_null = false;
  jsonpath::Path path = {};
};

// A number that is written down (X), or found at a path (XPath) when the state runs.
struct NumberField {
  std::optional<double> value = {};
  std::optional<PathExpression> path = {};
  bool is_set() const { return value || path; }
};

struct Retrier {
  std::vector<std::string> errors;
  std::int64_t interval_s = 1;
  std::int64_t attempts_max = 3;
  double backoff_rate = 2;
  std::optional<std::int64_t> delay_max_s;
  bool full_jitter = false;
};

struct Catcher {
  std::vector<std::string> errors;
  std::string next;
  ResultPath result_path;
  std::optional<Template> assign;
};

enum class Comparison {
  equals,
  less,
  greater,
  less_equals,
  greater_equals,
  matches,
  is_null,
  is_present,
  is_numeric,
  is_string,
  is_boolean,
  is_timestamp
};
enum class Operand { string, numeric, boolean, timestamp, any };

// A choice rule, or a part of one.
struct Condition {
  enum class Kind { comparison, all_of, any_of, negation };
  Kind kind = Kind::comparison;
  std::vector<Condition> parts = {};  // all_of, any_of, negation (one)
  PathExpression variable = {};
  Comparison comparison = Comparison::equals;
  Operand operand = Operand::any;
  json::value constant = {};                // what is compared with, or true/false for the Is… tests
  std::optional<PathExpression> path = {};  // …Path: where that is found
};
struct Rule {
  Condition condition;
  std::string next;
  std::optional<Template> assign;
};

struct Machine;

struct TaskFields {
  ResourceKind kind = ResourceKind::service;
  std::string resource;
  // service tasks: "arn:aws:states:::sqs:sendMessage.waitForTaskToken" is service "sqs", action "sendMessage";
  // "aws-sdk:s3", "listObjects" for the general form. As TaskScheduled shows them: resource_type, action with suffix.
  std::string resource_type, action;
  Integration integration = Integration::request_response;
  NumberField timeout_s, heartbeat_s;
  std::optional<Template> credentials;
};
struct WaitFields {
  std::optional<std::int64_t> seconds;
  std::optional<Time> timestamp;
  std::optional<PathExpression> seconds_path, timestamp_path;
};
struct FailFields {
  std::optional<std::string> error, cause;
  std::optional<Expression> error_path, cause_path;
};
struct ChoiceFields {
  std::vector<Rule> rules;
  std::string otherwise;  // Default; may be empty
};
struct ParallelFields {
  std::vector<Machine> branches;
};
struct ItemBatcher {
  NumberField items_max, bytes_max;
  std::optional<Template> batch_input;
};
struct MapFields {
  std::unique_ptr<Machine> processor;
  bool is_old_iterator = false;  // written as Iterator
  bool is_distributed = false;
  bool express_children = false;
  std::optional<PathExpression> items_path;
  std::optional<Template> item_selector;  // or the old Parameters
  NumberField concurrency_max, failures_tolerated, failure_percentage_tolerated;
  std::string label;
  std::optional<ItemBatcher> batcher;
  bool has_item_reader = false, has_result_writer = false;  // recognised, not supported: fail when they run
};

struct State {
  std::string name;
  StateType type = StateType::pass;
  std::string comment;
  std::string next;  // empty where the state ends its container
  PathField input_path, output_path;
  ResultPath result_path;
  std::optional<Template> parameters, result_selector, assign;
  std::optional<json::value> result;  // Pass
  std::vector<Retrier> retriers;
  std::vector<Catcher> catchers;
  std::variant<std::monostate, TaskFields, WaitFields, FailFields, ChoiceFields, ParallelFields, MapFields> fields;

  template <class T>
  const T& as() const {
    return std::get<T>(fields);
  }
  // The container runs to its end here.
  bool is_terminal() const {
    return type == StateType::succeed || type == StateType::fail || (type != StateType::choice && next.empty());
  }
};

// The states of the whole machine, of a branch, or of an item processor.
struct Machine {
  std::string start_at;
  std::vector<State> states;  // in the order of the text
};

// Calls `visit` for every state of the machine and of those inside it, with its location
// ("/States/M/Iterator/States/A").
void for_each_state(const Machine& machine, const std::function<void(const State&, const std::string&)>& visit);

struct Definition {
  Kind kind = Kind::standard;
  std::string comment;
  std::optional<std::int64_t> timeout_s;
  Machine machine;
  std::unordered_map<std::string_view, const State*> states;  // of all containers, by name

  // Null if there is no such state.
  const State* find(std::string_view name) const {
    const auto found = states.find(name);
    return found == states.end() ? nullptr : found->second;
  }
};

}  // namespace tocsin::asl
