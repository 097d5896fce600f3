// State machines: their definitions, checked when they are made, kept by content so that a running execution goes on
// with the definition it was started with.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "asl/asl.h"
#include "core/identity.h"
#include "service/service.h"

namespace tocsin::workflows {

struct Machine {
  std::string arn;
  std::string name;
  std::string definition_hash;
  std::string role_arn;
  bool express = false;
  Time created;
  Time updated;
};

class Machines {
 public:
  explicit Machines(Identity identity) : identity_{std::move(identity)} {}

  // Error: not_found (StateMachineDoesNotExist), validation (InvalidArn).
  Result<Machine> find(store::Reader& reader, std::string_view arn) const;
  Result<asl::DefinitionPtr> definition(store::Reader& reader, std::string_view hash) const;
  Result<std::string> definition_text(store::Reader& reader, std::string_view hash) const;

  // Operations of the States API, on documents of its model.
  service::Answer create(store::Transaction& transaction, const service::Call& call);
  service::Answer update(store::Transaction& transaction, const service::Call& call);
  service::Answer describe(store::Reader& reader, const service::Call& call) const;
  service::Answer list(store::Reader& reader, const service::Call& call) const;
  service::Answer remove(store::Transaction& transaction, const service::Call& call);

  const Identity& identity() const { return identity_; }

 private:
  Identity identity_;
  // Compiled definitions by the hash of their text; what is in here is right whatever is rolled back.
  mutable std::mutex mutex_;
  mutable std::map<std::string, asl::DefinitionPtr, std::less<>> compiled_;
};

// Error: validation (InvalidName). Source: States API reference, "Name".
Result<void> check_name(std::string_view name);

}  // namespace tocsin::workflows
