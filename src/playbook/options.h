// Flags into what reads sources. Private to the room.
#pragma once

#include <ostream>

#include <fmt/format.h>

#include "playbook/playbook.h"
#include "playbook/source.h"

namespace tocsin::playbook {

inline constexpr int done = 0;
inline constexpr int bad = 1;
inline constexpr int wrong_use = 2;

// Error: validation, saying which flag is wrong.
inline Result<SourceOptions> source_options(const DefinitionOptions& given) {
  SourceOptions options;
  if (!given.type.empty() && given.type != "STANDARD" && given.type != "EXPRESS")
    return fail(ErrorCode::validation, fmt::format("--type must be STANDARD or EXPRESS, not '{}'", given.type));
  if (!given.type.empty()) options.kind = given.type == "EXPRESS" ? asl::Kind::express : asl::Kind::standard;
  for (const auto& parameter : given.parameters) {
    const auto equals = parameter.find('=');
    if (equals == parameter.npos || equals == 0)
      return fail(ErrorCode::validation, fmt::format("--parameter takes NAME=VALUE, not '{}'", parameter));
    options.parameters[parameter.substr(0, equals)] = parameter.substr(equals + 1);
  }
  return options;
}

// 2 for what cannot be read, 1 for what is read and wrong.
inline int complain(const Error& error, std::ostream& err) {
  err << "tocsin: " << error.message << "\n";
  return error.code == ErrorCode::not_found ? wrong_use : bad;
}

}  // namespace tocsin::playbook
