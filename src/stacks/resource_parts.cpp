#include "stacks/resource_parts.h"

#include <cstdlib>

namespace tocsin::stacks {

std::string text_of(const json::value& value) {
  return value.is_string() ? std::string(std::string_view(value.get_string())) : to_json(value);
}

std::string name_of(const Resource& r, std::string_view property) {
  return std::string(string_at(r.properties, property, r.default_name));
}

json::object attributes_of(const json::object& properties, std::initializer_list<std::string_view> names) {
  json::object attributes;
  for (const auto name : names)
    if (const auto* value = properties.if_contains(name)) attributes.emplace(name, text_of(*value));
  return attributes;
}

json::object pick(const json::object& properties, std::initializer_list<std::string_view> names) {
  json::object picked;
  for (const auto name : names)
    if (const auto* value = properties.if_contains(name)) picked.emplace(name, *value);
  return picked;
}

Result<void> done(Result<json::object> answer) {
  if (!answer) return pass_on(answer);
  return {};
}

Result<void> removed(Result<json::object> answer) {
  if (!answer && answer.error().code != ErrorCode::not_found) return pass_on(answer);
  return {};
}

std::int64_t number_of(const json::object& properties, std::string_view name) {
  const auto* value = properties.if_contains(name);
  if (value && value->is_string()) return std::strtoll(value->get_string().c_str(), nullptr, 10);
  return integer_at(properties, name);
}

Result<void> leave(Resource&) {
  return {};
}

}  // namespace tocsin::stacks
