#include "pattern/detail/event.h"

namespace tocsin::pattern {

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
  // Unescaping only shrinks; folding adds at most half (U+023A: two bytes to three). So no text ever moves.
  if (unescaped.capacity() < event_bytes) unescaped.reserve(event_bytes);
  if (folded.capacity() < event_bytes * 3 / 2) folded.reserve(event_bytes * 3 / 2);
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
  leaf.text = text;
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
