// Run: one step of an execution being made. The interpreter's working parts, split over several files by subject.
// Private to the room.
#pragma once

#include <deque>
#include <string>
#include <string_view>

#include "asl/asl.h"
#include "asl/definition.h"
#include "asl/expression.h"

namespace tocsin::asl {

// Deeper payloads could not be read back by those who store or receive them.
inline constexpr std::size_t payload_depth_max = 200;
// States entered in one step; past it the execution pauses and goes on with a timer that is due at once, so that an
// endless loop of Pass states cannot hold its caller.
inline constexpr std::size_t transitions_max = 2'000;
// Children of Map runs started in one step; the others follow likewise.
inline constexpr std::size_t children_max = 100;
inline constexpr std::size_t inline_concurrency_max = 40;
// The service runs up to 10,000 children at once; here their frames are part of one stored execution.
inline constexpr std::size_t distributed_concurrency_max = 1'000;
// Failed children of a Map run that a redrive lets go on where they failed; past it they start again.
inline constexpr std::size_t failed_children_kept_max = 1'000;

class Run {
 public:
  Run(const Definition& definition, Execution& execution, Time now, Random& random)
      : definition_(definition), execution_(execution), now_(now), random_(random) {}

  void begin(const ContextInfo& info, json::value input);
  void happen(const Happening& happening);
  // Everything that stopped goes on where it stopped.
  void redrive();
  // Runs what is ready until everything waits; the step is complete then.
  Step finish();

 private:
  friend class FrameScope;
  friend class StateProbe;

  // run.cpp: frames and transitions
  Frame& make_frame(FrameId parent, std::size_t index);
  void enter(Frame& frame, std::string_view state, json::value input);
  void run_state(Frame& frame);
  void pause();
  // Sets the timer that go_on()s.
  void come_again();
  void go_on();
  void fail_execution(Failure failure);
  void end(Status status, json::value output, std::optional<std::string> error, std::optional<std::string> cause);
  void leave(Frame& frame, const State& state, std::string_view next, json::value output);
  const State& state_of(const Frame& frame) const;
  Frame* find_frame(std::int64_t number);
  std::int64_t next_number() { return ++execution_.last_number; }

  // state.cpp: the simple states, and the data flow that all share
  void run_pass(Frame& frame, const State& state);
  void run_wait(Frame& frame, const State& state);
  void run_choice(Frame& frame, const State& state);
  void run_succeed(Frame& frame, const State& state);
  void run_fail(Frame& frame, const State& state);
  Outcome<json::value> effective_input(const Frame& frame, const State& state);
  // The same without a copy where the raw input holds it as it is; else `own` does.
  Outcome<const json::value*> view_input(const Frame& frame, const State& state, json::value& own);
  Outcome<json::value> with_parameters(const Frame& frame, const State& state,
                                       const std::optional<Template>& parameters);
  // ResultSelector, Assign, ResultPath, OutputPath, then on to the next state.
  void complete(Frame& frame, const State& state, json::value result);
  Outcome<json::value> place_result(const Frame& frame, const ResultPath& path, json::value result);
  Outcome<json::object> assign(Frame& frame, const std::optional<Template>& values, const json::value& input);
  void set_variables(Frame& frame, json::object values);
  void exit_state(Frame& frame, const State& state, const std::optional<Template>& assign_values,
                  const json::value& assign_input, std::string_view next, json::value output);
  Outcome<Time> wait_until(Frame& frame, const State& state);

  // failure.cpp: Retry, Catch
  void failed(Frame& frame, const State& state, Failure failure);
  // An evaluation failed: the same, with "An error occurred while executing the state …" before the cause.
  // That beginning: "An error occurred while executing the state 'X' (entered at the event id #2). ".
  std::string where(const Frame& frame) const;
  void evaluation_failed(Frame& frame, const State& state, Failure failure);
  bool retry(Frame& frame, const State& state, const Failure& failure);
  bool catch_failure(Frame& frame, const State& state, const Failure& failure);
  void failed_for_good(Frame& frame, const State& state, Failure failure);

  // task.cpp
  void run_task(Frame& frame, const State& state);
  void schedule(Frame& frame, const State& state, json::value input, std::int64_t timeout_s, std::int64_t heartbeat_s);
  Outcome<std::int64_t> task_seconds(const Frame& frame, const State& state, const NumberField& field,
                                     std::string_view name);
  void start_heartbeat(Frame& frame, const State& state);
  void task_started(const TaskStarted& happened);
  void task_submitted(const TaskSubmitted& happened);
  void task_succeeded(const TaskSucceeded& happened);
  void task_failed(const TaskFailed& happened);
  void task_heartbeat(const TaskHeartbeat& happened);
  void task_overdue(const TaskOverdue& happened);
  void task_timed_out(Frame& frame, const State& state, bool by_heartbeat);
  void task_over(Frame& frame);
  Frame* task_frame(TaskId task);
  void timer_fired(TimerId timer);

