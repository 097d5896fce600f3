#include <charconv>

#include <fmt/format.h>

#include "asl/detail/run.h"
#include "core/identity.h"

namespace tocsin::asl {
namespace {

constexpr std::string_view token_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::size_t token_length = 96;
const json::object not_truncated{{"truncated", false}};

json::object failure_details(std::string_view error, std::string_view cause) {
  json::object details{{"error", error}};
  if (!cause.empty()) details["cause"] = cause;
  return details;
}

// The name under which the service reports a result that is too long: the service for "arn:aws:states:::lambda:invoke",
// else the resource.
std::string_view result_owner(const TaskFields& task) {
  return task.kind == ResourceKind::service && !task.resource_type.empty() ? std::string_view(task.resource_type)
                                                                           : std::string_view(task.resource);
}

}  // namespace

void Run::run_task(Frame& frame, const State& state) {
  const auto& task = state.as<TaskFields>();
  const bool hands_out = task.integration == Integration::wait_for_task_token || task.kind == ResourceKind::activity;
  // Each attempt, after a retry or a redrive too, hands out its own: an answer to an earlier one is not this one's.
  const auto token = hands_out ? make_text(random_, token_length, token_alphabet) : std::string();
  // $$.Task exists for callbacks only, although an activity has a token too.
  frame.task_token = task.integration == Integration::wait_for_task_token ? token : std::string();
  auto input = with_parameters(frame, state, state.parameters);
  if (!input) return evaluation_failed(frame, state, std::move(input.error()));
  const auto timeout = task_seconds(frame, state, task.timeout_s, "TimeoutSeconds");
  if (!timeout) return evaluation_failed(frame, state, timeout.error());
  const auto heartbeat = task_seconds(frame, state, task.heartbeat_s, "HeartbeatSeconds");
  if (!heartbeat) return evaluation_failed(frame, state, heartbeat.error());
  if (is_too_large(*input))
    return failed(frame, state, {"States.DataLimitExceeded", too_long_cause(result_owner(task))});
  frame.task_token = token;
  schedule(frame, state, std::move(*input), *timeout, *heartbeat);
}

// A number of seconds, 0 where the definition gives none.
Outcome<std::int64_t> Run::task_seconds(const Frame& frame, const State& state, const NumberField& field,
                                        std::string_view name) {
  if (field.value) return static_cast<std::int64_t>(*field.value);
  if (!field.path) return 0;
  auto input = effective_input(frame, state);
  if (!input) return std::unexpected(std::move(input.error()));
  FrameScope scope(*this, frame);
  std::string why;
  const auto* value = find(*field.path, *input, scope, why);
  if (!value)
    return fail_state("States.Runtime", fmt::format("The {}Path parameter does not reference an input value: {}", name,
                                                    field.path->text));
  const auto text = value->is_string() ? std::string(std::string_view(value->get_string())) : to_text(*value);
  std::int64_t seconds = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (code == std::errc{} && end == text.data() + text.size() && seconds >= 1 && seconds <= 99'999'999) return seconds;
  return fail_state("States.Runtime",
                    fmt::format("The {}Path parameter cannot be parsed as a positive long value: {} == {}", name,
                                field.path->text, text));
}

void Run::schedule(Frame& frame, const State& state, json::value input, std::int64_t timeout_s,
                   std::int64_t heartbeat_s) {
  const auto& task = state.as<TaskFields>();
  json::value credentials;
  if (task.credentials) {
    auto effective = effective_input(frame, state);
    if (!effective) return evaluation_failed(frame, state, std::move(effective.error()));
    FrameScope scope(*this, frame);
    auto evaluated = evaluate(*task.credentials, *effective, scope);
    if (!evaluated) return evaluation_failed(frame, state, std::move(evaluated.error()));
    credentials = std::move(*evaluated);
  }
  json::object details;
  if (recording()) {
    if (task.kind == ResourceKind::service) {
      const auto arn = parse_arn(execution_.context.execution_arn);
      details = {{"region", arn ? arn->region : std::string()}, {"parameters", to_text(input)}};
    } else {
      details = {{"resource", task.resource}, {"input", to_text(input)}, {"inputDetails", not_truncated}};
    }
    if (timeout_s > 0) details["timeoutInSeconds"] = timeout_s;
    if (heartbeat_s > 0 && task.kind != ResourceKind::lambda) details["heartbeatInSeconds"] = heartbeat_s;
    if (credentials.is_object() && credentials.get_object().contains("RoleArn"))
      details["taskCredentials"] = {{"roleArn", credentials.get_object().at("RoleArn")}};
  }
  emit_task(frame, state, "Scheduled", std::move(details));
  frame.phase = Phase::task;
  frame.task = TaskId{next_number()};
  execution_.waiting[static_cast<std::int64_t>(frame.task)] = frame.id;
  frame.heartbeat_s = heartbeat_s;
  frame.scheduled = now_;
  ScheduleTask command{.task = frame.task,
                       .state = state.name,
                       .resource = task.resource,
                       .integration = task.integration,
                       .input = std::move(input),
                       .timeout = {},
                       .heartbeat = {},
                       .task_token = frame.task_token,
                       .credentials = std::move(credentials),
                       .attempt = 0};
  if (timeout_s > 0) command.timeout = std::chrono::seconds(timeout_s);
  if (heartbeat_s > 0) command.heartbeat = std::chrono::seconds(heartbeat_s);
  for (const auto used : frame.retries) command.attempt += used;
  step_.commands.emplace_back(std::move(command));
  if (timeout_s > 0)
    frame.timer = set_timer(frame, now_ + std::chrono::seconds(timeout_s));
  else
    execution_.without_timeout.insert(frame.task);
  frame.task_started = false;
  // Whoever performs the command is the worker, but for activities, whose workers come and ask.
  if (task.kind != ResourceKind::activity) {
    frame.task_started = true;
    emit_task(frame, state, "Started", {});
    start_heartbeat(frame, state);
  }
}

void Run::start_heartbeat(Frame& frame, const State&) {
  cancel_timer(frame.heartbeat_timer);
  if (frame.heartbeat_s > 0) frame.heartbeat_timer = set_timer(frame, now_ + std::chrono::seconds(frame.heartbeat_s));
}

Frame* Run::task_frame(TaskId task) {
  auto* frame = find_frame(static_cast<std::int64_t>(task));
  return frame && frame->phase == Phase::task && frame->task == task ? frame : nullptr;
}

void Run::task_started(const TaskStarted& happened) {
  auto* frame = task_frame(happened.task);
  if (!frame || frame->task_started) return;
  frame->task_started = true;
  const auto& state = state_of(*frame);
  json::object details;
  if (!happened.worker.empty()) details["workerName"] = happened.worker;
  emit_task(*frame, state, "Started", std::move(details));
  start_heartbeat(*frame, state);
}

void Run::task_submitted(const TaskSubmitted& happened) {
  auto* frame = task_frame(happened.task);
  if (!frame) return;
  const auto& state = state_of(*frame);
  if (state.as<TaskFields>().integration == Integration::request_response || frame->task_submitted) return;
  frame->task_submitted = true;
  json::object details;
  if (recording()) details = {{"output", to_text(happened.output)}, {"outputDetails", not_truncated}};
  emit_task(*frame, state, "Submitted", std::move(details));
  if (state.as<TaskFields>().integration == Integration::wait_for_task_token) start_heartbeat(*frame, state);
}

// The task's id and timers are forgotten: whatever comes for it from now on is late.
void Run::task_over(Frame& frame) {
  execution_.waiting.erase(static_cast<std::int64_t>(frame.task));
  execution_.without_timeout.erase(frame.task);
  frame.task = TaskId{};
  frame.task_started = false;
  frame.task_submitted = false;
  frame.scheduled = {};
  frame.heartbeat_s = 0;
  cancel_timer(frame.timer);
  cancel_timer(frame.heartbeat_timer);
}

void Run::task_succeeded(const TaskSucceeded& happened) {
  auto* frame = task_frame(happened.task);
  if (!frame) return;
  const auto& state = state_of(*frame);
  const bool too_long = is_too_large(happened.output);
  if (too_long)
    return task_failed(
        {happened.task, "States.DataLimitExceeded", too_long_cause(result_owner(state.as<TaskFields>()))});
  if (!frame->task_started) emit_task(*frame, state, "Started", {});
  task_over(*frame);
  json::object details;
  if (recording()) details = {{"output", to_text(happened.output)}, {"outputDetails", not_truncated}};
  emit_task(*frame, state, "Succeeded", std::move(details));
  complete(*frame, state, happened.output);
}

void Run::task_failed(const TaskFailed& happened) {
  auto* frame = task_frame(happened.task);
  if (!frame) return;
  const auto& state = state_of(*frame);
  if (!frame->task_started) emit_task(*frame, state, "Started", {});
  task_over(*frame);
  emit_task(*frame, state, "Failed", failure_details(happened.error, happened.cause));
  failed(*frame, state, {happened.error, happened.cause});
}

void Run::task_heartbeat(const TaskHeartbeat& happened) {
  auto* frame = task_frame(happened.task);
  if (frame && frame->heartbeat_timer != TimerId{}) start_heartbeat(*frame, state_of(*frame));
}

void Run::task_overdue(const TaskOverdue& happened) {
  auto* frame = task_frame(happened.task);
  if (frame) task_timed_out(*frame, state_of(*frame), false);
}

void Run::task_timed_out(Frame& frame, const State& state, bool by_heartbeat) {
  step_.commands.push_back(CancelTask{frame.task});
  task_over(frame);
  emit_task(frame, state, "TimedOut", failure_details("States.Timeout", ""));
  failed(frame, state, {by_heartbeat ? "States.HeartbeatTimeout" : "States.Timeout", ""});
}

}  // namespace tocsin::asl
