#include <algorithm>
#include <cstring>

#include <arpa/inet.h>

#include "asff/detail/filter_conditions.h"
#include "asff/validate.h"

namespace tocsin::asff::detail {
namespace {

// What a negative comparison denies, and a positive one states.
bool agrees(const TextCondition& condition, std::string_view text) {
  switch (condition.comparison) {
    case Comparison::equals:
    case Comparison::not_equals:
      return text == condition.value;
    case Comparison::prefix:
    case Comparison::prefix_not_equals:
      return text.starts_with(condition.value);
    case Comparison::contains:
    case Comparison::not_contains:
      return text.find(condition.value) != text.npos;
  }
  return false;
}

bool any_agrees(const FilterField& field, const TextCondition& condition, const json::object& finding) {
  return any_at(finding, field.path, [&](const json::value& value) {
    const json::value* text = &value;
    if (field.kind == FilterKind::map) {
      const auto* map = value.if_object();
      text = map ? map->if_contains(condition.key) : nullptr;
    }
    return text && text->is_string() && agrees(condition, text->get_string());
  });
}

// Positive conditions by OR, negative ones by AND.
bool holds_for(const FilterField& field, const std::vector<TextCondition>& conditions, const json::object& finding,
               Time) {
  bool wanted = false;
  bool found = false;
  for (const auto& condition : conditions) {
    if (is_negative(condition.comparison)) {
      if (any_agrees(field, condition, finding)) return false;
    } else {
      wanted = true;
      found = found || any_agrees(field, condition, finding);
    }
  }
  return found || !wanted;
}

bool one_holds(const NumberCondition& condition, const json::value& value) {
  if (!value.is_number()) return false;
  const double number = value.to_number<double>();
  return (!condition.gte || number >= *condition.gte) && (!condition.lte || number <= *condition.lte) &&
         (!condition.eq || number == *condition.eq) && (!condition.gt || number > *condition.gt) &&
         (!condition.lt || number < *condition.lt);
}

bool one_holds(const DateCondition& condition, Time time, Time now) {
  if (condition.days) {
    const Time edge = now - std::chrono::days{*condition.days};
    return condition.older ? time < edge : time >= edge && time <= now;
  }
  return (!condition.start || time >= *condition.start) && (!condition.end || time <= *condition.end);
}

bool one_holds(const Prefix& prefix, std::string_view text) {
  std::array<unsigned char, 16> address{};
  if (inet_pton(prefix.family, std::string{text}.c_str(), address.data()) != 1) return false;
  const auto whole = static_cast<std::size_t>(prefix.bits / 8);
  if (std::memcmp(address.data(), prefix.address.data(), whole) != 0) return false;
  const int rest = prefix.bits % 8;
  if (rest == 0) return true;
  const auto mask = static_cast<unsigned char>(0xFFU << (8 - rest));
  return ((address[whole] ^ prefix.address[whole]) & mask) == 0;
}

// Conditions that look at single values are joined by OR.
template <class Condition, class Holds>
bool any_value(const FilterField& field, const std::vector<Condition>& conditions, const json::object& finding,
               Holds one) {
  return any_at(finding, field.path, [&](const json::value& value) {
    return std::ranges::any_of(conditions, [&](const Condition& condition) { return one(condition, value); });
  });
}

bool holds_for(const FilterField& field, const std::vector<NumberCondition>& conditions, const json::object& finding,
               Time) {
  return any_value(field, conditions, finding,
                   [](const auto& condition, const json::value& value) { return one_holds(condition, value); });
}

bool holds_for(const FilterField& field, const std::vector<DateCondition>& conditions, const json::object& finding,
               Time now) {
  return any_value(field, conditions, finding, [&](const auto& condition, const json::value& value) {
    if (!value.is_string()) return false;
    const auto time = parse_timestamp(value.get_string());
    return time && one_holds(condition, *time, now);
  });
}

bool holds_for(const FilterField& field, const std::vector<Prefix>& conditions, const json::object& finding, Time) {
  return any_value(field, conditions, finding, [](const auto& condition, const json::value& value) {
    return value.is_string() && one_holds(condition, value.get_string());
  });
}

// A finding that does not say is no sample.
bool holds_for(const FilterField& field, const std::vector<BooleanCondition>& conditions, const json::object& finding,
               Time) {
  const bool is =
      any_at(finding, field.path, [](const json::value& value) { return value.is_bool() && value.get_bool(); });
  return std::ranges::any_of(conditions, [&](const BooleanCondition& condition) { return condition.value == is; });
}

bool contains_keyword(std::string_view text, std::string_view lower) {
  const auto same = [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; };
  return std::search(text.begin(), text.end(), lower.begin(), lower.end(), same) != text.end();
}

bool mentions(const json::value& value, std::string_view lower) {
  if (const auto* text = value.if_string()) return contains_keyword(*text, lower);
  if (const auto* array = value.if_array())
    return std::ranges::any_of(*array, [&](const json::value& element) { return mentions(element, lower); });
  if (const auto* object = value.if_object())
    return std::ranges::any_of(*object, [&](const auto& member) { return mentions(member.value(), lower); });
  return false;
}

bool holds_for(const FilterField&, const std::vector<KeywordCondition>& conditions, const json::object& finding, Time) {
  return std::ranges::any_of(conditions, [&](const KeywordCondition& condition) {
    return std::ranges::any_of(finding, [&](const auto& member) { return mentions(member.value(), condition.lower); });
  });
}

}  // namespace

bool holds(const FilterField& field, const Conditions& conditions, const json::object& finding, Time now) {
  return std::visit([&](const auto& list) { return list.empty() || holds_for(field, list, finding, now); }, conditions);
}

}  // namespace tocsin::asff::detail
