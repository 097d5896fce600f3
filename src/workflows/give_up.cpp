// What becomes of an execution when the outbox gives up a delivery of its, and of one that cannot go on at all: nobody
// is to wait for it for ever.
#include <fmt/format.h>

#include "workflows/activities.h"
#include "workflows/detail/event_log.h"
#include "workflows/detail/executions.h"
#include "workflows/workflows.h"

namespace tocsin::workflows {
namespace {

// The input, as the history has it; null where that cannot be read either.
json::value input_of(store::Reader& reader, std::int64_t execution) {
  json::value input;
  (void)read_events(reader, {execution, 0}, 0, false, [&](std::int64_t, json::object&& event) {
    const auto* details = event.if_contains("executionStartedEventDetails");
    if (details && details->is_object())
      input = parse_json(string_at(details->get_object(), "input", "null")).value_or(nullptr);
    return false;
  });
  return input;
}

asl::Step failed_step(asl::EventId last, Time now, const asl::Execution& state) {
  asl::Step step;
  step.events.push_back({.id = last + 1,
                         .previous = last,
                         .timestamp = now,
                         .type = "ExecutionFailed",
                         .details_name = "executionFailedEventDetails",
                         .details = {{"error", *state.error}, {"cause", *state.cause}}});
  return step;
}

}  // namespace

bool Executions::give_up(store::Transaction& transaction, const store::Due& due, const Error& error) {
  const std::string cause = "given up: " + error.message;
  const auto [execution, number] = numbers_of(due.key);
  const asl::TaskId task{number};
  if (due.kind == task_kind || (due.kind == outside_kind && due.key.starts_with("task/"))) {
    happen_or_fail(transaction, execution, asl::TaskFailed{task, "States.TaskFailed", cause}, cause);
  } else if (due.kind == result_kind) {
    happen_or_fail(transaction, execution,
                   asl::happening_from_json(due.payload).value_or(asl::TaskFailed{task, "States.TaskFailed", cause}),
                   cause);
  } else if (due.kind == child_kind) {
    transaction.execute("DELETE FROM execution_parent WHERE parent = ? AND task = ?", execution, number);
    happen_or_fail(transaction, execution, asl::TaskFailed{task, "States.TaskFailed", cause}, cause);
  } else if (due.kind == timer_kind) {
    happen_or_fail(transaction, execution, asl::StopRequested{"States.Runtime", cause}, cause);
  } else if (due.kind == stop_kind) {
    fail_hard(transaction, execution, cause);
  } else if (due.kind == express_kind) {
    // It has no row: who listens for failures is all that can be told.
    const auto context = parse_json_object(due.context).value_or(json::object{});
    announce_failure(transaction, {.arn = due.destination,
                                   .machine_arn = std::string(string_at(context, "machine")),
                                   .status = "FAILED",
                                   .error = "States.Runtime",
                                   .cause = cause});
  } else if (due.kind == express_end_kind) {
    remove_express(transaction, execution);
  } else if (due.kind == watchdog_kind) {
    set_timer(transaction);
  } else {
    return false;
  }
  return true;
}

void Executions::happen_or_fail(store::Transaction& transaction, std::int64_t execution,
                                const asl::Happening& happening, const std::string& cause) {
  const auto done = transaction.attempt([&] { return tell(transaction, execution, happening); });
  if (!done) fail_hard(transaction, execution, fmt::format("{}; {}", cause, done.error().message));
}

// Its state is replaced by that of a failed execution, so that it is read, told and refused like any other: what comes
// for it from now on comes late.
void Executions::fail_hard(store::Transaction& transaction, std::int64_t execution, std::string cause) {
  Row row{.id = execution, .arn = {}, .machine_arn = {}, .definition_hash = {}, .state = {}};
  {
    auto rows = transaction.query(
        "SELECT arn, machine_arn, definition_hash, name, started, redrive_count FROM execution "
        "WHERE id = ? AND stopped IS NULL",
        execution);
    if (!rows.next()) return;
    row.arn = rows.string(0);
    row.machine_arn = rows.string(1);
    row.definition_hash = rows.string(2);
    row.state.context.execution_name = rows.string(3);
    row.state.started = rows.time(4);
    row.state.context.redrive_count = rows.integer(5);
  }
  const bool express = is_express(row.arn);
  row.state.status = asl::Status::failed;
  row.state.error = "States.Runtime";
  row.state.cause = std::move(cause);
  row.state.context.execution_arn = row.arn;
  row.state.context.state_machine_arn = row.machine_arn;
  row.state.context.record_history = !express;
  row.state.input = input_of(transaction, execution);
  row.state.last_event = transaction.integer(
      "SELECT coalesce(max(id), 0) FROM execution_event WHERE execution = ? AND child = 0", 0, execution);
  const auto step = express ? asl::Step{} : failed_step(row.state.last_event++, transaction.now(), row.state);
  withdraw_all(transaction, execution);
  save(transaction, row, step);
  if (Machines::is_deleting(transaction, row.machine_arn)) Machines::finish_deletion(transaction, row.machine_arn);
}

// All that an execution has given out, without knowing what that is: timers, tasks, tokens, children that it waits for.
// And what it was made of.
void Executions::withdraw_all(store::Transaction& transaction, std::int64_t execution) {
  for (const auto* kind : {"task", "timer", "child", "result"})
    store::Outbox::cancel_all(transaction, fmt::format("{}/{}/", kind, execution));
  std::vector<asl::TaskId> waiting;
  {
    auto rows = transaction.query("SELECT task FROM execution_parent WHERE parent = ?", execution);
    while (rows.next()) waiting.push_back(asl::TaskId{rows.integer(0)});
  }
  for (const auto task : waiting) abandon_child(transaction, execution, task);
  transaction.execute("DELETE FROM execution_journal WHERE execution = ?", execution);
  transaction.execute("DELETE FROM execution_snapshot WHERE execution = ?", execution);
  transaction.execute("DELETE FROM task_token WHERE execution = ?", execution);
  drop_activity_tasks(transaction, execution);
  transaction.execute(
      "UPDATE map_run_child SET status = 'ABORTED', stopped = ? WHERE execution = ? AND status = 'RUNNING'",
      transaction.now(), execution);
}

void Executions::announce_failure(store::Transaction& transaction, Failed failed) {
  if (failed_) transaction.on_commit([this, failed = std::move(failed)] { failed_(failed); });
}

}  // namespace tocsin::workflows
