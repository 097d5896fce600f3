// Batches: up to ten entries with ids of their own, each of which succeeds or fails alone.
#pragma once

#include <functional>
#include <string_view>

#include "core/json.h"
#include "core/result.h"

namespace tocsin::queues {

// Error: validation, "EmptyBatchRequest", "TooManyEntriesInBatchRequest", "InvalidBatchEntryId" or
// "BatchEntryIdsNotDistinct". `entry_type` names the entries in the message for an empty batch.
Result<void> check_batch(const json::object& input, std::string_view entry_type);

// A "Failed" entry.
json::object failed_entry(std::string_view id, const Error& error);

// Runs `one` for each entry of a checked batch; its result, with the entry's id, becomes a "Successful" or "Failed"
// entry.
json::object run_batch(const json::object& input, const std::function<Result<json::object>(const json::object&)>& one);

}  // namespace tocsin::queues
