#include "asl/execution.h"

#include <algorithm>
#include <set>

#include "asl/detail/exact_json.h"
#include "asl/detail/fields.h"

namespace tocsin::asl {
namespace {

constexpr std::string_view statuses[] = {"RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"};

}  // namespace

// Every part of an execution, named once; writing and reading both go through here. Names are short because an
// execution is stored at every transition. Fields at their default are left out.
template <class F>
static void describe(F& f, ContextInfo& v) {
  f("arn", v.execution_arn);
  f("name", v.execution_name);
  f("role", v.role_arn);
  f("machine", v.state_machine_arn);
  f("machine_name", v.state_machine_name);
  f("redrives", v.redrive_count);
  f("history", v.record_history, true);
}

template <class F>
static void describe(F& f, EndedChild& v) {
  f("child", v.child);
  f("status", v.status);
  f("index", v.index);
  f("first", v.first);
  f("items", v.item_count, std::size_t{1});
  f("redrives", v.redrives);
  f("events", v.events);
  f("frames", v.frames);
}

template <class F>
static void describe(F& f, Fork& v) {
  f("items", v.items);
  f("results", v.results);
  f("bytes", v.result_bytes);
  f("children", v.children);
  f("next", v.next);
  f("running", v.running);
  f("succeeded", v.succeeded);
  f("failed", v.failed);
  f("concurrency", v.concurrency_max);
  f("tolerated", v.failures_tolerated);
  f("tolerated_percentage", v.failure_percentage_tolerated);
  f("failed_items", v.failed_items);
  f("completed", v.completed);
  f("map_run", v.map_run_arn);
  f("unsuccessful", v.unsuccessful);
  f("redrives", v.redrives);
}

template <class F>
static void describe(F& f, Frame& v) {
  f("id", v.id);
  f("parent", v.parent);
  f("index", v.index);
  f("items", v.item_count, std::size_t{1});
  f("first", v.first_item);
  f("state", v.state);
  f("phase", v.phase);
  f("entered", v.entered);
  f("entered_event", v.entered_event);
  f("last_event", v.last_event);
  f("input", v.input);
  f("variables", v.variables);
  f("retries", v.retries);
  f("task", v.task);
  f("timer", v.timer);
  f("heartbeat_timer", v.heartbeat_timer);
  f("heartbeat", v.heartbeat_s);
  f("scheduled", v.scheduled);
  f("started", v.task_started);
  f("submitted", v.task_submitted);
  f("token", v.task_token);
  f("child", v.child);
  f("child_input", v.child_input);
  f("child_redrives", v.child_redrives);
  f("child_events", v.child_events);
  f("fork", v.fork);
}

template <class F>
static void describe(F& f, MapRun::Counts& v) {
  f("total", v.total);
  f("pending", v.pending);
  f("running", v.running);
  f("succeeded", v.succeeded);
  f("failed", v.failed);
  f("timed_out", v.timed_out);
  f("aborted", v.aborted);
  f("written", v.results_written);
  f("pending_redrive", v.pending_redrive);
}

template <class F>
static void describe(F& f, MapRun& v) {
  f("arn", v.arn);
  f("state", v.state);
  f("status", v.status);
  f("started", v.started);
  f("stopped", v.stopped);
  f("concurrency", v.concurrency_max);
  f("tolerated", v.failures_tolerated);
  f("tolerated_percentage", v.failure_percentage_tolerated);
  f("items", v.items);
  f("executions", v.executions);
  f("redrives", v.redrive_count);
  f("redriven", v.redriven);
}

template <class F>
static void describe(F& f, Execution& v) {
  f("status", v.status);
  f("output", v.output);
  f("error", v.error);
  f("cause", v.cause);
  f("context", v.context);
  f("started", v.started);
  f("input", v.input);
  f("last_event", v.last_event);
  f("last_number", v.last_number);
  f("last_child", v.last_child);
  f("pause_timer", v.pause_timer);
  f("deadline_timer", v.deadline_timer);
  f("frames", v.frames);
  f("child_events", v.child_events);
  f("map_runs", v.map_runs);
}

namespace {

void append_frame_waits(Execution& execution, Frame& frame) {
  for (const auto number : {static_cast<std::int64_t>(frame.task), static_cast<std::int64_t>(frame.timer),
                            static_cast<std::int64_t>(frame.heartbeat_timer)})
    if (number != 0) execution.waiting[number] = frame.id;
  if (frame.phase == Phase::task && frame.task != TaskId{} && frame.timer == TimerId{})
    execution.without_timeout.insert(frame.task);
}

// Whether what a Map run keeps for a redrive fits under the frame again. `depth`: of Map runs in Map runs.
bool fits(const Frame& frame, int depth);

bool fits(const std::vector<EndedChild>& children, FrameId parent, int depth) {
  return std::ranges::all_of(children, [&](const EndedChild& child) {
    std::set<FrameId> above{parent};
    return std::ranges::all_of(child.frames, [&](const Frame& frame) {
      const bool below = above.contains(frame.parent);
      above.insert(frame.id);
      return below && fits(frame, depth + 1);
    });
  });
}

bool fits(const Frame& frame, int depth) {
  constexpr int depth_max = 100;
  const bool may_have_fork = frame.phase == Phase::forked || frame.phase == Phase::stopped;
  if (frame.phase < Phase::entering || frame.phase > Phase::stopped || depth > depth_max) return false;
  if (frame.fork == nullptr) return frame.phase != Phase::forked;
  return may_have_fork && fits(frame.fork->unsuccessful, frame.id, depth) &&
         fits(frame.fork->redrives, frame.id, depth);
}

}  // namespace

std::string_view to_string(Status status) {
  return statuses[static_cast<std::size_t>(status)];
}

std::string child_name(std::string_view map_run_arn, std::int64_t child) {
  return std::string(map_run_arn.substr(map_run_arn.rfind(':') + 1)) + "-" + std::to_string(child);
}

std::string child_arn(std::string_view map_run_arn, std::int64_t child) {
  std::string arn{map_run_arn.substr(0, map_run_arn.rfind(':') + 1)};
  if (const auto at = arn.find(":mapRun:"); at != arn.npos) arn.replace(at, 8, ":execution:");
  return arn + child_name(map_run_arn, child);
}

Frame::Frame(const Frame& other)
    : id(other.id),
      parent(other.parent),
      index(other.index),
      item_count(other.item_count),
      first_item(other.first_item),
      state(other.state),
      phase(other.phase),
      entered(other.entered),
      entered_event(other.entered_event),
      last_event(other.last_event),
      input(other.input),
      variables(other.variables),
      retries(other.retries),
      task(other.task),
      timer(other.timer),
      heartbeat_timer(other.heartbeat_timer),
      heartbeat_s(other.heartbeat_s),
      scheduled(other.scheduled),
      task_started(other.task_started),
      task_submitted(other.task_submitted),
      task_token(other.task_token),
      child(other.child),
      child_input(other.child_input),
      child_redrives(other.child_redrives),
      child_events(other.child_events),
      fork(other.fork ? std::make_unique<Fork>(*other.fork) : nullptr) {}

Frame& Frame::operator=(const Frame& other) {
  Frame copy(other);
  return *this = std::move(copy);
}

std::optional<Time> Execution::oldest_task() const {
  if (without_timeout.empty()) return std::nullopt;
  return frames.at(waiting.at(static_cast<std::int64_t>(*without_timeout.begin()))).scheduled;
}

std::string Execution::to_json() const {
  std::string out;
  FieldWriter(out).write(*this);
  return out;
}

Result<Execution> Execution::from_json(std::string_view text) {
  auto value = parse_exact_json(text);
  if (!value) return pass_on(value);
  if (!value->is_object()) return fail(ErrorCode::corrupt, "a stored execution must be a JSON object");
  Execution execution;
  bool failed = false;
  FieldReader reader(value->get_object(), failed);
  describe(reader, execution);
  failed = failed || execution.status < Status::running || execution.status > Status::aborted;
  for (auto& [id, frame] : execution.frames) {
    failed = failed || frame.id != id || (frame.parent != FrameId{} && !execution.frames.contains(frame.parent)) ||
             !fits(frame, 0);
    append_frame_waits(execution, frame);
  }
  if (failed) return fail(ErrorCode::corrupt, "the stored execution is not what was written");
  return execution;
}
}  // namespace tocsin::asl
