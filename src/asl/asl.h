// asl: the Amazon States Language, interpreted. Pure: a definition, the execution so far, what happened and the time go
// in; history events and commands come out. It performs nothing, reads no clock, starts no thread.
//
//   parse()    text → Definition, or every diagnostic that Step Functions would give at creation
//   start()    first step of an execution
//   advance()  next step: a task answered, a timer fired, somebody stopped it
//
// A caller stores the execution and the step's events and queues the commands in one transaction, then performs the
// commands. Everything may be repeated after a crash: a happening for a task or timer that the execution no longer
// waits for changes nothing and gives an empty step.
//
// Source: states-language.net; the service's documentation and recorded behaviour win where they differ.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "asl/execution.h"
#include "asl/history.h"
#include "core/json.h"
#include "core/random.h"
#include "core/result.h"

namespace tocsin::asl {

enum class Kind { standard, express };

// Quotas of Step Functions: an input, output or result; the history of a standard execution.
inline constexpr std::size_t payload_bytes_max = 262'144;
inline constexpr std::int64_t events_max = 25'000;

// A parsed and validated machine; immutable, shared between threads and executions. Its parts: asl/definition.h.
struct Definition;
using DefinitionPtr = std::shared_ptr<const Definition>;

enum class Severity { error, warning };

// As ValidateStateMachineDefinition returns it.
struct Diagnostic {
  Severity severity = Severity::error;
  std::string code;                     // "SCHEMA_VALIDATION_FAILED", "MISSING_TRANSITION_TARGET", …
  std::string message;                  // "Missing 'Next' target: X"
  std::optional<std::string> location;  // JSON pointer: "/States/A/Next"; "/" is the whole definition
};

// What parse() tells of at most.
inline constexpr std::size_t diagnostics_max = 1000;

struct Parsed {
  DefinitionPtr definition;  // null if any diagnostic is an error
  std::vector<Diagnostic> diagnostics;
};

// Parses and validates a definition completely. Never throws, whatever the text; at most diagnostics_max diagnostics.
Parsed parse(std::string_view text, Kind kind);

// Whether a diagnostic's message, or that of InvalidDefinition, says that the definition is in JSONata, which is not
// supported: then it may be right for all that is known here.
bool refuses_jsonata(std::string_view message);

// The message of InvalidDefinition: "Invalid State Machine Definition: '<CODE>: <message> at <location>, …'".
std::string to_message(const std::vector<Diagnostic>& diagnostics);

// parse() where only a usable machine is of interest. Error: validation, aws_code InvalidDefinition, message as above.
Result<DefinitionPtr> compile(std::string_view text, Kind kind);

// ---- what the caller must do

// How a task ends (the suffix of its Resource). The interpreter waits for TaskSucceeded or TaskFailed in all three.
enum class Integration {
  request_response,     // the answer to the request is the result
  run_job,              // .sync, .sync:2: TaskSubmitted when the job is accepted, then wait for the job itself
  wait_for_task_token,  // TaskSubmitted when the request is accepted, then whoever has the token answers
};

struct ScheduleTask {
  TaskId task{};
  std::string state;     // the Task state's name
  std::string resource;  // as in the definition, suffix included
  Integration integration = Integration::request_response;
  json::value input;  // evaluated: InputPath, Parameters
  // Set as timers by the interpreter itself (see SetTimer); here for those that show or forward them.
  std::optional<std::chrono::seconds> timeout;
  std::optional<std::chrono::seconds> heartbeat;
  std::string task_token;    // wait_for_task_token and activities: the token to hand out. Else empty
  json::value credentials;   // evaluated Credentials field; null where there is none
  std::int64_t attempt = 0;  // 0 for the first, counted over retries of this entry of the state
};
// Due times may lie in the past: then the timer fires at once, in a later transition.
struct SetTimer {
  TimerId timer{};
  Time due;
};
struct CancelTask {
  TaskId task{};
};
struct CancelTimer {
  TimerId timer{};
};
// The execution is over; the last command of its last step.
struct Finish {
  Status status = Status::succeeded;
  json::value output;                // succeeded
  std::optional<std::string> error;  // otherwise
  std::optional<std::string> cause;
};
using Command = std::variant<ScheduleTask, SetTimer, CancelTask, CancelTimer, Finish>;

// ---- what can happen to an execution

// An activity worker took the task (other tasks count as started when they are scheduled).
struct TaskStarted {
  TaskId task{};
  std::string worker = {};
};
// run_job and wait_for_task_token: the request was accepted; `output` is its answer.
struct TaskSubmitted {
  TaskId task{};
  json::value output;
};
struct TaskSucceeded {
  TaskId task{};
  json::value output;
};
// `error` as Retry and Catch match it: "Lambda.TooManyRequestsException", "States.Permissions", an own name.
struct TaskFailed {
  TaskId task{};
  std::string error;
  std::string cause;
};
struct TaskHeartbeat {
  TaskId task{};
};
struct TimerFired {
  TimerId timer{};
};
// The caller's own deadline for a task that has no TimeoutSeconds passed: as if it had had one.
struct TaskOverdue {
  TaskId task{};
};
// New limits of a running Map run; what is not given stays. Changes the execution even where the step is empty.
struct MapRunChanged {
  std::string arn;
  std::optional<std::int64_t> concurrency_max = {};
  std::optional<std::int64_t> failures_tolerated = {};
  std::optional<double> failure_percentage_tolerated = {};
};
struct StopRequested {
  std::optional<std::string> error;
  std::optional<std::string> cause;
};
// The caller's own deadline passed (a machine's TimeoutSeconds and the express limit are timers of the interpreter).
struct ExecutionTimedOut {};
using Happening = std::variant<TaskStarted, TaskSubmitted, TaskSucceeded, TaskFailed, TaskHeartbeat, TimerFired,
                               StopRequested, ExecutionTimedOut, TaskOverdue, MapRunChanged>;

// ---- the interpreter

struct Step {
  std::vector<HistoryEvent> events;  // in order of their ids; those of child executions among them
  std::vector<Command> commands;     // in the order in which to perform them
};

// The first step. `state` is overwritten; `info` is what the context object shows. `input` is any JSON value; over
// 262,144 bytes the execution fails at once, as StartExecution would have refused it.
Step start(const Definition& definition, Execution& state, json::value input, const ContextInfo& info, Time now,
           Random& random);

// The step that `happening` causes. Late, repeated or unknown ids change nothing: the step is empty and so it needs no
// write. `definition` must be the one the execution was started with.
Step advance(const Definition& definition, Execution& state, const Happening& happening, Time now, Random& random);

// Whether advance() would do anything: false for what comes late or again, and for unknown ids.
bool concerns(const Execution& state, const Happening& happening);

// A failed, timed-out or aborted execution goes on at the states that stopped. What succeeded below a Parallel or Map
// is kept; a distributed Map goes on with the same Map run, its unsuccessful children first. Counts the redrive in the
// context. Error: conflict, where the execution runs or succeeded, is express, or its history is full.
Result<Step> redrive(const Definition& definition, Execution& state, Time now, Random& random);

// ---- for callers that store happenings, and let them happen again

// Raised whenever advance() comes to give anything else for the same arguments: what was stored by another version may
// not come out the same.
inline constexpr int interpreter_version = 3;

// Compact JSON text, and back. Error: corrupt, where the text is not what to_json writes.
std::string to_json(const Happening& happening);
Result<Happening> happening_from_json(std::string_view text);

// A number that tells whether a step came out as it did before: of the ids and types of its events and of what the
// execution counts, not of their contents.
std::int64_t fingerprint(const Step& step, const Execution& state);

}  // namespace tocsin::asl
