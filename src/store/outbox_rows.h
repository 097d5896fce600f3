// The rows of the outbox. Inside this folder only.
#pragma once

#include "store/outbox.h"

namespace tocsin::store {

// Where a row stands; each state has an index of its own, so that a row is in one of them only. (SQL says the number,
// since an index over part of a table is used only where the condition stands in the text.)
enum class State {
  in_lane = 0,   // waits for its turn in its lane, or for its time
  in_line = 1,   // may go, and waits for it in the line of its destination by age (due = added); or gathers (a digest)
  leased = 2,    // an outer handler has it, until its due time
  in_digest = 3  // told by the delivery whose id stands in the column digest
};

// The columns that read_due() reads, in its order.
std::string_view due_columns();
Due read_due(const Rows& row);
// The number of the row; 0 if there is one with this key.
std::int64_t insert_due(Transaction& transaction, const Due& due, State state,
                        std::optional<std::string_view> last_error = {});
// Validation, not_found and denied are not tried again.
bool is_final(const Error& error);

// Digests (digests.cpp).
inline constexpr std::string_view digest_prefix = "digest/";
inline constexpr std::string_view told_kind = "outbox-digest-told";          // its members go
inline constexpr std::string_view given_up_kind = "outbox-digest-given-up";  // its members are given up
// The due time of a digest that still gathers: the year 9999.
inline constexpr Time gathers{std::chrono::microseconds{253'402'214'400'000'000}};

inline bool is_digest(const Delivery& delivery) {
  return delivery.key.starts_with(digest_prefix);
}

}  // namespace tocsin::store
