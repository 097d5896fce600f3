// Chains: tasks that are done inside the program and follow one another are made in one go, and what comes of them is
// saved once, at the end, instead of after each.
#include <algorithm>

#include "workflows/activities.h"
#include "workflows/detail/executions.h"
#include "workflows/workflows.h"

namespace tocsin::workflows {
namespace {

// Tasks of one chain; the outbox goes on with the next, so that others get their turn.
constexpr int tasks_max = 8;

bool is_of_states(std::string_view text) {
  const auto resource = asl::parse_resource(text);
  return resource && (resource->service == "states" || resource->service == "aws-sdk:sfn");
}

// Whether the task's outcome is there as soon as it is performed, and nothing that it does looks at its own execution,
// whose state is not written yet.
bool can_follow(const asl::ScheduleTask& task) {
  return task.integration == asl::Integration::request_response && task.task_token.empty() &&
         answers_at_once(task.resource) && !is_activity(task.resource) && !is_of_states(task.resource);
}

template <class Command, class Id>
bool take_back(std::vector<asl::Command>& commands, Id Command::* id, Id wanted) {
  return std::erase_if(commands, [&](const asl::Command& command) {
           const auto* one = std::get_if<Command>(&command);
           return one && one->*id == wanted;
         }) > 0;
}

// What is set and cancelled within the chain never was.
void add(asl::Step& whole, asl::Step&& next) {
  std::ranges::move(next.events, std::back_inserter(whole.events));
  for (auto& command : next.commands) {
    if (const auto* timer = std::get_if<asl::CancelTimer>(&command))
      if (take_back(whole.commands, &asl::SetTimer::timer, timer->timer)) continue;
    if (const auto* task = std::get_if<asl::CancelTask>(&command))
      if (take_back(whole.commands, &asl::ScheduleTask::task, task->task)) continue;
    whole.commands.push_back(std::move(command));
  }
}

}  // namespace

Result<void> Executions::follow(store::Transaction& transaction, Row& row, const asl::Definition& definition,
                                asl::Step& step) {
  for (int tasks = 0; tasks < tasks_max && !row.state.finished(); ++tasks) {
    const auto ready = std::ranges::find_if(step.commands, [](const asl::Command& command) {
      const auto* task = std::get_if<asl::ScheduleTask>(&command);
      return task && can_follow(*task);
    });
    if (ready == step.commands.end() || Machines::is_deleting(transaction, row.machine_arn)) return {};
    const auto& task = std::get<asl::ScheduleTask>(*ready);
    auto outcome = transaction.attempt(
        [&]() -> Result<TaskOutcome> { return tasks_.perform(transaction, task.resource, task.input); });
    // It cannot be made now; what was done so far stays, and the outbox tries it again.
    if (!outcome) return {};
    const auto id = task.task;
    step.commands.erase(ready);
    auto next = advance(transaction, row, definition, happening_of(id, std::move(*outcome)));
    if (!next) return pass_on(next);
    add(step, std::move(*next));
  }
  return {};
}

}  // namespace tocsin::workflows
