#include <algorithm>

#include <re2/re2.h>

#include "jsonpath/detail/filter.h"

namespace tocsin::jsonpath {
namespace {

// What an operand stands for at one item; nothing, where its path finds nothing. Lists of indefinite paths are kept in
// `made`.
const json::value* value_of(const Operand& operand, const json::value& item, const json::value& root, Budget& budget,
                            json::value& made) {
  if (!operand.path) return &operand.constant;
  auto found = select(*operand.path, operand.from_root ? root : item, root, budget);
  if (!found) return nullptr;
  if (operand.path->is_definite()) return found->empty() ? nullptr : found->front();
  json::array list;
  for (const auto* value : *found) list.push_back(*value);
  made = std::move(list);
  return &made;
}

// Jayway's ValueNode.equals: a number and a string are equal where the string is that number.
bool equal_values(const json::value& a, const json::value& b) {
  if (a.is_number() && b.is_string()) {
    auto number = parse_json(std::string_view(b.get_string()));
    return number && number->is_number() && compare_numbers(a, *number) == 0;
  }
  if (a.is_string() && b.is_number()) return equal_values(b, a);
  return equal(a, b);
}

// -1, 0, 1, or 2 where the two have no order.
int order(const json::value& a, const json::value& b) {
  if (a.is_number() && b.is_number()) return compare_numbers(a, b);
  if (a.is_string() && b.is_string()) {
    const int by_bytes = a.get_string().compare(b.get_string());
    return by_bytes < 0 ? -1 : by_bytes > 0 ? 1 : 0;
  }
  return 2;
}

bool holds(const json::value& list, const json::value& wanted) {
  const auto* array = list.if_array();
  return array &&
         std::any_of(array->begin(), array->end(), [&](const auto& value) { return equal_values(value, wanted); });
}

bool all_in(const json::value& some, const json::value& list) {
  const auto* array = some.if_array();
  return array && std::all_of(array->begin(), array->end(), [&](const auto& value) { return holds(list, value); });
}

bool any_in(const json::value& some, const json::value& list) {
  const auto* array = some.if_array();
  return array && std::any_of(array->begin(), array->end(), [&](const auto& value) { return holds(list, value); });
}

bool contains(const json::value& left, const json::value& right) {
  if (left.is_string() && right.is_string())
    return std::string_view(left.get_string()).find(std::string_view(right.get_string())) != std::string_view::npos;
  return holds(left, right);
}

// The number of characters of a string (as UTF-16 counts no more than that in common text), or of elements of an array.
std::optional<std::size_t> size_of(const json::value& value) {
  if (const auto* array = value.if_array()) return array->size();
  if (const auto* text = value.if_string())
    return static_cast<std::size_t>(
        std::count_if(text->begin(), text->end(), [](char c) { return (c & 0xC0) != 0x80; }));
  return std::nullopt;
}

bool compare(const Filter& filter, const json::value& left, const json::value& right) {
  switch (filter.op) {
    case Operator::equal:
      return equal_values(left, right);
    case Operator::not_equal:
      return !equal_values(left, right);
    case Operator::less:
      return order(left, right) == -1;
    case Operator::less_equal:
      return order(left, right) <= 0;
    case Operator::greater:
      return order(left, right) == 1;
    case Operator::greater_equal:
      return order(left, right) == 0 || order(left, right) == 1;
    case Operator::in:
      return holds(right, left);
    case Operator::not_in:
      return !holds(right, left);
    case Operator::contains:
      return contains(left, right);
    case Operator::all:
      return all_in(right, left);
    case Operator::any_of:
      return any_in(left, right);
    case Operator::none_of:
      return left.is_array() && !any_in(left, right);
    case Operator::subset_of:
      return all_in(left, right);
    case Operator::size: {
      const auto size = size_of(left);
      return size && right.is_number() && compare_numbers(json::value(std::uint64_t{*size}), right) == 0;
    }
    case Operator::empty: {
      const auto size = size_of(left);
      return size && right.is_bool() && (*size == 0) == right.get_bool();
    }
    case Operator::exists:
    case Operator::matches:
      break;
  }
  return false;
}

bool test(const Filter& filter, const json::value& item, const json::value& root, Budget& budget) {
  json::value made_left;
  json::value made_right;
  const auto* left = value_of(filter.left, item, root, budget, made_left);
  // An indefinite path exists, as a list, even where the list is empty.
  if (filter.op == Operator::exists) return left != nullptr;
  if (filter.op == Operator::matches) {
    if (!left || left->is_structured() || left->is_null()) return false;
    const std::string text = left->is_string() ? std::string(std::string_view(left->get_string())) : to_json(*left);
    return re2::RE2::FullMatch(text, *filter.right.regex);
  }
  const auto* right = value_of(filter.right, item, root, budget, made_right);
  if (!left || !right) return (filter.op == Operator::not_equal || filter.op == Operator::not_in) && (left || right);
  return compare(filter, *left, *right);
}

}  // namespace

bool accepts(const Filter& filter, const json::value& item, const json::value& root, Budget& budget) {
  if (!budget.spend()) return false;
  const auto passes = [&](const Filter& part) { return accepts(part, item, root, budget); };
  switch (filter.kind) {
    case Filter::Kind::all_of:
      return std::all_of(filter.parts.begin(), filter.parts.end(), passes);
    case Filter::Kind::any_of:
      return std::any_of(filter.parts.begin(), filter.parts.end(), passes);
    case Filter::Kind::negation:
      return !passes(filter.parts.front());
    case Filter::Kind::comparison:
      return test(filter, item, root, budget);
  }
  return false;
}

}  // namespace tocsin::jsonpath
