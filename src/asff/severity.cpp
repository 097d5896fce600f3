#include <algorithm>

#include "asff/merge.h"

namespace tocsin::asff {
namespace {

struct Level {
  std::string_view label;
  std::int64_t normalized;  // the lowest that has this label, and what a label alone becomes
};
constexpr Level levels[] = {{"INFORMATIONAL", 0}, {"LOW", 1}, {"MEDIUM", 40}, {"HIGH", 70}, {"CRITICAL", 90}};

}  // namespace

std::string_view severity_label(std::int64_t normalized) {
  std::string_view label = levels[0].label;
  for (const auto& level : levels) {
    if (normalized >= level.normalized) label = level.label;
  }
  return label;
}

void complete_severity(json::object& severity) {
  const auto* label = severity.if_contains("Label");
  const auto* normalized = severity.if_contains("Normalized");
  if (label && label->is_string() && !normalized) {
    const std::string_view text = label->get_string();
    const auto* level = std::ranges::find(levels, text, &Level::label);
    if (level != std::end(levels)) severity["Normalized"] = level->normalized;
  } else if (normalized && normalized->is_number() && !label) {
    boost::system::error_code error;
    const auto amount = normalized->to_number<std::int64_t>(error);
    if (!error) severity["Label"] = severity_label(amount);
  }
}

}  // namespace tocsin::asff
