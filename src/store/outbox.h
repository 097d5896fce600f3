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
// An outer kind may queue by destination: then what waits for one destination stands in a line of its own, only a few
// of it are in the handler's hands at a time, and the next one is the most urgent, then the oldest. So a receiver that
// is slow or paused holds up nobody else, and what is urgent does not stand behind what is not. Past a rate, what waits
// in a line is gathered and goes as one digest (LineRules).
//
//   add ──► waiting ──due──► inner: run + remove, one transaction ──error──► waiting (backoff) ──exhausted──►
//   on_exhausted
//                     └────► outer: leased ──► done: removed │ error: waiting (backoff) │ silence: lease ends, again
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "store/transaction.h"

namespace tocsin::store {

struct Line;
class LineBook;

// Lower lanes go first, so that containment is never behind bulk notices. Alerts are what people must see now. What a
// delivery of the first two lanes adds to `workflow` or `notice` goes into its own lane: urgency is handed on.
enum class Lane { containment = 0, alert = 1, workflow = 2, notice = 3, bulk = 4 };
inline constexpr std::size_t lane_count = 5;

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
  std::string summary = {};  // what a digest says of it (the digester's form); empty: it is in no digest
};

// A delivery that is being made.
struct Due : Delivery {
  std::int64_t id = 0;
  int attempt = 0;            // 0 = first try
  Time added = {};            // or when it was first due, if that was later: its age counts from here
  bool is_in_digest = false;  // where it is given up: with the digest that it was in
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
  Microseconds rest{0};   // nothing goes to this destination for so long (its pace, a pause)
};

// Past how many single deliveries to one destination within a minute, what waits for it goes as a digest: when so many
// have gone, or when more than so many wait. 0: never.
struct DigestBounds {
  std::size_t containment = 100;
  std::size_t alerts = 100;
  std::size_t others = 20;
};

// How an outer kind queues by destination, and how digests of it are made. All functions are pure.
struct LineRules {
  std::size_t in_hand_max = 4;  // of one destination; one, while outcomes of it ask for a rest
  DigestBounds bounds = {};
  // Adds summaries to the text that holds what was gathered so far (empty at first).
  std::function<std::string(std::string_view gathered, const std::vector<std::string>& summaries)> fold = {};
  // Payload and context of the digest. `first` is a delivery that is in it: its destination, context, lane.
  std::function<std::pair<std::string, std::string>(std::string_view gathered, const Delivery& first)> compose = {};
};

// What digests did since the start.
struct DigestCounts {
  std::uint64_t digests = 0;
  std::uint64_t told_in_digests = 0;  // deliveries
};

class Outbox {
 public:
  using Inner = std::function<Result<void>(Transaction&, const Due&)>;
  // Calls `report` exactly once, from any thread. Must not block.
  using Report = std::move_only_function<void(Outcome)>;
  using Outer = std::function<void(Due, Report report)>;
  using Recorder = std::function<void(Transaction&, const Due&, const Result<void>&)>;
  using Exhausted = std::function<void(Transaction&, const Due&, const Error&)>;

  Outbox();
  ~Outbox();

  // Handlers are set before the store starts.
  void handle(std::string kind, Inner handler);
  // `record`, if given, runs in the transaction that writes an outcome (each try's, success or not; for what was not
  // tried, only when it is given up).
  void handle_outside(std::string kind, Outer handler, std::chrono::seconds lease, Recorder record = {});
  // Deliveries of this outer kind queue by destination. One kind may; after handle_outside().
  void line_up(std::string_view kind, LineRules rules);
  // Called when a delivery is given up: its tries or its age ran out, or the error is final (validation, not_found,
  // denied). Runs in the transaction that removes it. For a digest: for the digest itself, and for each delivery in it.
  void on_exhausted(Exhausted then) { exhausted_ = std::move(then); }

