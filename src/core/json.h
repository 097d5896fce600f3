// JSON documents (Boost.JSON: 64-bit integers and doubles apart, objects keep key order), and the few
// reads that everyone needs. The hot path does not use documents; it works on bytes (see asff, pattern).
#pragma once

#include <string>
#include <string_view>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/storage_ptr.hpp>
#include <boost/json/value.hpp>

#include "core/result.h"

namespace tocsin {

namespace json = boost::json;

// Nesting allowed in a document from outside.
inline constexpr std::size_t json_depth_max = 100;

// Error: validation, saying what is wrong at which byte. Invalid UTF-8 is refused. `storage`: where the document lives;
// a json::monotonic_resource, say, which must then outlive it.
Result<json::value> parse_json(std::string_view text, json::storage_ptr storage = {});
// The same, and the document must be an object.
Result<json::object> parse_json_object(std::string_view text, json::storage_ptr storage = {});

std::string to_json(const json::value& value);
std::string to_json(const json::object& value);
// Two spaces an indent step, as Python's json.dumps(indent=2) lays it out; non-ASCII stays UTF-8.
std::string to_pretty_json(const json::value& value);

// The member at a dotted path ("Severity.Label") below `value`, or null where any step is missing.
// Keys that hold dots themselves are not reachable this way.
const json::value* find(const json::value& value, std::string_view path);
const json::value* find(const json::object& object, std::string_view path);

// The string at a path; nothing there, or no string there: `otherwise`.
std::string_view string_at(const json::object& object, std::string_view path, std::string_view otherwise = {});
// The whole number at a path; nothing there, or none: `otherwise`.
std::int64_t integer_at(const json::object& object, std::string_view path, std::int64_t otherwise = 0);
bool bool_at(const json::object& object, std::string_view path, bool otherwise = false);

}  // namespace tocsin
