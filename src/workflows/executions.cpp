#include <cstdlib>
#include <limits>

#include <fmt/format.h>

#include "core/time_format.h"
#include "digest/digest.h"
#include "store/compress.h"
#include "workflows/paging.h"
#include "workflows/workflows.h"

namespace tocsin::workflows {
namespace {

constexpr std::size_t payload_bytes_max = 262'144;
constexpr std::string_view task_kind = "workflow-task";
constexpr std::string_view timer_kind = "workflow-timer";
constexpr std::string_view retention_kind = "workflow-retention";
constexpr std::string_view retention_key = "workflow-retention";
constexpr std::chrono::hours purge_interval{1};
constexpr int purge_count_max = 500;

// The idempotency key of a task: it stays the same over all tries of its delivery.
std::string task_key(std::int64_t execution, asl::TaskId task) {
  return fmt::format("task/{}/{}", execution, static_cast<std::int64_t>(task));
}

std::string timer_key(std::int64_t execution, asl::TimerId timer) {
  return fmt::format("timer/{}/{}", execution, static_cast<std::int64_t>(timer));
}

// "task/12/7" → 12, 7.
std::pair<std::int64_t, std::int64_t> numbers_of(std::string_view key) {
  const auto first = key.find('/');
  const auto second = key.find('/', first + 1);
  const std::string execution{key.substr(first + 1, second - first - 1)};
  const std::string number{key.substr(second + 1)};
  return {std::strtoll(execution.c_str(), nullptr, 10), std::strtoll(number.c_str(), nullptr, 10)};
}

std::string execution_arn(const Identity& identity, const Machine& machine, std::string_view name) {
  return identity.arn("states", fmt::format("execution:{}:{}", machine.name, name));
}

std::unexpected<Error> does_not_exist(std::string_view arn) {
  return fail(ErrorCode::not_found, fmt::format("Execution Does Not Exist: '{}'", arn.substr(0, 256)),
              "ExecutionDoesNotExist");
}

asl::Happening happening_of(asl::TaskId task, TaskOutcome outcome) {
  if (auto* output = std::get_if<json::value>(&outcome)) return asl::TaskSucceeded{task, std::move(*output)};
  auto& failure = std::get<TaskFailure>(outcome);
  return asl::TaskFailed{task, std::move(failure.error), std::move(failure.cause)};
}

Result<json::value> read_input(std::string_view input) {
  if (input.size() > payload_bytes_max)
    return fail(ErrorCode::validation, "Invalid State Machine Execution Input: 'the input is larger than 262144 bytes'",
                "InvalidExecutionInput", "input");
  auto value = parse_json(input);
  if (!value)
    return fail(ErrorCode::validation,
                fmt::format("Invalid State Machine Execution Input: '{}'", value.error().message),
                "InvalidExecutionInput", "input");
  return value;
}

}  // namespace

Executions::Executions(Machines& machines, const Tasks& tasks, Limits limits)
    : machines_{machines}, tasks_{tasks}, limits_{limits} {}

void Executions::attach(store::Outbox& outbox) {
  outbox.handle(std::string(task_kind), [this](auto& t, const auto& due) { return run_task(t, due); });
  outbox.handle(std::string(timer_kind), [this](auto& t, const auto& due) { return fire_timer(t, due); });
  outbox.handle(std::string(retention_kind), [this](auto& t, const auto& due) { return purge(t, due); });
}

// ---- loading and saving

Result<Executions::Row> Executions::load(store::Reader& reader, std::int64_t id) const {
  auto rows = reader.query("SELECT id, arn, machine_arn, definition_hash, state FROM execution WHERE id = ?", id);
  if (!rows.next()) return does_not_exist(std::to_string(id));
  auto text = store::decompress(rows.blob(4));
  if (!text) return pass_on(text);
  auto state = asl::Execution::from_json(*text);
  if (!state) return pass_on(state);
  return Row{rows.integer(0), rows.string(1), rows.string(2), rows.string(3), std::move(*state)};
}

Result<Executions::Row> Executions::load_by_arn(store::Reader& reader, std::string_view arn) const {
  const auto parsed = parse_arn(arn);
  if (!parsed || parsed->service != "states" || !parsed->resource.starts_with("execution:"))
    return fail(ErrorCode::validation, fmt::format("Invalid Arn: '{}'", arn.substr(0, 256)), "InvalidArn");
  const auto id = reader.integer("SELECT id FROM execution WHERE arn = ?", 0, arn);
  if (id == 0) return does_not_exist(arn);
  return load(reader, id);
}

void Executions::save(store::Transaction& transaction, const Row& row, const asl::Step& step) {
  const bool finished = row.state.finished();
  transaction.execute("UPDATE execution SET status = ?, stopped = ?, state = ? WHERE id = ?",
                      asl::to_string(row.state.status),
                      finished ? std::optional<Time>{transaction.now()} : std::nullopt,
                      store::Blob{store::compress(row.state.to_json())}, row.id);
  for (const auto& event : step.events)
    transaction.execute("INSERT INTO execution_event (execution, child, id, at, body) VALUES (?,?,?,?,?)", row.id,
                        event.child, event.id, event.timestamp,
                        store::Blob{store::compress(asl::to_text(asl::to_json(event)))});
  for (const auto& command : step.commands) perform(transaction, row, command);
  if (!finished) return;
  transaction.execute("DELETE FROM task_token WHERE execution = ?", row.id);
  transaction.signal("execution:" + row.arn);
  store::Outbox::add(transaction, {.kind = std::string(retention_kind),
                                   .destination = {},
                                   .payload = {},
                                   .key = std::string(retention_key),
                                   .lane = store::Lane::bulk,
                                   .due = transaction.now() + purge_interval});
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
    transaction.execute("DELETE FROM task_token WHERE execution = ? AND task = ?", row.id,
                        static_cast<std::int64_t>(cancelled->task));
  } else if (const auto* stopped = std::get_if<asl::CancelTimer>(&command)) {
    store::Outbox::cancel(transaction, timer_key(row.id, stopped->timer));
  }
}

