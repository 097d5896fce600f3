#include "pattern/detail/build.h"

#include <algorithm>
#include <bit>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "pattern/detail/indexes.h"

namespace tocsin::pattern {
namespace {

class Assembler {
 public:
  std::shared_ptr<const RuleSet> assemble(std::span<const ParsedRule> rules) {
    set_->key_nodes.emplace_back();
    children_.emplace_back();
    for (const ParsedRule& rule : rules) {
      const auto number = static_cast<Index>(set_->rule_ids.size());
      set_->rule_ids.push_back(rule.id);
      for (const SubRule& sub_rule : rule.pattern->sub_rules) add_sub_rule(number, sub_rule);
    }
    lay_out_key_tree();
    lay_out_values();
    choose_postings();
    return std::shared_ptr<const RuleSet>(std::move(set_));
  }

 private:
  void add_sub_rule(Index rule, const SubRule& sub_rule) {
    const auto first = static_cast<Index>(set_->sub_rule_predicates.size());
    for (const auto& clause : sub_rule) {
      const Index predicate = intern_predicate(*clause);
      ++uses_[predicate];
      set_->sub_rule_predicates.push_back(predicate);
    }
    set_->sub_rules.push_back({rule, {first, static_cast<Index>(set_->sub_rule_predicates.size())}});
  }

  Text add_bytes(std::string_view text) {
    const Text at{static_cast<Index>(set_->bytes.size()), static_cast<Index>(text.size())};
    set_->bytes += text;
    return at;
  }

  Index intern_path(std::string_view path) {
    const auto [at, is_new] = paths_.try_emplace(std::string(path), static_cast<Index>(set_->paths.size()));
    if (!is_new) return at->second;
    set_->paths.emplace_back();
    set_->path_texts.push_back(add_bytes(path));
    values_.emplace_back();
    Index node = 0;
    for (std::string_view rest = path;;) {
      const std::size_t dot = rest.find('.');
      node = intern_key(node, rest.substr(0, dot));
      if (dot == std::string_view::npos) break;
      rest.remove_prefix(dot + 1);
    }
    set_->key_nodes[node].path = at->second;
    return at->second;
  }

  Index intern_key(Index node, std::string_view key) {
    const auto [at, is_new] = children_[node].try_emplace(std::string(key), static_cast<Index>(set_->key_nodes.size()));
    const Index child = at->second;
    if (is_new) {
      set_->key_nodes.emplace_back();
      children_.emplace_back();
    }
    return child;
  }

  Index intern_predicate(const Clause& clause) {
    const auto [at, is_new] = predicates_.try_emplace(clause.key, static_cast<Index>(set_->predicates.size()));
    if (!is_new) return at->second;
    Predicate predicate;
    predicate.path = intern_path(clause.path);
    std::vector<Index> ids;
    predicate.conditions.first = static_cast<Index>(set_->conditions.size());
    for (const Alternative& alternative : clause.alternatives) add_alternative(alternative, predicate, ids);
    predicate.conditions.last = static_cast<Index>(set_->conditions.size());
    predicate.values = add_value_ids(ids);
    set_->predicates.push_back(predicate);
    clauses_.push_back(&clause);
    uses_.push_back(0);
    return at->second;
  }

  void add_alternative(const Alternative& alternative, Predicate& predicate, std::vector<Index>& ids) {
    PathValues& values = values_[predicate.path];
    switch (alternative.op) {
      case Operator::string:
        ids.push_back(value_id(values.strings, alternative.texts[0]));
        break;
      case Operator::number_text:
        ids.push_back(value_id(values.number_texts, alternative.texts[0]));
        break;
      case Operator::number:
        ids.push_back(value_id(values.numbers, alternative.low));
        break;
      case Operator::literal_true:
        predicate.accepts_true = true;
        break;
      case Operator::literal_false:
        predicate.accepts_false = true;
        break;
      case Operator::literal_null:
        predicate.accepts_null = true;
        break;
      case Operator::exists:
        predicate.accepts_any = true;
        break;
      case Operator::absent:
        predicate.accepts_absence = true;
        break;
      default:
        add_condition(alternative, values);
    }
  }

  void add_condition(const Alternative& alternative, PathValues& values) {
    Condition condition;
    condition.op = alternative.op;
    condition.low = alternative.low;
    condition.high = alternative.high;
    if (alternative.op == Operator::cidr) {
      condition.net = static_cast<Index>(set_->nets.size());
      set_->nets.push_back(alternative.net);
    }
    std::vector<Index> ids;
    if (alternative.op == Operator::not_string) {
      for (const std::string& text : alternative.texts) ids.push_back(value_id(values.strings, text));
    }
    for (const double number : alternative.numbers) ids.push_back(value_id(values.numbers, number));
    condition.values = add_value_ids(ids);
    condition.texts.first = static_cast<Index>(set_->texts.size());
    for (const std::string& text : alternative.texts) add_condition_text(alternative.op, text);
    condition.texts.last = static_cast<Index>(set_->texts.size());
    set_->conditions.push_back(condition);
  }

  void add_condition_text(Operator op, const std::string& text) {
    if (op == Operator::not_string) return;
    if (op != Operator::not_wildcard) {
      set_->texts.push_back(add_bytes(text));
      return;
    }
    std::vector<std::string> pieces;
    std::string reason;
    split_wildcard(text, pieces, reason);
    for (const std::string& piece : pieces) set_->texts.push_back(add_bytes(piece));
    set_->texts.push_back({0, none});
  }

