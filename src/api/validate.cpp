#include <fmt/format.h>

#include "api/input.h"

namespace tocsin::api {
namespace {

constexpr std::size_t violations_max = 100;
constexpr std::size_t shown_value_max = 1024;  // bytes of a value in a message

std::string lower_first(std::string_view name) {
  std::string out{name};
  if (!out.empty() && out[0] >= 'A' && out[0] <= 'Z') out[0] = static_cast<char>(out[0] + 32);
  return out;
}

// As Java prints it: [a, b], {k=v}.
void show(const json::value& value, std::string& out) {
  if (out.size() > shown_value_max) return;
  if (const auto* text = value.if_string()) {
    out += std::string_view(*text);
  } else if (const auto* array = value.if_array()) {
    out += '[';
    for (std::size_t i = 0; i < array->size() && out.size() <= shown_value_max; ++i) {
      if (i > 0) out += ", ";
      show((*array)[i], out);
    }
    out += ']';
  } else if (const auto* object = value.if_object()) {
    out += '{';
    const char* separator = "";
    for (const auto& [key, member] : *object) {
      out.append(separator).append(key).append("=");
      separator = ", ";
      show(member, out);
      if (out.size() > shown_value_max) break;
    }
    out += '}';
  } else {
    out += json::serialize(value);
  }
}

std::string shown(const json::value& value, const Shape& shape) {
  if (shape.sensitive) return "***sensitive***";
  std::string out;
  show(value, out);
  if (out.size() <= shown_value_max) return out;
  std::size_t end = shown_value_max;
  while (end > 0 && (static_cast<unsigned char>(out[end]) & 0xC0) == 0x80) --end;
  return out.substr(0, end) + "...";
}

std::string joined(const std::vector<std::string>& texts) {
  return fmt::format("[{}]", fmt::join(texts, ", "));
}

// What AWS's two validators say of a broken constraint.
struct Constraint {
  std::string coral, ajv;
};

std::string bound_text(double bound) {
  return fmt::format("{:.15g}", bound);
}

Constraint at_most(const Shape& shape) {
  const std::string bound = bound_text(*shape.max);
  switch (shape.type) {
    case Type::list:
      return {"Member must have length less than or equal to " + bound,
              fmt::format("should NOT have more than {} items", bound)};
    case Type::map:
      return {"Member must have length less than or equal to " + bound,
              fmt::format("should NOT have more than {} properties", bound)};
    case Type::string:
    case Type::blob:
      return {"Member must have length less than or equal to " + bound,
              fmt::format("should NOT be longer than {} characters", bound)};
    default:
      return {"Member must have value less than or equal to " + bound, "should be <= " + bound};
  }
}

Constraint at_least(const Shape& shape) {
  const std::string bound = bound_text(*shape.min);
  switch (shape.type) {
    case Type::list:
      return {"Member must have length greater than or equal to " + bound,
              fmt::format("should NOT have fewer than {} items", bound)};
    case Type::map:
      return {"Member must have length greater than or equal to " + bound,
              fmt::format("should NOT have fewer than {} properties", bound)};
    case Type::string:
    case Type::blob:
      return {"Member must have length greater than or equal to " + bound,
              fmt::format("should NOT be shorter than {} characters", bound)};
    default:
      return {"Member must have value greater than or equal to " + bound, "should be >= " + bound};
  }
}

// Null: it has no size or value to bound.
std::optional<double> measure(const json::value& value, Type type) {
  switch (type) {
    case Type::string:
      return static_cast<double>(count_characters(value.get_string()));
    case Type::blob: {
      const std::string_view text = value.get_string();
      const auto padding = text.ends_with("==") ? 2u : text.ends_with('=') ? 1u : 0u;
      return static_cast<double>(text.size() / 4 * 3 - padding);
    }
    case Type::list:
      return static_cast<double>(value.get_array().size());
    case Type::map:
      return static_cast<double>(value.get_object().size());
    case Type::integer:
    case Type::long_integer:
    case Type::floating:
      return value.to_number<double>();
    default:
      return std::nullopt;
  }
}

class Validator {
 public:
  Validator(const ValidateOptions& options, std::vector<Violation>& out) : options_{options}, out_{out} {}

  void structure(const json::object& object, const Shape& shape, const std::string& coral, const std::string& ajv,
                 bool is_top) {
    for (const auto& member : shape.members) {
      if (out_.size() >= violations_max) return;
      if (is_top) top_ = member.name;
      const std::string member_coral =
          coral.empty() ? lower_first(member.name) : coral + "." + lower_first(member.name);
      const auto* value = object.if_contains(member.name);
      if (value == nullptr) {
        if (member.required) missing(member, member_coral, ajv, is_top);
        continue;
      }
      check(*value, *member.shape, member_coral, ajv + "." + member.name);
    }
  }

 private:
  void missing(const Member& member, const std::string& coral, const std::string& ajv, bool is_top) {
    std::string text =
        options_.wording == Wording::ajv
            ? fmt::format("{} should have required property '{}'", ajv, member.name)
            : fmt::format("Value null at '{}' failed to satisfy constraint: Member must not be null", coral);
    out_.push_back({std::move(text), top_, is_top});
  }

