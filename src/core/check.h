// check(): a broken invariant stops the process, in every build. For bad input, return an Error.
#pragma once

namespace tocsin {

[[noreturn]] void check_failed(const char* what, const char* file, int line);

inline void check(bool holds, const char* what, const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  if (!holds) check_failed(what, file, line);
}

}  // namespace tocsin
