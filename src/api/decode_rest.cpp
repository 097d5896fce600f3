#include <charconv>
#include <limits>

#include <fmt/format.h>

#include "api/input.h"
#include "api/timestamps.h"
#include "digest/digest.h"

namespace tocsin::api {
namespace {

constexpr std::size_t query_parameters_max = 1000;

std::unexpected<Error> cannot_convert(std::string_view text, std::string_view to) {
  return fail(ErrorCode::validation, fmt::format("'{}' can not be converted to {}", text.substr(0, 100), to),
              "SerializationException");
}

template <class Number>
bool parse_number(std::string_view text, Number& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size();
}

Result<void> read_query(const Parameters& parameters, const Member& member, json::object& out) {
  if (member.shape->type == Type::list) {
    json::array values;
    for (const auto& [name, value] : parameters) {
      if (name != member.wire_name) continue;
      auto decoded = decode_text(value, member.shape->element, "iso8601");
      if (!decoded) return pass_on(decoded);
      values.push_back(std::move(*decoded));
    }
    if (!values.empty()) out[member.name] = std::move(values);
    return {};
  }
  const auto* value = find_parameter(parameters, member.wire_name);
  if (value == nullptr) return {};
  auto decoded = decode_text(*value, member, "iso8601");
  if (!decoded) return pass_on(decoded);
  out[member.name] = std::move(*decoded);
  return {};
}

Result<void> read_header(const http::Request& request, const Member& member, json::object& out) {
  if (member.location == Location::headers) {
    json::object all;
    for (const auto& [name, value] : request.headers)
      if (name.size() > member.wire_name.size() && name.starts_with(member.wire_name) && is_valid_utf8(value))
        all[std::string_view(name).substr(member.wire_name.size())] = value;
    if (!all.empty()) out[member.name] = std::move(all);
    return {};
  }
  if (!request.headers.has(member.wire_name)) return {};
  auto decoded = decode_text(request.headers.get(member.wire_name), member, "rfc822");
  if (!decoded) return pass_on(decoded);
  out[member.name] = std::move(*decoded);
  return {};
}

Result<void> read_payload(std::string_view body, const Member& member, const InputOptions& options, json::object& out) {
  if (member.shape->type == Type::blob) {
    if (!body.empty()) out[member.name] = digest::base64(body);
    return {};
  }
  if (member.shape->type == Type::string) {
    if (!is_valid_utf8(body))
      return fail(ErrorCode::validation, "the body is not valid UTF-8", "SerializationException");
    if (!body.empty()) out[member.name] = body;
    return {};
  }
  auto decoded = decode_json(body, *member.shape, options);
  if (!decoded) return pass_on(decoded);
  if (!body.empty()) out[member.name] = std::move(*decoded);
  return {};
}

}  // namespace

Result<json::value> decode_text(std::string_view text, const Member& member, std::string_view default_time_format) {
  const Shape& shape = *member.shape;
  switch (shape.type) {
    case Type::string:
      if (!is_valid_utf8(text))
        return fail(ErrorCode::validation, "a value is not valid UTF-8", "SerializationException");
      return json::value(json::string(text));
    case Type::blob:
      if (!digest::from_base64(text)) return cannot_convert(text, "a Blob");
      return json::value(json::string(text));
    case Type::boolean:
      if (text == "true" || text == "false") return json::value(text == "true");
      return cannot_convert(text, "a Boolean");
    case Type::integer:
    case Type::long_integer: {
      std::int64_t number = 0;
      using Int = std::numeric_limits<std::int32_t>;
      if (!parse_number(text, number) || (shape.type == Type::integer && (number < Int::min() || number > Int::max())))
        return cannot_convert(text, shape.type == Type::integer ? "an Integer" : "a Long");
      return json::value(number);
    }
    case Type::floating: {
      double number = 0;
      if (!parse_number(text, number)) return cannot_convert(text, "a Double");
      return json::value(number);
    }
    case Type::timestamp: {
      std::string_view format = member.timestamp_format.empty() ? shape.timestamp_format : member.timestamp_format;
      auto time = timestamp_from_text(text, format.empty() ? default_time_format : format);
      if (!time) return pass_on(time);
      return json::value(json::string(*time));
    }
    default:
      return cannot_convert(text, "a structure, list or map");
  }
}

Result<json::object> decode_rest(const http::Request& request, const Parameters& labels, std::string_view body,
                                 const Shape& shape, const InputOptions& options) {
  json::object out;
  if (shape.payload.empty()) {
    auto decoded = decode_json(body, shape, options);
    if (!decoded) return decoded;
    out = std::move(*decoded);
  } else if (const Member* payload = shape.find(shape.payload)) {
    if (auto read = read_payload(body, *payload, options, out); !read) return pass_on(read);
  }
  Parameters parameters;
  if (!parse_form(request.query(), true, query_parameters_max, parameters))
    return fail(ErrorCode::validation, "too many query parameters", "SerializationException");
  for (const auto& member : shape.members) {
    Result<void> read{};
    switch (member.location) {
      case Location::uri:
        if (const auto* value = find_parameter(labels, member.wire_name)) {
          auto decoded = decode_text(*value, member, "iso8601");
          if (!decoded) return pass_on(decoded);
          out[member.name] = std::move(*decoded);
        }
        break;
      case Location::query:
        read = read_query(parameters, member, out);
        break;
      case Location::header:
      case Location::headers:
        read = read_header(request, member, out);
        break;
      case Location::body:
      case Location::status:
        break;
    }
    if (!read) return pass_on(read);
  }
  return out;
}

}  // namespace tocsin::api
