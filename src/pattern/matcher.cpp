#include <algorithm>
#include <bit>

#include <fmt/format.h>

#include "pattern/detail/consistency.h"
#include "pattern/detail/evaluate.h"
#include "pattern/detail/event.h"
#include "pattern/detail/probe.h"
#include "pattern/detail/program.h"
#include "pattern/pattern.h"

namespace tocsin::pattern {
namespace {

// Steps that one event may take to combine elements of different arrays that one field lies in, which takes keys that
// repeat. Anything else is linear and not counted.
constexpr std::uint64_t consistency_steps_max = 5'000'000;

// What is known of a predicate for the event at hand.
enum class Truth : std::uint32_t {
  fails,
  holds,          // whatever elements are chosen
  holds_in_some,  // by a leaf inside some array, or by absence from some element
};

// In which scopes a predicate's leaves lie; ranges of Matcher::State::scopes.
struct PredicateScopes {
  std::uint32_t epoch = 0;
  Range passing, all;
};

}  // namespace

struct Matcher::State {
  Event event;
  std::vector<std::uint32_t> truths;  // by predicate: the epoch that it is of × 4, + Truth
  std::vector<PredicateScopes> predicate_scopes;
  std::vector<std::uint32_t> seen;          // by sub-rule: the epoch in which it was a candidate
  std::vector<std::uint64_t> matched_bits;  // by rule
  std::vector<Index> scopes;
  std::vector<ClauseScopes> clauses;
  ConsistencySolver solver;
  std::uint64_t steps = 0;
  std::uint64_t solver_steps = 0;
  bool is_undecided = false;
  std::uint32_t last_epoch = 0;
  const RuleSet* rules = nullptr;

