// Load on the server: threads that send prepared requests, as fast as it answers or at a steady rate.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "core/result.h"
#include "latencies.h"
#include "wire.h"

namespace tocsin::bench {

using SteadyClock = std::chrono::steady_clock;

struct Sent {
  std::size_t findings = 0;  // acknowledged
  std::chrono::duration<double> time{0};
  Latencies acknowledged;  // from request to acknowledged
  double findings_s() const { return static_cast<double>(findings) / time.count(); }
};

// Each client sends the next request as soon as its last one is answered, until all are sent or `time_max` is over.
// Error: the first refusal or break.
Result<Sent> send_closed(const Target& target, const std::vector<std::string>& requests, std::size_t clients,
                         std::chrono::milliseconds time_max);

// Request i is due at i × interval, however late earlier ones are answered; latencies count from when it was due, so
// a server that stalls is charged for all who wait. `acknowledged_at[i]` is when request i was answered.
Result<Sent> send_steadily(const Target& target, const std::vector<std::string>& requests, std::size_t clients,
                           std::chrono::microseconds interval, std::vector<SteadyClock::time_point>& acknowledged_at);

}  // namespace tocsin::bench
