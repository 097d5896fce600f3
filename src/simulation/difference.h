// What is expected and what came, for people: only what differs. Private to the room.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"

namespace tocsin::simulation {

// Equal as cases compare: numbers by value, members in any order, two texts that are both JSON objects or arrays as
// those.
bool alike(const json::value& expected, const json::value& actual);

// One line for each place that differs: "/output/block/State: expected "confirmed", was "submitted"". At most
// `lines_max` lines below `path`; a last line counts the others.
std::vector<std::string> differences(const json::value& expected, const json::value& actual, std::string_view path,
                                     std::size_t lines_max = 20);

// Two lists, line by line: "  same", "- expected only", "+ came only".
std::vector<std::string> line_differences(const std::vector<std::string>& expected,
                                          const std::vector<std::string>& actual);

}  // namespace tocsin::simulation
