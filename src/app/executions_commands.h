// The commands `tocsin executions …`: what a running server's state machines do and did. Exit codes as commands.h has
// them.
#pragma once

#include <string>
#include <vector>

#include "app/commands.h"

namespace tocsin::app {

struct ExecutionsFlags {
  ClientFlags client;
  std::string machine;  // name or ARN; empty: all of them
  std::string status;   // only of this status
  std::size_t limit = 50;
  std::string execution;     // an ARN, "MACHINE:NAME", or a name (or its beginning, where only one has it)
  std::string error, cause;  // of stop
};

int run_executions_list(const ExecutionsFlags& flags);
// What was asked of one execution, the steps that it took, and how it ended.
int run_executions_show(const ExecutionsFlags& flags);
// The events of one execution until it ends; without one, executions as they start and end.
int run_executions_tail(const ExecutionsFlags& flags);
int run_executions_stop(const ExecutionsFlags& flags);
int run_executions_redrive(const ExecutionsFlags& flags);

}  // namespace tocsin::app
