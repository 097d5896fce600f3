#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "asl/detail/run.h"

namespace tocsin::asl {
namespace {

json::object iteration_details(const State& state, std::size_t index) {
  return {{"name", state.name}, {"index", static_cast<std::int64_t>(index)}};
}

}  // namespace

bool is_inline_map(const State& state) {
  return state.type == StateType::map && !state.as<MapFields>().is_distributed;
}
bool is_distributed_map(const State& state) {
  return state.type == StateType::map && state.as<MapFields>().is_distributed;
}

void Run::run_parallel(Frame& frame, const State& state) {
  const auto& branches = state.as<ParallelFields>().branches;
  auto input = with_parameters(frame, state, state.parameters);
  if (!input) return evaluation_failed(frame, state, std::move(input.error()));
  emit_plain(frame, "ParallelStateStarted");
  frame.phase = Phase::forked;
  frame.fork = std::make_unique<Fork>();
  frame.fork->results.resize(branches.size());
  for (std::size_t i = 0; i < branches.size(); ++i) {
    Frame& child = make_frame(frame.id, i);
    child.child = frame.child;
    child.last_event = frame.last_event;
    ++frame.fork->running;
    ++frame.fork->children;
    enter(child, branches[i].start_at, *input);
  }
}

// A branch or item ran to its end. Results of branches count against the payload limit together; past it they are not
// kept.
void Run::child_succeeded(Frame& child, json::value output) {
  Frame& frame = execution_.frames.at(child.parent);
  const State& state = state_of(frame);
  Fork& fork = *frame.fork;
  if (is_inline_map(state))
    emit(child, "MapIterationSucceeded", "mapIterationSucceededEventDetails", iteration_details(state, child.index));
  if (auto* run = is_distributed_map(state) ? map_run(fork) : nullptr) {
    end_child_execution(child, &output, nullptr);
    --run->executions.running;
    ++run->executions.succeeded;
    run->items.running -= static_cast<std::int64_t>(child.item_count);
    run->items.succeeded += static_cast<std::int64_t>(child.item_count);
  }
  if (fork.result_bytes <= payload_bytes_max) fork.result_bytes += to_text(output).size() + 1;
  fork.results[child.index] = fork.result_bytes <= payload_bytes_max ? std::move(output) : json::value(nullptr);
  ++fork.succeeded;
  close_child(child);
  feed(frame, state);
}

// One child less. What follows in the parent follows the child's last event.
void Run::close_child(Frame& child) {
  Frame& frame = execution_.frames.at(child.parent);
  --frame.fork->running;
  if (child.child == frame.child)
    frame.last_event = child.last_event;
  else
    execution_.child_events.erase(child.child);
  stop_waiting(child);
  execution_.frames.erase(child.id);
}

void Run::child_failed(Frame& child, Failure failure) {
  Frame& frame = execution_.frames.at(child.parent);
  const State& state = state_of(frame);
  Fork& fork = *frame.fork;
  if (is_inline_map(state))
    emit(child, "MapIterationFailed", "mapIterationFailedEventDetails", iteration_details(state, child.index));
  if (!is_distributed_map(state)) {
    frame.last_event = child.last_event;
    return fork_failed(frame, state, std::move(failure));
  }
  ++fork.failed;
  end_child_execution(child, nullptr, &failure);
  if (auto* run = map_run(fork)) {
    --run->executions.running;
    ++run->executions.failed;
    run->items.running -= static_cast<std::int64_t>(child.item_count);
    run->items.failed += static_cast<std::int64_t>(child.item_count);
  }
  fork.failed_items += child.item_count;
  keep_failed_child(frame, state, child);
  if (!is_tolerated(fork))
    return fork_failed(
        frame, state,
        {"States.ExceedToleratedFailureThreshold", "The specified tolerated failure threshold was exceeded"});
  feed(frame, state);
}

// The run of a distributed Map ends otherwise than well: what still ran in it was aborted, and nothing waits any more.
void Run::close_map_run(MapRun& run, Status status) {
  run.status = status;
  run.stopped = now_;
  run.executions.aborted += std::exchange(run.executions.running, 0);
  run.items.aborted += std::exchange(run.items.running, 0);
  run.executions.pending_redrive = run.items.pending_redrive = 0;
}

// The last event of a child's own history.
void Run::end_child_execution(Frame& child, const json::value* output, const Failure* failure) {
  auto& count = execution_.child_events[child.child];
  if (!recording()) return;
  json::object details;
  if (output)
    details = {{"output", to_text(*output)}, {"outputDetails", {{"truncated", false}}}};
  else
    details = {{"error", failure->error}, {"cause", failure->cause}};
  step_.events.push_back({++count, child.last_event, now_, output ? "ExecutionSucceeded" : "ExecutionFailed",
                          output ? "executionSucceededEventDetails" : "executionFailedEventDetails", std::move(details),
                          child.child});
}

// Parallel and Map fail as a whole: what still runs below is taken away first.
void Run::fork_failed(Frame& frame, const State& state, Failure failure) {
  abort_children(frame.id);
  if (is_distributed_map(state)) {
    if (auto* run = map_run(*frame.fork)) close_map_run(*run, Status::failed);
    json::object details{{"error", failure.error}, {"cause", failure.cause}};
    emit(frame, "MapRunFailed", "mapRunFailedEventDetails", std::move(details));
  }
  failed(frame, state, std::move(failure));
}

// All children are done and none is left to start. The results stay until the state has its output: where that fails,
// a redrive needs no child again.
void Run::end_fork(Frame& frame, const State& state) {
  Fork& fork = *frame.fork;
  if (!fork.completed) {
    if (auto* run = is_distributed_map(state) ? map_run(fork) : nullptr) {
      run->status = Status::succeeded;
      run->stopped = now_;
      run->items.results_written = run->items.succeeded;
      run->executions.results_written = run->executions.succeeded;
      emit_plain(frame, "MapRunSucceeded");
    }
    if (fork.result_bytes > payload_bytes_max)
      return failed(frame, state, {"States.DataLimitExceeded", too_long_cause(state.name)});
    if (state.type == StateType::map) emit_plain(frame, "MapStateSucceeded");
    fork.completed = true;
    fork.unsuccessful.clear();
  }
  json::array results;
  results.reserve(fork.results.size());
  for (const auto& result : fork.results)
    if (result) results.push_back(*result);
  complete(frame, state, std::move(results));
}

void Run::abort_frame(Frame& frame) {
  if (frame.phase == Phase::stopped) return;
  stop_waiting(frame);
  const State& state = state_of(frame);
  if (frame.entered_event == 0) return;
  if (auto* run = frame.fork ? map_run(*frame.fork) : nullptr) {
    close_map_run(*run, Status::aborted);
    emit_plain(frame, "MapRunAborted");
  }
  if (const auto type = event_type(state.type, 2); !type.empty()) emit_plain(frame, type);
}

// For a child execution's outermost frame; harmless for others and for those that are over.
void Run::abort_child_execution(Frame& outermost) {
  if (outermost.child == 0 || outermost.child == execution_.frames.at(outermost.parent).child) return;
  const auto events = execution_.child_events.find(outermost.child);
  if (events == execution_.child_events.end()) return;
  const auto id = events->second + 1;
  if (recording())
    step_.events.push_back({id, id - 1, now_, "ExecutionAborted", "executionAbortedEventDetails", {}, outermost.child});
  execution_.child_events.erase(events);
  outermost.child_events = id;
}

void Run::abort_children(FrameId parent) {
  std::set<FrameId> below{parent};
  std::vector<FrameId> aborted;
  // Children have greater numbers than their parents, so one pass sees every descendant.
  for (auto at = execution_.frames.upper_bound(parent); at != execution_.frames.end(); ++at) {
    auto& [id, frame] = *at;
    if (!below.contains(frame.parent)) continue;
    below.insert(id);
    if (frame.phase == Phase::stopped) continue;
    abort_frame(frame);
    const State& state = state_of(execution_.frames.at(frame.parent));
    if (is_inline_map(state))
      emit(frame, "MapIterationAborted", "mapIterationAbortedEventDetails", iteration_details(state, frame.index));
    frame.phase = Phase::stopped;
    aborted.push_back(id);
  }
  for (const auto id : aborted) abort_child_execution(execution_.frames.at(id));
}

// The state does not need its children any more: it is tried again from its beginning, or its failure was caught.
void Run::drop_children(Frame& frame) {
  if (!frame.fork) return;
  frame.fork.reset();
  std::set<FrameId> below{frame.id};
  for (auto at = execution_.frames.upper_bound(frame.id); at != execution_.frames.end();) {
    const bool gone = below.contains(at->second.parent);
    if (gone) below.insert(at->first);
    at = gone ? execution_.frames.erase(at) : std::next(at);
  }
}

}  // namespace tocsin::asl
