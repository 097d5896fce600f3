// The messages of the queues' boxes, as rows.
//
// Time decides what a message is: it can be received from `visible_at` on; before that it is in flight if it was
// received in this box, and delayed if it was not. In a FIFO box, `queue_group` holds for each message group its
// first message and the time from which the group can be received, so that finding work stays one step of an index.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "queues/detail/queue_table.h"
#include "queues/queues.h"
#include "store/transaction.h"

namespace tocsin::queues {

struct StoredMessage {
  std::int64_t sequence = 0;  // order of arrival in the queue
  std::string id;
  std::string body;               // compressed (store::compress)
  std::string attributes;         // JSON object; empty: none
  std::string system_attributes;  // JSON object; empty: none
  std::string sender;
  std::string group_id;
  std::string deduplication_id;
  std::string source_arn;  // the queue that it was dead-lettered from
  Time sent_at{};
  Time visible_at{};
  Time received_at{};
  Time first_received_at{};
  int received = 0;         // times received from this box
  int received_before = 0;  // times received before it was moved here
  std::int64_t nonce = 0;   // of the latest reception
};

// Writes the message with the next sequence number, which is returned.
std::int64_t add_message(store::Transaction& transaction, const Queue& queue, StoredMessage message);
std::optional<StoredMessage> find_message(store::Reader& reader, std::int64_t box, std::int64_t sequence);
void remove_message(store::Transaction& transaction, const Queue& queue, const StoredMessage& message);
// Writes a reception: hidden until `visible_at`, counted, under the message's new nonce.
void mark_received(store::Transaction& transaction, const Queue& queue, StoredMessage& message, Time visible_at);
void set_visible_at(store::Transaction& transaction, const Queue& queue, const StoredMessage& message, Time visible_at);
// Moves a message into another queue, with what is known of it.
void move_message(store::Transaction& transaction, const Queue& from, const StoredMessage& message, const Queue& to,
                  std::string source_arn);

// Messages that can be received now, in the order in which they are to be handed out, at most `count_max`.
std::vector<StoredMessage> find_receivable(store::Reader& reader, const Queue& queue, std::size_t count_max);
// The first messages of the queue's box after `after`, whatever their state.
std::vector<StoredMessage> find_in_order(store::Reader& reader, const Queue& queue, std::int64_t after,
                                         std::size_t count_max);
// When the next hidden message comes into sight.
std::optional<Time> next_visible(store::Reader& reader, const Queue& queue);

Depth depth_of(store::Reader& reader, const Queue& queue);

// Removes messages past their retention, at most `count_max`; returns how many.
std::size_t sweep(store::Transaction& transaction, const Queue& queue, std::size_t count_max);
// Looks at the retention of the box at `due` (a timer).
void sweep_later(store::Transaction& transaction, const Queue& queue, Time due);
// When the oldest message's retention ends; nothing if the box is empty.
std::optional<Time> next_expiry(store::Reader& reader, const Queue& queue);
// Removes messages of a box that no queue has any more; true when nothing is left of it.
bool clear_box(store::Transaction& transaction, std::int64_t box, std::size_t count_max);

}  // namespace tocsin::queues
