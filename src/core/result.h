// Result<T>: a value, or the reason there is none. Expected failures travel as values; our own
// code throws nothing.
#pragma once

#include <expected>
#include <string>
#include <utility>

namespace tocsin {

// What a caller can do about a failure. Add a code only when some caller reacts to it differently.
enum class ErrorCode {
  validation,   // the caller's data is wrong: do not retry
  not_found,    // the named thing does not exist
  conflict,     // the state changed underneath: reload, then retry
  denied,       // the caller may not do this
  throttled,    // retry later, slower
  unavailable,  // a dependency failed or timed out: retry later
  corrupt,      // stored bytes fail their checks: stop and report
};

struct Error {
  ErrorCode code;
  std::string message;        // for people: what was attempted, on what, and what to do
  std::string aws_code = {};  // the error name on AWS's wire ("ResourceNotFoundException"), where there is one
  std::string path = {};      // where in the input the fault is ("Findings[3].Severity.Label"), where known
};

// A std::expected that must not be dropped (the library's own is not [[nodiscard]]).
template <class T>
class [[nodiscard]] Result : public std::expected<T, Error> {
 public:
  using std::expected<T, Error>::expected;
};

// A failure, ready to return: `return fail(ErrorCode::not_found, "no rule named x", "ResourceNotFoundException");`
inline std::unexpected<Error> fail(ErrorCode code, std::string message, std::string aws_code = {},
                                   std::string path = {}) {
  return std::unexpected(Error{code, std::move(message), std::move(aws_code), std::move(path)});
}

// Passes the failure of `result` on: `if (!x) return pass_on(x);`
template <class T>
std::unexpected<Error> pass_on(Result<T>& result) {
  return std::unexpected(std::move(result).error());
}

}  // namespace tocsin
