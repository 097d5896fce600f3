// What queues and topics have in common about a message: its attributes and the characters that it may hold.
// Attributes are name → {"DataType": "String" | "Number" | "Binary" (each with an optional ".label"),
// "StringValue" | "BinaryValue" (base64 text)}. Checked,
// measured, digested and selected as SQS does. Pure.
#pragma once

#include <string>
#include <string_view>

#include "core/json.h"
#include "core/result.h"

namespace tocsin::message {

// What SQS and SNS refuse: more than `count_max`, bad names (empty, over 256, reserved prefix, other characters, stray
// periods), unknown types, empty values, numbers that are none. Error: validation, with the given name on AWS's wire.
Result<void> check_attributes(const json::object& attributes, std::size_t count_max, const char* error_name);

// Bytes that the attributes count towards the size of a message: names, types and values.
std::size_t size_of(const json::object& attributes);

// The MD5 that clients check: over the attributes in order of name, each as length and bytes (big-endian 32 bits) of
// name and type, one byte that tells the transport type (1 text, 2 bytes), length and bytes of the value.
// Source: Amazon SQS Developer Guide, "Calculating the MD5 message digest for message attributes".
std::string md5_of_attributes(const json::object& attributes);

// The attributes that a receiver asked for by name, "All", ".*" or "prefix.*".
json::object select_attributes(const json::object& attributes, const json::array& wanted);

// The first character (its byte position) that SQS does not carry: anything but #x9, #xA, #xD, #x20 to #xD7FF, #xE000
// to #xFFFD and #x10000 to #x10FFFF in valid UTF-8. npos: all are allowed.
std::size_t find_disallowed_character(std::string_view text);

}  // namespace tocsin::message
