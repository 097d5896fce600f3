#include <algorithm>
#include <charconv>

#include <arpa/inet.h>
#include <fmt/format.h>

#include "asff/detail/filter_conditions.h"
#include "asff/filter.h"
#include "asff/validate.h"

namespace tocsin::asff::detail {
namespace {

std::unexpected<Error> invalid(const FilterField& field, std::string_view why) {
  return fail(ErrorCode::validation, fmt::format("Invalid filter {}: {}", field.name, why), "InvalidInputException",
              fmt::format("Filters.{}", field.name));
}

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n\f\v") == text.npos;
}

// The text member `name`, required and not blank.
Result<std::string> text_of(const FilterField& field, const json::object& from, std::string_view name) {
  const auto text = string_at(from, name);
  if (is_blank(text)) return invalid(field, fmt::format("{} is missing or blank", name));
  return std::string{text};
}

Result<Comparison> comparison_of(const FilterField& field, const json::object& from) {
  static constexpr std::pair<std::string_view, Comparison> names[] = {
      {"EQUALS", Comparison::equals},
      {"PREFIX", Comparison::prefix},
      {"CONTAINS", Comparison::contains},
      {"NOT_EQUALS", Comparison::not_equals},
      {"PREFIX_NOT_EQUALS", Comparison::prefix_not_equals},
      {"NOT_CONTAINS", Comparison::not_contains}};
  const auto name = string_at(from, "Comparison");
  const auto* found = std::ranges::find(names, name, &std::pair<std::string_view, Comparison>::first);
  const bool prefix = name.starts_with("PREFIX");
  if (found == std::end(names) || (prefix && field.kind == FilterKind::map))
    return invalid(field, fmt::format("Comparison '{}' is not one of its comparisons", name.substr(0, 32)));
  return found->second;
}

Result<void> read(const FilterField& field, const json::object& from, std::vector<TextCondition>& out) {
  auto comparison = comparison_of(field, from);
  if (!comparison) return pass_on(comparison);
  auto value = text_of(field, from, "Value");
  if (!value) return pass_on(value);
  TextCondition condition{.comparison = *comparison, .key = {}, .value = std::move(*value)};
  if (field.kind == FilterKind::map) {
    auto key = text_of(field, from, "Key");
    if (!key) return pass_on(key);
    condition.key = std::move(*key);
  }
  out.push_back(std::move(condition));
  return {};
}

Result<void> read(const FilterField& field, const json::object& from, std::vector<NumberCondition>& out) {
  NumberCondition condition;
  const std::pair<const char*, std::optional<double>*> bounds[] = {{"Gte", &condition.gte},
                                                                   {"Lte", &condition.lte},
                                                                   {"Eq", &condition.eq},
                                                                   {"Gt", &condition.gt},
                                                                   {"Lt", &condition.lt}};
  bool any = false;
  for (const auto& [name, bound] : bounds) {
    const auto* value = from.if_contains(name);
    if (!value) continue;
    if (!value->is_number()) return invalid(field, fmt::format("{} must be a number", name));
    *bound = value->to_number<double>();
    any = true;
  }
  if (!any) return invalid(field, "one of Gte, Lte, Eq, Gt and Lt is needed");
  out.push_back(condition);
  return {};
}

Result<void> read(const FilterField& field, const json::object& from, std::vector<DateCondition>& out) {
  DateCondition condition;
  for (const auto& [name, bound] : {std::pair{"Start", &condition.start}, std::pair{"End", &condition.end}}) {
    if (!from.contains(name)) continue;
    const auto time = parse_timestamp(string_at(from, name));
    if (!time) return invalid(field, fmt::format("{} must be a timestamp", name));
    *bound = *time;
  }
  if (const auto* range = from.if_contains("DateRange")) {
    const auto* object = range->if_object();
    const auto days = object ? integer_at(*object, "Value", -1) : -1;
    const auto comparison = object ? string_at(*object, "Comparison", "WITHIN") : "";
    constexpr std::int64_t days_max = 100'000;
    if (days < 0 || days > days_max || string_at(*object, "Unit", "DAYS") != "DAYS" ||
        (comparison != "WITHIN" && comparison != "OLDER_THAN"))
      return invalid(field, "DateRange needs Value (days), Unit DAYS, and Comparison WITHIN or OLDER_THAN");
    if (condition.start || condition.end) return invalid(field, "DateRange cannot be combined with Start or End");
    condition.days = days;
    condition.older = comparison == "OLDER_THAN";
  }
  if (!condition.start && !condition.end && !condition.days)
    return invalid(field, "Start and End, or DateRange, is needed");
  out.push_back(condition);
  return {};
}

Result<void> read(const FilterField& field, const json::object& from, std::vector<Prefix>& out) {
  const std::string text{string_at(from, "Cidr")};
  const auto slash = std::min(text.find('/'), text.size());
  const std::string address = text.substr(0, slash);
  Prefix prefix{.family = address.find(':') == address.npos ? AF_INET : AF_INET6};
  const int bits_max = prefix.family == AF_INET ? 32 : 128;
  prefix.bits = bits_max;
  bool good = inet_pton(prefix.family, address.c_str(), prefix.address.data()) == 1;
  if (slash < text.size()) {
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data() + slash + 1, end, prefix.bits);
    good = good && error == std::errc{} && stop == end && prefix.bits >= 0 && prefix.bits <= bits_max;
  }
  if (!good) return invalid(field, fmt::format("Cidr '{}' is not a network", text.substr(0, 64)));
  out.push_back(prefix);
  return {};
}

