#include <charconv>

#include <fmt/format.h>
#include <re2/re2.h>

#include "templates/templates.h"

namespace tocsin::templates {
namespace {

std::string text_of(const json::value& value) {
  if (value.is_string()) return std::string(std::string_view(value.get_string()));
  return to_json(value);
}

std::optional<double> number_of(std::string_view text) {
  double number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec != std::errc{} || read.ptr != text.data() + text.size()) return std::nullopt;
  return number;
}

struct Checked {
  std::string_view name;
  const json::object& declared;
  std::string_view value;

  std::unexpected<Error> refuse(std::string_view why) const {
    const auto own = string_at(declared, "ConstraintDescription");
    return fail(ErrorCode::validation, fmt::format("Parameter '{}' {}", name, own.empty() ? why : own),
                "ValidationError", fmt::format("Parameters.{}", name));
  }
};

Result<void> check_allowed(const Checked& c) {
  const auto* allowed = c.declared.if_contains("AllowedValues");
  if (!allowed || !allowed->is_array()) return {};
  std::string list;
  for (const auto& value : allowed->get_array()) {
    if (text_of(value) == c.value) return {};
    list += (list.empty() ? "" : ", ") + text_of(value);
  }
  return c.refuse(fmt::format("must be one of AllowedValues: [{}]", list));
}

Result<void> check_pattern(const Checked& c) {
  const auto pattern = string_at(c.declared, "AllowedPattern");
  if (pattern.empty()) return {};
  const RE2 expression{std::string(pattern), RE2::Quiet};
  if (!expression.ok()) return c.refuse("has an AllowedPattern that cannot be read");
  if (!RE2::FullMatch(re2::StringPiece(c.value.data(), c.value.size()), expression))
    return c.refuse(fmt::format("must match pattern {}", pattern));
  return {};
}

Result<void> check_bounds(const Checked& c) {
  const auto bound = [&](std::string_view name) -> std::optional<double> {
    const auto* value = c.declared.if_contains(name);
    return value ? number_of(text_of(*value)) : std::nullopt;
  };
  const auto length = static_cast<double>(c.value.size());
  if (const auto least = bound("MinLength"); least && length < *least)
    return c.refuse(fmt::format("must contain at least {} characters", *least));
  if (const auto most = bound("MaxLength"); most && length > *most)
    return c.refuse(fmt::format("must contain at most {} characters", *most));
  if (string_at(c.declared, "Type") != "Number") return {};
  const auto number = number_of(c.value);
  if (!number) return c.refuse("must be a number");
  if (const auto least = bound("MinValue"); least && *number < *least)
    return c.refuse(fmt::format("must be a number not less than {}", *least));
  if (const auto most = bound("MaxValue"); most && *number > *most)
    return c.refuse(fmt::format("must be a number not greater than {}", *most));
  return {};
}

Result<json::value> typed(const Checked& c) {
  const auto type = string_at(c.declared, "Type");
  const bool list = type == "CommaDelimitedList" || type.starts_with("List<");
  for (const auto check : {check_allowed, check_pattern, check_bounds})
    if (!list)
      if (auto done = check(c); !done) return pass_on(done);
  if (!list) return json::value(c.value);
  json::array items;
  for (std::string_view rest = c.value; !rest.empty();) {
    const auto comma = rest.find(',');
    std::string_view item = rest.substr(0, comma);
    while (!item.empty() && item.front() == ' ') item.remove_prefix(1);
    while (!item.empty() && item.back() == ' ') item.remove_suffix(1);
    items.push_back(json::value(item));
    rest = comma == rest.npos ? std::string_view() : rest.substr(comma + 1);
  }
  return json::value(std::move(items));
}

}  // namespace

Result<json::object> parameter_values(const Template& source, const std::map<std::string, std::string>& given) {
  for (const auto& [name, value] : given)
    if (!source.parameters.contains(name))
      return fail(ErrorCode::validation, fmt::format("Parameters: [{}] do not exist in the template", name),
                  "ValidationError", fmt::format("Parameters.{}", name));
  json::object values;
  for (const auto& [name, declared] : source.parameters) {
    if (!declared.is_object())
      return fail(ErrorCode::validation, fmt::format("Parameters.{} must be a map", std::string_view(name)),
                  "ValidationError");
    const auto found = given.find(std::string(name));
    const auto* fallback = declared.get_object().if_contains("Default");
    if (found == given.end() && !fallback)
      return fail(ErrorCode::validation, fmt::format("Parameters: [{}] must have values", std::string_view(name)),
                  "ValidationError", fmt::format("Parameters.{}", std::string_view(name)));
    const std::string text = found != given.end() ? found->second : text_of(*fallback);
    auto value = typed({name, declared.get_object(), text});
    if (!value) return pass_on(value);
    values.emplace(name, std::move(*value));
  }
  return values;
}

}  // namespace tocsin::templates
