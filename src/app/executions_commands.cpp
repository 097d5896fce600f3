#include "app/executions_commands.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <thread>

#include <fmt/format.h>

#include "app/connect.h"
#include "app/executions_client.h"
#include "app/exit_code.h"
#include "app/terminal.h"
#include "asl/asl.h"
#include "core/time_format.h"
#include "playbook/report.h"

namespace tocsin::app {
namespace {

using namespace std::chrono_literals;
constexpr auto poll_interval = 500ms;
constexpr std::size_t tail_page = 100;  // newest executions of a machine that tail looks at

Colour colour_of(std::string_view status) {
  return status == "SUCCEEDED" ? Colour::green : status == "RUNNING" ? Colour::blue : Colour::red;
}

std::string moment(const json::object& answer, std::string_view member) {
  const auto time = time_in(answer, member);
  return time ? format_rfc3339(*time) : std::string();
}

std::string machine_name(const json::object& execution) {
  const auto arn = string_at(execution, "stateMachineArn");
  return printable(arn.substr(arn.rfind(':') + 1));
}

std::string lasted(const json::object& execution) {
  const auto start = time_in(execution, "startDate"), stop = time_in(execution, "stopDate");
  return start && stop ? playbook::duration_text(*stop - *start) : std::string();
}

std::string upper(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](unsigned char c) { return c == '-' ? '_' : static_cast<char>(std::toupper(c)); });
  return text;
}

// A document of the API, laid out; text that is none, as it is.
std::string shown_document(std::string_view text) {
  const auto document = parse_json(text);
  return document ? to_pretty_json(*document) : printable(text);
}

void print_texts(const json::object& described) {
  for (const auto* member : {"input", "output", "error", "cause"}) {
    const auto text = string_at(described, member);
    if (text.empty()) continue;
    const bool document = std::string_view(member) == "input" || std::string_view(member) == "output";
    fmt::print("{}{}{}\n", coloured(Colour::bold, fmt::format("{}:", member)), document ? "\n" : " ",
               document ? shown_document(text) : printable(text));
  }
}

// What says how deep states lie; null where it cannot be read here.
asl::DefinitionPtr definition_of(ExecutionsClient& client, const std::string& arn) {
  const auto machine = client.call("DescribeStateMachineForExecution", {{"executionArn", arn}});
  if (!machine) return nullptr;
  const auto compiled = asl::compile(string_at(*machine, "definition"), asl::Kind::standard);
  return compiled ? *compiled : nullptr;
}

playbook::PathReport report_for(ExecutionsClient& client, const std::string& arn, const json::object& described) {
  const bool colour = stdout_is_terminal() && std::getenv("NO_COLOR") == nullptr;
  return {definition_of(client, arn), time_in(described, "startDate").value_or(Time()), {.colour = colour}};
}

void print_head(const json::object& described) {
  const auto status = string_at(described, "status");
  fmt::print("{} {}  {}\n", coloured(colour_of(status), status),
             coloured(Colour::bold, printable(string_at(described, "name"))), machine_name(described));
  fmt::print("arn:     {}\n", printable(string_at(described, "executionArn")));
  fmt::print("started: {}\n", moment(described, "startDate"));
  if (const auto stop = moment(described, "stopDate"); !stop.empty())
    fmt::print("stopped: {} (after {})\n", stop, lasted(described));
  if (const auto redrives = integer_at(described, "redriveCount"); redrives > 0)
    fmt::print("redriven: {} (last {})\n", redrives, moment(described, "redriveDate"));
}

// Runs `work` with a client and the execution that the flags mean.
template <class Work>
int with_execution(const ExecutionsFlags& flags, Work work) {
  auto connection = connect(flags.client);
  if (!connection) return report_failure(flags.client, connection.error());
  ExecutionsClient client{*connection->client, connection->identity};
  const auto arn = client.find(flags.execution);
  if (!arn) return report_failure(flags.client, arn.error());
  const Result<void> done = work(client, *arn);
  return done ? 0 : report_failure(flags.client, done.error());
}

