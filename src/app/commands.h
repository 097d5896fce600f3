// The commands of the program. Each returns the exit code: 0 done, 1 done in part or refused, 2 wrong use, 3 the server
// or the store cannot be reached.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "app/config.h"

namespace tocsin::app {

// What flags override; empty: not given.
struct ConfigFlags {
  std::string data, listen, account, region, config, log_level;
  bool no_stacks = false;
  bool log_json = false;
};

struct ClientFlags {
  std::string endpoint = "http://127.0.0.1:4747";
  std::string data = "data";
  std::string region, account;  // what the server is expected to be; empty: it is asked
  bool json = false;
};

struct DemoFlags {
  ConfigFlags config;
  std::string findings;
  std::uint64_t seed = 1;
  bool once = false;
  bool json = false;
};

struct ImportFlags {
  ClientFlags client;
  std::vector<std::string> files;
  std::size_t refusals_shown = 20;
};

struct FindingsFlags {
  ClientFlags client;
  std::vector<std::string> severity, status;
  std::string id;
  std::size_t limit = 50;
  std::string escalate;
};

struct BlocksFlags {
  ClientFlags client;
  std::string add, remove, hold, protect, unprotect, reason;
  bool is_protected = false;  // list all that is protected
  bool yes = false;           // a wide prefix is meant
};

struct SamplesFlags {
  std::uint64_t seed = 1;
  std::size_t count = 0;
  std::string account = "000000000000";
  std::string region = "us-east-1";
};

int run_serve(const ConfigFlags& flags);
int run_demo(const DemoFlags& flags);
int run_import(const ImportFlags& flags);
int run_findings(const FindingsFlags& flags);
int run_blocks(const BlocksFlags& flags);
int run_samples(const SamplesFlags& flags);
int run_config_check(const ConfigFlags& flags);
int run_version(bool as_json);

// The configuration from file, environment and flags, in that order. Problems are printed to stderr; then nothing.
std::optional<Config> load_config(const ConfigFlags& flags);

}  // namespace tocsin::app
