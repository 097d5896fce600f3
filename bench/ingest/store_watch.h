// Looks into the running program's store from outside: an own read-only connection sees what is committed, at little
// cost to the program.
#pragma once

#include <atomic>
#include <chrono>
#include <filesystem>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "database.h"

namespace tocsin::bench {

using SteadyClock = std::chrono::steady_clock;

// Waits until nothing in the outbox is due; false after `patience`.
Result<bool> wait_until_settled(const std::filesystem::path& store, std::chrono::milliseconds patience);
std::int64_t deliveries_due(Database& store);

struct TableSize {
  std::string name;  // a table or an index
  std::int64_t bytes = 0;
};
// Tables and indexes by the pages that they take, largest first.
Result<std::vector<TableSize>> table_sizes(const std::filesystem::path& store);

// When each block was first seen in the store, as committed: wanted (the feed holds it) and confirmed (the rule group
// holds it). Its own thread looks twice a millisecond whether anything was committed.
class BlockWatch {
 public:
  struct Seen {
    SteadyClock::time_point wanted, confirmed;  // the epoch: not seen
  };
  static Result<std::unique_ptr<BlockWatch>> start(const std::filesystem::path& store);
  ~BlockWatch();
  std::size_t confirmed() const { return confirmed_.load(); }
  // By address. Ends the watch.
  const std::unordered_map<std::string, Seen>& stop();

 private:
  explicit BlockWatch(Database database) : database_{std::move(database)} {}
  Result<void> prepare();
  void run();
  void look();

  Database database_;
  Statement version_, fresh_, one_;
  std::int64_t last_row_ = 0;
  struct Pending {
    std::int64_t row;
    std::string host;
  };
  std::vector<Pending> pending_;
  std::unordered_map<std::string, Seen> seen_;
  std::atomic<std::size_t> confirmed_ = 0;
  std::atomic<bool> ending_ = false;
  std::thread thread_;
};

}  // namespace tocsin::bench
