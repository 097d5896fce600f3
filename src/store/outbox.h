// The outbox: what must happen because of a change is written in the same transaction, then done. A timer is a
// delivery whose due time lies ahead.
//
// Each delivery has a kind, and each kind one handler. An inner handler writes to the store only: it runs inside
// a transaction that also removes the delivery, so its effect happens exactly once. An outer handler reaches
// outside (a web hook, a firewall): the delivery is leased to it, and the outcome is written when it reports.
// If it never reports (the process died), the lease ends and the delivery is made again, with the same key.
//
// What is added and due at once gets a row only if the commit ends before its turn comes: a chain of inner steps that
// fits into one commit leaves no trace in the table.
//
//   add ──► waiting ──due──► inner: run + remove, one transaction ──error──► waiting (backoff) ──exhausted──►
//   on_exhausted
//                     └────► outer: leased ──► done: removed │ error: waiting (backoff) │ silence: lease ends, again
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <string>

#include "store/transaction.h"

namespace tocsin::store {

// Lower lanes go first, so that containment is never behind bulk notices.
enum class Lane { containment = 0, workflow = 1, notice = 2, bulk = 3 };

// How long a failing delivery is tried. Defaults are EventBridge's (185 tries, 24 hours).
struct RetryPolicy {
  int attempts_max = 185;  // tries after the first one
  std::chrono::seconds age_max = std::chrono::hours{24};
};

struct Delivery {
  std::string kind;          // names the handler: "rule-target", "webhook", "workflow-task", …
  std::string destination;   // ARN or URL; what the handler makes of it
  std::string payload;       // bytes, mostly JSON
  std::string context = {};  // JSON for the handler: what is needed beside the payload (attributes, ids)
  std::string key = {};      // idempotency key, the same over all tries, unique among waiting deliveries; empty: drawn
  std::string dead_letter = {};  // ARN of the queue that gets it when exhausted; empty: none
  Lane lane = Lane::notice;
  Time due = {};  // the epoch: at once
  RetryPolicy retry = {};
};

// A delivery that is being made.
struct Due : Delivery {
  std::int64_t id = 0;
  int attempt = 0;  // 0 = first try
  Time added = {};  // or when it was first due, if that was later: its age counts from here
};

// Delay before try `attempt` (1 = first retry): one second doubled each time, at most 15 minutes, of which the
// second half is chance, so that many failing deliveries spread out.
Microseconds retry_delay(int attempt, Random& random);

// What an outer handler has to say about a try. A plain result will do; a failure may carry when to come back.
struct Outcome {
  Outcome() = default;
  Outcome(Result<void> made) : result{std::move(made)} {}
  Outcome(std::unexpected<Error> error) : result{std::move(error)} {}

  Result<void> result;
  Microseconds pause{0};  // after a failure: at least so long until the next try (a Retry-After)
  bool tried = true;      // false: it did not come to a try (the receiver is paused); it is not counted as one
};

class Outbox {
 public:
  using Inner = std::function<Result<void>(Transaction&, const Due&)>;
  // Calls `report` exactly once, from any thread. Must not block.
  using Report = std::move_only_function<void(Outcome)>;
  using Outer = std::function<void(Due, Report report)>;
  using Recorder = std::function<void(Transaction&, const Due&, const Result<void>&)>;
  using Exhausted = std::function<void(Transaction&, const Due&, const Error&)>;

  // Handlers are set before the store starts.
  void handle(std::string kind, Inner handler);
  // `record`, if given, runs in the transaction that writes an outcome (each try's, success or not; for what was not
  // tried, only when it is given up).
  void handle_outside(std::string kind, Outer handler, std::chrono::seconds lease, Recorder record = {});
  // Called when a delivery is given up: its tries or its age ran out, or the error is final (validation, not_found,
  // denied). Runs in the transaction that removes it. Without one, only a counter rises.
  void on_exhausted(Exhausted then) { exhausted_ = std::move(then); }

  // Adds; false if a delivery with the same key is waiting already (then nothing is added).
  static bool add(Transaction& transaction, Delivery delivery);
  // Removes a waiting delivery by key; false if there is none (any more).
  static bool cancel(Transaction& transaction, std::string_view key);
  // Removes all whose keys begin with `prefix` (ASCII, not empty).
  static void cancel_all(Transaction& transaction, std::string_view prefix);
  // Deliveries waiting or leased, all or of one kind.
  static std::int64_t depth(Reader& reader, std::string_view kind = {});
  // When the next one is due; nothing if none waits.
  static std::optional<Time> next_due(Reader& reader);

 private:
  friend class Committer;
  struct Handler {
    Inner inner;
    Outer outer;
    std::chrono::seconds lease{};
    Recorder record;
  };
  // Told how many deliveries were made; whether another one may be.
  using GoOn = std::function<bool(std::size_t)>;
  // Makes what is due, lanes in order; leased ones are put on `leased`, to be started after the commit. What was added
  // and not made gets its row. Returns how many were taken up.
  std::size_t work(Transaction& transaction, const GoOn& go_on, std::vector<Due>& leased);
  // Writes the rows of what was added.
  void write_added(Transaction& transaction);
  void start(Due due, Report report) const;
  void settle(Transaction& transaction, const Due& due, const Outcome& outcome);
  void make(Transaction& transaction, const Due& due, std::vector<Due>& leased);
  static void lease(Transaction& transaction, Due due, std::chrono::seconds time, std::vector<Due>& leased);
  void retry_or_give_up(Transaction& transaction, const Due& due, const Error& error, Microseconds pause = {});
  void record(Transaction& transaction, const Due& due, const Result<void>& outcome);
  void tell_exhausted(Transaction& transaction, const Due& due, const Error& error);
  void postpone(Transaction& transaction, const Due& due, const Outcome& outcome);

  std::map<std::string, Handler, std::less<>> handlers_;
  Exhausted exhausted_;
};

}  // namespace tocsin::store
