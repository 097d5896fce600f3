// Text as the receivers of the original expect it. Inside this folder only.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "core/json.h"

namespace tocsin::responders {

// JSON with two spaces an indent step and everything but ASCII escaped (Python's json.dumps(indent=2)).
std::string ascii_pretty_json(const json::value& value);
// "2026-01-05T10:00:00.123456": UTC without a zone (Python's utcnow().isoformat()).
std::string naive_iso(Time time);
// What SNS takes as a subject: printable ASCII, at most 100 characters.
std::string ascii_subject(std::string_view text);
// The first `count` characters (code points, not bytes).
std::string_view first_characters(std::string_view text, std::size_t count);
// The findings of an event's detail; empty where there are none.
std::vector<const json::object*> findings_of(const json::value& event);

}  // namespace tocsin::responders
