// How each resource type is made, changed and removed: a table of functions over the operations of the API.
#pragma once

#include <string>
#include <vector>

#include "core/identity.h"
#include "service/service.h"
#include "store/transaction.h"

namespace tocsin::stacks {

// One resource while it is worked on.
struct Resource {
  store::Transaction& transaction;
  const service::Directory& directory;
  const service::Caller& caller;
  const Identity& identity;
  std::string default_name;               // physical name where the template gives none
  const json::object& properties;         // resolved
  std::string physical_id = {};           // what Ref gives; set by create
  json::object attributes = {};           // what Fn::GetAtt gives
  std::vector<std::string> dropped = {};  // on update: properties that the template had and has no more
  std::vector<std::string> notes = {};    // what a person should know of it

  // Calls an operation of the API as the administrator.
  Result<json::object> call(std::string_view service, std::string_view operation, const json::object& input) const;
};

using Act = Result<void> (*)(Resource&);

struct ResourceType {
  Act create;
  Act update;
  Act remove;
  bool recorded_only = false;
  std::string_view name = {};  // the property with the physical name, where it can have one
  // Properties that cannot be changed in place: another value needs another resource. The name is one of them.
  std::vector<std::string_view> fixed = {};
};

// Null where the type is not known.
const ResourceType* find_type(std::string_view type);

}  // namespace tocsin::stacks
