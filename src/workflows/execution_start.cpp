#include <fmt/format.h>

#include "core/time_format.h"
#include "digest/digest.h"
#include "workflows/detail/executions.h"
#include "workflows/workflows.h"

namespace tocsin::workflows {
namespace {

std::string execution_arn(const Identity& identity, const Machine& machine, std::string_view name) {
  return identity.arn("states", fmt::format("execution:{}:{}", machine.name, name));
}

// An execution that was started with a version or an alias says so.
void record_origin(store::Transaction& transaction, std::int64_t execution, const Machine& machine, asl::Step& step) {
  if (machine.version_arn.empty()) return;
  transaction.execute("INSERT INTO execution_origin (execution, version_arn, alias_arn) VALUES (?,?,?)", execution,
                      machine.version_arn, machine.alias_arn);
  for (auto& event : step.events) {
    if (event.type != "ExecutionStarted" || event.child != 0) continue;
    event.details["stateMachineVersionArn"] = machine.version_arn;
    if (!machine.alias_arn.empty()) event.details["stateMachineAliasArn"] = machine.alias_arn;
  }
}

}  // namespace

Result<json::value> read_input(std::string_view input) {
  if (input.size() > asl::payload_bytes_max)
    return fail(ErrorCode::validation, "Invalid State Machine Execution Input: 'the input is larger than 262144 bytes'",
                "InvalidExecutionInput", "input");
  auto value = parse_json(input);
  if (!value)
    return fail(ErrorCode::validation,
                fmt::format("Invalid State Machine Execution Input: '{}'", value.error().message),
                "InvalidExecutionInput", "input");
  return value;
}

Result<Executions::Started> Executions::start(store::Transaction& transaction, std::string_view machine_arn,
                                              std::string_view name, std::string_view input, Going going, int depth) {
  auto machine = machines_.resolve(transaction, machine_arn);
  if (!machine) return pass_on(machine);
  if (auto checked = check_depth(machine->arn, depth); !checked) return pass_on(checked);
  if (machine->express) {
    if (auto valid = read_input(input); !valid) return pass_on(valid);
    return start_express(transaction, *machine, name, input, depth);
  }
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
        "INSERT INTO execution (arn, machine_arn, definition_hash, name, status, started, input_hash, state, depth) "
        "VALUES (?,?,?,?,'RUNNING',?,?,?,?) RETURNING id",
        arn, machine->arn, machine->definition_hash, chosen, transaction.now(), input_hash, store::Blob{""}, depth);
    if (!rows.next()) return fail(ErrorCode::unavailable, "the execution could not be stored");
    row.id = rows.integer(0);
  }
  const asl::ContextInfo info{.execution_arn = arn,
                              .execution_name = chosen,
                              .role_arn = machine->role_arn,
                              .state_machine_arn = machine->arn,
                              .state_machine_name = machine->name};
  auto step = asl::start(**definition, row.state, std::move(*value), info, transaction.now(), transaction.random());
  record_origin(transaction, row.id, *machine, step);
  if (going == Going::at_once)
    if (auto followed = follow(transaction, row, **definition, step); !followed) return pass_on(followed);
  save(transaction, row, step);
  return Started{arn, transaction.now()};
}

Result<void> Executions::deliver(store::Transaction& transaction, const std::string& arn,
                                 const service::Message& message) {
  // Derived from the delivery, so that the same event never starts the machine twice.
  const std::string name =
      message.idempotency_key.empty() ? std::string{} : digest::sha256_hex(message.idempotency_key).substr(0, 40);
  auto started = start(transaction, arn, name, message.body, Going::at_once);
  if (!started && started.error().aws_code == "ExecutionAlreadyExists") return {};
  if (!started) return pass_on(started);
  return {};
}

service::Answer Executions::start_execution(store::Transaction& transaction, const service::Call& call) {
  auto started = start(transaction, string_at(call.input, "stateMachineArn"), string_at(call.input, "name"),
                       string_at(call.input, "input", "{}"), Going::by_the_outbox, call.depth);
  if (!started) return pass_on(started);
  return json::object{{"executionArn", started->arn}, {"startDate", format_rfc3339(started->at)}};
}

service::Answer Executions::stop_execution(store::Transaction& transaction, const service::Call& call) {
  const auto arn = string_at(call.input, "executionArn");
  if (auto valid = check_execution_arn(arn); !valid) return pass_on(valid);
  const auto id = transaction.integer("SELECT id FROM execution WHERE arn = ?", 0, arn);
  if (id == 0) return execution_does_not_exist(arn);
  asl::StopRequested stop;
  if (const auto error = string_at(call.input, "error"); !error.empty()) stop.error = error;
  if (const auto cause = string_at(call.input, "cause"); !cause.empty()) stop.cause = cause;
  auto done = transaction.attempt([&]() -> Result<void> {
    auto row = load(transaction, id, Replay::yes);
    return row ? happen(transaction, *row, stop) : Result<void>{std::unexpected(row.error())};
  });
  if (!done && done.error().code == ErrorCode::unavailable) return pass_on(done);
  // What cannot be read must be possible to end all the same.
  if (!done)
    fail_hard(transaction, id,
              fmt::format("stopped by request{}{}; {}", stop.cause ? ": " : "", stop.cause.value_or(""),
                          done.error().message));
  const auto stopped = transaction.integer("SELECT stopped FROM execution WHERE id = ?", 0, id);
  return json::object{{"stopDate", format_rfc3339(from_microseconds(stopped))}};
}

}  // namespace tocsin::workflows
