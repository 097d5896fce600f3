// Map runs: what a distributed Map state runs, its child executions, and the operations on both.
#include <cstdlib>
#include <limits>

#include <fmt/format.h>

#include "core/time_format.h"
#include "workflows/detail/event_log.h"
#include "workflows/detail/executions.h"
#include "workflows/paging.h"
#include "workflows/workflows.h"

namespace tocsin::workflows {
namespace {

std::string_view status_of(std::string_view event_type) {
  if (event_type == "ExecutionSucceeded") return "SUCCEEDED";
  if (event_type == "ExecutionFailed") return "FAILED";
  if (event_type == "ExecutionTimedOut") return "TIMED_OUT";
  if (event_type == "ExecutionAborted") return "ABORTED";
  return {};
}

// "arn:…:mapRun:MACHINE/LABEL:UUID" → "arn:…:stateMachine:MACHINE/LABEL".
std::string machine_of(std::string_view map_run_arn) {
  std::string arn{map_run_arn.substr(0, map_run_arn.rfind(':'))};
  if (const auto at = arn.find(":mapRun:"); at != arn.npos) arn.replace(at, 8, ":stateMachine:");
  return arn;
}

std::unexpected<Error> no_map_run(std::string_view arn) {
  return fail(ErrorCode::not_found, fmt::format("Resource not found: '{}'", arn.substr(0, 256)), "ResourceNotFound");
}

json::object to_document(const asl::MapRun::Counts& counts) {
  return {{"pending", counts.pending},     {"running", counts.running},
          {"succeeded", counts.succeeded}, {"failed", counts.failed},
          {"timedOut", counts.timed_out},  {"aborted", counts.aborted},
          {"total", counts.total},         {"resultsWritten", counts.results_written},
          {"failuresNotRedrivable", 0},    {"pendingRedrive", counts.pending_redrive}};
}

// One stored event of a child: its first or its last.
Result<json::object> read_event(store::Reader& reader, const MapChild& child, bool last) {
  json::object found;
  const auto from = last ? std::numeric_limits<std::int64_t>::max() : 0;
  auto read = read_events(reader, {child.execution, child.child}, from, last, [&](std::int64_t, json::object&& event) {
    found = std::move(event);
    return false;
  });
  if (!read) return pass_on(read);
  return found;
}

const json::object& details_of(const json::object& event) {
  static const json::object none;
  for (const auto& [name, value] : event)
    if (const auto* details = value.if_object()) return *details;
  return none;
}

}  // namespace

bool is_map_child(std::string_view arn) {
  const auto parsed = parse_arn(arn);
  if (!parsed || parsed->service != "states" || !parsed->resource.starts_with("execution:")) return false;
  const auto colon = parsed->resource.rfind(':');
  return parsed->resource.substr(0, colon).find('/') != std::string::npos;
}

std::optional<MapChild> find_map_child(store::Reader& reader, std::string_view arn) {
  const auto dash = arn.rfind('-');
  const auto kind = arn.find(":execution:");
  if (dash == arn.npos || kind == arn.npos || dash < kind) return std::nullopt;
  MapChild found;
  found.map_run_arn = std::string(arn.substr(0, dash));
  found.map_run_arn.replace(kind, 11, ":mapRun:");
  found.child = std::strtoll(std::string(arn.substr(dash + 1)).c_str(), nullptr, 10);
  found.execution = reader.integer("SELECT execution FROM map_run WHERE arn = ?", 0, found.map_run_arn);
  if (found.execution == 0 ||
      !reader.exists("SELECT 1 FROM map_run_child WHERE execution = ? AND child = ?", found.execution, found.child))
    return std::nullopt;
  return found;
}

void Executions::record_map_runs(store::Transaction& transaction, std::int64_t execution, const asl::Step& step) {
  for (const auto& event : step.events) {
    if (event.type == "MapRunStarted") {
      const auto number = transaction.integer("SELECT max(number) FROM map_run WHERE execution = ?", 0, execution) + 1;
      transaction.execute("INSERT INTO map_run (arn, execution, number) VALUES (?,?,?)",
                          string_at(event.details, "mapRunArn"), execution, number);
    } else if (event.map_run != 0) {
      transaction.execute(
          "INSERT INTO map_run_child (execution, child, map_run, items, status, started) VALUES (?,?,?,?,'RUNNING',?)",
          execution, event.child, event.map_run, event.items, event.timestamp);
    } else if (event.child != 0 && event.type == "ExecutionRedriven") {
      transaction.execute(
          "UPDATE map_run_child SET status = 'RUNNING', stopped = NULL, redrive_count = redrive_count + 1, "
          "redriven = ? WHERE execution = ? AND child = ?",
          event.timestamp, execution, event.child);
    } else if (event.child != 0) {
      if (const auto status = status_of(event.type); !status.empty())
        transaction.execute("UPDATE map_run_child SET status = ?, stopped = ? WHERE execution = ? AND child = ?",
                            status, event.timestamp, execution, event.child);
    }
  }
}

Result<Executions::MapRunRow> Executions::load_map_run(store::Reader& reader, std::string_view arn) const {
  const auto parsed = parse_arn(arn);
  if (!parsed || parsed->service != "states" || !parsed->resource.starts_with("mapRun:"))
    return fail(ErrorCode::validation, fmt::format("Invalid Arn: '{}'", arn.substr(0, 256)), "InvalidArn");
  std::int64_t execution = 0, number = 0;
  {
    auto rows = reader.query("SELECT execution, number FROM map_run WHERE arn = ?", arn);
    if (!rows.next()) return no_map_run(arn);
    execution = rows.integer(0);
    number = rows.integer(1);
  }
  auto row = load(reader, execution);
  if (!row) return pass_on(row);
  if (number < 1 || number > std::ssize(row->state.map_runs)) return no_map_run(arn);
  return MapRunRow{std::move(*row), static_cast<std::size_t>(number - 1)};
}

service::Answer Executions::describe_map_run(store::Reader& reader, const service::Call& call) const {
  auto found = load_map_run(reader, string_at(call.input, "mapRunArn"));
  if (!found) return pass_on(found);
  const auto& run = found->execution.state.map_runs[found->number];
  json::object answer{{"mapRunArn", run.arn},
                      {"executionArn", found->execution.arn},
                      {"status", asl::to_string(run.status)},
                      {"startDate", format_rfc3339(run.started)},
                      {"maxConcurrency", run.concurrency_max},
                      {"toleratedFailurePercentage", run.failure_percentage_tolerated},
                      {"toleratedFailureCount", run.failures_tolerated},
                      {"itemCounts", to_document(run.items)},
                      {"executionCounts", to_document(run.executions)},
                      {"redriveCount", run.redrive_count}};
  if (run.redriven) answer["redriveDate"] = format_rfc3339(*run.redriven);
  if (run.stopped) answer["stopDate"] = format_rfc3339(*run.stopped);
  return answer;
}

service::Answer Executions::list_map_runs(store::Reader& reader, const service::Call& call) const {
  auto row = load_by_arn(reader, string_at(call.input, "executionArn"));
  if (!row) return pass_on(row);
  auto page = read_page(call.input, 100, 1000);
  if (!page) return pass_on(page);
  // Newest first.
  auto next = page->after.empty() ? std::ssize(row->state.map_runs)
                                  : std::min<std::int64_t>(std::ssize(row->state.map_runs),
                                                           std::strtoll(page->after.c_str(), nullptr, 10));
  json::array runs;
  for (; next > 0 && std::ssize(runs) < page->size; --next) {
    const auto& run = row->state.map_runs[static_cast<std::size_t>(next - 1)];
    json::object item{{"executionArn", row->arn},
                      {"mapRunArn", run.arn},
                      {"stateMachineArn", machine_of(run.arn)},
                      {"startDate", format_rfc3339(run.started)}};
    if (run.stopped) item["stopDate"] = format_rfc3339(*run.stopped);
    runs.push_back(std::move(item));
  }
  json::object answer{{"mapRuns", std::move(runs)}};
  if (next > 0) answer["nextToken"] = make_token(std::to_string(next));
  return answer;
}

service::Answer Executions::update_map_run(store::Transaction& transaction, const service::Call& call) {
  const auto arn = string_at(call.input, "mapRunArn");
  auto found = load_map_run(transaction, arn);
  if (!found) return pass_on(found);
  auto& row = found->execution;
  if (row.state.map_runs[found->number].status != asl::Status::running)
    return fail(ErrorCode::validation, "The Map Run is not running and cannot be updated", "ValidationException");
  asl::MapRunChanged change{.arn = std::string(arn)};
  const auto* concurrency = call.input.if_contains("maxConcurrency");
  const auto* count = call.input.if_contains("toleratedFailureCount");
  const auto* percentage = call.input.if_contains("toleratedFailurePercentage");
  if (!concurrency && !count && !percentage)
    return fail(ErrorCode::validation, "At least one of the limits must be given", "ValidationException");
  if (concurrency) change.concurrency_max = integer_at(call.input, "maxConcurrency");
  if (count) change.failures_tolerated = integer_at(call.input, "toleratedFailureCount");
  if (percentage && percentage->is_number()) change.failure_percentage_tolerated = percentage->to_number<double>();
  const bool is_valid = change.concurrency_max.value_or(0) >= 0 && change.failures_tolerated.value_or(0) >= 0 &&
                        change.failure_percentage_tolerated.value_or(0) >= 0 &&
                        change.failure_percentage_tolerated.value_or(0) <= 100;
  if (!is_valid) return fail(ErrorCode::validation, "A limit is out of its range", "ValidationException");
  auto definition = machines_.definition(transaction, row.definition_hash);
  if (!definition) return pass_on(definition);
  const auto step = advance(transaction, row, **definition, change);
  if (!step) return std::unexpected(step.error());
  append(transaction, row, *step);
  return json::object{};
}

service::Answer Executions::list_children(store::Reader& reader, const service::Call& call) const {
  const auto arn = string_at(call.input, "mapRunArn");
  if (!string_at(call.input, "stateMachineArn").empty())
    return fail(ErrorCode::validation, "You must specify only one of stateMachineArn and mapRunArn",
                "ValidationException");
  auto found = load_map_run(reader, arn);
  if (!found) return pass_on(found);
  auto page = read_page(call.input, 100, 1000);
  if (!page) return pass_on(page);
  const auto status = string_at(call.input, "statusFilter");
  const auto before =
      page->after.empty() ? std::numeric_limits<std::int64_t>::max() : std::strtoll(page->after.c_str(), nullptr, 10);
  auto rows = reader.query(
      fmt::format("SELECT child, items, status, started, stopped, redrive_count, redriven FROM map_run_child "
                  "WHERE execution = ? AND map_run = ? AND child < ? AND (? = '' OR status = ?) {} "
                  "ORDER BY child DESC LIMIT ?",
                  redrive_condition(call.input)),
      found->execution.id, found->number + 1, before, status, status, page->size + 1);
  json::array children;
  json::object answer;
  std::int64_t last = 0;
  while (rows.next()) {
    if (std::ssize(children) == page->size) {
      answer["nextToken"] = make_token(std::to_string(last));
      break;
    }
    last = rows.integer(0);
    json::object item{{"executionArn", asl::child_arn(arn, last)},
                      {"stateMachineArn", machine_of(arn)},
                      {"mapRunArn", arn},
                      {"name", asl::child_name(arn, last)},
                      {"status", rows.text(2)},
                      {"startDate", format_rfc3339(rows.time(3))},
                      {"itemCount", rows.integer(1)},
                      {"redriveCount", rows.integer(5)}};
    if (!rows.is_null(6)) item["redriveDate"] = format_rfc3339(rows.time(6));
    if (!rows.is_null(4)) item["stopDate"] = format_rfc3339(rows.time(4));
    children.push_back(std::move(item));
  }
  answer["executions"] = std::move(children);
  return answer;
}

// What the child's own history says: its first event has the input, its last one the end.
service::Answer Executions::describe_child(store::Reader& reader, std::string_view arn) const {
  const auto child = find_map_child(reader, arn);
  if (!child) return execution_does_not_exist(arn);
  auto rows = reader.query(
      "SELECT status, started, stopped, redrive_count, redriven FROM map_run_child WHERE execution = ? AND child = ?",
      child->execution, child->child);
  if (!rows.next()) return execution_does_not_exist(arn);
  json::object answer{{"executionArn", arn},
                      {"stateMachineArn", machine_of(child->map_run_arn)},
                      {"mapRunArn", child->map_run_arn},
                      {"name", asl::child_name(child->map_run_arn, child->child)},
                      {"status", rows.text(0)},
                      {"startDate", format_rfc3339(rows.time(1))},
                      {"redriveCount", rows.integer(3)}};
  if (!rows.is_null(4)) answer["redriveDate"] = format_rfc3339(rows.time(4));
  if (const auto status = rows.text(0); status == "RUNNING" || status == "SUCCEEDED") {
    answer["redriveStatus"] = "NOT_REDRIVABLE";
    answer["redriveStatusReason"] = fmt::format("Execution is {} and cannot be redriven", status);
  } else {
    answer["redriveStatus"] = "REDRIVABLE_BY_MAP_RUN";
  }
  auto first = read_event(reader, *child, false);
  if (!first) return first;
  answer["input"] = string_at(details_of(*first), "input");
  answer["inputDetails"] = json::object{{"included", true}};
  if (rows.is_null(2)) return answer;
  answer["stopDate"] = format_rfc3339(rows.time(2));
  auto last = read_event(reader, *child, true);
  if (!last) return last;
  for (const auto* member : {"output", "error", "cause"})
    if (const auto* value = details_of(*last).if_contains(member)) answer[member] = *value;
  if (answer.contains("output")) answer["outputDetails"] = json::object{{"included", true}};
  return answer;
}

}  // namespace tocsin::workflows
