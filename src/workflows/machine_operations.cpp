#include "workflows/machines.h"

namespace tocsin::workflows {

std::vector<service::Operation> machine_operations(Machines& machines) {
  using service::Answer;
  using service::Call;
  using Writer = Answer (Machines::*)(store::Transaction&, const Call&);
  using Asker = Answer (Machines::*)(store::Reader&, const Call&) const;
  const auto write = [&](Writer method) {
    return service::Write{
        [&machines, method](store::Transaction& t, const Call& c) { return (machines.*method)(t, c); }};
  };
  const auto read = [&](Asker method) {
    return service::Read{[&machines, method](store::Reader& r, const Call& c) { return (machines.*method)(r, c); }};
  };
  return {{"CreateStateMachine", write(&Machines::create)},
          {"UpdateStateMachine", write(&Machines::update)},
          {"DeleteStateMachine", write(&Machines::remove)},
          {"DescribeStateMachine", read(&Machines::describe)},
          {"ListStateMachines", read(&Machines::list)},
          {"ValidateStateMachineDefinition", read(&Machines::validate)},
          {"PublishStateMachineVersion", write(&Machines::publish)},
          {"DeleteStateMachineVersion", write(&Machines::remove_version)},
          {"ListStateMachineVersions", read(&Machines::list_versions)},
          {"CreateStateMachineAlias", write(&Machines::create_alias)},
          {"UpdateStateMachineAlias", write(&Machines::update_alias)},
          {"DescribeStateMachineAlias", read(&Machines::describe_alias)},
          {"DeleteStateMachineAlias", write(&Machines::remove_alias)},
          {"ListStateMachineAliases", read(&Machines::list_aliases)}};
}

}  // namespace tocsin::workflows
