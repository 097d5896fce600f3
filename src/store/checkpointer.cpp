#include "store/checkpointer.h"

#include <pthread.h>

namespace tocsin::store {
namespace {

// In pages of 4 KiB.
constexpr int behind_max = 4'000;
constexpr int log_pages_max = 16'000;
// A log this long waits for the pass under way.
constexpr int log_pages_bound = 20'000;
// Shortly before the end a pass is made for fewer, so that little is left for the committer.
constexpr int last_stretch = 2'000;
constexpr int behind_max_at_last = 500;

}  // namespace

void Checkpointer::start() {
  thread_ = std::thread{[this] { run(); }};
  pthread_setname_np(thread_.native_handle(), "checkpointer");
}

void Checkpointer::stop() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void Checkpointer::after_commit(detail::Connection& writer) {
  const int pages = writer.log_pages();
  {
    std::unique_lock lock{mutex_};
    if (pages < pages_) carried_over_ = 0;  // begun anew
    pages_ = pages;
    if (pages >= log_pages_bound) pass_ended_.wait(lock, [this] { return !is_under_way_; });
    if (is_under_way_) return;
    const int behind = pages - carried_over_;
    is_wanted_ = behind >= (pages >= log_pages_max - last_stretch ? behind_max_at_last : behind_max);
    if (pages < log_pages_max) {
      if (is_wanted_) wake_.notify_one();
      return;
    }
    is_wanted_ = false;
  }
  // What fails here is tried again after the next commit; nothing is lost, the log holds it.
  writer.checkpoint();
}

void Checkpointer::run() {
  std::unique_lock lock{mutex_};
  for (;;) {
    wake_.wait(lock, [this] { return stopping_ || is_wanted_; });
    if (stopping_) return;
    is_wanted_ = false;
    is_under_way_ = true;
    lock.unlock();
    const int carried_over = connection_->checkpoint();
    lock.lock();
    is_under_way_ = false;
    pass_ended_.notify_one();
    // Only a log that was carried over to its end is begun anew, and that is seen in its pages.
    if (carried_over <= pages_) carried_over_ = carried_over;
  }
}

}  // namespace tocsin::store
