#include <algorithm>
#include <map>
#include <span>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "pattern/detail/build.h"
#include "pattern/detail/event.h"
#include "pattern/detail/syntax.h"
#include "pattern/detail/text.h"
#include "pattern/pattern.h"

namespace tocsin::pattern {
namespace {

constexpr std::size_t found_max = 8;

// Which of some conjunctions of clauses hold for an event; `holds[i]` is of conjunctions[i].
Result<std::vector<bool>> try_each(std::vector<SubRule> conjunctions, std::string_view event) {
  std::vector<ParsedRule> rules;
  for (std::size_t i = 0; i < conjunctions.size(); ++i) {
    ParsedPattern pattern;
    pattern.sub_rules.push_back(std::move(conjunctions[i]));
    rules.push_back({static_cast<RuleId>(i), std::make_shared<const ParsedPattern>(std::move(pattern))});
  }
  Matcher matcher;
  std::vector<RuleId> matched;
  auto result = matcher.match(*build(rules), event, matched);
  if (!result) return pass_on(result);
  std::vector<bool> holds(rules.size());
  for (const RuleId id : matched) holds[static_cast<std::size_t>(id)] = true;
  return holds;
}

std::vector<SubRule> each_alone(std::span<const SubRule> sub_rules, std::map<const Clause*, std::size_t>& numbers) {
  std::vector<SubRule> alone;
  for (const SubRule& sub_rule : sub_rules) {
    for (const auto& clause : sub_rule) {
      if (numbers.try_emplace(clause.get(), numbers.size()).second) alone.push_back({clause});
    }
  }
  return alone;
}

// The first `n` clauses together, for n from 1 on.
std::vector<SubRule> beginnings(const SubRule& sub_rule) {
  std::vector<SubRule> all;
  for (auto end = sub_rule.begin(); end != sub_rule.end(); ++end) all.emplace_back(sub_rule.begin(), std::next(end));
  return all;
}

// The values at the clause's path as JSON; `total` counts all of them.
std::vector<std::string> values_at(const std::shared_ptr<const Clause>& clause, std::string_view text,
                                   std::size_t& total) {
  ParsedPattern pattern;
  pattern.sub_rules.push_back({clause});
  const ParsedRule rule{RuleId{0}, std::make_shared<const ParsedPattern>(std::move(pattern))};
  const auto rules = build({&rule, 1});
  Event event;
  std::vector<std::string> values;
  if (scan(*rules, text, event).reason != nullptr) return values;
  total = event.leaf_count;
  for (std::size_t i = 0; i < std::min(total, found_max); ++i) {
    const Leaf& leaf = event.leaves[i];
    values.push_back(leaf.kind == Leaf::Kind::string ? quoted(leaf.text()) : std::string(leaf.text()));
  }
  return values;
}

void describe(Explanation& explanation, bool holds_alone, std::size_t total) {
  const std::string values =
      total > explanation.found.size()
          ? fmt::format("{} and {} more", fmt::join(explanation.found, ", "), total - explanation.found.size())
          : fmt::format("{}", fmt::join(explanation.found, ", "));
  if (holds_alone) {
    explanation.reason =
        fmt::format("{} is {}: {} holds for it, but not in the same array element as the conditions before it.",
                    explanation.path, values.empty() ? "absent" : values, explanation.wanted);
  } else if (explanation.found.empty()) {
    explanation.reason = fmt::format("{} has no value, but {} is wanted.", explanation.path, explanation.wanted);
  } else {
    explanation.reason = fmt::format("{} is {}, but {} is wanted.", explanation.path, values, explanation.wanted);
  }
}

}  // namespace

Result<Explanation> explain(std::string_view pattern, std::string_view event, const Limits& limits) {
  auto parsed = parse_pattern(pattern, limits);
  if (!parsed) return pass_on(parsed);
  std::map<const Clause*, std::size_t> numbers;
  auto alone = try_each(each_alone(parsed->sub_rules, numbers), event);
  if (!alone) return pass_on(alone);
  auto whole = try_each(parsed->sub_rules, event);
  if (!whole) return pass_on(whole);
  Explanation explanation;
  explanation.matched = std::find(whole->begin(), whole->end(), true) != whole->end();
  if (explanation.matched) {
    explanation.reason = "Every condition holds.";
    return explanation;
  }
  const auto holds = [&](const std::shared_ptr<const Clause>& clause) { return (*alone)[numbers.at(clause.get())]; };
  const auto count = [&](const SubRule& sub_rule) { return std::count_if(sub_rule.begin(), sub_rule.end(), holds); };
  const auto missing = [&](const SubRule& sub_rule) { return static_cast<long>(sub_rule.size()) - count(sub_rule); };
  // The branch with the fewest conditions that fail; of equal ones the one with the most that hold, then the first.
  const SubRule& furthest =
      *std::min_element(parsed->sub_rules.begin(), parsed->sub_rules.end(), [&](const SubRule& a, const SubRule& b) {
        return std::pair(missing(a), -count(a)) < std::pair(missing(b), -count(b));
      });
  std::size_t failed =
      static_cast<std::size_t>(std::find_if_not(furthest.begin(), furthest.end(), holds) - furthest.begin());
  const bool holds_alone = failed == furthest.size();
  if (holds_alone) {
    auto together = try_each(beginnings(furthest), event);
    if (!together) return pass_on(together);
    failed = static_cast<std::size_t>(std::find(together->begin(), together->end(), false) - together->begin());
    failed = std::min(failed, furthest.size() - 1);
  }
  explanation.path = furthest[failed]->path;
  explanation.wanted = furthest[failed]->source;
  std::size_t total = 0;
  explanation.found = values_at(furthest[failed], event, total);
  describe(explanation, holds_alone, total);
  return explanation;
}

}  // namespace tocsin::pattern
