// Message groups and deduplication of FIFO queues.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "store/transaction.h"

namespace tocsin::queues {

// A message was added at the end of its group: a group that was empty can be received from `visible_at`.
void join_group(store::Transaction& transaction, std::int64_t box, std::string_view group, std::int64_t sequence,
                Time visible_at);
// Reads the group's state anew from its messages, after one was received, hidden, shown or removed.
void refresh_group(store::Transaction& transaction, std::int64_t box, std::string_view group);
// Groups without a message in flight whose first message is visible, longest ready first.
std::vector<std::string> ready_groups(store::Reader& reader, std::int64_t box, std::size_t count_max);

// A message that was accepted under the same deduplication id within five minutes.
struct Accepted {
  std::string message_id;
  std::int64_t sequence = 0;
};
// `scope` is the message group where deduplication is by group, else empty.
std::optional<Accepted> find_accepted(store::Reader& reader, std::int64_t queue, std::string_view scope,
                                      std::string_view id);
void remember_accepted(store::Transaction& transaction, std::int64_t queue, std::string_view scope, std::string_view id,
                       const Accepted& accepted);

}  // namespace tocsin::queues
