// What waits in the outbox, for people: counts by lane, lists by destination, one delivery. Given-up ones are in
// given_up.h.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/outbox.h"

namespace tocsin::store {

std::string_view name_of(Lane lane);

// Deliveries that may be made now, wait to be tried again, or are under way; timers whose time has not come left out.
struct LaneWaiting {
  std::int64_t waiting = 0;
  std::int64_t in_lines = 0;  // of them those that queue by destination, or are in a digest
  Microseconds oldest_age{0};
};
std::array<LaneWaiting, lane_count> waiting_by_lane(Reader& reader);

struct WaitingDelivery {
  std::int64_t id = 0;
  std::string kind, destination, key;  // the destination may be a secret (a web hook's URL)
  Lane lane = Lane::notice;
  std::string state;  // "waiting", "pausing" (to be tried again at `next_try`), "under way", "gathering" or "in digest"
  int attempts = 0;   // tries so far
  Time added{};
  std::optional<Time> next_try;
  std::string last_error;
  std::string summary;
};
// The most urgent first, then the oldest; without timers. Of one kind where one is named.
std::vector<WaitingDelivery> waiting_deliveries(Reader& reader, std::string_view kind, std::size_t count_max);
struct WaitingBody {
  WaitingDelivery delivery;
  std::string payload;
};
std::optional<WaitingBody> find_waiting(Reader& reader, std::int64_t id);
// Lets one that pauses be tried now. False: there is none that pauses.
bool try_now(Transaction& transaction, std::int64_t id);
// Removes one that waits; false if there is none, or it is under way or part of a digest.
bool drop_waiting(Transaction& transaction, std::int64_t id);

}  // namespace tocsin::store
