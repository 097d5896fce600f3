#include "workflows/detail/executions.h"

#include <cstdlib>

#include <fmt/format.h>

#include "digest/digest.h"
#include "store/compress.h"
#include "workflows/activities.h"
#include "workflows/detail/event_log.h"
#include "workflows/detail/state_cache.h"
#include "workflows/state_tests.h"
#include "workflows/workflows.h"

namespace tocsin::workflows {
namespace {

// The idempotency key of a task: it stays the same over all tries of its delivery.
std::string task_key(std::int64_t execution, asl::TaskId task) {
  return fmt::format("task/{}/{}", execution, static_cast<std::int64_t>(task));
}

// What a receiver outside is told as the idempotency key: numbers repeat between stores, which it does not know apart.
std::string sent_key(std::string_view execution_arn, Time started, asl::TaskId task) {
  return digest::sha256_hex(fmt::format("{}\n{}\n{}", execution_arn, started.time_since_epoch().count(),
                                        static_cast<std::int64_t>(task)))
      .substr(0, 32);
}

std::string timer_key(std::int64_t execution, asl::TimerId timer) {
  return fmt::format("timer/{}/{}", execution, static_cast<std::int64_t>(timer));
}

}  // namespace

std::pair<std::int64_t, std::int64_t> numbers_of(std::string_view key) {
  const auto first = key.find('/');
  const auto second = key.find('/', first + 1);
  const std::string execution{key.substr(first + 1, second - first - 1)};
  const std::string number{key.substr(second + 1)};
  return {std::strtoll(execution.c_str(), nullptr, 10), std::strtoll(number.c_str(), nullptr, 10)};
}

asl::Happening happening_of(asl::TaskId task, TaskOutcome outcome) {
  if (auto* output = std::get_if<json::value>(&outcome)) return asl::TaskSucceeded{task, std::move(*output)};
  auto& failure = std::get<TaskFailure>(outcome);
  return asl::TaskFailed{task, std::move(failure.error), std::move(failure.cause)};
}

std::unexpected<Error> type_not_supported() {
  return fail(ErrorCode::validation, "This operation is not supported by this type of state machine",
              "StateMachineTypeNotSupported");
}

std::unexpected<Error> execution_does_not_exist(std::string_view arn) {
  return fail(ErrorCode::not_found, fmt::format("Execution Does Not Exist: '{}'", arn.substr(0, 256)),
              "ExecutionDoesNotExist");
}

Result<void> check_execution_arn(std::string_view arn) {
  const auto parsed = parse_arn(arn);
  if (parsed && parsed->service == "states" && !parsed->resource.starts_with("execution:"))
    return fail(ErrorCode::validation,
                fmt::format("Invalid Arn: 'Resource type not valid in this context: {}'",
                            parsed->resource.substr(0, parsed->resource.find(':'))),
                "InvalidArn");
  if (!parsed || parsed->service != "states" || !parsed->resource.starts_with("execution:"))
    return fail(ErrorCode::validation, fmt::format("Invalid Arn: '{}'", arn.substr(0, 256)), "InvalidArn");
  return {};
}

Executions::Executions(Machines& machines, const Tasks& tasks, Limits limits)
    : machines_{machines},
      tasks_{tasks},
      limits_{limits},
      cache_{std::make_unique<StateCache>(limits.cached_states_bytes_max)} {
  machines_.show_task_deadline(limits_.task_deadline);
}
Executions::~Executions() = default;

void Executions::call_outside_with(CallOutside call) {
  outside_ = std::make_unique<OutsideTasks>(
      std::move(call), [this](store::Transaction& transaction, const std::string& key, const OutsideResult& result) {
        if (key.starts_with(state_test_prefix)) return state_tests_.keep(transaction, key, result);
        tell_result(transaction, key, result);
      });
}

// The call was made and is not made again: where the execution cannot be told of it now, it becomes a delivery.
void Executions::tell_result(store::Transaction& transaction, const std::string& key, const OutsideResult& result) {
  const auto [execution, number] = numbers_of(key);
  const auto happening = happening_of(asl::TaskId{number}, result.outcome);
  if (transaction.attempt([&] { return tell(transaction, execution, happening); })) return;
  store::Outbox::add(transaction, {.kind = std::string(result_kind),
                                   .destination = {},
                                   .payload = asl::to_json(happening),
                                   .key = fmt::format("result/{}/{}", execution, number),
                                   .lane = store::Lane::workflow});
}

Result<void> Executions::deliver_result(store::Transaction& transaction, const store::Due& due) {
  const auto happening = asl::happening_from_json(due.payload);
  if (!happening) return std::unexpected(happening.error());
  return tell(transaction, numbers_of(due.key).first, *happening);
}

void Executions::attach(store::Outbox& outbox) {
  outbox.handle(std::string(task_kind), [this](auto& t, const auto& due) { return run_task(t, due); });
  outbox.handle(std::string(timer_kind), [this](auto& t, const auto& due) { return fire_timer(t, due); });
  if (outside_) outside_->attach(outbox);
  outbox.handle(std::string(result_kind), [this](auto& t, const auto& due) { return deliver_result(t, due); });
  outbox.handle(std::string(retention_kind), [this](auto& t, const auto& due) { return purge(t, due); });
  outbox.handle(std::string(express_kind), [this](auto& t, const auto& due) { return run_express_due(t, due); });
  outbox.handle(std::string(express_end_kind), [this](auto& t, const auto& due) { return end_express(t, due); });
  outbox.handle(std::string(child_kind), [this](auto& t, const auto& due) { return child_ended(t, due); });
  outbox.handle(std::string(stop_kind), [this](auto& t, const auto& due) { return stop_child(t, due); });
  outbox.handle(std::string(watchdog_kind), [this](auto& t, const auto& due) { return watch(t, due); });
}

// ---- what follows from a step

void Executions::record(store::Transaction& transaction, const Row& row, const asl::Step& step) {
  write_events(transaction, row.id, step.events);
  record_map_runs(transaction, row.id, step);
  for (const auto& command : step.commands) perform(transaction, row, command);
  if (!row.state.finished()) return;
  tell_parents(transaction, row.id);
  transaction.execute("DELETE FROM task_token WHERE execution = ?", row.id);
  drop_activity_tasks(transaction, row.id);
  transaction.signal("execution:" + row.arn);
  if (row.state.status != asl::Status::succeeded)
    announce_failure(transaction, {row.arn, row.machine_arn, asl::to_string(row.state.status),
                                   row.state.error.value_or(""), row.state.cause.value_or("")});
  if (is_express(row.arn)) return finish_express(transaction, row);
  store::Outbox::add(transaction, {.kind = std::string(retention_kind),
                                   .destination = {},
                                   .payload = {},
                                   .key = std::string(retention_key),
                                   .lane = store::Lane::bulk,
                                   .due = transaction.now() + purge_interval(limits_.retention)});
}

void Executions::perform(store::Transaction& transaction, const Row& row, const asl::Command& command) {
  if (const auto* task = std::get_if<asl::ScheduleTask>(&command)) {
    schedule(transaction, row, *task);
  } else if (const auto* timer = std::get_if<asl::SetTimer>(&command)) {
    store::Outbox::add(transaction, {.kind = std::string(timer_kind),
                                     .destination = row.arn,
                                     .payload = {},
                                     .key = timer_key(row.id, timer->timer),
                                     .lane = store::Lane::workflow,
                                     .due = timer->due});
  } else if (const auto* cancelled = std::get_if<asl::CancelTask>(&command)) {
    store::Outbox::cancel(transaction, task_key(row.id, cancelled->task));
    abandon_child(transaction, row.id, cancelled->task);
    transaction.execute("DELETE FROM task_token WHERE execution = ? AND task = ?", row.id,
                        static_cast<std::int64_t>(cancelled->task));
    drop_activity_task(transaction, row.id, cancelled->task);
  } else if (const auto* stopped = std::get_if<asl::CancelTimer>(&command)) {
    store::Outbox::cancel(transaction, timer_key(row.id, stopped->timer));
  }
}

void Executions::schedule(store::Transaction& transaction, const Row& row, const asl::ScheduleTask& task) {
  if (!task.task_token.empty())
    transaction.execute("INSERT INTO task_token (token, execution, task) VALUES (?,?,?)", task.task_token, row.id,
                        static_cast<std::int64_t>(task.task));
  // Without the activity the task is made like any other, and fails.
  if (is_activity(task.resource) && queue_activity_task(transaction, row.id, task)) return;
  if (outside_ && asl::is_integration(task.resource, http_invoke))
    return OutsideTasks::add(transaction, task.input, task_key(row.id, task.task), false,
                             sent_key(row.arn, row.state.started, task.task));
  const bool submits = task.integration != asl::Integration::request_response;
  store::Outbox::add(transaction, {.kind = std::string(task_kind),
                                   .destination = task.resource,
                                   .payload = to_json(task.input),
                                   .context = submits ? "submit" : "",
                                   .key = task_key(row.id, task.task),
                                   .lane = store::Lane::workflow});
}

// ---- what happens to an execution

Result<void> Executions::happen(store::Transaction& transaction, Row& row, const asl::Happening& happening) {
  auto definition = machines_.definition(transaction, row.definition_hash);
  if (!definition) return pass_on(definition);
  // Executions of a machine that is being deleted end at their next transition.
  const bool deleting = Machines::is_deleting(transaction, row.machine_arn);
  const asl::Happening stop = asl::StopRequested{};
  const bool stops = deleting && !std::holds_alternative<asl::StopRequested>(happening);
  const auto& what = stops ? stop : happening;
  if (asl::concerns(row.state, what)) {
    auto step = advance(transaction, row, **definition, what);
    if (!step) return pass_on(step);
    if (auto followed = follow(transaction, row, **definition, *step); !followed) return followed;
    append(transaction, row, *step);
  }
  if (deleting && row.state.finished()) Machines::finish_deletion(transaction, row.machine_arn);
  return {};
}

// The execution is loaded after the task was made: what a task does may happen to the execution itself.
Result<void> Executions::run_task(store::Transaction& transaction, const store::Due& due) {
  const auto [execution, number] = numbers_of(due.key);
  const asl::TaskId task{number};
  if (!transaction.exists("SELECT 1 FROM execution WHERE id = ?", execution)) return {};
  auto input = parse_json(due.payload);
  if (!input) return pass_on(input);
  if (starts_child(due.destination)) return run_child_task(transaction, execution, task, due.destination, *input);
  auto outcome =
      tasks_.perform(transaction, due.destination, *input, depth_below(transaction, execution, due.destination));
  if (due.context == "submit") {
    if (auto* output = std::get_if<json::value>(&outcome))
      return tell(transaction, execution, asl::TaskSubmitted{task, std::move(*output)});
  }
  if (std::holds_alternative<TaskFailure>(outcome)) {
    // A request that was refused told nobody its token.
    transaction.execute("DELETE FROM task_token WHERE execution = ? AND task = ?", execution, number);
    if (auto told = tell_succeeded_children(transaction, execution); !told) return told;
  }
  return tell(transaction, execution, happening_of(task, std::move(outcome)));
}

Result<void> Executions::tell(store::Transaction& transaction, std::int64_t execution,
                              const asl::Happening& happening) {
  auto row = load(transaction, execution);
  if (!row)
    return row.error().code == ErrorCode::not_found ? Result<void>{} : Result<void>{std::unexpected(row.error())};
  auto done = happen(transaction, *row, happening);
  if (done) keep(std::move(*row));
  return done;
}

Result<void> Executions::fire_timer(store::Transaction& transaction, const store::Due& due) {
  const auto [execution, number] = numbers_of(due.key);
  return tell(transaction, execution, asl::TimerFired{asl::TimerId{number}});
}

}  // namespace tocsin::workflows