  // fork.cpp, map.cpp
  void run_parallel(Frame& frame, const State& state);
  void run_map(Frame& frame, const State& state);
  Outcome<void> read_concurrency(const Frame& frame, const State& state, Fork& fork);
  Outcome<void> read_tolerance(const Frame& frame, const State& state, Fork& fork);
  Outcome<json::value> map_items(Frame& frame, const State& state);
  void start_map_run(Frame& frame, const State& state);
  // Starts children as far as concurrency allows; ends the state when nothing runs and nothing is left.
  void feed(Frame& frame, const State& state);
  void start_child_execution(Frame& child, const json::value& input);
  void end_child_execution(Frame& child, const json::value* output, const Failure* failure);
  void abort_child_execution(Frame& outermost);
  void close_map_run(MapRun& run, Status status);
  MapRun* map_run(const Fork& fork);
  void map_run_changed(const MapRunChanged& happened);
  bool start_item(Frame& frame, const State& state);
  // The input of the child whose first item is `first`; with a batch of `wanted` items (0: as many as fit).
  Outcome<json::value> item_input(Frame& frame, const State& state, std::size_t first, std::size_t wanted,
                                  std::size_t& taken);
  Outcome<json::value> batch(Frame& frame, const State& state, std::size_t first, std::size_t wanted,
                             std::size_t& taken);
  Outcome<json::value> selected_item(Frame& frame, const State& state, std::size_t index);
  void child_succeeded(Frame& child, json::value output);
  void child_failed(Frame& child, Failure failure);
  void close_child(Frame& child);
  void end_fork(Frame& frame, const State& state);
  void fork_failed(Frame& frame, const State& state, Failure failure);
  // Stops the frames below `frame`, their tasks and timers; writes the Aborted events. They stay for a redrive until
  // drop_children().
  void abort_children(FrameId frame);
  void drop_children(Frame& frame);
  void abort_frame(Frame& frame);
  void stop_waiting(Frame& frame);

  // redrive.cpp
  void restore(const std::vector<FrameId>& stopped, EventId previous);
  void restore_map_run(Frame& frame);
  bool redrive_child(Frame& frame, const State& state);
  void keep_failed_child(Frame& frame, const State& state, Frame& child);
  std::vector<Frame> take_frames(FrameId outermost);

  // event.cpp
  EventId emit(Frame& frame, std::string_view type, std::string_view details_name, json::object details);
  EventId emit_plain(Frame& frame, std::string_view type) { return emit(frame, type, {}, {}); }
  void emit_execution(std::string_view type, std::string_view details_name, json::object details);
  void emit_entered(Frame& frame, const State& state);
  void emit_exited(Frame& frame, const State& state, const std::string& output, const json::object& variables);
  void emit_task(Frame& frame, const State& state, std::string_view what, json::object details);
  bool recording() const { return execution_.context.record_history; }

  TimerId set_timer(Frame& frame, Time due);
  void cancel_timer(TimerId& timer);

  const Definition& definition_;
  Execution& execution_;
  Time now_;
  Random& random_;
  Step step_;
  std::deque<FrameId> ready_;
  std::deque<FrameId> restored_;  // Parallel and Map states of a redrive, whose children are looked at first
  std::size_t transitions_ = 0;
  std::size_t children_ = 0;
  bool history_full_ = false;
  // For StateProbe, which shows what happened to a single state.
  std::optional<json::value> context_;  // instead of a made context object
  bool bare_causes_ = false;            // causes without "An error occurred while executing the state …"
  std::optional<Failure> last_failure_;
  std::optional<std::size_t> matched_retrier_, matched_catcher_;
  std::optional<Microseconds> retry_delay_;
};

// What expressions see in one frame.
class FrameScope final : public Scope {
 public:
  FrameScope(const Run& run, const Frame& frame) : run_(run), frame_(frame) {}
  // With the item that is being selected (ItemSelector runs before the item has a frame).
  FrameScope(const Run& run, const Frame& frame, std::size_t item_index, const json::value& item)
      : run_(run), frame_(frame), item_index_(item_index), item_(&item) {}

  const json::value& context() override;
  const json::value& context_for(const jsonpath::Path& path) override;
  const json::value* variable(std::string_view name) override;
  Random& random() override { return run_.random_; }

 private:
  json::value make_context(bool with_input) const;
  void add_map_item(json::object& context) const;

  const Run& run_;
  const Frame& frame_;
  std::size_t item_index_ = 0;
  const json::value* item_ = nullptr;
  std::optional<json::value> context_;
  std::optional<json::value> without_input_;
};

std::optional<std::size_t> choose(const ChoiceFields& choice, const json::value& input, Scope& scope, Failure& failure);
// 0: "…StateEntered", 1: "…StateExited", 2: "…StateAborted"; empty where the type has none.
std::string_view event_type(StateType type, int which);
bool is_inline_map(const State& state);
bool is_distributed_map(const State& state);
// Whether a distributed Map may go on with the failures that it has.
bool is_tolerated(const Fork& fork);
// Whether the value is longer, as text, or nested deeper than a payload may be.
bool is_too_large(const json::value& value);
// The cause of States.DataLimitExceeded.
std::string too_long_cause(std::string_view who);

}  // namespace tocsin::asl
