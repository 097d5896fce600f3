// A few threads for work that blocks (store reads, costly parsing), with a bound on what waits.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace tocsin::http {

class Pool {
 public:
  explicit Pool(int threads, std::size_t waiting_max = 4096);
  ~Pool();  // stop()
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  // False if too much waits already or the pool has stopped: the caller answers "throttled".
  [[nodiscard]] bool submit(std::move_only_function<void()> work);
  // Finishes what waits, then joins.
  void stop();

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::move_only_function<void()>> waiting_;
  std::size_t waiting_max_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace tocsin::http
