#include "workflows/state_tests.h"

#include <algorithm>

#include <fmt/format.h>

#include "asl/state_test.h"

namespace tocsin::workflows {
namespace {

constexpr std::chrono::minutes test_max{5};  // as AWS allows
constexpr std::chrono::seconds last_look{2};
constexpr std::chrono::hours kept_for{1};
constexpr std::size_t kept_max = 1'000;  // results of tests that nobody asked for yet

std::unexpected<Error> invalid(std::string message, std::string path = {}) {
  return fail(ErrorCode::validation, std::move(message), "ValidationException", std::move(path));
}

Result<json::value> read_json(const json::object& input, std::string_view member, std::string_view otherwise,
                              bool is_object) {
  auto value = parse_json(string_at(input, member, otherwise));
  if (!value || (is_object && !value->is_object()))
    return invalid(fmt::format("The field '{}' must be {}.", member, is_object ? "a JSON object" : "JSON"),
                   std::string(member));
  return value;
}

class StateTestCall {
 public:
  StateTestCall(store::Transaction& transaction, const service::Call& call, const Tasks& tasks,
                StateTestResults& results)
      : transaction_{transaction}, call_{call}, tasks_{tasks}, results_{results}, input_{call.input} {}

  service::Answer run() {
    if (auto read = this->read(); !read) return pass_on(read);
    test_.perform = [this](const asl::ScheduleTask& task) { return perform(task); };
    auto result = asl::test_state(test_, transaction_.now(), transaction_.random());
    if (refusal_) return std::unexpected(std::move(*refusal_));
    if (is_pending_) return timed_out() ? timeout() : service::Answer{json::object{}};
    if (!result) return pass_on(result);
    return show(*result);
  }

 private:
  Result<void> read() {
    std::optional<std::string> state_name;
    if (const auto name = string_at(input_, "stateName"); !name.empty()) state_name = name;
    auto tested = asl::read_tested_state(string_at(input_, "definition"), state_name);
    if (!tested) return pass_on(tested);
    test_.tested = std::move(*tested);
    auto value = parse_json(string_at(input_, "input", "{}"));
    if (!value)
      return fail(ErrorCode::validation,
                  fmt::format("Invalid State Machine Execution Input: '{}'", value.error().message),
                  "InvalidExecutionInput", "input");
    test_.input = std::move(*value);
    auto variables = read_json(input_, "variables", "{}", true);
    if (!variables) return pass_on(variables);
    test_.variables = std::move(variables->get_object());
    if (auto read = read_configuration(); !read) return read;
    return read_mock(*test_.tested.state);
  }

  Result<void> read_configuration() {
    test_.retries_used = integer_at(input_, "stateConfiguration.retrierRetryCount");
    test_.failed_items = integer_at(input_, "stateConfiguration.mapIterationFailureCount");
    if (find(input_, "stateConfiguration.mapItemReaderData"))
      return invalid("ItemReader is not supported here, and so is no data of one.",
                     "stateConfiguration.mapItemReaderData");
    if (!input_.contains("context")) return {};
    if (!input_.contains("mock")) return invalid("A context can be given only with a mock.", "context");
    auto context = read_json(input_, "context", "{}", true);
    if (!context) return pass_on(context);
    test_.context = std::move(context->get_object());
    return {};
  }

  Result<void> read_mock(const asl::State& state) {
    const auto* mock = input_.if_contains("mock");
    const bool is_fork = state.type == asl::StateType::map || state.type == asl::StateType::parallel;
    const auto* task = std::get_if<asl::TaskFields>(&state.fields);
    if (!mock || !mock->is_object()) {
      const bool waits = task && (task->kind == asl::ResourceKind::activity ||
                                  task->integration != asl::Integration::request_response);
      if (is_fork || waits)
        return invalid(
            "Activity tasks, .sync or .waitForTaskToken service integration patterns, Parallel, or Map states can be "
            "tested only with a mock.",
            "mock");
      return {};
    }
    if (!is_fork && !task)
      return invalid(
          fmt::format("State type '{}' is not supported when a mock is specified", asl::to_string(state.type)), "mock");
    const auto& given = mock->get_object();
    if (given.contains("result") == given.contains("errorOutput"))
      return invalid("A test mock should have only one of the following fields: [result, errorOutput].", "mock");
    asl::StateOutcome outcome;
    if (given.contains("errorOutput")) {
      outcome.error = string_at(given, "errorOutput.error");
      outcome.cause = string_at(given, "errorOutput.cause");
    } else {
      auto result = parse_json(string_at(given, "result"));
      if (!result) return invalid("Mocked result must be valid JSON", "mock.result");
      if (is_fork && !result->is_array()) return invalid("Mocked result must be an array.", "mock.result");
      const auto mode = string_at(given, "fieldValidationMode", "STRICT");
      if (auto fits = task ? check_result(*task, *result, mode) : Result<void>{}; !fits) return fits;
      outcome.result = std::move(*result);
    }
    test_.mock = std::move(outcome);
    return {};
  }

  // STRICT: what the operation's model requires is there; PRESENT: what is there fits.
  Result<void> check_result(const asl::TaskFields& task, const json::value& result, std::string_view mode) {
    if (mode == "NONE" || result.is_null()) return {};
    auto problem = tasks_.check_result(task.resource, result, mode == "STRICT");
    if (!problem) return {};
    return invalid(std::move(*problem), "mock.result");
  }

