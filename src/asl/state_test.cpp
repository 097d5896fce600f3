#include "asl/state_test.h"

#include <fmt/format.h>

#include "asl/detail/reader.h"
#include "asl/detail/run.h"

namespace tocsin::asl {
namespace {

constexpr std::string_view only_state = "StateName";  // the service's own name for a state that is tested alone

}  // namespace

// One tested state in an execution of its own.
class StateProbe {
 public:
  StateProbe(const StateTest& test, const Definition& definition, const State& state, Time now, Random& random)
      : test_(test), state_(state), run_(definition, execution_, now, random) {
    execution_.context.record_history = false;
    execution_.context.execution_name = "test";
    execution_.context.execution_arn = "arn:aws:states:us-east-1:000000000000:express:test:test";
    execution_.context.state_machine_name = "test";
    execution_.context.state_machine_arn = "arn:aws:states:us-east-1:000000000000:stateMachine:test";
    execution_.started = now;
    execution_.input = test.input;
    run_.bare_causes_ = true;
    if (test.context) run_.context_ = json::value(*test.context);
    Frame& frame = run_.make_frame(FrameId{}, 0);
    frame.state = state.name;
    frame.entered = now;
    frame.entered_event = 1;
    frame.input = test.input;
    frame.variables = test.variables;
    frame.retries.assign(state.retriers.size(), test.retries_used);
    if (const auto* token = test.context ? find(*test.context, "Task.Token") : nullptr; token && token->is_string())
      frame.task_token = std::string_view(token->get_string());
  }

  Result<StateTestResult> probe() {
    result_.inspection["input"] = to_text(test_.input);
    inspect_input();
    if (auto ran = perform(); !ran) return pass_on(ran);
    conclude();
    return std::move(result_);
  }

 private:
  Frame& frame() { return execution_.frames.begin()->second; }
  void show(std::string_view field, const json::value& value) { result_.inspection[field] = to_text(value); }
  void show(std::string_view field, const Outcome<json::value>& value) {
    if (value) show(field, *value);
  }

  void inspect_input() {
    Frame& here = frame();
    const bool given_result = state_.type == StateType::pass && state_.result;
    if (!given_result && state_.type != StateType::parallel) show("afterInputPath", run_.effective_input(here, state_));
    if (state_.type == StateType::task || (state_.type == StateType::pass && !given_result))
      show("afterParameters", run_.with_parameters(here, state_, state_.parameters));
    if (state_.type == StateType::map) inspect_map();
  }

  void inspect_map() {
    const auto items = run_.map_items(frame(), state_);
    Fork fork;
    if (!items || !run_.read_concurrency(frame(), state_, fork) || !run_.read_tolerance(frame(), state_, fork)) return;
    show("afterItemsPath", *items);
    const auto& map = state_.as<MapFields>();
    result_.inspection["maxConcurrency"] = static_cast<std::int64_t>(map.concurrency_max.value.value_or(0));
    if (fork.failures_tolerated) result_.inspection["toleratedFailureCount"] = *fork.failures_tolerated;
    if (fork.failure_percentage_tolerated)
      result_.inspection["toleratedFailurePercentage"] = *fork.failure_percentage_tolerated;
  }

  void inspect_result(const json::value& result) {
    FrameScope scope(run_, frame());
    auto selected =
        state_.result_selector ? evaluate(*state_.result_selector, result, scope) : Outcome<json::value>(result);
    if (!selected) return;
    show("afterResultSelector", *selected);
    show("afterResultPath", run_.place_result(frame(), state_.result_path, *selected));
  }

  Result<void> perform() {
    switch (state_.type) {
      case StateType::task:
        return perform_task();
      case StateType::parallel:
      case StateType::map:
        return perform_fork();
      case StateType::pass: {
        if (state_.result) show("result", *state_.result);
        auto result = state_.result ? Outcome<json::value>(*state_.result)
                                    : run_.with_parameters(frame(), state_, state_.parameters);
        if (result) inspect_result(*result);
        break;
      }
      default:
        break;
    }
    run_.run_state(frame());
    // A Wait takes no time in a test.
    if (!execution_.finished() && frame().phase == Phase::waiting) run_.happen(TimerFired{frame().timer});
    return {};
  }

  Result<void> perform_task() {
    run_.run_state(frame());
    if (execution_.finished() || frame().phase != Phase::task) return {};
    const ScheduleTask* task = nullptr;
    for (const auto& command : run_.step_.commands)
      if (const auto* scheduled = std::get_if<ScheduleTask>(&command)) task = scheduled;
    if (!test_.mock && !test_.perform)
      return fail(ErrorCode::validation, "the test of a Task state needs a mock", "ValidationException");
    const auto id = task->task;
    const StateOutcome outcome = test_.mock ? *test_.mock : test_.perform(*task);
    if (outcome.result) {
      show("result", *outcome.result);
      inspect_result(*outcome.result);
      run_.happen(TaskSucceeded{id, *outcome.result});
    } else {
      run_.happen(TaskFailed{id, outcome.error, outcome.cause});
    }
    return {};
  }

