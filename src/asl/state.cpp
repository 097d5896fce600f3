#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "asl/detail/run.h"
#include "asl/detail/text.h"
#include "core/time_format.h"

namespace tocsin::asl {
namespace {

constexpr std::size_t all_variables_bytes_max = 10 * 1024 * 1024;

Outcome<json::value> read_path_field(const PathField& field, const json::value& document, Scope& scope) {
  if (field.is_null) return json::value(json::object());
  if (field.path.is_whole_input()) return document;
  return evaluate(field.path, document, scope);
}

}  // namespace

// InputPath of the raw input.
Outcome<json::value> Run::effective_input(const Frame& frame, const State& state) {
  FrameScope scope(*this, frame);
  return read_path_field(state.input_path, frame.input, scope);
}

Outcome<const json::value*> Run::view_input(const Frame& frame, const State& state, json::value& own) {
  const auto& field = state.input_path;
  if (!field.is_null && field.path.is_whole_input()) return &frame.input;
  if (!field.is_null && field.path.root == PathExpression::Root::input && field.path.path.is_definite())
    if (const auto found = field.path.path.find(frame.input)) return *found;
  auto input = effective_input(frame, state);
  if (!input) return std::unexpected(std::move(input.error()));
  own = std::move(*input);
  return &own;
}

Outcome<json::value> Run::with_parameters(const Frame& frame, const State& state,
                                          const std::optional<Template>& parameters) {
  if (!parameters) return effective_input(frame, state);
  json::value own;
  auto input = view_input(frame, state, own);
  if (!input) return std::unexpected(std::move(input.error()));
  FrameScope scope(*this, frame);
  return evaluate(*parameters, **input, scope);
}

void Run::run_pass(Frame& frame, const State& state) {
  if (state.result) return complete(frame, state, *state.result);
  auto result = with_parameters(frame, state, state.parameters);
  if (!result) return evaluation_failed(frame, state, std::move(result.error()));
  complete(frame, state, std::move(*result));
}

void Run::run_succeed(Frame& frame, const State& state) {
  auto input = effective_input(frame, state);
  if (!input) return evaluation_failed(frame, state, std::move(input.error()));
  complete(frame, state, std::move(*input));
}

void Run::run_fail(Frame& frame, const State& state) {
  const auto& fields = state.as<FailFields>();
  Failure failure{fields.error.value_or(""), fields.cause.value_or("")};
  FrameScope scope(*this, frame);
  const auto read = [&](const std::optional<Expression>& path, std::string_view field, std::string& into) -> bool {
    if (!path) return true;
    auto value = evaluate(*path, frame.input, scope, field);
    if (!value) {
      evaluation_failed(frame, state, std::move(value.error()));
      return false;
    }
    if (!value->is_string()) {
      evaluation_failed(frame, state,
                        {"States.Runtime", fmt::format("The field '{}' must be a string, but was: {}", field,
                                                       to_text(*value).substr(0, 1000))});
      return false;
    }
    into = std::string_view(value->get_string());
    return true;
  };
  if (!read(fields.error_path, "ErrorPath", failure.error) || !read(fields.cause_path, "CausePath", failure.cause))
    return;
  failed_for_good(frame, state, std::move(failure));
}

void Run::run_choice(Frame& frame, const State& state) {
  const auto& choice = state.as<ChoiceFields>();
  auto input = effective_input(frame, state);
  if (!input) return evaluation_failed(frame, state, std::move(input.error()));
  FrameScope scope(*this, frame);
  Failure failure;
  const auto chosen = choose(choice, *input, scope, failure);
  if (!failure.error.empty()) return evaluation_failed(frame, state, std::move(failure));
  if (!chosen && choice.otherwise.empty())
    return evaluation_failed(
        frame, state,
        {"States.NoChoiceMatched", "Failed to transition out of the state. The state does not point to a next state."});
  auto output = read_path_field(state.output_path, *input, scope);
  if (!output) return evaluation_failed(frame, state, std::move(output.error()));
  // The state's own Assign belongs to Default.
  const auto& values = chosen ? choice.rules[*chosen].assign : state.assign;
  const auto& next = chosen ? choice.rules[*chosen].next : choice.otherwise;
  exit_state(frame, state, values, *input, next, std::move(*output));
}

void Run::run_wait(Frame& frame, const State& state) {
  auto due = wait_until(frame, state);
  if (!due) return evaluation_failed(frame, state, std::move(due.error()));
  frame.phase = Phase::waiting;
  if (*due > now_) {
    frame.timer = set_timer(frame, *due);
    return;
  }
  auto input = effective_input(frame, state);
  if (!input) return evaluation_failed(frame, state, std::move(input.error()));
  complete(frame, state, std::move(*input));
}

Outcome<Time> Run::wait_until(Frame& frame, const State& state) {
  const auto& wait = state.as<WaitFields>();
  if (wait.seconds) return now_ + std::chrono::seconds(*wait.seconds);
  if (wait.timestamp) return *wait.timestamp;
  auto input = effective_input(frame, state);
  if (!input) return std::unexpected(std::move(input.error()));
  FrameScope scope(*this, frame);
  const bool by_seconds = wait.seconds_path.has_value();
  const auto& path = by_seconds ? *wait.seconds_path : *wait.timestamp_path;
  std::string why;
  const auto* value = find(path, *input, scope, why);
  if (!value)
    return fail_state("States.Runtime", fmt::format("The {} parameter does not reference an input value: {}",
                                                    by_seconds ? "SecondsPath" : "TimestampPath", path.text));
  const auto shown = value->is_string() ? std::string(std::string_view(value->get_string())) : to_text(*value);
  if (!by_seconds) {
    const auto time = value->is_string() ? parse_rfc3339(value->get_string()) : parse_rfc3339("");
    if (time) return *time;
    return fail_state(
        "States.Runtime",
        fmt::format("The TimestampPath parameter does not reference a valid ISO-8601 extended offset date-time "
                    "format string: {} == {}",
                    path.text, shown));
  }
  std::int64_t seconds = -1;
  const auto [end, code] = std::from_chars(shown.data(), shown.data() + shown.size(), seconds);
  if (code == std::errc{} && end == shown.data() + shown.size() && seconds >= 0 && seconds <= 99'999'999)
    return now_ + std::chrono::seconds(seconds);
  return fail_state(
      "States.Runtime",
      fmt::format("The SecondsPath parameter cannot be parsed as a long value: {} == {}", path.text, shown));
}

// The result goes into the raw input at ResultPath.
Outcome<json::value> Run::place_result(const Frame& frame, const ResultPath& path, json::value result) {
  if (path.is_null) return frame.input;
  if (path.path.is_root()) return result;
  json::value combined = frame.input;
  if (!path.path.assign(combined, std::move(result)))
    return fail_state("States.ResultPathMatchFailure", fmt::format("Unable to apply step \"{}\" to input \"{}\"",
                                                                   path.path.text(), to_text(frame.input)));
  return combined;
}

void Run::complete(Frame& frame, const State& state, json::value result) {
  FrameScope scope(*this, frame);
  if (state.result_selector) {
    auto selected = evaluate(*state.result_selector, result, scope);
    if (!selected) return evaluation_failed(frame, state, std::move(selected.error()));
    result = std::move(*selected);
  }
  std::optional<json::value> assign_input;
  if (state.assign) assign_input = result;
  auto combined = place_result(frame, state.result_path, std::move(result));
  if (!combined) return evaluation_failed(frame, state, std::move(combined.error()));
  auto output = read_path_field(state.output_path, *combined, scope);
  if (!output) return evaluation_failed(frame, state, std::move(output.error()));
  exit_state(frame, state, state.assign, assign_input ? *assign_input : json::value(), state.next, std::move(*output));
}

// Variables are set together: all values are evaluated before the first is changed, and after the output was made.
void Run::exit_state(Frame& frame, const State& state, const std::optional<Template>& assign_values,
                     const json::value& assign_input, std::string_view next, json::value output) {
  auto values = assign(frame, assign_values, assign_input);
  if (!values) return evaluation_failed(frame, state, std::move(values.error()));
  std::string text;
  if (recording()) text = to_text(output);
  if (text.size() > payload_bytes_max || is_too_large(output))
    return failed(frame, state, {"States.DataLimitExceeded", too_long_cause(state.name)});
  emit_exited(frame, state, text, *values);
  set_variables(frame, std::move(*values));
  leave(frame, state, next, std::move(output));
}

Outcome<json::object> Run::assign(Frame& frame, const std::optional<Template>& values, const json::value& input) {
  if (!values) return json::object();
  FrameScope scope(*this, frame);
  auto evaluated = evaluate(*values, input, scope);
  if (!evaluated) return std::unexpected(std::move(evaluated.error()));
  if (is_too_large(*evaluated))
    return fail_state("States.DataLimitExceeded",
                      "The values of Assign are longer than 262144 bytes together, or nested too deeply.");
  std::size_t bytes = to_text(*evaluated).size();
  for (const auto& [id, other] : execution_.frames)
    if (!other.variables.empty()) bytes += to_text(other.variables).size();
  if (bytes > all_variables_bytes_max)
    return fail_state("States.DataLimitExceeded",
                      "The variables of the execution are longer than 10485760 bytes together.");
  return std::move(evaluated->get_object());
}

void Run::set_variables(Frame& frame, json::object values) {
  for (auto& value : values) frame.variables[value.key()] = std::move(value.value());
}

}  // namespace tocsin::asl
