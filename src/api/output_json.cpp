#include <fmt/format.h>

#include "api/render.h"
#include "api/timestamps.h"
#include "digest/digest.h"

namespace tocsin::api {
namespace {

std::string_view format_of(const Member& member, std::string_view otherwise) {
  if (!member.timestamp_format.empty()) return member.timestamp_format;
  if (!member.shape->timestamp_format.empty()) return member.shape->timestamp_format;
  return otherwise;
}

void convert(json::value& value, const Member& member, bool wire_names) {
  const Shape& shape = *member.shape;
  if (shape.type == Type::timestamp) {
    value = timestamp_to_json(value, format_of(member, "unixTimestamp"));
  } else if (shape.type == Type::structure && value.is_object()) {
    to_wire_json(value.get_object(), shape, wire_names);
  } else if (shape.type == Type::list && value.is_array()) {
    if (wire_names || shape.holds_timestamp)
      for (auto& element : value.get_array()) convert(element, shape.element, wire_names);
  } else if (shape.type == Type::map && value.is_object()) {
    if (wire_names || shape.holds_timestamp)
      for (auto& entry : value.get_object()) convert(entry.value(), shape.value, wire_names);
  }
}

std::string text_of(const json::value& value, const Member& member) {
  if (value.is_string()) {
    if (member.shape->type == Type::timestamp)
      return timestamp_to_text(value.get_string(), format_of(member, "rfc822"));
    return std::string(value.get_string());
  }
  return json::serialize(value);
}

// Takes the members that do not belong in the body out of the document.
void take_headers(json::object& document, const Shape& shape, http::Response& response) {
  for (const auto& member : shape.members) {
    if (member.location == Location::body) continue;
    const auto* value = document.if_contains(member.name);
    if (value == nullptr) continue;
    if (member.location == Location::status && value->is_int64())
      response.status = static_cast<int>(value->get_int64());
    if (member.location == Location::header && !value->is_null())
      response.headers.add(member.wire_name, text_of(*value, member));
    if (member.location == Location::headers && value->is_object())
      for (const auto& [key, entry] : value->get_object())
        if (entry.is_string())
          response.headers.add(member.wire_name + std::string(key), std::string(entry.get_string()));
    document.erase(member.name);
  }
}

void render_payload(json::object& document, const Member& payload, http::Response& response) {
  auto* value = document.if_contains(payload.name);
  if (value == nullptr || value->is_null()) return;
  if (payload.shape->type == Type::blob && value->is_string()) {
    if (auto bytes = digest::from_base64(value->get_string())) response.body = std::move(*bytes);
    if (!response.headers.has("Content-Type")) response.headers.add("Content-Type", "application/octet-stream");
    return;
  }
  convert(*value, payload, true);
  response.body = value->is_string() ? std::string(value->get_string()) : json::serialize(*value);
  if (!response.headers.has("Content-Type")) response.headers.add("Content-Type", "application/json");
}

}  // namespace

void to_wire_json(json::object& document, const Shape& shape, bool wire_names) {
  // Most shapes hold nothing to convert; only rest-json renames, and few of its shapes do.
  if (!wire_names && !shape.holds_timestamp) return;
  for (const auto& member : shape.members) {
    auto* value = document.if_contains(member.name);
    if (value == nullptr || member.location != Location::body) continue;
    convert(*value, member, wire_names);
    if (!wire_names || !member.has_wire_name || member.wire_name == member.name) continue;
    json::value moved = std::move(*value);
    document.erase(member.name);
    document[member.wire_name] = std::move(moved);
  }
}

void render_json_answer(const Target& target, json::object document, http::Response& response) {
  const Shape* shape = target.operation->output;
  response.headers.add("Content-Type", "application/x-amz-json-" + target.model->json_version);
  if (shape == nullptr) return;  // such operations answer with an empty body
  to_wire_json(document, *shape, false);
  response.body = json::serialize(document);
}

void render_rest_answer(const Target& target, json::object document, http::Response& response) {
  response.status = target.operation->response_status;
  const Shape* shape = target.operation->output;
  if (shape == nullptr) {
    response.headers.add("Content-Type", "application/json");
    return;
  }
  take_headers(document, *shape, response);
  if (const Member* payload = shape->payload.empty() ? nullptr : shape->find(shape->payload))
    return render_payload(document, *payload, response);
  to_wire_json(document, *shape, true);
  response.headers.add("Content-Type", "application/json");
  if (response.status != 204) response.body = json::serialize(document);
}

}  // namespace tocsin::api
