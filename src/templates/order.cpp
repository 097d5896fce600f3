#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "templates/templates.h"

namespace tocsin::templates {
namespace {

using Names = std::set<std::string, std::less<>>;

// Every logical id that `value` refers to, whatever branch of an Fn::If will be taken.
void collect(const json::value& value, const json::object& resources, Names& names) {
  const auto add = [&](std::string_view name) {
    name = name.substr(0, name.find('.'));
    if (resources.contains(name)) names.emplace(name);
  };
  if (const auto* array = value.if_array()) {
    for (const auto& element : *array) collect(element, resources, names);
    return;
  }
  if (const auto* text = value.if_string()) {
    for (std::string_view rest = *text;;) {  // "${Name}" in Fn::Sub; harmless elsewhere
      const auto open = rest.find("${");
      const auto close = open == rest.npos ? rest.npos : rest.find('}', open);
      if (close == rest.npos) return;
      add(rest.substr(open + 2, close - open - 2));
      rest.remove_prefix(close + 1);
    }
  }
  const auto* object = value.if_object();
  if (!object) return;
  for (const auto& [key, member] : *object) {
    if (key == "Ref" && member.is_string()) add(std::string_view(member.get_string()));
    if (key == "Fn::GetAtt" && member.is_array() && !member.get_array().empty() && member.get_array()[0].is_string())
      add(std::string_view(member.get_array()[0].get_string()));
    collect(member, resources, names);
  }
}

bool wanted(const Scope& scope, const json::value& resource) {
  const auto* condition = find(resource, "Condition");
  if (!condition || !condition->is_string()) return true;
  const auto found = scope.conditions.find(std::string(std::string_view(condition->get_string())));
  return found != scope.conditions.end() && found->second;
}

Result<Names> needs(const Scope& scope, std::string_view id, const json::value& resource) {
  Names names;
  if (const auto* properties = find(resource, "Properties")) collect(*properties, scope.source.resources, names);
  const auto depend = [&](const json::value& on) -> Result<void> {
    const std::string_view name = on.is_string() ? std::string_view(on.get_string()) : std::string_view();
    if (!scope.source.resources.contains(name))
      return fail(ErrorCode::validation, fmt::format("Resources.{}.DependsOn: there is no resource '{}'", id, name),
                  "ValidationError");
    names.emplace(name);
    return {};
  };
  if (const auto* on = find(resource, "DependsOn")) {
    if (const auto* list = on->if_array()) {
      for (const auto& one : *list)
        if (auto done = depend(one); !done) return pass_on(done);
    } else if (auto done = depend(*on); !done) {
      return pass_on(done);
    }
  }
  return names;
}

}  // namespace

Result<std::vector<std::string>> creation_order(const Scope& scope) {
  std::map<std::string, Names, std::less<>> waiting;
  for (const auto& [id, resource] : scope.source.resources) {
    if (!wanted(scope, resource)) continue;
    auto names = needs(scope, id, resource);
    if (!names) return pass_on(names);
    waiting.emplace(id, std::move(*names));
  }
  std::vector<std::string> order;
  Names done;
  while (!waiting.empty()) {
    const std::size_t before = order.size();
    // In the template's own order, so that what is free to choose reads as it was written.
    for (const auto& member : scope.source.resources) {
      const auto found = waiting.find(member.key());
      if (found == waiting.end()) continue;
      const bool ready = std::ranges::all_of(
          found->second, [&](const auto& name) { return done.contains(name) || !waiting.contains(name); });
      if (!ready) continue;
      order.push_back(found->first);
      done.emplace(found->first);
      waiting.erase(found);
    }
    if (order.size() == before) {
      std::string cycle;
      for (const auto& [id, names] : waiting) cycle += (cycle.empty() ? "" : ", ") + id;
      return fail(ErrorCode::validation, fmt::format("Circular dependency between resources: [{}]", cycle),
                  "ValidationError", "Resources");
    }
  }
  return order;
}

}  // namespace tocsin::templates