  void begin(const RuleSet& rule_set);
  void probe_path(Index path);
  void consider_all(Range postings);
  bool are_decided(Range postings) const;
  void consider(Index sub_rule, bool first_holds);
  bool sub_rule_matches(const CompiledSubRule& sub_rule, bool first_holds);
  bool has_consistent_choice(Range predicates);
  Truth truth_of(Index predicate);
  Truth decide(const Predicate& predicate);
  void collect_scopes(Index predicate);
  void set_matched(Index rule) { matched_bits.data()[rule / 64] |= std::uint64_t{1} << rule % 64; }
  bool is_matched(Index rule) const { return (matched_bits.data()[rule / 64] >> rule % 64 & 1) != 0; }
  void report(std::vector<RuleId>& matched);
};

Matcher::Matcher() : state_(std::make_unique<State>()) {}
Matcher::Matcher(Matcher&&) noexcept = default;
Matcher& Matcher::operator=(Matcher&&) noexcept = default;
Matcher::~Matcher() = default;

std::uint64_t Matcher::steps() const {
  return state_->steps;
}

void Matcher::State::begin(const RuleSet& rule_set) {
  rules = &rule_set;
  is_undecided = false;
  solver_steps = 0;
  steps = 0;
  scopes.clear();
  if (event.epoch < last_epoch || truths.size() < rule_set.predicates.size() ||
      seen.size() < rule_set.sub_rules.size()) {
    // Epochs start anew, or the rule set is larger than those before.
    truths.assign(std::max(truths.size(), rule_set.predicates.size()), 0);
    predicate_scopes.assign(truths.size(), {});
    seen.assign(std::max(seen.size(), rule_set.sub_rules.size()), 0);
  }
  last_epoch = event.epoch;
  matched_bits.assign((rule_set.rule_ids.size() + 63) / 64, 0);
}

Result<void> Matcher::match(const RuleSet& rules, std::string_view event, std::vector<RuleId>& matched) {
  State& state = *state_;
  matched.clear();
  const EventFault fault = scan(rules, event, state.event);
  if (fault.reason != nullptr) {
    return fail(ErrorCode::validation, fmt::format("Event is not valid JSON: {} (byte {})", fault.reason, fault.at),
                "ValidationException");
  }
  state.begin(rules);
  state.steps = event.size();
  for (const Index path : state.event.touched) state.probe_path(path);
  state.consider_all(rules.always);
  state.steps += state.event.steps;
  if (state.is_undecided) {
    return fail(ErrorCode::validation,
                "Event repeats keys inside arrays in more ways than can be combined; it matches no rule safely",
                "ValidationException");
  }
  state.report(matched);
  return {};
}

void Matcher::State::probe_path(Index path) {
  const PathIndex& index = rules->paths.data()[path];
  if (!index.has_access) return;
  Leaf* const leaves = event.leaves.data();
  consider_all(index.on_present);
  const Event::PathLeaves at = event.path_leaves.data()[path];
  for (Index leaf = at.first; leaf != none; leaf = leaves[leaf].next) {
    steps += probe(
        *rules, index, leaves[leaf], event,
        [this](Range postings) {
          if (!postings.empty()) consider_all(postings);
        },
        at.first != at.last, [this](Range postings) { return are_decided(postings); });
  }
}

inline void Matcher::State::consider_all(Range postings) {
  steps += postings.size();
  const Posting* const end = rules->postings.data() + postings.last;
  for (const Posting* p = rules->postings.data() + postings.first; p != end; ++p) {
    if (p->kind() == Posting::rule) {
      set_matched(p->index());
    } else {
      consider(p->index(), p->kind() == Posting::first_holds);
    }
  }
}

// Whether consider_all() would change nothing.
inline bool Matcher::State::are_decided(Range postings) const {
  const Posting* const end = rules->postings.data() + postings.last;
  for (const Posting* p = rules->postings.data() + postings.first; p != end; ++p) {
    if (p->kind() == Posting::rule ? !is_matched(p->index()) : seen.data()[p->index()] != event.epoch) return false;
  }
  return true;
}

inline void Matcher::State::consider(Index index, bool first_holds) {
  if (seen.data()[index] == event.epoch) return;
  seen.data()[index] = event.epoch;
  const CompiledSubRule& sub_rule = rules->sub_rules.data()[index];
  if (is_matched(sub_rule.rule) || !sub_rule_matches(sub_rule, first_holds)) return;
  set_matched(sub_rule.rule);
}

inline bool Matcher::State::sub_rule_matches(const CompiledSubRule& sub_rule, bool first_holds) {
  // Where there is nothing to choose, the first predicate needs no second look.
  const Index first = sub_rule.predicates.first + (first_holds && !event.has_choices ? 1 : 0);
  Index in_arrays = 0;
  for (Index i = first; i < sub_rule.predicates.last; ++i) {
    const Index predicate = rules->sub_rule_predicates.data()[i];
    const Truth truth = truth_of(predicate);
    if (truth == Truth::fails) return false;
    if (truth == Truth::holds_in_some) in_arrays += rules->predicates.data()[predicate].accepts_absence ? 2 : 1;
  }
  return in_arrays <= 1 || has_consistent_choice(sub_rule.predicates);
}

inline Truth Matcher::State::truth_of(Index predicate) {
  std::uint32_t& truth = truths.data()[predicate];
  if (truth >> 2 != event.epoch) {
    truth = event.epoch << 2 | static_cast<std::uint32_t>(decide(rules->predicates.data()[predicate]));
  }
  return static_cast<Truth>(truth & 3);
}

inline Truth Matcher::State::decide(const Predicate& predicate) {
  const Event::PathLeaves* at = event.leaves_of(predicate.path);
  if (at == nullptr) return predicate.accepts_absence ? Truth::holds : Truth::fails;
  bool is_in_all = false, holds_in_some = false;
  Leaf* const leaves = event.leaves.data();
  for (Index i = at->first; i != none; i = leaves[i].next) {
    ++steps;
    const bool is_here_always = event.scopes.data()[leaves[i].scope].choice == 0;
    is_in_all |= is_here_always;
    if ((holds_in_some && !is_here_always) || !accepts(*rules, predicate, leaves[i], event)) continue;
    if (is_here_always) return Truth::holds;
    holds_in_some = true;
  }
  return holds_in_some || (predicate.accepts_absence && !is_in_all) ? Truth::holds_in_some : Truth::fails;
}

void Matcher::State::collect_scopes(Index predicate) {
  const Predicate& p = rules->predicates[predicate];
  PredicateScopes& state = predicate_scopes[predicate];
  state.epoch = event.epoch;
  const auto begin_list = [&] { return static_cast<Index>(scopes.size()); };
  const auto end_list = [&](Index first) {
    const auto begin = scopes.begin() + first;
    std::sort(begin, scopes.end());
    scopes.erase(std::unique(begin, scopes.end()), scopes.end());
    return Range{first, static_cast<Index>(scopes.size())};
  };
  const Event::PathLeaves* at = event.leaves_of(p.path);
  const Index first_leaf = at == nullptr ? none : at->first;
  Index first = begin_list();
  for (Index i = first_leaf; i != none; i = event.leaves[i].next) {
    ++steps;
    if (accepts(*rules, p, event.leaves[i], event)) scopes.push_back(event.leaves[i].scope);
  }
  state.passing = end_list(first);
  first = begin_list();
  if (p.accepts_absence) {
    for (Index i = first_leaf; i != none; i = event.leaves[i].next) scopes.push_back(event.leaves[i].scope);
  }
  state.all = end_list(first);
}

bool Matcher::State::has_consistent_choice(Range range) {
  for (Index i = range.first; i < range.last; ++i) {
    const Index predicate = rules->sub_rule_predicates[i];
    if (predicate_scopes[predicate].epoch != event.epoch) collect_scopes(predicate);
  }
  clauses.clear();
  for (Index i = range.first; i < range.last; ++i) {
    const Index predicate = rules->sub_rule_predicates[i];
    const PredicateScopes& state = predicate_scopes[predicate];
    const auto list = [&](Range r) { return std::span<const Index>(scopes.data() + r.first, r.size()); };
    clauses.push_back({list(state.passing), list(state.all), rules->predicates[predicate].accepts_absence});
  }
  if (solver_steps >= consistency_steps_max) {
    is_undecided = true;
    return false;
  }
  const Choice choice = solver.solve(event, clauses, consistency_steps_max - solver_steps);
  steps += solver.steps();
  if (solver.has_combinations()) solver_steps += solver.steps();
  is_undecided |= choice == Choice::undecided;
  return choice == Choice::exists;
}

void Matcher::State::report(std::vector<RuleId>& matched) {
  for (std::size_t word = 0; word < matched_bits.size(); ++word) {
    for (std::uint64_t bits = matched_bits[word]; bits != 0; bits &= bits - 1) {
      matched.push_back(rules->rule_ids[word * 64 + static_cast<std::size_t>(std::countr_zero(bits))]);
    }
  }
}

}  // namespace tocsin::pattern
