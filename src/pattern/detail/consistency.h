// Array consistency: whether one choice of values, one for each clause of a sub-rule, takes at most one element of
// each array.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "pattern/detail/event.h"

namespace tocsin::pattern {

// What a clause offers, as scopes in which its leaves lie: ascending, each once.
struct ClauseScopes {
  std::span<const Index> passing;  // leaves that the clause accepts
  std::span<const Index> all;      // all leaves of its path; needed only if absence would do
  bool accepts_absence = false;
};

enum class Choice { none_exists, exists, undecided };

// Decides by descending from the event into the elements of its arrays. The clauses that lie in different arrays of
// one scope are independent, so this is linear, but for clauses that lie in several arrays of one scope (which takes
// repeated keys): then the combinations are tried. `undecided`: with them it took over `steps_max`.
class ConsistencySolver {
 public:
  Choice solve(const Event& event, std::span<const ClauseScopes> clauses, std::uint64_t steps_max);
  std::uint64_t steps() const { return steps_; }
  // Whether the last call had to try combinations.
  bool has_combinations() const { return has_combinations_; }

 private:
  enum class Need : std::uint8_t {
    present,   // some leaf must be chosen
    absent,    // no leaf may be consistent with the choice
    either,    // one of the two
    optional,  // satisfied elsewhere; choosing one more leaf is allowed, and takes an element
    nothing,
  };
  struct View {
    const Index *passing, *passing_end, *all, *all_end;  // inside the scope or array that is looked at
    Need need;
    Index assigned;  // a clause that lies in several arrays: the one to choose from, or to_none
  };
  static constexpr Index unassigned = none - 1;
  static constexpr Index to_none = none;

  struct Outcome {
    bool holds;
    bool has_choice;  // some leaf is chosen in this scope
  };
  // Views [first, first + count) of views_.
  struct Views {
    std::size_t first, count;
  };

  Outcome solve_scope(Index scope, Views views);
  bool settle_direct(Index scope, View& view, bool& has_choice);
  bool solve_arrays(Index scope, Views views);
  bool assign(Index scope, Views views, std::size_t next);
  bool solve_array(Index scope, Index array, Views views);
  bool solve_elements(Index scope, Views views, const View& driver);
  bool solve_element(Index element, Views views);
  Need need_in(const View& view, Index array) const;
  static View restricted(const View& view, Index first, Index end);
  static bool is_needed(Need need) { return need == Need::present || need == Need::absent || need == Need::either; }
  // The leaves that tie a clause to arrays.
  static std::span<const Index> ties(const View& view);
  bool is_over() const { return has_combinations_ && steps_ > steps_max_; }
  Index child_below(Index scope, Index descendant);

  const Event* event_ = nullptr;
  std::vector<View> views_;  // a stack: the clauses of the scopes on the way down
  std::uint64_t steps_ = 0, steps_max_ = 0;
  bool has_combinations_ = false;
};

}  // namespace tocsin::pattern
