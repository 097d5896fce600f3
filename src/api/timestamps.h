// Timestamps on the wire: RFC 3339 ("iso8601"), seconds since 1970 ("unixTimestamp"), HTTP dates ("rfc822").
#pragma once

#include <string>
#include <string_view>

#include "core/json.h"

namespace tocsin::api {

// To the documents' form. Error: validation.
Result<std::string> timestamp_from_text(std::string_view text, std::string_view format);
Result<std::string> timestamp_from_number(double seconds);

// From the documents' form; what is no timestamp is passed on as it is.
json::value timestamp_to_json(const json::value& document, std::string_view format);
std::string timestamp_to_text(std::string_view document, std::string_view format);

}  // namespace tocsin::api
