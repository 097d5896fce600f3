#include <fmt/format.h>

#include "connections/request.h"

namespace tocsin::connections {
namespace {

constexpr int depth_max = 32;

std::string as_text(const json::value& value) {
  if (value.is_string()) return std::string(std::string_view(value.get_string()));
  return value.is_null() ? std::string() : to_json(value);
}

class Form {
 public:
  explicit Form(std::string_view array_format) : array_format_{array_format} {}

  void add(const std::string& name, const json::value& value, int depth) {
    if (depth > depth_max) return;
    if (const auto* object = value.if_object()) {
      for (const auto& [member, below] : *object)
        add(fmt::format("{}[{}]", name, std::string_view(member)), below, depth + 1);
    } else if (const auto* array = value.if_array()) {
      add_array(name, *array, depth);
    } else {
      put(name, as_text(value));
    }
  }
  std::string text;

 private:
  void add_array(const std::string& name, const json::array& array, int depth) {
    if (array_format_ == "COMMAS") {
      std::string joined;
      for (const auto& element : array) joined += (joined.empty() ? "" : ",") + as_text(element);
      return put(name, joined);
    }
    std::size_t index = 0;
    for (const auto& element : array) {
      if (array_format_ == "REPEAT")
        add(name, element, depth + 1);
      else if (array_format_ == "BRACKETS")
        add(name + "[]", element, depth + 1);
      else
        add(fmt::format("{}[{}]", name, index++), element, depth + 1);
    }
  }
  void put(std::string_view name, std::string_view value) {
    if (!text.empty()) text += '&';
    text += percent_encode(name) + "=" + percent_encode(value);
  }

  std::string_view array_format_;
};

}  // namespace

std::string percent_encode(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    const bool is_unreserved = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                               c == '.' || c == '_' || c == '~';
    if (is_unreserved)
      encoded += c;
    else
      encoded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return encoded;
}

std::string encode_form(const json::object& object, std::string_view array_format) {
  Form form{array_format};
  for (const auto& [name, value] : object) form.add(std::string(name), value, 0);
  return std::move(form.text);
}

}  // namespace tocsin::connections
