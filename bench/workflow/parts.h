// The parts of the benchmark; each opens a store of its own under `folder` and removes it.
#pragma once

#include <filesystem>

#include "report.h"

namespace tocsin::bench {

struct WorkflowPlan {
  std::filesystem::path folder;
  std::size_t executions = 20'000;  // of a durable run
  std::size_t waiting = 100'000;    // executions left open
  std::size_t express = 200'000;
  std::size_t map_items = 100'000;  // of the greater of two Maps; the other has a tenth of them
};

// Durable executions of the record-ip machine a second, and how long one transition takes.
void measure_durable(const WorkflowPlan& plan, Report& report);
// What an open execution costs in memory and on disk, and how long a start over many of them takes.
void measure_waiting(const WorkflowPlan& plan, Report& report);
// Express executions a second, on one thread.
void measure_express(const WorkflowPlan& plan, Report& report);
// Items of a distributed Map a second, and how long others' writes wait meanwhile.
void measure_map(const WorkflowPlan& plan, Report& report);

// Resident memory of this process, MB.
double resident_mb();

}  // namespace tocsin::bench