  void broken(const json::value& value, const Shape& shape, const std::string& coral, const std::string& ajv,
              const Constraint& constraint) {
    if (out_.size() >= violations_max) return;
    std::string text = options_.wording == Wording::ajv
                           ? fmt::format("{} {}", ajv, constraint.ajv)
                           : fmt::format("Value '{}' at '{}' failed to satisfy constraint: {}", shown(value, shape),
                                         coral, constraint.coral);
    out_.push_back({std::move(text), top_, false});
  }

  // The constraints of the value itself that it breaks.
  std::vector<Constraint> own(const json::value& value, const Shape& shape) const {
    std::vector<Constraint> out;
    if (const auto size = measure(value, shape.type)) {
      if (shape.max && *size > *shape.max) out.push_back(at_most(shape));
      if (shape.min && *size < *shape.min) out.push_back(at_least(shape));
    }
    if (shape.type != Type::string) return out;
    const std::string_view text = value.get_string();
    if (shape.pattern && !matches(*shape.pattern, text))
      out.push_back({"Member must satisfy regular expression pattern: " + shape.pattern_text,
                     fmt::format("should match pattern \"{}\"", shape.pattern_text)});
    if (options_.enums && !shape.allowed.empty() && std::ranges::find(shape.allowed, text) == shape.allowed.end())
      out.push_back({"Member must satisfy enum value set: " + joined(shape.allowed),
                     "should be equal to one of the allowed values"});
    return out;
  }

  // All constraints of a shape, as Coral lists them for elements of lists and maps.
  static std::string all_constraints(const Shape& shape) {
    std::vector<std::string> out;
    if (shape.max) out.push_back(at_most(shape).coral);
    if (shape.min) out.push_back(at_least(shape).coral);
    if (shape.pattern) out.push_back("Member must satisfy regular expression pattern: " + shape.pattern_text);
    if (!shape.allowed.empty()) out.push_back("Member must satisfy enum value set: " + joined(shape.allowed));
    return joined(out);
  }

  static bool is_simple(const Shape& shape) {
    return shape.type != Type::structure && shape.type != Type::list && shape.type != Type::map;
  }

  void check(const json::value& value, const Shape& shape, const std::string& coral, const std::string& ajv) {
    for (const auto& constraint : own(value, shape)) broken(value, shape, coral, ajv, constraint);
    if (shape.type == Type::structure) structure(value.get_object(), shape, coral, ajv, false);
    if (shape.type == Type::list) elements(value, shape, coral, ajv);
    if (shape.type == Type::map) entries(value, shape, coral, ajv);
  }

  void elements(const json::value& value, const Shape& shape, const std::string& coral, const std::string& ajv) {
    const Shape& element = *shape.element.shape;
    const auto& array = value.get_array();
    for (std::size_t i = 0; i < array.size() && out_.size() < violations_max; ++i) {
      if (!is_simple(element) || options_.wording == Wording::ajv) {
        check(array[i], element, fmt::format("{}.{}.member", coral, i + 1), fmt::format("{}[{}]", ajv, i));
      } else if (!own(array[i], element).empty()) {
        return broken(value, shape, coral, ajv, {"Member must satisfy constraint: " + all_constraints(element), {}});
      }
    }
  }

  void entries(const json::value& value, const Shape& shape, const std::string& coral, const std::string& ajv) {
    const Shape& key_shape = *shape.key.shape;
    const Shape& value_shape = *shape.value.shape;
    for (const auto& [key, entry] : value.get_object()) {
      if (out_.size() >= violations_max) return;
      if (!own(json::value(json::string(key)), key_shape).empty())
        return broken(value, shape, coral, ajv,
                      {"Map keys must satisfy constraint: " + all_constraints(key_shape), "has a wrong property name"});
      if (!is_simple(value_shape) || options_.wording == Wording::ajv) {
        check(entry, value_shape, fmt::format("{}.{}.member", coral, std::string_view(key)),
              fmt::format("{}['{}']", ajv, std::string_view(key)));
      } else if (!own(entry, value_shape).empty()) {
        return broken(value, shape, coral, ajv,
                      {"Map value must satisfy constraint: " + all_constraints(value_shape), {}});
      }
    }
  }

  ValidateOptions options_;
  std::vector<Violation>& out_;
  std::string top_;
};

}  // namespace

std::vector<Violation> validate(const json::object& input, const Shape& shape, const ValidateOptions& options) {
  std::vector<Violation> out;
  Validator{options, out}.structure(input, shape, "", "data", true);
  return out;
}

std::string violations_text(const std::vector<Violation>& violations, Wording wording) {
  std::vector<std::string_view> texts;
  for (const auto& violation : violations) texts.push_back(violation.text);
  if (wording == Wording::ajv)
    return fmt::format("Invalid parameter '{}'. {}", violations.front().top, fmt::join(texts, ", "));
  return fmt::format("{} validation error{} detected: {}", texts.size(), texts.size() == 1 ? "" : "s",
                     fmt::join(texts, "; "));
}

}  // namespace tocsin::api
