// The durable store: SQLite in WAL mode with synchronous=FULL, one writer, many readers.
//
// All writes go through one committer, which gathers what waits into one transaction (group commit), makes
// what the outbox holds due, commits once, and only then tells the waiters. A failed change is rolled back
// alone; a failed commit fails all changes in it, and nothing of them is there. One process at a time may have a store
// open: two would make every delivery twice.
#pragma once

#include <filesystem>
#include <future>
#include <memory>
#include <span>

#include "store/outbox.h"
#include "store/transaction.h"

namespace tocsin::store {

class Committer;

// One step of one room's tables. Steps of a room are numbered from 1 and never change once released.
struct Migration {
  std::string_view room;
  int version;
  std::string_view sql;  // one or more statements
};

struct Options {
  std::filesystem::path file;  // created if absent, mode 0600
  const Clock* clock;
  Random* random;
  bool threaded = true;  // false: writes run on the caller's thread, and run_until_idle() works off the outbox (tests,
                         // virtual runs)
  bool durable = true;   // false: no fsync (tests)
  std::size_t waiting_max = 10'000;  // changes waiting for the committer; past it submit() refuses with `throttled`
  std::uint64_t free_bytes_min = 32u << 20;  // of the disk; with less, probe() fails
  // Called before each commit with its number (from 1); an error makes the commit fail. For tests of failing disks.
  std::function<Result<void>(std::uint64_t)> before_commit = {};
};

class Store {
 public:
  // Error: unavailable (cannot open, locked by another process), corrupt, or validation (written by a newer version).
  static Result<std::unique_ptr<Store>> open(Options options, std::span<const Migration> migrations);
  ~Store();

  using Change = std::move_only_function<Result<void>(Transaction&)>;
  using Done = std::move_only_function<void(Result<void>)>;
  // Hands in a change; returns at once. `done` is called once, after the commit, on the committer's thread.
  void submit(Lane lane, Change change, Done done);

  // Whether writes are taken: the disk has room, and a durable write of one page succeeds. `done` as in submit(), or
  // called at once, on the caller's thread. Error: unavailable, in words for people.
  void probe(Done done);

  // Runs `change` (called as Result<T>(Transaction&)) and waits for its commit. Not to be called from the committer's
  // thread.
  template <class F>
  auto write(Lane lane, F change) -> std::invoke_result_t<F, Transaction&>;
  // Runs `query` (called as Result<T>(Reader&)) on a consistent snapshot, on the caller's thread.
  template <class F>
  auto read(F query) const -> std::invoke_result_t<F, Reader&>;

  Outbox& outbox();
  // Called with each signalled key after its commit, on the committer's thread. Set before start().
  void on_signal(std::function<void(const std::string&)> listener);

  // Called with the error of each commit that failed, on the committer's thread: those whose changes were in it are
  // told so, but a commit of deliveries alone has nobody else. Set before start().
  void on_failure(std::function<void(const Error&)> listener);

  // Starts the committer's thread (threaded stores): from here the outbox is worked off.
  void start();
  // Finishes what was handed in, waits for outer deliveries under way (at most `patience`), stops the thread,
  // checkpoints. What remains in the outbox is made after the next start.
  void stop(std::chrono::milliseconds patience = std::chrono::seconds{10});
  // Unthreaded stores: makes everything that is due now, and what becomes due by that; returns how many deliveries.
  std::size_t run_until_idle();

  std::uint64_t commits() const;

 private:
  Store(std::unique_ptr<Committer> committer, int lock, const Options& options);
  Result<void> run_read(const std::function<void(Reader&)>& query) const;
  std::unique_ptr<Committer> committer_;
  int lock_;  // the file that keeps other processes out
  std::filesystem::path folder_;
  std::uint64_t free_bytes_min_;
};

// Error: unavailable, where the disk of `folder` has less room than that.
Result<void> check_space(const std::filesystem::path& folder, std::uint64_t free_bytes_min);

template <class F>
auto Store::write(Lane lane, F change) -> std::invoke_result_t<F, Transaction&> {
  using R = std::invoke_result_t<F, Transaction&>;
  std::optional<R> result;
  std::promise<Result<void>> committed;
  auto future = committed.get_future();
  submit(
      lane,
      [&result, &change](Transaction& transaction) -> Result<void> {
        result.emplace(change(transaction));
        if (!*result) return std::unexpected(result->error());
        return {};
      },
      [&committed](Result<void> done) { committed.set_value(std::move(done)); });
  if (Result<void> done = future.get(); !done) return std::unexpected(std::move(done).error());
  return std::move(*result);
}

template <class F>
auto Store::read(F query) const -> std::invoke_result_t<F, Reader&> {
  std::optional<std::invoke_result_t<F, Reader&>> result;
  std::optional<Error> failure;
  auto read = run_read([&](Reader& reader) {
    result.emplace(query(reader));
    failure = reader.failure();
  });
  if (!read) return pass_on(read);
  if (failure) return std::unexpected(std::move(*failure));
  return std::move(*result);
}

}  // namespace tocsin::store
