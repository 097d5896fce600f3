// Execution: everything that an unfinished (or finished) run of a state machine is, as plain data. It is stored between
// transitions, so that a killed process goes on where it was: entered states, retry counts, running tasks and timers,
// results of branches and items, variables.
//
// The run is a tree of frames. The root frame runs the machine's own states; a Parallel or Map state in progress has
// one child frame for each branch or item that is running. A frame is in exactly one state at a time.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "asl/history.h"
#include "core/clock.h"
#include "core/json.h"
#include "core/result.h"

namespace tocsin::asl {

// Numbers given out by one execution, never twice; with the execution's ARN they make the idempotency key of an effect.
enum class TaskId : std::int64_t {};
enum class TimerId : std::int64_t {};
enum class FrameId : std::int64_t {};

enum class Status { running, succeeded, failed, timed_out, aborted };
// "RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED".
std::string_view to_string(Status status);

// What the context object ($$) says about the execution, beside what the interpreter knows itself.
struct ContextInfo {
  std::string execution_arn = {};
  std::string execution_name = {};
  std::string role_arn = {};
  std::string state_machine_arn = {};
  std::string state_machine_name = {};
  std::int64_t redrive_count = 0;
  // Events are counted but not made where nobody will read them (express executions without logging).
  bool record_history = true;
};

enum class Phase {
  entering,  // about to run `state`; in a stored execution only where a long run of states paused
  task,      // a task is scheduled or running
  waiting,   // a Wait state waits for its timer
  retrying,  // a failed state waits for its next attempt
  forked,    // a Parallel or Map state waits for its children
  stopped,   // the state failed (or was aborted) and took the execution with it; a redrive goes on here
};

struct Frame;

// A child execution of a distributed Map that ended otherwise than well, as its Map run keeps it for a redrive.
struct EndedChild {
  std::int64_t child = 0;  // its number
  Status status = Status::failed;
  std::size_t index = 0;  // its place in the results
  std::size_t first = 0;  // its first item
  std::size_t item_count = 1;
  std::int64_t redrives = 0;
  EventId events = 0;  // in its history
  // Where it stopped, its outermost frame first. Empty: it starts again at its first state.
  std::vector<Frame> frames;
};

// The children of a Parallel or Map state in progress, or of one that failed and took the execution with it.
struct Fork {
  json::array items;  // Map: before ItemSelector and batching. Parallel: empty
  // By child; empty: unfinished, or a tolerated failure.
  std::vector<std::optional<json::value>> results;
  std::size_t result_bytes = 0;  // past the payload limit results are counted, not kept
  std::size_t children = 0;      // started so far
  std::size_t next = 0;          // first item without a child yet
  std::size_t running = 0;
  std::size_t succeeded = 0;
  std::size_t failed = 0;
  std::size_t concurrency_max = 0;
  // Of items. Neither: none is tolerated.
  std::optional<std::int64_t> failures_tolerated;
  std::optional<double> failure_percentage_tolerated;
  std::size_t failed_items = 0;
  // All children are done and the results are there; what is missing is the state's own output.
  bool completed = false;
  // Distributed Map only.
  std::string map_run_arn;
  std::vector<EndedChild> unsuccessful;  // in the order of their ends
  std::vector<EndedChild> redrives;      // wait for their turn in a redriven Map run; the next one is the last
};

struct Frame {
  FrameId id{};
  FrameId parent{};            // 0 for the root
  std::size_t index = 0;       // which branch or item of the parent
  std::size_t item_count = 1;  // items that a batch has
  std::size_t first_item = 0;  // of a batch
  std::string state;           // names are unique over the whole machine
  Phase phase = Phase::entering;
  Time entered;
  EventId entered_event = 0;
  EventId last_event = 0;             // what the frame's next event has as its predecessor
  json::value input;                  // the state's raw input
  json::object variables;             // the frame's own scope; inner scopes read the outer ones
  std::vector<std::int64_t> retries;  // attempts used, by retrier; reset when a state is entered
  TaskId task{};                      // Phase::task
  TimerId timer{};                    // Wait, retry, or the task's timeout
  TimerId heartbeat_timer{};
  std::int64_t heartbeat_s = 0;
  Time scheduled;             // the task
  bool task_started = false;  // its Started event is written
  bool task_submitted = false;
  std::string task_token;
  std::int64_t child = 0;  // number of the child execution that the frame belongs to; 0: the execution itself
  // In that child execution's outermost frame only:
  json::value child_input;
  std::int64_t child_redrives = 0;
  EventId child_events = 0;    // its number of events when it was aborted
  std::unique_ptr<Fork> fork;  // Phase::forked; Phase::stopped, where the children can be redriven

  Frame() = default;
  Frame(Frame&&) = default;
  Frame& operator=(Frame&&) = default;
  Frame(const Frame& other);
  Frame& operator=(const Frame& other);
};

// A distributed Map's run, as DescribeMapRun shows it.
struct MapRun {
  std::string arn;
  std::string state;
  Status status = Status::running;
  Time started;
  std::optional<Time> stopped;
  std::int64_t concurrency_max = 0;
  std::int64_t failures_tolerated = 0;
  double failure_percentage_tolerated = 0;
  struct Counts {
    std::int64_t total = 0, pending = 0, running = 0, succeeded = 0, failed = 0, timed_out = 0, aborted = 0,
                 results_written = 0;
    // Of those that failed or were aborted: how many wait to be redriven.
    std::int64_t pending_redrive = 0;
  } items, executions;
  std::int64_t redrive_count = 0;
  std::optional<Time> redriven;  // the last time
};

// ARN and name of a child execution of a Map run:
// arn:<partition>:states:<region>:<account>:execution:<machine>/<label>:<map run's id>-<number of the child>.
std::string child_arn(std::string_view map_run_arn, std::int64_t child);
std::string child_name(std::string_view map_run_arn, std::int64_t child);

struct Execution {
  Status status = Status::running;
  json::value output;                // Status::succeeded
  std::optional<std::string> error;  // otherwise; AWS leaves either out where there is none
  std::optional<std::string> cause;

  ContextInfo context;
  Time started;
  json::value input;
  EventId last_event = 0;        // number of events so far
  std::int64_t last_number = 0;  // last TaskId, TimerId or FrameId given out: one sequence
  std::int64_t last_child = 0;   // last child execution number
  TimerId pause_timer{};         // goes on with frames that are Phase::entering, and with Map runs
  TimerId deadline_timer{};      // the machine's TimeoutSeconds
  std::map<FrameId, Frame> frames;
  // Which frame waits for a TaskId or TimerId. Not stored: made again from the frames.
  std::map<std::int64_t, FrameId> waiting;
  // Running tasks without a timeout of their own, oldest first. Not stored either.
  std::set<TaskId> without_timeout;
  std::map<std::int64_t, EventId> child_events;  // number of events of each running child execution
  std::vector<MapRun> map_runs;

  bool finished() const { return status != Status::running; }
  // When the oldest running task without a timeout of its own was scheduled.
  std::optional<Time> oldest_task() const;

  // Compact JSON text, and back. Error: corrupt, where the text is not what to_json writes.
  std::string to_json() const;
  static Result<Execution> from_json(std::string_view text);
};

}  // namespace tocsin::asl
