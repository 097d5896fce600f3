// Time on the wire: RFC 3339 in UTC with milliseconds out; RFC 3339 with any fraction and offset in.
#pragma once

#include <string>
#include <string_view>

#include "core/clock.h"
#include "core/result.h"

namespace tocsin {

// "2026-11-22T16:20:26.123Z". Milliseconds are cut, not rounded.
std::string format_rfc3339(Time time);
// "2026-11-22T16:20:26Z".
std::string format_rfc3339_seconds(Time time);

// Reads RFC 3339 section 5.6: date, capital T, time, an optional fraction of 1 to 9 digits (cut to
// microseconds), then Z or ±HH:MM. Error: validation, with the text in the message.
Result<Time> parse_rfc3339(std::string_view text);

// "20261122T162026Z", the form of X-Amz-Date, and its reader.
std::string format_basic(Time time);
Result<Time> parse_basic(std::string_view text);

}  // namespace tocsin
