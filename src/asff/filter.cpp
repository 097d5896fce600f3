#include "asff/filter.h"

#include <algorithm>

#include <fmt/format.h>

#include "asff/detail/filter_conditions.h"

namespace tocsin::asff {

struct Filter::Program {
  struct Clause {
    const detail::FilterField* field;
    detail::Conditions conditions;
  };
  std::vector<Clause> clauses;
};

Result<Filter> Filter::compile(const json::object& filters) {
  if (filters.size() > filter_names_max)
    return fail(ErrorCode::validation,
                fmt::format("Invalid filters: at most {} finding attributes are allowed", filter_names_max),
                "InvalidInputException", "Filters");
  auto program = std::make_shared<Program>();
  for (const auto& [name, conditions] : filters) {
    const auto* field = detail::filter_field(name);
    if (!field)
      return fail(ErrorCode::validation, fmt::format("Invalid filter {}: there is no such filter", name.substr(0, 64)),
                  "InvalidInputException", fmt::format("Filters.{}", name.substr(0, 64)));
    auto compiled = detail::compile_conditions(*field, conditions);
    if (!compiled) return pass_on(compiled);
    program->clauses.push_back({field, std::move(*compiled)});
  }
  Filter filter;
  filter.program_ = std::move(program);
  return filter;
}

bool Filter::matches(const json::object& finding, Time now) const {
  return !program_ || std::ranges::all_of(program_->clauses, [&](const Program::Clause& clause) {
    return detail::holds(*clause.field, clause.conditions, finding, now);
  });
}

std::optional<std::vector<std::string>> Filter::only_values(std::string_view filter_name) const {
  if (!program_) return std::nullopt;
  const auto clause =
      std::ranges::find(program_->clauses, filter_name, [](const Program::Clause& c) { return c.field->name; });
  if (clause == program_->clauses.end()) return std::nullopt;
  const auto* conditions = std::get_if<std::vector<detail::TextCondition>>(&clause->conditions);
  if (!conditions || conditions->empty() || clause->field->kind != detail::FilterKind::string) return std::nullopt;
  std::vector<std::string> values;
  for (const auto& condition : *conditions) {
    if (condition.comparison != detail::Comparison::equals) return std::nullopt;
    values.push_back(condition.value);
  }
  return values;
}

bool Filter::matches_everything() const {
  return !program_ || program_->clauses.empty();
}

}  // namespace tocsin::asff
