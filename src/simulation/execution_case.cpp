// Cases that run a machine to its end.

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "asl/asl.h"
#include "core/time_format.h"
#include "jsonpath/jsonpath.h"
#include "simulation/case_parts.h"
#include "simulation/difference.h"

namespace tocsin::simulation {

using asl::HistoryEvent;
using asl::to_text;

namespace {

bool same_shape(const json::value& a, const json::value& b) {
  if (const auto* object = a.if_object())
    return b.is_object() && object->size() == b.get_object().size() &&
           std::all_of(object->begin(), object->end(), [&](const auto& member) {
             const auto* other = b.get_object().if_contains(member.key());
             return other && same_shape(member.value(), *other);
           });
  return a.is_array() ? b.is_array() : !b.is_structured();
}

json::value event_line(const HistoryEvent& event) {
  json::array line{json::value(event.type)};
  if (const auto* name = event.details.if_contains("name")) {
    if (event.details_name == "stateEnteredEventDetails" || event.details_name == "stateExitedEventDetails")
      line.push_back(*name);
  }
  if (const auto* assigned = event.details.if_contains("assignedVariables"))
    line.push_back(json::object{{"assigned", *assigned}});
  return line;
}

// Expected values of variables may be given parsed; the event has their text.
bool same_event(const json::value& expected, const json::value& actual) {
  const auto* a = expected.if_array();
  const auto& b = actual.get_array();
  if (!a || a->size() != b.size()) return false;
  for (std::size_t i = 0; i < a->size(); ++i) {
    if (!(*a)[i].is_object()) {
      if ((*a)[i] != b[i]) return false;
      continue;
    }
    const auto* wanted = find((*a)[i], "assigned");
    const auto* given = find(b[i], "assigned");
    if (!wanted || !given || !wanted->is_object() || wanted->get_object().size() != given->get_object().size())
      return false;
    for (const auto& variable : wanted->get_object()) {
      const auto* text = given->get_object().if_contains(variable.key());
      if (!text) return false;
      const auto value = parse_json(text->get_string());
      const bool as_text = alike(variable.value(), *text);
      if (!as_text && !(value && alike(variable.value(), *value))) return false;
    }
  }
  return true;
}

std::string line_text(const json::value& line) {
  const auto* array = line.if_array();
  if (!array) return to_text(line);
  std::string text;
  for (const auto& part : *array)
    text += (text.empty() ? "" : " ") +
            (part.is_string() ? std::string(std::string_view(part.get_string())) : to_text(part));
  return text;
}

bool same_history(const json::array& expected, const std::vector<HistoryEvent>& history, bool unordered,
                  std::vector<std::string>& notes) {
  std::vector<json::value> actual;
  for (const auto& event : history)
    if (event.child == 0) actual.push_back(event_line(event));
  bool same = expected.size() == actual.size();
  std::vector<bool> used(actual.size());
  for (std::size_t i = 0; same && i < expected.size(); ++i) {
    std::size_t match = unordered ? 0 : i;
    while (match < actual.size() && (used[match] || !same_event(expected[i], actual[match])) && unordered) ++match;
    same = match < actual.size() && same_event(expected[i], actual[match]);
    if (same) used[match] = true;
  }
  if (same) return true;
  std::vector<std::string> wanted, given;
  for (const auto& line : expected) wanted.push_back(line_text(line));
  for (const auto& line : actual) given.push_back(line_text(line));
  if (unordered) {
    std::ranges::sort(wanted);
    std::ranges::sort(given);
  }
  notes.push_back("history (- expected, + was):");
  for (const auto& line : line_differences(wanted, given)) notes.push_back("  " + line);
  return false;
}

bool same_delays(const json::object& described, const Simulation& run, std::vector<std::string>& notes) {
  bool as_long = true;
  if (const auto* elapsed = described.if_contains("expect_elapsed")) {
    const json::value seconds = std::chrono::duration<double>(run.elapsed).count();
    as_long = jsonpath::equal(*elapsed, seconds);
    if (!as_long) notes.push_back(fmt::format("elapsed: expected {} s, was {} s", to_text(*elapsed), to_text(seconds)));
  }
  const auto* delays = described.if_contains("expect_delays");
  if (!delays || !delays->is_array()) return as_long;
  const bool bounds = bool_at(described, "delays_are_upper_bounds");
  bool same = delays->get_array().size() == run.retry_delays.size();
  for (std::size_t i = 0; same && i < run.retry_delays.size(); ++i) {
    const json::value seconds = std::chrono::duration<double>(run.retry_delays[i]).count();
    const int order = jsonpath::compare_numbers(seconds, delays->get_array()[i]);
    same = bounds ? order <= 0 : order == 0;
  }
  if (!same) {
    json::array were;
    for (const auto delay : run.retry_delays) were.push_back(std::chrono::duration<double>(delay).count());
    notes.push_back(
        fmt::format("retry delays: expected {}{}, were {}", bounds ? "at most " : "", to_text(*delays), to_text(were)));
  }
  return same && as_long;
}

json::value outcome(const json::value& output, const std::optional<std::string>& error,
                    const std::optional<std::string>& cause) {
  const auto text = [](const std::optional<std::string>& value) {
    return value ? json::value(json::string(*value)) : json::value();
  };
  return json::object{{"output", output}, {"error", text(error)}, {"cause", text(cause)}};
}

void judge(const json::object& described, const Simulation& run, CaseResult& result) {
  json::object wanted_object;
  for (const auto* field : {"output", "error", "cause"}) {
    const auto* value = described.if_contains(field);
    wanted_object[field] = value ? *value : json::value();
  }
  json::value wanted = std::move(wanted_object);
  json::value given = outcome(run.output, run.error, run.cause);
  bool cause_ignored = wanted.at("cause").is_null();
  if (const auto* ignored = described.if_contains("ignore"); ignored && ignored->is_array()) {
    for (const auto& pointer : ignored->get_array()) {
      if (!pointer.is_string()) continue;
      for (auto* document : {&wanted, &given})
        if (auto* place = place_of(*document, pointer.get_string())) *place = nullptr;
      cause_ignored = cause_ignored || pointer.get_string() == "/cause";
    }
  }
  auto& notes = result.notes;
  if (!run.problem.empty()) notes.push_back(run.problem);
  const auto status = to_string(run.status);
  const bool same_status = string_at(described, "status") == status;
  if (!same_status)
    notes.push_back(fmt::format("status: expected {}, was {}", string_at(described, "status", "none"), status));
  const bool shape_only = bool_at(described, "nondeterministic");
  bool same = true;
  for (const auto* field : {"output", "error"}) {
    if (!described.contains(field)) continue;
    const bool is_shape = shape_only && std::string_view(field) == "output";
    if (is_shape ? same_shape(wanted.at(field), given.at(field)) : alike(wanted.at(field), given.at(field))) continue;
    same = false;
    for (auto& line : differences(wanted.at(field), given.at(field), field)) notes.push_back(std::move(line));
  }
  if (!cause_ignored) {
    result.cause = alike(wanted.at("cause"), given.at("cause"));
    for (auto& line : differences(wanted.at("cause"), given.at("cause"), "cause")) notes.push_back(std::move(line));
  } else if ((!same_status || !same) && run.cause) {
    notes.push_back("cause: " + *run.cause);
  }
  if (const auto* history = described.if_contains("history"); history && history->is_array())
    result.history = same_history(history->get_array(), run.history, bool_at(described, "history_unordered"), notes);
  const bool same_times = same_delays(described, run, notes);
  result.passed = same_status && same && same_times && run.problem.empty();
}

// What a case says about the names in the context object.
void take_context(const json::object& described, SimulationOptions& options) {
  const auto* given = described.if_contains("context");
  if (!given || !given->is_object()) return;
  const auto& context = given->get_object();
  const auto fill = [&](std::string_view path, std::string& field) {
    if (const auto text = string_at(context, path); !text.empty()) field = text;
  };
  fill("Execution.Id", options.context.execution_arn);
  fill("Execution.Name", options.context.execution_name);
  fill("Execution.RoleArn", options.context.role_arn);
  fill("StateMachine.Id", options.context.state_machine_arn);
  fill("StateMachine.Name", options.context.state_machine_name);
  if (const auto start = parse_rfc3339(string_at(context, "Execution.StartTime"))) options.start = *start;
}

}  // namespace

CaseResult run_execution_case(json::object& described, const SimulationOptions& given_options) {
  CaseResult result;
  SimulationOptions options = given_options;
  take_context(described, options);
  auto parsed = parse_case(described);
  const bool must_not_succeed = bool_at(described, "must_not_succeed");
  if (!parsed.definition) {
    const auto message = asl::to_message(parsed.diagnostics);
    if (asl::refuses_jsonata(message))
      result.unusable = std::string(jsonata_message);
    else if (!(result.passed = must_not_succeed))
      result.notes.push_back(message);
    return result;
  }
  Mocks mocks;
  if (const auto* given = described.if_contains("mocks")) {
    auto read = Mocks::parse(given->get_object());
    if (!read) {
      result.unusable = fmt::format("mocks{}: {}", read.error().path, read.error().message);
      return result;
    }
    mocks = std::move(*read);
  }
  const auto* input = described.if_contains("input");
  auto run = simulate(*parsed.definition, input ? *input : json::value(json::object()), std::move(mocks), options);
  if (must_not_succeed) {
    result.passed = run.status != asl::Status::succeeded && run.problem.empty();
    if (!result.passed) result.notes.push_back(run.problem.empty() ? "it succeeded, and must not" : run.problem);
  } else {
    judge(described, run, result);
  }
  for (const auto& leftover : run.leftovers) result.warnings.push_back(to_text(leftover));
  result.definition = std::move(parsed.definition);
  result.run = std::move(run);
  return result;
}

}  // namespace tocsin::simulation
