// workflows: durable executions of state machines. Each transition is one transaction: the execution's new state, its
// history events and the tasks and timers that follow are written together, before any effect. Tasks that stay inside
// the program run in the transaction that records their result, so none is done twice and none is lost.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <optional>
#include <span>

#include "service/destination.h"
#include "service/service.h"
#include "store/store.h"
#include "workflows/limits.h"
#include "workflows/machines.h"
#include "workflows/outside.h"
#include "workflows/state_tests.h"
#include "workflows/tasks.h"

namespace tocsin::workflows {

std::span<const store::Migration> migrations();

// Numbers for summaries.
struct ExecutionCounts {
  std::int64_t running = 0, succeeded = 0, failed = 0, timed_out = 0, aborted = 0;
  std::int64_t too_deep = 0;  // that were not started since this process began, for Limits::nesting_max
  std::int64_t stuck = 0;     // of those that run: a task without a timeout of its own has run for Limits::stuck_after
};

class Executions final : public service::Destination {
 public:
  Executions(Machines& machines, const Tasks& tasks, Limits limits = {});
  ~Executions() override;

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
  // Registers the outbox kinds "workflow-…".
  void attach(store::Outbox& outbox);
  // Starts the watchdog, which comes again every minute; harmless where it is started already.
  static void set_timer(store::Transaction& transaction);

  struct Started {
    std::string arn;
    Time at;
  };
  // Starts an execution; an empty `name` is drawn. Starting again with a name in use and the same input, while that
  // one runs, gives the same execution. Errors: StateMachineDoesNotExist, InvalidName, InvalidExecutionInput,
  // ExecutionAlreadyExists.
  // With `Going::at_once` its first tasks are made in the same transaction, where they are done inside the program.
  enum class Going { by_the_outbox, at_once };
  Result<Started> start(store::Transaction& transaction, std::string_view machine_arn, std::string_view name,
                        std::string_view input, Going going = Going::by_the_outbox, int depth = 0);

  // What becomes of an execution when the outbox gives up a delivery of its: a task, also one that waits for a child,
  // fails with States.TaskFailed, which the machine may catch; where nothing else can be done, the execution fails.
  // False: the delivery is of another kind. For Outbox::on_exhausted.
  bool give_up(store::Transaction& transaction, const store::Due& due, const Error& error);

  // An event for a state machine: starts it, once for each idempotency key.
  Result<void> deliver(store::Transaction& transaction, const std::string& arn,
                       const service::Message& message) override;

  // What happened to a task of an execution outside of it. An execution that is gone is passed over.
  Result<void> tell(store::Transaction& transaction, std::int64_t execution, const asl::Happening& happening);

  // Operations of the States API, on documents of its model.
  service::Answer start_execution(store::Transaction& transaction, const service::Call& call);
  // One that cannot be read fails as a whole, with the reason as its cause.
  service::Answer stop_execution(store::Transaction& transaction, const service::Call& call);
  // Express machines: the run's result. Where it has to wait, the answer says RUNNING, and the call is to be made again
  // with the same request id when wait_for_sync's signal was raised.
  service::Answer start_sync_execution(store::Transaction& transaction, const service::Call& call);
  static std::optional<service::Wait> wait_for_sync(const service::Call& call, const json::object& answer);
  service::Answer redrive_execution(store::Transaction& transaction, const service::Call& call);
  service::Answer describe_map_run(store::Reader& reader, const service::Call& call) const;
  service::Answer list_map_runs(store::Reader& reader, const service::Call& call) const;
  service::Answer update_map_run(store::Transaction& transaction, const service::Call& call);
  service::Answer describe_execution(store::Reader& reader, const service::Call& call) const;
  service::Answer describe_machine_for_execution(store::Reader& reader, const service::Call& call) const;
  service::Answer list_executions(store::Reader& reader, const service::Call& call) const;
  service::Answer history(store::Reader& reader, const service::Call& call) const;
  service::Answer task_success(store::Transaction& transaction, const service::Call& call);
  service::Answer task_failure(store::Transaction& transaction, const service::Call& call);
  service::Answer task_heartbeat(store::Transaction& transaction, const service::Call& call);

  const Tasks& tasks() const { return tasks_; }
  StateTestResults& state_tests() { return state_tests_; }
  ExecutionCounts count(store::Reader& reader) const;
  const Limits& limits() const { return limits_; }

 private:
  struct Row {
    std::int64_t id = 0;
    std::string arn, machine_arn, definition_hash;
    asl::Execution state;
    std::optional<Time> task_since = {};  // as the column has it
    // Of a long execution; else all is 0.
    struct Journal {
      std::int64_t last = 0;           // number of its newest entry, or of the snapshot where it has none
      std::size_t snapshot_bytes = 0;  // as text
      std::size_t bytes = 0;           // what its entries count for
      struct Entry {
        std::string happening, seed;
        std::int64_t outcome = 0;
      };
      std::vector<Entry> made = {};  // not stored yet
    } journal = {};
    int depth = 0;  // set where it is new
  };
  struct Pending;

  // execution_store.cpp
  class StateCache;
  enum class Replay { yes, no };
  // `no`: as it was at its last snapshot, which is enough for what does not change while it runs, and for its end.
  Result<Row> load(store::Reader& reader, std::int64_t id, Replay replay = Replay::yes) const;
  Result<Row> load_by_arn(store::Reader& reader, std::string_view arn, Replay replay = Replay::yes) const;
  Result<void> replay_journal(store::Reader& reader, Row& row) const;
  // The same with help of what keep() has kept. Only one may be loaded so at a time.
  Result<Row> load(store::Transaction& transaction, std::int64_t id);
  // Keeps it in memory for the next time. Only after what happened to it was stored.
  void keep(Row&& row);
  // Makes the step that `happening` causes. It is not stored yet. Error: corrupt, where it could not be read again.
  Result<asl::Step> advance(store::Transaction& transaction, Row& row, const asl::Definition& definition,
                            const asl::Happening& happening);
  // Stores what was made since it was loaded, in the journal where it has one, and what follows from it.
  void append(store::Transaction& transaction, Row& row, const asl::Step& step);
  // Stores the whole state, and what follows from the step that led to it.
  void save(store::Transaction& transaction, Row& row, const asl::Step& step);

