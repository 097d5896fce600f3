// State machines: their definitions, checked when they are made, kept by content so that a running execution goes on
// with the definition it was started with; their published versions, and aliases that share executions out to versions.
//
// A qualified ARN names a version ("…:stateMachine:m:3") or an alias ("…:stateMachine:m:live"). The first revision of a
// machine has no id of its own and is called INITIAL; each update that changes something makes a new one.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "asl/asl.h"
#include "core/identity.h"
#include "service/service.h"

namespace tocsin::workflows {

struct Machine {
  std::string arn;  // unqualified
  std::string name;
  std::string definition_hash;
  std::string role_arn;
  bool express = false;
  Time created;
  Time updated;
  std::string revision;   // empty: the first
  json::object settings;  // loggingConfiguration, tracingConfiguration, encryptionConfiguration, each complete
  bool deleting = false;  // refuses new executions, and goes when the last one has ended
  std::int64_t last_version = 0;
  // Where a version was asked for, or an alias led to one: definition, role, revision and settings are the version's.
  std::string version_arn = {};
  std::string alias_arn = {};
  std::string description = {};
};

// The parts of a state machine's ARN.
struct MachineArn {
  std::string machine;    // unqualified ARN
  std::string qualifier;  // "3": a version; "live": an alias; empty: the machine itself
  bool is_version() const;
};
// Error: validation (InvalidArn; ValidationException for the ARN of a distributed Map's label).
Result<MachineArn> parse_machine_arn(std::string_view arn);

class Machines {
 public:
  explicit Machines(Identity identity) : identity_{std::move(identity)} {}

  // Beside what the language demands: further errors of a definition (resources that nothing here serves). Set before
  // the first operation.
  using Check = std::function<std::vector<asl::Diagnostic>(const asl::Definition& definition)>;
  void also_check(Check check) { check_ = std::move(check); }
  // The deadline of tasks without one of their own, for DescribeStateMachine (taskDeadlineSeconds).
  void show_task_deadline(std::chrono::seconds deadline) { task_deadline_ = deadline; }

  // The machine, or the version, that the ARN names. Error: not_found (StateMachineDoesNotExist), validation
  // (InvalidArn).
  Result<Machine> find(store::Reader& reader, std::string_view arn) const;
  // What an execution is to be started with; for an alias one of its versions is drawn by their weights. Errors: those
  // of find(), and conflict (StateMachineDeleting).
  Result<Machine> resolve(store::Transaction& transaction, std::string_view arn) const;
  Result<asl::DefinitionPtr> definition(store::Reader& reader, std::string_view hash) const;
  Result<std::string> definition_text(store::Reader& reader, std::string_view hash) const;

  // Whether executions of the machine are to end at their next transition.
  static bool is_deleting(store::Reader& reader, std::string_view machine_arn);
  // An execution of a machine that is being deleted has ended: with the last one the machine goes.
  static void finish_deletion(store::Transaction& transaction, std::string_view machine_arn);

  // Operations of the States API, on documents of its model. machines.cpp:
  service::Answer create(store::Transaction& transaction, const service::Call& call);
  service::Answer update(store::Transaction& transaction, const service::Call& call);
  service::Answer describe(store::Reader& reader, const service::Call& call) const;
  service::Answer list(store::Reader& reader, const service::Call& call) const;
  service::Answer remove(store::Transaction& transaction, const service::Call& call);
  service::Answer validate(store::Reader& reader, const service::Call& call) const;
  // versions.cpp
  service::Answer publish(store::Transaction& transaction, const service::Call& call);
  service::Answer remove_version(store::Transaction& transaction, const service::Call& call);
  service::Answer list_versions(store::Reader& reader, const service::Call& call) const;
  // aliases.cpp
  service::Answer create_alias(store::Transaction& transaction, const service::Call& call);
  service::Answer update_alias(store::Transaction& transaction, const service::Call& call);
  service::Answer describe_alias(store::Reader& reader, const service::Call& call) const;
  service::Answer remove_alias(store::Transaction& transaction, const service::Call& call);
  service::Answer list_aliases(store::Reader& reader, const service::Call& call) const;

  const Identity& identity() const { return identity_; }

 private:
  struct Version {
    std::string arn;
    Time created;
  };
  // The version of the machine's current revision; made where there is none yet.
  Result<Version> publish_current(store::Transaction& transaction, const Machine& machine,
                                  std::string_view description);
  // As find(), for operations that take unqualified ARNs only and change something.
  Result<Machine> find_to_change(store::Reader& reader, std::string_view arn) const;
  service::Answer create_again(store::Transaction& transaction, const Machine& there, const Machine& wanted,
                               const json::object& input);

  Result<void> check_definition(std::string_view text, bool express) const;

  Identity identity_;
  Check check_;
  std::chrono::seconds task_deadline_{0};
  // Compiled definitions by the hash of their text; what is in here is right whatever is rolled back.
  mutable std::mutex mutex_;
  mutable std::map<std::string, asl::DefinitionPtr, std::less<>> compiled_;
};

std::vector<service::Operation> machine_operations(Machines& machines);

// Error: validation (InvalidName). Source: States API reference, "Name".
Result<void> check_name(std::string_view name);

}  // namespace tocsin::workflows
