// stacks: what the engine runs, declared in CloudFormation templates. A stack is applied in one transaction, resource
// by resource, through the same operations that the API serves; what has not changed is left alone, what is gone from
// the template is deleted.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "core/identity.h"
#include "service/service.h"
#include "store/store.h"
#include "templates/templates.h"

namespace tocsin::stacks {

std::span<const store::Migration> migrations();

struct Request {
  std::string name;
  std::string template_text;
  std::map<std::string, std::string> parameters;
};

struct Report {
  std::string name;
  std::vector<std::string> created, updated, deleted;  // logical ids
  std::vector<std::string> unchanged;
  // Resources of types that are kept as declared but not acted upon (roles, permissions, alarms, …): "Type LogicalId".
  std::vector<std::string> recorded_only;
  std::vector<std::string> retained;  // gone from the template, and left there (DeletionPolicy: Retain)
  std::vector<std::string> notes;     // "LogicalId: what a person should know of it"
  std::map<std::string, std::string> outputs;
};

class Stacks {
 public:
  Stacks(Identity identity, const service::Directory& directory);

  // A resource of which a property changed that cannot be changed in place is made anew and the old one removed. One
  // whose logical id alone changed is kept. DeletionPolicy and UpdateReplacePolicy: Retain are honoured.
  // Creates or updates the stack. All or nothing: run it in a transaction that is rolled back on error. Errors:
  // validation with the path in the template ("Resources.Queue.Properties…"), or the failing operation's own.
  Result<Report> apply(store::Transaction& transaction, const Request& request) const;

  // Names of the stacks that are there.
  static std::vector<std::string> names(store::Reader& reader);
  // An output of a stack, or nothing.
  static std::optional<std::string> output(store::Reader& reader, std::string_view stack, std::string_view name);
  // The physical id of a resource, or nothing.
  static std::optional<std::string> physical_id(store::Reader& reader, std::string_view stack,
                                                std::string_view logical_id);

 private:
  Identity identity_;
  const service::Directory& directory_;
  service::Caller caller_;
};

}  // namespace tocsin::stacks
