#include "webhook/detail/lines.h"

#include <algorithm>

namespace tocsin::webhook {
namespace {

using std::chrono::milliseconds;

// A line that nobody has used for so long is forgotten, with the failures that it remembers.
constexpr std::chrono::minutes remembered_for{10};
constexpr milliseconds hook_patience{2000};

milliseconds left_until(Instant at, Instant now) {
  return at > now ? std::chrono::ceil<milliseconds>(at - now) : milliseconds{0};
}

}  // namespace

milliseconds Lines::patience_of(const Job& job) const {
  return job.call ? options_.wait_max / 2 : std::min(options_.wait_max / 2, hook_patience);
}

milliseconds Lines::rest(const std::string& url, Instant now) const {
  const auto found = lines_.find(url);
  return found == lines_.end() ? milliseconds{0} : left_until(found->second.not_before, now);
}

bool Lines::enter(Job& job, Instant now, milliseconds& pause) {
  forget_idle(now);
  const auto there = lines_.find(job.request.url);
  const std::size_t in_line = there == lines_.end() ? 0 : there->second.jobs.size();
  // How long it would wait at the least: what the receiver is paused for, and the pace of those before it.
  milliseconds wait = job.request.pace * static_cast<std::int64_t>(in_line);
  if (there != lines_.end()) wait += left_until(there->second.not_before, now);
  if (waiting_ >= options_.waiting_max || in_line >= options_.waiting_per_url_max || wait > patience_of(job)) {
    pause = std::max(wait, milliseconds{1000});
    return false;
  }
  Line& line = lines_[job.request.url];
  line.last_used = now;
  job.entered = now;
  keys_.insert(job.key);
  line.jobs.push_back(std::move(job));
  ++waiting_;
  return true;
}

bool Lines::may_start(const Line& line, Instant now) const {
  if (line.jobs.empty() || line.not_before > now) return false;
  // Where there is a pace, or trouble, one at a time.
  const bool single = line.jobs.front().request.pace > milliseconds{0} || line.failures > 0;
  if (single && line.under_way > 0) return false;
  const auto host = by_host_.find(line.jobs.front().request.host);
  return host == by_host_.end() || host->second < options_.transfers_per_host_max;
}

std::vector<Job> Lines::take_ready(Instant now) {
  std::vector<Job> ready;
  bool any = true;
  while (any && under_way_ < options_.transfers_max) {
    any = false;
    // One from each line in turn, beginning after the one that was served last.
    auto position = lines_.upper_bound(last_started_);
    for (std::size_t i = 0; i < lines_.size() && under_way_ < options_.transfers_max; ++i) {
      if (position == lines_.end()) position = lines_.begin();
      const auto here = position++;
      Line& line = here->second;
      if (!may_start(line, now)) continue;
      Job job = std::move(line.jobs.front());
      line.jobs.pop_front();
      line.not_before = now + job.request.pace;
      ++line.under_way;
      ++by_host_[job.request.host];
      ++under_way_;
      --waiting_;
      last_started_ = here->first;
      ready.push_back(std::move(job));
      any = true;
    }
  }
  return ready;
}

std::vector<Returned> Lines::take_stale(Instant now) {
  std::vector<Returned> stale;
  for (auto& [url, line] : lines_) {
    while (!line.jobs.empty()) {
      Job& first = line.jobs.front();
      const auto left = left_until(line.not_before, now);
      const bool too_long = now - first.entered >= options_.wait_max || left > patience_of(first);
      if (!too_long) break;
      keys_.erase(first.key);
      stale.push_back({std::move(first), std::max(left, milliseconds{1000})});
      line.jobs.pop_front();
      --waiting_;
    }
  }
  return stale;
}

milliseconds Lines::pause_after(int failures) const {
  return std::min<milliseconds>(milliseconds{1000} * (1ll << std::min(failures - 1, 20)), options_.pause_max);
}

void Lines::finish(const Job& job, bool reachable, milliseconds pause, Instant now) {
  keys_.erase(job.key);
  --under_way_;
  const auto host = by_host_.find(job.request.host);
  if (--host->second == 0) by_host_.erase(host);
  Line& line = lines_[job.request.url];
  --line.under_way;
  line.last_used = now;
  line.failures = reachable ? 0 : line.failures + 1;
  if (!reachable) line.not_before = std::max(line.not_before, now + std::max(pause, pause_after(line.failures)));
}

std::vector<Returned> Lines::take_all() {
  std::vector<Returned> all;
  for (auto& [url, line] : lines_) {
    for (auto& job : line.jobs) {
      keys_.erase(job.key);
      all.push_back({std::move(job), milliseconds{0}});
    }
    line.jobs.clear();
  }
  waiting_ = 0;
  return all;
}

Instant Lines::next(Instant now) const {
  Instant next = now + std::chrono::hours{1};
  for (const auto& [url, line] : lines_) {
    if (line.jobs.empty()) continue;
    next = std::min(next, line.jobs.front().entered + options_.wait_max);
    if (line.not_before > now) next = std::min(next, line.not_before);
  }
  return next;
}

void Lines::forget_idle(Instant now) {
  std::erase_if(lines_, [&](const auto& entry) {
    const Line& line = entry.second;
    return line.jobs.empty() && line.under_way == 0 && line.not_before <= now &&
           (line.failures == 0 || now - line.last_used >= remembered_for);
  });
}

}  // namespace tocsin::webhook
