#include "store/lines.h"

#include <algorithm>

namespace tocsin::store {

void LineBook::load(Transaction& transaction) {
  for (auto& [destination, line] : lines_) line.in_hand.clear();
  Rows leased = transaction.query("SELECT id, attempt, destination FROM outbox WHERE state = 2 AND kind = ?", kind_);
  while (leased.next()) take(leased.string(2), {leased.integer(0), static_cast<int>(leased.integer(1))});
  // From one destination to the next through the index, without reading what is between.
  std::string after;
  for (;;) {
    Rows rows = transaction.query(
        "SELECT destination FROM outbox WHERE state = 1 AND destination > ? ORDER BY destination LIMIT 1", after);
    if (!rows.next()) break;
    after = rows.string(0);
    lines_[after].wake = {};
  }
  loaded_ = !transaction.failure();
}

void LineBook::wake(const std::string& destination, Time when) {
  const auto [found, is_new] = lines_.try_emplace(destination);
  found->second.wake = is_new ? when : std::min(found->second.wake, when);
}

void LineBook::give_back(const std::string& destination, Try one, std::optional<Time> rests_until) {
  const auto found = lines_.find(destination);
  if (found == lines_.end()) return;
  Line& line = found->second;
  line.in_hand.erase(one);
  line.is_single = rests_until.has_value();
  if (rests_until) line.rests_until = std::max(line.rests_until, *rests_until);
}

std::optional<Time> LineBook::next(std::size_t in_hand_max) const {
  std::optional<Time> next;
  for (const auto& [destination, line] : lines_) {
    if (!has_room(line, in_hand_max) || line.wake == never) continue;
    const Time ready = std::max(line.wake, line.rests_until);
    next = next ? std::min(*next, ready) : ready;
  }
  return next;
}

void LineBook::forget_idle(Time now) {
  std::erase_if(lines_, [&](const auto& entry) {
    const Line& line = entry.second;
    const bool recent = std::ranges::any_of(line.singles, [&](const Window& w) { return w.used(now) > 0; }) ||
                        std::ranges::any_of(line.last_digest, [&](Time at) { return now - at < Window::length; });
    return line.wake == never && line.in_hand.empty() && line.rests_until <= now && !recent;
  });
}

}  // namespace tocsin::store
