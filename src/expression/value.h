// DynamoDB's attribute values as documents: an object of one member whose name is the type.
#pragma once

#include <optional>
#include <string_view>

#include "core/json.h"
#include "core/result.h"

namespace tocsin::expression {

inline constexpr std::size_t item_bytes_max = 400 * 1024;
inline constexpr int value_depth_max = 32;
inline constexpr int number_digits_max = 38;

// Checks an attribute value and writes its numbers in the canonical form. Error: ValidationException.
Result<void> normalise(json::value& value);

// The type ("S", "N", "B", "BOOL", "NULL", "L", "M", "SS", "NS", "BS"). Requires a checked value.
std::string_view type_of(const json::value& value);
// The text of an "S"; nothing for other types.
std::optional<std::string_view> text_of(const json::value& value);

json::value make_text(std::string_view text);
json::value make_number(std::int64_t number);

bool equal(const json::value& a, const json::value& b);
// Less than, equal, greater than zero; nothing where the types differ or have no order.
std::optional<int> compare(const json::value& a, const json::value& b);
// What size() says: length of text or bytes, count of elements; nothing for other types.
std::optional<std::int64_t> size_of(const json::value& value);
// Bytes of an item as DynamoDB counts them, closely enough for its limits.
std::size_t item_bytes(const json::object& item);

// Exact decimal sum or difference of two numbers ("N"). Error: ValidationException past 38 digits.
Result<json::value> add(const json::value& a, const json::value& b, bool negate);

}  // namespace tocsin::expression
