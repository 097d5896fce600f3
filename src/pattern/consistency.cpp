#include "pattern/detail/consistency.h"

#include <algorithm>

namespace tocsin::pattern {

Choice ConsistencySolver::solve(const Event& event, std::span<const ClauseScopes> clauses, std::uint64_t steps_max) {
  event_ = &event;
  steps_ = 0;
  has_combinations_ = false;
  steps_max_ = steps_max;
  views_.clear();
  for (const ClauseScopes& clause : clauses) {
    views_.push_back({clause.passing.data(), clause.passing.data() + clause.passing.size(), clause.all.data(),
                      clause.all.data() + clause.all.size(), clause.accepts_absence ? Need::either : Need::present,
                      unassigned});
  }
  const bool holds = solve_scope(0, {0, clauses.size()}).holds;
  if (is_over()) return Choice::undecided;
  return holds ? Choice::exists : Choice::none_exists;
}

std::span<const Index> ConsistencySolver::ties(const View& view) {
  if (view.need == Need::absent || view.need == Need::either) return {view.all, view.all_end};
  return {view.passing, view.passing_end};
}

ConsistencySolver::View ConsistencySolver::restricted(const View& view, Index first, Index end) {
  View part = view;
  part.passing = std::lower_bound(view.passing, view.passing_end, first);
  part.passing_end = std::lower_bound(part.passing, view.passing_end, end);
  part.all = std::lower_bound(view.all, view.all_end, first);
  part.all_end = std::lower_bound(part.all, view.all_end, end);
  return part;
}

Index ConsistencySolver::child_below(Index scope, Index descendant) {
  while (event_->scopes[descendant].parent != scope) {
    ++steps_;
    descendant = event_->scopes[descendant].parent;
  }
  return descendant;
}

// Takes the leaves that lie in `scope` itself out of the view; what they say goes into its need. False: the clause
// cannot be satisfied.
bool ConsistencySolver::settle_direct(Index scope, View& view, bool& has_choice) {
  const bool passes = view.passing != view.passing_end && *view.passing == scope;
  const bool is_there = passes || (view.all != view.all_end && *view.all == scope);
  if (passes) ++view.passing;
  if (view.all != view.all_end && *view.all == scope) ++view.all;
  if (is_there && view.need == Need::absent) return false;
  if (passes && view.need != Need::nothing) {
    view.need = Need::optional;
    has_choice = true;
  }
  if (is_there && view.need == Need::either) view.need = Need::present;
  if (view.need == Need::either && view.passing == view.passing_end) view.need = Need::absent;
  if (view.need == Need::absent && view.all == view.all_end) view.need = Need::nothing;
  return view.need != Need::present || view.passing != view.passing_end;
}

ConsistencySolver::Outcome ConsistencySolver::solve_scope(Index scope, Views views) {
  bool has_choice = false;
  bool is_open = false;      // something is needed from the arrays
  bool has_more = false;     // leaves that may be chosen there, though nothing needs them
  bool has_absence = false;  // which may need an element to be taken
  for (std::size_t i = views.first; i < views.first + views.count; ++i) {
    ++steps_;
    if (!settle_direct(scope, views_[i], has_choice)) return {false, false};
    is_open |= is_needed(views_[i].need);
    has_more |= views_[i].need == Need::optional && views_[i].passing != views_[i].passing_end;
    has_absence |= views_[i].need == Need::absent || views_[i].need == Need::either;
  }
  if (!is_open) return {true, has_choice || has_more};
  for (std::size_t i = views.first; !has_absence && i < views.first + views.count; ++i) {
    if (views_[i].need == Need::optional) views_[i].need = Need::nothing;
  }
  // Whatever is needed from an array takes an element, by a choice inside it.
  return {assign(scope, views, views.first), true};
}

// Tries all ways to assign the clauses from `next` on that lie in several arrays to one of those, or to none: a clause
// chooses one leaf.
bool ConsistencySolver::assign(Index scope, Views views, std::size_t next) {
  for (; next < views.first + views.count; ++next) {
    View& view = views_[next];
    view.assigned = unassigned;
    if (view.need == Need::nothing || view.need == Need::absent || view.passing == view.passing_end) continue;
    const auto leaves = ties(view);
    const Index array = event_->scopes[child_below(scope, leaves.front())].array;
    if (leaves.back() >= event_->arrays[array].end) break;
  }
  if (is_over()) return false;
  if (next == views.first + views.count) return solve_arrays(scope, views);
  has_combinations_ = true;
  if (views_[next].need != Need::present) {
    views_[next].assigned = to_none;
    if (assign(scope, views, next + 1)) return true;
  }
  const Index* leaf = views_[next].passing;
  const Index* const end = views_[next].passing_end;
  while (leaf != end) {
    ++steps_;
    const Index array = event_->scopes[child_below(scope, *leaf)].array;
    views_[next].assigned = array;
    if (assign(scope, views, next + 1)) return true;
    leaf = std::lower_bound(leaf, end, event_->arrays[array].end);
  }
  return false;
}

ConsistencySolver::Need ConsistencySolver::need_in(const View& view, Index array) const {
  if (view.assigned == unassigned) return view.need;
  if (view.assigned == to_none) return view.need == Need::either ? Need::absent : Need::nothing;
  if (view.assigned != array) return Need::nothing;
  return view.need == Need::either ? Need::present : view.need;
}

// Every array that some clause is tied to, each for itself.
bool ConsistencySolver::solve_arrays(Index scope, Views views) {
  for (std::size_t i = views.first; i < views.first + views.count; ++i) {
    if (!is_needed(views_[i].need)) continue;
    const auto leaves = ties(views_[i]);
    const Index* leaf = leaves.data();
    const Index* const end = leaf + leaves.size();
    while (leaf != end) {
      const Index array = event_->scopes[child_below(scope, *leaf)].array;
      const ArrayScopes range = event_->arrays[array];
      const bool is_done = std::any_of(views_.begin() + static_cast<std::ptrdiff_t>(views.first),
                                       views_.begin() + static_cast<std::ptrdiff_t>(i), [&](const View& earlier) {
                                         if (!is_needed(earlier.need)) return false;
                                         const auto t = ties(restricted(earlier, range.first, range.end));
                                         return !t.empty();
                                       });
      if (!is_done && !solve_array(scope, array, views)) return false;
      leaf = std::lower_bound(leaf, end, range.end);
    }
  }
  return true;
}

// Whether some element of the array gives all that is needed from the array.
bool ConsistencySolver::solve_array(Index scope, Index array, Views views) {
  const ArrayScopes range = event_->arrays[array];
  const Views inside{views_.size(), 0};
  std::size_t count = 0;
  std::size_t driver = none;
  bool is_open = false;
  for (std::size_t i = views.first; i < views.first + views.count; ++i) {
    ++steps_;
    View part = restricted(views_[i], range.first, range.end);
    part.need = need_in(part, array);
    part.assigned = unassigned;
    if (part.need == Need::nothing || ties(part).empty()) continue;
    is_open |= is_needed(part.need);
    const bool is_rarer =
        driver == none || part.passing_end - part.passing < views_[driver].passing_end - views_[driver].passing;
    if (part.need == Need::present && is_rarer) driver = views_.size();
    views_.push_back(part);
    ++count;
  }
  bool holds = !is_open;
  if (!holds && driver != none) {
    const View rarest = views_[driver];
    holds = solve_elements(scope, {inside.first, count}, rarest);
  } else if (!holds) {
    for (std::size_t i = inside.first; !holds && i < inside.first + count; ++i) {
      const View view = views_[i];
      holds = solve_elements(scope, {inside.first, count}, view);
    }
  }
  views_.resize(inside.first);
  return holds;
}

// Tries the elements in which the driver has a leaf that passes.
bool ConsistencySolver::solve_elements(Index scope, Views views, const View& driver) {
  const Index* leaf = driver.passing;
  while (leaf != driver.passing_end) {
    if (is_over()) return false;
    const Index element = child_below(scope, *leaf);
    if (solve_element(element, views)) return true;
    leaf = std::lower_bound(leaf, driver.passing_end, event_->scopes[element].end);
  }
  return false;
}

bool ConsistencySolver::solve_element(Index element, Views views) {
  const std::size_t first = views_.size();
  for (std::size_t i = views.first; i < views.first + views.count; ++i) {
    views_.push_back(restricted(views_[i], element, event_->scopes[element].end));
  }
  const Outcome outcome = solve_scope(element, {first, views.count});
  views_.resize(first);
  return outcome.holds && outcome.has_choice;
}

}  // namespace tocsin::pattern
