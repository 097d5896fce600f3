// Long polls that wait for a signal of the store: a list, one timer thread, no thread each. Inside this folder only.
//
// Those who wait for one signal are served in turn: a signal wakes the first, and whoever is served wakes the next.
// So a thousand waiting receivers cost one run for one message, not a thousand.
#pragma once

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace tocsin::api {

class Waits {
 public:
  enum class Why { signalled, timed_out, stopped };
  using Wake = std::move_only_function<void(Why)>;
  using Deadline = std::chrono::steady_clock::time_point;

  explicit Waits(std::size_t waiting_max);
  ~Waits();  // stop()

  // To be taken before the run whose answer may have to wait: a signal after it is not missed.
  std::uint64_t sequence() const;

  // Calls `wake` once, from any thread, but not inside the call itself. Returns 0, and wakes nobody, if there is no
  // room; else the wait's number. If `signal` was raised after `since`, wakes at once (from the timer's thread).
  std::uint64_t add(const std::string& signal, std::uint64_t since, Deadline deadline, Wake wake);
  // Forgets a wait without waking it; true if it was there.
  bool remove(std::uint64_t number);
  // Wakes the first who waits for `signal`.
  void raise(std::string_view signal);
  // Wakes all with Why::stopped; later ones are not taken.
  void stop();
  std::size_t size() const;
  // Whether add() would be refused.
  bool is_full() const;

 private:
  struct Waiting {
    std::string signal;
    Deadline deadline;
    Wake wake;
  };
  Waiting take(std::map<std::uint64_t, Waiting>::iterator entry);
  void run();

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::uint64_t, Waiting> waiting_;
  std::map<std::string, std::deque<std::uint64_t>, std::less<>> by_signal_;
  std::multimap<Deadline, std::uint64_t> by_deadline_;
  std::uint64_t next_number_ = 1;
  std::uint64_t sequence_ = 0;
  // When a signal was last raised, by its hash; two that share a place only cause a run too many.
  std::array<std::uint64_t, 4096> raised_{};
  std::size_t waiting_max_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace tocsin::api