void Executions::schedule(store::Transaction& transaction, const Row& row, const asl::ScheduleTask& task) {
  if (!task.task_token.empty())
    transaction.execute("INSERT INTO task_token (token, execution, task) VALUES (?,?,?)", task.task_token, row.id,
                        static_cast<std::int64_t>(task.task));
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
  const auto step = asl::advance(**definition, row.state, happening, transaction.now(), transaction.random());
  if (!step.events.empty() || !step.commands.empty()) save(transaction, row, step);
  return {};
}

Result<void> Executions::run_task(store::Transaction& transaction, const store::Due& due) {
  const auto [execution, number] = numbers_of(due.key);
  const asl::TaskId task{number};
  auto row = load(transaction, execution);
  if (!row)
    return row.error().code == ErrorCode::not_found ? Result<void>{} : Result<void>{std::unexpected(row.error())};
  auto input = parse_json(due.payload);
  if (!input) return pass_on(input);
  auto outcome = tasks_.perform(transaction, due.destination, *input);
  if (due.context == "submit") {
    if (auto* output = std::get_if<json::value>(&outcome))
      return happen(transaction, *row, asl::TaskSubmitted{task, std::move(*output)});
  }
  return happen(transaction, *row, happening_of(task, std::move(outcome)));
}

Result<void> Executions::fire_timer(store::Transaction& transaction, const store::Due& due) {
  const auto [execution, number] = numbers_of(due.key);
  auto row = load(transaction, execution);
  if (!row)
    return row.error().code == ErrorCode::not_found ? Result<void>{} : Result<void>{std::unexpected(row.error())};
  return happen(transaction, *row, asl::TimerFired{asl::TimerId{number}});
}

// Removes what was finished longer ago than the retention, some at a time, and comes again while there is anything
// left.
Result<void> Executions::purge(store::Transaction& transaction, const store::Due&) {
  std::vector<std::int64_t> old;
  {
    auto rows = transaction.query("SELECT id FROM execution WHERE stopped < ? ORDER BY stopped LIMIT ?",
                                  transaction.now() - limits_.retention, purge_count_max);
    while (rows.next()) old.push_back(rows.integer(0));
  }
  for (const auto id : old) {
    transaction.execute("DELETE FROM execution_event WHERE execution = ?", id);
    transaction.execute("DELETE FROM execution WHERE id = ?", id);
  }
  if (transaction.exists("SELECT 1 FROM execution WHERE stopped IS NOT NULL"))
    store::Outbox::add(
        transaction,
        {.kind = std::string(retention_kind),
         .destination = {},
         .payload = {},
         .key = std::string(retention_key),
         .lane = store::Lane::bulk,
         .due = transaction.now() + (std::ssize(old) == purge_count_max ? std::chrono::seconds{1} : purge_interval)});
  return {};
}

