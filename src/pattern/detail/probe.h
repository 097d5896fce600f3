// Which sub-rules a leaf makes candidates: every index of its path is asked.
#pragma once

#include <algorithm>

#include "pattern/detail/evaluate.h"
#include "pattern/detail/event.h"
#include "pattern/detail/number.h"
#include "pattern/detail/program.h"

namespace tocsin::pattern {

// Whether a text, from `head` on, may begin with one of the affixes whose filter this is.
template <class Iterator>
bool may_have_head(std::uint64_t heads, Iterator head, std::size_t size) {
  if (size < 2) return heads == ~std::uint64_t{0};
  return (heads & head_bit(head[0], head[1])) != 0;
}

// Calls `visit(postings)` for the postings under each entry that is a prefix of `text`.
template <class Visit>
std::uint64_t probe_prefixes(const RuleSet& rules, Range entries, std::string_view text, Visit visit) {
  const auto* first = rules.affixes.data() + entries.first;
  const auto* last = rules.affixes.data() + entries.last;
  const auto* after = std::upper_bound(first, last, text,
                                       [&](std::string_view t, const AffixEntry& e) { return t < rules.view(e.text); });
  if (after == first) return 1;
  Index at = static_cast<Index>(after - 1 - rules.affixes.data());
  const std::string_view nearest = rules.view(rules.affixes.data()[at].text);
  const std::size_t shared = static_cast<std::size_t>(
      std::mismatch(nearest.begin(), nearest.end(), text.begin(), text.end()).first - nearest.begin());
  std::uint64_t steps = 1;
  for (; at != none; at = rules.affixes.data()[at].parent, ++steps) {
    if (rules.affixes.data()[at].text.size <= shared) visit(rules.affixes.data()[at].postings);
  }
  return steps;
}

// The same for entries that are stored backwards and suffixes of `text`.
template <class Visit>
std::uint64_t probe_suffixes(const RuleSet& rules, Range entries, std::string_view text, Visit visit) {
  const auto* first = rules.affixes.data() + entries.first;
  const auto* last = rules.affixes.data() + entries.last;
  const auto less = [](char a, char b) { return static_cast<unsigned char>(a) < static_cast<unsigned char>(b); };
  const auto* after = std::upper_bound(first, last, text, [&](std::string_view t, const AffixEntry& e) {
    const std::string_view entry = rules.view(e.text);
    return std::lexicographical_compare(t.rbegin(), t.rend(), entry.begin(), entry.end(), less);
  });
  if (after == first) return 1;
  Index at = static_cast<Index>(after - 1 - rules.affixes.data());
  const std::string_view nearest = rules.view(rules.affixes.data()[at].text);
  const std::size_t shared = static_cast<std::size_t>(
      std::mismatch(nearest.begin(), nearest.end(), text.rbegin(), text.rend()).first - nearest.begin());
  std::uint64_t steps = 1;
  for (; at != none; at = rules.affixes.data()[at].parent, ++steps) {
    if (rules.affixes.data()[at].text.size <= shared) visit(rules.affixes.data()[at].postings);
  }
  return steps;
}

template <class Visit>
std::uint64_t probe_nets(const RuleSet& rules, Range entries, const Address& address, Visit visit) {
  const auto* first = rules.net_entries.data() + entries.first;
  const auto* last = rules.net_entries.data() + entries.last;
  const auto* after =
      std::upper_bound(first, last, address, [](const Address& a, const NetEntry& e) { return a < e.net.first; });
  std::uint64_t steps = 1;
  if (after == first) return steps;
  for (Index at = static_cast<Index>(after - 1 - rules.net_entries.data()); at != none;
       at = rules.net_entries.data()[at].parent, ++steps) {
    if (rules.net_entries.data()[at].net.contains(address)) visit(rules.net_entries.data()[at].postings);
  }
  return steps;
}

// Where a number lies among the points of a small index: points below it, and points not above it, counted without a
// branch.
inline Index flat_slot(const RuleSet& rules, const NumericIndex& index, double number) {
  Index slot = 0;
  for (Index i = index.points.first; i < index.points.last; ++i) {
    const double point = rules.points.data()[i];
    slot += (point < number ? 1U : 0U) + (point <= number ? 1U : 0U);
  }
  return slot;
}

inline Range flat_postings(const RuleSet& rules, const NumericIndex& index, Index slot) {
  return rules.numeric_nodes.data()[index.postings_nodes.first + index.leaf_count + slot];
}

// Whether the first digits of a number tell that nothing is to be visited for it, so that it need not be read. Where
// events have many numbers of many digits, most of them are like this.
template <class Moot>
bool is_moot_number(const RuleSet& rules, const PathIndex& path, const Leaf& leaf, Moot is_moot) {
  constexpr Index numbers_max = 16;
  if (leaf.has_number || !path.number_texts.empty() || path.numbers.size() > numbers_max) return false;
  if (path.numeric.leaf_count != 0 && !path.numeric.is_flat) return false;
  const NumberBounds bounds = bounds_of_number(leaf.text());
  if (!bounds.are_known()) return false;
  for (Index i = path.numbers.first; i < path.numbers.last; ++i) {
    const NumberSlot& slot = rules.number_slots.data()[i];
    if (slot.value != none && bounds.low <= slot.number && slot.number <= bounds.high) return false;
  }
  if (path.numeric.leaf_count == 0) return true;
  Index below = 0, not_above = 0;
  for (Index i = path.numeric.points.first; i < path.numeric.points.last; ++i) {
    const double point = rules.points.data()[i];
    below += point < bounds.low ? 1U : 0U;
    not_above += point <= bounds.high ? 1U : 0U;
  }
  return below == not_above && is_moot(flat_postings(rules, path.numeric, 2 * below));
}

template <class Visit>
std::uint64_t probe_numeric(const RuleSet& rules, const NumericIndex& index, double number, Visit visit) {
  const auto* first = rules.points.data() + index.points.first;
  const auto* last = rules.points.data() + index.points.last;
  std::uint64_t steps = 0;
  if (index.is_flat) {
    visit(flat_postings(rules, index, flat_slot(rules, index, number)));
    return 1;
  }
  const auto* at = std::lower_bound(first, last, number);
  Index slot = static_cast<Index>(2 * (at - first));
  if (at != last && *at == number) ++slot;
  for (Index node = index.leaf_count + slot; node > 0; node /= 2, ++steps) {
    const Range postings = rules.numeric_nodes.data()[index.postings_nodes.first + node];
    if (!postings.empty()) visit(postings);
  }
  return steps;
}

template <class Visit>
std::uint64_t probe_string(const RuleSet& rules, const PathIndex& path, Leaf& leaf, Event& event, Visit visit) {
  std::uint64_t steps = 1;
  if (!path.strings.empty()) {
    const Index value = value_id(rules, leaf);
    if (value != none) visit(rules.value_postings.data()[value]);
  }
  visit(path.on_string);
  if (!path.has_more_on_strings) return steps;
  const std::string_view text = leaf.text();
  if (may_have_head(path.prefix_heads, text.begin(), text.size())) {
    steps += probe_prefixes(rules, path.prefixes, text, visit);
  }
  if (may_have_head(path.suffix_heads, text.rbegin(), text.size())) {
    steps += probe_suffixes(rules, path.suffixes, text, visit);
  }
  if (!path.folded.empty()) {
    const Index found = rules.find_text(path.folded, Word(folded_text(leaf, event), true));
    if (found != none) visit(rules.folded_postings.data()[found]);
  }
  if (!path.folded_prefixes.empty()) {
    steps += probe_prefixes(rules, path.folded_prefixes, folded_text(leaf, event), visit);
  }
  if (!path.folded_suffixes.empty()) {
    steps += probe_suffixes(rules, path.folded_suffixes, folded_text(leaf, event), visit);
  }
  if (!path.nets_v4.empty() || !path.nets_v6.empty()) {
    const Address* address = address_of(leaf, event);
    if (address != nullptr) {
      const Range nets = address->is_v6 ? path.nets_v6 : path.nets_v4;
      if (!nets.empty()) steps += probe_nets(rules, nets, *address, visit);
    }
  }
  return steps;
}

template <class Visit, class Moot>
std::uint64_t probe_number(const RuleSet& rules, const PathIndex& path, Leaf& leaf, Visit visit, bool has_others,
                           Moot is_moot) {
  if (has_others && is_moot_number(rules, path, leaf, is_moot)) return 2;
  if (!path.numbers.empty() || !path.number_texts.empty()) {
    const Index value = value_id(rules, leaf);
    if (value != none) visit(rules.value_postings.data()[value]);
  }
  double number = 0;
  if (path.numeric.leaf_count == 0 || !number_of(leaf, number)) return 1;
  return 1 + probe_numeric(rules, path.numeric, number, visit);
}

// `has_others`: the path has other leaves too. `is_moot(postings)`: to visit them would change nothing any more.
// Returns the steps taken.
template <class Visit, class Moot>
std::uint64_t probe(const RuleSet& rules, const PathIndex& path, Leaf& leaf, Event& event, Visit visit, bool has_others,
                    Moot is_moot) {
  switch (leaf.kind) {
    case Leaf::Kind::string:
      return probe_string(rules, path, leaf, event, visit);
    case Leaf::Kind::number:
      return probe_number(rules, path, leaf, visit, has_others, is_moot);
    case Leaf::Kind::true_value:
      visit(path.on_true);
      return 1;
    case Leaf::Kind::false_value:
      visit(path.on_false);
      return 1;
    case Leaf::Kind::null_value:
      visit(path.on_null);
      return 1;
  }
  return 1;
}

}  // namespace tocsin::pattern
