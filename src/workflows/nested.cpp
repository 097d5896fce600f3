// Executions started by tasks of others: states:startExecution plain, .sync and .sync:2, and the SDK's
// startSyncExecution. A child is linked with the task that waits for it; its end is delivered to the parent, and the
// parent's giving up stops the child.
#include <fmt/format.h>

#include "core/time_format.h"
#include "workflows/detail/executions.h"
#include "workflows/sdk_names.h"
#include "workflows/workflows.h"

namespace tocsin::workflows {
namespace {

constexpr std::string_view optimised_start = "states:startExecution";
constexpr std::string_view sdk_starts = "aws-sdk:sfn:start";  // startExecution, startSyncExecution
constexpr std::string_view sdk_start_sync = "aws-sdk:sfn:startSyncExecution";

enum class Form { text = 1, document = 2, express = 3 };  // stored: .sync, .sync:2, startSyncExecution

constexpr std::size_t cause_bytes_max = 32'768;

// At most so many bytes, whole UTF-8 characters.
std::string_view cut_text(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  while (bytes_max > 0 && (static_cast<unsigned char>(text[bytes_max]) & 0xC0) == 0x80) --bytes_max;
  return text.substr(0, bytes_max);
}

std::int64_t milliseconds(Time time) {
  return to_microseconds(time) / 1000;
}

// The child as the task's result shows it: DescribeExecution's members in PascalCase, in the order of their names.
// .sync gives input and output as text, .sync:2 as documents.
json::object child_document(const json::object& described, bool as_documents) {
  const auto payload = [&](std::string_view name) -> json::value {
    const auto text = string_at(described, name);
    if (as_documents)
      if (auto value = parse_json(text)) return std::move(*value);
    return json::value(text);
  };
  const auto date = [&](std::string_view name) -> json::value {
    const auto time = parse_rfc3339(string_at(described, name));
    return time ? json::value(milliseconds(*time)) : json::value(nullptr);
  };
  json::object document;
  // A cause that holds a cause that holds a cause doubles its escapes each time: it has the API's own bound.
  if (described.contains("cause")) document["Cause"] = cut_text(string_at(described, "cause"), cause_bytes_max);
  if (described.contains("error")) document["Error"] = described.at("error");
  document["ExecutionArn"] = described.at("executionArn");
  document["Input"] = payload("input");
  document["InputDetails"] = json::object{{"Included", true}};
  document["Name"] = described.at("name");
  if (described.contains("output")) {
    document["Output"] = payload("output");
    document["OutputDetails"] = json::object{{"Included", true}};
  }
  for (const auto& [from, to] : {std::pair{"redriveCount", "RedriveCount"}, std::pair{"redriveStatus", "RedriveStatus"},
                                 std::pair{"redriveStatusReason", "RedriveStatusReason"}})
    if (described.contains(from)) document[to] = described.at(from);
  document["StartDate"] = date("startDate");
  document["StateMachineArn"] = described.at("stateMachineArn");
  document["Status"] = described.at("status");
  document["StopDate"] = date("stopDate");
  return document;
}

}  // namespace

bool answers_at_once(std::string_view text) {
  const auto resource = asl::parse_resource(text);
  return !resource || (resource->integration == asl::Integration::request_response &&
                       resource->name != sdk_start_sync && resource->name != http_invoke);
}

// True if `resource` starts an execution and the task is dealt with here.
bool Executions::starts_child(std::string_view resource) {
  return asl::is_integration(resource, sdk_start_sync) || asl::is_integration(resource, optimised_start);
}

// What waits for its child holds everything above it open, so it always counts.
int Executions::depth_below(store::Reader& reader, std::int64_t execution, std::string_view text) const {
  const auto resource = asl::parse_resource(text);
  if (!resource || (resource->name != optimised_start && !resource->name.starts_with(sdk_starts))) return 0;
  auto rows = reader.query("SELECT depth, started FROM execution WHERE id = ?", execution);
  if (!rows.next()) return 0;
  const bool waits = resource->name == sdk_start_sync || resource->integration != asl::Integration::request_response;
  if (!waits && rows.time(1) + limits_.nesting_forgotten_after <= reader.now()) return 0;
  return static_cast<int>(rows.integer(0)) + 1;
}

Result<void> Executions::check_depth(std::string_view machine_arn, int depth) {
  if (depth <= limits_.nesting_max) return {};
  ++too_deep_;
  return fail(ErrorCode::conflict,
              fmt::format("{} would be execution {} of a chain in which each starts the next, and {} is the most; does "
                          "it start itself?",
                          machine_arn, depth + 1, limits_.nesting_max + 1),
              "ExecutionLimitExceeded");
}

Result<void> Executions::run_child_task(store::Transaction& transaction, std::int64_t execution, asl::TaskId task,
                                        std::string_view text, const json::value& input) {
  const auto resource = asl::parse_resource(text).value_or(asl::Resource{});
  if (resource.name == sdk_start_sync) return run_sync_child(transaction, execution, task, text, input);
  auto outcome = tasks_.perform(transaction, text, input, depth_below(transaction, execution, text));
  auto* output = std::get_if<json::value>(&outcome);
  if (!output) return tell(transaction, execution, happening_of(task, std::move(outcome)));
  auto& started = output->get_object();
  if (const auto at = parse_rfc3339(string_at(started, "StartDate"))) started["StartDate"] = milliseconds(*at);
  if (resource.integration == asl::Integration::request_response)
    return tell(transaction, execution, asl::TaskSucceeded{task, std::move(*output)});
  if (resource.integration == asl::Integration::wait_for_task_token)
    return tell(transaction, execution, asl::TaskSubmitted{task, std::move(*output)});
  const std::string child{string_at(started, "ExecutionArn")};
  if (is_express(child))
    return tell(transaction, execution,
                asl::TaskFailed{task, "StepFunctions.StateMachineTypeNotSupportedException",
                                "This operation is not supported by this type of state machine"});
  auto submitted = tell(transaction, execution, asl::TaskSubmitted{task, std::move(*output)});
  if (!submitted || !transaction.exists("SELECT 1 FROM execution WHERE id = ? AND status = 'RUNNING'", execution))
    return submitted;
  const auto form = resource.gives_documents() ? Form::document : Form::text;
  link_child(transaction, execution, task, child, static_cast<int>(form));
  return {};
}

void Executions::link_child(store::Transaction& transaction, std::int64_t parent, asl::TaskId task,
                            std::string_view child_arn, int form) {
  std::int64_t child = 0;
  bool finished = false;
  {
    auto rows = transaction.query("SELECT id, stopped FROM execution WHERE arn = ?", child_arn);
    if (!rows.next()) return;
    child = rows.integer(0);
    finished = !rows.is_null(1);
  }
  transaction.execute("INSERT INTO execution_parent (child, parent, task, form) VALUES (?,?,?,?)", child, parent,
                      static_cast<std::int64_t>(task), form);
  if (finished) tell_parents(transaction, child);
}

Result<void> Executions::run_sync_child(store::Transaction& transaction, std::int64_t execution, asl::TaskId task,
                                        std::string_view text, const json::value& input) {
  const json::object none;
  auto request = tasks_.to_operation("states", "StartSyncExecution", input.is_object() ? input.get_object() : none);
  std::optional<Row> child;
  auto begun = transaction.attempt([&]() -> Result<void> {
    if (!request) return pass_on(request);
    auto made = begin_sync(transaction, *request, depth_below(transaction, execution, text));
    if (!made) return pass_on(made);
    child = std::move(*made);
    return {};
  });
  if (!begun)
    return tell(
        transaction, execution,
        happening_of(task, tasks_.failure(transaction, operation_of("aws-sdk:sfn:startSyncExecution"), begun.error())));
  if (!child->state.finished()) {
    link_child(transaction, execution, task, child->arn, static_cast<int>(Form::express));
    return {};
  }
  return tell(transaction, execution,
              asl::TaskSucceeded{task, json::value(tasks_.to_task("states", "StartSyncExecution",
                                                                  express_result(*child, transaction.now())))});
}

// Each link becomes a delivery, so that a chain of parents is a chain of transitions, not of calls.
void Executions::tell_parents(store::Transaction& transaction, std::int64_t child) {
  std::vector<std::pair<std::int64_t, std::int64_t>> parents;
  {
    auto rows = transaction.query("SELECT parent, task FROM execution_parent WHERE child = ?", child);
    while (rows.next()) parents.emplace_back(rows.integer(0), rows.integer(1));
  }
  for (const auto& [parent, task] : parents)
    store::Outbox::add(transaction, {.kind = std::string(child_kind),
                                     .destination = {},
                                     .payload = {},
                                     .key = fmt::format("child/{}/{}", parent, task),
                                     .lane = store::Lane::workflow});
}

Result<void> Executions::child_ended(store::Transaction& transaction, const store::Due& due) {
  const auto [parent, number] = numbers_of(due.key);
  return tell_child(transaction, parent, asl::TaskId{number});
}

// A failure takes what runs beside it with it. What had succeeded by then counts, although its turn had not come: a
// redrive does not do it again.
Result<void> Executions::tell_succeeded_children(store::Transaction& transaction, std::int64_t parent) {
  std::vector<asl::TaskId> tasks;
  {
    auto rows = transaction.query(
        "SELECT p.task FROM execution_parent p JOIN execution e ON e.id = p.child"
        " WHERE p.parent = ? AND e.status = 'SUCCEEDED' ORDER BY p.task",
        parent);
    while (rows.next()) tasks.push_back(asl::TaskId{rows.integer(0)});
  }
  for (const auto task : tasks)
    if (auto told = tell_child(transaction, parent, task); !told) return told;
  return {};
}

Result<void> Executions::tell_child(store::Transaction& transaction, std::int64_t parent, asl::TaskId task) {
  const auto number = static_cast<std::int64_t>(task);
  std::int64_t child = 0;
  Form form = Form::text;
  {
    auto rows =
        transaction.query("SELECT child, form FROM execution_parent WHERE parent = ? AND task = ?", parent, number);
    if (!rows.next()) return {};
    child = rows.integer(0);
    form = static_cast<Form>(rows.integer(1));
  }
  // Redriven since it ended: its next end is told.
  if (transaction.exists("SELECT 1 FROM execution WHERE id = ? AND stopped IS NULL", child)) return {};
  transaction.execute("DELETE FROM execution_parent WHERE parent = ? AND task = ?", parent, number);
  auto ended = load(transaction, child, Replay::no);
  if (!ended && ended.error().code == ErrorCode::unavailable) return pass_on(ended);
  if (!ended) return tell(transaction, parent, asl::TaskFailed{task, "States.TaskFailed", ended.error().message});
  if (form == Form::express) {
    const auto stopped = transaction.integer("SELECT stopped FROM execution WHERE id = ?", 0, child);
    remove_express(transaction, child);
    return tell(
        transaction, parent,
        asl::TaskSucceeded{task, json::value(tasks_.to_task("states", "StartSyncExecution",
                                                            express_result(*ended, from_microseconds(stopped))))});
  }
  auto described = describe(transaction, *ended);
  if (!described) return pass_on(described);
  const auto document = child_document(*described, form == Form::document);
  if (ended->state.status == asl::Status::succeeded)
    return tell(transaction, parent, asl::TaskSucceeded{task, json::value(document)});
  if (auto told = tell_succeeded_children(transaction, parent); !told) return told;
  return tell(transaction, parent, asl::TaskFailed{task, "States.TaskFailed", asl::to_text(document)});
}

// The parent does not wait any more (it was stopped, or its task timed out): a child that nobody else waits for stops.
void Executions::abandon_child(store::Transaction& transaction, std::int64_t parent, asl::TaskId task) {
  const auto number = static_cast<std::int64_t>(task);
  const auto child =
      transaction.integer("SELECT child FROM execution_parent WHERE parent = ? AND task = ?", 0, parent, number);
  if (child == 0) return;
  transaction.execute("DELETE FROM execution_parent WHERE parent = ? AND task = ?", parent, number);
  if (transaction.exists("SELECT 1 FROM execution_parent WHERE child = ?", child)) return;
  store::Outbox::add(transaction, {.kind = std::string(stop_kind),
                                   .destination = {},
                                   .payload = {},
                                   .key = fmt::format("stop/{}/0", child),
                                   .lane = store::Lane::workflow});
}

Result<void> Executions::stop_child(store::Transaction& transaction, const store::Due& due) {
  return tell(transaction, numbers_of(due.key).first, asl::StopRequested{});
}

}  // namespace tocsin::workflows
