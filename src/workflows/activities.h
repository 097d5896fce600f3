// Activities: tasks that workers outside fetch with GetActivityTask and answer with SendTaskSuccess or SendTaskFailure.
// A task waits in a row of its own until a worker takes it; it is handed out once. A worker that dies is noticed by the
// task's heartbeat or timeout, which are timers of the interpreter.
#pragma once

#include "asl/asl.h"
#include "core/identity.h"
#include "service/service.h"

namespace tocsin::workflows {

class Executions;

// Longest wait of GetActivityTask. Source: States API reference.
inline constexpr std::chrono::seconds activity_poll_max{60};

bool is_activity(std::string_view resource);
// Puts the task in line for the activity's workers. False if there is no such activity.
bool queue_activity_task(store::Transaction& transaction, std::int64_t execution, const asl::ScheduleTask& task);
// No worker is to get it any more: one task, or all of an execution.
void drop_activity_task(store::Transaction& transaction, std::int64_t execution, asl::TaskId task);
void drop_activity_tasks(store::Transaction& transaction, std::int64_t execution);

// CreateActivity, DescribeActivity, ListActivities, DeleteActivity, GetActivityTask.
std::vector<service::Operation> activity_operations(const Identity& identity, Executions& executions);

}  // namespace tocsin::workflows
