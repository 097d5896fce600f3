#include <fmt/format.h>

#include "api/render.h"
#include "api/timestamps.h"

namespace tocsin::api {
namespace {

void write_value(std::string& out, std::string_view name, const json::value& value, const Member& member);

void open(std::string& out, std::string_view name) {
  out.append("<").append(name).append(">");
}
void close(std::string& out, std::string_view name) {
  out.append("</").append(name).append(">");
}

void write_scalar(std::string& out, const json::value& value, const Member& member) {
  if (value.is_string()) {
    const std::string_view text = value.get_string();
    if (member.shape->type != Type::timestamp) return write_xml_text(out, text);
    const auto& own = member.timestamp_format.empty() ? member.shape->timestamp_format : member.timestamp_format;
    return write_xml_text(out, timestamp_to_text(text, own.empty() ? std::string_view("iso8601") : own));
  }
  write_xml_text(out, json::serialize(value));
}

void write_list(std::string& out, std::string_view name, const json::array& array, const Member& member) {
  const Shape& shape = *member.shape;
  const Member& element = shape.element;
  if (member.flattened || shape.flattened) {
    const std::string_view element_name = element.has_wire_name ? std::string_view(element.wire_name) : name;
    for (const auto& value : array) write_value(out, element_name, value, element);
    return;
  }
  open(out, name);
  const std::string_view element_name = element.has_wire_name ? std::string_view(element.wire_name) : "member";
  for (const auto& value : array) write_value(out, element_name, value, element);
  close(out, name);
}

void write_map(std::string& out, std::string_view name, const json::object& object, const Member& member) {
  const Shape& shape = *member.shape;
  const bool flattened = member.flattened || shape.flattened;
  const std::string_view key_name = shape.key.has_wire_name ? std::string_view(shape.key.wire_name) : "key";
  const std::string_view value_name = shape.value.has_wire_name ? std::string_view(shape.value.wire_name) : "value";
  if (!flattened) open(out, name);
  for (const auto& [key, value] : object) {
    const std::string_view entry_name = flattened ? name : "entry";
    open(out, entry_name);
    open(out, key_name);
    write_xml_text(out, key);
    close(out, key_name);
    write_value(out, value_name, value, shape.value);
    close(out, entry_name);
  }
  if (!flattened) close(out, name);
}

void write_value(std::string& out, std::string_view name, const json::value& value, const Member& member) {
  if (value.is_null()) return;
  if (member.shape->type == Type::list && value.is_array()) return write_list(out, name, value.get_array(), member);
  if (member.shape->type == Type::map && value.is_object()) return write_map(out, name, value.get_object(), member);
  open(out, name);
  if (member.shape->type == Type::structure && value.is_object())
    write_xml(out, value.get_object(), *member.shape);
  else
    write_scalar(out, value, member);
  close(out, name);
}

}  // namespace

// XML 1.0 cannot hold most control characters at all; they become U+FFFD. \r is escaped so that it survives.
void write_xml_text(std::string& out, std::string_view text) {
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\r':
        out += "&#xD;";
        break;
      case '\n':
      case '\t':
        out += c;
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20)
          out += "\xEF\xBF\xBD";
        else
          out += c;
    }
  }
}

void write_xml(std::string& out, const json::object& document, const Shape& shape) {
  for (const auto& member : shape.members)
    if (const auto* value = document.if_contains(member.name)) write_value(out, member.wire_name, *value, member);
}

void render_query_answer(const Target& target, std::string_view request_id, const json::object& document,
                         http::Response& response) {
  const OperationModel& operation = *target.operation;
  response.headers.add("Content-Type", "text/xml");
  std::string& out = response.body;
  out = fmt::format("<?xml version=\"1.0\"?><{}Response xmlns=\"{}\">", operation.name, target.model->xml_namespace);
  if (operation.output != nullptr) {
    const std::string wrapper = operation.result_wrapper.empty() ? operation.name + "Result" : operation.result_wrapper;
    open(out, wrapper);
    write_xml(out, document, *operation.output);
    close(out, wrapper);
  }
  out += fmt::format("<ResponseMetadata><RequestId>{}</RequestId></ResponseMetadata></{}Response>", request_id,
                     operation.name);
}

}  // namespace tocsin::api
