// What the commands end with, and how they say what went wrong.
#pragma once

#include "core/result.h"

namespace tocsin::app {

inline constexpr int code_in_part = 1;      // done in part, or refused
inline constexpr int code_wrong_use = 2;    // flags, files and configuration that are wrong
inline constexpr int code_unreachable = 3;  // the server or the store cannot be reached

// For answers of a server: unreachable where nobody answers, else refused.
int code_of(const Error& error);
// Says it on stderr, with AWS's name of the error where it has one; returns `code`.
int complain(const Error& error, int code);
// The same for machines: one JSON object on stdout as well.
int complain_as_json(const Error& error, int code);

}  // namespace tocsin::app
