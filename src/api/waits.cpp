#include "api/waits.h"

#include <algorithm>

namespace tocsin::api {
namespace {

std::size_t place_of(std::string_view signal) {
  return std::hash<std::string_view>{}(signal) % 4096;
}

}  // namespace

Waits::Waits(std::size_t waiting_max) : waiting_max_{waiting_max}, thread_{[this] { run(); }} {}

Waits::~Waits() {
  stop();
}

std::uint64_t Waits::sequence() const {
  const std::lock_guard lock{mutex_};
  return sequence_;
}

std::uint64_t Waits::add(const std::string& signal, std::uint64_t since, Deadline deadline, Wake wake) {
  const std::lock_guard lock{mutex_};
  if (stopping_ || waiting_.size() >= waiting_max_) return 0;
  const std::uint64_t number = next_number_++;
  const bool missed = raised_[place_of(signal)] > since;
  by_deadline_.emplace(missed ? Deadline::min() : deadline, number);
  by_signal_[signal].push_back(number);
  waiting_.emplace(number, Waiting{signal, missed ? Deadline::min() : deadline, std::move(wake)});
  changed_.notify_one();
  return number;
}

Waits::Waiting Waits::take(std::map<std::uint64_t, Waiting>::iterator entry) {
  Waiting out = std::move(entry->second);
  const auto queue = by_signal_.find(out.signal);
  std::erase(queue->second, entry->first);
  if (queue->second.empty()) by_signal_.erase(queue);
  const auto [first, last] = by_deadline_.equal_range(out.deadline);
  by_deadline_.erase(std::find_if(first, last, [&](const auto& item) { return item.second == entry->first; }));
  waiting_.erase(entry);
  return out;
}

bool Waits::remove(std::uint64_t number) {
  Waiting gone;  // destroyed without the lock
  const std::lock_guard lock{mutex_};
  const auto found = waiting_.find(number);
  if (found == waiting_.end()) return false;
  gone = take(found);
  return true;
}

void Waits::raise(std::string_view signal) {
  Waiting first;
  {
    const std::lock_guard lock{mutex_};
    raised_[place_of(signal)] = ++sequence_;
    const auto queue = by_signal_.find(signal);
    if (queue == by_signal_.end()) return;
    first = take(waiting_.find(queue->second.front()));
  }
  first.wake(Why::signalled);
}

void Waits::stop() {
  std::map<std::uint64_t, Waiting> all;
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
    all.swap(waiting_);
    by_signal_.clear();
    by_deadline_.clear();
  }
  changed_.notify_one();
  for (auto& [number, waiting] : all) waiting.wake(Why::stopped);
  if (thread_.joinable()) thread_.join();
}

std::size_t Waits::size() const {
  const std::lock_guard lock{mutex_};
  return waiting_.size();
}

bool Waits::is_full() const {
  const std::lock_guard lock{mutex_};
  return stopping_ || waiting_.size() >= waiting_max_;
}

void Waits::run() {
  std::unique_lock lock{mutex_};
  while (!stopping_) {
    if (by_deadline_.empty()) {
      changed_.wait(lock);
      continue;
    }
    const auto [deadline, number] = *by_deadline_.begin();
    if (deadline > std::chrono::steady_clock::now()) {
      changed_.wait_until(lock, deadline);
      continue;
    }
    Waiting due = take(waiting_.find(number));
    lock.unlock();
    due.wake(deadline == Deadline::min() ? Why::signalled : Why::timed_out);
    due.wake = nullptr;
    lock.lock();
  }
}

}  // namespace tocsin::api
