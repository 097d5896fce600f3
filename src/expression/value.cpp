#include "expression/value.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>

#include <fmt/format.h>

namespace tocsin::expression {
namespace {

__extension__ typedef __int128 Coefficient;

// A decimal number: coefficient × 10^exponent, the coefficient without trailing zeros, zero as {0, 0}.
struct Decimal {
  Coefficient coefficient = 0;
  int exponent = 0;
};

std::unexpected<Error> invalid(std::string message) {
  return fail(ErrorCode::validation, std::move(message), "ValidationException");
}

void trim(Decimal& number) {
  if (number.coefficient == 0) number.exponent = 0;
  while (number.coefficient != 0 && number.coefficient % 10 == 0) number.coefficient /= 10, ++number.exponent;
}

int digits_of(Coefficient coefficient) {
  if (coefficient < 0) coefficient = -coefficient;
  int digits = 0;
  for (; coefficient != 0; coefficient /= 10) ++digits;
  return digits;
}

bool in_range(const Decimal& number) {
  if (number.coefficient == 0) return true;
  const int magnitude = digits_of(number.coefficient) + number.exponent;  // 10^(magnitude-1) ≤ |n| < 10^magnitude
  return magnitude <= 126 && magnitude > -130;
}

std::optional<int> read_exponent(std::string_view& text) {
  text.remove_prefix(1);
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  int exponent = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), exponent);
  if (error != std::errc{} || std::abs(exponent) > 1000) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return exponent;
}

std::optional<Decimal> read_decimal(std::string_view text) {
  if (text.size() > 200) return std::nullopt;
  const bool negative = !text.empty() && text.front() == '-';
  if (!text.empty() && (negative || text.front() == '+')) text.remove_prefix(1);
  Decimal number;
  bool any = false, point = false;
  int zeros = 0;  // seen and not yet put into the coefficient, so that trailing ones cost no digits
  for (; !text.empty(); text.remove_prefix(1)) {
    const char c = text.front();
    if (c == '.') {
      if (point) return std::nullopt;
      point = true;
      continue;
    }
    if (c < '0' || c > '9') break;
    any = true;
    if (point) --number.exponent;
    if (c == '0') {
      ++zeros;
      continue;
    }
    if (number.coefficient != 0 && digits_of(number.coefficient) + zeros + 1 > number_digits_max) return std::nullopt;
    for (; zeros > 0 && number.coefficient != 0; --zeros) number.coefficient *= 10;
    zeros = 0;
    number.coefficient = number.coefficient * 10 + (c - '0');
  }
  number.exponent += zeros;
  if (!any) return std::nullopt;
  if (!text.empty() && (text.front() == 'e' || text.front() == 'E')) {
    const auto exponent = read_exponent(text);
    if (!exponent) return std::nullopt;
    number.exponent += *exponent;
  }
  if (!text.empty()) return std::nullopt;
  if (negative) number.coefficient = -number.coefficient;
  trim(number);
  return in_range(number) ? std::optional{number} : std::nullopt;
}

std::string to_text(Decimal number) {
  const bool negative = number.coefficient < 0;
  std::string digits;
  for (Coefficient rest = negative ? -number.coefficient : number.coefficient; rest != 0; rest /= 10)
    digits += static_cast<char>('0' + static_cast<int>(rest % 10));
  std::reverse(digits.begin(), digits.end());
  if (digits.empty()) return "0";
  const std::string_view sign = negative ? "-" : "";
  if (number.exponent >= 0) return fmt::format("{}{}{:0>{}}", sign, digits, "", number.exponent);
  const auto fraction = static_cast<std::size_t>(-number.exponent);
  if (digits.size() <= fraction) return fmt::format("{}0.{:0>{}}", sign, digits, fraction);
  const auto point = digits.size() - fraction;
  return fmt::format("{}{}.{}", sign, digits.substr(0, point), digits.substr(point));
}

