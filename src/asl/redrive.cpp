// Redrive: an execution that failed, timed out or was stopped goes on. A state that stopped starts again; a Parallel or
// Map keeps what its children did, and only those that did not succeed go on, each where it stopped.
//
// Source: Step Functions developer guide, "Redriving executions" and "Redriving Map Runs".
#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "asl/detail/run.h"

namespace tocsin::asl {

void Run::redrive() {
  Frame& root = execution_.frames.begin()->second;
  execution_.child_events.clear();
  execution_.status = Status::running;
  execution_.error.reset();
  execution_.cause.reset();
  ++execution_.context.redrive_count;
  json::object details{{"redriveCount", execution_.context.redrive_count}};
  const auto redriven = emit(root, "ExecutionRedriven", "executionRedrivenEventDetails", std::move(details));
  if (definition_.timeout_s) {
    execution_.deadline_timer = TimerId{next_number()};
    step_.commands.push_back(SetTimer{execution_.deadline_timer, now_ + std::chrono::seconds(*definition_.timeout_s)});
  }
  std::vector<FrameId> stopped;
  for (const auto& [id, frame] : execution_.frames) stopped.push_back(id);
  restore(stopped, redriven);
}

// `stopped`: the frames of one execution, and what is still there of its children, in the order of their ids. What
// follows in them follows the event `previous`.
void Run::restore(const std::vector<FrameId>& stopped, EventId previous) {
  std::map<FrameId, std::size_t> children;
  for (const auto id : stopped) ++children[execution_.frames.at(id).parent];
  for (const auto id : stopped) {
    const auto found = execution_.frames.find(id);
    if (found == execution_.frames.end()) continue;  // one of a Map's children, which wait for their turn now
    Frame& frame = found->second;
    const State& state = state_of(frame);
    frame.last_event = previous;
    if (frame.entered_event != 0) frame.retries.assign(state.retriers.size(), 0);
    frame.task_token.clear();
    frame.task_started = frame.task_submitted = false;
    frame.scheduled = {};
    frame.heartbeat_s = 0;
    // Results that were too long are lost: the state is run again, as the service does.
    if (frame.fork && frame.fork->result_bytes > payload_bytes_max) drop_children(frame);
    if (!frame.fork) {
      frame.phase = Phase::entering;
      ready_.push_back(id);
      continue;
    }
    frame.phase = Phase::forked;
    frame.fork->running = children[id];
    if (is_distributed_map(state) && !frame.fork->completed) restore_map_run(frame);
    restored_.push_back(id);
  }
}

// The same Map run goes on. Its unsuccessful children wait in line before the items that never had one.
void Run::restore_map_run(Frame& frame) {
  Fork& fork = *frame.fork;
  std::vector<FrameId> aborted;
  for (const auto& [id, child] : execution_.frames)
    if (child.parent == frame.id) aborted.push_back(id);
  const auto& map = state_of(frame).as<MapFields>();
  for (const auto id : aborted) {
    const Frame& child = execution_.frames.at(id);
    EndedChild ended{.child = child.child,
                     .status = Status::aborted,
                     .index = child.index,
                     .first = map.batcher ? child.first_item : child.index,
                     .item_count = child.item_count,
                     .redrives = child.child_redrives,
                     .events = child.child_events,
                     .frames = take_frames(id)};
    if (map.express_children) ended.frames.clear();
    fork.unsuccessful.push_back(std::move(ended));
  }
  std::ranges::move(fork.unsuccessful, std::back_inserter(fork.redrives));
  fork.unsuccessful.clear();
  std::ranges::sort(fork.redrives, std::ranges::greater{}, &EndedChild::child);
  fork.running = fork.failed = fork.failed_items = 0;
  auto* run = map_run(fork);
  if (!run) return;
  run->status = Status::running;
  run->stopped.reset();
  ++run->redrive_count;
  run->redriven = now_;
  run->executions.pending_redrive = std::ssize(fork.redrives);
  run->items.pending_redrive = 0;
  for (const auto& child : fork.redrives) run->items.pending_redrive += static_cast<std::int64_t>(child.item_count);
  emit(frame, "MapRunRedriven", "mapRunRedrivenEventDetails",
       {{"mapRunArn", fork.map_run_arn}, {"redriveCount", run->redrive_count}});
}

// The next child in line goes on: where it stopped, or, where that is not known (or it is an express one), with the
// same items from its first state. False where its input cannot be made; the state has failed then.
bool Run::redrive_child(Frame& frame, const State& state) {
  Fork& fork = *frame.fork;
  json::value input;
  if (const auto& next = fork.redrives.back(); next.frames.empty()) {
    std::size_t taken = 0;
    auto made = item_input(frame, state, next.first, next.item_count, taken);
    if (!made) {
      made.error().cause = where(frame) + made.error().cause;
      fork_failed(frame, state, std::move(made.error()));
      return false;
    }
    input = std::move(*made);
  }
  EndedChild ended = std::move(fork.redrives.back());
  fork.redrives.pop_back();
  ++fork.running;
  if (auto* run = map_run(fork)) {
    const auto items = static_cast<std::int64_t>(ended.item_count);
    const bool was_aborted = ended.status == Status::aborted;
    --(was_aborted ? run->executions.aborted : run->executions.failed);
    (was_aborted ? run->items.aborted : run->items.failed) -= items;
    --run->executions.pending_redrive;
    run->items.pending_redrive -= items;
    ++run->executions.running;
    run->items.running += items;
  }
  execution_.child_events[ended.child] = ended.events;
  const bool starts_again = ended.frames.empty();
  std::vector<FrameId> stopped;
  for (auto& kept : ended.frames) {
    stopped.push_back(kept.id);
    execution_.frames[kept.id] = std::move(kept);
  }
  Frame& child = starts_again ? make_frame(frame.id, ended.index) : execution_.frames.at(stopped.front());
  child.child = ended.child;
  child.child_redrives = ended.redrives + 1;
  child.child_events = 0;
  const auto redriven =
      emit(child, "ExecutionRedriven", "executionRedrivenEventDetails", {{"redriveCount", child.child_redrives}});
  if (!starts_again) {
    restore(stopped, redriven);
    return true;
  }
  child.item_count = ended.item_count;
  child.first_item = state.as<MapFields>().batcher ? ended.first : 0;
  child.child_input = input;
  enter(child, state.as<MapFields>().processor->start_at, std::move(input));
  return true;
}

// A child of a distributed Map failed: it leaves the execution, and the Map run keeps what a redrive will need.
void Run::keep_failed_child(Frame& frame, const State& state, Frame& child) {
  Fork& fork = *frame.fork;
  const auto& map = state.as<MapFields>();
  --fork.running;
  stop_waiting(child);
  EndedChild ended{.child = child.child,
                   .status = Status::failed,
                   .index = child.index,
                   .first = map.batcher ? child.first_item : child.index,
                   .item_count = child.item_count,
                   .redrives = child.child_redrives,
                   .events = execution_.child_events[child.child],
                   .frames = {}};
  execution_.child_events.erase(child.child);
  auto frames = take_frames(child.id);
  if (!map.express_children && fork.unsuccessful.size() < failed_children_kept_max) ended.frames = std::move(frames);
  fork.unsuccessful.push_back(std::move(ended));
}

// A stopped frame and all below it, taken out of the execution.
std::vector<Frame> Run::take_frames(FrameId outermost) {
  std::vector<Frame> taken;
  auto at = execution_.frames.find(outermost);
  const bool has_children = at->second.fork != nullptr;
  taken.push_back(std::move(at->second));
  at = execution_.frames.erase(at);
  std::set<FrameId> below{outermost};
  // Children have greater numbers than their parents.
  while (has_children && at != execution_.frames.end()) {
    if (!below.contains(at->second.parent)) {
      ++at;
      continue;
    }
    below.insert(at->first);
    taken.push_back(std::move(at->second));
    at = execution_.frames.erase(at);
  }
  return taken;
}

}  // namespace tocsin::asl
