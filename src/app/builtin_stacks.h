// The templates of stacks/ that are built into the program.
#pragma once

#include <span>
#include <string_view>
#include <utility>

namespace tocsin::app {

// Name ("ip-blocking") and template text. The text is written by cmake/embed_stacks.cmake.
std::span<const std::pair<std::string_view, std::string_view>> builtin_stacks();

}  // namespace tocsin::app
