#include "core/clock.h"

namespace tocsin {

Time SystemClock::now() const {
  return std::chrono::floor<Microseconds>(std::chrono::system_clock::now());
}

}  // namespace tocsin
