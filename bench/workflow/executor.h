// What the parts of the benchmark share: the rooms that run executions over a durable store, and the machine measured.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "store/store.h"
#include "workflows/workflows.h"

namespace tocsin::bench {

// The store with its own threads, every commit synced, and nothing but workflows over it. Functions answer at once.
class Executor {
 public:
  // Opens (and creates) `folder`/workflows.db. Fails hard if it cannot.
  Executor(const std::filesystem::path& folder, workflows::InvokeFunction functions);
  ~Executor();
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  store::Store& store() { return *store_; }
  workflows::Executions& executions() { return executions_; }

  // The machine's ARN.
  std::string create(const std::string& name, const std::string& definition, const std::string& type = "STANDARD");
  // Hands in the start of `count` executions, at most `window` not yet acknowledged at a time; returns when all are.
  void start_many(const std::string& machine, std::size_t count, std::size_t window, const std::string& input);
  // Express executions, each to its end: StartSyncExecution, at most `window` at a time. All must succeed.
  void run_many(const std::string& machine, std::size_t count, std::size_t window, const std::string& input);
  std::int64_t running();
  // Until no execution runs.
  void wait_for_all();
  // Until the last execution of the machine is over, which must be well.
  void wait_for(const std::string& machine);

 private:
  // Hands in `count` changes, at most `window` not yet committed at a time; returns when all are.
  template <class Change>
  void hand_in(std::size_t count, std::size_t window, Change change);

  SystemClock clock_;
  SystemRandom random_;
  service::Directory directory_;
  workflows::Tasks tasks_;
  std::unique_ptr<store::Store> store_;
  workflows::Machines machines_;
  workflows::Executions executions_;
};

// The definition of the record-ip machine of stacks/ip-blocking.yaml, with functions named f1, f2, f3.
std::string record_ip_definition();

}  // namespace tocsin::bench
