// Functions and state machines.
#include <fmt/format.h>

#include "stacks/resource_parts.h"

namespace tocsin::stacks {
namespace {

Result<void> create_function(Resource& r) {
  const std::string name = name_of(r, "FunctionName");
  json::object input = pick(r.properties, {"Runtime", "Role", "Handler", "Code", "Description", "Timeout", "MemorySize",
                                           "Environment", "Architectures"});
  input["FunctionName"] = name;
  auto answer = r.call("lambda", "CreateFunction", input);
  if (!answer) return pass_on(answer);
  r.physical_id = name;
  r.attributes = {{"Arn", string_at(*answer, "FunctionArn")}};
  return {};
}

Result<void> update_function(Resource& r) {
  json::object input =
      pick(r.properties, {"Runtime", "Role", "Handler", "Description", "Timeout", "MemorySize", "Environment"});
  input["FunctionName"] = r.physical_id;
  for (const auto& name : r.dropped) {
    if (name == "Environment") input["Environment"] = json::object{{"Variables", json::object{}}};
    if (name == "Description") input["Description"] = "";
    if (name == "Timeout") input["Timeout"] = 3;
    if (name == "MemorySize") input["MemorySize"] = 128;
  }
  return done(r.call("lambda", "UpdateFunctionConfiguration", input));
}

Result<void> remove_function(Resource& r) {
  return removed(r.call("lambda", "DeleteFunction", {{"FunctionName", r.physical_id}}));
}

// The definition with its "${Name}" replaced (DefinitionSubstitutions).
std::string definition_of(const Resource& r) {
  std::string text;
  if (const auto* object = find(r.properties, "Definition"))
    text = to_json(*object);
  else
    text = string_at(r.properties, "DefinitionString");
  const auto* substitutions = find(r.properties, "DefinitionSubstitutions");
  if (!substitutions || !substitutions->is_object()) return text;
  for (const auto& [name, value] : substitutions->get_object()) {
    const std::string placeholder = fmt::format("${{{}}}", std::string_view(name));
    const std::string replacement = text_of(value);
    for (auto at = text.find(placeholder); at != text.npos; at = text.find(placeholder, at + replacement.size()))
      text.replace(at, placeholder.size(), replacement);
  }
  return text;
}

Result<void> create_machine(Resource& r) {
  const std::string name = name_of(r, "StateMachineName");
  json::object input{{"name", name}, {"definition", definition_of(r)}, {"roleArn", string_at(r.properties, "RoleArn")}};
  if (const auto type = string_at(r.properties, "StateMachineType"); !type.empty()) input["type"] = type;
  auto answer = r.call("states", "CreateStateMachine", input);
  if (!answer) return pass_on(answer);
  r.physical_id = string_at(*answer, "stateMachineArn");
  r.attributes = {{"Arn", r.physical_id}, {"Name", name}};
  return {};
}

Result<void> update_machine(Resource& r) {
  return done(r.call("states", "UpdateStateMachine",
                     {{"stateMachineArn", r.physical_id},
                      {"definition", definition_of(r)},
                      {"roleArn", string_at(r.properties, "RoleArn")}}));
}

Result<void> remove_machine(Resource& r) {
  return removed(r.call("states", "DeleteStateMachine", {{"stateMachineArn", r.physical_id}}));
}

}  // namespace

void add_compute(ResourceTypes& types) {
  types.merge(ResourceTypes{
      {"AWS::Lambda::Function", {create_function, update_function, remove_function, false, "FunctionName"}},
      {"AWS::StepFunctions::StateMachine",
       {create_machine, update_machine, remove_machine, false, "StateMachineName", {"StateMachineType"}}},
  });
}

}  // namespace tocsin::stacks
