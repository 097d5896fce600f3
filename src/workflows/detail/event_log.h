// Histories in the store. One row holds consecutive events of one history, all that one transition made, up to a bound:
// they are written, compressed and removed together, and what several of them carry (a state's input is the output of
// the one before) is there once. Private to the room.
//
//   execution_event: execution, child, id (of the row's last event), at, body
//   body, compressed: "[<bytes of text 0>,<bytes of text 1>,…]\n", the texts one after the other, then a JSON array of
//   events, whose member "@" says which text stands where in its details: {"input": 0}. Or, as first stored: one event.
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "asl/history.h"
#include "core/json.h"
#include "core/result.h"
#include "store/transaction.h"

namespace tocsin::workflows {

// What one row holds at most.
inline constexpr std::size_t events_a_row_max = 64;
inline constexpr std::size_t row_text_bytes_max = 1u << 20;

// Writes a step's events, those of child executions among them.
void write_events(store::Transaction& transaction, std::int64_t execution, std::span<const asl::HistoryEvent> events);

struct HistoryOf {
  std::int64_t execution = 0;
  std::int64_t child = 0;
};

// Gives the events after `from` (reverse: those before it, latest first) as GetExecutionHistory shows them, until
// `take` says false. Error: corrupt.
Result<void> read_events(store::Reader& reader, HistoryOf history, std::int64_t from, bool reverse,
                         const std::function<bool(std::int64_t id, json::object&& event)>& take);

}  // namespace tocsin::workflows
