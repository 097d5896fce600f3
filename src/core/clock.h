// Time comes from a Clock, so that tests and virtual runs decide what time it is.
#pragma once

#include <atomic>
#include <chrono>

namespace tocsin {

using Microseconds = std::chrono::microseconds;
// UTC, integer microseconds since 1970-01-01.
using Time = std::chrono::sys_time<Microseconds>;

inline std::int64_t to_microseconds(Time time) {
  return time.time_since_epoch().count();
}
inline Time from_microseconds(std::int64_t us) {
  return Time{Microseconds{us}};
}
inline std::int64_t to_epoch_seconds(Time time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Time now() const = 0;
};

class SystemClock final : public Clock {
 public:
  Time now() const override;
};

// Stands still until told otherwise. Safe to read from several threads.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(Time start) : now_us_{to_microseconds(start)} {}
  Time now() const override { return from_microseconds(now_us_.load()); }
  void advance(Microseconds by) { now_us_ += by.count(); }
  void set(Time to) { now_us_ = to_microseconds(to); }

 private:
  std::atomic<std::int64_t> now_us_;
};

}  // namespace tocsin