int compare(const Decimal& a, const Decimal& b) {
  const auto sign = [](const Decimal& n) { return n.coefficient == 0 ? 0 : n.coefficient < 0 ? -1 : 1; };
  if (sign(a) != sign(b)) return sign(a) - sign(b);
  if (sign(a) == 0) return 0;
  const int magnitude_a = digits_of(a.coefficient) + a.exponent;
  const int magnitude_b = digits_of(b.coefficient) + b.exponent;
  if (magnitude_a != magnitude_b) return (magnitude_a < magnitude_b ? -1 : 1) * sign(a);
  Coefficient left = a.coefficient, right = b.coefficient;  // same magnitude: scale to the same exponent, ≤ 38 digits
  for (int i = b.exponent; i < a.exponent; ++i) left *= 10;
  for (int i = a.exponent; i < b.exponent; ++i) right *= 10;
  return left < right ? -1 : left > right ? 1 : 0;
}

Decimal decimal_of(const json::value& value) {
  return read_decimal(value.at("N").get_string()).value_or(Decimal{});
}

const json::value& content(const json::value& value) {
  return value.get_object().begin()->value();
}

Result<void> normalise_number(json::value& number) {
  const auto* text = number.if_string();
  const auto decimal = text ? read_decimal(*text) : std::nullopt;
  if (!decimal)
    return invalid(fmt::format("The parameter cannot be converted to a numeric value: {}", json::serialize(number)));
  number = to_text(*decimal);
  return {};
}

Result<void> normalise_at(json::value& value, int depth);

Result<void> normalise_set(std::string_view type, json::value& content) {
  auto* elements = content.if_array();
  if (!elements || elements->empty())
    return invalid("One or more parameter values were invalid: An set may not be empty");
  for (auto& element : *elements) {
    if (!element.is_string()) return invalid("Supplied AttributeValue holds a set with an element of the wrong type");
    if (type == "NS") {
      if (auto done = normalise_number(element); !done) return pass_on(done);
    }
  }
  for (std::size_t i = 0; i < elements->size(); ++i) {
    if (std::find(elements->begin() + static_cast<std::ptrdiff_t>(i) + 1, elements->end(), (*elements)[i]) !=
        elements->end())
      return invalid("One or more parameter values were invalid: Input collection contains duplicates.");
  }
  return {};
}

Result<void> normalise_content(std::string_view type, json::value& content, int depth) {
  if (type == "N") return normalise_number(content);
  if (type == "SS" || type == "NS" || type == "BS") return normalise_set(type, content);
  if (type == "S" || type == "B") {
    if (content.is_string()) return {};
  } else if (type == "BOOL") {
    if (content.is_bool()) return {};
  } else if (type == "NULL") {
    if (content.is_bool() && content.get_bool()) return {};
    return invalid("One or more parameter values were invalid: Null attribute value types must have the value of true");
  } else if (auto* elements = content.if_array(); elements && type == "L") {
    for (auto& element : *elements) {
      if (auto done = normalise_at(element, depth + 1); !done) return done;
    }
    return {};
  } else if (auto* members = content.if_object(); members && type == "M") {
    for (auto& member : *members) {
      if (auto done = normalise_at(member.value(), depth + 1); !done) return done;
    }
    return {};
  }
  return invalid("Supplied AttributeValue is empty, must contain exactly one of the supported datatypes");
}

Result<void> normalise_at(json::value& value, int depth) {
  if (depth > value_depth_max) return invalid("Nesting Levels have exceeded supported limits");
  auto* object = value.if_object();
  if (!object || object->empty())
    return invalid("Supplied AttributeValue is empty, must contain exactly one of the supported datatypes");
  if (object->size() > 1)
    return invalid(
        "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes");
  auto& member = *object->begin();
  return normalise_content(member.key(), member.value(), depth);
}

bool equal_sets(const json::array& a, const json::array& b) {
  return a.size() == b.size() &&
         std::all_of(a.begin(), a.end(), [&](const auto& e) { return std::find(b.begin(), b.end(), e) != b.end(); });
}

std::size_t value_bytes(const json::value& value) {
  const auto type = type_of(value);
  const auto& inner = content(value);
  if (type == "N") return inner.get_string().size() / 2 + 2;
  if (type == "B") return inner.get_string().size() / 4 * 3;
  if (type == "BOOL" || type == "NULL") return 1;
  if (const auto* text = inner.if_string()) return text->size();
  std::size_t bytes = 3;
  if (const auto* members = inner.if_object()) return bytes + item_bytes(*members);
  for (const auto& element : inner.get_array())
    bytes += element.is_string() ? element.get_string().size() : 1 + value_bytes(element);
  return bytes;
}

}  // namespace