// ---- starting

Result<Executions::Started> Executions::start(store::Transaction& transaction, std::string_view machine_arn,
                                              std::string_view name, std::string_view input) {
  auto machine = machines_.find(transaction, machine_arn);
  if (!machine) return pass_on(machine);
  const std::string chosen = name.empty() ? make_uuid(transaction.random()) : std::string(name);
  if (auto named = check_name(chosen); !named) return pass_on(named);
  auto value = read_input(input);
  if (!value) return pass_on(value);
  auto definition = machines_.definition(transaction, machine->definition_hash);
  if (!definition) return pass_on(definition);

  const std::string arn = execution_arn(machines_.identity(), *machine, chosen);
  const std::string input_hash = digest::sha256_hex(input);
  {
    auto rows = transaction.query("SELECT status, started, input_hash FROM execution WHERE arn = ?", arn);
    if (rows.next()) {
      if (rows.text(0) == "RUNNING" && rows.text(2) == input_hash) return Started{arn, rows.time(1)};
      return fail(ErrorCode::conflict, fmt::format("Execution Already Exists: '{}'", arn), "ExecutionAlreadyExists");
    }
  }
  Row row{.arn = arn, .machine_arn = machine->arn, .definition_hash = machine->definition_hash, .state = {}};
  {
    auto rows = transaction.query(
        "INSERT INTO execution (arn, machine_arn, definition_hash, name, status, started, input_hash, state) "
        "VALUES (?,?,?,?,'RUNNING',?,?,?) RETURNING id",
        arn, machine->arn, machine->definition_hash, chosen, transaction.now(), input_hash, store::Blob{""});
    if (!rows.next()) return fail(ErrorCode::unavailable, "the execution could not be stored");
    row.id = rows.integer(0);
  }
  const asl::ContextInfo info{.execution_arn = arn,
                              .execution_name = chosen,
                              .role_arn = machine->role_arn,
                              .state_machine_arn = machine->arn,
                              .state_machine_name = machine->name};
  const auto step =
      asl::start(**definition, row.state, std::move(*value), info, transaction.now(), transaction.random());
  save(transaction, row, step);
  return Started{arn, transaction.now()};
}

Result<void> Executions::deliver(store::Transaction& transaction, const std::string& arn,
                                 const service::Message& message) {
  // Derived from the delivery, so that the same event never starts the machine twice.
  const std::string name =
      message.idempotency_key.empty() ? std::string{} : digest::sha256_hex(message.idempotency_key).substr(0, 40);
  auto started = start(transaction, arn, name, message.body);
  if (!started && started.error().aws_code == "ExecutionAlreadyExists") return {};
  if (!started) return pass_on(started);
  return {};
}

service::Answer Executions::start_execution(store::Transaction& transaction, const service::Call& call) {
  auto started = start(transaction, string_at(call.input, "stateMachineArn"), string_at(call.input, "name"),
                       string_at(call.input, "input", "{}"));
  if (!started) return pass_on(started);
  return json::object{{"executionArn", started->arn}, {"startDate", format_rfc3339(started->at)}};
}

service::Answer Executions::stop_execution(store::Transaction& transaction, const service::Call& call) {
  auto row = load_by_arn(transaction, string_at(call.input, "executionArn"));
  if (!row) return pass_on(row);
  asl::StopRequested stop;
  if (const auto error = string_at(call.input, "error"); !error.empty()) stop.error = error;
  if (const auto cause = string_at(call.input, "cause"); !cause.empty()) stop.cause = cause;
  if (auto done = happen(transaction, *row, stop); !done) return pass_on(done);
  const auto stopped = transaction.integer("SELECT stopped FROM execution WHERE id = ?", 0, row->id);
  return json::object{{"stopDate", format_rfc3339(from_microseconds(stopped))}};
}

