#include "app/exit_code.h"

#include <cstdio>

#include <fmt/format.h>

#include "core/json.h"

namespace tocsin::app {

int code_of(const Error& error) {
  return error.code == ErrorCode::unavailable ? code_unreachable : code_in_part;
}

int complain(const Error& error, int code) {
  std::fflush(stdout);
  fmt::print(stderr, "tocsin: {}{}{}\n", error.aws_code, error.aws_code.empty() ? "" : ": ", error.message);
  return code;
}

int complain_as_json(const Error& error, int code) {
  json::object document{{"error", error.message}, {"exitCode", code}};
  if (!error.aws_code.empty()) document["code"] = error.aws_code;
  fmt::print("{}\n", to_json(document));
  return complain(error, code);
}

}  // namespace tocsin::app
