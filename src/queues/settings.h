// A queue's attributes: which there are, what values they take, and what they mean for the queue. Pure.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "core/json.h"
#include "core/result.h"

namespace tocsin::queues {

struct Redrive {
  std::string target_arn;
  int receives_max = 0;
};

// What the stored attributes mean, defaults filled in.
struct Settings {
  std::chrono::seconds delay{0};
  std::chrono::seconds visibility{30};
  std::chrono::seconds receive_wait{0};
  std::chrono::seconds retention{std::chrono::days{4}};
  std::size_t message_bytes_max = 262'144;
  bool fifo = false;
  bool content_based_deduplication = false;
  bool deduplicates_by_group = false;
  std::optional<Redrive> redrive;
};

// Reads attributes that were checked before.
Settings read_settings(const json::object& attributes);

// Checks attributes that a caller wants to set on queue `name` and brings them into stored form: strings, and those
// set to "" (which means: remove) kept as "". `is_new` allows what can only be said at creation (FifoQueue).
// Error: validation, with "InvalidAttributeName", "InvalidAttributeValue" or "InvalidParameterValue".
Result<json::object> check_attributes(const json::object& wanted, std::string_view name, bool is_new);

// The attributes as GetQueueAttributes shows them: those set, and the defaults of those that always have a value.
json::object with_defaults(const json::object& attributes);

// True if `name` may be asked for in GetQueueAttributes.
bool is_known_attribute(std::string_view name);

// Error: validation. A FIFO queue's name ends in ".fifo".
Result<void> check_queue_name(std::string_view name, bool fifo);

// What a queue's RedriveAllowPolicy says on being the dead-letter queue of `source_arn`.
bool allows_redrive_from(const json::object& attributes, std::string_view source_arn);

}  // namespace tocsin::queues
