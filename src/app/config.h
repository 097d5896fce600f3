// Configuration: works with none; a TOML file and flags override. docs/configuration.md lists every key.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "core/identity.h"
#include "core/result.h"
#include "core/secret.h"
#include "store/outbox.h"
#include "workflows/limits.h"

namespace tocsin::app {

struct StackSettings {
  bool enabled = true;
  // Values may be secret (webhook URLs); they are never printed.
  std::map<std::string, Secret> parameters;
  int line = 0;                      // of the section in the file; 0: not in the file
  std::map<std::string, int> lines;  // of each parameter
};

struct Config {
  std::filesystem::path data = "data";
  std::string listen = "127.0.0.1:4747";
  Identity identity;
  // What of it was said, by file or flag; the rest is what the store remembers, and the defaults for a new one.
  struct {
    bool account = false, region = false, partition = false;
  } given;
  // The most that one remote address may have of request bodies and connections at once; 0: all.
  std::int64_t client_bodies_mb = 128, client_connections = 2'500;
  std::string public_url;                      // where clients and link readers reach us; empty: the listen address
  bool stacks = true;                          // load stacks at all
  std::map<std::string, StackSettings> stack;  // by stack name ("ip-blocking")
  std::filesystem::path stacks_folder;         // templates of the user's own, beside the built-in ones; empty: none
  std::vector<std::string> own_networks;       // prefixes that are ours: never blocked
  std::vector<std::string> never_block;        // prefixes that are never blocked for other reasons
  bool protect_public_resolvers = true;        // 1.1.1.1 and the like are never blocked
  bool protect_this_machine = true;            // its addresses, gateways and name servers are never blocked
  Secret feed_token;                           // needed by pollers of the block feed where we do not listen on loopback
  workflows::Limits workflows;
  store::DigestBounds notices;  // past how many messages a minute a receiver of Slack's form gets digests
  std::string log_level = "info";
  bool log_json = false;
  std::map<std::string, int> lines;  // where each key stands in the file
};

struct ConfigProblem {
  int line = 0;     // 0: not in the file
  std::string key;  // "stacks.ip-blocking.parameters.SlackWebhookUrl"
  std::string message;
};

// Reads a TOML file over the defaults. All problems are reported, not only the first.
struct ConfigReading {
  Config config;
  std::vector<ConfigProblem> problems;
};
ConfigReading read_config(const std::filesystem::path& file);
// The same from text; `name` stands for the file in problems.
ConfigReading parse_config(std::string_view text);

// What the environment overrides: TOCSIN_SLACK_WEBHOOK_URL, TOCSIN_FEED_TOKEN.
void apply_environment(Config& config);

// Checks that hold whatever the source: account id, region, addresses, listen address, stacks and their parameters.
// Messages name the key, and the line where it stands in the file.
std::vector<ConfigProblem> check_config(const Config& config);

// What is allowed and yet probably not meant: empty parameters, a listener for everybody without a token, protections
// so wide that nothing is blocked.
std::vector<ConfigProblem> config_warnings(const Config& config);

// By line; what does not stand in the file comes last.
void sort_by_line(std::vector<ConfigProblem>& problems);

// "line 3: identity.account: …"
std::string to_text(const ConfigProblem& problem);

}  // namespace tocsin::app
