#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "asl/detail/intrinsic.h"
#include "asl/history.h"

namespace tocsin::asl {
namespace {

constexpr std::int64_t range_items_max = 1000;

std::unexpected<Error> refuse(std::string message) {
  return fail(ErrorCode::validation, std::move(message));
}

Result<json::array*> array_argument(Arguments& arguments) {
  if (auto* array = arguments[0].if_array()) return array;
  return refuse(fmt::format("argument 1 must be an array, but was: {}", to_text(arguments[0]).substr(0, 200)));
}

Result<json::value> partition(Arguments& arguments) {
  auto array = array_argument(arguments);
  if (!array) return pass_on(array);
  const auto size = integer_argument(arguments, 1);
  if (!size) return refuse(size.error().message);
  if (*size <= 0) return refuse("the size of a partition must be greater than zero");
  json::array parts;
  for (auto& element : **array) {
    if (parts.empty() || static_cast<std::int64_t>(parts.back().get_array().size()) >= *size)
      parts.emplace_back(json::array());
    parts.back().get_array().push_back(std::move(element));
  }
  return json::value(std::move(parts));
}

Result<json::value> range(Arguments& arguments) {
  const auto first = integer_argument(arguments, 0);
  const auto last = integer_argument(arguments, 1);
  const auto step = integer_argument(arguments, 2);
  for (const auto* number : {&first, &last, &step})
    if (!*number) return refuse(number->error().message);
  if (*step == 0) return refuse("the step of a range must not be zero");
  json::array items;
  for (std::int64_t value = *first; *step > 0 ? value <= *last : value >= *last;) {
    if (static_cast<std::int64_t>(items.size()) >= range_items_max) return refuse("a range has at most 1000 items");
    items.emplace_back(value);
    if (__builtin_add_overflow(value, *step, &value)) break;
  }
  return json::value(std::move(items));
}

Result<json::value> get_item(Arguments& arguments) {
  auto array = array_argument(arguments);
  if (!array) return pass_on(array);
  const auto index = integer_argument(arguments, 1);
  if (!index) return refuse(index.error().message);
  if (*index < 0 || *index >= static_cast<std::int64_t>((*array)->size()))
    return refuse(fmt::format("index {} is outside of the array of {} items", *index, (*array)->size()));
  return std::move((**array)[static_cast<std::size_t>(*index)]);
}

Result<json::value> contains(Arguments& arguments) {
  auto array = array_argument(arguments);
  if (!array) return pass_on(array);
  return json::value(std::any_of((*array)->begin(), (*array)->end(),
                                 [&](const auto& element) { return jsonpath::equal(element, arguments[1]); }));
}

// Text under which equal values meet: numbers in one form, keys in order.
void append_key(std::string& out, const json::value& value) {
  if (const auto* object = value.if_object()) {
    std::set<std::string_view> names;
    for (const auto& member : *object) names.insert(member.key());
    out += '{';
    for (const auto name : names) {
      out += to_text(json::string(name)) + ":";
      append_key(out, object->at(name));
      out += ',';
    }
    out += '}';
  } else if (const auto* array = value.if_array()) {
    out += '[';
    for (const auto& element : *array) {
      append_key(out, element);
      out += ',';
    }
    out += ']';
  } else if (value.is_double() && value.get_double() == static_cast<double>(static_cast<std::int64_t>(
                                                            std::clamp(value.get_double(), -9e18, 9e18)))) {
    out += std::to_string(static_cast<std::int64_t>(value.get_double()));
  } else {
    out += to_text(value);
  }
}

Result<json::value> unique(Arguments& arguments) {
  auto array = array_argument(arguments);
  if (!array) return pass_on(array);
  std::set<std::string> seen;
  json::array kept;
  for (auto& element : **array) {
    std::string key;
    append_key(key, element);
    if (seen.insert(std::move(key)).second) kept.push_back(std::move(element));
  }
  return json::value(std::move(kept));
}

}  // namespace

Result<json::value> call_array_function(Function function, Arguments& arguments) {
  switch (function) {
    case Function::array_partition:
      return partition(arguments);
    case Function::array_range:
      return range(arguments);
    case Function::array_get_item:
      return get_item(arguments);
    case Function::array_contains:
      return contains(arguments);
    case Function::array_unique:
      return unique(arguments);
    case Function::array_length: {
      auto array = array_argument(arguments);
      if (!array) return pass_on(array);
      return json::value(static_cast<std::int64_t>((*array)->size()));
    }
    default:
      break;
  }
  json::array items;  // States.Array
  items.reserve(arguments.size());
  for (auto& argument : arguments) items.push_back(std::move(argument));
  return json::value(std::move(items));
}

}  // namespace tocsin::asl
