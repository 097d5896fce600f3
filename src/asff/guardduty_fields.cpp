#include <cctype>

#include <fmt/format.h>

#include "asff/detail/guardduty_parts.h"

namespace tocsin::asff::detail {
namespace {

constexpr std::string_view prefix = "aws/guardduty/service";
constexpr std::size_t fields_max = 1000;
constexpr std::size_t field_bytes_max = 2048;
constexpr int depth_max = 20;

// A name as the API writes them: a capital, then letters and digits.
bool is_api_name(std::string_view name) {
  if (name.empty() || name[0] < 'A' || name[0] > 'Z') return false;
  for (const char c : name) {
    if (!std::isalnum(static_cast<unsigned char>(c))) return false;
  }
  return true;
}

std::string leaf_text(const json::value& value) {
  if (const auto* text = value.if_string()) return std::string{text->data(), text->size()};
  if (const auto* boolean = value.if_bool()) return *boolean ? "true" : "false";
  if (const auto* number = value.if_double()) return fmt::format("{}", *number);
  return value.is_number() ? to_json(value) : "";
}

class Flattener {
 public:
  json::object out = {};

  void value(const std::string& name, const json::value& value, int depth) {
    if (out.size() >= fields_max || depth > depth_max) return;
    if (const auto* object = value.if_object(); object && !object->empty()) {
      members(name, *object, depth);
    } else if (const auto* array = value.if_array(); array && !array->empty()) {
      for (std::size_t i = 0; i < array->size(); ++i)
        this->value(fmt::format("{}.{}_", name, i), (*array)[i], depth + 1);
    } else {
      std::string text = leaf_text(value);
      if (text.size() > field_bytes_max) put_text(out, name, text, field_bytes_max);
      if (!out.contains(name)) out.emplace(name, std::move(text));
    }
  }

  void members(const std::string& name, const json::object& object, int depth) {
    for (const auto& [member, part] : object) value(name + "/" + std::string{member}, part, depth + 1);
  }
};

// GetFindings gives additionalInfo as {type, value: "<JSON>"}; what that JSON holds is shown beside it.
void add_parsed_info(Flattener& flat, const json::object& service) {
  const auto text = string_at(service, "additionalInfo.value");
  if (!text.starts_with('{')) return;
  const auto parsed = parse_json_object(text);
  if (!parsed) return;
  Flattener inner;
  inner.members(std::string{prefix} + "/additionalInfo", *parsed, 1);
  for (auto& [name, value] : inner.out) {
    if (flat.out.size() < fields_max && !flat.out.contains(name)) flat.out.emplace(name, std::move(value));
  }
}

}  // namespace

json::value to_camel_case(json::value value) {
  if (auto* array = value.if_array()) {
    for (auto& element : *array) element = to_camel_case(std::move(element));
  } else if (auto* object = value.if_object()) {
    json::object out;
    out.reserve(object->size());
    for (auto& [name, member] : *object) {
      std::string camel{name};
      if (is_api_name(camel)) camel[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(camel[0])));
      out.insert_or_assign(camel, to_camel_case(std::move(member)));
    }
    return out;
  }
  return value;
}

json::object product_fields(const json::object& service) {
  Flattener flat;
  flat.members(std::string{prefix}, service, 0);
  add_parsed_info(flat, service);
  return std::move(flat.out);
}

void put_text(json::object& out, std::string_view name, std::string_view text, std::size_t characters_max) {
  if (text.find_first_not_of(" \t\r\n\f\v") == text.npos) return;
  std::size_t end = 0;
  for (std::size_t characters = 0; end < text.size(); ++end) {
    const bool starts = (static_cast<unsigned char>(text[end]) & 0xC0U) != 0x80U;
    if (starts && characters++ == characters_max) break;
  }
  out.insert_or_assign(name, text.substr(0, end));
}

}  // namespace tocsin::asff::detail
