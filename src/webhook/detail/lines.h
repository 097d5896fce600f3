// Who waits for whom: one line of deliveries for each URL, and the decision which may start now. No I/O; time is
// told, so that it can be tested without waiting.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "webhook/detail/request.h"
#include "webhook/webhook.h"

namespace tocsin::webhook {

using Instant = std::chrono::steady_clock::time_point;

struct Job {
  Request request;
  std::string key;
  store::Outbox::Report report;
  Instant entered{};
  // A call whose answer is wanted; null for hooks.
  std::shared_ptr<HttpCall> call = {};
  std::shared_ptr<HttpDone> done = {};
};

// A job that goes back to the outbox untried, and when to come again.
struct Returned {
  Job job;
  std::chrono::milliseconds pause{};
};

class Lines {
 public:
  explicit Lines(const Options& options) : options_{options} {}

  // False, and the pause, if there is no room or the receiver is to be left alone for longer; the job is left as it
  // was.
  bool enter(Job& job, Instant now, std::chrono::milliseconds& pause);
  // Jobs that may start now; each counts as under way until finish().
  std::vector<Job> take_ready(Instant now);
  // Jobs that have waited too long, or whose receiver is to be left alone for longer than they may wait.
  std::vector<Returned> take_stale(Instant now);
  // The request is done. `pause` is what the receiver asked for, if it failed.
  void finish(const Job& job, bool reachable, std::chrono::milliseconds pause, Instant now);
  std::vector<Returned> take_all();
  // How long nothing goes to this URL.
  std::chrono::milliseconds rest(const std::string& url, Instant now) const;
  // When something may become ready or stale; far in the future if nothing waits.
  Instant next(Instant now) const;

  bool knows(const std::string& key) const { return keys_.contains(key); }
  std::size_t waiting() const { return waiting_; }
  std::size_t under_way() const { return under_way_; }
  std::size_t lines() const { return lines_.size(); }

 private:
  struct Line {
    std::deque<Job> jobs;
    Instant not_before{};  // pace and pauses
    std::size_t under_way = 0;
    int failures = 0;  // in a row
    Instant last_used{};
  };
  using Position = std::map<std::string, Line>::iterator;
  bool may_start(const Line& line, Instant now) const;
  std::chrono::milliseconds pause_after(int failures) const;
  // How long a job may stand here behind a pause or a pace. Hooks have their place in the outbox.
  std::chrono::milliseconds patience_of(const Job& job) const;
  void forget_idle(Instant now);

  const Options& options_;
  std::map<std::string, Line> lines_;           // by URL
  std::map<std::string, std::size_t> by_host_;  // requests under way
  std::set<std::string> keys_;                  // of jobs waiting or under way
  std::string last_started_;                    // lines take turns
  std::size_t waiting_ = 0;
  std::size_t under_way_ = 0;
};

}  // namespace tocsin::webhook