// ---- reading

service::Answer Executions::describe_execution(store::Reader& reader, const service::Call& call) const {
  auto row = load_by_arn(reader, string_at(call.input, "executionArn"));
  if (!row) return pass_on(row);
  auto columns = reader.query("SELECT name, status, started, stopped FROM execution WHERE id = ?", row->id);
  columns.next();
  json::object answer{{"executionArn", row->arn},
                      {"stateMachineArn", row->machine_arn},
                      {"name", columns.text(0)},
                      {"status", columns.text(1)},
                      {"startDate", format_rfc3339(columns.time(2))},
                      {"input", asl::to_text(row->state.input)},
                      {"inputDetails", {{"included", true}}}};
  if (!columns.is_null(3)) answer["stopDate"] = format_rfc3339(columns.time(3));
  if (row->state.status == asl::Status::succeeded) {
    answer["output"] = asl::to_text(row->state.output);
    answer["outputDetails"] = json::object{{"included", true}};
  }
  if (row->state.error) answer["error"] = *row->state.error;
  if (row->state.cause) answer["cause"] = *row->state.cause;
  return answer;
}

service::Answer Executions::describe_machine_for_execution(store::Reader& reader, const service::Call& call) const {
  auto row = load_by_arn(reader, string_at(call.input, "executionArn"));
  if (!row) return pass_on(row);
  auto text = machines_.definition_text(reader, row->definition_hash);
  if (!text) return pass_on(text);
  auto machine = machines_.find(reader, row->machine_arn);
  const Time updated = machine ? machine->updated : row->state.started;
  return json::object{{"stateMachineArn", row->machine_arn},
                      {"name", row->state.context.state_machine_name},
                      {"definition", *text},
                      {"roleArn", row->state.context.role_arn},
                      {"updateDate", format_rfc3339(updated)}};
}

service::Answer Executions::list_executions(store::Reader& reader, const service::Call& call) const {
  const auto machine_arn = string_at(call.input, "stateMachineArn");
  if (auto machine = machines_.find(reader, machine_arn); !machine) return pass_on(machine);
  auto page = read_page(call.input, 100, 1000);
  if (!page) return pass_on(page);
  const auto status = string_at(call.input, "statusFilter");
  // Newest first, as AWS lists them; ids grow with the start time.
  const std::int64_t before =
      page->after.empty() ? std::numeric_limits<std::int64_t>::max() : std::strtoll(page->after.c_str(), nullptr, 10);
  auto rows = status.empty() ? reader.query(
                                   "SELECT id, arn, name, status, started, stopped FROM execution "
                                   "WHERE machine_arn = ? AND id < ? ORDER BY id DESC LIMIT ?",
                                   machine_arn, before, page->size + 1)
                             : reader.query(
                                   "SELECT id, arn, name, status, started, stopped FROM execution "
                                   "WHERE machine_arn = ? AND status = ? AND id < ? ORDER BY id DESC LIMIT ?",
                                   machine_arn, status, before, page->size + 1);
  json::array executions;
  json::object answer;
  std::int64_t last = 0;
  while (rows.next()) {
    if (std::ssize(executions) == page->size) {
      answer["nextToken"] = make_token(std::to_string(last));
      break;
    }
    last = rows.integer(0);
    json::object item{{"executionArn", rows.text(1)},
                      {"stateMachineArn", machine_arn},
                      {"name", rows.text(2)},
                      {"status", rows.text(3)},
                      {"startDate", format_rfc3339(rows.time(4))}};
    if (!rows.is_null(5)) item["stopDate"] = format_rfc3339(rows.time(5));
    executions.push_back(std::move(item));
  }
  answer["executions"] = std::move(executions);
  return answer;
}

