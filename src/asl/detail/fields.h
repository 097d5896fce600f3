// Writing plain data as compact JSON text and reading it back, field by field. A type takes part through a function
// `describe(f, value)` that names each of its fields once; the same function serves both directions. Fields at their
// default value are left out. Private to the room.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "asl/history.h"
#include "core/clock.h"
#include "core/json.h"

namespace tocsin::asl {

template <class T>
struct is_optional : std::false_type {};
template <class T>
struct is_optional<std::optional<T>> : std::true_type {};
template <class T>
struct is_vector : std::false_type {};
template <class T>
struct is_vector<std::vector<T>> : std::true_type {};
template <class T>
struct is_owner : std::false_type {};
template <class T>
struct is_owner<std::unique_ptr<T>> : std::true_type {};
template <class T>
struct is_map : std::false_type {};
template <class K, class V>
struct is_map<std::map<K, V>> : std::true_type {};

class FieldWriter {
 public:
  explicit FieldWriter(std::string& out) : out_(out) {}

  template <class T>
  void operator()(std::string_view name, const T& value, const T& otherwise = T{}) {
    if (is_default(value, otherwise)) return;
    out_ += first_ ? "\"" : ",\"";
    first_ = false;
    out_ += name;
    out_ += "\":";
    write(value);
  }

  template <class T>
  void write(const T& value) {
    if constexpr (std::is_same_v<T, bool>)
      out_ += value ? "true" : "false";
    else if constexpr (std::is_enum_v<T>)
      out_ += std::to_string(static_cast<std::int64_t>(value));
    else if constexpr (std::is_integral_v<T>)
      out_ += std::to_string(value);
    else if constexpr (std::is_floating_point_v<T>)
      out_ += to_text(json::value(value));
    else if constexpr (std::is_same_v<T, Time>)
      out_ += std::to_string(to_microseconds(value));
    else if constexpr (std::is_same_v<T, std::string>)
      append_text(out_, json::string_view(value));
    else if constexpr (std::is_same_v<T, json::value>)
      append_text(out_, value);
    else if constexpr (std::is_same_v<T, json::object> || std::is_same_v<T, json::array>)
      append_text(out_, value);
    else if constexpr (is_optional<T>::value)
      value ? write_list(std::span(&*value, 1)) : void(out_ += "[]");
    else if constexpr (is_owner<T>::value)
      write(*value);
    else if constexpr (is_vector<T>::value)
      write_list(std::span(value));
    else if constexpr (is_map<T>::value)
      write_map(value);
    else {
      out_ += '{';
      FieldWriter inner(out_);
      describe(inner, const_cast<T&>(value));
      out_ += '}';
    }
  }

 private:
  template <class T>
  static bool is_default(const T& value, const T& otherwise) {
    if constexpr (is_owner<T>::value)
      return !value;
    else if constexpr (is_vector<T>::value || is_map<T>::value)
      return value.empty();
    else if constexpr (is_optional<T>::value)
      return !value;
    else if constexpr (std::is_same_v<T, json::value>)
      return value.is_null();
    else if constexpr (std::is_same_v<T, json::object> || std::is_same_v<T, json::array>)
      return value.empty();
    else if constexpr (requires { value == otherwise; })
      return value == otherwise;
    else
      return false;
  }
  template <class T>
  void write_list(std::span<const T> list) {
    out_ += '[';
    for (std::size_t i = 0; i < list.size(); ++i) {
      if (i > 0) out_ += ',';
      write(list[i]);
    }
    out_ += ']';
  }
  template <class K, class V>
  void write_map(const std::map<K, V>& map) {
    out_ += '[';
    const char* separator = "";
    for (const auto& [key, value] : map) {
      out_ += separator;
      write(key);
      out_ += ',';
      write(value);
      separator = ",";
    }
    out_ += ']';
  }

  std::string& out_;
  bool first_ = true;
};

// Once something does not fit, failed() is true and the rest is whatever it is.
class FieldReader {
 public:
  FieldReader(json::object& object, bool& failed) : object_(object), failed_(failed) {}

  template <class T>
  void operator()(std::string_view name, T& value, const T& otherwise = T{}) {
    if (auto* field = object_.if_contains(name))
      read(*field, value);
    else if constexpr (std::is_copy_assignable_v<T>)
      value = otherwise;
  }

  template <class T>
  void read(json::value& from, T& value) {
    if constexpr (std::is_same_v<T, bool>) {
      if (from.is_bool())
        value = from.get_bool();
      else
        failed_ = true;
    } else if constexpr (std::is_enum_v<T>) {
      value = static_cast<T>(integer(from));
    } else if constexpr (std::is_integral_v<T>) {
      value = static_cast<T>(integer(from));
    } else if constexpr (std::is_floating_point_v<T>) {
      if (from.is_double())
        value = from.get_double();
      else
        failed_ = true;
    } else if constexpr (std::is_same_v<T, Time>) {
      value = from_microseconds(integer(from));
    } else if constexpr (std::is_same_v<T, std::string>) {
      if (from.is_string())
        value = std::string_view(from.get_string());
      else
        failed_ = true;
    } else if constexpr (std::is_same_v<T, json::value>) {
      value = std::move(from);
    } else if constexpr (std::is_same_v<T, json::object>) {
      if (from.is_object())
        value = std::move(from.get_object());
      else
        failed_ = true;
    } else if constexpr (std::is_same_v<T, json::array>) {
      if (from.is_array())
        value = std::move(from.get_array());
      else
        failed_ = true;
    } else if constexpr (is_optional<T>::value) {
      auto* list = list_of(from);
      value.reset();
      if (list && !list->empty()) read((*list)[0], value.emplace());
    } else if constexpr (is_owner<T>::value) {
      value = std::make_unique<typename T::element_type>();
      read(from, *value);
    } else if constexpr (is_vector<T>::value) {
      auto* list = list_of(from);
      value.clear();
      if (list)
        for (auto& element : *list) read(element, value.emplace_back());
    } else if constexpr (is_map<T>::value) {
      auto* list = list_of(from);
      value.clear();
      for (std::size_t i = 0; list && i + 1 < list->size(); i += 2) {
        typename T::key_type key{};
        read((*list)[i], key);
        read((*list)[i + 1], value[key]);
      }
    } else if (from.is_object()) {
      FieldReader inner(from.get_object(), failed_);
      describe(inner, value);
    } else {
      failed_ = true;
    }
  }

 private:
  std::int64_t integer(const json::value& from) {
    if (from.is_int64()) return from.get_int64();
    failed_ = true;
    return 0;
  }
  json::array* list_of(json::value& from) {
    if (from.is_array()) return &from.get_array();
    failed_ = true;
    return nullptr;
  }

  json::object& object_;
  bool& failed_;
};

}  // namespace tocsin::asl
