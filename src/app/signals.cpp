#include "app/signals.h"

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <thread>

#include <fmt/format.h>

namespace tocsin::app {
namespace {

constexpr int none = 0;
// Wrappers (timeout, make) pass a signal on to a group that has had it already: that is not a second wish.
constexpr std::chrono::seconds repetition_max{2};
// A process has one disposition of signals, so these are the process's too.
std::atomic<bool> is_awaited{false};
std::atomic<int> received{none};

sigset_t ours() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  return set;
}

void watch(int early_code) {
  const sigset_t set = ours();
  std::chrono::steady_clock::time_point first;
  for (;;) {
    int number = none;
    if (sigwait(&set, &number) != 0) continue;
    if (!is_awaited.load()) {
      fmt::print(stderr, "tocsin: stopped by signal {} before it was ready\n", number);
      std::_Exit(early_code);
    }
    const auto now = std::chrono::steady_clock::now();
    if (received.exchange(number) == none) {
      first = now;
    } else if (now - first >= repetition_max) {
      fmt::print(stderr, "tocsin: stopped at once by a second signal\n");
      std::_Exit(1);
    }
    received.notify_all();
  }
}

}  // namespace

Signals::Signals(int early_code) {
  std::signal(SIGPIPE, SIG_IGN);
  const sigset_t set = ours();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  // The process's own end is this thread's.
  std::thread{watch, early_code}.detach();
}

int Signals::wait() {
  is_awaited.store(true);
  received.wait(none);
  return received.load();
}

}  // namespace tocsin::app
