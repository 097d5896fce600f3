// Cases: tests of state machines as data, one JSON object each, and what comes of running one. The format is that of
// `tocsin workflow test`. Every case has a name and a definition (or definition_text, where the text itself matters),
// and may have a type ("EXPRESS"). By what it expects it is one of three kinds.
//
// An execution (status, or must_not_succeed), on a virtual clock:
//   input, mocks                       what to run (see simulate.h)
//   status, output | error, cause      what must come of it; what is not there is not checked, nor a cause of null
//   must_not_succeed                   instead: refused at creation or failed, either is right
//   ignore                             JSON pointers into {output, error, cause} that are not compared
//   history                            [[type, state?, {assigned}?], …]; with history_unordered as a multiset
//   expect_delays                      retry waits in seconds; with delays_are_upper_bounds none may be longer
//   expect_elapsed                     the whole run in seconds
//   context                            names and times that the context object shows
//   nondeterministic                   only the shape of the output is compared
//
// A definition (valid or invalid, true):
//   message                            a part of the message with which it must be refused
//   diagnostics                        [{code, location, message, severity}, …], all of them
//
// One state (expect), as TestState runs it; the definition is the state, or a machine with stateName:
//   input, context, variables          documents
//   mock                               {"result": JSON as text} or {"errorOutput": {error, cause}}
//   stateConfiguration                 {retrierRetryCount, mapIterationFailureCount}
//   expect                             {status, output, error, cause, nextState, inspectionData}; no error, cause or
//                                      nextState: there must be none
//   ignore                             JSON pointers into the case ("/expect/output/id")
//
// A Resource that is no ARN is given one where "resource_not_arn" says so, or where the mocks name it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/json.h"
#include "simulation/simulate.h"

namespace tocsin::simulation {

enum class CaseKind { execution, definition, state };

struct CaseResult {
  std::string name;
  CaseKind kind = CaseKind::execution;
  // Why nothing can be said: the case is not written as it must be, or needs what is not supported.
  std::optional<std::string> unusable;
  bool passed = false;          // of executions: status, output and error, delays, elapsed time
  std::optional<bool> cause;    // where the case has one that is not ignored
  std::optional<bool> history;  // where the case has one
  // What was expected and what came, for people, line by line. Empty where everything is right.
  std::vector<std::string> notes;
  std::vector<std::string> warnings;  // mocked answers that nothing asked for
  asl::DefinitionPtr definition;      // null where it was refused, and of states
  Simulation run;                     // of executions
};

CaseResult run_case(const json::object& described, const SimulationOptions& options = {});

}  // namespace tocsin::simulation
