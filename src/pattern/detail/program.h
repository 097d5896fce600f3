// The compiled form of a rule set: flat arrays, referring to each other by index.
//
//   event bytes ─► key tree (one node per path prefix) ─► leaves of used paths
//   leaf ─► value indexes of its path ─► candidate sub-rules (posted under their rarest condition)
//   candidate ─► its other predicates, each decided once per event ─► rule
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "pattern/detail/address.h"
#include "pattern/detail/hash.h"
#include "pattern/detail/syntax.h"
#include "pattern/pattern.h"

namespace tocsin::pattern {

using Index = std::uint32_t;
inline constexpr Index none = std::numeric_limits<Index>::max();

// Elements [first, last) of some array.
struct Range {
  Index first = 0, last = 0;

  bool empty() const { return first == last; }
  Index size() const { return last - first; }
};

// Bytes in RuleSet::bytes.
struct Text {
  Index at = 0, size = 0;
};

// A node of the key tree: a path, split at its dots, that rules use or that leads to one.
struct KeyNode {
  Range slots;                // its children: a table in RuleSet::key_slots, a power of two long, or empty
  Index path = none;          // the used path that ends here
  bool is_deep = false;       // some child has children: a key with dots may lead there
  std::uint64_t lengths = 0;  // bit n % 64: some child's key has n bytes
};

struct KeySlot {
  std::uint64_t first = 0;  // eight bytes, see Word
  Index node = none;        // none: free
  Text key;
};

// One alternative of a predicate that is no plain value.
struct Condition {
  Operator op{};
  Range texts;   // in RuleSet::texts
  Range values;  // not_string, not_number: value ids, ascending, in RuleSet::value_ids
  double low = 0, high = 0;
  Index net = none;  // in RuleSet::nets
};

// What a clause asks of a path; equal clauses of many rules are one predicate.
struct Predicate {
  Index path = none;
  Range values;      // accepted exact strings and numbers: value ids, ascending, in RuleSet::value_ids
  Range conditions;  // in RuleSet::conditions
  bool accepts_any = false, accepts_true = false, accepts_false = false, accepts_null = false;
  bool accepts_absence = false;
};

struct CompiledSubRule {
  Index rule = none;  // in RuleSet::rule_ids
  Range predicates;   // in RuleSet::sub_rule_predicates; the first one is that of the posting, if it has one
};

// Exact strings (or texts of numbers that are no binary64) of a path: open addressing, a power of two long; one text
// alone lies in the first of two slots.
struct TextSlot {
  std::uint64_t first = 0;  // eight bytes, see Word
  Index value = none;       // none: free
  Text text;
};
struct NumberSlot {
  double number = 0;
  Index value = none;
};

// A set of texts of which one looks for those that a value starts with. Sorted; `parent` is the longest other entry
// that is a prefix of this one, so all entries that are prefixes of a value are on one chain of parents.
struct AffixEntry {
  Text text;  // suffixes are stored backwards
  Index parent = none;
  Range postings;
};

// A filter before the search: a bit of 64 for the first two bytes of an affix, or all bits if one has fewer.
inline std::uint64_t head_bit(char first, char second) {
  return std::uint64_t{1} << ((static_cast<unsigned char>(first) * 5U + static_cast<unsigned char>(second) * 29U) &
                              63U);
}

// The same chain for address prefixes.
struct NetEntry {
  Prefix net;
  Index parent = none;
  Range postings;
};

// Number intervals of a path. `points` are their ends, ascending; slot 2i is the gap before points[i], slot 2i+1 the
// point itself. A segment tree over the slots: node k has the children 2k and 2k+1, its postings hold for all below.
// A small one has all postings at the slots themselves.
struct NumericIndex {
  Range points;          // in RuleSet::points
  Range postings_nodes;  // in RuleSet::numeric_nodes, 2 × leaf_count of them
  Index leaf_count = 0;  // a power of two
  bool is_flat = false;
};

// What is found in an index.
struct Posting {
  enum Kind : std::uint32_t {
    rule,              // a rule, that matches by this alone
    first_holds,       // a sub-rule, of whose predicates the first one holds
    first_is_to_test,  // a sub-rule
  };
  std::uint32_t bits = 0;

