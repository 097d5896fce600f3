// The text of models/asff.json, compiled in.
#pragma once

#include <string>

namespace tocsin::asff::detail {

std::string shape_text();

}  // namespace tocsin::asff::detail
