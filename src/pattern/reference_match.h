// The event pattern language as plainly as it can be written, for the tests to compare the engine with: it looks at
// one pattern and one event as trees and tries every choice. Shares the reader of JSON trees and the case folding
// with the engine, nothing else.
#pragma once

#include <string_view>

namespace tocsin::pattern {

// Requires a valid pattern and an event that is a JSON object.
bool reference_match(std::string_view pattern, std::string_view event);

}  // namespace tocsin::pattern
