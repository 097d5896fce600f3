#include "app/executions_client.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace tocsin::app {
namespace {

constexpr std::size_t page_size = 100;
constexpr std::size_t history_page_size = 1'000;
constexpr std::size_t searched_max = 1'000;  // executions of a machine that a name is looked for in

double started(const json::object& execution) {
  const auto* value = execution.if_contains("startDate");
  return value && value->is_number() ? value->to_number<double>() : 0;
}

}  // namespace

std::optional<Time> time_in(const json::object& answer, std::string_view member) {
  const auto* value = answer.if_contains(member);
  if (!value || !value->is_number()) return std::nullopt;
  return from_microseconds(std::llround(value->to_number<double>() * 1e6));
}

Result<json::object> ExecutionsClient::call(std::string_view operation, const json::object& input) {
  return client_.json_target("states", fmt::format("AWSStepFunctions.{}", operation), to_json(input));
}

Result<std::vector<std::string>> ExecutionsClient::machines(std::string_view named) {
  std::vector<std::string> arns;
  if (!named.empty()) {
    arns.push_back(named.starts_with("arn:") ? std::string(named)
                                             : identity_.arn("states", fmt::format("stateMachine:{}", named)));
    return arns;
  }
  json::object request{{"maxResults", page_size}};
  while (true) {
    auto page = call("ListStateMachines", request);
    if (!page) return pass_on(page);
    if (const auto* list = page->if_contains("stateMachines"); list && list->is_array())
      for (const auto& machine : list->get_array())
        if (machine.is_object()) arns.emplace_back(string_at(machine.get_object(), "stateMachineArn"));
    const auto token = string_at(*page, "nextToken");
    if (token.empty()) return arns;
    request["nextToken"] = token;
  }
}

Result<void> ExecutionsClient::list_one(const std::string& machine, std::string_view status, std::size_t limit,
                                        std::vector<json::object>& found) {
  json::object request{{"stateMachineArn", machine}, {"maxResults", std::min(limit, page_size)}};
  if (!status.empty()) request["statusFilter"] = status;
  for (std::size_t taken = 0; taken < limit;) {
    auto page = call("ListExecutions", request);
    if (!page) return pass_on(page);
    if (auto* list = page->if_contains("executions"); list && list->is_array())
      for (auto& execution : list->get_array()) {
        if (!execution.is_object() || taken++ >= limit) continue;
        found.push_back(std::move(execution.get_object()));
      }
    const auto token = string_at(*page, "nextToken");
    if (token.empty()) break;
    request["nextToken"] = token;
  }
  return {};
}

Result<std::vector<json::object>> ExecutionsClient::list(const std::vector<std::string>& machines,
                                                         std::string_view status, std::size_t limit) {
  std::vector<json::object> found;
  for (const auto& machine : machines) {
    auto listed = list_one(machine, status, limit, found);
    // An express machine keeps no list of its executions; among all machines it is passed over.
    if (!listed && (machines.size() == 1 || listed.error().aws_code != "StateMachineTypeNotSupported"))
      return pass_on(listed);
  }
  std::ranges::stable_sort(found, std::greater{}, started);
  if (found.size() > limit) found.resize(limit);
  return found;
}

Result<std::string> ExecutionsClient::find(const std::string& meant) {
  if (meant.starts_with("arn:")) return meant;
  if (meant.find(':') != meant.npos) return identity_.arn("states", "execution:" + meant);
  const auto all = machines("");
  if (!all) return std::unexpected(all.error());
  const auto executions = list(*all, "", searched_max);
  if (!executions) return std::unexpected(executions.error());
  std::vector<std::string> exact, begun;
  for (const auto& execution : *executions) {
    const auto name = string_at(execution, "name");
    if (name == meant) exact.emplace_back(string_at(execution, "executionArn"));
    if (name.starts_with(meant)) begun.emplace_back(string_at(execution, "executionArn"));
  }
  const auto& fitting = exact.empty() ? begun : exact;
  if (fitting.size() == 1) return fitting.front();
  if (fitting.empty()) return fail(ErrorCode::validation, fmt::format("there is no execution '{}'", meant));
  return fail(ErrorCode::validation, fmt::format("{} executions fit '{}': name one as MACHINE:NAME, for instance {}",
                                                 fitting.size(), meant, fitting.front()));
}

// Newest first until what is known already: long histories are not read again and again.
Result<std::vector<json::object>> ExecutionsClient::history(const std::string& arn, std::int64_t after) {
  std::vector<json::object> events;
  json::object request{
      {"executionArn", arn}, {"reverseOrder", true}, {"maxResults", after == 0 ? history_page_size : page_size}};
  for (bool more = true; more;) {
    auto page = call("GetExecutionHistory", request);
    if (!page) return pass_on(page);
    const auto token = std::string(string_at(*page, "nextToken"));
    more = !token.empty();
    if (auto* list = page->if_contains("events"); list && list->is_array())
      for (auto& event : list->get_array()) {
        if (!event.is_object()) continue;
        if (integer_at(event.get_object(), "id") <= after)
          more = false;
        else
          events.push_back(std::move(event.get_object()));
      }
    request["nextToken"] = token;
  }
  std::ranges::reverse(events);
  return events;
}

asl::HistoryEvent to_event(const json::object& event) {
  asl::HistoryEvent read;
  read.id = integer_at(event, "id");
  read.previous = integer_at(event, "previousEventId");
  read.timestamp = time_in(event, "timestamp").value_or(Time());
  read.type = string_at(event, "type");
  for (const auto& member : event) {
    if (!std::string_view(member.key()).ends_with("EventDetails") || !member.value().is_object()) continue;
    read.details_name = member.key();
    read.details = member.value().get_object();
  }
  return read;
}

}  // namespace tocsin::app
