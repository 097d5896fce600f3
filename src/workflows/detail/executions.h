// What the room's files share about executions. Private to the room.
#pragma once

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "asl/asl.h"
#include "core/identity.h"
#include "core/result.h"
#include "store/transaction.h"
#include "workflows/machines.h"
#include "workflows/tasks.h"

namespace tocsin::workflows {

inline constexpr std::string_view task_kind = "workflow-task";
inline constexpr std::string_view timer_kind = "workflow-timer";
inline constexpr std::string_view result_kind = "workflow-result";
inline constexpr std::string_view retention_kind = "workflow-retention";
inline constexpr std::string_view retention_key = "workflow-retention";
inline constexpr std::string_view express_kind = "workflow-express";
inline constexpr std::string_view express_end_kind = "workflow-express-end";
inline constexpr std::string_view child_kind = "workflow-child";
inline constexpr std::string_view stop_kind = "workflow-stop";
inline constexpr std::string_view watchdog_kind = "workflow-watchdog";
// How often ended executions are looked at: once an hour, more often where they are kept for less.
constexpr std::chrono::seconds purge_interval(std::chrono::seconds retention) {
  return std::clamp(retention, std::chrono::seconds{std::chrono::minutes{1}},
                    std::chrono::seconds{std::chrono::hours{1}});
}

// "task/12/7" → 12, 7.
std::pair<std::int64_t, std::int64_t> numbers_of(std::string_view key);
asl::Happening happening_of(asl::TaskId task, TaskOutcome outcome);
// Error: validation (InvalidExecutionInput).
Result<json::value> read_input(std::string_view input);
// True for tasks whose outcome is there as soon as they were performed.
bool answers_at_once(std::string_view resource);

// redriveCount, redriveDate, redriveStatus and redriveStatusReason, as DescribeExecution has them.
void show_redrive(store::Reader& reader, std::int64_t id, const asl::Execution& state, json::object& described);

// The condition on the column redrive_count that ListExecutions' redriveFilter asks for; empty where it has none.
std::string_view redrive_condition(const json::object& input);

// "arn:…:execution:MACHINE/LABEL:UUID-N": a child execution of a distributed Map.
bool is_map_child(std::string_view arn);
struct MapChild {
  std::int64_t execution = 0;  // the parent's
  std::int64_t child = 0;      // its number
  std::string map_run_arn;
};
std::optional<MapChild> find_map_child(store::Reader& reader, std::string_view arn);

std::unexpected<Error> type_not_supported();
std::unexpected<Error> execution_does_not_exist(std::string_view arn);
// Error: validation (InvalidArn).
Result<void> check_execution_arn(std::string_view arn);

}  // namespace tocsin::workflows
