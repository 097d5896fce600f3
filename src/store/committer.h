// The one writer. Inside this folder only.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "store/checkpointer.h"
#include "store/connection.h"
#include "store/store.h"

namespace tocsin::store {

class Committer {
  using SteadyClock = std::chrono::steady_clock;

 public:
  Committer(Options options, std::unique_ptr<detail::Connection> writer);
  ~Committer();

  void submit(Lane lane, Store::Change change, Store::Done done);
  // Told of each commit that failed.
  std::function<void(const Error&)> on_failure;
  // Error: unavailable or corrupt: no connection for reading could be had.
  Result<void> read(const std::function<void(Reader&)>& query);
  void start();
  void stop(std::chrono::milliseconds patience);
  std::size_t run_until_idle();
  std::uint64_t commits() const { return commits_.load(); }

  Outbox outbox;
  std::function<void(const std::string&)> on_signal;

 private:
  struct Waiting {
    Lane lane;
    Store::Change change;
    Store::Done done;
    Result<void> result;
  };
  using Batch = std::vector<Waiting>;

  // The outcome of a delivery is taken however much waits: what was done outside must be written down, and the leases
  // bound how many there are.
  enum class Bound { kept, lifted };
  void submit(Waiting waiting, Bound bound);
  void run();
  Batch take_batch(std::unique_lock<std::mutex>& lock);
  // Runs the changes and due deliveries in one transaction and tells the waiters. Returns deliveries taken up.
  std::size_t commit(Batch batch);
  // Runs as many as their share of the time allows; the others go back to where they came from.
  Result<void> run_changes(Transaction& transaction, Batch& batch);
  void put_back(Batch& batch, std::size_t from);
  // `somebody_waits`: for the commit, because of a change in it.
  std::size_t make_deliveries(Transaction& transaction, SteadyClock::time_point begun, bool somebody_waits,
                              std::vector<Due>& leased);
  Result<void> finish(Transaction& transaction);
  void start_leased(std::vector<Due> leased);
  bool wait_for_work(std::unique_lock<std::mutex>& lock);
  Result<std::unique_ptr<detail::Connection>> borrow_reader();

  Options options_;
  std::unique_ptr<detail::Connection> writer_;
  std::unique_ptr<Checkpointer> checkpointer_;  // of threaded stores
  std::thread thread_;

  std::mutex mutex_;  // guards what follows
  std::condition_variable wake_;
  std::condition_variable idle_;
  std::array<std::deque<Waiting>, lane_count> waiting_;
  std::atomic<std::size_t> waiting_count_ = 0;  // written under the mutex
  std::size_t outer_under_way_ = 0;
  bool stopping_ = false;
  bool draining_ = false;  // stopping: outcomes are still taken, new deliveries not started

  std::mutex readers_mutex_;
  std::vector<std::unique_ptr<detail::Connection>> idle_readers_;

  // Committer's thread only.
  std::optional<Time> next_due_ = Time{};
  std::atomic<std::uint64_t> commits_ = 0;
};

}  // namespace tocsin::store
