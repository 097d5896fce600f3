#include <cmath>

#include "jsonpath/jsonpath.h"

namespace tocsin::jsonpath {
namespace {

int sign(auto a, auto b) {
  return a < b ? -1 : a > b ? 1 : 0;
}

// An integer against a double, without rounding the integer to one.
int compare_integer(const json::value& integer, double number) {
  if (std::isnan(number)) return -1;
  if (integer.is_uint64()) {
    if (number < 0) return 1;
    if (number >= 18446744073709551616.0) return -1;
    const auto whole = static_cast<std::uint64_t>(number);
    if (integer.get_uint64() != whole) return sign(integer.get_uint64(), whole);
    return sign(0.0, number - std::trunc(number));
  }
  if (number < -9223372036854775808.0) return 1;
  if (number >= 9223372036854775808.0) return -1;
  const auto whole = static_cast<std::int64_t>(number);
  if (integer.get_int64() != whole) return sign(integer.get_int64(), whole);
  return sign(0.0, number - std::trunc(number));
}

}  // namespace

int compare_numbers(const json::value& a, const json::value& b) {
  if (a.is_double() && b.is_double()) return sign(a.get_double(), b.get_double());
  if (b.is_double()) return compare_integer(a, b.get_double());
  if (a.is_double()) return -compare_integer(b, a.get_double());
  if (a.is_int64() && b.is_int64()) return sign(a.get_int64(), b.get_int64());
  if (a.is_uint64() && b.is_uint64()) return sign(a.get_uint64(), b.get_uint64());
  if (a.is_int64()) return a.get_int64() < 0 ? -1 : sign(static_cast<std::uint64_t>(a.get_int64()), b.get_uint64());
  return -compare_numbers(b, a);
}

bool equal(const json::value& a, const json::value& b) {
  if (a.is_number() && b.is_number()) return compare_numbers(a, b) == 0;
  if (a.kind() != b.kind()) return false;
  if (const auto* array = a.if_array()) {
    const auto& other = b.get_array();
    if (array->size() != other.size()) return false;
    for (std::size_t i = 0; i < array->size(); ++i)
      if (!equal((*array)[i], other[i])) return false;
    return true;
  }
  if (const auto* object = a.if_object()) {
    const auto& other = b.get_object();
    if (object->size() != other.size()) return false;
    for (const auto& member : *object) {
      const auto* value = other.if_contains(member.key());
      if (!value || !equal(member.value(), *value)) return false;
    }
    return true;
  }
  return a == b;
}

}  // namespace tocsin::jsonpath
