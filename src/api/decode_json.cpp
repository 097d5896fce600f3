#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "api/input.h"
#include "api/timestamps.h"
#include "digest/digest.h"

namespace tocsin::api {
namespace {

std::string_view token_of(const json::value& value) {
  switch (value.kind()) {
    case json::kind::string:
      return "STRING_VALUE";
    case json::kind::bool_:
      return value.get_bool() ? "TRUE_VALUE" : "FALSE_VALUE";
    case json::kind::int64:
    case json::kind::uint64:
      return "NUMBER_VALUE";
    case json::kind::double_:
      return "DECIMAL_VALUE";
    default:
      return "NULL_VALUE";
  }
}

std::string_view java_name(Type type) {
  switch (type) {
    case Type::string:
      return "a String";
    case Type::blob:
      return "a Blob";
    case Type::boolean:
      return "a Boolean";
    case Type::integer:
      return "an Integer";
    case Type::long_integer:
      return "a Long";
    case Type::floating:
      return "a Double";
    case Type::timestamp:
      return "a Timestamp";
    default:
      return "a value";
  }
}

std::string_view schema_name(Type type) {
  switch (type) {
    case Type::structure:
    case Type::map:
      return "object";
    case Type::list:
      return "array";
    case Type::boolean:
      return "boolean";
    case Type::integer:
    case Type::long_integer:
      return "integer";
    case Type::floating:
      return "number";
    default:
      return "string";
  }
}

// Wordings of AWS's JSON services, as they answer such input.
std::string mismatch_text(Type expected, const json::value& value) {
  if (value.is_array()) return "Start of list found where not expected";
  if (value.is_object()) return "Start of structure or map found where not expected";
  if (expected == Type::list) return "Expected list or null";
  if (expected == Type::map) return "Expected map or null";
  if (expected == Type::structure) return "Expected structure or null";
  return fmt::format("{} can not be converted to {}", token_of(value), java_name(expected));
}

class JsonDecoder {
 public:
  explicit JsonDecoder(const InputOptions& options) : options_{options} {}

  Result<json::value> decode(json::value& value, const Shape& shape, std::string_view time_format) {
    switch (shape.type) {
      case Type::structure:
        if (!value.is_object()) return mismatch(shape.type, value);
        return structure(value.get_object(), shape);
      case Type::list:
        if (!value.is_array()) return mismatch(shape.type, value);
        return list(value.get_array(), shape);
      case Type::map:
        if (!value.is_object()) return mismatch(shape.type, value);
        return map(value.get_object(), shape);
      case Type::string:
        if (!value.is_string()) return mismatch(shape.type, value);
        return std::move(value);
      case Type::blob:
        if (!value.is_string() || !digest::from_base64(value.get_string())) return mismatch(shape.type, value);
        return std::move(value);
      case Type::boolean:
        if (!value.is_bool()) return mismatch(shape.type, value);
        return std::move(value);
      case Type::integer:
      case Type::long_integer:
        return integer(value, shape.type);
      case Type::floating:
        if (!value.is_number()) return mismatch(shape.type, value);
        return std::move(value);
      case Type::timestamp:
        return timestamp(value, time_format);
    }
    return mismatch(shape.type, value);
  }

  Result<json::value> structure(json::object& object, const Shape& shape) {
    json::object out;
    for (auto& [key, value] : object) {
      const Member* member = find_member(shape, key);
      if (member == nullptr || member->location != Location::body || value.is_null()) continue;
      const Step step{*this, member->name, {}};
      auto decoded =
          decode(value, *member->shape,
                 member->timestamp_format.empty() ? member->shape->timestamp_format : member->timestamp_format);
      if (!decoded) return decoded;
      out.insert_or_assign(member->name, std::move(*decoded));
    }
    return json::value(std::move(out));
  }

 private:
  // Where we are, for messages.
  struct Step {
    Step(JsonDecoder& to, std::string_view name, std::optional<std::size_t> index) : decoder{to} {
      decoder.path_.emplace_back(name, index);
    }
    ~Step() { decoder.path_.pop_back(); }
    Step(const Step&) = delete;
    Step& operator=(const Step&) = delete;
    JsonDecoder& decoder;
  };

  const Member* find_member(const Shape& shape, std::string_view key) const {
    if (options_.wire_names)
      for (const auto& member : shape.members)
        if (member.has_wire_name && member.wire_name == key) return &member;
    return shape.find(key);
  }

  Result<json::value> list(json::array& array, const Shape& shape) {
    json::array out;
    out.reserve(array.size());
    for (std::size_t i = 0; i < array.size(); ++i) {
      if (array[i].is_null()) continue;
      const Step step{*this, {}, i};
      auto decoded = decode(array[i], *shape.element.shape, shape.element.shape->timestamp_format);
      if (!decoded) return decoded;
      out.push_back(std::move(*decoded));
    }
    return json::value(std::move(out));
  }

  Result<json::value> map(json::object& object, const Shape& shape) {
    json::object out;
    for (auto& [key, value] : object) {
      if (value.is_null()) continue;
      const Step step{*this, key, {}};
      auto decoded = decode(value, *shape.value.shape, shape.value.shape->timestamp_format);
      if (!decoded) return decoded;
      out.insert_or_assign(key, std::move(*decoded));
    }
    return json::value(std::move(out));
  }

  Result<json::value> integer(const json::value& value, Type type) const {
    std::int64_t number = 0;
    if (value.is_int64()) {
      number = value.get_int64();
    } else if (value.is_double() && std::nearbyint(value.get_double()) == value.get_double() &&
               std::abs(value.get_double()) < 9.0e18) {
      number = static_cast<std::int64_t>(value.get_double());
    } else {
      return mismatch(type, value);
    }
    using Int = std::numeric_limits<std::int32_t>;
    if (type == Type::integer && (number < Int::min() || number > Int::max())) return mismatch(type, value);
    return json::value(number);
  }

  Result<json::value> timestamp(const json::value& value, std::string_view format) const {
    Result<std::string> text{std::string{}};
    if (value.is_number())
      text = timestamp_from_number(value.to_number<double>());
    else if (value.is_string())
      text = timestamp_from_text(value.get_string(), format.empty() ? "iso8601" : format);
    else
      return mismatch(Type::timestamp, value);
    if (!text) return options_.wording == Wording::ajv ? mismatch(Type::timestamp, value) : pass_on(text);
    return json::value(json::string(*text));
  }

  std::unexpected<Error> mismatch(Type expected, const json::value& value) const {
    std::string path = "data";
    for (const auto& [name, index] : path_) path += index ? fmt::format("[{}]", *index) : "." + name;
    const std::string top = path_.empty() ? "" : path_.front().first;
    std::string message = options_.wording == Wording::ajv
                              ? fmt::format("Invalid parameter '{}'. {} should be {}", top, path, schema_name(expected))
                              : mismatch_text(expected, value);
    return fail(ErrorCode::validation, std::move(message), "SerializationException", std::move(path));
  }

  InputOptions options_;
  std::vector<std::pair<std::string, std::optional<std::size_t>>> path_;
};

}  // namespace

Result<json::object> decode_json(std::string_view body, const Shape& shape, const InputOptions& options) {
  if (body.find_first_not_of(" \t\r\n") == std::string_view::npos) return json::object{};
  auto document = parse_json(body);
  if (!document) return fail(ErrorCode::validation, std::move(document.error().message), "SerializationException");
  JsonDecoder decoder{options};
  auto decoded = decoder.decode(*document, shape, {});
  if (!decoded) return pass_on(decoded);
  return std::move(decoded->get_object());
}

}  // namespace tocsin::api
