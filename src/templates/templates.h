// templates: CloudFormation templates, read and evaluated. Pure: text in, documents out.
//
//   read()              YAML (with !Ref, !Sub, …) or JSON text → Template, functions in their long form
//   parameter_values()  defaults and given values, checked against their constraints
//   conditions()        each condition's value
//   creation_order()    logical ids so that what is referred to comes first
//   resolve()           a property tree with its functions evaluated
//
// Source: CloudFormation user guide, "Template anatomy", "Intrinsic function reference", "Pseudo parameters reference".
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"
#include "core/result.h"

namespace tocsin::templates {

struct Template {
  std::string description;
  json::object parameters;  // name → {Type, Default, AllowedValues, …}
  json::object mappings;
  json::object conditions;  // name → condition function
  json::object resources;   // logical id → {Type, Properties, DependsOn, Condition, …}
  json::object outputs;
};

// YAML or JSON text as a document, functions in their long form; any document, not only a template. Error: validation,
// with line and column.
Result<json::value> read_document(std::string_view text);

// Error: validation, with line and column for text that cannot be read, and the path of what is out of place.
Result<Template> read(std::string_view text);

// What AWS::… stand for.
struct Pseudo {
  std::string account;
  std::string region;
  std::string partition = "aws";
  std::string stack_name;
  std::string stack_id;
};

// Error: validation: an unknown parameter, a missing one, a value that breaks its constraints. Values of NoEcho
// parameters are never part of a message.
Result<json::object> parameter_values(const Template& source, const std::map<std::string, std::string>& given);

// What functions refer to. The references to resources are asked for when they are met.
struct Scope {
  const Template& source;
  const Pseudo& pseudo;
  const json::object& parameters;  // name → value (string, or array of strings for lists)
  std::map<std::string, bool> conditions = {};
  // Ref and Fn::GetAtt of a resource; nothing where it (or the attribute) does not exist.
  std::function<std::optional<json::value>(std::string_view logical_id)> reference = {};
  std::function<std::optional<json::value>(std::string_view logical_id, std::string_view attribute)> attribute = {};
};

Result<std::map<std::string, bool>> conditions(const Scope& scope);

// Evaluates every function in `value`. Members and elements that are AWS::NoValue are left out. Error: validation with
// the path below `path` ("Resources.Queue.Properties.QueueName").
Result<json::value> resolve(const json::value& value, const Scope& scope, const std::string& path);

// The logical ids of the resources whose condition holds, each after all that it refers to or depends on. Error:
// validation: a cycle (named), or a reference to nothing.
Result<std::vector<std::string>> creation_order(const Scope& scope);

}  // namespace tocsin::templates
