// The queues themselves, as rows.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/identity.h"
#include "queues/settings.h"
#include "store/transaction.h"

namespace tocsin::queues {

struct Queue {
  std::int64_t id = 0;   // never given out twice
  std::int64_t box = 0;  // where its messages lie
  std::string name;
  std::string arn;
  json::object attributes;  // as set
  json::object tags;
  Time created{};
  Time modified{};
  Settings settings;
};

// The name in ".../<account>/<name>". Error: not_found, "QueueDoesNotExist", for any other text and any other account.
Result<std::string> name_from_url(std::string_view url, const Identity& identity);
// The same for an ARN of this account and Region.
Result<std::string> name_from_arn(std::string_view arn, const Identity& identity);

// Error: not_found, "QueueDoesNotExist".
Result<Queue> find_queue(store::Reader& reader, std::string_view name, const Identity& identity);
Result<Queue> find_queue_by_url(store::Reader& reader, const json::object& input, const Identity& identity);
std::optional<Queue> find_queue_by_box(store::Reader& reader, std::int64_t box, const Identity& identity);

// Gives `queue` its ids and writes it.
void insert_queue(store::Transaction& transaction, Queue& queue);
// Writes attributes, tags and the time of change.
void update_queue(store::Transaction& transaction, const Queue& queue);
void erase_queue(store::Transaction& transaction, const Queue& queue);
// Gives the queue an empty box that goes on counting where the old one stopped; the old box is cleared in the
// background.
void renew_box(store::Transaction& transaction, Queue& queue);

struct Page {
  std::vector<std::string> names;
  std::optional<std::string> next;  // token, if there is more
};
// Names in order. `where` narrows: names with a prefix, or queues whose dead-letter target is an ARN.
struct Listing {
  std::string prefix = {};
  std::string dead_letter_target = {};
};
// Error: validation, "InvalidParameterValue", for a token that was not given out here.
Result<Page> list_queues(store::Reader& reader, const Listing& where, std::size_t count_max, std::string_view token);

inline std::string signal_of(const Queue& queue) {
  return "queue:" + queue.arn;
}

}  // namespace tocsin::queues
