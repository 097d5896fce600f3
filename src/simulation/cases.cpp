#include "simulation/cases.h"

#include <algorithm>

#include <fmt/format.h>

#include "asl/asl.h"
#include "simulation/case_parts.h"

namespace tocsin::simulation {
namespace {

// A name that the specification allows as a resource, and the service does not, as the ARN of a function or an
// activity.
std::string arn_for(std::string_view resource, bool is_activity) {
  std::string name(resource.substr(0, 60));
  std::ranges::replace_if(name, [](unsigned char c) { return !std::isalnum(c) && c != '-' && c != '_'; }, '-');
  return is_activity ? "arn:aws:states:us-east-1:000000000000:activity:" + name
                     : "arn:aws:lambda:us-east-1:000000000000:function:" + name;
}

// Gives ARNs to the resources below `value` that are none. With `mocks`: only to those that it names.
bool give_arns(json::value& value, const json::object* mocks, bool is_activity) {
  bool any = false;
  if (auto* array = value.if_array())
    for (auto& element : *array) any = give_arns(element, mocks, is_activity) || any;
  auto* object = value.if_object();
  if (!object) return any;
  for (auto& member : *object) any = give_arns(member.value(), mocks, is_activity) || any;
  auto* resource = object->if_contains("Resource");
  if (!resource || !resource->is_string()) return any;
  const std::string_view name = resource->get_string();
  if (name.empty() || name.starts_with("arn:") || (mocks && !mocks->contains(name))) return any;
  *resource = arn_for(name, is_activity);
  return true;
}

bool mentions(const json::object& described, std::string_view member, std::string_view word) {
  const auto* value = described.if_contains(member);
  return value && to_json(*value).find(word) != std::string::npos;
}

// Mocks under the ARNs that stand for their names.
json::object renamed(const json::object& mocks, bool is_activity) {
  json::object result;
  for (const auto& [resource, answers] : mocks) {
    const std::string_view name = resource;
    result[name.empty() || name.starts_with("arn:") ? std::string(name) : arn_for(name, is_activity)] = answers;
  }
  return result;
}

}  // namespace

asl::Kind kind_of(const json::object& described) {
  return string_at(described, "type") == "EXPRESS" ? asl::Kind::express : asl::Kind::standard;
}

std::string definition_text(json::object& described) {
  const auto* given = described.if_contains("definition");
  const auto text = given ? to_json(*given) : std::string(string_at(described, "definition_text"));
  const bool all = bool_at(described, "resource_not_arn");
  const auto* mocks = described.if_contains("mocks");
  const auto* named = mocks ? mocks->if_object() : nullptr;
  const bool any_named = named && std::ranges::any_of(*named, [](const auto& mock) {
                           return !std::string_view(mock.key()).starts_with("arn:");
                         });
  if (!all && !any_named) return text;
  auto document = parse_json(text);
  if (!document) return text;
  const bool is_activity = mentions(described, "history", "Activity") ||
                           string_at(described, "name").find("activity") != std::string_view::npos;
  if (!give_arns(*document, all ? nullptr : named, is_activity)) return text;
  if (named) described["mocks"] = renamed(json::object(*named), is_activity);
  return to_json(*document);
}

asl::Parsed parse_case(json::object& described) {
  return asl::parse(definition_text(described), kind_of(described));
}

json::value* place_of(json::value& document, std::string_view pointer) {
  json::value* here = &document;
  while (here && !pointer.empty()) {
    pointer.remove_prefix(1);
    const auto slash = pointer.find('/');
    const auto step = pointer.substr(0, slash);
    pointer.remove_prefix(slash == pointer.npos ? pointer.size() : slash);
    if (auto* object = here->if_object()) {
      here = object->if_contains(step);
    } else if (auto* array = here->if_array()) {
      std::size_t index = array->size();
      if (!step.empty() && step.find_first_not_of("0123456789") == step.npos && step.size() < 9)
        index = std::stoul(std::string(step));
      here = index < array->size() ? &(*array)[index] : nullptr;
    } else {
      here = nullptr;
    }
  }
  return here;
}

CaseResult run_case(const json::object& given, const SimulationOptions& options) {
  json::object described = given;
  CaseResult result;
  const auto kind = check_form(described);
  if (!kind) {
    result.unusable = kind.error().message;
  } else {
    switch (*kind) {
      case CaseKind::execution:
        result = run_execution_case(described, options);
        break;
      case CaseKind::definition:
        result = run_definition_case(described);
        break;
      case CaseKind::state:
        result = run_state_case(described, options);
        break;
    }
    result.kind = *kind;
  }
  result.name = string_at(described, "name");
  return result;
}

}  // namespace tocsin::simulation