Result<void> normalise(json::value& value) {
  return normalise_at(value, 1);
}

std::string_view type_of(const json::value& value) {
  return value.get_object().begin()->key();
}

std::optional<std::string_view> text_of(const json::value& value) {
  const auto* object = value.if_object();
  const auto* text = object ? object->if_contains("S") : nullptr;
  if (!text || !text->is_string()) return std::nullopt;
  return text->get_string();
}

json::value make_text(std::string_view text) {
  return json::object{{"S", text}};
}

json::value make_number(std::int64_t number) {
  return json::object{{"N", std::to_string(number)}};
}

bool equal(const json::value& a, const json::value& b) {
  const auto type = type_of(a);
  if (type != type_of(b)) return false;
  const auto &x = content(a), &y = content(b);
  if (type == "SS" || type == "NS" || type == "BS") return equal_sets(x.get_array(), y.get_array());
  if (type == "L") {
    return std::equal(x.get_array().begin(), x.get_array().end(), y.get_array().begin(), y.get_array().end(), equal);
  }
  if (type == "M") {
    const auto &p = x.get_object(), &q = y.get_object();
    return p.size() == q.size() && std::all_of(p.begin(), p.end(), [&](const auto& member) {
             const auto* other = q.if_contains(member.key());
             return other && equal(member.value(), *other);
           });
  }
  return x == y;  // numbers are canonical text
}

std::optional<int> compare(const json::value& a, const json::value& b) {
  const auto type = type_of(a);
  if (type != type_of(b)) return std::nullopt;
  if (type == "N") return compare(decimal_of(a), decimal_of(b));
  // Base64 keeps no byte order in general; binary keys do not occur here and have no order.
  if (type != "S") return std::nullopt;
  const std::string_view x = content(a).get_string(), y = content(b).get_string();
  return x.compare(y);
}

std::optional<std::int64_t> size_of(const json::value& value) {
  const auto type = type_of(value);
  const auto& inner = content(value);
  if (type == "S") return static_cast<std::int64_t>(inner.get_string().size());
  if (type == "B") {
    const std::string_view text = inner.get_string();
    const auto padding = std::count(text.begin(), text.end(), '=');
    return static_cast<std::int64_t>(text.size() / 4 * 3) - padding;
  }
  if (const auto* elements = inner.if_array()) return static_cast<std::int64_t>(elements->size());
  if (const auto* members = inner.if_object()) return static_cast<std::int64_t>(members->size());
  return std::nullopt;
}

std::size_t item_bytes(const json::object& item) {
  std::size_t bytes = 0;
  for (const auto& member : item) bytes += member.key().size() + value_bytes(member.value());
  return bytes;
}

Result<json::value> add(const json::value& a, const json::value& b, bool negate) {
  if (type_of(a) != "N" || type_of(b) != "N")
    return invalid("An operand in the update expression has an incorrect data type");
  Decimal left = decimal_of(a), right = decimal_of(b);
  if (negate) right.coefficient = -right.coefficient;
  if (left.coefficient == 0) return json::value(json::object{{"N", to_text(right)}});
  if (right.coefficient == 0) return json::value(json::object{{"N", to_text(left)}});
  const int exponent = std::min(left.exponent, right.exponent);
  for (Decimal* number : {&left, &right}) {
    if (digits_of(number->coefficient) + number->exponent - exponent > number_digits_max)
      return invalid("Number overflow. Attempting to store a number with magnitude larger than supported range");
    for (; number->exponent > exponent; --number->exponent) number->coefficient *= 10;
  }
  // The sum of two coefficients of 38 digits might not fit into 127 bits.
  if (digits_of(left.coefficient) == number_digits_max && digits_of(right.coefficient) == number_digits_max &&
      (left.coefficient < 0) == (right.coefficient < 0))
    return invalid("Number overflow. Attempting to store a number with magnitude larger than supported range");
  Decimal sum{left.coefficient + right.coefficient, exponent};
  trim(sum);
  if (!in_range(sum) || digits_of(sum.coefficient) > number_digits_max)
    return invalid("Number overflow. Attempting to store a number with magnitude larger than supported range");
  return json::value(json::object{{"N", to_text(sum)}});
}

}  // namespace tocsin::expression
