#include "store/pending.h"

#include "core/check.h"

namespace tocsin::store {

bool Pending::add(Due due) {
  const auto index = entries_.size();
  if (by_key_.contains(due.key)) return false;
  const auto& entry = entries_.emplace_back(Entry{std::move(due)});
  by_key_.emplace(entry.due.key, index);
  if (entry.due.due <= now_) due_[static_cast<std::size_t>(entry.due.lane)].push_back(index);
  log_.push_back({What::added, index});
  return true;
}

void Pending::remove(std::size_t entry) {
  by_key_.erase(entries_[entry].due.key);
  entries_[entry].waits = false;
  log_.push_back({What::removed, entry});
}

bool Pending::cancel(std::string_view key) {
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return false;
  remove(found->second);
  return true;
}

bool Pending::is_empty(Lane lane) {
  auto& due = due_[static_cast<std::size_t>(lane)];
  while (!due.empty() && !entries_[due.front()].waits) due.pop_front();
  return due.empty();
}

const Due& Pending::take(Lane lane) {
  check(!is_empty(lane), "a delivery is taken where there is one");
  auto& due = due_[static_cast<std::size_t>(lane)];
  const auto entry = due.front();
  due.pop_front();
  remove(entry);
  return entries_[entry].due;
}

std::vector<const Due*> Pending::waiting() const {
  std::vector<const Due*> list;
  for (const auto& entry : entries_)
    if (entry.waits) list.push_back(&entry.due);
  return list;
}

void Pending::undo(std::size_t mark) {
  while (log_.size() > mark) {
    const auto [what, index] = log_.back();
    log_.pop_back();
    auto& entry = entries_[index];
    if (what == What::removed) {
      entry.waits = true;
      by_key_.emplace(entry.due.key, index);
      continue;
    }
    by_key_.erase(entry.due.key);
    // The youngest of its lane, as nothing is taken inside a part that is undone.
    if (entry.due.due <= now_) due_[static_cast<std::size_t>(entry.due.lane)].pop_back();
    entries_.pop_back();
  }
}

}  // namespace tocsin::store
