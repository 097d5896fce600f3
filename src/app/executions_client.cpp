#include "app/executions_client.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace tocsin::app {
namespace {

constexpr std::size_t page_size = 100;
constexpr std::size_t history_page_size = 1'000;
constexpr std::size_t searched_max = 1'000;  // executions of a machine that a name is looked for in
constexpr std::size_t counting_page = 1'000;
constexpr std::size_t counted_max = 10'000;  // executions that a list counts
constexpr std::size_t shown_max = 5;         // of what could be meant

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

std::string short_name(const json::object& execution) {
  const auto machine = string_at(execution, "stateMachineArn");
  return fmt::format("{}:{}", machine.substr(machine.rfind(':') + 1), string_at(execution, "name"));
}

Result<std::vector<json::object>> ExecutionsClient::page(const std::string& machine, std::string& token) {
  json::object request{{"stateMachineArn", machine}, {"maxResults", page_size}};
  if (!token.empty()) request["nextToken"] = token;
  auto answer = call("ListExecutions", request);
  if (!answer) return pass_on(answer);
  std::vector<json::object> executions;
  if (auto* list = answer->if_contains("executions"); list && list->is_array())
    for (auto& execution : list->get_array())
      if (execution.is_object()) executions.push_back(std::move(execution.get_object()));
  token = string_at(*answer, "nextToken");
  return executions;
}

// Past what is wanted, executions are only counted, in large pages and not without end.
Result<void> ExecutionsClient::list_one(json::object request, std::size_t limit, Listed& found) {
  for (std::size_t taken = 0;;) {
    request["maxResults"] = taken < limit ? std::min(limit - taken, page_size) : counting_page;
    auto page = call("ListExecutions", request);
    if (!page) return pass_on(page);
    if (auto* list = page->if_contains("executions"); list && list->is_array())
      for (auto& execution : list->get_array()) {
        if (!execution.is_object()) continue;
        ++found.total;
        if (taken++ < limit) found.executions.push_back(std::move(execution.get_object()));
      }
    const auto token = string_at(*page, "nextToken");
    if (token.empty()) return {};
    if (taken >= limit && found.total >= counted_max) {
      found.is_more = true;
      return {};
    }
    request["nextToken"] = token;
  }
}

Result<ExecutionsClient::Listed> ExecutionsClient::list(const std::vector<std::string>& machines,
                                                        std::string_view status, std::size_t limit) {
  Listed found;
  for (const auto& machine : machines) {
    json::object request{{"stateMachineArn", machine}};
    if (!status.empty()) request["statusFilter"] = status;
    auto listed = list_one(std::move(request), limit, found);
    // An express machine keeps no list of its executions; among all machines it is passed over.
    if (!listed && (machines.size() == 1 || listed.error().aws_code != "StateMachineTypeNotSupported"))
      return pass_on(listed);
  }
  std::ranges::stable_sort(found.executions, std::greater{}, started);
  if (found.executions.size() > limit) found.executions.resize(limit);
  return found;
}

Result<ExecutionsClient::Listed> ExecutionsClient::failed_children(const std::string& map_run, std::size_t limit) {
  Listed found;
  for (const auto* status : {"FAILED", "TIMED_OUT"})
    if (auto listed = list_one({{"mapRunArn", map_run}, {"statusFilter", status}}, limit, found); !listed)
      return pass_on(listed);
  // Their names end with the number of the child.
  std::ranges::stable_sort(found.executions, {}, [](const json::object& child) {
    const auto name = string_at(child, "name");
    return std::strtoll(std::string(name.substr(name.rfind('-') + 1)).c_str(), nullptr, 10);
  });
  if (found.executions.size() > limit) found.executions.resize(limit);
  return found;
}

// The one that `name` means among these, or why none can be chosen. `where` says what was looked at.
Result<std::string> ExecutionsClient::choose(const std::vector<json::object>& executions, std::string_view name,
                                             const std::string& where) {
  std::vector<const json::object*> exact, begun;
  for (const auto& execution : executions) {
    const auto own = string_at(execution, "name");
    if (own == name) exact.push_back(&execution);
    if (own.starts_with(name)) begun.push_back(&execution);
  }
  const auto& fitting = exact.empty() ? begun : exact;
  if (fitting.size() == 1 && !name.empty()) return std::string(string_at(*fitting.front(), "executionArn"));
  std::string shown;
  const bool is_any = fitting.empty();
  for (std::size_t i = 0; i < std::min(is_any ? executions.size() : fitting.size(), shown_max); ++i) {
    const auto& execution = is_any ? executions[i] : *fitting[i];
    shown += fmt::format("\n  {}  {}", short_name(execution), string_at(execution, "status"));
  }
  if (executions.empty() && name.empty())
    return fail(ErrorCode::validation, fmt::format("there is no execution {}", where));
  if (executions.empty())
    return fail(ErrorCode::validation, fmt::format("there is no execution '{}' {}: there is none at all", name, where));
  if (is_any)
    return fail(ErrorCode::validation,
                fmt::format("there is no execution '{}' {}; the newest there are:{}", name, where, shown));
  if (name.empty())
    return fail(ErrorCode::validation, fmt::format("name an execution {}; the newest are:{}", where, shown));
  return fail(ErrorCode::validation, fmt::format("{} executions {} fit '{}'; name one of them, for instance:{}",
                                                 fitting.size(), where, name, shown));
}

Result<std::string> ExecutionsClient::find_in(const std::string& machine, std::string_view name) {
  if (machine.empty()) return find("");
  const auto known = machines(machine);
  if (!known) return std::unexpected(known.error());
  const auto listed = list(*known, "", searched_max);
  if (listed) return choose(listed->executions, name, fmt::format("of the state machine '{}'", machine));
  if (listed.error().aws_code != "StateMachineDoesNotExist") return std::unexpected(listed.error());
  auto message = fmt::format("there is no state machine '{}'", machine);
  if (const auto all = machines(""); all && !all->empty()) {
    message += "; there are:";
    for (std::size_t i = 0; i < std::min(all->size(), shown_max); ++i)
      message += fmt::format("{} {}", i == 0 ? "" : ",", (*all)[i].substr((*all)[i].rfind(':') + 1));
    if (all->size() > shown_max) message += fmt::format(" and {} more", all->size() - shown_max);
  }
  return fail(ErrorCode::validation, std::move(message));
}

Result<std::string> ExecutionsClient::find(const std::string& meant) {
  if (const auto at = meant.find(":stateMachine:"); meant.starts_with("arn:") && at != meant.npos)
    return find_in(meant.substr(at + std::string_view(":stateMachine:").size()), "");
  if (meant.starts_with("arn:")) return meant;
  if (const auto colon = meant.find(':'); colon != meant.npos) {
    const auto arn = identity_.arn("states", "execution:" + meant);
    // Children of a distributed Map ("MACHINE/LABEL:NAME") are not in their machine's list.
    if (auto there = call("DescribeExecution", {{"executionArn", arn}});
        there || (there.error().aws_code != "ExecutionDoesNotExist" && there.error().aws_code != "InvalidArn"))
      return there ? Result<std::string>(arn) : pass_on(there);
    return find_in(meant.substr(0, colon), std::string_view(meant).substr(colon + 1));
  }
  const auto all = machines("");
  if (!all) return std::unexpected(all.error());
  const auto is_machine = [&](const std::string& arn) { return arn.ends_with(":stateMachine:" + meant); };
  const auto listed = list(*all, "", searched_max);
  if (!listed) return std::unexpected(listed.error());
  auto chosen = choose(listed->executions, meant,
                       listed->executions.size() < searched_max ? std::string("of any state machine")
                                                                : fmt::format("among the newest {}", searched_max));
  if (!chosen && std::ranges::any_of(*all, is_machine)) return find_in(meant, "");
  return chosen;
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
