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
enum class Truth : std::uint8_t {
  fails,
  holds,          // whatever elements are chosen
  holds_in_some,  // by a leaf inside some array, or by absence from some element
};

struct PredicateState {
  std::uint32_t epoch = 0;
  Truth truth = Truth::fails;
  bool has_scopes = false;
  Range passing, all;  // in Matcher::State::scopes, if has_scopes
};

}  // namespace

struct Matcher::State {
  Event event;
  std::vector<PredicateState> predicates;
  std::vector<std::uint32_t> seen;          // by sub-rule: the epoch in which it was a candidate
  std::vector<std::uint64_t> matched_bits;  // by rule
  std::vector<Index> scopes;                // lists of PredicateState
  std::vector<ClauseScopes> clauses;
  ConsistencySolver solver;
  std::uint64_t steps = 0;
  std::uint64_t solver_steps = 0;
  bool is_undecided = false;
  std::uint32_t last_epoch = 0;
  const RuleSet* rules = nullptr;

  void begin(const RuleSet& rule_set);
  void probe_path(Index path);
  void consider(Index posting);
  void consider_all(Range postings);
  bool sub_rule_matches(const CompiledSubRule& sub_rule, bool first_holds);
  bool has_consistent_choice(Range predicates);
  const PredicateState& state_of(Index predicate);
  Truth decide(const Predicate& predicate);
  void collect_scopes(Index predicate, PredicateState& state);
  bool is_matched(Index rule) const { return (matched_bits[rule / 64] >> rule % 64 & 1) != 0; }
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
  if (event.epoch < last_epoch || predicates.size() < rule_set.predicates.size() ||
      seen.size() < rule_set.sub_rules.size()) {
    // Epochs start anew, or the rule set is larger than those before.
    predicates.assign(std::max(predicates.size(), rule_set.predicates.size()), {});
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
  const PathIndex& index = rules->paths[path];
  if (!index.has_access) return;
  const Event::PathLeaves& at = event.path_leaves[path];
  consider_all(index.on_present);
  for (Index leaf = at.first; leaf != none; leaf = event.leaves[leaf].next) {
    steps += probe(*rules, index, event.leaves[leaf], event, [this](Range postings) { consider_all(postings); });
  }
}

void Matcher::State::consider_all(Range postings) {
  for (Index i = postings.first; i < postings.last; ++i) consider(rules->postings[i]);
}

void Matcher::State::consider(Index posting) {
  ++steps;
  const Index index = posting / 2;
  const bool first_holds = posting % 2 == 0;
  if (seen[index] == event.epoch) return;
  seen[index] = event.epoch;
  const CompiledSubRule& sub_rule = rules->sub_rules[index];
  if (is_matched(sub_rule.rule) || !sub_rule_matches(sub_rule, first_holds)) return;
  matched_bits[sub_rule.rule / 64] |= std::uint64_t{1} << sub_rule.rule % 64;
}

bool Matcher::State::sub_rule_matches(const CompiledSubRule& sub_rule, bool first_holds) {
  Range range = sub_rule.predicates;
  // A single condition that holds for a leaf needs no choice; nor does any number of them where there are no arrays.
  if (first_holds && (range.size() == 1 || event.scopes.size() == 1)) ++range.first;
  Index in_arrays = 0;
  for (Index i = range.first; i < range.last; ++i) {
    const Truth truth = state_of(rules->sub_rule_predicates[i]).truth;
    if (truth == Truth::fails) return false;
    if (truth == Truth::holds_in_some) {
      const bool may_be_absent = rules->predicates[rules->sub_rule_predicates[i]].accepts_absence;
      in_arrays += may_be_absent ? 2 : 1;
    }
  }
  return in_arrays <= 1 || has_consistent_choice(sub_rule.predicates);
}

const PredicateState& Matcher::State::state_of(Index predicate) {
  PredicateState& state = predicates[predicate];
  if (state.epoch != event.epoch) {
    state.epoch = event.epoch;
    state.has_scopes = false;
    state.truth = decide(rules->predicates[predicate]);
  }
  return state;
}

Truth Matcher::State::decide(const Predicate& predicate) {
  const Event::PathLeaves* at = event.leaves_of(predicate.path);
  if (at == nullptr) return predicate.accepts_absence ? Truth::holds : Truth::fails;
  bool holds_in_some = predicate.accepts_absence && !at->has_root;
  for (Index i = at->first; i != none; i = event.leaves[i].next) {
    ++steps;
    Leaf& leaf = event.leaves[i];
    if ((holds_in_some && leaf.scope != 0) || !accepts(*rules, predicate, leaf, event)) continue;
    if (leaf.scope == 0) return Truth::holds;
    holds_in_some = true;
  }
  return holds_in_some ? Truth::holds_in_some : Truth::fails;
}

void Matcher::State::collect_scopes(Index predicate, PredicateState& state) {
  const Predicate& p = rules->predicates[predicate];
  state.has_scopes = true;
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
    state_of(predicate);
    if (!predicates[predicate].has_scopes) collect_scopes(predicate, predicates[predicate]);
  }
  clauses.clear();
  for (Index i = range.first; i < range.last; ++i) {
    const Index predicate = rules->sub_rule_predicates[i];
    const PredicateState& state = predicates[predicate];
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
