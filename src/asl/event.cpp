#include <algorithm>

#include <fmt/format.h>

#include "asl/detail/run.h"
#include "asl/detail/text.h"

namespace tocsin::asl {
namespace {

constexpr std::string_view state_types[][3] = {
    {"TaskStateEntered", "TaskStateExited", "TaskStateAborted"},
    {"PassStateEntered", "PassStateExited", ""},
    {"ChoiceStateEntered", "ChoiceStateExited", ""},
    {"WaitStateEntered", "WaitStateExited", "WaitStateAborted"},
    {"SucceedStateEntered", "SucceedStateExited", ""},
    {"FailStateEntered", "", ""},
    {"ParallelStateEntered", "ParallelStateExited", "ParallelStateAborted"},
    {"MapStateEntered", "MapStateExited", "MapStateAborted"},
};

struct TaskEvent {
  std::string_view what;
  std::string_view types[3];    // lambda, activity, service
  std::string_view details[3];  // where there are any
};
constexpr TaskEvent task_events[] = {
    {"Scheduled",
     {"LambdaFunctionScheduled", "ActivityScheduled", "TaskScheduled"},
     {"lambdaFunctionScheduledEventDetails", "activityScheduledEventDetails", "taskScheduledEventDetails"}},
    {"Started",
     {"LambdaFunctionStarted", "ActivityStarted", "TaskStarted"},
     {"", "activityStartedEventDetails", "taskStartedEventDetails"}},
    {"Submitted", {"", "", "TaskSubmitted"}, {"", "", "taskSubmittedEventDetails"}},
    {"Succeeded",
     {"LambdaFunctionSucceeded", "ActivitySucceeded", "TaskSucceeded"},
     {"lambdaFunctionSucceededEventDetails", "activitySucceededEventDetails", "taskSucceededEventDetails"}},
    {"Failed",
     {"LambdaFunctionFailed", "ActivityFailed", "TaskFailed"},
     {"lambdaFunctionFailedEventDetails", "activityFailedEventDetails", "taskFailedEventDetails"}},
    {"TimedOut",
     {"LambdaFunctionTimedOut", "ActivityTimedOut", "TaskTimedOut"},
     {"lambdaFunctionTimedOutEventDetails", "activityTimedOutEventDetails", "taskTimedOutEventDetails"}},
};

const json::object not_truncated{{"truncated", false}};

}  // namespace

std::string_view event_type(StateType type, int which) {
  return state_types[static_cast<std::size_t>(type)][which];
}

json::object to_json(const HistoryEvent& event) {
  json::object wire{{"timestamp", static_cast<double>(to_microseconds(event.timestamp) / 1000) / 1000.0},
                    {"type", event.type},
                    {"id", event.id},
                    {"previousEventId", event.previous}};
  if (!event.details_name.empty()) wire[event.details_name] = event.details;
  return wire;
}

// Appends an event behind the frame's last one. The last place of a full history is kept for the end of the execution.
EventId Run::emit(Frame& frame, std::string_view type, std::string_view details_name, json::object details) {
  auto& count = frame.child == 0 ? execution_.last_event : execution_.child_events[frame.child];
  if (history_full_ || (definition_.kind == Kind::standard && count >= events_max - 1)) {
    history_full_ = true;
    return frame.last_event;
  }
  const auto id = ++count;
  if (recording())
    step_.events.push_back({id, frame.last_event, now_, type, details_name, std::move(details), frame.child});
  frame.last_event = id;
  return id;
}

void Run::emit_execution(std::string_view type, std::string_view details_name, json::object details) {
  const auto id = ++execution_.last_event;
  if (!recording()) return;
  const auto root = execution_.frames.begin();
  const auto previous = root == execution_.frames.end() ? 0 : root->second.last_event;
  step_.events.push_back({id, previous, now_, type, details_name, std::move(details), 0});
}

void Run::emit_entered(Frame& frame, const State& state) {
  json::object details;
  if (recording()) details = {{"name", state.name}, {"input", to_text(frame.input)}, {"inputDetails", not_truncated}};
  frame.entered_event = emit(frame, event_type(state.type, 0), "stateEnteredEventDetails", std::move(details));
}

void Run::emit_exited(Frame& frame, const State& state, const std::string& output, const json::object& variables) {
  json::object details;
  if (recording()) {
    details = {{"name", state.name}, {"output", output}, {"outputDetails", not_truncated}};
    if (!variables.empty()) {
      json::object assigned;
      for (const auto& variable : variables) assigned[variable.key()] = to_text(variable.value());
      details["assignedVariables"] = std::move(assigned);
      details["assignedVariablesDetails"] = not_truncated;
    }
  }
  emit(frame, event_type(state.type, 1), "stateExitedEventDetails", std::move(details));
}

// "Scheduled", "Started", … of a task, under the names that its kind of resource has.
void Run::emit_task(Frame& frame, const State& state, std::string_view what, json::object details) {
  const auto& task = state.as<TaskFields>();
  const auto kind = static_cast<std::size_t>(task.kind);
  for (const auto& event : task_events) {
    if (event.what != what || event.types[kind].empty()) continue;
    if (recording() && task.kind == ResourceKind::service) {
      json::object wire{{"resourceType", task.resource_type}, {"resource", task.action}};
      for (auto& member : details) wire[member.key()] = std::move(member.value());
      details = std::move(wire);
    }
    emit(frame, event.types[kind], event.details[kind], std::move(details));
    return;
  }
}

namespace {

// A lower bound of the bytes that the text of a payload has, and how deep it is nested.
struct Extent {
  std::size_t bytes = 0;
  std::size_t depth = 0;
};

void measure(const json::value& value, std::size_t depth, Extent& extent) {
  extent.depth = std::max(extent.depth, depth);
  if (const auto* text = value.if_string()) {
    extent.bytes += text->size() + 2;
  } else if (const auto* array = value.if_array()) {
    extent.bytes += 2 + array->size();
    for (const auto& element : *array) measure(element, depth + 1, extent);
  } else if (const auto* object = value.if_object()) {
    extent.bytes += 2;
    for (const auto& member : *object) {
      extent.bytes += member.key().size() + 4;
      measure(member.value(), depth + 1, extent);
    }
  } else {
    extent.bytes += 1;
  }
}

}  // namespace

bool is_too_large(const json::value& value) {
  Extent extent;
  measure(value, 0, extent);
  // A character takes up to six bytes in the text ("\u0001"), a number up to 24: only what is near the limit is written
  // out.
  return extent.depth > payload_depth_max ||
         (extent.bytes > payload_bytes_max / 24 && to_text(value).size() > payload_bytes_max);
}

std::string too_long_cause(std::string_view who) {
  return fmt::format(
      "The state/task '{}' returned a result with a size exceeding the maximum number of bytes service limit.", who);
}

std::string Run::where(const Frame& frame) const {
  if (bare_causes_) return {};
  return fmt::format("An error occurred while executing the state '{}' (entered at the event id #{}). ", frame.state,
                     frame.entered_event);
}

}  // namespace tocsin::asl
