#include "workflows/workflows.h"

namespace tocsin::workflows {

service::Service service(Machines& machines, Executions& executions) {
  using service::Call;
  using service::Read;
  using service::Write;
  using store::Lane;
  using store::Reader;
  using store::Transaction;
  return {
      "states",
      {
          {"CreateStateMachine", Write{[&](Transaction& t, const Call& c) { return machines.create(t, c); }}},
          {"UpdateStateMachine", Write{[&](Transaction& t, const Call& c) { return machines.update(t, c); }}},
          {"DeleteStateMachine", Write{[&](Transaction& t, const Call& c) { return machines.remove(t, c); }}},
          {"DescribeStateMachine", Read{[&](Reader& r, const Call& c) { return machines.describe(r, c); }}},
          {"ListStateMachines", Read{[&](Reader& r, const Call& c) { return machines.list(r, c); }}},
          {"StartExecution", Write{[&](Transaction& t, const Call& c) { return executions.start_execution(t, c); }},
           Lane::workflow},
          {"StopExecution", Write{[&](Transaction& t, const Call& c) { return executions.stop_execution(t, c); }},
           Lane::workflow},
          {"DescribeExecution", Read{[&](Reader& r, const Call& c) { return executions.describe_execution(r, c); }}},
          {"DescribeStateMachineForExecution",
           Read{[&](Reader& r, const Call& c) { return executions.describe_machine_for_execution(r, c); }}},
          {"ListExecutions", Read{[&](Reader& r, const Call& c) { return executions.list_executions(r, c); }}},
          {"GetExecutionHistory", Read{[&](Reader& r, const Call& c) { return executions.history(r, c); }}},
          {"SendTaskSuccess", Write{[&](Transaction& t, const Call& c) { return executions.task_success(t, c); }},
           Lane::workflow},
          {"SendTaskFailure", Write{[&](Transaction& t, const Call& c) { return executions.task_failure(t, c); }},
           Lane::workflow},
          {"SendTaskHeartbeat", Write{[&](Transaction& t, const Call& c) { return executions.task_heartbeat(t, c); }},
           Lane::workflow},
      }};
}

}  // namespace tocsin::workflows
