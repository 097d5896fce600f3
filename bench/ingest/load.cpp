#include "load.h"

#include <atomic>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

namespace tocsin::bench {
namespace {

std::chrono::microseconds since(SteadyClock::time_point start) {
  return std::chrono::duration_cast<std::chrono::microseconds>(SteadyClock::now() - start);
}

// Runs `client` in so many threads, each with a connection, and sums up. The first error is the answer.
Result<Sent> run_clients(const Target& target, std::size_t clients, SteadyClock::time_point started,
                         const std::function<Result<void>(Connection&, Sent&)>& client) {
  std::vector<Connection> connections;
  for (std::size_t i = 0; i < clients; ++i) {
    auto connection = Connection::open(target);
    if (!connection) return pass_on(connection);
    connections.push_back(std::move(*connection));
  }
  std::mutex mutex;
  Sent total;
  std::optional<Error> failure;
  {
    std::vector<std::jthread> threads;
    for (auto& connection : connections)
      threads.emplace_back([&] {
        Sent mine;
        auto done = client(connection, mine);
        std::lock_guard lock{mutex};
        total.findings += mine.findings;
        total.acknowledged.add(mine.acknowledged);
        if (!done && !failure) failure = std::move(done).error();
      });
  }
  total.time = SteadyClock::now() - started;
  if (failure) return std::unexpected(std::move(*failure));
  return total;
}

}  // namespace

Result<Sent> send_closed(const Target& target, const std::vector<std::string>& requests, std::size_t clients,
                         std::chrono::milliseconds time_max) {
  std::atomic<std::size_t> next = 0;
  const auto started = SteadyClock::now();
  return run_clients(target, clients, started, [&](Connection& connection, Sent& mine) -> Result<void> {
    for (std::size_t i = next++; i < requests.size() && since(started) < time_max; i = next++) {
      const auto sent_at = SteadyClock::now();
      auto taken = import_batch(connection, requests[i]);
      if (!taken) return pass_on(taken);
      mine.acknowledged.add(since(sent_at));
      mine.findings += *taken;
    }
    return {};
  });
}

Result<Sent> send_steadily(const Target& target, const std::vector<std::string>& requests, std::size_t clients,
                           std::chrono::microseconds interval, std::vector<SteadyClock::time_point>& acknowledged_at) {
  std::atomic<std::size_t> next = 0;
  acknowledged_at.assign(requests.size(), {});
  const auto started = SteadyClock::now();
  return run_clients(target, clients, started, [&](Connection& connection, Sent& mine) -> Result<void> {
    for (std::size_t i = next++; i < requests.size(); i = next++) {
      const auto due = started + static_cast<std::int64_t>(i) * interval;
      std::this_thread::sleep_until(due);
      auto taken = import_batch(connection, requests[i]);
      if (!taken) return pass_on(taken);
      acknowledged_at[i] = SteadyClock::now();
      mine.acknowledged.add(since(due));
      mine.findings += *taken;
    }
    return {};
  });
}

}  // namespace tocsin::bench
