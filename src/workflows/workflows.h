// workflows: durable executions of state machines. Each transition is one transaction: the execution's new state, its
// history events and the tasks and timers that follow are written together, before any effect. Tasks that stay inside
// the program run in the transaction that records their result, so none is done twice and none is lost.
#pragma once

#include <chrono>
#include <functional>
#include <span>

#include "service/destination.h"
#include "service/service.h"
#include "store/store.h"
#include "workflows/machines.h"
#include "workflows/outside.h"
#include "workflows/tasks.h"

namespace tocsin::workflows {

std::span<const store::Migration> migrations();

struct Limits {
  std::chrono::days retention{90};  // history of a finished execution is kept so long
};

// Numbers for summaries.
struct ExecutionCounts {
  std::int64_t running = 0, succeeded = 0, failed = 0, timed_out = 0, aborted = 0;
};

class Executions final : public service::Destination {
 public:
  Executions(Machines& machines, const Tasks& tasks, Limits limits = {});

  // An execution that ended, and not well.
  struct Failed {
    std::string arn, machine_arn;
    std::string_view status;  // "FAILED", "TIMED_OUT", "ABORTED"
    std::string error, cause;
  };
  // Called after the commit, on the committer's thread, for each. Before the store starts.
  void on_failed(std::function<void(const Failed&)> then) { failed_ = std::move(then); }

  // Makes tasks that reach outside possible (http:invoke). Before attach().
  void call_outside_with(CallOutside call);
  // Registers the outbox kinds "workflow-task", "workflow-timer" and "workflow-retention".
  void attach(store::Outbox& outbox);

  struct Started {
    std::string arn;
    Time at;
  };
  // Starts an execution; an empty `name` is drawn. Starting again with a name in use and the same input, while that
  // one runs, gives the same execution. Errors: StateMachineDoesNotExist, InvalidName, InvalidExecutionInput,
  // ExecutionAlreadyExists.
  Result<Started> start(store::Transaction& transaction, std::string_view machine_arn, std::string_view name,
                        std::string_view input);

  // An event for a state machine: starts it, once for each idempotency key.
  Result<void> deliver(store::Transaction& transaction, const std::string& arn,
                       const service::Message& message) override;

  // What happened to a task of an execution outside of it. An execution that is gone is passed over.
  Result<void> tell(store::Transaction& transaction, std::int64_t execution, const asl::Happening& happening);

  // Operations of the States API, on documents of its model.
  service::Answer start_execution(store::Transaction& transaction, const service::Call& call);
  service::Answer stop_execution(store::Transaction& transaction, const service::Call& call);
  service::Answer describe_execution(store::Reader& reader, const service::Call& call) const;
  service::Answer describe_machine_for_execution(store::Reader& reader, const service::Call& call) const;
  service::Answer list_executions(store::Reader& reader, const service::Call& call) const;
  service::Answer history(store::Reader& reader, const service::Call& call) const;
  service::Answer task_success(store::Transaction& transaction, const service::Call& call);
  service::Answer task_failure(store::Transaction& transaction, const service::Call& call);
  service::Answer task_heartbeat(store::Transaction& transaction, const service::Call& call);

  static ExecutionCounts count(store::Reader& reader);
  const Tasks& tasks() const { return tasks_; }

 private:
  struct Row {
    std::int64_t id = 0;
    std::string arn, machine_arn, definition_hash;
    asl::Execution state;
  };
  Result<Row> load(store::Reader& reader, std::int64_t id) const;
  Result<Row> load_by_arn(store::Reader& reader, std::string_view arn) const;
  void save(store::Transaction& transaction, const Row& row, const asl::Step& step);
  void perform(store::Transaction& transaction, const Row& row, const asl::Command& command);
  void schedule(store::Transaction& transaction, const Row& row, const asl::ScheduleTask& task);
  Result<void> happen(store::Transaction& transaction, Row& row, const asl::Happening& happening);
  Result<void> run_task(store::Transaction& transaction, const store::Due& due);
  Result<void> fire_timer(store::Transaction& transaction, const store::Due& due);
  Result<void> purge(store::Transaction& transaction, const store::Due& due);
  Result<void> answer_token(store::Transaction& transaction, const service::Call& call,
                            const std::function<asl::Happening(asl::TaskId)>& happening);

  Machines& machines_;
  const Tasks& tasks_;
  Limits limits_;
  std::unique_ptr<OutsideTasks> outside_;
  std::function<void(const Failed&)> failed_;
};

// The operations table of Step Functions ("states").
service::Service service(Machines& machines, Executions& executions);

}  // namespace tocsin::workflows
