#include "pattern/detail/evaluate.h"

#include <cstring>

#include "pattern/detail/text.h"

namespace tocsin::pattern {
namespace {

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

}  // namespace

namespace {

LeafForms& forms_of(Leaf& leaf, Event& event) {
  if (leaf.more == none) {
    leaf.more = static_cast<Index>(event.forms.size());
    event.forms.emplace_back();
  }
  return event.forms[leaf.more];
}

}  // namespace

std::string_view folded_text(Leaf& leaf, Event& event) {
  LeafForms& forms = forms_of(leaf, event);
  if (!forms.has_folded) {
    forms.has_folded = true;
    forms.folded = static_cast<Index>(event.folded.size());
    append_folded(event.folded, leaf.word());
    forms.folded_size = static_cast<Index>(event.folded.size()) - forms.folded;
  }
  return {event.folded.data() + forms.folded, forms.folded_size};
}

const Address* address_of(Leaf& leaf, Event& event) {
  LeafForms& forms = forms_of(leaf, event);
  if (!forms.has_address) {
    forms.has_address = true;
    if (const auto parsed = parse_address(leaf.text())) {
      forms.address = static_cast<Index>(event.addresses.size());
      event.addresses.push_back(*parsed);
    }
  }
  return forms.address == none ? nullptr : &event.addresses[forms.address];
}

bool text_holds(const RuleSet& rules, const Condition& condition, Leaf& leaf, Event& event) {
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
      return !contains_id(rules, condition.values, value_id(rules, leaf));
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

bool outside_wildcards(const RuleSet& rules, const Condition& condition, std::string_view text, Event& event) {
  Index first = condition.texts.first;
  for (Index i = first; i < condition.texts.last; ++i) {
    if (rules.texts[i].size != none) continue;
    if (wildcard_holds(rules, {first, i}, text, event)) return false;
    first = i + 1;
  }
  return true;
}

}  // namespace tocsin::pattern
