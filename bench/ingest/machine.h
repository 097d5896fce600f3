// What the figures were measured on.
#pragma once

#include <filesystem>
#include <string>

#include "latencies.h"

namespace tocsin::bench {

struct Machine {
  std::string cpu;  // model name
  unsigned cores = 0;
  double memory_gb = 0;
  std::string disk;       // "ext4 on vda (not rotational)"
  Latencies sync_4_kb;    // an append of 4 KiB and fdatasync
  Latencies sync_128_kb;  // of 128 KiB: about what a batch of 100 findings writes
  double load = 0;        // load average of the last minute, before we began
};

// Measures in `folder`, which is where the store will be.
Machine describe_machine(const std::filesystem::path& folder);

}  // namespace tocsin::bench
