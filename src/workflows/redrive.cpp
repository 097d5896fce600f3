// RedriveExecution: an execution that failed, timed out or was stopped goes on at the states that stopped.
#include <fmt/format.h>

#include "core/time_format.h"
#include "workflows/detail/executions.h"
#include "workflows/workflows.h"

namespace tocsin::workflows {
namespace {

constexpr std::chrono::days redrivable_for{14};

// Why it cannot be redriven; empty where it can. Wording: Step Functions API reference, DescribeExecution.
std::string not_redrivable(const asl::Execution& state, Time stopped, Time now) {
  if (state.status == asl::Status::running || state.status == asl::Status::succeeded)
    return fmt::format("Execution is {} and cannot be redriven", asl::to_string(state.status));
  if (state.frames.empty()) return "Execution failed with a state that could not be read; start a new one";
  if (state.last_event >= asl::events_max - 2) return "Execution history event limit exceeded";
  if (stopped + redrivable_for < now) return "Execution redrivable period exceeded";
  return {};
}

// Why its machine does not let it be redriven; empty where it does.
std::string machine_problem(store::Reader& reader, std::string_view machine_arn) {
  auto rows = reader.query("SELECT deleting FROM state_machine WHERE arn = ?", machine_arn);
  if (!rows.next()) return "State machine does not exist";
  return rows.boolean(0) ? "State machine is in DELETING status" : "";
}

// Where a child execution's number of events is not known (states stored by earlier programs), its history has it.
asl::EventId events_of(store::Reader& reader, std::int64_t execution, std::int64_t child, asl::EventId known) {
  if (known != 0) return known;
  return reader.integer("SELECT coalesce(max(id), 0) FROM execution_event WHERE execution = ? AND child = ?", 0,
                        execution, child);
}

void count_events(store::Reader& reader, std::int64_t execution, asl::Execution& state) {
  for (auto& [id, frame] : state.frames) {
    const auto parent = state.frames.find(frame.parent);
    if (parent != state.frames.end() && frame.child != parent->second.child)
      frame.child_events = events_of(reader, execution, frame.child, frame.child_events);
  }
  // Those of nested Maps lie within what is kept of the child above them.
  std::vector<asl::Frame*> forks;
  for (auto& [id, frame] : state.frames)
    if (frame.fork) forks.push_back(&frame);
  while (!forks.empty()) {
    auto& fork = *forks.back()->fork;
    forks.pop_back();
    for (auto* ended_children : {&fork.unsuccessful, &fork.redrives})
      for (auto& ended : *ended_children) {
        ended.events = events_of(reader, execution, ended.child, ended.events);
        for (auto& frame : ended.frames) {
          if (frame.child != 0 && frame.child != ended.child)
            frame.child_events = events_of(reader, execution, frame.child, frame.child_events);
          if (frame.fork) forks.push_back(&frame);
        }
      }
  }
}

}  // namespace

std::string_view redrive_condition(const json::object& input) {
  const auto filter = string_at(input, "redriveFilter");
  if (filter == "REDRIVEN") return "AND redrive_count > 0";
  return filter == "NOT_REDRIVEN" ? "AND redrive_count = 0" : "";
}

void show_redrive(store::Reader& reader, std::int64_t id, const asl::Execution& state, json::object& described) {
  auto rows = reader.query("SELECT redrive_count, redriven, stopped, machine_arn FROM execution WHERE id = ?", id);
  if (!rows.next()) return;
  described["redriveCount"] = rows.integer(0);
  if (!rows.is_null(1)) described["redriveDate"] = format_rfc3339(rows.time(1));
  const Time stopped = rows.is_null(2) ? reader.now() : rows.time(2);
  auto reason = not_redrivable(state, stopped, reader.now());
  if (reason.empty()) reason = machine_problem(reader, rows.text(3));
  described["redriveStatus"] = reason.empty() ? "REDRIVABLE" : "NOT_REDRIVABLE";
  if (!reason.empty()) described["redriveStatusReason"] = reason;
}

service::Answer Executions::redrive_execution(store::Transaction& transaction, const service::Call& call) {
  const auto arn = string_at(call.input, "executionArn");
  if (is_map_child(arn) && find_map_child(transaction, arn))
    return fail(ErrorCode::conflict, "Execution is redriven with its Map Run, by redriving the parent execution",
                "ExecutionNotRedrivable");
  auto row = load_by_arn(transaction, arn);
  if (!row) return pass_on(row);
  const auto token = string_at(call.input, "clientToken");
  Time stopped = transaction.now();
  {
    auto rows = transaction.query("SELECT stopped, redriven, redrive_token FROM execution WHERE id = ?", row->id);
    rows.next();
    // The call is idempotent by its token.
    if (!token.empty() && rows.text(2) == token) return json::object{{"redriveDate", format_rfc3339(rows.time(1))}};
    if (!rows.is_null(0)) stopped = rows.time(0);
  }
  if (const auto reason = not_redrivable(row->state, stopped, transaction.now()); !reason.empty())
    return fail(ErrorCode::conflict, reason, "ExecutionNotRedrivable");
  if (auto machine = machines_.resolve(transaction, row->machine_arn); !machine) return pass_on(machine);
  auto definition = machines_.definition(transaction, row->definition_hash);
  if (!definition) return pass_on(definition);
  count_events(transaction, row->id, row->state);
  auto step = asl::redrive(**definition, row->state, transaction.now(), transaction.random());
  if (!step) return pass_on(step);
  transaction.execute(
      "UPDATE execution SET redrive_count = redrive_count + 1, redriven = ?, redrive_token = ? WHERE id = ?",
      transaction.now(), token, row->id);
  save(transaction, *row, *step);
  return json::object{{"redriveDate", format_rfc3339(transaction.now())}};
}

}  // namespace tocsin::workflows
