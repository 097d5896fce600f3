// The command line. Each command is a function in a file of its own; this one knows flags only.
#include <algorithm>
#include <iostream>
#include <limits>
#include <memory>
#include <numeric>
#include <utility>

#include <CLI/CLI.hpp>

#include "app/commands.h"
#include "app/thread_caches.h"
#include "app/workflow_flags.h"
#include "match/match.h"

namespace {

using namespace tocsin::app;

// An empty text is a variable that was not set, never something that is meant.
CLI::Validator not_empty() {
  return {[](const std::string& text) { return text.empty() ? std::string("must not be empty") : std::string(); }, "",
          "not empty"};
}

CLI::Validator at_most(std::size_t characters) {
  return {[characters](const std::string& text) {
            return text.size() > characters ? "must not be longer than " + std::to_string(characters) + " characters"
                                            : std::string();
          },
          "", "at most"};
}

void add_config_flags(CLI::App& command, ConfigFlags& flags) {
  command.add_option("--data", flags.data, "Folder of the store and the credentials (made if absent)");
  command.add_option("--listen", flags.listen, "HOST:PORT to listen on; port 0 takes a free one");
  command.add_option("--account", flags.account, "Account id, 12 digits; a store keeps the one of its first start");
  command.add_option("--region", flags.region, "Region; a store keeps the one of its first start");
  command.add_option("--config", flags.config, "Configuration file (TOML)")->check(CLI::ExistingFile);
  command.add_flag("--no-stacks", flags.no_stacks, "Start empty: load no stacks");
  command.add_option("--log-level", flags.log_level, "trace, debug, info, warn, error or off");
  command.add_flag("--log-json", flags.log_json, "Log as JSON lines");
}

void add_serve(CLI::App& app, int& code) {
  auto* command = app.add_subcommand("serve", "Run the engine until it is told to stop");
  auto flags = std::make_shared<ConfigFlags>();
  add_config_flags(*command, *flags);
  command->callback([flags, &code] { code = run_serve(*flags); });
}

void add_demo(CLI::App& app, int& code) {
  auto* command =
      app.add_subcommand("demo", "Serve, feed it findings (samples or your own export), show what happened to each");
  auto flags = std::make_shared<DemoFlags>();
  add_config_flags(*command, flags->config);
  command->add_option("--findings", flags->findings,
                      "Your own export: JSON, JSON lines, EventBridge events, gzip; '-' reads standard input");
  command->add_option("--seed", flags->seed, "Seed of the samples")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command->add_flag("--once", flags->once, "Stop after the summary instead of serving on");
  command->add_flag("--json", flags->json, "The summary as JSON");
  command->callback([flags, &code] { code = run_demo(*flags); });
}

void add_import(CLI::App& app, int& code) {
  auto* command = app.add_subcommand("import", "Bring findings of files into a running server");
  auto flags = std::make_shared<ImportFlags>();
  add_client_flags(*command, flags->client);
  command
      ->add_option("files", flags->files,
                   "Files (JSON, JSON lines, EventBridge events, GuardDuty findings, gzip); '-' reads standard input")
      ->required();
  command->add_option("--refusals", flags->refusals_shown, "How many refusals to list")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command->callback([flags, &code] { code = run_import(*flags); });
}

void add_findings(CLI::App& app, int& code) {
  auto* command = app.add_subcommand("findings", "List findings, the most severe and newest first, or escalate one");
  auto flags = std::make_shared<FindingsFlags>();
  add_client_flags(*command, flags->client);
  auto* severity = command->add_option("--severity", flags->severity, "Only of this severity label (repeatable)");
  severity->transform(CLI::IsMember({"INFORMATIONAL", "LOW", "MEDIUM", "HIGH", "CRITICAL"}, CLI::ignore_case));
  auto* status = command->add_option("--status", flags->status, "Only of this workflow status (repeatable)");
  status->transform(CLI::IsMember({"NEW", "NOTIFIED", "RESOLVED", "SUPPRESSED"}, CLI::ignore_case));
  auto* id = command->add_option("--id", flags->id, "Only the finding with this id");
  command->add_option("--limit", flags->limit, "How many at most")
      ->check(CLI::Range(std::size_t{1}, std::size_t{1'000'000}))
      ->capture_default_str();
  command
      ->add_option("--escalate", flags->escalate,
                   "Send the finding with this id to the custom action 'Escalate to SOC'")
      ->check(not_empty())
      // It names the one that is meant; a filter beside it would be a misunderstanding.
      ->excludes(severity)
      ->excludes(status)
      ->excludes(id);
  command->callback([flags, &code] { code = run_findings(*flags); });
}

void add_blocks(CLI::App& app, int& code) {
  auto* command =
      app.add_subcommand("blocks", "List blocked and refused addresses; block, un-block, hold, protect one");
  auto flags = std::make_shared<BlocksFlags>();
  add_client_flags(*command, flags->client);
  // One at a time: each has an answer and an exit code of its own.
  auto* action = command->add_option_group("action");
  action->require_option(0, 1);
  action->add_option("--add", flags->add, "Block this address or prefix")->check(not_empty());
  action
      ->add_option("--remove", flags->remove,
                   "Un-block this address, and keep it from being blocked automatically for 24 hours")
      ->check(not_empty());
  action
      ->add_option("--hold", flags->hold,
                   "Keep this address from being blocked automatically for 24 hours, blocked now or not")
      ->check(not_empty());
  action->add_option("--protect", flags->protect, "Never block this address or prefix; releases what overlaps")
      ->check(not_empty());
  action->add_option("--unprotect", flags->unprotect, "Take this entry off the never-block list")->check(not_empty());
  action->add_flag("--protected", flags->is_protected, "List all that is never blocked");
  command->add_option("--reason", flags->reason, "Why (kept and shown)")->check(at_most(1024));
  command->add_flag("--yes", flags->yes, "A prefix wider than /8 (IPv6: /16) is meant; lifts every block in it");
  command->callback([flags, &code] { code = run_blocks(*flags); });
}

void add_samples(CLI::App& app, int& code) {
  auto* command = app.add_subcommand("samples", "Write sample findings as JSON lines");
  auto flags = std::make_shared<SamplesFlags>();
  command->add_option("--seed", flags->seed, "Same seed, same findings")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command->add_option("--count", flags->count, "How many; 0: one of each kind")
      ->check(CLI::Range(std::size_t{0}, std::size_t{10'000'000}))
      ->capture_default_str();
  command->add_option("--account", flags->account, "Account id that they name")->capture_default_str();
  command->add_option("--region", flags->region, "Region that they name")->capture_default_str();
  command->callback([flags, &code] { code = run_samples(*flags); });
}

void add_match(CLI::App& app, int& code) {
  auto* command = app.add_subcommand("match", "Match events against event patterns, without a server");
  auto options = std::make_shared<tocsin::match::Options>();
  command->add_option("--rules", options->rules, R"(Rules as JSON lines {"name", "pattern"})")->required();
  command->add_option("events", options->events, "Events, one JSON object a line; nothing or '-' reads standard input");
  auto* check = command->add_flag("--check", options->check, "Only validate the rules");
  auto* count = command->add_flag("--count", options->count, "Print how many events each rule matches");
  auto* explain = command->add_option("--explain", options->explain,
                                      "For each event, print the first condition of this rule that failed");
  auto* dot = command->add_flag("--dot", options->dot, "Print the compiled indexes for Graphviz");
  check->excludes(count)->excludes(explain)->excludes(dot);
  count->excludes(explain)->excludes(dot);
  explain->excludes(dot);
  command->callback([options, &code] {
    std::ios::sync_with_stdio(false);
    code = tocsin::match::run_match(*options, std::cin, std::cout, std::cerr);
    std::cout.flush();
  });
}

void add_config(CLI::App& app, int& code) {
  auto* command = app.add_subcommand("config", "Work with the configuration");
  command->require_subcommand(1);
  auto* check = command->add_subcommand("check", "Check a configuration file; errors and warnings name line and key");
  auto flags = std::make_shared<ConfigFlags>();
  auto* file = check->add_option("FILE", flags->config, "Configuration file (TOML)");
  check->add_option("--config", flags->config)->excludes(file)->group("");  // as the other commands have it
  check->callback([flags, &code] { code = run_config_check(*flags); });
}

void add_version(CLI::App& app, int& code) {
  auto* command = app.add_subcommand("version", "Print the version");
  auto as_json = std::make_shared<bool>(false);
  command->add_flag("--json", *as_json, "Answer as JSON");
  command->callback([as_json, &code] { code = run_version(*as_json); });
}

// Number of letters to put in, take out or change. Levenshtein's distance, by rows.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j)
      diagonal = std::exchange(row[j + 1], std::min({row[j] + 1, row[j + 1] + 1, diagonal + (a[i] == b[j] ? 0 : 1)}));
  }
  return row[b.size()];
}