Result<void> read(const FilterField& field, const json::object& from, std::vector<KeywordCondition>& out) {
  auto value = text_of(field, from, "Value");
  if (!value) return pass_on(value);
  std::ranges::transform(*value, value->begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  out.push_back({std::move(*value)});
  return {};
}

Result<void> read(const FilterField& field, const json::object& from, std::vector<BooleanCondition>& out) {
  const auto* value = from.if_contains("Value");
  if (!value || !value->is_bool()) return invalid(field, "Value must be true or false");
  out.push_back({value->get_bool()});
  return {};
}

template <class Condition>
Result<Conditions> read_all(const FilterField& field, const json::array& list) {
  std::vector<Condition> out;
  for (const auto& entry : list) {
    if (!entry.is_object()) return invalid(field, "each condition must be an object");
    if (auto done = read(field, entry.get_object(), out); !done) return pass_on(done);
  }
  return Conditions{std::move(out)};
}

// Source: API reference, StringFilter and MapFilter.
Result<void> check_combination(const FilterField& field, const std::vector<TextCondition>& conditions) {
  const auto has = [&](Comparison c) {
    return std::ranges::find(conditions, c, &TextCondition::comparison) != conditions.end();
  };
  const auto only = [&](Comparison c) {
    return std::ranges::all_of(conditions, [&](const TextCondition& t) { return t.comparison == c; });
  };
  if (has(Comparison::equals) && (has(Comparison::not_equals) || has(Comparison::prefix_not_equals)))
    return invalid(field, "EQUALS cannot be combined with NOT_EQUALS or PREFIX_NOT_EQUALS");
  for (const auto lonely : {Comparison::contains, Comparison::not_contains}) {
    if (has(lonely) && !only(lonely))
      return invalid(field, "CONTAINS and NOT_CONTAINS cannot be combined with other comparisons");
  }
  return {};
}

}  // namespace

Result<Conditions> compile_conditions(const FilterField& field, const json::value& conditions) {
  const auto* list = conditions.if_array();
  if (!list) return invalid(field, "a list of conditions is needed");
  if (list->size() > filter_conditions_max)
    return invalid(field, fmt::format("at most {} conditions are allowed", filter_conditions_max));
  switch (field.kind) {
    case FilterKind::number:
      return read_all<NumberCondition>(field, *list);
    case FilterKind::date:
      return read_all<DateCondition>(field, *list);
    case FilterKind::ip:
      return read_all<Prefix>(field, *list);
    case FilterKind::keyword:
      return read_all<KeywordCondition>(field, *list);
    case FilterKind::boolean:
      return read_all<BooleanCondition>(field, *list);
    case FilterKind::string:
    case FilterKind::map:
      break;
  }
  auto out = read_all<TextCondition>(field, *list);
  if (!out) return out;
  if (auto fine = check_combination(field, std::get<0>(*out)); !fine) return pass_on(fine);
  return out;
}

}  // namespace tocsin::asff::detail
