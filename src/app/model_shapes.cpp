#include "app/model_shapes.h"

#include <algorithm>

#include <fmt/format.h>

#include "api/input.h"
#include "digest/digest.h"

namespace tocsin::app {
namespace {

using api::Shape;
using api::Type;

constexpr int depth_max = 64;

char upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}
char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string pascal(std::string_view name) {
  std::string text{name};
  if (!text.empty()) text[0] = upper(text[0]);
  return text;
}

const api::Member* find_member(const Shape& shape, std::string_view name) {
  std::string own{name};
  if (own.empty() || own[0] != upper(own[0])) return nullptr;
  if (const auto* member = shape.find(own)) return member;
  own[0] = lower(own[0]);
  return shape.find(own);
}

std::string as_text(const json::value& value) {
  return value.is_string() ? std::string(std::string_view(value.get_string())) : to_json(value);
}

Result<json::value> read(const json::value& given, const Shape& shape, const std::string& path, int depth);

Result<json::value> read_structure(const json::object& given, const Shape& shape, const std::string& path, int depth) {
  json::object read_members;
  for (const auto& [name, value] : given) {
    const std::string below = path.empty() ? std::string(name) : fmt::format("{}.{}", path, std::string_view(name));
    const auto* member = find_member(shape, name);
    if (!member)
      return fail(ErrorCode::validation, fmt::format("The field '{}' is not supported by Step Functions", below), {},
                  below);
    if (value.is_null()) continue;
    auto read_value = read(value, *member->shape, below, depth + 1);
    if (!read_value) return read_value;
    read_members[member->name] = std::move(*read_value);
  }
  return json::value(std::move(read_members));
}

// As the service does: JSON where the API wants text is written out, and blobs are the text's bytes.
Result<json::value> read(const json::value& given, const Shape& shape, const std::string& path, int depth) {
  if (depth > depth_max) return fail(ErrorCode::validation, "The parameters are nested too deep", {}, path);
  if (shape.type == Type::string) return json::value(as_text(given));
  if (shape.type == Type::blob) return json::value(digest::base64(as_text(given)));
  if (shape.type == Type::structure && given.is_object()) return read_structure(given.get_object(), shape, path, depth);
  if (shape.type == Type::list && given.is_array()) {
    json::array list;
    for (const auto& element : given.get_array()) {
      auto value = read(element, *shape.element.shape, fmt::format("{}[{}]", path, list.size()), depth + 1);
      if (!value) return value;
      list.push_back(std::move(*value));
    }
    return json::value(std::move(list));
  }
  if (shape.type == Type::map && given.is_object()) {
    json::object map;
    for (const auto& [key, element] : given.get_object()) {
      auto value = read(element, *shape.value.shape, fmt::format("{}.{}", path, std::string_view(key)), depth + 1);
      if (!value) return value;
      map[key] = std::move(*value);
    }
    return json::value(std::move(map));
  }
  return given;
}

void write(json::value& value, const Shape& shape, int depth) {
  if (depth > depth_max) return;
  if (shape.type == Type::blob && value.is_string()) {
    if (auto bytes = digest::from_base64(std::string_view(value.get_string()))) value = std::move(*bytes);
  } else if (shape.type == Type::structure && value.is_object()) {
    json::object named;
    for (auto& [name, member_value] : value.get_object()) {
      if (const auto* member = shape.find(name)) write(member_value, *member->shape, depth + 1);
      named[pascal(name)] = std::move(member_value);
    }
    value = std::move(named);
  } else if (shape.type == Type::list && value.is_array()) {
    for (auto& element : value.get_array()) write(element, *shape.element.shape, depth + 1);
  } else if (shape.type == Type::map && value.is_object()) {
    for (auto& [key, element] : value.get_object()) write(element, *shape.value.shape, depth + 1);
  }
}

std::optional<std::string> misfit(const json::value& value, const Shape& shape, const std::string& field,
                                  bool is_strict, int depth);

std::optional<std::string> wrong_type(std::string_view field, std::string_view type) {
  return fmt::format("Mock result schema validation error: Field '{}' must be {}", field, type);
}

std::optional<std::string> misfit_structure(const json::object& given, const Shape& shape, bool is_strict, int depth) {
  for (const auto& member : shape.members)
    if (is_strict && member.required && !given.contains(pascal(member.name)))
      return fmt::format("Mock result schema validation error: Required field '{}' is missing", pascal(member.name));
  // What the model does not know is let through: the service may be newer.
  for (const auto& [name, value] : given)
    if (const auto* member = find_member(shape, name))
      if (auto problem = misfit(value, *member->shape, std::string(name), is_strict, depth + 1)) return problem;
  return std::nullopt;
}

std::optional<std::string> misfit_elements(const json::value& value, const Shape& shape, const std::string& field,
                                           bool is_strict, int depth) {
  if (shape.type == Type::list) {
    if (!value.is_array()) return wrong_type(field, "an array");
    for (const auto& element : value.get_array())
      if (auto problem = misfit(element, *shape.element.shape, field, is_strict, depth + 1)) return problem;
    return std::nullopt;
  }
  if (!value.is_object()) return wrong_type(field, "an object");
  for (const auto& [key, element] : value.get_object())
    if (auto problem = misfit(element, *shape.value.shape, field, is_strict, depth + 1)) return problem;
  return std::nullopt;
}

std::optional<std::string> misfit(const json::value& value, const Shape& shape, const std::string& field,
                                  bool is_strict, int depth) {
  if (depth > depth_max) return std::nullopt;
  switch (shape.type) {
    case Type::structure:
      if (!value.is_object())
        return depth == 0 ? std::optional<std::string>("Mock result must be a valid JSON object")
                          : wrong_type(field, "an object");
      return misfit_structure(value.get_object(), shape, is_strict, depth);
    case Type::list:
    case Type::map:
      return misfit_elements(value, shape, field, is_strict, depth);
    case Type::string:
      if (!value.is_string()) return wrong_type(field, "a string");
      if (!shape.allowed.empty() &&
          std::ranges::find(shape.allowed, std::string_view(value.get_string())) == shape.allowed.end())
        return fmt::format("Mock result schema validation error: Field '{}' is not an expected value", field);
      return std::nullopt;
    case Type::timestamp:
    case Type::blob:
      return value.is_string() ? std::nullopt : wrong_type(field, "a string");
    case Type::boolean:
      return value.is_bool() ? std::nullopt : wrong_type(field, "a boolean");
    case Type::integer:
    case Type::long_integer:
      return value.is_int64() || value.is_uint64() ? std::nullopt : wrong_type(field, "a number");
    case Type::floating:
      return value.is_number() ? std::nullopt : wrong_type(field, "a number");
  }
  return std::nullopt;
}

}  // namespace

