// Text as URLs and forms carry it.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tocsin::api {

using Parameters = std::vector<std::pair<std::string, std::string>>;

// %XX decoded; what is no valid escape stays as it is.
std::string percent_decode(std::string_view text);
// application/x-www-form-urlencoded and query strings: '+' is a space (in forms only, if `plus_is_space`). At most
// `count_max` parameters are read; false past that.
bool parse_form(std::string_view text, bool plus_is_space, std::size_t count_max, Parameters& out);
// The first value of that name; null where there is none.
const std::string* find_parameter(const Parameters& parameters, std::string_view name);
bool is_valid_utf8(std::string_view text);
// Code points; `text` must be valid UTF-8.
std::size_t count_characters(std::string_view text);

}  // namespace tocsin::api
