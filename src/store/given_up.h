// Deliveries that were given up: their tries or their age ran out, or their error was final. What a dead-letter queue
// took is here as well, with the queue's name. The newest are kept, so that nothing is gone without a trace.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/clock.h"
#include "store/transaction.h"

namespace tocsin::store {

struct Due;

struct GivenUp {
  Time at{};
  std::string kind;
  std::string key;
  std::string destination;  // may be a secret (a web hook's URL)
  std::string dead_letter;  // ARN of the queue that it was meant for; empty: none
  std::string error;
  std::string payload;
  int attempts = 0;
};

// How many are kept; the oldest go first.
inline constexpr std::int64_t given_up_kept = 10'000;

// Newest first.
std::vector<GivenUp> given_up(Reader& reader, std::size_t count_max);
// Those that no dead-letter queue was named for, without those of one kind (that counts its own).
std::int64_t count_given_up(Reader& reader, std::string_view kind_left_out = {});
// Writes one; what the outbox does.
void note_given_up(Transaction& transaction, const Due& due, const Error& error);

}  // namespace tocsin::store
