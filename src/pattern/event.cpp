#include "pattern/detail/event.h"

#include <algorithm>

namespace tocsin::pattern {

const TokenRoom& TokenMemory::room_for(std::size_t event_bytes) {
  if (event_bytes <= size_ && chars_ != nullptr) return room_;
  size_ = std::max<std::size_t>(event_bytes + event_bytes / 4, 4096);
  // A token a byte at most. Whole blocks are written past the last one, and read two tokens further.
  const std::size_t tokens = size_ + 3 * token_slack;
  const std::size_t words = tokens / 64 + 2;
  chars_ = std::make_unique_for_overwrite<char[]>(tokens);
  at_ = std::make_unique_for_overwrite<std::uint32_t[]>(tokens);
  words_ = std::make_unique_for_overwrite<std::uint64_t[]>(7 * words);
  std::uint64_t* word = words_.get();
  const auto next = [&] { return std::exchange(word, word + words); };
  room_.chars = chars_.get();
  room_.at = at_.get();
  room_.brackets = next();
  room_.opens = next();
  room_.braces = next();
  room_.key_commas = next();
  room_.plain_commas = next();
  room_.backslashes = next();
  room_.dots = next();
  return room_;
}

void Event::begin(const RuleSet& rules, std::size_t event_bytes) {
  if (++epoch == 0) {
    path_leaves.clear();
    epoch = 1;
  }
  if (path_leaves.size() < rules.paths.size()) path_leaves.resize(rules.paths.size());
  steps = 0;
  leaves.clear();
  scopes.clear();
  arrays.clear();
  touched.clear();
  frames.clear();
  unescaped.clear();
  folded.clear();
  addresses.clear();
  // Unescaping only shrinks, so no text ever moves.
  if (unescaped.capacity() < event_bytes) unescaped.reserve(event_bytes + event_bytes / 4);
  scopes.push_back({none, none, 0, 0});
}

void Event::add_leaf(Index path, Index scope, Leaf::Kind kind, std::string_view text) {
  PathLeaves& at = path_leaves[path];
  const auto index = static_cast<Index>(leaves.size());
  if (at.epoch != epoch) {
    at = {epoch, index, index, 0, false};
    touched.push_back(path);
  } else {
    leaves[at.last].next = index;
    at.last = index;
  }
  ++at.count;
  at.has_root |= scope == 0;
  Leaf& leaf = leaves.emplace_back();
  leaf.data = text.data();
  leaf.size = static_cast<Index>(text.size());
  leaf.path = path;
  leaf.scope = scope;
  leaf.kind = kind;
}

Index Event::add_scope(Index parent, Index array) {
  const auto index = static_cast<Index>(scopes.size());
  scopes.push_back({parent, array, 0, scopes[parent].depth + 1});
  return index;
}

}  // namespace tocsin::pattern
