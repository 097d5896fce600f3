// Deliveries that were given up: their tries or their age ran out, or their error was final. What a dead-letter queue
// took is here as well, with the queue's name. The newest are kept, so that nothing is gone without a trace.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.h"
#include "store/outbox.h"

namespace tocsin::store {

struct GivenUp {
  std::int64_t id = 0;
  Time at{};
  std::string kind;
  std::string key;
  std::string destination;  // may be a secret (a web hook's URL)
  std::string dead_letter;  // ARN of the queue that it was meant for; empty: none
  std::string error;
  std::string payload;
  int attempts = 0;
  // What sending it again needs.
  std::string context;
  Lane lane = Lane::notice;
  RetryPolicy retry;
  Time added{};
  std::string summary;  // what a digest says of it

  // False: written by a version that did not keep all that sending it needs.
  bool can_be_sent() const { return added != Time{}; }
};

// How many are kept; the oldest go first.
inline constexpr std::int64_t given_up_kept = 10'000;

// Newest first, of one kind where one is named; without payload and context.
std::vector<GivenUp> given_up(Reader& reader, std::string_view kind, std::size_t count_max);
struct GivenUpName {
  std::int64_t id = 0;
  std::string kind;
};
// Those that were given up before the one with the id `before`, newest first.
std::vector<GivenUpName> given_up_before(Reader& reader, std::int64_t before, std::size_t count_max);
std::optional<GivenUp> find_given_up(Reader& reader, std::int64_t id);
// Forgets one; false if there is none.
bool drop_given_up(Transaction& transaction, std::int64_t id);
// Puts one back into the outbox, under its key, with all its tries before it. False if one with its key waits already:
// then it stays here; so does one that cannot be sent.
bool send_again(Transaction& transaction, const GivenUp& delivery);
// Those that no dead-letter queue was named for, without those of one kind (that counts its own).
std::int64_t count_given_up(Reader& reader, std::string_view kind_left_out = {});
// Writes one; what the outbox does.
void note_given_up(Transaction& transaction, const Due& due, const Error& error);

}  // namespace tocsin::store
