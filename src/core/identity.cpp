#include "core/identity.h"

#include <array>

#include <fmt/format.h>

namespace tocsin {

std::string Identity::arn(std::string_view service, std::string_view resource) const {
  return fmt::format("arn:{}:{}:{}:{}:{}", partition, service, region, account, resource);
}

Result<Arn> parse_arn(std::string_view text) {
  std::array<std::string_view, 6> parts;
  std::string_view rest = text;
  for (std::size_t i = 0; i < 5; ++i) {
    const auto colon = rest.find(':');
    if (colon == rest.npos) return fail(ErrorCode::validation, fmt::format("'{}' is not an ARN", text.substr(0, 256)));
    parts[i] = rest.substr(0, colon);
    rest.remove_prefix(colon + 1);
  }
  parts[5] = rest;
  if (parts[0] != "arn" || parts[1].empty() || parts[2].empty() || parts[5].empty())
    return fail(ErrorCode::validation, fmt::format("'{}' is not an ARN", text.substr(0, 256)));
  return Arn{std::string(parts[1]), std::string(parts[2]), std::string(parts[3]), std::string(parts[4]),
             std::string(parts[5])};
}

}  // namespace tocsin