const api::OperationModel* ModelShapes::find(std::string_view service, std::string_view operation) const {
  const auto* model = models_.find(service);
  return model ? model->find(operation) : nullptr;
}

Result<json::object> ModelShapes::to_operation(std::string_view service, std::string_view operation,
                                               const json::object& parameters) const {
  const auto* model = find(service, operation);
  if (!model || !model->input) return parameters;
  auto input = read(parameters, *model->input, {}, 0);
  if (!input) return pass_on(input);
  const bool is_ajv = service == "securityhub";
  const auto wording = is_ajv ? api::Wording::ajv : api::Wording::coral;
  const auto violations = api::validate(input->get_object(), *model->input, {.wording = wording});
  if (violations.empty()) return std::move(input->get_object());
  return fail(ErrorCode::validation, api::violations_text(violations, wording),
              is_ajv ? "InvalidInputException" : "ValidationException");
}

json::object ModelShapes::to_task(std::string_view service, std::string_view operation, json::object answer) const {
  const auto* model = find(service, operation);
  if (!model || !model->output) return answer;
  json::value value(std::move(answer));
  write(value, *model->output, 0);
  return std::move(value.get_object());
}

std::optional<std::string> ModelShapes::result_problem(std::string_view service, std::string_view operation,
                                                       const json::value& result, bool is_strict) const {
  const auto* model = find(service, operation);
  if (!model || !model->output) return std::nullopt;
  return misfit(result, *model->output, {}, is_strict, 0);
}

workflows::Shapes::Exception ModelShapes::exception(std::string_view service, const Error& error) const {
  Exception exception{.name = {}, .code = error.aws_code, .status = 400};
  const auto* model = models_.find(service);
  const auto* shape = model && !error.aws_code.empty() ? model->find_error(error.aws_code) : nullptr;
  const bool is_fault = error.code == ErrorCode::unavailable || error.code == ErrorCode::corrupt;
  if (!shape) {
    if (is_fault) exception.status = 500;
    return exception;
  }
  exception.name = shape->name;
  if (!shape->error_code.empty()) exception.code = shape->error_code;
  exception.status = shape->http_status != 0 ? shape->http_status : shape->is_fault ? 500 : 400;
  return exception;
}

}  // namespace tocsin::app
