#include "asl/detail/run.h"

#include <fmt/format.h>

#include "core/check.h"

namespace tocsin::asl {
namespace {

constexpr std::int64_t express_seconds_max = 300;
const json::object not_truncated{{"truncated", false}};

json::object error_details(const std::optional<std::string>& error, const std::optional<std::string>& cause) {
  json::object details;
  if (error) details["error"] = *error;
  if (cause) details["cause"] = *cause;
  return details;
}

}  // namespace

const State& Run::state_of(const Frame& frame) const {
  const auto* state = definition_.find(frame.state);
  check(state != nullptr, "a frame's state must be in the definition that the execution was started with");
  return *state;
}

Frame* Run::find_frame(std::int64_t number) {
  const auto waiting = execution_.waiting.find(number);
  if (waiting == execution_.waiting.end()) return nullptr;
  return &execution_.frames.at(waiting->second);
}

Frame& Run::make_frame(FrameId parent, std::size_t index) {
  const FrameId id{next_number()};
  Frame& frame = execution_.frames[id];
  frame.id = id;
  frame.parent = parent;
  frame.index = index;
  return frame;
}

void Run::begin(const ContextInfo& info, json::value input) {
  execution_ = Execution{};
  execution_.context = info;
  execution_.started = now_;
  execution_.input = std::move(input);
  json::object details;
  if (recording())
    details = {{"input", to_text(execution_.input)}, {"inputDetails", not_truncated}, {"roleArn", info.role_arn}};
  emit_execution("ExecutionStarted", "executionStartedEventDetails", std::move(details));
  Frame& root = make_frame(FrameId{}, 0);
  if (is_too_large(execution_.input))
    return fail_execution({"States.DataLimitExceeded", too_long_cause(info.execution_name)});
  auto seconds = definition_.timeout_s;
  if (definition_.kind == Kind::express) seconds = std::min(seconds.value_or(express_seconds_max), express_seconds_max);
  if (seconds) {
    execution_.deadline_timer = TimerId{next_number()};
    step_.commands.push_back(SetTimer{execution_.deadline_timer, now_ + std::chrono::seconds(*seconds)});
  }
  enter(root, definition_.machine.start_at, execution_.input);
}

// The frame goes to `state`; the state itself runs when its turn comes, so that branches advance side by side.
void Run::enter(Frame& frame, std::string_view state, json::value input) {
  frame.state = state;
  frame.phase = Phase::entering;
  frame.entered = now_;
  frame.entered_event = 0;
  frame.input = std::move(input);
  frame.retries.clear();
  frame.task_token.clear();
  frame.fork.reset();
  ready_.push_back(frame.id);
}

Step Run::finish() {
  while (!(restored_.empty() && ready_.empty()) && !execution_.finished() && !history_full_) {
    if (!restored_.empty()) {
      const auto fork = execution_.frames.find(restored_.front());
      restored_.pop_front();
      if (fork != execution_.frames.end() && fork->second.phase == Phase::forked)
        feed(fork->second, state_of(fork->second));
      continue;
    }
    const auto found = execution_.frames.find(ready_.front());
    ready_.pop_front();
    if (found == execution_.frames.end() || found->second.phase != Phase::entering) continue;
    if (transitions_ == transitions_max) {
      pause();
      break;
    }
    ++transitions_;
    run_state(found->second);
  }
  if (history_full_ && !execution_.finished())
    fail_execution({"States.Runtime", "The execution reached the maximum number of history events (25000)."});
  return std::move(step_);
}

// What is ready stays Phase::entering; the timer makes it ready again.
void Run::pause() {
  ready_.clear();
  come_again();
}

void Run::come_again() {
  if (execution_.pause_timer != TimerId{}) return;
  execution_.pause_timer = TimerId{next_number()};
  step_.commands.push_back(SetTimer{execution_.pause_timer, now_});
}

void Run::run_state(Frame& frame) {
  const State& state = state_of(frame);
  if (frame.entered_event == 0) {
    emit_entered(frame, state);
    frame.retries.assign(state.retriers.size(), 0);
    if (history_full_) return;
  }
  switch (state.type) {
    case StateType::pass:
      return run_pass(frame, state);
    case StateType::task:
      return run_task(frame, state);
    case StateType::choice:
      return run_choice(frame, state);
    case StateType::wait:
      return run_wait(frame, state);
    case StateType::succeed:
      return run_succeed(frame, state);
    case StateType::fail:
      return run_fail(frame, state);
    case StateType::parallel:
      return run_parallel(frame, state);
    case StateType::map:
      return run_map(frame, state);
  }
}

// The state is done: to the next one, or out of the container.
void Run::leave(Frame& frame, const State&, std::string_view next, json::value output) {
  if (!next.empty()) return enter(frame, next, std::move(output));
  if (frame.parent != FrameId{}) return child_succeeded(frame, std::move(output));
  if (history_full_) return;
  end(Status::succeeded, std::move(output), std::nullopt, std::nullopt);
}

// Everything that still runs is stopped; its frames stay for a redrive.
void Run::fail_execution(Failure failure) {
  std::optional<std::string> error;
  std::optional<std::string> cause;
  if (!failure.error.empty()) error = std::move(failure.error);
  if (!failure.cause.empty()) cause = std::move(failure.cause);
  end(Status::failed, nullptr, std::move(error), std::move(cause));
}

void Run::end(Status status, json::value output, std::optional<std::string> error, std::optional<std::string> cause) {
  for (auto& [id, frame] : execution_.frames) {
    stop_waiting(frame);
    frame.phase = Phase::stopped;
  }
  execution_.waiting.clear();
  for (auto& [id, frame] : execution_.frames) abort_child_execution(frame);
  for (auto* timer : {&execution_.deadline_timer, &execution_.pause_timer}) {
    if (*timer != TimerId{}) step_.commands.push_back(CancelTimer{*timer});
    *timer = TimerId{};
  }
  for (auto& run : execution_.map_runs)
    if (run.status == Status::running) close_map_run(run, status);
  switch (status) {
    case Status::succeeded: {
      json::object details;
      if (recording()) details = {{"output", to_text(output)}, {"outputDetails", not_truncated}};
      emit_execution("ExecutionSucceeded", "executionSucceededEventDetails", std::move(details));
      execution_.frames.clear();
      break;
    }
    case Status::aborted:
      emit_execution("ExecutionAborted", "executionAbortedEventDetails", error_details(error, cause));
      break;
    case Status::timed_out:
      emit_execution("ExecutionTimedOut", "executionTimedOutEventDetails", error_details(error, cause));
      break;
    default:
      emit_execution("ExecutionFailed", "executionFailedEventDetails", error_details(error, cause));
      break;
  }
  execution_.status = status;
  execution_.output = output;
  execution_.error = error;
  execution_.cause = cause;
  step_.commands.push_back(Finish{status, std::move(output), std::move(error), std::move(cause)});
  ready_.clear();
}

TimerId Run::set_timer(Frame& frame, Time due) {
  const TimerId timer{next_number()};
  execution_.waiting[static_cast<std::int64_t>(timer)] = frame.id;
  step_.commands.push_back(SetTimer{timer, due});
  return timer;
}

void Run::cancel_timer(TimerId& timer) {
  if (timer == TimerId{}) return;
  if (execution_.waiting.erase(static_cast<std::int64_t>(timer)) > 0) step_.commands.push_back(CancelTimer{timer});
  timer = TimerId{};
}

// Withdraws the frame's task and timers.
void Run::stop_waiting(Frame& frame) {
  if (frame.task != TaskId{}) {
    if (execution_.waiting.erase(static_cast<std::int64_t>(frame.task)) > 0)
      step_.commands.push_back(CancelTask{frame.task});
    execution_.without_timeout.erase(frame.task);
    frame.task = TaskId{};
  }
  cancel_timer(frame.timer);
  cancel_timer(frame.heartbeat_timer);
}

// What paused is ready again, and Map runs start more children.
void Run::go_on() {
  std::vector<FrameId> maps;
  for (const auto& [id, frame] : execution_.frames) {
    if (frame.phase == Phase::entering) ready_.push_back(id);
    if (frame.phase == Phase::forked && !frame.fork->map_run_arn.empty()) maps.push_back(id);
  }
  for (const auto id : maps)
    if (const auto frame = execution_.frames.find(id);
        frame != execution_.frames.end() && frame->second.phase == Phase::forked)
      feed(frame->second, state_of(frame->second));
}

void Run::timer_fired(TimerId timer) {
  if (timer != TimerId{} && timer == execution_.deadline_timer) {
    execution_.deadline_timer = TimerId{};
    return happen(ExecutionTimedOut{});
  }
  if (timer != TimerId{} && timer == execution_.pause_timer) {
    execution_.pause_timer = TimerId{};
    return go_on();
  }
  auto* frame = find_frame(static_cast<std::int64_t>(timer));
  if (!frame) return;
  execution_.waiting.erase(static_cast<std::int64_t>(timer));
  const State& state = state_of(*frame);
  const bool by_heartbeat = timer == frame->heartbeat_timer;
  (by_heartbeat ? frame->heartbeat_timer : frame->timer) = TimerId{};
  switch (frame->phase) {
    case Phase::task:
      return task_timed_out(*frame, state, by_heartbeat);
    case Phase::waiting: {
      auto input = effective_input(*frame, state);
      if (!input) return evaluation_failed(*frame, state, std::move(input.error()));
      return complete(*frame, state, std::move(*input));
    }
    case Phase::entering:
    case Phase::retrying:
      frame->phase = Phase::entering;
      ready_.push_back(frame->id);
      return;
    case Phase::forked:
    case Phase::stopped:
      return;
  }
}

void Run::happen(const Happening& happening) {
  if (execution_.finished()) return;
  if (const auto* stop = std::get_if<StopRequested>(&happening)) {
    for (auto& [id, frame] : execution_.frames) abort_frame(frame);
    return end(Status::aborted, nullptr, stop->error, stop->cause);
  }
  if (std::holds_alternative<ExecutionTimedOut>(happening))
    return end(Status::timed_out, nullptr, std::nullopt, std::nullopt);
  if (const auto* fired = std::get_if<TimerFired>(&happening))
    timer_fired(fired->timer);
  else if (const auto* started = std::get_if<TaskStarted>(&happening))
    task_started(*started);
  else if (const auto* submitted = std::get_if<TaskSubmitted>(&happening))
    task_submitted(*submitted);
  else if (const auto* succeeded = std::get_if<TaskSucceeded>(&happening))
    task_succeeded(*succeeded);
  else if (const auto* failure = std::get_if<TaskFailed>(&happening))
    task_failed(*failure);
  else if (const auto* heartbeat = std::get_if<TaskHeartbeat>(&happening))
    task_heartbeat(*heartbeat);
  else if (const auto* overdue = std::get_if<TaskOverdue>(&happening))
    task_overdue(*overdue);
  else if (const auto* changed = std::get_if<MapRunChanged>(&happening))
    map_run_changed(*changed);
}

Step start(const Definition& definition, Execution& state, json::value input, const ContextInfo& info, Time now,
           Random& random) {
  Run run(definition, state, now, random);
  run.begin(info, std::move(input));
  return run.finish();
}

Result<Step> redrive(const Definition& definition, Execution& state, Time now, Random& random) {
  if (state.status == Status::running || state.status == Status::succeeded || state.frames.empty())
    return fail(ErrorCode::conflict, "only an execution that failed, timed out or was stopped can be redriven",
                "ExecutionNotRedrivable");
  if (definition.kind == Kind::express)
    return fail(ErrorCode::conflict, "express executions cannot be redriven", "ExecutionNotRedrivable");
  if (state.last_event >= events_max - 2)
    return fail(ErrorCode::conflict, "the history of the execution is full", "ExecutionNotRedrivable");
  if (state.frames.begin()->second.state.empty())
    return fail(ErrorCode::conflict, "the execution failed before its first state", "ExecutionNotRedrivable");
  Run run(definition, state, now, random);
  run.redrive();
  return run.finish();
}

Step advance(const Definition& definition, Execution& state, const Happening& happening, Time now, Random& random) {
  Run run(definition, state, now, random);
  run.happen(happening);
  return run.finish();
}

}  // namespace tocsin::asl