  // Adds; false if a delivery with the same key is waiting already (then nothing is added).
  static bool add(Transaction& transaction, Delivery delivery);
  // Removes a waiting delivery by key; false if there is none (any more).
  static bool cancel(Transaction& transaction, std::string_view key);
  // Removes all whose keys begin with `prefix` (ASCII, not empty).
  static void cancel_all(Transaction& transaction, std::string_view prefix);
  // Deliveries waiting or leased, all or of one kind.
  static std::int64_t depth(Reader& reader, std::string_view kind = {});
  // When the next one of the lanes is due; nothing if none waits.
  static std::optional<Time> next_due(Reader& reader);
  // On any thread.
  DigestCounts digest_counts() const { return {digests_.load(), told_in_digests_.load()}; }

 private:
  friend class Committer;
  struct Handler {
    Inner inner;
    Outer outer;
    std::chrono::seconds lease{};
    Recorder record;
    bool is_lined = false;
  };
  // Told how many deliveries were made; whether another one may be.
  using GoOn = std::function<bool(std::size_t)>;
  // Makes what is due, lanes in order; leased ones are put on `leased`, to be started after the commit. What was added
  // and not made gets its row. Returns how many were taken up.
  std::size_t work(Transaction& transaction, const GoOn& go_on, std::vector<Due>& leased);
  // Writes the rows of what was added.
  void write_added(Transaction& transaction);
  // When there is something to do next.
  std::optional<Time> next_work(Reader& reader) const;
  // The commit failed: what was thought of the lines may be wrong.
  void forget_commit(const std::vector<Due>& leased);
  void start(Due due, Report report) const;
  void settle(Transaction& transaction, const Due& due, const Outcome& outcome);
  void make(Transaction& transaction, const Due& due, std::vector<Due>& leased);
  // Ends the leases whose handlers did not report.
  void end_leases(Transaction& transaction);
  bool is_lined(std::string_view kind) const;
  void write_row(Transaction& transaction, const Due& due);

  // Lines (queueing.cpp).
  void queue_up(Transaction& transaction, const Due& due);
  // Returns how much was done.
  std::size_t serve_lines(Transaction& transaction, std::vector<Due>& leased);
  std::size_t serve(Transaction& transaction, const std::string& destination, Line& line, std::vector<Due>& leased);
  // One delivery, or one step of gathering, of one class of a line.
  enum class Served { nothing, one, gathering };
  struct Turn {
    const std::string& destination;
    Line& line;
    std::size_t which;   // class
    Time wake;           // when to look again, if nothing was done
    bool holds = false;  // what a digest can take waits for one
  };
  Served serve_class(Transaction& transaction, Turn& turn, std::vector<Due>& leased);
  Served serve_digest(Transaction& transaction, Turn& turn, std::vector<Due>& leased);
  Served gather(Transaction& transaction, const Turn& turn, std::vector<Due>& leased);
  void lease_lined(Transaction& transaction, const Turn& turn, Due due, std::vector<Due>& leased);
  // Digests (digests.cpp).
  Due open_digest(Transaction& transaction, const Turn& turn);
  void close_digest(Transaction& transaction, const Due& digest, std::string_view kind_of_end, std::string_view why);
  Result<void> remove_members(Transaction& transaction, const Due& told);
  Result<void> give_up_members(Transaction& transaction, const Due& given_up);

  void lease(Transaction& transaction, Due due, std::chrono::seconds time, std::vector<Due>& leased);
  void retry_or_give_up(Transaction& transaction, const Due& due, const Error& error, Microseconds pause = {});
  void record(Transaction& transaction, const Due& due, const Result<void>& outcome);
  void tell_exhausted(Transaction& transaction, const Due& due, const Error& error);
  void give_up(Transaction& transaction, const Due& due, const Error& error);
  void postpone(Transaction& transaction, const Due& due, const Outcome& outcome);

  std::map<std::string, Handler, std::less<>> handlers_;
  Exhausted exhausted_;
  // Of the kind that queues by destination.
  std::optional<LineRules> rules_;
  std::unique_ptr<LineBook> lines_;
  std::optional<Time> lease_ends_;  // the earliest, as far as is known
  std::atomic<std::uint64_t> digests_ = 0, told_in_digests_ = 0;
};

}  // namespace tocsin::store
