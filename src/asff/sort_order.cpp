#include <fmt/format.h>

#include "asff/detail/filter_fields.h"
#include "asff/detail/shape_table.h"
#include "asff/filter.h"
#include "asff/validate.h"

namespace tocsin::asff {
namespace {

constexpr std::size_t criteria_max = 10;

std::unexpected<Error> invalid(std::string_view why) {
  return fail(ErrorCode::validation, fmt::format("Invalid sort criteria: {}", why), "InvalidInputException",
              "SortCriteria");
}

// A path below the shape of a finding, through structures only.
bool is_path(std::string_view path) {
  const auto& table = detail::shape_table();
  const auto* shape = &table.root();
  while (!path.empty()) {
    const auto dot = std::min(path.find('.'), path.size());
    const auto* member = shape->member(path.substr(0, dot));
    if (!member) return false;
    shape = &table.at(member->shape);
    path.remove_prefix(std::min(dot + 1, path.size()));
  }
  return shape != &table.root();
}

const json::value* first_at(const json::object& finding, std::string_view path) {
  const json::value* first = nullptr;
  detail::any_at(finding, path, [&](const json::value& value) {
    first = &value;
    return true;
  });
  return first;
}

template <class T>
int compare(const T& a, const T& b) {
  return a < b ? -1 : b < a ? 1 : 0;
}

// Numbers before texts; within each by value. A time that cannot be read comes after those that can.
int compare_values(const json::value& a, const json::value& b, bool is_time) {
  if (a.is_number() && b.is_number()) return compare(a.to_number<double>(), b.to_number<double>());
  if (a.is_string() && b.is_string()) {
    const std::string_view x = a.get_string();
    const std::string_view y = b.get_string();
    if (is_time) {
      const auto s = parse_timestamp(x);
      const auto t = parse_timestamp(y);
      if (s && t) return compare(*s, *t);
      if (s || t) return compare(!s, !t);
    }
    return compare(x, y);
  }
  return compare(static_cast<int>(a.is_string()), static_cast<int>(b.is_string()));
}

// What is missing comes last in either direction.
int compare_by(const SortOrder::Criterion& criterion, const json::object& a, const json::object& b) {
  const auto* x = first_at(a, criterion.path);
  const auto* y = first_at(b, criterion.path);
  if (!x || !y) return compare(x == nullptr, y == nullptr);
  const int order = compare_values(*x, *y, criterion.is_time);
  return criterion.descending ? -order : order;
}

}  // namespace

Result<SortOrder> SortOrder::compile(const json::array& criteria) {
  SortOrder order;
  if (criteria.size() > criteria_max) return invalid(fmt::format("at most {} are allowed", criteria_max));
  for (const auto& entry : criteria) {
    if (!entry.is_object()) return invalid("each must be an object");
    const auto field = string_at(entry.get_object(), "Field");
    const auto direction = string_at(entry.get_object(), "SortOrder", "desc");
    if (direction != "asc" && direction != "desc") return invalid("SortOrder must be asc or desc");
    const auto* known = detail::filter_field(field);
    const std::string path{known && !known->path.empty() ? known->path : field};
    if (!known && !is_path(path)) return invalid(fmt::format("findings have no field '{}'", field.substr(0, 64)));
    order.criteria_.push_back({.path = path, .descending = direction == "desc", .is_time = path.ends_with("At")});
  }
  if (order.criteria_.empty()) order.criteria_.push_back({.path = "UpdatedAt", .descending = true, .is_time = true});
  return order;
}

bool SortOrder::before(const json::object& a, const json::object& b) const {
  for (const auto& criterion : criteria_) {
    if (const int order = compare_by(criterion, a, b); order != 0) return order < 0;
  }
  for (const char* name : {"ProductArn", "Id"}) {
    if (const int order = compare(string_at(a, name), string_at(b, name)); order != 0) return order < 0;
  }
  return false;
}

}  // namespace tocsin::asff
