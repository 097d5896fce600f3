// Whether a value at a path satisfies a predicate.
#pragma once

#include "pattern/detail/event.h"
#include "pattern/detail/program.h"

namespace tocsin::pattern {

// Fill what a leaf is asked for, once.
Index value_id(const RuleSet& rules, Leaf& leaf);        // string or number: its value id, or none
bool number_of(Leaf& leaf, double& number);              // false: not a number that can be compared
std::string_view folded_text(Leaf& leaf, Event& event);  // string; until the next text is folded
const Address* address_of(Leaf& leaf, Event& event);     // string; null: not an address

// Whether one of the predicate's alternatives, other than absence, accepts the value.
bool accepts(const RuleSet& rules, const Predicate& predicate, Leaf& leaf, Event& event);

}  // namespace tocsin::pattern
