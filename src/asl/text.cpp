#include "asl/detail/text.h"

#include <charconv>
#include <cmath>

#include <boost/json/serialize.hpp>

#include "asl/history.h"

namespace tocsin::asl {
namespace {

void append_escaped(std::string& out, char c) {
  constexpr char digits[] = "0123456789abcdef";
  switch (c) {
    case '"':
      out += "\\\"";
      break;
    case '\\':
      out += "\\\\";
      break;
    case '\b':
      out += "\\b";
      break;
    case '\f':
      out += "\\f";
      break;
    case '\n':
      out += "\\n";
      break;
    case '\r':
      out += "\\r";
      break;
    case '\t':
      out += "\\t";
      break;
    default:
      out += "\\u00";
      out += digits[c >> 4];
      out += digits[c & 0xf];
  }
}

void append_string(std::string& out, std::string_view text) {
  out += '"';
  // What needs no escape is appended a run at a time.
  std::size_t begin = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c != '"' && c != '\\' && static_cast<unsigned char>(c) >= 0x20) continue;
    out.append(text, begin, i - begin);
    append_escaped(out, c);
    begin = i + 1;
  }
  out.append(text, begin);
  out += '"';
}

void append_java(std::string& out, const json::value& value) {
  if (const auto* array = value.if_array()) {
    out += '[';
    const char* separator = "";
    for (const auto& element : *array) {
      out += separator;
      append_java(out, element);
      separator = ", ";
    }
    out += ']';
  } else if (const auto* object = value.if_object()) {
    out += '{';
    const char* separator = "";
    for (const auto& member : *object) {
      out += separator;
      out += std::string_view(member.key());
      out += '=';
      append_java(out, member.value());
      separator = ", ";
    }
    out += '}';
  } else if (value.is_string()) {
    out += std::string_view(value.get_string());
  } else {
    append_text(out, value);
  }
}

}  // namespace

// Double.toString: plain digits for 10^-3 ≤ |x| < 10^7, else d.dddE±x; the shortest digits that read back the same.
std::string to_java_text(double number) {
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number < 0 ? "-Infinity" : "Infinity";
  if (number == 0) return std::signbit(number) ? "-0.0" : "0.0";
  char buffer[64];
  const auto scientific = std::to_chars(buffer, buffer + sizeof buffer, number, std::chars_format::scientific);
  std::string_view digits(buffer, static_cast<std::size_t>(scientific.ptr - buffer));
  const double magnitude = std::fabs(number);
  if (magnitude >= 1e-3 && magnitude < 1e7) {
    char plain[64];
    const auto fixed = std::to_chars(plain, plain + sizeof plain, number, std::chars_format::fixed);
    std::string text(plain, fixed.ptr);
    if (text.find('.') == text.npos) text += ".0";
    return text;
  }
  const auto e = digits.find('e');
  std::string text(digits.substr(0, e));
  if (text.find('.') == text.npos) text += ".0";
  int exponent = 0;
  auto power = digits.substr(e + 1);
  if (power.starts_with('+')) power.remove_prefix(1);
  std::from_chars(power.data(), power.data() + power.size(), exponent);
  return text + "E" + std::to_string(exponent);
}

std::string to_java_text(const json::value& value) {
  std::string out;
  append_java(out, value);
  return out;
}

void append_text(std::string& out, const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      out += "null";
      break;
    case json::kind::bool_:
      out += value.get_bool() ? "true" : "false";
      break;
    case json::kind::int64:
      out += std::to_string(value.get_int64());
      break;
    case json::kind::uint64:
      out += std::to_string(value.get_uint64());
      break;
    case json::kind::double_:
      // JSON has no infinity; a number beyond the range of double is written as Jackson writes it.
      if (std::isfinite(value.get_double()))
        out += to_java_text(value.get_double());
      else
        append_string(out, to_java_text(value.get_double()));
      break;
    case json::kind::string:
      append_string(out, value.get_string());
      break;
    case json::kind::array: {
      out += '[';
      const char* separator = "";
      for (const auto& element : value.get_array()) {
        out += separator;
        append_text(out, element);
        separator = ",";
      }
      out += ']';
      break;
    }
    case json::kind::object: {
      out += '{';
      const char* separator = "";
      for (const auto& member : value.get_object()) {
        out += separator;
        append_string(out, member.key());
        out += ':';
        append_text(out, member.value());
        separator = ",";
      }
      out += '}';
      break;
    }
  }
}

std::string to_text(const json::value& value) {
  std::string out;
  append_text(out, value);
  return out;
}

}  // namespace tocsin::asl
