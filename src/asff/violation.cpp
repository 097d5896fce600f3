#include <algorithm>

#include <fmt/format.h>

#include "asff/detail/check_shape.h"
#include "asff/validate.h"
#include "core/check.h"

namespace tocsin::asff {
namespace detail {
namespace {

constexpr std::size_t shown_name_bytes_max = 128;

bool is_identifier(std::string_view name) {
  const auto is_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$';
  };
  const auto fits = [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); };
  return !name.empty() && is_letter(name.front()) && std::ranges::all_of(name, fits);
}

// Cut between characters, not within one.
std::string_view shown(std::string_view name) {
  if (name.size() <= shown_name_bytes_max) return name;
  std::size_t end = shown_name_bytes_max;
  while (end > 0 && (static_cast<unsigned char>(name[end]) & 0xC0U) == 0x80U) --end;
  return name.substr(0, end);
}

}  // namespace

std::string path_of(const Place& place) {
  if (!place.up) return "data";
  const std::string above = path_of(*place.up);
  if (place.name.empty()) return fmt::format("{}[{}]", above, place.index);
  if (is_identifier(place.name)) return fmt::format("{}.{}", above, shown(place.name));
  return fmt::format("{}['{}']", above, shown(place.name));
}

}  // namespace detail

std::string_view error_code(std::span<const Violation> violations) {
  return violations.empty() ? std::string_view{} : std::string_view{violations.front().error_code};
}

std::string error_message(std::span<const Violation> violations) {
  std::string text;
  const auto code = error_code(violations);
  if (code == "InvalidInput") text = "Finding does not adhere to Amazon Finding Format. ";
  const char* separator = "";
  for (const auto& violation : violations) {
    if (violation.error_code != code) continue;
    text += separator;
    if (!violation.path.empty()) text.append(violation.path).append(" ");
    text += violation.message;
    separator = ", ";
  }
  return text + ".";
}

json::object failed_finding(const json::object& finding, std::span<const Violation> violations) {
  check(!violations.empty(), "a failed finding has a violation");
  return {{"Id", string_at(finding, "Id")},
          {"ErrorCode", error_code(violations)},
          {"ErrorMessage", error_message(violations)}};
}

}  // namespace tocsin::asff
