// Whether a value at a path satisfies a predicate.
#pragma once

#include <algorithm>

#include "pattern/detail/event.h"
#include "pattern/detail/number.h"
#include "pattern/detail/program.h"

namespace tocsin::pattern {

// Fill what a leaf is asked for, once.
inline bool number_of(Leaf& leaf, double& number);        // false: not a number that can be compared
inline Index value_id(const RuleSet& rules, Leaf& leaf);  // string or number: its value id, or none
std::string_view folded_text(Leaf& leaf, Event& event);   // string; until the next text is folded
const Address* address_of(Leaf& leaf, Event& event);      // string; null: not an address

// The conditions on strings.
bool text_holds(const RuleSet& rules, const Condition& condition, Leaf& leaf, Event& event);
// not_wildcard. Each wildcard of its list is a run of texts, closed by an entry of size `none`.
bool outside_wildcards(const RuleSet& rules, const Condition& condition, std::string_view text, Event& event);

inline bool number_of(Leaf& leaf, double& number) {
  if (!leaf.has_number) {
    leaf.has_number = true;
    const Number read = read_number(leaf.text());
    leaf.is_comparable = read.is_comparable;
    leaf.number = read.value;
  }
  number = leaf.number;
  return leaf.is_comparable;
}

inline Index value_id(const RuleSet& rules, Leaf& leaf) {
  if (leaf.has_value) return leaf.value;
  leaf.has_value = true;
  const PathIndex& path = rules.paths.data()[leaf.path];
  double number = 0;
  if (leaf.kind == Leaf::Kind::string) {
    leaf.value = rules.find_text(path.strings, leaf.word());
  } else if (path.numbers.empty() && path.number_texts.empty()) {
    leaf.value = none;
  } else if (number_of(leaf, number)) {
    leaf.value = rules.find_number(path.numbers, number);
  } else {
    leaf.value = rules.find_text(path.number_texts, leaf.word());
  }
  return leaf.value;
}

inline bool contains_id(const RuleSet& rules, Range ids, Index id) {
  const auto* first = rules.value_ids.data() + ids.first;
  const auto* last = rules.value_ids.data() + ids.last;
  if (ids.size() <= 8) return std::find(first, last, id) != last;
  return std::binary_search(first, last, id);
}

inline bool number_holds(const RuleSet& rules, const Condition& condition, Leaf& leaf) {
  if (condition.op == Operator::numeric) {
    double number = 0;
    return number_of(leaf, number) && condition.low <= number && number <= condition.high;
  }
  if (condition.op == Operator::not_number) return !contains_id(rules, condition.values, value_id(rules, leaf));
  return condition.op >= Operator::not_string;
}

inline bool condition_holds(const RuleSet& rules, const Condition& condition, Leaf& leaf, Event& event) {
  if (leaf.kind == Leaf::Kind::number) return number_holds(rules, condition, leaf);
  if (leaf.kind != Leaf::Kind::string) return condition.op >= Operator::not_string;
  if (condition.op == Operator::not_string) return !contains_id(rules, condition.values, value_id(rules, leaf));
  if (condition.op == Operator::not_wildcard) return outside_wildcards(rules, condition, leaf.text(), event);
  return text_holds(rules, condition, leaf, event);
}

// Whether one of the predicate's alternatives, other than absence, accepts the value.
inline bool accepts(const RuleSet& rules, const Predicate& predicate, Leaf& leaf, Event& event) {
  if (predicate.accepts_any) return true;
  switch (leaf.kind) {
    case Leaf::Kind::true_value:
      if (predicate.accepts_true) return true;
      break;
    case Leaf::Kind::false_value:
      if (predicate.accepts_false) return true;
      break;
    case Leaf::Kind::null_value:
      if (predicate.accepts_null) return true;
      break;
    default:
      if (!predicate.values.empty() && contains_id(rules, predicate.values, value_id(rules, leaf))) return true;
  }
  for (Index i = predicate.conditions.first; i < predicate.conditions.last; ++i) {
    if (condition_holds(rules, rules.conditions.data()[i], leaf, event)) return true;
  }
  return false;
}

}  // namespace tocsin::pattern
