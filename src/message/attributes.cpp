#include "message/attributes.h"

#include <algorithm>
#include <charconv>
#include <vector>

#include <fmt/format.h>

#include "digest/digest.h"

namespace tocsin::message {
namespace {

constexpr std::size_t name_bytes_max = 256;

std::unexpected<Error> refuse(std::string message) {
  return fail(ErrorCode::validation, std::move(message));
}

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
}

bool starts_with_any_case(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() && std::equal(prefix.begin(), prefix.end(), text.begin(),
                                                    [](char a, char b) { return a == (b | 0x20) || a == b; });
}

Result<void> check_name(std::string_view name) {
  if (name.empty()) return refuse("Message (user) attribute name can not be empty.");
  if (name.size() > name_bytes_max)
    return refuse(
        fmt::format("Message (user) attribute name '{}…' is longer than 256 characters.", name.substr(0, 40)));
  if (!std::all_of(name.begin(), name.end(), is_name_character))
    return refuse(
        fmt::format("The message attribute name '{}' is invalid. Attribute name can contain A-Z, a-z, 0-9, "
                    "underscore (_), hyphen (-), and period (.) characters.",
                    name));
  if (starts_with_any_case(name, "aws.") || starts_with_any_case(name, "amazon."))
    return refuse(fmt::format("The message attribute name '{}' is invalid: it starts with a reserved prefix.", name));
  if (name.front() == '.' || name.back() == '.' || name.find("..") != std::string_view::npos)
    return refuse(
        fmt::format("The message attribute name '{}' is invalid: a period stands between other characters.", name));
  return {};
}

// "String" of "String.uuid".
std::string_view base_type(std::string_view type) {
  return type.substr(0, type.find('.'));
}

bool is_number(std::string_view text) {
  double value = 0;
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::invalid_argument || end != text.data() + text.size()) return false;
  // from_chars also reads "inf" and "nan", which are no numbers here.
  return text.find_first_of("0123456789") != std::string_view::npos;
}

struct Parts {
  std::string_view type;
  bool binary = false;
  std::string value;  // decoded where binary
};

Parts parts_of(const json::value& attribute) {
  Parts parts;
  const auto* object = attribute.if_object();
  if (!object) return parts;
  parts.type = string_at(*object, "DataType");
  parts.binary = base_type(parts.type) == "Binary";
  if (parts.binary)
    parts.value = digest::from_base64(string_at(*object, "BinaryValue")).value_or(std::string{});
  else
    parts.value = string_at(*object, "StringValue");
  return parts;
}

Result<void> check_one(std::string_view name, const json::value& attribute) {
  if (auto named = check_name(name); !named) return named;
  const auto* object = attribute.if_object();
  const std::string_view type = object ? string_at(*object, "DataType") : std::string_view{};
  if (type.empty())
    return refuse(fmt::format("The message (user) attribute '{}' must contain a non-empty attribute type.", name));
  const auto base = base_type(type);
  if (type.size() > name_bytes_max || (base != "String" && base != "Number" && base != "Binary"))
    return refuse(
        fmt::format("The type of message (user) attribute '{}' is invalid. You must use only the following "
                    "supported type prefixes: Binary, Number, String.",
                    name));
  if (base == "Binary" && !digest::from_base64(string_at(*object, "BinaryValue")))
    return refuse(fmt::format("The value of message (user) attribute '{}' is not base64.", name));
  const Parts parts = parts_of(attribute);
  if (parts.value.empty())
    return refuse(
        fmt::format("The message (user) attribute '{}' must contain a non-empty value of type '{}'.", name, base));
  if (base == "Number" && !is_number(parts.value))
    return refuse(fmt::format("Can't cast the value of message (user) attribute '{}' to a number.", name));
  if (!parts.binary && find_disallowed_character(parts.value) != std::string_view::npos)
    return refuse(
        fmt::format("Invalid binary character was found in the value of message (user) attribute '{}'.", name));
  return {};
}

void append_sized(std::string& bytes, std::string_view text) {
  for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<char>((text.size() >> shift) & 0xff));
  bytes.append(text);
}

// One UTF-8 sequence at `at`: its code point and length, or length 0 where it is broken.
struct CodePoint {
  std::uint32_t value = 0;
  std::size_t length = 0;
};

CodePoint code_point_at(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = byte(at);
  if (first < 0x80) return {first, 1};
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 0;
  if (length == 0 || first > 0xf4 || at + length > text.size()) return {};
  std::uint32_t value = first & (0xffu >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(at + i) & 0xc0) != 0x80) return {};
    value = (value << 6) | (byte(at + i) & 0x3f);
  }
  constexpr std::uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
  if (value < smallest[length]) return {};
  return {value, length};
}

}  // namespace

Result<void> check_attributes(const json::object& attributes, std::size_t count_max, const char* error_name) {
  if (attributes.size() > count_max)
    return fail(ErrorCode::validation,
                fmt::format("Number of message attributes [{}] exceeds the allowed maximum [{}].", attributes.size(),
                            count_max),
                error_name);
  for (const auto& [name, attribute] : attributes) {
    auto checked = check_one(name, attribute);
    if (checked) continue;
    checked.error().aws_code = error_name;
    return checked;
  }
  return {};
}

std::size_t size_of(const json::object& attributes) {
  std::size_t bytes = 0;
  for (const auto& [name, attribute] : attributes) {
    const Parts parts = parts_of(attribute);
    bytes += name.size() + parts.type.size() + parts.value.size();
  }
  return bytes;
}

std::string md5_of_attributes(const json::object& attributes) {
  std::vector<std::string_view> names;
  for (const auto& [name, attribute] : attributes) names.push_back(name);
  std::sort(names.begin(), names.end());
  std::string bytes;
  for (const auto name : names) {
    const Parts parts = parts_of(attributes.at(name));
    append_sized(bytes, name);
    append_sized(bytes, parts.type);
    bytes.push_back(parts.binary ? '\2' : '\1');
    append_sized(bytes, parts.value);
  }
  return digest::md5_hex(bytes);
}

json::object select_attributes(const json::object& attributes, const json::array& wanted) {
  const auto is_wanted = [&](std::string_view name) {
    return std::any_of(wanted.begin(), wanted.end(), [&](const json::value& value) {
      const auto* text = value.if_string();
      if (!text) return false;
      const std::string_view pattern = *text;
      if (pattern == "All" || pattern == ".*") return true;
      if (pattern.ends_with(".*")) return name.starts_with(pattern.substr(0, pattern.size() - 2));
      return name == pattern;
    });
  };
  json::object selected;
  for (const auto& [name, attribute] : attributes)
    if (is_wanted(name)) selected.emplace(name, attribute);
  return selected;
}

std::size_t find_disallowed_character(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const auto [value, length] = code_point_at(text, at);
    const bool allowed =
        length != 0 && (value == 0x9 || value == 0xa || value == 0xd || (value >= 0x20 && value <= 0xd7ff) ||
                        (value >= 0xe000 && value <= 0xfffd) || (value >= 0x10000 && value <= 0x10ffff));
    if (!allowed) return at;
    at += length;
  }
  return std::string_view::npos;
}

}  // namespace tocsin::message