// Says which command was meant by one that there is not; false if there is it, or it is no command at all.
bool is_unknown_command(const CLI::App& app, std::string_view word) {
  constexpr std::size_t word_max = 40;
  if (word.empty() || word.starts_with('-')) return false;
  std::string nearest, all;
  std::ptrdiff_t least = std::numeric_limits<std::ptrdiff_t>::max();
  for (const auto* command : app.get_subcommands({})) {
    if (command->get_name() == word) return false;
    all += (all.empty() ? "" : ", ") + command->get_name();
    // Beginnings are seldom mistyped, so they weigh more.
    const std::string& name = command->get_name();
    const auto same = std::ranges::mismatch(word, name).in1 - word.begin();
    const auto away = static_cast<std::ptrdiff_t>(distance(word.substr(0, word_max), name)) - 2 * same;
    if (away >= least) continue;
    least = away;
    nearest = command->get_name();
  }
  std::cerr << "tocsin: unknown command '" << word.substr(0, word_max) << "'"
            << "; did you mean '" << nearest << "'?" << "\nThe commands are: " << all
            << ". 'tocsin --help' says what they do.\n";
  return true;
}

}  // namespace

namespace tocsin::app {

void add_client_flags(CLI::App& command, ClientFlags& flags) {
  command.add_option("--endpoint", flags.endpoint, "URL of the server")->capture_default_str();
  command.add_option("--data", flags.data, "The server's data folder, for its credentials")->capture_default_str();
  command.add_option("--region", flags.region, "Region that the server must have (else it is asked for its own)");
  command.add_option("--account", flags.account, "Account that the server must have (else it is asked for its own)");
  command.add_flag("--json", flags.json, "Answer as JSON");
}

}  // namespace tocsin::app

