#include "store/committer.h"

#include <fmt/format.h>
#include <pthread.h>

#include "core/check.h"

namespace tocsin::store {
namespace {

// One commit gathers at most so many changes, so that the first one does not wait for ever.
constexpr std::size_t batch_changes_max = 256;
// …and runs them for about so long.
constexpr std::chrono::milliseconds changes_time{10};
// It then makes deliveries for as long as the changes took, and at least for this time, so that neither side starves
// the other…
constexpr std::chrono::milliseconds deliveries_time{5};
// …and where no change waits, neither to be run nor to be committed, up to this one.
constexpr std::chrono::milliseconds deliveries_time_max{25};
// Deliveries of a commit of an unthreaded store, whose runs are to be the same each time.
constexpr std::size_t deliveries_max = 128;
constexpr std::size_t idle_readers_max = 4;
constexpr std::chrono::milliseconds sleep_max{500};  // the clock may be set; due times are looked at again by then

}  // namespace

Committer::Committer(Options options, std::unique_ptr<detail::Connection> writer)
    : options_{std::move(options)}, writer_{std::move(writer)} {}

Committer::~Committer() {
  stop(std::chrono::milliseconds{0});
}

void Committer::submit(Lane lane, Store::Change change, Store::Done done) {
  submit({lane, std::move(change), std::move(done), {}}, Bound::kept);
}

void Committer::submit(Waiting waiting, Bound bound) {
  if (!options_.threaded) {
    Batch batch;
    batch.push_back(std::move(waiting));
    commit(std::move(batch));
    return;
  }
  {
    std::unique_lock lock{mutex_};
    if (!stopping_ && (bound == Bound::lifted || waiting_count_ < options_.waiting_max)) {
      waiting_[static_cast<std::size_t>(waiting.lane)].push_back(std::move(waiting));
      ++waiting_count_;
      wake_.notify_one();
      return;
    }
    if (stopping_)
      waiting.result = fail(ErrorCode::unavailable, "the store is stopping");
    else
      waiting.result = fail(ErrorCode::throttled, "too many changes are waiting; try again in a second");
  }
  waiting.done(std::move(waiting.result));
}

Result<std::unique_ptr<detail::Connection>> Committer::borrow_reader() {
  {
    std::lock_guard lock{readers_mutex_};
    if (!idle_readers_.empty()) {
      auto reader = std::move(idle_readers_.back());
      idle_readers_.pop_back();
      return reader;
    }
  }
  return detail::Connection::open(options_.file, detail::Connection::Mode::read_only, options_.durable);
}

Result<void> Committer::read(const std::function<void(Reader&)>& query) {
  auto borrowed = borrow_reader();
  if (!borrowed) return pass_on(borrowed);
  auto connection = std::move(*borrowed);
  if (auto begun = connection->run("BEGIN"); !begun) return begun;
  {
    Reader reader{*connection, options_.clock->now()};
    query(reader);
  }
  (void)connection->run("COMMIT");
  connection->clear_failure();
  std::lock_guard lock{readers_mutex_};
  if (idle_readers_.size() < idle_readers_max) idle_readers_.push_back(std::move(connection));
  return {};
}

void Committer::start() {
  check(options_.threaded && !thread_.joinable(), "a threaded store starts once");
  // Without it (too few descriptors, say) SQLite carries the log over within commits.
  auto own = detail::Connection::open(options_.file, detail::Connection::Mode::read_write, options_.durable);
  if (own) {
    writer_->keep_log();
    checkpointer_ = std::make_unique<Checkpointer>(std::move(*own));
    checkpointer_->start();
  }
  thread_ = std::thread{[this] { run(); }};
  pthread_setname_np(thread_.native_handle(), "committer");
}

void Committer::stop(std::chrono::milliseconds patience) {
  if (!thread_.joinable()) return;
  {
    std::unique_lock lock{mutex_};
    draining_ = true;
    wake_.notify_one();
    idle_.wait_for(lock, patience, [this] { return outer_under_way_ == 0 && waiting_count_ == 0; });
    stopping_ = true;
    wake_.notify_one();
  }
  thread_.join();
  checkpointer_.reset();
  (void)writer_->run("PRAGMA wal_checkpoint(TRUNCATE)");
}

void Committer::run() {
  std::unique_lock lock{mutex_};
  while (wait_for_work(lock)) {
    Batch batch = take_batch(lock);
    lock.unlock();
    commit(std::move(batch));
    lock.lock();
    if (waiting_count_ == 0 && outer_under_way_ == 0) idle_.notify_all();
  }
}

// False: nothing waits and the store is to stop.
bool Committer::wait_for_work(std::unique_lock<std::mutex>& lock) {
  while (waiting_count_ == 0) {
    if (stopping_) return false;
    std::chrono::microseconds sleep = sleep_max;
    if (!draining_ && next_due_) {
      const auto left = *next_due_ - options_.clock->now();
      if (left <= Microseconds{0}) return true;
      sleep = std::min<std::chrono::microseconds>(sleep, left);
    }
    wake_.wait_for(lock, sleep);
  }
  return true;
}

Committer::Batch Committer::take_batch(std::unique_lock<std::mutex>&) {
  Batch batch;
  for (auto& lane : waiting_) {
    while (!lane.empty() && batch.size() < batch_changes_max) {
      batch.push_back(std::move(lane.front()));
      lane.pop_front();
      --waiting_count_;
    }
  }
  return batch;
}

Result<void> Committer::run_changes(Transaction& transaction, Batch& batch) {
  const auto begun = SteadyClock::now();
  for (std::size_t i = 0; i < batch.size(); ++i) {
    auto& waiting = batch[i];
    waiting.result = transaction.attempt([&] { return waiting.change(transaction); });
    if (transaction.failure()) return std::unexpected(*transaction.failure());
    if (SteadyClock::now() - begun > changes_time) {
      put_back(batch, i + 1);
      break;
    }
  }
  return {};
}

void Committer::put_back(Batch& batch, std::size_t from) {
  std::lock_guard lock{mutex_};
  waiting_count_ += batch.size() - from;
  for (std::size_t i = batch.size(); i > from; --i)
    waiting_[static_cast<std::size_t>(batch[i - 1].lane)].push_front(std::move(batch[i - 1]));
  batch.erase(batch.begin() + static_cast<std::ptrdiff_t>(from), batch.end());
}

std::size_t Committer::make_deliveries(Transaction& transaction, SteadyClock::time_point begun, bool somebody_waits,
                                       std::vector<Due>& leased) {
  if (!options_.threaded) {
    const auto few = [](std::size_t made) { return made < deliveries_max; };
    return outbox.work(transaction, few, leased);
  }
  const auto start = SteadyClock::now();
  const auto share = std::max<SteadyClock::duration>(start - begun, deliveries_time);
  return outbox.work(
      transaction,
      [&](std::size_t made) {
        if (made == 0) return true;
        const auto spent = SteadyClock::now() - start;
        return spent < (somebody_waits || waiting_count_ > 0
                            ? share
                            : std::max<SteadyClock::duration>(share, deliveries_time_max));
      },
      leased);
}

Result<void> Committer::finish(Transaction& transaction) {
  if (transaction.failure()) return std::unexpected(*transaction.failure());
  if (options_.before_commit)
    if (auto allowed = options_.before_commit(commits_.load() + 1); !allowed) return allowed;
  return writer_->run("COMMIT");
}

std::size_t Committer::commit(Batch batch) {
  writer_->clear_failure();
  std::size_t taken = 0;
  std::vector<Due> leased;
  Result<void> committed;
  const auto begun = SteadyClock::now();
  Transaction transaction{*writer_, options_.clock->now(), *options_.random};
  if (committed = writer_->run("BEGIN IMMEDIATE"); committed) {
    committed = run_changes(transaction, batch);
    bool deliver = options_.threaded;
    if (options_.threaded) {
      std::lock_guard lock{mutex_};
      deliver = !draining_;
    } else {
      deliver = batch.empty();  // unthreaded stores deliver in run_until_idle only
    }
    if (committed && deliver)
      taken = make_deliveries(transaction, begun, !batch.empty(), leased);
    else if (committed)
      outbox.write_added(transaction);
    const auto next_due = committed ? outbox.next_work(transaction) : std::nullopt;
    if (committed) committed = finish(transaction);
    if (committed) {
      ++commits_;
      next_due_ = next_due;
    }
  }
  if (!committed) {
    if (writer_->in_transaction()) (void)writer_->run("ROLLBACK");
    writer_->clear_failure();
    outbox.forget_commit(leased);
    next_due_ = options_.clock->now() + sleep_max;  // do not spin on a failing disk
    if (on_failure) on_failure(committed.error());
  }
  for (auto& waiting : batch) {
    if (!committed) waiting.result = std::unexpected(committed.error());
    waiting.done(std::move(waiting.result));
  }
  if (!committed) return 0;
  if (checkpointer_) checkpointer_->after_commit(*writer_);
  for (auto& then : transaction.after_commit_) then();
  if (on_signal)
    for (const auto& key : transaction.signals_) on_signal(key);
  start_leased(std::move(leased));
  return taken;
}

void Committer::start_leased(std::vector<Due> leased) {
  for (auto& due : leased) {
    {
      std::lock_guard lock{mutex_};
      ++outer_under_way_;
    }
    auto report = [this, due](Outcome outcome) {
      auto settle = [this, due, outcome = std::move(outcome)](Transaction& transaction) -> Result<void> {
        outbox.settle(transaction, due, outcome);
        return {};
      };
      auto done = [this](Result<void>) {
        std::lock_guard lock{mutex_};
        --outer_under_way_;
        idle_.notify_all();
      };
      submit({Lane::containment, std::move(settle), std::move(done), {}}, Bound::lifted);
    };
    outbox.start(std::move(due), std::move(report));
  }
}

std::size_t Committer::run_until_idle() {
  check(!options_.threaded, "only an unthreaded store is driven by hand");
  std::size_t total = 0;
  for (;;) {
    const std::size_t taken = commit({});
    if (taken == 0) return total;
    total += taken;
  }
}

}  // namespace tocsin::store
