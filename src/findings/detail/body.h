// A finding's JSON as it is stored. Inside this folder only.
#pragma once

#include <string>
#include <string_view>

#include "core/result.h"

namespace tocsin::findings::detail {

// Compressed with the dictionary models/finding.dict, which tools/finding_dictionary.sh made of samples.
std::string to_body(std::string_view json);
// Error: corrupt.
Result<std::string> from_body(std::string_view body);

// The bytes of models/finding.dict, compiled in.
std::string_view dictionary_bytes();

}  // namespace tocsin::findings::detail
