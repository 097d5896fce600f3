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

void show_origin(std::string_view version_arn, std::string_view alias_arn, json::object& shown) {
  if (!version_arn.empty()) shown["stateMachineVersionArn"] = version_arn;
  if (!alias_arn.empty()) shown["stateMachineAliasArn"] = alias_arn;
}

}  // namespace

service::Answer Executions::describe_execution(store::Reader& reader, const service::Call& call) const {
  const auto arn = string_at(call.input, "executionArn");
  if (is_map_child(arn)) return describe_child(reader, arn);
  auto row = load_by_arn(reader, arn, Replay::no);
  if (!row) return pass_on(row);
  return describe(reader, *row);
}

service::Answer Executions::describe(store::Reader& reader, const Row& row) const {
  auto columns = reader.query("SELECT name, status, started, stopped FROM execution WHERE id = ?", row.id);
  columns.next();
  json::object answer{{"executionArn", row.arn},
                      {"stateMachineArn", row.machine_arn},
                      {"name", columns.text(0)},
                      {"status", columns.text(1)},
                      {"startDate", format_rfc3339(columns.time(2))},
                      {"input", asl::to_text(row.state.input)},
                      {"inputDetails", {{"included", true}}}};
  if (!columns.is_null(3)) answer["stopDate"] = format_rfc3339(columns.time(3));
  if (row.state.status == asl::Status::succeeded) {
    answer["output"] = asl::to_text(row.state.output);
    answer["outputDetails"] = json::object{{"included", true}};
  }
  auto origin = reader.query("SELECT version_arn, alias_arn FROM execution_origin WHERE execution = ?", row.id);
  if (origin.next()) show_origin(origin.text(0), origin.text(1), answer);
  if (row.state.error) answer["error"] = *row.state.error;
  if (row.state.cause) answer["cause"] = *row.state.cause;
  show_redrive(reader, row.id, row.state, answer);
  // Not AWS's: the watchdog's limit, and since when it counts.
  answer["taskDeadlineSeconds"] = limits_.task_deadline.count();
  const auto since = reader.integer("SELECT task_since FROM execution WHERE id = ?", 0, row.id);
  if (since != 0) answer["taskDeadline"] = format_rfc3339(from_microseconds(since) + limits_.task_deadline);
  return answer;
}

service::Answer Executions::describe_machine_for_execution(store::Reader& reader, const service::Call& call) const {
  auto row = load_by_arn(reader, string_at(call.input, "executionArn"), Replay::no);
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
  if (call.input.contains("mapRunArn")) return list_children(reader, call);
  // Of a machine, of one version, or what came through an alias.
  const auto wanted = string_at(call.input, "stateMachineArn");
  auto named = parse_machine_arn(wanted);
  if (!named) return pass_on(named);
  const bool of_alias = !named->qualifier.empty() && !named->is_version();
  auto machine = machines_.find(reader, of_alias ? named->machine : wanted);
  if (!machine) return pass_on(machine);
  if (machine->express) return type_not_supported();
  auto page = read_page(call.input, 100, 1000);
  if (!page) return pass_on(page);
  const auto status = string_at(call.input, "statusFilter");
  const std::string_view column = of_alias ? "o.alias_arn" : named->is_version() ? "o.version_arn" : "e.machine_arn";
  // Newest first, as AWS lists them; ids grow with the start time.
  const std::int64_t before =
      page->after.empty() ? std::numeric_limits<std::int64_t>::max() : std::strtoll(page->after.c_str(), nullptr, 10);
  const std::string sql = fmt::format(
      "SELECT e.id, e.arn, e.name, e.status, e.started, e.stopped, coalesce(o.version_arn, ''), "
      "coalesce(o.alias_arn, ''), e.redrive_count, e.redriven FROM execution e LEFT JOIN execution_origin o ON "
      "o.execution = e.id "
      "WHERE {} = ? AND e.id < ? {} {} ORDER BY e.id DESC LIMIT ?",
      column, status.empty() ? "" : "AND e.status = ?", redrive_condition(call.input));
  auto rows = status.empty() ? reader.query(sql, wanted, before, page->size + 1)
                             : reader.query(sql, wanted, before, status, page->size + 1);
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
                      {"stateMachineArn", named->machine},
                      {"name", rows.text(2)},
                      {"status", rows.text(3)},
                      {"startDate", format_rfc3339(rows.time(4))}};
    if (!rows.is_null(5)) item["stopDate"] = format_rfc3339(rows.time(5));
    show_origin(rows.text(6), rows.text(7), item);
    item["redriveCount"] = rows.integer(8);
    if (!rows.is_null(9)) item["redriveDate"] = format_rfc3339(rows.time(9));
    executions.push_back(std::move(item));
  }
  answer["executions"] = std::move(executions);
  return answer;
}

service::Answer Executions::history(store::Reader& reader, const service::Call& call) const {
  const auto arn = string_at(call.input, "executionArn");
  std::int64_t child = 0;
  if (is_map_child(arn)) {
    const auto found = find_map_child(reader, arn);
    if (!found) return execution_does_not_exist(arn);
    child = found->child;
  } else if (auto valid = check_execution_arn(arn); !valid) {
    return pass_on(valid);
  }
  const auto id = child != 0 ? find_map_child(reader, arn)->execution
                             : reader.integer("SELECT id FROM execution WHERE arn = ?", 0, arn);
  if (id == 0) return execution_does_not_exist(arn);
  auto page = read_page(call.input, 100, 1000);
  if (!page) return pass_on(page);
  const bool reverse = bool_at(call.input, "reverseOrder");
  const bool with_data = bool_at(call.input, "includeExecutionData", true);
  const std::int64_t from = page->after.empty() ? (reverse ? std::numeric_limits<std::int64_t>::max() : 0)
                                                : std::strtoll(page->after.c_str(), nullptr, 10);
  json::array events;
  json::object answer;
  std::int64_t last = 0;
  auto read = read_events(reader, {id, child}, from, reverse, [&](std::int64_t number, json::object&& event) {
    if (std::ssize(events) == page->size) {
      answer["nextToken"] = make_token(std::to_string(last));
      return false;
    }
    last = number;
    if (!with_data) {
      for (auto& [name, details] : event)
        if (auto* object = details.if_object())
          for (const auto* member : {"input", "output", "parameters"}) object->erase(member);
    }
    events.push_back(std::move(event));
    return true;
  });
  if (!read) return pass_on(read);
  answer["events"] = std::move(events);
  return answer;
}

ExecutionCounts Executions::count(store::Reader& reader) const {
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
  counts.too_deep = too_deep_;
  counts.stuck =
      reader.integer("SELECT count(*) FROM execution WHERE task_since < ?", 0, reader.now() - limits_.stuck_after);
  return counts;
}

}  // namespace tocsin::workflows
