#include "api/model.h"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include "api/embedded.h"
#include "api/pattern.h"
#include "core/check.h"
#include "core/json.h"

namespace tocsin::api {
namespace {

std::optional<Type> type_of(std::string_view name) {
  if (name == "structure") return Type::structure;
  if (name == "list") return Type::list;
  if (name == "map") return Type::map;
  if (name == "string" || name == "character") return Type::string;
  if (name == "blob") return Type::blob;
  if (name == "boolean") return Type::boolean;
  if (name == "integer") return Type::integer;
  if (name == "long") return Type::long_integer;
  if (name == "float" || name == "double") return Type::floating;
  if (name == "timestamp") return Type::timestamp;
  return std::nullopt;
}

Location location_of(std::string_view name) {
  if (name == "uri") return Location::uri;
  if (name == "querystring") return Location::query;
  if (name == "header") return Location::header;
  if (name == "headers") return Location::headers;
  if (name == "statusCode") return Location::status;
  return Location::body;
}

std::optional<double> number_at(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  if (value == nullptr || !value->is_number()) return std::nullopt;
  return value->to_number<double>();
}

class Reader {
 public:
  Result<Model> read(const json::object& text) {
    read_head(text);
    const auto* shapes = find(text, "shapes");
    const auto* operations = find(text, "operations");
    if (shapes == nullptr || !shapes->is_object() || operations == nullptr || !operations->is_object())
      return fail(ErrorCode::corrupt, "a model needs operations and shapes");
    for (const auto& [name, shape] : shapes->get_object()) model_.shapes[name].name = name;
    for (const auto& [name, shape] : shapes->get_object())
      if (shape.is_object()) read_shape(model_.shapes[name], shape.get_object());
    for (const auto& [name, operation] : operations->get_object())
      if (operation.is_object()) read_operation(name, operation.get_object());
    if (!problem_.empty()) return fail(ErrorCode::corrupt, fmt::format("model {}: {}", model_.service, problem_));
    mark_timestamps();
    return std::move(model_);
  }

 private:
  void read_head(const json::object& text) {
    model_.service = string_at(text, "service");
    model_.api_version = string_at(text, "apiVersion");
    model_.json_version = string_at(text, "jsonVersion", "1.0");
    model_.target_prefix = string_at(text, "targetPrefix");
    model_.xml_namespace = string_at(text, "xmlNamespace");
    model_.query_compatible = bool_at(text, "queryCompatible");
    if (const auto* protocols = find(text, "protocols"); protocols != nullptr && protocols->is_array())
      for (const auto& protocol : protocols->get_array()) {
        model_.speaks_json |= protocol == "json";
        model_.speaks_query |= protocol == "query";
        model_.speaks_rest_json |= protocol == "rest-json";
      }
  }

  const Shape* shape_named(std::string_view name) {
    const auto found = model_.shapes.find(name);
    if (found == model_.shapes.end()) {
      problem_ = fmt::format("no shape {}", name);
      return nullptr;
    }
    return &found->second;
  }

  Member read_member(std::string_view name, const json::object& text) {
    Member member;
    member.name = name;
    member.shape = shape_named(string_at(text, "shape"));
    member.has_wire_name = text.contains("locationName");
    member.wire_name = string_at(text, "locationName", name);
    member.location = location_of(string_at(text, "location"));
    member.flattened = bool_at(text, "flattened");
    member.timestamp_format = string_at(text, "timestampFormat");
    return member;
  }

  void read_shape(Shape& shape, const json::object& text) {
    const auto type = type_of(string_at(text, "type"));
    if (!type) problem_ = fmt::format("shape {} has no known type", shape.name);
    shape.type = type.value_or(Type::string);
    if (const auto* members = text.if_contains("members"); members != nullptr && members->is_object())
      for (const auto& [name, member] : members->get_object())
        shape.members.push_back(read_member(name, member.as_object()));
    if (const auto* required = text.if_contains("required"))
      for (const auto& name : required->as_array())
        for (auto& member : shape.members) member.required |= member.name == std::string_view(name.as_string());
    if (const auto* element = text.if_contains("member")) shape.element = read_member("member", element->as_object());
    if (const auto* key = text.if_contains("key")) shape.key = read_member("key", key->as_object());
    if (const auto* value = text.if_contains("value")) shape.value = read_member("value", value->as_object());
    if (const auto* allowed = text.if_contains("enum"))
      for (const auto& value : allowed->as_array()) shape.allowed.emplace_back(value.as_string());
    shape.min = number_at(text, "min");
    shape.max = number_at(text, "max");
    shape.pattern_text = string_at(text, "pattern");
    if (!shape.pattern_text.empty()) shape.pattern = make_pattern(shape.pattern_text);
    shape.timestamp_format = string_at(text, "timestampFormat");
    shape.payload = string_at(text, "payload");
    shape.flattened = bool_at(text, "flattened");
    shape.sensitive = bool_at(text, "sensitive");
    wire_names_[&shape] = string_at(text, "locationName");
    if (const auto* error = text.if_contains("error"); error != nullptr && error->is_object()) {
      shape.is_error = true;
      shape.error_code = string_at(error->get_object(), "code", shape.name);
      shape.http_status = static_cast<int>(integer_at(error->get_object(), "httpStatusCode"));
      shape.is_fault = bool_at(text, "fault");
    }
    shape.by_name.resize(shape.members.size());
    std::iota(shape.by_name.begin(), shape.by_name.end(), 0u);
    std::ranges::sort(shape.by_name, {}, [&](std::size_t i) { return std::string_view(shape.members[i].name); });
  }