Result<void> show(ExecutionsClient& client, const std::string& arn, bool as_json) {
  auto described = client.call("DescribeExecution", {{"executionArn", arn}});
  if (!described) return pass_on(described);
  auto events = client.history(arn, 0);
  if (!events) return pass_on(events);
  if (as_json) {
    json::array list;
    for (auto& event : *events) list.push_back(std::move(event));
    (*described)["history"] = std::move(list);
    fmt::print("{}\n", to_json(*described));
    return {};
  }
  print_head(*described);
  fmt::print("\n");
  auto report = report_for(client, arn, *described);
  for (const auto& event : *events)
    for (const auto& line : report.add(to_event(event))) fmt::print("{}\n", line);
  fmt::print("\n");
  print_texts(*described);
  return {};
}

bool ends_execution(std::string_view type) {
  return type == "ExecutionSucceeded" || type == "ExecutionFailed" || type == "ExecutionAborted" ||
         type == "ExecutionTimedOut";
}

Result<void> tail_one(ExecutionsClient& client, const std::string& arn, bool as_json) {
  auto described = client.call("DescribeExecution", {{"executionArn", arn}});
  if (!described) return pass_on(described);
  if (!as_json) print_head(*described);
  auto report = report_for(client, arn, *described);
  std::int64_t last = 0;
  for (bool over = false; !over; std::this_thread::sleep_for(over ? 0ms : poll_interval)) {
    auto events = client.history(arn, last);
    if (!events) return pass_on(events);
    for (const auto& event : *events) {
      last = integer_at(event, "id");
      over = ends_execution(string_at(event, "type"));  // a redrive goes on after an end
      if (as_json)
        fmt::print("{}\n", to_json(event));
      else
        for (const auto& line : report.add(to_event(event))) fmt::print("{}\n", line);
    }
    std::fflush(stdout);
  }
  described = client.call("DescribeExecution", {{"executionArn", arn}});
  if (!described) return pass_on(described);
  if (as_json) return {};
  const auto status = string_at(*described, "status");
  fmt::print("\n{} after {}\n", coloured(colour_of(status), status), lasted(*described));
  if (const auto error = string_at(*described, "error"); !error.empty())
    fmt::print("error: {}\ncause: {}\n", printable(error), printable(string_at(*described, "cause")));
  return {};
}

void print_change(const json::object& execution, bool as_json) {
  if (as_json) {
    fmt::print("{}\n", to_json(execution));
    return;
  }
  const auto status = string_at(execution, "status");
  const auto stop = moment(execution, "stopDate");
  fmt::print("{}  {}  {}:{}{}\n", stop.empty() ? moment(execution, "startDate") : stop,
             coloured(colour_of(status), fmt::format("{:<9}", status)), machine_name(execution),
             printable(string_at(execution, "name")), stop.empty() ? "" : fmt::format("  after {}", lasted(execution)));
}

// Until the program is stopped.
Result<void> tail_all(ExecutionsClient& client, const ExecutionsFlags& flags) {
  std::map<std::string, std::string, std::less<>> known;  // ARN → status
  for (bool first = true;; first = false) {
    const auto machines = client.machines(flags.machine);
    if (!machines) return std::unexpected(machines.error());
    auto executions = client.list(*machines, "", tail_page);
    if (!executions) return pass_on(executions);
    std::ranges::reverse(*executions);
    std::map<std::string, std::string, std::less<>> now;
    for (const auto& execution : *executions) {
      const std::string arn{string_at(execution, "executionArn")}, status{string_at(execution, "status")};
      const auto before = known.find(arn);
      const bool changed = before == known.end() || before->second != status;
      // What was over before nobody asked for.
      if (changed && (!first || status == "RUNNING") && (flags.status.empty() || flags.status == status))
        print_change(execution, flags.client.json);
      now.emplace(arn, status);
    }
    // What fell off the page stays known while it may come back.
    if (known.size() > 10 * tail_page) known.clear();
    for (auto& [arn, status] : now) known.insert_or_assign(arn, std::move(status));
    std::fflush(stdout);
    std::this_thread::sleep_for(poll_interval);
  }
}

