#include "core/json.h"

#include <boost/json/parser.hpp>
#include <fmt/format.h>

#include "core/json_error.h"

namespace tocsin {
namespace {

void write_pretty(const json::value& value, std::string& out, std::size_t indent) {
  const auto line = [&](std::size_t depth) { out.append("\n").append(depth * 2, ' '); };
  if (const auto* object = value.if_object(); object && !object->empty()) {
    out += '{';
    const char* separator = "";
    for (const auto& [key, member] : *object) {
      out += separator;
      line(indent + 1);
      out += json::serialize(json::string_view(key));
      out += ": ";
      write_pretty(member, out, indent + 1);
      separator = ",";
    }
    line(indent);
    out += '}';
  } else if (const auto* array = value.if_array(); array && !array->empty()) {
    out += '[';
    const char* separator = "";
    for (const auto& element : *array) {
      out += separator;
      line(indent + 1);
      write_pretty(element, out, indent + 1);
      separator = ",";
    }
    line(indent);
    out += ']';
  } else {
    out += json::serialize(value);
  }
}

}  // namespace

Result<json::value> parse_json(std::string_view text, json::storage_ptr storage) {
  json::parse_options options;
  options.max_depth = json_depth_max;
  json::parser parser{{}, options};
  parser.reset(std::move(storage));
  boost::system::error_code error;
  const std::size_t read = parser.write_some(text.data(), text.size(), error);
  if (error) return fail(ErrorCode::validation, fmt::format("not valid JSON at byte {}: {}", read, error.message()));
  if (read < text.size())
    return fail(ErrorCode::validation, fmt::format("not valid JSON: something follows the value at byte {}", read));
  try {
    return parser.release();  // throws where the text ended too early
  } catch (const boost::system::system_error& thrown) {
    return fail(ErrorCode::validation, fmt::format("not valid JSON: {}", thrown.code().message()));
  }
}

Result<json::object> parse_json_object(std::string_view text, json::storage_ptr storage) {
  auto value = parse_json(text, std::move(storage));
  if (!value) return pass_on(value);
  if (!value->is_object()) return fail(ErrorCode::validation, "the JSON value must be an object");
  return std::move(value->get_object());
}

std::optional<std::size_t> json_error_at(std::string_view text) {
  json::parse_options options;
  options.max_depth = json_depth_max;
  json::parser parser{{}, options};
  boost::system::error_code error;
  const std::size_t read = parser.write_some(text.data(), text.size(), error);
  if (error || read < text.size()) return read;
  try {
    (void)parser.release();  // throws where the text ended too early
    return std::nullopt;
  } catch (const boost::system::system_error&) {
    return text.size();
  }
}

std::string to_json(const json::value& value) {
  return json::serialize(value);
}
std::string to_json(const json::object& value) {
  return json::serialize(value);
}

std::string to_pretty_json(const json::value& value) {
  std::string out;
  write_pretty(value, out, 0);
  return out;
}

const json::value* find(const json::object& object, std::string_view path) {
  const auto dot = path.find('.');
  const auto* member = object.if_contains(path.substr(0, dot));
  if (!member || dot == path.npos) return member;
  return find(*member, path.substr(dot + 1));
}

const json::value* find(const json::value& value, std::string_view path) {
  const auto* object = value.if_object();
  return object ? find(*object, path) : nullptr;
}

std::string_view string_at(const json::object& object, std::string_view path, std::string_view otherwise) {
  const auto* value = find(object, path);
  if (!value || !value->is_string()) return otherwise;
  return value->get_string();
}

std::int64_t integer_at(const json::object& object, std::string_view path, std::int64_t otherwise) {
  const auto* value = find(object, path);
  if (!value) return otherwise;
  boost::system::error_code error;
  const auto number = value->to_number<std::int64_t>(error);
  return error ? otherwise : number;
}

bool bool_at(const json::object& object, std::string_view path, bool otherwise) {
  const auto* value = find(object, path);
  return value && value->is_bool() ? value->get_bool() : otherwise;
}

}  // namespace tocsin
