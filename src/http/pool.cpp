#include "http/pool.h"

#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

namespace tocsin::http {
namespace {

constexpr int niceness = 5;

}  // namespace

Pool::Pool(int threads, std::size_t waiting_max) : waiting_max_{waiting_max} {
  for (int i = 0; i < threads; ++i) {
    threads_.emplace_back([this] { run(); });
    pthread_setname_np(threads_.back().native_handle(), "requests");
  }
}

Pool::~Pool() {
  stop();
}

bool Pool::submit(std::move_only_function<void()> work) {
  {
    const std::lock_guard lock{mutex_};
    if (stopping_ || waiting_.size() >= waiting_max_) return false;
    waiting_.push_back(std::move(work));
  }
  wake_.notify_one();
  return true;
}

void Pool::stop() {
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
  }
  wake_.notify_all();
  for (auto& thread : threads_)
    if (thread.joinable()) thread.join();
}

void Pool::run() {
  // On a busy machine what all wait for goes first: the committer's and the network's threads. (On Linux a thread has a
  // niceness of its own.) With four clients that import on two cores this is a tenth more findings.
  const auto self = static_cast<id_t>(gettid());
  (void)setpriority(PRIO_PROCESS, self, getpriority(PRIO_PROCESS, self) + niceness);
  std::unique_lock lock{mutex_};
  while (true) {
    wake_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    auto work = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    work();
    work = nullptr;
    lock.lock();
  }
}

}  // namespace tocsin::http
