// SIGTERM and SIGINT over the life of a command: they end a start at once, ask what runs to stop, and the second one
// ends a stop that takes too long. Nothing is lost by an end at once: what was acknowledged is on the disk.
#pragma once

namespace tocsin::app {

class Signals {
 public:
  // Before any other thread starts: they inherit that these signals are not theirs. Also ignores SIGPIPE. A signal
  // until wait() ends the process with `early_code`.
  explicit Signals(int early_code);
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  // Waits for a signal; returns its number. From then on a second one ends the process with exit code 1.
  static int wait();
};

}  // namespace tocsin::app
