#include <algorithm>

#include <fmt/format.h>

#include "workflows/detail/executions.h"
#include "workflows/workflows.h"

namespace tocsin::workflows {
namespace {

// Tokens are base64 text of a length of their own; anything else was never one.
bool is_token(std::string_view text) {
  constexpr std::size_t length_min = 64;
  return text.size() >= length_min && std::ranges::all_of(text, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' || c == '/' ||
                  c == '=';
         });
}

}  // namespace

Result<void> Executions::answer_token(store::Transaction& transaction, const service::Call& call,
                                      const std::function<asl::Happening(asl::TaskId)>& happening) {
  const auto token = string_at(call.input, "taskToken");
  std::int64_t execution = 0;
  asl::TaskId task{};
  {
    auto rows = transaction.query("SELECT execution, task FROM task_token WHERE token = ?", token);
    const bool found = rows.next();
    if (!found && !is_token(token))
      return fail(ErrorCode::validation, "Invalid Token: 'Invalid token'", "InvalidToken", "taskToken");
    if (!found)
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
  auto done = happen(transaction, *row, what);
  if (done) keep(std::move(*row));
  return done;
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

}  // namespace tocsin::workflows
