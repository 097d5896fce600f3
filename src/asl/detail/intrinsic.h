// Calling intrinsic functions. Private to the room.
#pragma once

#include "asl/expression.h"

namespace tocsin::asl {

// Evaluates the arguments, then the function. Errors: States.Runtime for a path among the arguments that finds nothing,
// States.IntrinsicFailure for arguments that the function refuses.
Outcome<json::value> call_intrinsic(const Intrinsic& call, const json::value& input, Scope& scope);

using Arguments = std::vector<json::value>;
// A function's own failure is a sentence; the caller wraps it.
Result<json::value> call_array_function(Function function, Arguments& arguments);
Result<json::value> call_text_function(Function function, Arguments& arguments, Random& random);
// The argument as an integer: a number rounded to the nearest, halves up (1.5 → 2, -1.5 → -1), as the service rounds.
Result<std::int64_t> integer_argument(const Arguments& arguments, std::size_t index);

}  // namespace tocsin::asl
