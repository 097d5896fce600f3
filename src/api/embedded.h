// The files of models/aws/, as the build put them into the program. Inside this folder only.
#pragma once

#include <span>
#include <string_view>
#include <utility>

namespace tocsin::api {

// Signing name and text of each model.
std::span<const std::pair<std::string_view, std::string_view>> embedded_models();

}  // namespace tocsin::api
