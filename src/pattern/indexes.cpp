#include "pattern/detail/indexes.h"

#include <algorithm>
#include <bit>
#include <tuple>

namespace tocsin::pattern {
namespace {

std::string backwards(std::string_view text) {
  return {text.rbegin(), text.rend()};
}

std::uint64_t heads_of(std::string_view text) {
  return text.size() < 2 ? ~std::uint64_t{0} : head_bit(text[0], text[1]);
}

}  // namespace

Range lay_out_texts(RuleSet& set, const std::unordered_map<std::string, Index>& values) {
  if (values.empty()) return {};
  const auto first = static_cast<Index>(set.text_slots.size());
  const auto size = static_cast<Index>(std::bit_ceil(2 * values.size()));
  set.text_slots.resize(first + size);
  for (const auto& [text, value] : values) {
    const Word word(text);
    Index i = size <= 2 ? 0 : hash_text(word) & (size - 1);
    while (set.text_slots[first + i].value != none) i = (i + 1) & (size - 1);
    set.text_slots[first + i] = {
        word.first, value, {static_cast<Index>(set.bytes.size()), static_cast<Index>(text.size())}};
    set.bytes += text;
  }
  return {first, first + size};
}

Range lay_out_numbers(RuleSet& set, const std::unordered_map<double, Index>& values) {
  if (values.empty()) return {};
  const auto first = static_cast<Index>(set.number_slots.size());
  const auto size = static_cast<Index>(std::bit_ceil(2 * values.size()));
  set.number_slots.resize(first + size);
  for (const auto& [number, value] : values) {
    Index i = hash_number(number) & (size - 1);
    while (set.number_slots[first + i].value != none) i = (i + 1) & (size - 1);
    set.number_slots[first + i] = {number, value};
  }
  return {first, first + size};
}

Posting PostingLists::sure(Index sub_rule) const {
  const CompiledSubRule& compiled = set_.sub_rules[sub_rule];
  if (compiled.predicates.size() == 1) return Posting::of(Posting::rule, compiled.rule);
  return Posting::of(Posting::first_holds, sub_rule);
}

void PostingLists::post_always(Index sub_rule) {
  always_.push_back(Posting::of(Posting::first_is_to_test, sub_rule));
}

void PostingLists::post(Index sub_rule, Index predicate, const Clause& clause) {
  const Predicate& compiled = set_.predicates[predicate];
  Path& path = paths_[compiled.path];
  path.is_used = true;
  const bool takes_any = std::any_of(clause.alternatives.begin(), clause.alternatives.end(), [](const Alternative& a) {
    return a.op == Operator::exists || a.op >= Operator::not_string;
  });
  if (takes_any) {
    path.on_present.push_back(Posting::of(Posting::first_is_to_test, sub_rule));
    return;
  }
  for (Index i = compiled.values.first; i < compiled.values.last; ++i) {
    value_postings_.emplace_back(set_.value_ids[i], sure(sub_rule));
  }
  for (const Alternative& alternative : clause.alternatives) post_alternative(sub_rule, path, alternative);
}

void PostingLists::post_alternative(Index sub_rule, Path& path, const Alternative& alternative) {
  const Posting posting = sure(sub_rule);
  switch (alternative.op) {
    case Operator::literal_true:
      path.on_true.push_back(posting);
      break;
    case Operator::literal_false:
      path.on_false.push_back(posting);
      break;
    case Operator::literal_null:
      path.on_null.push_back(posting);
      break;
    case Operator::prefix:
      path.prefixes.push_back({alternative.texts[0], posting});
      break;
    case Operator::suffix:
      path.suffixes.push_back({backwards(alternative.texts[0]), posting});
      break;
    case Operator::ignore_case:
      path.folded.push_back({alternative.texts[0], posting});
      break;
    case Operator::prefix_ignore_case:
      path.folded_prefixes.push_back({alternative.texts[0], posting});
      break;
    case Operator::suffix_ignore_case:
      path.folded_suffixes.push_back({backwards(alternative.texts[0]), posting});
      break;
    case Operator::wildcard:
      post_wildcard(sub_rule, path, alternative.texts);
      break;
    case Operator::numeric:
      path.intervals.push_back({alternative.low, alternative.high, posting});
      break;
    case Operator::cidr:
      (alternative.net.first.is_v6 ? path.nets_v6 : path.nets_v4).push_back({alternative.net, posting});
      break;
    default:
      break;  // exact values: posted by their ids
  }
}

// By its longer end; the rest is to be tested.
void PostingLists::post_wildcard(Index sub_rule, Path& path, const std::vector<std::string>& pieces) {
  const Posting posting = Posting::of(Posting::first_is_to_test, sub_rule);
  if (pieces.front().empty() && pieces.back().empty()) {
    path.on_string.push_back(posting);
  } else if (pieces.front().size() >= pieces.back().size()) {
    path.prefixes.push_back({pieces.front(), posting});
  } else {
    path.suffixes.push_back({backwards(pieces.back()), posting});
  }
}

Text PostingLists::add_bytes(std::string_view text) {
  const Text at{static_cast<Index>(set_.bytes.size()), static_cast<Index>(text.size())};
  set_.bytes += text;
  return at;
}

Range PostingLists::lay_out_list(const std::vector<Posting>& list) {
  const auto first = static_cast<Index>(set_.postings.size());
  set_.postings.insert(set_.postings.end(), list.begin(), list.end());
  return {first, static_cast<Index>(set_.postings.size())};
}

Range PostingLists::lay_out_affixes(std::vector<TextPosting>& list) {
  std::sort(list.begin(), list.end(), [](const TextPosting& a, const TextPosting& b) {
    return std::tie(a.text, a.posting) < std::tie(b.text, b.posting);
  });
  const auto first = static_cast<Index>(set_.affixes.size());
  std::vector<Index> chain;  // entries that are prefixes of the last one, itself included
  for (std::size_t i = 0; i < list.size();) {
    std::vector<Posting> postings;
    const std::string& text = list[i].text;
    std::size_t end = i;
    for (; end < list.size() && list[end].text == text; ++end) postings.push_back(list[end].posting);
    while (!chain.empty() && !text.starts_with(set_.view(set_.affixes[chain.back()].text))) chain.pop_back();
    const Index parent = chain.empty() ? none : chain.back();
    chain.push_back(static_cast<Index>(set_.affixes.size()));
    const Range range = lay_out_list(postings);
    set_.affixes.push_back({add_bytes(text), parent, range});
    i = end;
  }
  return {first, static_cast<Index>(set_.affixes.size())};
}

Range PostingLists::lay_out_folded(std::vector<TextPosting>& list) {
  std::unordered_map<std::string, Index> texts;
  std::vector<std::vector<Posting>> postings;
  const auto first = static_cast<Index>(set_.folded_postings.size());
  for (const TextPosting& entry : list) {
    const auto [at, is_new] = texts.try_emplace(entry.text, first + static_cast<Index>(postings.size()));
    if (is_new) postings.emplace_back();
    postings[at->second - first].push_back(entry.posting);
  }
  for (const auto& group : postings) set_.folded_postings.push_back(lay_out_list(group));
  return lay_out_texts(set_, texts);
}

Range PostingLists::lay_out_nets(std::vector<NetPosting>& list) {
  std::sort(list.begin(), list.end(), [](const NetPosting& a, const NetPosting& b) {
    return std::tie(a.net, a.posting) < std::tie(b.net, b.posting);
  });
  const auto first = static_cast<Index>(set_.net_entries.size());
  std::vector<Index> chain;
  for (std::size_t i = 0; i < list.size();) {
    std::vector<Posting> postings;
    std::size_t end = i;
    for (; end < list.size() && list[end].net == list[i].net; ++end) postings.push_back(list[end].posting);
    const Prefix net = list[i].net;
    while (!chain.empty() && !set_.net_entries[chain.back()].net.contains(net.first)) chain.pop_back();
    const Index parent = chain.empty() ? none : chain.back();
    chain.push_back(static_cast<Index>(set_.net_entries.size()));
    set_.net_entries.push_back({net, parent, lay_out_list(postings)});
    i = end;
  }
  return {first, static_cast<Index>(set_.net_entries.size())};
}

NumericIndex PostingLists::lay_out_intervals(const std::vector<Interval>& list) {
  NumericIndex index;
  if (list.empty()) return index;
  std::vector<double> points;
  for (const Interval& interval : list) {
    points.push_back(interval.low);
    points.push_back(interval.high);
  }
  std::sort(points.begin(), points.end());
  points.erase(std::unique(points.begin(), points.end()), points.end());
  index.points.first = static_cast<Index>(set_.points.size());
  set_.points.insert(set_.points.end(), points.begin(), points.end());
  index.points.last = static_cast<Index>(set_.points.size());
  index.leaf_count = static_cast<Index>(std::bit_ceil(2 * points.size() + 1));

  std::vector<std::pair<Index, Posting>> entries;  // by node
  const auto slot = [&](double value) {
    return static_cast<Index>(2 * (std::lower_bound(points.begin(), points.end(), value) - points.begin()) + 1);
  };
  constexpr std::size_t flat_points_max = 16, flat_intervals_max = 32;
  index.is_flat = points.size() <= flat_points_max && list.size() <= flat_intervals_max;
  for (const Interval& interval : list) {
    if (interval.low > interval.high) continue;
    if (index.is_flat) {
      for (Index at = slot(interval.low); at <= slot(interval.high); ++at) {
        entries.emplace_back(index.leaf_count + at, interval.posting);
      }
      continue;
    }
    Index low = slot(interval.low) + index.leaf_count;
    Index high = slot(interval.high) + index.leaf_count + 1;
    for (; low < high; low /= 2, high /= 2) {
      if (low % 2 != 0) entries.emplace_back(low++, interval.posting);
      if (high % 2 != 0) entries.emplace_back(--high, interval.posting);
    }
  }
  std::sort(entries.begin(), entries.end());
  index.postings_nodes.first = static_cast<Index>(set_.numeric_nodes.size());
  set_.numeric_nodes.resize(index.postings_nodes.first + 2 * index.leaf_count);
  index.postings_nodes.last = static_cast<Index>(set_.numeric_nodes.size());
  for (std::size_t i = 0; i < entries.size();) {
    std::vector<Posting> postings;
    const Index node = entries[i].first;
    for (; i < entries.size() && entries[i].first == node; ++i) postings.push_back(entries[i].second);
    set_.numeric_nodes[index.postings_nodes.first + node] = lay_out_list(postings);
  }
  return index;
}

void PostingLists::lay_out_values() {
  std::sort(value_postings_.begin(), value_postings_.end());
  for (std::size_t i = 0; i < value_postings_.size();) {
    const Index value = value_postings_[i].first;
    const auto first = static_cast<Index>(set_.postings.size());
    for (; i < value_postings_.size() && value_postings_[i].first == value; ++i) {
      set_.postings.push_back(value_postings_[i].second);
    }
    set_.value_postings[value] = {first, static_cast<Index>(set_.postings.size())};
  }
}

void PostingLists::lay_out() {
  lay_out_values();
  set_.always = lay_out_list(always_);
  for (std::size_t i = 0; i < paths_.size(); ++i) {
    Path& path = paths_[i];
    PathIndex& index = set_.paths[i];
    index.has_access = path.is_used;
    index.folded = lay_out_folded(path.folded);
    for (const TextPosting& entry : path.prefixes) index.prefix_heads |= heads_of(entry.text);
    for (const TextPosting& entry : path.suffixes) index.suffix_heads |= heads_of(entry.text);
    index.prefixes = lay_out_affixes(path.prefixes);
    index.suffixes = lay_out_affixes(path.suffixes);
    index.folded_prefixes = lay_out_affixes(path.folded_prefixes);
    index.folded_suffixes = lay_out_affixes(path.folded_suffixes);
    index.nets_v4 = lay_out_nets(path.nets_v4);
    index.nets_v6 = lay_out_nets(path.nets_v6);
    for (const Range range : {index.folded, index.prefixes, index.suffixes, index.folded_prefixes,
                              index.folded_suffixes, index.nets_v4, index.nets_v6}) {
      index.has_more_on_strings |= !range.empty();
    }
    index.numeric = lay_out_intervals(path.intervals);
    index.on_true = lay_out_list(path.on_true);
    index.on_false = lay_out_list(path.on_false);
    index.on_null = lay_out_list(path.on_null);
    index.on_string = lay_out_list(path.on_string);
    index.on_present = lay_out_list(path.on_present);
  }
}

}  // namespace tocsin::pattern
