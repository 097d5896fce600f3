#include "pattern/detail/evaluate.h"

#include <algorithm>
#include <cstring>

#include "pattern/detail/number.h"
#include "pattern/detail/text.h"

namespace tocsin::pattern {
namespace {

bool contains(const RuleSet& rules, Range ids, Index id) {
  const auto* first = rules.value_ids.data() + ids.first;
  const auto* last = rules.value_ids.data() + ids.last;
  if (ids.size() <= 8) return std::find(first, last, id) != last;
  return std::binary_search(first, last, id);
}

// Whether `text` is the pieces in their order with anything between them. Linear: the leftmost place is always the best
// one for a piece between two asterisks.
bool wildcard_holds(const RuleSet& rules, Range pieces, std::string_view text, Event& event) {
  event.steps += text.size() / 16;
  const std::string_view first = rules.view(rules.texts[pieces.first]);
  if (pieces.size() == 1) return text == first;
  const std::string_view last = rules.view(rules.texts[pieces.last - 1]);
  if (text.size() < first.size() + last.size() || !text.starts_with(first) || !text.ends_with(last)) return false;
  text.remove_prefix(first.size());
  text.remove_suffix(last.size());
  for (Index i = pieces.first + 1; i + 1 < pieces.last; ++i) {
    const std::string_view piece = rules.view(rules.texts[i]);
    const auto* found = static_cast<const char*>(memmem(text.data(), text.size(), piece.data(), piece.size()));
    if (found == nullptr) return false;
    text.remove_prefix(static_cast<std::size_t>(found - text.data()) + piece.size());
  }
  return true;
}

template <class Test>
bool any_text(const RuleSet& rules, Range texts, Test test) {
  for (Index i = texts.first; i < texts.last; ++i) {
    if (test(rules.view(rules.texts[i]))) return true;
  }
  return false;
}

bool string_holds(const RuleSet& rules, const Condition& condition, Leaf& leaf, Event& event) {
  const std::string_view text = leaf.text();
  switch (condition.op) {
    case Operator::prefix:
      return text.starts_with(rules.view(rules.texts[condition.texts.first]));
    case Operator::suffix:
      return text.ends_with(rules.view(rules.texts[condition.texts.first]));
    case Operator::ignore_case:
      return folded_text(leaf, event) == rules.view(rules.texts[condition.texts.first]);
    case Operator::prefix_ignore_case:
      return folded_text(leaf, event).starts_with(rules.view(rules.texts[condition.texts.first]));
    case Operator::suffix_ignore_case:
      return folded_text(leaf, event).ends_with(rules.view(rules.texts[condition.texts.first]));
    case Operator::wildcard:
      return wildcard_holds(rules, condition.texts, text, event);
    case Operator::cidr: {
      const Address* address = address_of(leaf, event);
      return address != nullptr && rules.nets[condition.net].contains(*address);
    }
    case Operator::not_string:
      return !contains(rules, condition.values, value_id(rules, leaf));
    case Operator::not_prefix:
      return !any_text(rules, condition.texts, [&](std::string_view t) { return text.starts_with(t); });
    case Operator::not_suffix:
      return !any_text(rules, condition.texts, [&](std::string_view t) { return text.ends_with(t); });
    case Operator::not_ignore_case:
      return !any_text(rules, condition.texts, [&](std::string_view t) { return folded_text(leaf, event) == t; });
    case Operator::not_number:
      return true;
    default:
      return false;
  }
}

bool number_holds(const RuleSet& rules, const Condition& condition, Leaf& leaf) {
  if (condition.op == Operator::numeric) {
    double number = 0;
    return number_of(leaf, number) && condition.low <= number && number <= condition.high;
  }
  if (condition.op == Operator::not_number) return !contains(rules, condition.values, value_id(rules, leaf));
  return condition.op >= Operator::not_string;
}

bool condition_holds(const RuleSet& rules, const Condition& condition, Leaf& leaf, Event& event) {
  if (condition.op == Operator::not_wildcard) {
    // Each wildcard of the list is a run of texts, closed by an entry of size `none`.
    if (leaf.kind != Leaf::Kind::string) return true;
    Index first = condition.texts.first;
    for (Index i = first; i < condition.texts.last; ++i) {
      if (rules.texts[i].size != none) continue;
      if (wildcard_holds(rules, {first, i}, leaf.text(), event)) return false;
      first = i + 1;
    }
    return true;
  }
  switch (leaf.kind) {
    case Leaf::Kind::string:
      return string_holds(rules, condition, leaf, event);
    case Leaf::Kind::number:
      return number_holds(rules, condition, leaf);
    default:
      return condition.op >= Operator::not_string;
  }
}

}  // namespace

Index value_id(const RuleSet& rules, Leaf& leaf) {
  if (leaf.has_value) return leaf.value;
  leaf.has_value = true;
  const PathIndex& path = rules.paths[leaf.path];
  double number = 0;
  if (leaf.kind == Leaf::Kind::string) {
    leaf.value = rules.find_text(path.strings, leaf.text());
  } else if (path.numbers.empty() && path.number_texts.empty()) {
    leaf.value = none;
  } else if (number_of(leaf, number)) {
    leaf.value = rules.find_number(path.numbers, number);
  } else {
    leaf.value = rules.find_text(path.number_texts, leaf.text());
  }
  return leaf.value;
}

bool number_of(Leaf& leaf, double& number) {
  if (!leaf.has_number) {
    leaf.has_number = true;
    const Number read = read_number(leaf.text());
    leaf.is_comparable = read.is_comparable;
    leaf.number = read.value;
  }
  number = leaf.number;
  return leaf.is_comparable;
}

std::string_view folded_text(Leaf& leaf, Event& event) {
  if (!leaf.has_folded) {
    leaf.has_folded = true;
    leaf.folded = static_cast<Index>(event.folded.size());
    append_folded(event.folded, leaf.text());
    leaf.folded_size = static_cast<Index>(event.folded.size()) - leaf.folded;
  }
  return {event.folded.data() + leaf.folded, leaf.folded_size};
}

const Address* address_of(Leaf& leaf, Event& event) {
  if (!leaf.has_address) {
    leaf.has_address = true;
    if (const auto parsed = parse_address(leaf.text())) {
      leaf.address = static_cast<Index>(event.addresses.size());
      event.addresses.push_back(*parsed);
    }
  }
  return leaf.address == none ? nullptr : &event.addresses[leaf.address];
}

bool accepts(const RuleSet& rules, const Predicate& predicate, Leaf& leaf, Event& event) {
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
      if (!predicate.values.empty() && contains(rules, predicate.values, value_id(rules, leaf))) return true;
  }
  for (Index i = predicate.conditions.first; i < predicate.conditions.last; ++i) {
    if (condition_holds(rules, rules.conditions[i], leaf, event)) return true;
  }
  return false;
}

}  // namespace tocsin::pattern
