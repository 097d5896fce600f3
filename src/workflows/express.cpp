// Express executions: run to their end inside one transaction wherever nothing makes them wait, and leave no trace.
// One that has to wait (a Wait state, a delay before a retry, a task that answers later, or simply too many tasks for
// one transaction) is stored like any other, without history, and removed when its end was told.
#include <algorithm>
#include <deque>

#include <fmt/format.h>

#include "core/time_format.h"
#include "workflows/detail/executions.h"
#include "workflows/sdk_names.h"
#include "workflows/workflows.h"

namespace tocsin::workflows {
namespace {

// Tasks done in one transaction before others get their turn.
constexpr int calls_max = 100;
constexpr std::chrono::minutes duration_max{5};
// What a caller that went away did not fetch is kept so long.
constexpr std::chrono::minutes kept_for{6};
constexpr std::int64_t billed_memory_mb = 64;
constexpr std::int64_t billing_step_ms = 100;

}  // namespace

// Commands of an execution that runs inside one transaction: timers and tasks that are still wanted.
struct Executions::Pending {
  std::vector<asl::SetTimer> timers;
  std::deque<asl::ScheduleTask> tasks;

  void take(asl::Step& step) {
    for (auto& command : step.commands) {
      if (auto* task = std::get_if<asl::ScheduleTask>(&command)) {
        tasks.push_back(std::move(*task));
      } else if (const auto* timer = std::get_if<asl::SetTimer>(&command)) {
        timers.push_back(*timer);
      } else if (const auto* cancelled = std::get_if<asl::CancelTask>(&command)) {
        std::erase_if(tasks, [&](const auto& t) { return t.task == cancelled->task; });
      } else if (const auto* stopped = std::get_if<asl::CancelTimer>(&command)) {
        std::erase_if(timers, [&](const auto& t) { return t.timer == stopped->timer; });
      }
    }
  }
};

bool is_express(std::string_view execution_arn) {
  const auto arn = parse_arn(execution_arn);  // a standard machine may be named "express" too
  return arn && arn->resource.starts_with("express:");
}

Result<Executions::Row> Executions::new_express(store::Transaction& transaction, const Machine& machine,
                                                std::string_view name) const {
  std::string chosen = name.empty() ? make_uuid(transaction.random()) : std::string(name);
  if (auto named = check_name(chosen); !named) return pass_on(named);
  Row row{.arn = machines_.identity().arn(
              "states", fmt::format("express:{}:{}:{}", machine.name, chosen, make_uuid(transaction.random()))),
          .machine_arn = machine.arn,
          .definition_hash = machine.definition_hash,
          .state = {}};
  row.state.context = {.execution_arn = row.arn,
                       .execution_name = std::move(chosen),
                       .role_arn = machine.role_arn,
                       .state_machine_arn = machine.arn,
                       .state_machine_name = machine.name,
                       .record_history = false};
  return row;
}

Result<void> Executions::run_express(store::Transaction& transaction, Row& row, json::value input) {
  auto definition = machines_.definition(transaction, row.definition_hash);
  if (!definition) return pass_on(definition);
  Pending pending;
  const asl::ContextInfo info = row.state.context;
  auto step = asl::start(**definition, row.state, std::move(input), info, transaction.now(), transaction.random());
  pending.take(step);
  for (int calls = 0; !row.state.finished() && calls < calls_max; ++calls) {
    const auto ready = std::ranges::find_if(
        pending.tasks, [](const asl::ScheduleTask& task) { return answers_at_once(task.resource); });
    if (ready == pending.tasks.end()) break;
    const asl::ScheduleTask task = std::move(*ready);
    pending.tasks.erase(ready);
    auto outcome = tasks_.perform(transaction, task.resource, task.input, row.depth + 1);
    step = asl::advance(**definition, row.state, happening_of(task.task, std::move(outcome)), transaction.now(),
                        transaction.random());
    pending.take(step);
  }
  if (row.state.finished()) return {};
  return store_express(transaction, row, pending);
}

// It waits: from here on the outbox drives it.
Result<void> Executions::store_express(store::Transaction& transaction, Row& row, const Pending& pending) {
  {
    auto rows = transaction.query(
        "INSERT INTO execution (arn, machine_arn, definition_hash, name, status, started, input_hash, state, depth) "
        "VALUES (?,?,?,?,'RUNNING',?,'',?,?) RETURNING id",
        row.arn, row.machine_arn, row.definition_hash, row.state.context.execution_name, row.state.started,
        store::Blob{""}, row.depth);
    if (!rows.next()) return fail(ErrorCode::unavailable, "the execution could not be stored");
    row.id = rows.integer(0);
  }
  asl::Step step;
  for (const auto& timer : pending.timers) step.commands.emplace_back(timer);
  for (const auto& task : pending.tasks) step.commands.emplace_back(task);
  save(transaction, row, step);
  return {};
}

// The end of a stored one: who waits for it is told, and the row goes, now or when its caller had the time to fetch it.
void Executions::finish_express(store::Transaction& transaction, const Row& row) {
  if (transaction.exists("SELECT 1 FROM express_call WHERE execution = ?", row.id) ||
      transaction.exists("SELECT 1 FROM execution_parent WHERE child = ?", row.id)) {
    store::Outbox::add(transaction, {.kind = std::string(express_end_kind),
                                     .destination = row.arn,
                                     .payload = {},
                                     .key = fmt::format("express/{}/0", row.id),
                                     .lane = store::Lane::bulk,
                                     .due = transaction.now() + kept_for});
    return;
  }
  remove_express(transaction, row.id);
}

void Executions::remove_express(store::Transaction& transaction, std::int64_t id) {
  transaction.execute("DELETE FROM express_call WHERE execution = ?", id);
  transaction.execute("DELETE FROM map_run_child WHERE execution = ?", id);
  transaction.execute("DELETE FROM map_run WHERE execution = ?", id);
  transaction.execute("DELETE FROM execution_snapshot WHERE execution = ?", id);
  transaction.execute("DELETE FROM execution WHERE id = ?", id);
}

Result<void> Executions::end_express(store::Transaction& transaction, const store::Due& due) {
  remove_express(transaction, numbers_of(due.key).first);
  return {};
}

json::object Executions::express_result(const Row& row, Time stopped) {
  const auto& state = row.state;
  json::object result{{"executionArn", row.arn},
                      {"stateMachineArn", row.machine_arn},
                      {"name", state.context.execution_name},
                      {"startDate", format_rfc3339(state.started)},
                      {"stopDate", format_rfc3339(stopped)},
                      {"status", state.status == asl::Status::aborted ? "FAILED" : asl::to_string(state.status)},
                      {"input", asl::to_text(state.input)},
                      {"inputDetails", {{"included", true}}}};
  if (state.status == asl::Status::succeeded) {
    result["output"] = asl::to_text(state.output);
    result["outputDetails"] = json::object{{"included", true}};
  }
  if (state.error) result["error"] = *state.error;
  if (state.status == asl::Status::timed_out && !state.error) result["error"] = "States.Timeout";
  if (state.cause) result["cause"] = *state.cause;
  const auto took = std::chrono::ceil<std::chrono::milliseconds>(stopped - state.started).count();
  const auto steps = std::max<std::int64_t>(1, (took + billing_step_ms - 1) / billing_step_ms);
  result["billingDetails"] = json::object{{"billedMemoryUsedInMB", billed_memory_mb},
                                          {"billedDurationInMilliseconds", steps * billing_step_ms}};
  return result;
}

Result<Executions::Row> Executions::begin_sync(store::Transaction& transaction, const json::object& input, int depth) {
  auto machine = machines_.resolve(transaction, string_at(input, "stateMachineArn"));
  if (!machine) return pass_on(machine);
  if (!machine->express) return type_not_supported();
  if (auto checked = check_depth(machine->arn, depth); !checked) return pass_on(checked);
  auto value = read_input(string_at(input, "input", "{}"));
  if (!value) return pass_on(value);
  auto row = new_express(transaction, *machine, string_at(input, "name"));
  if (!row) return row;
  row->depth = depth;
  if (auto run = run_express(transaction, *row, std::move(*value)); !run) return pass_on(run);
  return row;
}

service::Answer Executions::start_sync_execution(store::Transaction& transaction, const service::Call& call) {
  // A run that waited is looked at again when it is over: the request is the same.
  const auto known =
      call.request_id.empty()
          ? 0
          : transaction.integer("SELECT execution FROM express_call WHERE request_id = ?", 0, call.request_id);
  auto row = known != 0 ? load(transaction, known) : begin_sync(transaction, call.input, call.depth);
  if (!row) return pass_on(row);
  if (!row->state.finished()) {
    if (known == 0 && !call.request_id.empty())
      transaction.execute("INSERT INTO express_call (request_id, execution) VALUES (?,?)", call.request_id, row->id);
    return json::object{{"executionArn", row->arn},
                        {"stateMachineArn", row->machine_arn},
                        {"name", row->state.context.execution_name},
                        {"startDate", format_rfc3339(row->state.started)},
                        {"stopDate", format_rfc3339(transaction.now())},
                        {"status", "RUNNING"}};
  }
  Time stopped = transaction.now();
  if (known != 0) {
    stopped = from_microseconds(transaction.integer("SELECT stopped FROM execution WHERE id = ?", 0, known));
    store::Outbox::cancel(transaction, fmt::format("express/{}/0", known));
    remove_express(transaction, known);
  }
  return express_result(*row, stopped);
}

std::optional<service::Wait> Executions::wait_for_sync(const service::Call&, const json::object& answer) {
  if (string_at(answer, "status") != "RUNNING") return std::nullopt;
  return service::Wait{.signal = "execution:" + std::string(string_at(answer, "executionArn")),
                       .at_most = duration_max + std::chrono::seconds{30}};
}

Result<Executions::Started> Executions::start_express(store::Transaction& transaction, const Machine& machine,
                                                      std::string_view name, std::string_view input, int depth) {
  auto row = new_express(transaction, machine, name);
  if (!row) return pass_on(row);
  // Once acknowledged it runs, whatever happens to this process.
  store::Outbox::add(transaction, {.kind = std::string(express_kind),
                                   .destination = row->arn,
                                   .payload = std::string(input),
                                   .context = to_json(json::object{{"machine", machine.arn},
                                                                   {"definition", machine.definition_hash},
                                                                   {"role", machine.role_arn},
                                                                   {"name", row->state.context.execution_name},
                                                                   {"machine_name", machine.name},
                                                                   {"depth", depth}}),
                                   .key = row->arn,
                                   .lane = store::Lane::workflow});
  return Started{row->arn, transaction.now()};
}

Result<void> Executions::run_express_due(store::Transaction& transaction, const store::Due& due) {
  auto context = parse_json_object(due.context);
  if (!context) return pass_on(context);
  auto input = parse_json(due.payload);
  if (!input) return pass_on(input);
  Row row{.arn = due.destination,
          .machine_arn = std::string(string_at(*context, "machine")),
          .definition_hash = std::string(string_at(*context, "definition")),
          .state = {}};
  row.state.context = {.execution_arn = row.arn,
                       .execution_name = std::string(string_at(*context, "name")),
                       .role_arn = std::string(string_at(*context, "role")),
                       .state_machine_arn = row.machine_arn,
                       .state_machine_name = std::string(string_at(*context, "machine_name")),
                       .record_history = false};
  row.depth = static_cast<int>(integer_at(*context, "depth"));
  return run_express(transaction, row, std::move(*input));
}

}  // namespace tocsin::workflows
