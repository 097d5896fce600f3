#include <algorithm>

#include "expression/operand.h"

namespace tocsin::expression {
namespace {

// Puts `value` at the path below `into`, making maps and lists on the way. List elements keep their order, not their
// index, as DynamoDB answers.
void place(json::object& into, const Path& path, std::size_t step, const json::value& value) {
  const auto& name = std::get<std::string>(path[step]);
  if (step + 1 == path.size()) {
    into[name] = value;
    return;
  }
  json::value& child = into[name];
  if (std::holds_alternative<std::string>(path[step + 1])) {
    if (!child.is_object() || !child.get_object().contains("M")) child = json::object{{"M", json::object{}}};
    place(child.at("M").get_object(), path, step + 1, value);
    return;
  }
  // Below a list the whole element is shown.
  if (!child.is_object() || !child.get_object().contains("L")) child = json::object{{"L", json::array{}}};
  child.at("L").get_array().push_back(value);
}

// The path up to and including its first list index: what is below an element is not taken apart.
Path cut_at_index(const Path& path) {
  const auto index = std::find_if(path.begin(), path.end(),
                                  [](const Step& step) { return std::holds_alternative<std::size_t>(step); });
  return index == path.end() ? path : Path(path.begin(), index + 1);
}

}  // namespace

Result<Projection> Projection::parse(std::string_view text, Substitutions& substitutions) {
  auto tokens = tokenize("ProjectionExpression", text);
  if (!tokens) return pass_on(tokens);
  Cursor cursor{"ProjectionExpression", std::move(*tokens)};
  Projection projection;
  do {
    auto path = parse_path(cursor, substitutions);
    if (!path) return pass_on(path);
    for (const Path& other : projection.paths_) {
      const auto shorter = std::min(other.size(), path->size());
      if (std::equal(other.begin(), other.begin() + static_cast<std::ptrdiff_t>(shorter), path->begin()))
        return cursor.invalid("Two document paths overlap with each other; must remove or rewrite one of these paths");
    }
    projection.paths_.push_back(std::move(*path));
  } while (cursor.take_symbol(","));
  if (!cursor.at_end()) return cursor.syntax_error();
  return projection;
}

json::object Projection::apply(const json::object& item) const {
  json::object shown;
  for (const Path& whole : paths_) {
    const Path path = cut_at_index(whole);
    if (const auto* value = find(item, path)) place(shown, path, 0, *value);
  }
  return shown;
}

}  // namespace tocsin::expression
