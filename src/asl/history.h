// History events in the shape of Step Functions' GetExecutionHistory: exact event types, ids from 1, previousEventId as
// a tree, one details object whose name depends on the type.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/clock.h"
#include "core/json.h"

namespace tocsin::asl {

using tocsin::to_json;

// An event's number in its execution, from 1; 0 is "no event" (the first event's predecessor).
using EventId = std::int64_t;

struct HistoryEvent {
  EventId id = 0;
  EventId previous = 0;
  Time timestamp;
  std::string_view type;  // "TaskStateEntered": one of Step Functions' HistoryEventType values, static storage
  // The member of the wire object that holds `details` ("stateEnteredEventDetails"); empty where the type has none.
  std::string_view details_name;
  json::object details;
  // 0: the execution's own history. Else the number of the child execution (of a distributed Map) whose history this
  // event belongs to; ids of each child start at 1 again. See Execution::map_runs.
  std::int64_t child = 0;
  // On a child's ExecutionStarted: which of Execution::map_runs it belongs to (from 1), and how many items it has.
  std::int64_t map_run = 0, items = 0;
};

// The wire object: {"timestamp": <seconds since 1970, double>, "type", "id", "previousEventId", "<details_name>": {…}}.
json::object to_json(const HistoryEvent& event);

// Compact JSON text as Step Functions writes it into inputs, outputs and causes: doubles as Java prints them
// (1.5, 1.0E10), integers as they are, keys in their order.
std::string to_text(const json::value& value);
void append_text(std::string& out, const json::value& value);

}  // namespace tocsin::asl
