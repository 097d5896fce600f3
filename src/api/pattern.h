// Regular expressions of the service models (Java's dialect) on RE2. Inside this folder only.
#pragma once

#include <memory>
#include <string>

namespace tocsin::api {

class Pattern;
std::shared_ptr<const Pattern> make_pattern(std::string java);
// False where RE2 cannot express it.
bool is_enforced(const Pattern& pattern);

}  // namespace tocsin::api