Result<ExecutionsFlags> checked(ExecutionsFlags flags) {
  flags.status = upper(flags.status);
  constexpr std::string_view known[] = {"",          "RUNNING", "SUCCEEDED",      "FAILED",
                                        "TIMED_OUT", "ABORTED", "PENDING_REDRIVE"};
  if (std::ranges::find(known, flags.status) == std::end(known))
    return fail(ErrorCode::validation,
                fmt::format("--status must be RUNNING, SUCCEEDED, FAILED, TIMED_OUT or ABORTED, not '{}'",
                            printable(flags.status)));
  return flags;
}

}  // namespace

int run_executions_list(const ExecutionsFlags& given) {
  const auto flags = checked(given);
  if (!flags) return complain(flags.error(), code_wrong_use);
  auto connection = connect(flags->client);
  if (!connection) return report_failure(flags->client, connection.error());
  ExecutionsClient client{*connection->client, connection->identity};
  const auto machines = client.machines(flags->machine);
  if (!machines) return report_failure(flags->client, machines.error());
  const auto executions = client.list(*machines, flags->status, flags->limit);
  if (!executions) return report_failure(flags->client, executions.error());
  if (flags->client.json) {
    json::array list;
    for (const auto& execution : *executions) list.push_back(execution);
    fmt::print("{}\n", to_json(json::value(std::move(list))));
    return 0;
  }
  std::vector<std::vector<std::string>> rows;
  for (const auto& execution : *executions)
    rows.push_back({std::string(string_at(execution, "status")), moment(execution, "startDate"), lasted(execution),
                    machine_name(execution), printable(string_at(execution, "name"))});
  fmt::print("{}",
             rows.empty() ? "no executions\n" : table({"STATUS", "STARTED", "LASTED", "MACHINE", "NAME"}, rows, 80));
  return 0;
}

int run_executions_show(const ExecutionsFlags& flags) {
  return with_execution(
      flags, [&](ExecutionsClient& client, const std::string& arn) { return show(client, arn, flags.client.json); });
}

int run_executions_tail(const ExecutionsFlags& given) {
  const auto flags = checked(given);
  if (!flags) return complain(flags.error(), code_wrong_use);
  if (!flags->execution.empty())
    return with_execution(*flags, [&](ExecutionsClient& client, const std::string& arn) {
      return tail_one(client, arn, flags->client.json);
    });
  auto connection = connect(flags->client);
  if (!connection) return report_failure(flags->client, connection.error());
  ExecutionsClient client{*connection->client, connection->identity};
  const auto ended = tail_all(client, *flags);
  return ended ? 0 : report_failure(flags->client, ended.error());
}

int run_executions_stop(const ExecutionsFlags& flags) {
  return with_execution(flags, [&](ExecutionsClient& client, const std::string& arn) -> Result<void> {
    json::object request{{"executionArn", arn}};
    if (!flags.error.empty()) request["error"] = flags.error;
    if (!flags.cause.empty()) request["cause"] = flags.cause;
    const auto before = client.call("DescribeExecution", {{"executionArn", arn}});
    if (!before) return std::unexpected(before.error());
    if (string_at(*before, "status") != "RUNNING")
      return fail(ErrorCode::conflict, fmt::format("the execution is over already: {}", string_at(*before, "status")));
    auto answer = client.call("StopExecution", request);
    if (!answer) return pass_on(answer);
    if (flags.client.json)
      fmt::print("{}\n", to_json(*answer));
    else
      fmt::print("stopped: {} at {}\n", printable(arn), moment(*answer, "stopDate"));
    return {};
  });
}

int run_executions_redrive(const ExecutionsFlags& flags) {
  return with_execution(flags, [&](ExecutionsClient& client, const std::string& arn) -> Result<void> {
    auto answer = client.call("RedriveExecution", {{"executionArn", arn}});
    if (!answer) return pass_on(answer);
    if (flags.client.json)
      fmt::print("{}\n", to_json(*answer));
    else
      fmt::print("redriven: {} at {}; follow it with: tocsin executions tail {}\n", printable(arn),
                 moment(*answer, "redriveDate"), printable(arn));
    return {};
  });
}

}  // namespace tocsin::app
