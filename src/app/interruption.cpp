#include "app/interruption.h"

#include <algorithm>
#include <csignal>
#include <thread>

namespace tocsin::app {
namespace {

// A process has one disposition of signals, so this is the process's too.
volatile std::sig_atomic_t signalled = 0;

void note(int) {
  signalled = 1;
}

}  // namespace

Interruption::Interruption() {
  struct sigaction action{};
  action.sa_handler = note;
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  sigemptyset(&action.sa_mask);
  for (const int number : {SIGINT, SIGTERM}) sigaction(number, &action, nullptr);
}

bool Interruption::came() {
  return signalled != 0;
}

bool Interruption::sleep_for(std::chrono::milliseconds time) {
  constexpr std::chrono::milliseconds slice{25};
  for (; time.count() > 0 && !came(); time -= slice) std::this_thread::sleep_for(std::min(time, slice));
  return !came();
}

}  // namespace tocsin::app
