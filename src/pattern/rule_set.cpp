#include <map>
#include <utility>

#include <fmt/format.h>

#include "pattern/detail/build.h"
#include "pattern/detail/program.h"
#include "pattern/pattern.h"

namespace tocsin::pattern {

struct RuleSetBuilder::State {
  Limits limits;
  std::map<RuleId, std::shared_ptr<const ParsedPattern>> rules;
  std::shared_ptr<const RuleSet> published;  // null: something changed since
};

RuleSetBuilder::RuleSetBuilder(const Limits& limits) : state_(std::make_unique<State>()) {
  state_->limits = limits;
}
RuleSetBuilder::RuleSetBuilder(RuleSetBuilder&&) noexcept = default;
RuleSetBuilder& RuleSetBuilder::operator=(RuleSetBuilder&&) noexcept = default;
RuleSetBuilder::~RuleSetBuilder() = default;

Result<void> RuleSetBuilder::put(RuleId id, std::string_view pattern) {
  auto parsed = parse_pattern(pattern, state_->limits);
  if (!parsed) return pass_on(parsed);
  state_->rules[id] = std::make_shared<const ParsedPattern>(std::move(*parsed));
  state_->published.reset();
  return {};
}

bool RuleSetBuilder::remove(RuleId id) {
  if (state_->rules.erase(id) == 0) return false;
  state_->published.reset();
  return true;
}

std::size_t RuleSetBuilder::size() const {
  return state_->rules.size();
}

std::shared_ptr<const RuleSet> RuleSetBuilder::publish() {
  if (state_->published == nullptr) {
    std::vector<ParsedRule> rules;
    rules.reserve(state_->rules.size());
    for (const auto& [id, pattern] : state_->rules) rules.push_back({id, pattern});
    state_->published = build(rules);
  }
  return state_->published;
}

Result<std::shared_ptr<const RuleSet>> compile(std::span<const Rule> rules, const Limits& limits) {
  RuleSetBuilder builder(limits);
  for (const Rule& rule : rules) {
    auto put = builder.put(rule.id, rule.pattern);
    if (!put) return pass_on(put);
  }
  if (builder.size() != rules.size()) return fail(ErrorCode::validation, "Two rules have the same id");
  return builder.publish();
}

RuleSetFigures figures(const RuleSet& rules) {
  const auto size = [](const auto& v) { return v.capacity() * sizeof(*v.data()); };
  const std::size_t bytes =
      sizeof rules + size(rules.rule_ids) + size(rules.bytes) + size(rules.key_nodes) + size(rules.key_slots) +
      size(rules.paths) + size(rules.path_texts) + size(rules.predicates) + size(rules.conditions) + size(rules.texts) +
      size(rules.value_ids) + size(rules.nets) + size(rules.sub_rules) + size(rules.sub_rule_predicates) +
      size(rules.text_slots) + size(rules.number_slots) + size(rules.value_postings) + size(rules.folded_postings) +
      size(rules.affixes) + size(rules.net_entries) + size(rules.points) + size(rules.numeric_nodes) +
      size(rules.postings);
  return {rules.rule_ids.size(), rules.sub_rules.size(), rules.predicates.size(), rules.paths.size(), bytes};
}

}  // namespace tocsin::pattern