service::Answer Executions::history(store::Reader& reader, const service::Call& call) const {
  const auto arn = string_at(call.input, "executionArn");
  const auto id = reader.integer("SELECT id FROM execution WHERE arn = ?", 0, arn);
  if (id == 0) return does_not_exist(arn);
  auto page = read_page(call.input, 100, 1000);
  if (!page) return pass_on(page);
  const bool reverse = bool_at(call.input, "reverseOrder");
  const bool with_data = bool_at(call.input, "includeExecutionData", true);
  const std::int64_t from = page->after.empty() ? (reverse ? std::numeric_limits<std::int64_t>::max() : 0)
                                                : std::strtoll(page->after.c_str(), nullptr, 10);
  auto rows =
      reader.query(fmt::format("SELECT id, at, body FROM execution_event WHERE execution = ? AND child = 0 AND id {} ? "
                               "ORDER BY id {} LIMIT ?",
                               reverse ? "<" : ">", reverse ? "DESC" : "ASC"),
                   id, from, page->size + 1);
  json::array events;
  json::object answer;
  std::int64_t last = 0;
  while (rows.next()) {
    if (std::ssize(events) == page->size) {
      answer["nextToken"] = make_token(std::to_string(last));
      break;
    }
    last = rows.integer(0);
    auto body = store::decompress(rows.blob(2));
    if (!body) return pass_on(body);
    auto event = parse_json_object(*body);
    if (!event) return pass_on(event);
    (*event)["timestamp"] = format_rfc3339(rows.time(1));
    if (!with_data) {
      for (auto& [name, details] : *event)
        if (auto* object = details.if_object())
          for (const auto* member : {"input", "output", "parameters"}) object->erase(member);
    }
    events.push_back(std::move(*event));
  }
  answer["events"] = std::move(events);
  return answer;
}

// ---- task tokens

Result<void> Executions::answer_token(store::Transaction& transaction, const service::Call& call,
                                      const std::function<asl::Happening(asl::TaskId)>& happening) {
  const auto token = string_at(call.input, "taskToken");
  std::int64_t execution = 0;
  asl::TaskId task{};
  {
    auto rows = transaction.query("SELECT execution, task FROM task_token WHERE token = ?", token);
    if (!rows.next())
      return fail(ErrorCode::not_found, "Task Timed Out: 'Provided task does not exist anymore'", "TaskTimedOut",
                  "taskToken");
    execution = rows.integer(0);
    task = asl::TaskId{rows.integer(1)};
  }
  auto row = load(transaction, execution);
  if (!row) return pass_on(row);
  const auto what = happening(task);
  if (!std::holds_alternative<asl::TaskHeartbeat>(what))
    transaction.execute("DELETE FROM task_token WHERE token = ?", token);
  return happen(transaction, *row, what);
}

service::Answer Executions::task_success(store::Transaction& transaction, const service::Call& call) {
  auto output = parse_json(string_at(call.input, "output"));
  if (!output)
    return fail(ErrorCode::validation, fmt::format("Invalid Output: '{}'", output.error().message), "InvalidOutput",
                "output");
  auto done = answer_token(transaction, call, [&](asl::TaskId task) { return asl::TaskSucceeded{task, *output}; });
  if (!done) return pass_on(done);
  return json::object{};
}

service::Answer Executions::task_failure(store::Transaction& transaction, const service::Call& call) {
  auto done = answer_token(transaction, call, [&](asl::TaskId task) {
    return asl::TaskFailed{task, std::string(string_at(call.input, "error")),
                           std::string(string_at(call.input, "cause"))};
  });
  if (!done) return pass_on(done);
  return json::object{};
}

service::Answer Executions::task_heartbeat(store::Transaction& transaction, const service::Call& call) {
  auto done = answer_token(transaction, call, [](asl::TaskId task) { return asl::TaskHeartbeat{task}; });
  if (!done) return pass_on(done);
  return json::object{};
}

ExecutionCounts Executions::count(store::Reader& reader) {
  ExecutionCounts counts;
  auto rows = reader.query("SELECT status, count(*) FROM execution GROUP BY status");
  while (rows.next()) {
    const auto status = rows.text(0);
    const auto number = rows.integer(1);
    if (status == "RUNNING") counts.running = number;
    if (status == "SUCCEEDED") counts.succeeded = number;
    if (status == "FAILED") counts.failed = number;
    if (status == "TIMED_OUT") counts.timed_out = number;
    if (status == "ABORTED") counts.aborted = number;
  }
  return counts;
}

}  // namespace tocsin::workflows
