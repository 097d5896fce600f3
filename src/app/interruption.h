// Ctrl-C (or SIGTERM) as the end of a command that goes on until then: what was printed is whole, and the exit code is
// the command's.
#pragma once

#include <chrono>

namespace tocsin::app {

class Interruption {
 public:
  // From here on the first signal is only noted; a second one ends the process.
  Interruption();
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;

  static bool came();
  // False as soon as a signal came.
  static bool sleep_for(std::chrono::milliseconds time);
};

}  // namespace tocsin::app
