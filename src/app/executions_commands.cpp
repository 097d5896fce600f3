#include "app/executions_commands.h"

#include <fmt/format.h>

#include "app/connect.h"
#include "app/executions_client.h"
#include "app/executions_text.h"
#include "app/exit_code.h"
#include "app/terminal.h"

namespace tocsin::app {
namespace {

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

// "35s", "4m", "7h", "12d": how long ago.
std::string age(const json::object& execution) {
  const auto start = time_in(execution, "startDate");
  if (!start) return {};
  const auto seconds =
      std::max<std::int64_t>(0, std::chrono::duration_cast<std::chrono::seconds>(SystemClock().now() - *start).count());
  if (seconds < 120) return fmt::format("{}s", seconds);
  if (seconds < 120 * 60) return fmt::format("{}m", seconds / 60);
  if (seconds < 48 * 3600) return fmt::format("{}h", seconds / 3600);
  return fmt::format("{}d", seconds / 86'400);
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
    if (auto failure = failure_of(client, *described, *events)) (*described)["failure"] = std::move(*failure);
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
  if (const auto failure = failure_of(client, *described, *events); failure && failure->is_object())
    print_failure(failure->get_object());
  print_texts(*described);
  return {};
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
    for (const auto& execution : executions->executions) list.push_back(execution);
    fmt::print("{}\n", to_json(json::value(std::move(list))));
    return 0;
  }
  if (executions->total == 0) {
    fmt::print("no executions{}\n", flags->status.empty() ? "" : " of this status");
    return 0;
  }
  std::vector<std::vector<std::string>> rows;
  for (const auto& execution : executions->executions) {
    const auto machine = string_at(execution, "stateMachineArn");
    rows.push_back({std::string(string_at(execution, "status")), moment(execution, "startDate"), age(execution),
                    lasted(execution), printable(machine.substr(machine.rfind(':') + 1)),
                    printable(string_at(execution, "name"))});
  }
  fmt::print("{}", table({"STATUS", "STARTED", "AGE", "LASTED", "MACHINE", "NAME"}, rows, 80));
  if (executions->total > rows.size())
    fmt::print("{} of {}{}; --limit shows more\n", rows.size(), executions->is_more ? "more than " : "",
               executions->total);
  return 0;
}

int run_executions_show(const ExecutionsFlags& flags) {
  return with_execution(
      flags, [&](ExecutionsClient& client, const std::string& arn) { return show(client, arn, flags.client.json); });
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
