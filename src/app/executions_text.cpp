#include "app/executions_text.h"

#include <algorithm>

#include <fmt/format.h>

#include "asl/asl.h"
#include "core/time_format.h"

namespace tocsin::app {
namespace {

std::string machine_name(const json::object& execution) {
  const auto arn = string_at(execution, "stateMachineArn");
  return printable(arn.substr(arn.rfind(':') + 1));
}

std::string upper(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](unsigned char c) { return c == '-' ? '_' : static_cast<char>(std::toupper(c)); });
  return text;
}

}  // namespace

Colour colour_of(std::string_view status) {
  return status == "SUCCEEDED" ? Colour::green : status == "RUNNING" ? Colour::blue : Colour::red;
}

std::string moment(const json::object& answer, std::string_view member) {
  const auto time = time_in(answer, member);
  return time ? format_rfc3339(*time) : std::string();
}

std::string lasted(const json::object& execution) {
  const auto start = time_in(execution, "startDate"), stop = time_in(execution, "stopDate");
  if (start && stop) return playbook::duration_text(*stop - *start);
  if (!start || string_at(execution, "status") != "RUNNING") return {};
  const auto so_far = std::chrono::floor<std::chrono::seconds>(SystemClock().now() - *start);
  return playbook::duration_text(std::max(so_far, std::chrono::seconds{0}));
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

void print_end(const json::object& described) {
  const auto status = string_at(described, "status");
  if (status == "RUNNING")
    fmt::print("\n{} for {}\n", coloured(colour_of(status), status), lasted(described));
  else
    fmt::print("\n{} after {}\n", coloured(colour_of(status), status), lasted(described));
  if (const auto error = string_at(described, "error"); !error.empty())
    fmt::print("error: {}\ncause: {}\n", printable(error), printable(string_at(described, "cause")));
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

}  // namespace tocsin::app