  asl::StateOutcome perform(const asl::ScheduleTask& task) {
    if (asl::is_integration(task.resource, http_invoke)) return call_outside(task);
    auto outcome = tasks_.perform(transaction_, task.resource, task.input);
    return to_state_outcome(std::move(outcome));
  }

  static asl::StateOutcome to_state_outcome(TaskOutcome outcome) {
    if (auto* value = std::get_if<json::value>(&outcome)) return {.result = std::move(*value)};
    auto& failure = std::get<TaskFailure>(outcome);
    return {.result = {}, .error = std::move(failure.error), .cause = std::move(failure.cause)};
  }

  // The first run hands the call in; the run after its return finds what it brought.
  asl::StateOutcome call_outside(const asl::ScheduleTask& task) {
    const std::string key = std::string(state_test_prefix) + std::string(call_.request_id);
    if (const auto kept = results_.find(key)) return take(key, *kept);
    is_pending_ = true;
    if (transaction_.exists("SELECT 1 FROM state_test WHERE key = ?", key)) return {};
    transaction_.execute("DELETE FROM state_test WHERE created < ?", transaction_.now() - kept_for);
    transaction_.execute("INSERT INTO state_test (key, created) VALUES (?,?)", key, transaction_.now());
    OutsideTasks::add(transaction_, task.input, key, bool_at(input_, "revealSecrets"));
    return {};
  }

  asl::StateOutcome take(const std::string& key, const json::object& kept) {
    transaction_.execute("DELETE FROM state_test WHERE key = ?", key);
    transaction_.on_commit([&results = results_, key] { results.forget(key); });
    for (const auto* part : {"request", "response"})
      if (const auto* shown = kept.if_contains(part); shown && shown->is_object() && !shown->get_object().empty())
        trace_[part] = *shown;
    asl::StateOutcome outcome;
    if (const auto* result = kept.if_contains("result")) outcome.result = *result;
    outcome.error = string_at(kept, "error");
    outcome.cause = string_at(kept, "cause");
    return outcome;
  }

  bool timed_out() const { return call_.waited >= test_max - last_look; }
  static service::Answer timeout() { return json::object{{"status", "FAILED"}, {"error", "States.Timeout"}}; }

  service::Answer show(asl::StateTestResult& result) {
    json::object answer{{"status", to_string(result.status)}};
    if (result.output) answer["output"] = asl::to_text(*result.output);
    if (result.error) answer["error"] = *result.error;
    if (result.cause) answer["cause"] = *result.cause;
    if (result.next_state) answer["nextState"] = *result.next_state;
    const auto level = string_at(input_, "inspectionLevel", "INFO");
    if (level == "INFO") return answer;
    if (level == "TRACE")
      for (auto& [part, shown] : trace_) result.inspection[part] = shown;
    answer["inspectionData"] = std::move(result.inspection);
    return answer;
  }

  store::Transaction& transaction_;
  const service::Call& call_;
  const Tasks& tasks_;
  StateTestResults& results_;
  const json::object& input_;
  asl::StateTest test_;
  json::object trace_;
  std::optional<Error> refusal_;
  bool is_pending_ = false;
};

std::string signal_of(std::string_view key) {
  return "state-test:" + std::string(key.substr(state_test_prefix.size()));
}

}  // namespace

// Before the commit: a change that is rolled back runs again, and brings the same.
void StateTestResults::keep(store::Transaction& transaction, const std::string& key, const OutsideResult& result) {
  json::object kept{{"request", result.request}, {"response", result.response}};
  if (const auto* value = std::get_if<json::value>(&result.outcome)) {
    kept["result"] = *value;
  } else {
    kept["error"] = std::get<TaskFailure>(result.outcome).error;
    kept["cause"] = std::get<TaskFailure>(result.outcome).cause;
  }
  {
    const std::lock_guard lock{mutex_};
    // Nobody waits for these any more.
    std::erase_if(kept_, [&](const auto& entry) { return entry.second.since < transaction.now() - test_max; });
    if (kept_.size() >= kept_max)
      kept_.erase(std::ranges::min_element(kept_, {}, [](const auto& entry) { return entry.second.since; }));
    kept_.insert_or_assign(key, Kept{transaction.now(), std::move(kept)});
  }
  transaction.signal(signal_of(key));
}

std::optional<json::object> StateTestResults::find(const std::string& key) const {
  const std::lock_guard lock{mutex_};
  const auto found = kept_.find(key);
  return found == kept_.end() ? std::nullopt : std::optional(found->second.result);
}

void StateTestResults::forget(const std::string& key) {
  const std::lock_guard lock{mutex_};
  kept_.erase(key);
}

std::size_t StateTestResults::size() const {
  const std::lock_guard lock{mutex_};
  return kept_.size();
}

service::Operation state_test_operation(const Tasks& tasks, StateTestResults& results) {
  service::Operation operation{"TestState",
                               service::Write{[&](store::Transaction& transaction, const service::Call& call) {
                                 return StateTestCall(transaction, call, tasks, results).run();
                               }},
                               store::Lane::workflow};
  operation.wait = [](const service::Call& call, const json::object& answer) -> std::optional<service::Wait> {
    if (answer.contains("status")) return std::nullopt;
    return service::Wait{"state-test:" + std::string(call.request_id), test_max};
  };
  return operation;
}

}  // namespace tocsin::workflows
