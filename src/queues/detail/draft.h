// A message on its way in. What costs time (checks, digests, compression) is done without the store; what depends on
// the queue is done with it.
#pragma once

#include <optional>
#include <string>

#include "core/json.h"
#include "core/random.h"
#include "queues/detail/messages.h"
#include "queues/detail/queue_table.h"

namespace tocsin::queues {

inline constexpr std::size_t request_bytes_max = 262'144;
// What other rooms put into queues may be larger than what clients send: a topic wraps a message of full size.
inline constexpr std::size_t delivery_bytes_max = 1'048'576;

struct Draft {
  std::size_t bytes = 0;  // of body and attributes, as SQS counts
  std::string body;       // compressed
  std::string body_md5;
  std::string body_sha256;  // hexadecimal
  std::string attributes;   // JSON; empty: none
  std::string attributes_md5;
  std::string system_attributes;
  std::string system_attributes_md5;
  std::string group_id;
  std::string deduplication_id;
  std::string fallback_deduplication_id;  // taken where the queue has no rule of its own
  std::string sender;
  std::optional<std::int64_t> delay_s;
  bool from_client = true;  // held to the queue's MaximumMessageSize
};

// Reads a SendMessage input or an entry of a batch. Error: validation.
Result<Draft> read_draft(const json::object& input, std::string sender, std::size_t bytes_max = request_bytes_max);

// Puts the message into the queue; a FIFO queue that accepted the same deduplication id within five minutes takes it
// as done. The result has the members of SendMessage's answer. Error: validation.
Result<json::object> post(store::Transaction& transaction, const Queue& queue, Draft draft);

// A queue's sequence number as FIFO clients see it: twenty digits, growing.
std::string sequence_text(std::int64_t sequence);

}  // namespace tocsin::queues
