// Cases: tests of state machines as data, one JSON object each, and what comes of running one. The format is that of
// `tocsin workflow test`:
//
//   name, definition, input, type ("EXPRESS"), mocks   what to run (see simulate.h)
//   status, output | error, cause      what must come of it; what is not there is not checked, nor a cause of null
//   must_not_succeed                   instead: refused at creation or failed, either is right
//   ignore                             JSON pointers into {output, error, cause} that are not compared
//   history                            [[type, state?, {assigned}?], …]; with history_unordered as a multiset
//   expect_delays                      retry waits in seconds; with delays_are_upper_bounds none may be longer
//   expect_elapsed                     the whole run in seconds
//   context                            names and times that the context object shows
//   nondeterministic                   only the shape of the output is compared
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/json.h"
#include "simulation/simulate.h"

namespace tocsin::simulation {

struct CaseResult {
  std::string name;
  bool passed = false;          // status, output and error, delays, elapsed time
  std::optional<bool> cause;    // where the case has one that is not ignored
  std::optional<bool> history;  // where the case has one
  // What was expected and what came, for people, line by line. Empty where everything is right.
  std::vector<std::string> notes;
  asl::DefinitionPtr definition;  // null where it was refused
  Simulation run;
};

CaseResult run_case(const json::object& described, const SimulationOptions& options = {});

}  // namespace tocsin::simulation