  void read_operation(std::string_view name, const json::object& text) {
    OperationModel& operation = model_.operations[std::string(name)];
    operation.name = name;
    const auto* http = text.if_contains("http");
    if (http == nullptr || !http->is_array() || http->get_array().size() != 2) {
      problem_ = fmt::format("operation {} has no route", name);
      return;
    }
    operation.method = http->get_array()[0].as_string();
    read_path(http->get_array()[1].as_string(), operation);
    operation.response_status = static_cast<int>(integer_at(text, "responseCode", 200));
    if (const auto* shape = find(text, "input.shape")) operation.input = shape_named(shape->as_string());
    if (const auto* shape = find(text, "output.shape")) operation.output = shape_named(shape->as_string());
    operation.result_wrapper = string_at(text, "output.resultWrapper");
    operation.is_named_only = bool_at(text, "namedOnly");
  }

  static void read_path(std::string_view uri, OperationModel& operation) {
    uri = uri.substr(0, uri.find('?'));
    while (!uri.empty()) {
      uri.remove_prefix(1);  // the slash
      const auto end = std::min(uri.find('/'), uri.size());
      auto part = uri.substr(0, end);
      uri.remove_prefix(end);
      if (part.empty()) continue;
      UriPart out;
      out.is_label = part.starts_with('{') && part.ends_with('}');
      if (out.is_label) part = part.substr(1, part.size() - 2);
      out.is_greedy = out.is_label && part.ends_with('+');
      if (out.is_greedy) part.remove_suffix(1);
      out.text = part;
      operation.path.push_back(std::move(out));
    }
  }

  // A fixed point, because shapes may hold themselves. A wire name of a shape holds for all its members' uses.
  void mark_timestamps() {
    const auto holds = [](const Member& member) {
      return member.shape != nullptr && (member.shape->holds_timestamp || member.shape->type == Type::timestamp);
    };
    for (bool changed = true; changed;) {
      changed = false;
      for (auto& [name, shape] : model_.shapes) {
        if (shape.holds_timestamp) continue;
        shape.holds_timestamp = holds(shape.element) || holds(shape.value) || std::ranges::any_of(shape.members, holds);
        changed |= shape.holds_timestamp;
      }
    }
    for (auto& [name, shape] : model_.shapes)
      for (auto& member : shape.members) {
        const auto& of_shape = wire_names_[member.shape];
        if (member.has_wire_name || of_shape.empty()) continue;
        member.wire_name = of_shape;
        member.has_wire_name = true;
      }
  }

  Model model_;
  std::map<const Shape*, std::string> wire_names_;
  std::string problem_;
};

}  // namespace

const Member* Shape::find(std::string_view member) const {
  const auto at =
      std::ranges::lower_bound(by_name, member, {}, [&](std::size_t i) { return std::string_view(members[i].name); });
  return at != by_name.end() && members[*at].name == member ? &members[*at] : nullptr;
}

const OperationModel* Model::find(std::string_view operation) const {
  const auto found = operations.find(operation);
  return found == operations.end() ? nullptr : &found->second;
}

const Shape* Model::find_error(std::string_view name) const {
  if (const auto found = shapes.find(name); found != shapes.end() && found->second.is_error) return &found->second;
  for (const auto& [shape_name, shape] : shapes)
    if (shape.is_error && shape.error_code == name) return &shape;
  return nullptr;
}

Result<Model> read_model(std::string_view text) {
  auto document = parse_json_object(text);
  if (!document) return fail(ErrorCode::corrupt, "a model is not JSON: " + document.error().message);
  return Reader{}.read(*document);
}

Models::Models() {
  for (const auto& [name, text] : embedded_models()) {
    auto model = read_model(text);
    check(model.has_value(), model ? "" : model.error().message.c_str());
    models_.emplace(name, std::move(*model));
  }
}

const Model* Models::find(std::string_view service) const {
  const auto found = models_.find(service);
  return found == models_.end() ? nullptr : &found->second;
}

const Model* Models::find_by_target(std::string_view target_prefix) const {
  for (const auto& [name, model] : models_)
    if (!model.target_prefix.empty() && model.target_prefix == target_prefix) return &model;
  return nullptr;
}

}  // namespace tocsin::api
