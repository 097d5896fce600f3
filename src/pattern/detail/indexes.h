// Lays out the value indexes of a rule set (PathIndex) from the conditions that sub-rules are posted under.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "pattern/detail/program.h"
#include "pattern/detail/syntax.h"

namespace tocsin::pattern {

// The exact values that rules name at one path, with their value ids.
struct PathValues {
  std::unordered_map<std::string, Index> strings, number_texts;
  std::unordered_map<double, Index> numbers;
};

// Open-addressing tables; empty for no values.
Range lay_out_texts(RuleSet& set, const std::unordered_map<std::string, Index>& values);
Range lay_out_numbers(RuleSet& set, const std::unordered_map<double, Index>& values);

// Collects which sub-rule is to be found by which condition.
class PostingLists {
 public:
  explicit PostingLists(RuleSet& set) : set_(set), paths_(set.paths.size()) {}

  void post_always(Index sub_rule);
  // `predicate` is the compiled `clause`, and the sub-rule's first.
  void post(Index sub_rule, Index predicate, const Clause& clause);
  void lay_out();

 private:
  struct TextPosting {
    std::string text;
    Posting posting;
  };
  struct Interval {
    double low, high;
    Posting posting;
  };
  struct NetPosting {
    Prefix net;
    Posting posting;
  };
  struct Path {
    std::vector<TextPosting> folded, prefixes, suffixes, folded_prefixes, folded_suffixes;
    std::vector<Interval> intervals;
    std::vector<NetPosting> nets_v4, nets_v6;
    std::vector<Posting> on_true, on_false, on_null, on_string, on_present;
    bool is_used = false;
  };

  void post_alternative(Index sub_rule, Path& path, const Alternative& alternative);
  void post_wildcard(Index sub_rule, Path& path, const std::vector<std::string>& pieces);
  Posting sure(Index sub_rule) const;
  Range lay_out_list(const std::vector<Posting>& list);
  Range lay_out_affixes(std::vector<TextPosting>& list);
  Range lay_out_folded(std::vector<TextPosting>& list);
  Range lay_out_nets(std::vector<NetPosting>& list);
  NumericIndex lay_out_intervals(const std::vector<Interval>& list);
  void lay_out_values();
  Text add_bytes(std::string_view text);

  RuleSet& set_;
  std::vector<Path> paths_;
  std::vector<std::pair<Index, Posting>> value_postings_;  // by value id
  std::vector<Posting> always_;
};

}  // namespace tocsin::pattern
