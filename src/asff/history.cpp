#include <algorithm>

#include "asff/merge.h"

namespace tocsin::asff {
namespace {

// GetFindingHistory leaves top-level times out. Source: API reference, GetFindingHistory.
constexpr std::string_view timeless[] = {"CreatedAt", "UpdatedAt", "FirstObservedAt", "LastObservedAt", "ProcessedAt"};
// Told by their parts, since a part is what a customer sets.
constexpr std::string_view by_part[] = {"Workflow", "Severity", "Compliance"};

template <class Names>
bool among(const Names& names, std::string_view name) {
  return std::ranges::find(names, name) != std::end(names);
}

void add_change(std::vector<Change>& out, std::string field, const json::value* before, const json::value* after) {
  if (before && after && *before == *after) return;
  if (!before && !after) return;
  out.push_back({.field = std::move(field),
                 .old_value = before ? *before : json::value{},
                 .new_value = after ? *after : json::value{}});
}

void compare(std::vector<Change>& out, const std::string& prefix, const json::object& before,
             const json::object& after);

void compare_field(std::vector<Change>& out, const std::string& prefix, std::string_view name,
                   const json::value* before, const json::value* after) {
  const std::string field = prefix + std::string{name};
  const auto* a = before ? before->if_object() : nullptr;
  const auto* b = after ? after->if_object() : nullptr;
  if (prefix.empty() && among(by_part, name) && (a || b)) {
    static const json::object nothing;
    return compare(out, field + ".", a ? *a : nothing, b ? *b : nothing);
  }
  add_change(out, field, before, after);
}

void compare(std::vector<Change>& out, const std::string& prefix, const json::object& before,
             const json::object& after) {
  for (const auto& [name, value] : before) {
    if (!prefix.empty() || !among(timeless, name)) compare_field(out, prefix, name, &value, after.if_contains(name));
  }
  for (const auto& [name, value] : after) {
    if (!before.contains(name) && (!prefix.empty() || !among(timeless, name)))
      compare_field(out, prefix, name, nullptr, &value);
  }
}

json::value shown(const json::value& value) {
  return value.is_string() ? value : json::value(to_json(value));
}

}  // namespace

std::vector<Change> changes_between(const json::object& before, const json::object& after) {
  std::vector<Change> out;
  compare(out, "", before, after);
  return out;
}

json::object history_update(const Change& change) {
  json::object out{{"UpdatedField", change.field}};
  if (!change.old_value.is_null()) out.emplace("OldValue", shown(change.old_value));
  if (!change.new_value.is_null()) out.emplace("NewValue", shown(change.new_value));
  return out;
}

}  // namespace tocsin::asff