  // Branches and items are not run: what they give together is the mock.
  Result<void> perform_fork() {
    if (!test_.mock)
      return fail(ErrorCode::validation, "the test of a Parallel or Map state needs a mock", "ValidationException");
    Frame& here = frame();
    if (auto wrong = fork_failure()) {
      run_.evaluation_failed(here, state_, std::move(*wrong));
    } else if (!test_.mock->result) {
      run_.failed(here, state_, {test_.mock->error, test_.mock->cause});
    } else if (too_many_failures()) {
      run_.failed(here, state_,
                  {"States.ExceedToleratedFailureThreshold", "The specified tolerated failure threshold was exceeded"});
    } else {
      inspect_result(*test_.mock->result);
      run_.complete(here, state_, *test_.mock->result);
    }
    return {};
  }

  // What goes wrong before the first branch or item would run.
  std::optional<Failure> fork_failure() {
    if (state_.type == StateType::parallel) {
      auto input = run_.with_parameters(frame(), state_, state_.parameters);
      return input ? std::nullopt : std::optional(std::move(input.error()));
    }
    Fork fork;
    if (auto items = run_.map_items(frame(), state_); !items) return std::move(items.error());
    if (auto read = run_.read_concurrency(frame(), state_, fork); !read) return std::move(read.error());
    if (auto read = run_.read_tolerance(frame(), state_, fork); !read) return std::move(read.error());
    return std::nullopt;
  }

  bool too_many_failures() {
    if (state_.type != StateType::map) return false;
    Fork fork;
    const auto items = run_.map_items(frame(), state_);
    if (!items || !run_.read_tolerance(frame(), state_, fork)) return false;
    fork.items = items->get_array();
    fork.failed_items = static_cast<std::size_t>(test_.failed_items);
    return !is_tolerated(fork);
  }

  void conclude() {
    if (run_.last_failure_) {
      result_.error = run_.last_failure_->error;
      if (!run_.last_failure_->cause.empty()) result_.cause = run_.last_failure_->cause;
      show_handler();
    }
    if (execution_.status == Status::succeeded) {
      result_.status = TestStatus::succeeded;
      result_.output = execution_.output;
    } else if (execution_.finished()) {
      result_.status = TestStatus::failed;
      result_.error = execution_.error;
      result_.cause = execution_.cause;
    } else if (frame().phase == Phase::retrying) {
      result_.status = TestStatus::retriable;
    } else {
      result_.status = run_.last_failure_ ? TestStatus::caught_error : TestStatus::succeeded;
      result_.output = frame().input;
      result_.next_state = frame().state;
    }
  }

  void show_handler() {
    json::object details;
    if (run_.matched_retrier_) details["retryIndex"] = static_cast<std::int64_t>(*run_.matched_retrier_);
    if (run_.retry_delay_) details["retryBackoffIntervalSeconds"] = run_.retry_delay_->count() / 1'000'000;
    if (run_.matched_catcher_) details["catchIndex"] = static_cast<std::int64_t>(*run_.matched_catcher_);
    if (!details.empty()) result_.inspection["errorDetails"] = std::move(details);
  }

  const StateTest& test_;
  const State& state_;
  Execution execution_;
  Run run_;
  StateTestResult result_;
};

namespace {

std::unexpected<Error> not_in_definition() {
  return fail(ErrorCode::validation, "State not found in definition", "ValidationException", "stateName");
}

// A state alone is wrapped into a machine, without asking where it leads.
Result<DefinitionPtr> read_definition(std::string_view text, bool is_named) {
  auto document = parse_json_object(text);
  if (!document)
    return fail(ErrorCode::validation, fmt::format("Invalid State Definition: '{}'", document.error().message),
                "InvalidDefinition", "definition");
  if (document->contains("States")) return compile(text, Kind::standard);
  if (is_named) return not_in_definition();
  return compile_single_state(*document, only_state);
}

}  // namespace

Result<TestedState> read_tested_state(std::string_view text, const std::optional<std::string>& name) {
  auto definition = read_definition(text, name.has_value());
  if (!definition) return pass_on(definition);
  const auto* state = (*definition)->find(name.value_or(std::string(only_state)));
  if (!state) return not_in_definition();
  return TestedState{std::move(*definition), state};
}

std::string_view to_string(TestStatus status) {
  constexpr std::string_view names[] = {"SUCCEEDED", "FAILED", "RETRIABLE", "CAUGHT_ERROR"};
  return names[static_cast<std::size_t>(status)];
}

Result<StateTestResult> test_state(const StateTest& test, Time now, Random& random) {
  return StateProbe(test, *test.tested.definition, *test.tested.state, now, random).probe();
}

}  // namespace tocsin::asl
