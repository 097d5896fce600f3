// The deliveries that a transaction has added and that have no row yet. Most of them are made, or cancelled, before the
// transaction commits: a chain of inner steps then costs no row for each hop. What is left at the end is written.
// Inside this folder only.
#pragma once

#include <array>
#include <deque>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "store/outbox.h"

namespace tocsin::store {

class Pending {
 public:
  explicit Pending(Time now) : now_{now} {}

  // False: one with this key waits here already; nothing is added.
  bool add(Due due);
  // False: none with this key waits here.
  bool cancel(std::string_view key);
  bool is_empty(Lane lane);
  // The oldest one of the lane that is due, no longer waiting; it stays readable until the transaction ends. Not to be
  // called where is_empty().
  const Due& take(Lane lane);
  // Those that wait, in the order in which they were added.
  std::vector<const Due*> waiting() const;

  // The lane of the delivery that is being made; nothing between deliveries.
  void making(std::optional<Lane> lane) { making_ = lane; }
  std::optional<Lane> making() const { return making_; }

  // What is added, taken or cancelled after mark() is undone by undo(mark).
  std::size_t mark() const { return log_.size(); }
  void undo(std::size_t mark);

 private:
  struct Entry {
    Due due;
    bool waits = true;
  };
  enum class What { added, removed };
  struct Event {
    What what;
    std::size_t entry;
  };
  void remove(std::size_t entry);

  Time now_;
  std::optional<Lane> making_;
  std::deque<Entry> entries_;                                 // addresses stay
  std::unordered_map<std::string_view, std::size_t> by_key_;  // those that wait
  std::array<std::deque<std::size_t>, lane_count> due_;       // by lane; may hold some that wait no longer
  std::vector<Event> log_;
};

// While it lives, what is added belongs to a delivery of this lane, and is as urgent.
class Making {
 public:
  Making(Pending& pending, Lane lane) : pending_{pending}, before_{pending.making()} { pending_.making(lane); }
  ~Making() { pending_.making(before_); }
  Making(const Making&) = delete;
  Making& operator=(const Making&) = delete;

 private:
  Pending& pending_;
  std::optional<Lane> before_;
};

}  // namespace tocsin::store