  // Stores the step's events and commands, and tells of the execution's end.
  void record(store::Transaction& transaction, const Row& row, const asl::Step& step);
  void perform(store::Transaction& transaction, const Row& row, const asl::Command& command);
  void schedule(store::Transaction& transaction, const Row& row, const asl::ScheduleTask& task);
  Result<void> happen(store::Transaction& transaction, Row& row, const asl::Happening& happening);
  // chain.cpp. Performs the tasks that `step` schedules, and those that follow from them, as far as they are done
  // inside the program; `step` becomes the whole of it.
  Result<void> follow(store::Transaction& transaction, Row& row, const asl::Definition& definition, asl::Step& step);
  Result<void> run_task(store::Transaction& transaction, const store::Due& due);
  Result<void> fire_timer(store::Transaction& transaction, const store::Due& due);
  // What came of a task outside.
  void tell_result(store::Transaction& transaction, const std::string& key, const OutsideResult& result);
  Result<void> deliver_result(store::Transaction& transaction, const store::Due& due);
  Result<void> purge(store::Transaction& transaction, const store::Due& due);
  service::Answer describe(store::Reader& reader, const Row& row) const;

  // give_up.cpp
  void happen_or_fail(store::Transaction& transaction, std::int64_t execution, const asl::Happening& happening,
                      const std::string& cause);
  void fail_hard(store::Transaction& transaction, std::int64_t execution, std::string cause);
  static void withdraw_all(store::Transaction& transaction, std::int64_t execution);
  void announce_failure(store::Transaction& transaction, Failed failed);

  // express.cpp
  Result<Row> new_express(store::Transaction& transaction, const Machine& machine, std::string_view name) const;
  Result<Started> start_express(store::Transaction& transaction, const Machine& machine, std::string_view name,
                                std::string_view input, int depth);
  Result<Row> begin_sync(store::Transaction& transaction, const json::object& input, int depth);
  Result<void> run_express(store::Transaction& transaction, Row& row, json::value input);
  Result<void> store_express(store::Transaction& transaction, Row& row, const Pending& pending);
  void finish_express(store::Transaction& transaction, const Row& row);
  static void remove_express(store::Transaction& transaction, std::int64_t id);
  static json::object express_result(const Row& row, Time stopped);
  Result<void> run_express_due(store::Transaction& transaction, const store::Due& due);
  Result<void> end_express(store::Transaction& transaction, const store::Due& due);

  // nested.cpp
  static bool starts_child(std::string_view resource);
  Result<void> run_child_task(store::Transaction& transaction, std::int64_t execution, asl::TaskId task,
                              std::string_view resource, const json::value& input);
  Result<void> run_sync_child(store::Transaction& transaction, std::int64_t execution, asl::TaskId task,
                              std::string_view text, const json::value& input);
  void link_child(store::Transaction& transaction, std::int64_t parent, asl::TaskId task, std::string_view child_arn,
                  int form);
  static void tell_parents(store::Transaction& transaction, std::int64_t child);
  static void abandon_child(store::Transaction& transaction, std::int64_t parent, asl::TaskId task);
  // The depth for what a task of the execution starts; 0 where it starts nothing.
  int depth_below(store::Reader& reader, std::int64_t execution, std::string_view text) const;
  Result<void> check_depth(std::string_view machine_arn, int depth);
  Result<void> child_ended(store::Transaction& transaction, const store::Due& due);
  Result<void> tell_child(store::Transaction& transaction, std::int64_t parent, asl::TaskId task);
  Result<void> tell_succeeded_children(store::Transaction& transaction, std::int64_t parent);
  Result<void> stop_child(store::Transaction& transaction, const store::Due& due);

  // map_runs.cpp
  struct MapRunRow {
    Row execution;
    std::size_t number = 0;  // in the execution's map_runs
  };
  static void record_map_runs(store::Transaction& transaction, std::int64_t execution, const asl::Step& step);
  Result<MapRunRow> load_map_run(store::Reader& reader, std::string_view arn) const;
  service::Answer list_children(store::Reader& reader, const service::Call& call) const;
  service::Answer describe_child(store::Reader& reader, std::string_view arn) const;

  // watchdog.cpp
  Result<void> watch(store::Transaction& transaction, const store::Due& due);
  Result<void> tell_overdue(store::Transaction& transaction, std::int64_t execution, Time limit);

  Result<void> answer_token(store::Transaction& transaction, const service::Call& call,
                            const std::function<asl::Happening(asl::TaskId)>& happening);

  Machines& machines_;
  const Tasks& tasks_;
  Limits limits_;
  std::unique_ptr<StateCache> cache_;
  std::unique_ptr<OutsideTasks> outside_;
  StateTestResults state_tests_;
  std::function<void(const Failed&)> failed_;
  std::atomic<std::int64_t> too_deep_ = 0;
};

// True for "arn:aws:states:…:express:MACHINE:NAME:UUID".
bool is_express(std::string_view execution_arn);

// The operations table of Step Functions ("states").
service::Service service(Machines& machines, Executions& executions);

}  // namespace tocsin::workflows
