// What the room's files share about executions. Private to the room.
#pragma once

#include <string>
#include <string_view>

#include "core/identity.h"
#include "core/result.h"
#include "workflows/machines.h"

namespace tocsin::workflows {

inline constexpr std::size_t payload_bytes_max = 262'144;
inline constexpr std::string_view task_kind = "workflow-task";
inline constexpr std::string_view timer_kind = "workflow-timer";
inline constexpr std::string_view retention_kind = "workflow-retention";
inline constexpr std::string_view retention_key = "workflow-retention";
inline constexpr std::chrono::hours purge_interval{1};

std::unexpected<Error> execution_does_not_exist(std::string_view arn);
// Error: validation (InvalidArn).
Result<void> check_execution_arn(std::string_view arn);

}  // namespace tocsin::workflows
