// Lines: what waits for one destination, and when the next of it may go. In memory, of the committer's thread; the rows
// are the truth, so all of it may be forgotten. Inside this folder only.
//
// A line has three classes that do not wait for each other: containment, alerts, and the rest. In each, single
// deliveries go up to a number within a minute; past it, what waits is gathered and goes as one digest. The most urgent
// class goes first; one that was passed over for some turns has the next one, so that none waits until it is too old.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "store/outbox.h"

namespace tocsin::store {

inline constexpr std::size_t line_classes = 3;

// The lanes of a class, and the one that its digests are in.
struct LineClass {
  Lane first, last, of_digest;
};
inline constexpr std::array<LineClass, line_classes> lanes_of_class{
    {{Lane::containment, Lane::containment, Lane::containment},
     {Lane::alert, Lane::alert, Lane::alert},
     {Lane::workflow, Lane::bulk, Lane::notice}}};

// How many went within the minute that began with the first of them.
class Window {
 public:
  std::size_t used(Time now) const { return now - begun_ < length ? used_ : 0; }
  void use(Time now) {
    if (now - begun_ >= length) {
      begun_ = now;
      used_ = 0;
    }
    ++used_;
  }
  static constexpr std::chrono::seconds length{60};

 private:
  Time begun_{};
  std::size_t used_ = 0;
};

// A try that the handler has: the row and its column `attempt`. A report that comes after the lease's end is of another
// try than the one that is in hand by then.
using Try = std::pair<std::int64_t, int>;

struct Line {
  std::set<Try> in_hand;   // the handler has them
  Time wake{};             // something may be due from here on
  Time rests_until{};      // the receiver is to be left alone
  bool is_single = false;  // the last outcome asked for a rest (a pace, trouble): then one at a time
  std::array<Window, line_classes> singles;
  std::array<Time, line_classes> last_digest{};
  std::array<std::size_t, line_classes> passed_over{};  // turns in a row that more urgent classes had
};

class LineBook {
 public:
  // Of the kind that queues by destination.
  void set_kind(std::string_view kind) { kind_ = kind; }
  // Knows the lines of the rows that are there, and what is in hand.
  void load(Transaction& transaction);
  bool is_loaded() const { return loaded_; }
  // What is known of rows may be wrong: it is to be loaded again. What is known of receivers stays.
  void forget_rows() { loaded_ = false; }

  // Something of this destination is due at `when`.
  void wake(const std::string& destination, Time when);
  Line& line(const std::string& destination) { return lines_[destination]; }
  // One more, or one less, is in the handler's hands.
  void take(const std::string& destination, Try one) { lines_[destination].in_hand.insert(one); }
  void give_back(const std::string& destination, Try one, std::optional<Time> rests_until);

  // When a line may have something to go next, as far as is known; nothing: none waits.
  std::optional<Time> next(std::size_t in_hand_max) const;
  // Calls `serve` for each line that may have something to go now.
  template <class F>
  void for_ready(Time now, std::size_t in_hand_max, F serve) {
    for (auto& [destination, line] : lines_)
      if (is_ready(line, now, in_hand_max)) serve(destination, line);
  }
  // Lines of which nothing waits and nothing is remembered that matters.
  void forget_idle(Time now);

  static constexpr Time never = Time::max();
  static bool has_room(const Line& line, std::size_t in_hand_max) {
    return line.in_hand.size() < (line.is_single ? 1 : in_hand_max);
  }

 private:
  static bool is_ready(const Line& line, Time now, std::size_t in_hand_max) {
    return has_room(line, in_hand_max) && line.wake <= now && line.rests_until <= now;
  }

  std::map<std::string, Line, std::less<>> lines_;
  std::string kind_;
  bool loaded_ = false;
};

}  // namespace tocsin::store
