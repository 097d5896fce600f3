#include "app/workflow_flags.h"

#include <iostream>
#include <memory>

#include "app/deliveries_commands.h"
#include "app/executions_commands.h"
#include "app/terminal.h"
#include "app_version.h"
#include "playbook/playbook.h"

namespace tocsin::app {
namespace {

bool wants_colour() {
  return stdout_is_terminal() && std::getenv("NO_COLOR") == nullptr;
}

void add_definition_flags(CLI::App& command, playbook::DefinitionOptions& options, bool one_machine) {
  command.add_option("--type", options.type, "STANDARD or EXPRESS, of definitions that are no template")
      ->check(CLI::IsMember({"STANDARD", "EXPRESS"}));
  command.add_option("--parameter", options.parameters, "NAME=VALUE for a template's parameter (repeatable)");
  if (one_machine)
    command.add_option("--machine", options.machine, "Logical id of the state machine, where a template has several");
}

void add_validate(CLI::App& workflow, int& code) {
  auto* command = workflow.add_subcommand("validate", "Check definitions, and those inside CloudFormation templates");
  auto options = std::make_shared<playbook::ValidateOptions>();
  auto json = std::make_shared<bool>(false), sarif = std::make_shared<bool>(false);
  command->add_option("files", options->files, "Definitions (JSON, YAML) or templates; '-' reads standard input")
      ->required();
  add_definition_flags(*command, options->definition, false);
  auto* as_json = command->add_flag("--json", *json, "Answer as JSON");
  as_json->excludes(command->add_flag("--sarif", *sarif, "Answer as SARIF 2.1.0, for code scanning"));
  command->callback([=, &code] {
    options->format = *json    ? playbook::ValidateFormat::json
                      : *sarif ? playbook::ValidateFormat::sarif
                               : playbook::ValidateFormat::text;
    options->version = version;
    code = playbook::run_validate(*options, std::cout, std::cerr);
  });
}

void add_run(CLI::App& workflow, int& code) {
  auto* command = workflow.add_subcommand("run", "Run a definition on a virtual clock, with mocked tasks");
  auto options = std::make_shared<playbook::RunOptions>();
  command->add_option("file", options->file, "The definition (JSON, YAML), or TEMPLATE#LogicalId")->required();
  add_definition_flags(*command, options->definition, true);
  command->add_option("--input", options->input, "File with the input, '-', or the JSON itself; nothing: {}");
  command->add_option("--mocks", options->mocks, "File with the tasks' answers: resource → list of responses");
  command->add_option("--start", options->start, "When the clock starts, RFC 3339 (2020-01-01T00:00:00Z)");
  command->add_option("--seed", options->seed, "Seed of jitter, UUIDs and random numbers")->capture_default_str();
  command->add_flag("--json", options->json, "Outcome and history as JSON");
  command->callback([=, &code] {
    options->colour = wants_colour();
    code = playbook::run_execution(*options, std::cout, std::cerr);
  });
}

void add_test(CLI::App& workflow, int& code) {
  auto* command = workflow.add_subcommand("test", "Run cases: definitions with inputs, mocks and what must come of it");
  auto options = std::make_shared<playbook::TestOptions>();
  auto json = std::make_shared<bool>(false), junit = std::make_shared<bool>(false);
  command->add_option("files", options->files, "Cases, one JSON object a line; '-' reads standard input")->required();
  command->footer(
      "Cases are executions (status), definitions (valid, invalid) or single states (expect); docs/playbooks.md has\n"
      "their members. Exit codes: 0 all passed; 1 a case failed or is written wrong; 2 a file cannot be read, or "
      "there\n"
      "is no case.");
  command->add_option("--filter", options->filter, "Only cases whose name holds this");
  command->add_flag("--verbose", options->show_path, "Show the path that failed cases took");
  auto* as_json = command->add_flag("--json", *json, "Answer as JSON");
  as_json->excludes(command->add_flag("--junit", *junit, "Answer as JUnit XML, for CI systems"));
  command->callback([=, &code] {
    options->format = *json    ? playbook::TestFormat::json
                      : *junit ? playbook::TestFormat::junit
                               : playbook::TestFormat::text;
    options->colour = wants_colour();
    code = playbook::run_tests(*options, std::cout, std::cerr);
  });
}

void add_graph(CLI::App& workflow, int& code) {
  auto* command = workflow.add_subcommand("graph", "Draw a definition");
  auto options = std::make_shared<playbook::GraphOptions>();
  struct Formats {
    bool dot = false, mermaid = false, svg = false;
  };
  auto wanted = std::make_shared<Formats>();  // held by the callback, also what it does not read
  command->add_option("file", options->file, "The definition (JSON, YAML), or TEMPLATE#LogicalId")->required();
  add_definition_flags(*command, options->definition, true);
  auto* format = command->add_option_group("format");
  format->add_flag("--dot", wanted->dot, "For Graphviz");
  format->add_flag("--mermaid", wanted->mermaid, "A Mermaid flowchart, for Markdown (what is printed without a flag)");
  format->add_flag("--svg", wanted->svg, "A picture");
  format->require_option(0, 1);
  command->callback([=, &code] {
    options->format = wanted->dot   ? playbook::GraphFormat::dot
                      : wanted->svg ? playbook::GraphFormat::svg
                                    : playbook::GraphFormat::mermaid;
    code = playbook::run_graph(*options, std::cout, std::cerr);
  });
}

using ExecutionsCommand = int (*)(const ExecutionsFlags&);

std::shared_ptr<ExecutionsFlags> add_executions_command(CLI::App& executions, const char* name, const char* help,
                                                        ExecutionsCommand run, int& code) {
  auto* command = executions.add_subcommand(name, help);
  auto flags = std::make_shared<ExecutionsFlags>();
  add_client_flags(*command, flags->client);
  command->callback([flags, run, &code] { code = run(*flags); });
  return flags;
}

constexpr const char* execution_help = "ARN, MACHINE:NAME, a name or the beginning of one; MACHINE: says what there is";

}  // namespace

void add_executions(CLI::App& app, int& code) {
  auto* executions = app.add_subcommand("executions", "What the state machines of a running server do and did");
  executions->require_subcommand(1);
  const auto sub = [&](const char* name) { return executions->get_subcommand(name); };
  auto list = add_executions_command(*executions, "list", "List executions, newest first", run_executions_list, code);
  auto show =
      add_executions_command(*executions, "show", "Input, steps with their times, output or error of one execution",
                             run_executions_show, code);
  auto tail = add_executions_command(*executions, "tail",
                                     "Follow one execution until it ends, or all of them as they start and end",
                                     run_executions_tail, code);
  auto stop = add_executions_command(*executions, "stop", "Stop a running execution", run_executions_stop, code);
  auto redrive = add_executions_command(*executions, "redrive", "Start a failed execution again where it failed",
                                        run_executions_redrive, code);
  for (const auto& [name, flags] : {std::pair("list", list), std::pair("tail", tail)}) {
    sub(name)->add_option("--machine", flags->machine, "Only of this state machine (name or ARN)");
    sub(name)->add_option("--status", flags->status, "Only RUNNING, SUCCEEDED, FAILED, TIMED_OUT or ABORTED");
  }
  sub("list")
      ->add_option("--limit", list->limit, "How many at most")
      ->capture_default_str()
      ->check(CLI::Range(std::size_t{1}, std::size_t{1'000'000}));
  sub("tail")->add_option("execution", tail->execution, execution_help);
  for (const auto& [name, flags] : {std::pair("show", show), std::pair("stop", stop), std::pair("redrive", redrive)})
    sub(name)->add_option("execution", flags->execution, execution_help)->required();
  sub("stop")->add_option("--error", stop->error, "Error that the execution shows");
  sub("stop")->add_option("--cause", stop->cause, "Why it was stopped");
}

void add_deliveries(CLI::App& app, int& code) {
  auto* deliveries = app.add_subcommand("deliveries", "What waits to be told and what was given up, by destination");
  deliveries->require_subcommand(1);
  const auto add = [&](const char* name, const char* help, int (*run)(const DeliveriesFlags&)) {
    auto* command = deliveries->add_subcommand(name, help);
    auto flags = std::make_shared<DeliveriesFlags>();
    add_client_flags(*command, flags->client);
    command->callback([flags, run, &code] { code = run(*flags); });
    return std::pair{command, flags};
  };
  const auto [list, listed] =
      add("list", "Destinations, deliveries that wait, and those that were given up", run_deliveries_list);
  list->add_option("--kind", listed->kind, "Only of this kind (webhook, rule-target, topic-delivery, …)");
  list->add_flag("--waiting", listed->waiting, "Only those that wait");
  list->add_flag("--given-up", listed->given_up, "Only those that were given up");
  list->add_option("--limit", listed->limit, "How many of each at most")
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  const auto [show, shown] =
      add("show", "One delivery with its tries, its last error and its body", run_deliveries_show);
  show->add_option("id", shown->ids, "As listed: w17 waits, g3 was given up")->required()->expected(1);
  const auto [resend, resent] =
      add("resend",
          "Send what was given up again; do not wait for the next try (a pause that the receiver asked for stands)",
          run_deliveries_resend);
  const auto [drop, dropped] = add("drop", "Forget what was given up; remove what waits", run_deliveries_drop);
  for (const auto& [command, flags] : {std::pair{resend, resent}, std::pair{drop, dropped}}) {
    command->add_option("id", flags->ids, "As listed: w17 waits, g3 was given up");
    command->add_flag("--all", flags->all, "All that were given up");
  }
}

void add_workflow(CLI::App& app, int& code) {
  auto* workflow = app.add_subcommand("workflow", "Check, run, test and draw state machines, without a server");
  workflow->require_subcommand(1);
  add_validate(*workflow, code);
  add_run(*workflow, code);
  add_test(*workflow, code);
  add_graph(*workflow, code);
}

}  // namespace tocsin::app
