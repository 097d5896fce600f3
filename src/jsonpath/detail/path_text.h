// Paths as Jayway prints them in its messages: $['a'][0][*]. Private to the room.
#pragma once

#include <span>
#include <string>

#include "jsonpath/jsonpath.h"

namespace tocsin::jsonpath {

std::string to_text(const Token& token);
std::string to_text(std::span<const Token> tokens);

}  // namespace tocsin::jsonpath
