#include "workflows/activities.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/time_format.h"
#include "store/compress.h"
#include "workflows/paging.h"
#include "workflows/settings.h"
#include "workflows/tags.h"
#include "workflows/workflows.h"

namespace tocsin::workflows {
namespace {

std::string signal_of(std::string_view activity_arn) {
  return fmt::format("activity:{}", activity_arn);
}

struct Activity {
  std::string arn, name, encryption;
  Time created;
};

// Error: InvalidArn, ActivityDoesNotExist.
Result<Activity> find_activity(store::Reader& reader, const json::object& input) {
  const auto arn = string_at(input, "activityArn");
  if (!is_activity(arn))
    return fail(ErrorCode::validation, fmt::format("Invalid Arn: '{}'", arn.substr(0, 256)), "InvalidArn",
                "activityArn");
  auto rows = reader.query("SELECT name, encryption, created FROM activity WHERE arn = ?", arn);
  if (!rows.next())
    return fail(ErrorCode::not_found, fmt::format("Activity Does Not Exist: '{}'", arn), "ActivityDoesNotExist",
                "activityArn");
  return Activity{std::string(arn), rows.string(0), rows.string(1), rows.time(2)};
}

// The name decides: tags and encryption of an activity that is there are left as they are, another encryption is
// refused.
service::Answer create(store::Transaction& transaction, const Identity& identity, const service::Call& call) {
  const auto name = string_at(call.input, "name");
  if (auto named = check_name(name); !named) return pass_on(named);
  auto encryption = read_encryption(call.input);
  if (!encryption) return pass_on(encryption);
  const std::string arn = identity.arn("states", fmt::format("activity:{}", name));
  Time created = transaction.now();
  if (const auto there = find_activity(transaction, {{"activityArn", arn}})) {
    if (parse_json(there->encryption).value_or(nullptr) != json::value(*encryption))
      return fail(ErrorCode::conflict, fmt::format("Activity Already Exists: '{}'", arn), "ActivityAlreadyExists");
    created = there->created;
  } else {
    transaction.execute("INSERT INTO activity (arn, name, encryption, created) VALUES (?,?,?,?)", arn, name,
                        to_json(*encryption), created);
    if (auto tagged = put_tags(transaction, arn, call.input.if_contains("tags")); !tagged) return pass_on(tagged);
  }
  return json::object{{"activityArn", arn}, {"creationDate", format_rfc3339(created)}};
}

service::Answer describe(store::Reader& reader, const service::Call& call) {
  auto activity = find_activity(reader, call.input);
  if (!activity) return pass_on(activity);
  return json::object{{"activityArn", activity->arn},
                      {"name", activity->name},
                      {"creationDate", format_rfc3339(activity->created)},
                      {"encryptionConfiguration", parse_json(activity->encryption).value_or(json::object{})}};
}

service::Answer list(store::Reader& reader, const service::Call& call) {
  auto page = read_page(call.input, 100, 1000);
  if (!page) return pass_on(page);
  json::array activities;
  json::object answer;
  std::string last;
  auto rows = reader.query("SELECT arn, name, created FROM activity WHERE arn > ? ORDER BY arn LIMIT ?", page->after,
                           page->size + 1);
  while (rows.next()) {
    if (std::ssize(activities) == page->size) {
      answer["nextToken"] = make_token(last);
      break;
    }
    last = rows.text(0);
    activities.push_back(json::object{
        {"activityArn", rows.text(0)}, {"name", rows.text(1)}, {"creationDate", format_rfc3339(rows.time(2))}});
  }
  answer["activities"] = std::move(activities);
  return answer;
}

// Tasks in line stay until their timeout: a worker may yet come when the activity is made again. Those that were handed
// out can be answered. Deleting what is not there succeeds, as in AWS.
service::Answer remove(store::Transaction& transaction, const service::Call& call) {
  auto activity = find_activity(transaction, call.input);
  if (!activity && activity.error().aws_code == "InvalidArn") return pass_on(activity);
  const auto arn = string_at(call.input, "activityArn");
  transaction.execute("DELETE FROM activity WHERE arn = ?", arn);
  remove_tags(transaction, arn);
  return json::object{};
}

// The oldest task in line, or an empty answer. It leaves the line and counts as started in the same change, so it is
// handed out once.
service::Answer take(store::Transaction& transaction, Executions& executions, const service::Call& call) {
  auto activity = find_activity(transaction, call.input);
  if (!activity) return pass_on(activity);
  std::string token, input;
  std::int64_t execution = 0;
  asl::TaskId task{};
  {
    auto rows = transaction.query(
        "SELECT id, execution, task, token, input FROM activity_task WHERE activity_arn = ? ORDER BY id LIMIT 1",
        activity->arn);
    if (!rows.next()) return json::object{};
    execution = rows.integer(1);
    task = asl::TaskId{rows.integer(2)};
    token = rows.string(3);
    auto text = store::decompress(rows.blob(4));
    if (!text) return pass_on(text);
    input = std::move(*text);
  }
  drop_activity_task(transaction, execution, task);
  const asl::TaskStarted started{task, std::string(string_at(call.input, "workerName"))};
  if (auto told = executions.tell(transaction, execution, started); !told) return pass_on(told);
  return json::object{{"taskToken", token}, {"input", input}};
}

std::optional<service::Wait> wait_for_task(const service::Call& call, const json::object& answer) {
  if (answer.contains("taskToken")) return std::nullopt;
  return service::Wait{signal_of(string_at(call.input, "activityArn")), activity_poll_max};
}

}  // namespace

bool is_activity(std::string_view resource) {
  const auto arn = parse_arn(resource);
  return arn && arn->service == "states" && arn->resource.starts_with("activity:");
}

bool queue_activity_task(store::Transaction& transaction, std::int64_t execution, const asl::ScheduleTask& task) {
  if (!transaction.exists("SELECT 1 FROM activity WHERE arn = ?", task.resource)) return false;
  transaction.execute("INSERT INTO activity_task (activity_arn, execution, task, token, input) VALUES (?,?,?,?,?)",
                      task.resource, execution, static_cast<std::int64_t>(task.task), task.task_token,
                      store::Blob{store::compress(asl::to_text(task.input))});
  transaction.signal(signal_of(task.resource));
  return true;
}

void drop_activity_task(store::Transaction& transaction, std::int64_t execution, asl::TaskId task) {
  transaction.execute("DELETE FROM activity_task WHERE execution = ? AND task = ?", execution,
                      static_cast<std::int64_t>(task));
}

void drop_activity_tasks(store::Transaction& transaction, std::int64_t execution) {
  transaction.execute("DELETE FROM activity_task WHERE execution = ?", execution);
}

std::vector<service::Operation> activity_operations(const Identity& identity, Executions& executions) {
  using service::Call;
  std::vector<service::Operation> operations{
      {"CreateActivity",
       service::Write{[identity](store::Transaction& t, const Call& c) { return create(t, identity, c); }}},
      {"DescribeActivity", service::Read{describe}},
      {"ListActivities", service::Read{list}},
      {"DeleteActivity", service::Write{remove}},
      {"GetActivityTask",
       service::Write{[&executions](store::Transaction& t, const Call& c) { return take(t, executions, c); }},
       store::Lane::workflow}};
  operations.back().wait = wait_for_task;
  return operations;
}

}  // namespace tocsin::workflows