int main(int argc, char** argv) {
  if (argc > 1 && (argv[1] == std::string_view("serve") || argv[1] == std::string_view("demo")))
    widen_thread_caches(argv);
  CLI::App app{"Tocsin: security incident response. Findings come in, addresses are blocked, people are told."};
  app.require_subcommand(1);
  app.set_help_all_flag("--help-all", "Help of every command");
  app.footer(
      "Exit codes: 0 done, 1 done in part or refused, 2 wrong use, 3 the server or the store cannot be reached.");
  int code = 0;
  add_serve(app, code);
  add_demo(app, code);
  add_import(app, code);
  add_findings(app, code);
  add_blocks(app, code);
  add_samples(app, code);
  add_match(app, code);
  add_workflow(app, code);
  add_executions(app, code);
  add_deliveries(app, code);
  add_config(app, code);
  add_version(app, code);
  char help[] = "--help";
  if (argc == 2 && argv[1] == std::string_view("help")) argv[1] = help;
  if (argc == 3 && argv[1] == std::string_view("help")) argv[1] = std::exchange(argv[2], help);
  if (argc == 2 && argv[1] == std::string_view("--version")) return run_version(false);
  if (argc > 1 && is_unknown_command(app, argv[1])) return 2;
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int cli_code = app.exit(error);
    return cli_code == 0 ? 0 : 2;
  }
  return code;
}
