#include "simulation/cases.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "asl/asl.h"
#include "jsonpath/jsonpath.h"

namespace tocsin::simulation {

using asl::HistoryEvent;
using asl::to_text;

namespace {

// The place of a JSON pointer, or null.
json::value* place_of(json::value& document, std::string_view pointer) {
  json::value* here = &document;
  while (here && !pointer.empty()) {
    pointer.remove_prefix(1);
    const auto slash = pointer.find('/');
    const auto step = pointer.substr(0, slash);
    pointer.remove_prefix(slash == pointer.npos ? pointer.size() : slash);
    if (auto* object = here->if_object()) {
      here = object->if_contains(step);
    } else if (auto* array = here->if_array()) {
      std::size_t index = array->size();
      if (!step.empty() && step.find_first_not_of("0123456789") == step.npos && step.size() < 9)
        index = std::stoul(std::string(step));
      here = index < array->size() ? &(*array)[index] : nullptr;
    } else {
      here = nullptr;
    }
  }
  return here;
}

// Two strings that are both JSON objects or arrays are compared as those: recorded causes lost their key order.
bool alike(const json::value& a, const json::value& b) {
  if (a.is_string() && b.is_string() && a != b) {
    const auto left = parse_json(a.get_string());
    const auto right = parse_json(b.get_string());
    return left && right && left->is_structured() && right->is_structured() && alike(*left, *right);
  }
  if (const auto* array = a.if_array(); array && b.is_array()) {
    if (array->size() != b.get_array().size()) return false;
    for (std::size_t i = 0; i < array->size(); ++i)
      if (!alike((*array)[i], b.get_array()[i])) return false;
    return true;
  }
  if (const auto* object = a.if_object(); object && b.is_object()) {
    if (object->size() != b.get_object().size()) return false;
    return std::all_of(object->begin(), object->end(), [&](const auto& member) {
      const auto* other = b.get_object().if_contains(member.key());
      return other && alike(member.value(), *other);
    });
  }
  return jsonpath::equal(a, b);
}

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

bool same_history(const json::array& expected, const std::vector<HistoryEvent>& history, bool unordered,
                  std::string& difference) {
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
  if (!same) {
    json::array lines(actual.begin(), actual.end());
    difference += fmt::format("\n  history expected {}\n  history actual   {}", to_json(json::value(expected)),
                              to_json(json::value(std::move(lines))));
  }
  return same;
}

bool same_delays(const json::object& described, const Simulation& run, std::string& difference) {
  if (const auto* elapsed = described.if_contains("expect_elapsed")) {
    const json::value seconds = std::chrono::duration<double>(run.elapsed).count();
    if (!jsonpath::equal(*elapsed, seconds)) {
      difference += fmt::format("\n  elapsed expected {} s, was {} s", to_text(*elapsed), to_text(seconds));
      return false;
    }
  }
  const auto* delays = described.if_contains("expect_delays");
  if (!delays || !delays->is_array()) return true;
  const bool bounds = bool_at(described, "delays_are_upper_bounds");
  bool same = delays->get_array().size() == run.retry_delays.size();
  for (std::size_t i = 0; same && i < run.retry_delays.size(); ++i) {
    const json::value seconds = std::chrono::duration<double>(run.retry_delays[i]).count();
    const int order = jsonpath::compare_numbers(seconds, delays->get_array()[i]);
    same = bounds ? order <= 0 : order == 0;
  }
  if (!same) {
    difference += fmt::format("\n  delays expected {}, were", to_text(*delays));
    for (const auto delay : run.retry_delays)
      difference += fmt::format(" {}", std::chrono::duration<double>(delay).count());
  }
  return same;
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
  const auto status = to_string(run.status);
  const bool same_status = string_at(described, "status") == status;
  const bool same_output = bool_at(described, "nondeterministic") ? same_shape(wanted.at("output"), given.at("output"))
                                                                  : alike(wanted.at("output"), given.at("output"));
  const bool same_error = alike(wanted.at("error"), given.at("error"));
  if (!same_status || !same_output || !same_error)
    result.difference += fmt::format("\n  expected {} {}\n  actual   {} {}", string_at(described, "status"),
                                     to_text(wanted), status, to_text(given));
  if (!cause_ignored) {
    result.cause = alike(wanted.at("cause"), given.at("cause"));
    if (!*result.cause)
      result.difference += fmt::format("\n  cause expected {}\n  cause actual   {}", to_text(wanted.at("cause")),
                                       to_text(given.at("cause")));
  }
  if (const auto* history = described.if_contains("history"); history && history->is_array())
    result.history =
        same_history(history->get_array(), run.history, bool_at(described, "history_unordered"), result.difference);
  const bool same_times = same_delays(described, run, result.difference);
  result.passed = same_status && same_output && same_error && same_times && run.problem.empty();
  if (!run.problem.empty()) result.difference += "\n  " + run.problem;
}

}  // namespace

CaseResult run_case(const json::object& described, const SimulationOptions& options) {
  CaseResult result;
  result.name = string_at(described, "name");
  const auto* definition = described.if_contains("definition");
  const auto text = definition ? to_json(*definition) : std::string(string_at(described, "definition_text"));
  const auto kind = string_at(described, "type") == "EXPRESS" ? asl::Kind::express : asl::Kind::standard;
  const auto compiled = asl::compile(text, kind);
  const bool must_not_succeed = bool_at(described, "must_not_succeed");
  if (!compiled) {
    result.passed = must_not_succeed;
    result.difference = "\n  " + compiled.error().message;
    return result;
  }
  Mocks mocks;
  if (const auto* given = described.if_contains("mocks"); given && given->is_object()) {
    auto parsed = Mocks::parse(given->get_object());
    if (!parsed) {
      result.difference = fmt::format("\n  mocks{}: {}", parsed.error().path, parsed.error().message);
      return result;
    }
    mocks = std::move(*parsed);
  }
  const auto* input = described.if_contains("input");
  const auto run = simulate(**compiled, input ? *input : json::value(json::object()), std::move(mocks), options);
  if (must_not_succeed) {
    result.passed = run.status != asl::Status::succeeded && run.problem.empty();
    result.difference = result.passed ? "" : "\n  it succeeded";
    return result;
  }
  judge(described, run, result);
  return result;
}

}  // namespace tocsin::simulation
