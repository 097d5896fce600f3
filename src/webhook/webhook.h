// Web hooks: the outbox kind "webhook" is a POST of its payload to its destination, an http or https URL.
//
// The delivery's context is a JSON object, each member of which may be missing:
//   headers    {"name": "value"}, sent as they are
//   pace_ms    at least so long between two requests to this URL (Slack takes about one a second; 1000 for its hosts)
//   reference  who is told, for the receipt ("arn:aws:sns:…"); must not be secret
// Each request bears the delivery's key as Idempotency-Key, the same over all tries, so that a receiver can tell a
// repetition (after a crash, after an answer that was lost) from a second message.
//
//   2xx                               delivered
//   3xx, 408, 425, 429, 5xx, no answer unavailable: tried again, not before Retry-After where there is one
//   anything else                     final: a changed address is for a person to see
//
// What waits for a URL waits in the outbox, the most urgent first (store::LineRules); only a few of each are here. All
// transfers run on one thread of their own, at most 64 at once and two to one host, so that a slow receiver delays
// nobody else. A receiver that fails is left alone for a while; meanwhile its line is back in the outbox, uncounted.
// Every wait is bounded, and shorter than the lease.
//
// What is written as Slack reads it and says what it is about (Delivery::summary, message/subject.h) can go in a
// digest: past a rate, what waits for one URL is one message (digest.cpp).
//
// Where hooks may go is decided by who may set them: destinations come from the administrator's subscriptions and
// stacks, so private addresses are allowed (a chat server in the house). A request follows no redirect, speaks only
// http and https, sends no cookies and no credentials but those in its own URL, and its answer is shown to nobody
// but for its first words in an error.
//
// URLs of hooks are secrets (whoever knows one can write into the channel): errors, logs and receipts show the host and
// the last four characters only.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/clock.h"
#include "store/outbox.h"
#include "store/store.h"

namespace tocsin::webhook {

struct Options {
  std::chrono::milliseconds connect_max = std::chrono::seconds{5};
  std::chrono::milliseconds total_max = std::chrono::seconds{15};
  std::chrono::milliseconds wait_max = std::chrono::seconds{60};   // in line, then back to the outbox
  std::chrono::milliseconds pause_max = std::chrono::seconds{60};  // after failures in a row: 1 s, doubled up to this
  std::chrono::milliseconds slack_pace = std::chrono::seconds{1};
  std::size_t transfers_max = 64;
  std::size_t transfers_per_host_max = 2;
  std::size_t waiting_per_url_max = 100;
  std::size_t waiting_max = 2000;
  std::size_t answer_bytes_max = 65'536;  // what comes after it is not read
  std::size_t in_hand_max = 2;            // of one URL
  store::DigestBounds digest = {};
  std::string user_agent = "Tocsin";
  std::string ca_file = {};  // certificates trusted instead of the system's; empty: the system's
};

// A request of any method whose answer is wanted: for workflow tasks that call an HTTP endpoint. It takes its turn and
// is bounded as the hooks are, but nothing is repeated and no pause follows a failure: that is the caller's to decide.
// Link-local addresses (a cloud's metadata service) are not connected to: the URL may come from a document.
struct HttpCall {
  std::string method, url, body;
  std::vector<std::pair<std::string, std::string>> headers;
  std::chrono::milliseconds total_max = std::chrono::seconds{60};
  std::size_t answer_bytes_max = 262'144;
};
struct HttpAnswer {
  int status = 0;
  std::string status_text;
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case, in their order
  std::string body;
  bool is_cut = false;  // the body was longer than wanted
};
// Error: throttled where it did not come to a try; unavailable where there was no answer; validation for what is no
// request. Messages name the host only.
using HttpDone = std::move_only_function<void(Result<HttpAnswer>)>;

class Webhooks {
 public:
  explicit Webhooks(Options options = {});
  ~Webhooks();  // stop()
  Webhooks(const Webhooks&) = delete;
  Webhooks& operator=(const Webhooks&) = delete;

  // A try that failed; `receiver` is printable. Paused receivers, which are not tried, are none.
  struct Failure {
    std::string receiver, reference, key, reason;
    bool is_final = false;  // it will not be tried again
  };
  // Called from this object's thread; must be quick. Before attach().
  void on_failure(std::function<void(const Failure&)> then);

  // Registers kind "webhook" with its receipts. Before the store starts; this object must outlive its work.
  void attach(store::Outbox& outbox);
  // Past how many a digest is made. Before attach().
  void set_digest(store::DigestBounds bounds);
  // Takes one delivery; reports once, from this object's thread or, where there is no room, the caller's.
  void send(store::Due due, store::Outbox::Report report);
  // Makes one call; `done` is called once, from this object's thread or, where there is no room, the caller's. `key`
  // tells calls under way apart.
  void call(HttpCall call, std::string key, HttpDone done);
  // Finishes the requests under way, gives back what waits, and takes nothing more. Before the store stops.
  void stop();

 private:
  class Room;
  store::DigestBounds digest_;
  std::unique_ptr<Room> room_;
};

// "https://hooks.slack.com/…cret": host and last four characters of a URL.
std::string printable(std::string_view url);

// What became of the deliveries, one row each; kept for 30 days, at most 100,000.
struct Receipt {
  std::string key;
  std::string destination;  // printable
  std::string reference;    // as in the context
  std::string outcome;      // "delivered", "retried" (and not done yet) or "failed" (given up)
  int tries = 0;
  std::string last_error;
  Time added{};
  Time last_try{};
};
struct ReceiptCounts {
  std::int64_t delivered = 0;
  std::int64_t retried = 0;  // tries that failed and were followed, or will be, by another
  std::int64_t failed = 0;
};
std::span<const store::Migration> migrations();
// Newest first.
std::vector<Receipt> receipts(store::Reader& reader, std::size_t count_max);
ReceiptCounts count_receipts(store::Reader& reader, Time since = {});
// Writes the outcome of one try. What `attach` has the outbox do.
void record(store::Transaction& transaction, const store::Due& due, const Result<void>& outcome);

}  // namespace tocsin::webhook