  template <class Map, class Key>
  Index value_id(Map& map, const Key& key) {
    const auto [at, is_new] = map.try_emplace(key, value_count_);
    if (is_new) ++value_count_;
    return at->second;
  }

  Range add_value_ids(std::vector<Index>& ids) {
    std::sort(ids.begin(), ids.end());
    const auto first = static_cast<Index>(set_->value_ids.size());
    set_->value_ids.insert(set_->value_ids.end(), ids.begin(), ids.end());
    return {first, static_cast<Index>(set_->value_ids.size())};
  }

  void lay_out_key_tree() {
    for (std::size_t node = 0; node < children_.size(); ++node) {
      if (children_[node].empty()) continue;
      const auto first = static_cast<Index>(set_->key_slots.size());
      const auto size = static_cast<Index>(std::bit_ceil(2 * children_[node].size()));
      set_->key_slots.resize(first + size);
      set_->key_nodes[node].slots = {first, first + size};
      for (const auto& [key, child] : children_[node]) {
        if (!children_[child].empty()) set_->key_nodes[node].is_deep = true;
        set_->key_nodes[node].lengths |= std::uint64_t{1} << key.size() % 64;
        const Word word(key);
        Index i = size <= 2 ? 0 : hash_text(word) & (size - 1);
        while (set_->key_slots[first + i].node != none) i = (i + 1) & (size - 1);
        set_->key_slots[first + i] = {word.first, child, add_bytes(key)};
      }
    }
  }

  void lay_out_values() {
    set_->value_postings.resize(value_count_);
    for (std::size_t path = 0; path < values_.size(); ++path) {
      PathIndex& index = set_->paths[path];
      index.strings = lay_out_texts(*set_, values_[path].strings);
      index.number_texts = lay_out_texts(*set_, values_[path].number_texts);
      index.numbers = lay_out_numbers(*set_, values_[path].numbers);
    }
  }

  // Estimates how often an event makes the predicate hold: by the kind of its conditions, and by how common they are
  // among the rules, which are written for the events that come.
  double frequency(Index predicate) const {
    double sum = 0;
    const Predicate& p = set_->predicates[predicate];
    for (const Alternative& alternative : clauses_[predicate]->alternatives) sum += prior(alternative);
    double most = 0;
    for (Index i = p.values.first; i < p.values.last; ++i) most += value_uses_[set_->value_ids[i]];
    if (p.values.empty()) most = uses_[predicate];
    return std::min(1.0, sum) + most / (path_uses_[p.path] + 16.0);
  }

  static double prior(const Alternative& alternative) {
    const auto by_length = [&](double one) {
      const std::size_t size = alternative.texts[0].size();
      return size == 0 ? 1.0 : size < 3 ? one : one / 5;
    };
    switch (alternative.op) {
      case Operator::string:
      case Operator::number:
      case Operator::number_text:
      case Operator::ignore_case:
      case Operator::literal_null:
        return 0.02;
      case Operator::prefix:
      case Operator::suffix:
      case Operator::prefix_ignore_case:
      case Operator::suffix_ignore_case:
        return by_length(0.2);
      case Operator::cidr:
        return 0.05;
      case Operator::numeric:
        return 0.3;
      case Operator::literal_true:
      case Operator::literal_false:
        return 0.4;
      case Operator::wildcard:
        return 0.1;
      default:
        return 1.0;
    }
  }

  void count_uses() {
    value_uses_.assign(value_count_, 0);
    path_uses_.assign(set_->paths.size(), 0);
    for (std::size_t i = 0; i < set_->predicates.size(); ++i) {
      const Predicate& predicate = set_->predicates[i];
      path_uses_[predicate.path] += uses_[i];
      for (Index v = predicate.values.first; v < predicate.values.last; ++v) {
        value_uses_[set_->value_ids[v]] += uses_[i];
      }
    }
  }

  // Posts each sub-rule under its rarest predicate, which moves to the front.
  void choose_postings() {
    count_uses();
    std::vector<double> frequencies(set_->predicates.size());
    for (Index i = 0; i < frequencies.size(); ++i) frequencies[i] = frequency(i);
    PostingLists lists(*set_);
    for (Index s = 0; s < set_->sub_rules.size(); ++s) {
      const Range range = set_->sub_rules[s].predicates;
      const auto begin = set_->sub_rule_predicates.begin() + range.first;
      const auto end = set_->sub_rule_predicates.begin() + range.last;
      const auto rank = [&](Index p) { return std::tuple(set_->predicates[p].accepts_absence, frequencies[p], p); };
      std::sort(begin, end, [&](Index a, Index b) { return rank(a) < rank(b); });
      if (set_->predicates[*begin].accepts_absence) {
        lists.post_always(s);
      } else {
        lists.post(s, *begin, *clauses_[*begin]);
      }
    }
    lists.lay_out();
  }

  std::unique_ptr<RuleSet> set_ = std::make_unique<RuleSet>();
  std::unordered_map<std::string, Index> paths_;
  std::unordered_map<std::string_view, Index> predicates_;  // views of Clause::key
  std::vector<std::unordered_map<std::string, Index>> children_;
  std::vector<PathValues> values_;      // by path
  std::vector<const Clause*> clauses_;  // by predicate: one that has it
  std::vector<double> uses_;            // by predicate: in how many sub-rules
  std::vector<double> value_uses_, path_uses_;
  Index value_count_ = 0;
};

}  // namespace

std::shared_ptr<const RuleSet> build(std::span<const ParsedRule> rules) {
  return Assembler().assemble(rules);
}

}  // namespace tocsin::pattern
