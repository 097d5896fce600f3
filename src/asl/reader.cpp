#include "asl/detail/reader.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "asl/history.h"

namespace tocsin::asl {

void Report::error(std::string_view code, std::string message, std::optional<std::string> location) {
  failed_ = true;
  if (location && location->empty()) location = "/";
  // Past the limit an error takes a warning's place: a definition is not refused without a word.
  if (diagnostics_.size() >= diagnostics_max && diagnostics_.back().severity == Severity::error) return;
  if (diagnostics_.size() >= diagnostics_max) diagnostics_.pop_back();
  diagnostics_.push_back({Severity::error, std::string(code), std::move(message), std::move(location)});
}

void Report::warning(std::string_view code, std::string message, std::string location) {
  if (diagnostics_.size() >= diagnostics_max) return;
  diagnostics_.push_back({Severity::warning, std::string(code), std::move(message), std::move(location)});
}

const json::value* Reader::take(std::string_view field) {
  taken_.push_back(field);
  return object_.if_contains(field);
}

std::optional<std::string> Reader::take_string(std::string_view field, bool may_be_empty) {
  const auto* value = take(field);
  if (!value) return std::nullopt;
  if (!value->is_string()) {
    wrong(field, "Expected value of type String");
    return std::nullopt;
  }
  if (value->get_string().empty() && !may_be_empty) {
    wrong(field, "Value cannot be empty");
    return std::nullopt;
  }
  return std::string(std::string_view(value->get_string()));
}

std::optional<bool> Reader::take_bool(std::string_view field) {
  const auto* value = take(field);
  if (!value) return std::nullopt;
  if (value->is_bool()) return value->get_bool();
  wrong(field, "Expected value of type Boolean");
  return std::nullopt;
}

std::optional<double> Reader::take_number(std::string_view field, Range range) {
  const auto* value = take(field);
  if (!value) return std::nullopt;
  double number = 0;
  if (value->is_int64())
    number = static_cast<double>(value->get_int64());
  else if (value->is_uint64())
    number = static_cast<double>(value->get_uint64());
  else if (value->is_double())
    number = value->get_double();
  const bool whole = value->is_number() && std::floor(number) == number;
  if (!value->is_number() || (range.whole && !whole)) {
    wrong(field, range.whole ? "Expected value of type Integer" : "Expected value of type Number");
    return std::nullopt;
  }
  if (number < range.min || number > range.max) {
    wrong(field, fmt::format("Value must be between {} and {}", range.min, range.max));
    return std::nullopt;
  }
  return number;
}

const json::object* Reader::take_object(std::string_view field) {
  const auto* value = take(field);
  if (!value) return nullptr;
  if (!value->is_object()) wrong(field, "Expected value of type Object");
  return value->if_object();
}

const json::array* Reader::take_array(std::string_view field) {
  const auto* value = take(field);
  if (!value) return nullptr;
  if (!value->is_array()) wrong(field, "Expected value of type Array");
  return value->if_array();
}

std::optional<PathExpression> Reader::take_path(std::string_view field) {
  const auto text = take_string(field);
  if (!text) return std::nullopt;
  auto path = parse_path(*text);
  if (path) return std::move(*path);
  wrong(field, fmt::format("The value for the field '{}' must be a valid JSONPath", field));
  return std::nullopt;
}

NumberField Reader::take_number_or_path(std::string_view field, Range range) {
  NumberField read;
  const auto path_field = std::string(field) + "Path";
  read.value = take_number(field, range);
  taken_.push_back(field);
  if (const auto* value = object_.if_contains(path_field)) {
    read.path = parse_path_value(*value, path_field);
  }
  owned_.push_back(path_field);
  exclude(field, path_field);
  return read;
}

std::optional<PathExpression> Reader::parse_path_value(const json::value& value, std::string_view field) {
  if (value.is_string())
    if (auto path = parse_path(value.get_string())) return std::move(*path);
  wrong(field, fmt::format("The value for the field '{}' must be a valid JSONPath", field));
  return std::nullopt;
}

PathField Reader::take_path_or_null(std::string_view field) {
  PathField read;
  const auto* value = take(field);
  if (!value) return read;
  if (value->is_null()) {
    read.is_null = true;
  } else if (auto path = parse_path_value(*value, field)) {
    read.path = std::move(*path);
  }
  return read;
}

ResultPath Reader::take_result_path(std::string_view field) {
  ResultPath read;
  const auto* value = take(field);
  if (!value) return read;
  if (value->is_null()) {
    read.is_null = true;
    return read;
  }
  if (value->is_string()) {
    auto path = parse_path(value->get_string());
    if (path && path->root == PathExpression::Root::input && path->path.is_reference()) {
      read.path = std::move(path->path);
      return read;
    }
  }
  wrong(field, fmt::format("The value for the field '{}' must be a valid reference path", field));
  return read;
}

std::optional<Template> Reader::take_template(std::string_view field) {
  const auto* value = take(field);
  if (!value) return std::nullopt;
  return read_template(*value, below(field), report_);
}

std::optional<Template> Reader::take_assign() {
  const auto* object = take_object("Assign");
  if (!object) return std::nullopt;
  for (const auto& member : *object) {
    std::string_view name = member.key();
    if (name.ends_with(".$")) name.remove_suffix(2);
    if (!is_variable_name(name))
      report_.schema(fmt::format("'{}' is not a valid variable name", name), below("Assign"));
  }
  return read_template(*object, below("Assign"), report_);
}

std::optional<std::vector<std::string>> Reader::take_errors() {
  const auto* array = take_array("ErrorEquals");
  if (!array) {
    if (!has("ErrorEquals")) missing({"ErrorEquals"});
    return std::nullopt;
  }
  std::vector<std::string> errors;
  for (const auto& error : *array) {
    if (!error.is_string()) {
      wrong("ErrorEquals", "Expected value of type String");
      return std::nullopt;
    }
    errors.emplace_back(std::string_view(error.get_string()));
  }
  if (errors.empty()) wrong("ErrorEquals", "Value cannot be empty");
  if (errors.size() > 1 && std::find(errors.begin(), errors.end(), "States.ALL") != errors.end())
    wrong("ErrorEquals", "States.ALL must appear alone in the ErrorEquals array");
  return errors;
}

void Reader::missing(std::initializer_list<std::string_view> fields) {
  report_.schema(fmt::format("These fields are required: [{}]", fmt::join(fields, ", ")), location_);
}

void Reader::exclude(std::string_view one, std::string_view other) {
  if (has(one) && has(other))
    report_.schema(fmt::format("Only one of these fields may be set: [{}, {}]", one, other), location_);
}

void Reader::refuse_others() {
  for (const auto& member : object_) {
    const std::string_view name = member.key();
    if (std::find(taken_.begin(), taken_.end(), name) == taken_.end() &&
        std::find(owned_.begin(), owned_.end(), name) == owned_.end())
      report_.schema(fmt::format("Field '{}' is not supported", name.substr(0, 200)), location_);
  }
}

namespace {

bool is_constant(const Template& part) {
  return std::holds_alternative<json::value>(part.form);
}

Template read_field(std::string_view field, const json::value& value, const std::string& location, Report& report) {
  if (value.is_string())
    if (auto expression = parse_expression(value.get_string()))
      return {Template::Evaluated{std::string(field), std::move(*expression)}};
  report.schema(
      fmt::format("The value for the field '{}' must be a valid JSONPath or a valid intrinsic function call", field),
      location);
  return {json::value()};
}

Template read_members(const json::object& object, const std::string& location, Report& report) {
  Template::Members members;
  bool constant = true;
  for (const auto& member : object) {
    const std::string_view key = member.key();
    const auto place = location + "/" + std::string(key);
    if (key.ends_with(".$")) {
      const auto name = key.substr(0, key.size() - 2);
      if (object.contains(name))
        report.schema(fmt::format("The field '{}' is set twice, as '{}' and as '{}'", name, name, key), location);
      members.names.emplace_back(name);
      members.values.push_back(read_field(key, member.value(), place, report));
      constant = false;
    } else {
      members.names.emplace_back(key);
      members.values.push_back(read_template(member.value(), place, report));
      constant = constant && is_constant(members.values.back());
    }
  }
  if (constant) return {json::value(object)};
  return {std::move(members)};
}

}  // namespace

Template read_template(const json::value& value, const std::string& location, Report& report) {
  if (const auto* object = value.if_object()) return read_members(*object, location, report);
  if (const auto* array = value.if_array()) {
    std::vector<Template> elements;
    bool constant = true;
    for (std::size_t i = 0; i < array->size(); ++i) {
      elements.push_back(read_template((*array)[i], fmt::format("{}[{}]", location, i), report));
      constant = constant && is_constant(elements.back());
    }
    if (!constant) return {std::move(elements)};
  }
  return {value};
}

}  // namespace tocsin::asl
