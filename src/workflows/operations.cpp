#include "workflows/activities.h"
#include "workflows/state_tests.h"
#include "workflows/tags.h"
#include "workflows/workflows.h"

namespace tocsin::workflows {

service::Service service(Machines& machines, Executions& executions) {
  using service::Call;
  using service::Read;
  using service::Write;
  using store::Lane;
  using store::Reader;
  using store::Transaction;
  service::Service states{
      "states",
      {
          {"StartExecution", Write{[&](Transaction& t, const Call& c) { return executions.start_execution(t, c); }},
           Lane::workflow},
          {"StopExecution", Write{[&](Transaction& t, const Call& c) { return executions.stop_execution(t, c); }},
           Lane::workflow},
          {"StartSyncExecution",
           Write{[&](Transaction& t, const Call& c) { return executions.start_sync_execution(t, c); }}, Lane::workflow,
           Executions::wait_for_sync, false, false,
           // SDKs try it again; a run that was started goes on.
           Error{ErrorCode::unavailable, "The server cannot wait for the execution's end now; try again.",
                 "ServiceUnavailable"}},
          {"RedriveExecution", Write{[&](Transaction& t, const Call& c) { return executions.redrive_execution(t, c); }},
           Lane::workflow},
          {"DescribeMapRun", Read{[&](Reader& r, const Call& c) { return executions.describe_map_run(r, c); }}},
          {"ListMapRuns", Read{[&](Reader& r, const Call& c) { return executions.list_map_runs(r, c); }}},
          {"UpdateMapRun", Write{[&](Transaction& t, const Call& c) { return executions.update_map_run(t, c); }},
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
  for (auto& operations :
       {machine_operations(machines), tag_operations(), activity_operations(machines.identity(), executions)})
    states.operations.insert(states.operations.end(), operations.begin(), operations.end());
  states.operations.push_back(state_test_operation(executions.tasks(), executions.state_tests()));
  return states;
}

}  // namespace tocsin::workflows