  static Posting of(Kind kind, Index index) { return {index << 2 | kind}; }
  Kind kind() const { return static_cast<Kind>(bits & 3); }
  Index index() const { return bits >> 2; }
  bool operator<(const Posting& other) const { return bits < other.bits; }
};

// How to find the sub-rules that a leaf of a path makes candidates.
struct PathIndex {
  Range strings;       // in RuleSet::text_slots
  Range number_texts;  // in RuleSet::text_slots
  Range numbers;       // in RuleSet::number_slots
  Range folded;        // in RuleSet::text_slots; `value` is an index in RuleSet::folded_postings
  Range prefixes, suffixes, folded_prefixes, folded_suffixes;  // in RuleSet::affixes
  std::uint64_t prefix_heads = 0, suffix_heads = 0;            // see head_bit()
  Range nets_v4, nets_v6;                                      // in RuleSet::net_entries
  NumericIndex numeric;
  Range on_true, on_false, on_null;
  Range on_string;                   // at any string
  Range on_present;                  // at any value
  bool has_access = false;           // any postings at all
  bool has_more_on_strings = false;  // other indexes of strings than exact ones
};

}  // namespace tocsin::pattern

namespace tocsin::pattern {

class RuleSet {
 public:
  std::vector<RuleId> rule_ids;  // ascending
  std::string bytes;

  std::vector<KeyNode> key_nodes;  // [0] is the root
  std::vector<KeySlot> key_slots;

  std::vector<PathIndex> paths;
  std::vector<Text> path_texts;
  std::vector<Predicate> predicates;
  std::vector<Condition> conditions;
  std::vector<Text> texts;
  std::vector<Index> value_ids;
  std::vector<Prefix> nets;
  std::vector<CompiledSubRule> sub_rules;
  std::vector<Index> sub_rule_predicates;

  std::vector<TextSlot> text_slots;
  std::vector<NumberSlot> number_slots;
  std::vector<Range> value_postings;  // by value id
  std::vector<Range> folded_postings;
  std::vector<AffixEntry> affixes;
  std::vector<NetEntry> net_entries;
  std::vector<double> points;
  std::vector<Range> numeric_nodes;
  std::vector<Posting> postings;
  Range always;  // in `postings`: sub-rules that may match an event without any of their fields

  std::string_view view(Text text) const { return {bytes.data() + text.at, text.size}; }
  // The value id of an exact string or number text / number; none: no rule names it at this path.
  inline Index find_text(Range slots, const Word& text) const;
  inline Index find_number(Range slots, double number) const;
  // The child of a key-tree node, for a key without dots.
  inline Index find_key(const KeyNode& node, const Word& key) const;
  // The descendant of a key-tree node that a key with dots leads to.
  Index find_dotted_key(Index node, std::string_view key) const;
};

inline Index RuleSet::find_text(Range slots, const Word& word) const {
  if (slots.empty()) return none;
  const Index mask = slots.size() - 1;
  const TextSlot* const table = text_slots.data() + slots.first;
  for (Index i = mask <= 1 ? 0 : hash_text(word) & mask;; i = (i + 1) & mask) {
    const TextSlot& slot = table[i];
    if (slot.value == none) return none;
    if (slot.first == word.first && slot.text.size == word.text.size() &&
        same_rest(bytes.data() + slot.text.at, word.text.data(), word.text.size())) {
      return slot.value;
    }
  }
}

inline Index RuleSet::find_number(Range slots, double number) const {
  if (slots.empty()) return none;
  const Index mask = slots.size() - 1;
  if (mask <= 3) {  // cheaper than to hash
    Index found = none;
    for (Index i = 0; i <= mask; ++i) {
      const NumberSlot& slot = number_slots.data()[slots.first + i];
      if (slot.number == number && slot.value != none) found = slot.value;
    }
    return found;
  }
  for (Index i = hash_number(number) & mask;; i = (i + 1) & mask) {
    const NumberSlot& slot = number_slots.data()[slots.first + i];
    if (slot.value == none) return none;
    if (slot.number == number) return slot.value;
  }
}

inline Index RuleSet::find_key(const KeyNode& node, const Word& word) const {
  if ((node.lengths >> word.text.size() % 64 & 1) == 0) return none;
  const Index mask = node.slots.size() - 1;
  const KeySlot* const table = key_slots.data() + node.slots.first;
  const auto is_it = [&](const KeySlot& slot) {
    return slot.first == word.first && slot.key.size == word.text.size() &&
           same_rest(bytes.data() + slot.key.at, word.text.data(), word.text.size());
  };
  if (mask <= 3) {  // cheaper than to hash
    for (Index i = 0; i <= mask; ++i) {
      if (table[i].node != none && is_it(table[i])) return table[i].node;
    }
    return none;
  }
  for (Index i = hash_text(word) & mask;; i = (i + 1) & mask) {
    if (table[i].node == none || is_it(table[i])) return table[i].node;
  }
}

}  // namespace tocsin::pattern
