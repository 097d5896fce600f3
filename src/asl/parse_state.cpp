#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "asl/detail/reader.h"
#include "core/time_format.h"

namespace tocsin::asl {
namespace {

constexpr std::size_t state_name_characters_max = 80;
constexpr int container_nesting_max = 20;

constexpr std::pair<std::string_view, StateType> types[] = {
    {"Task", StateType::task},         {"Wait", StateType::wait}, {"Pass", StateType::pass},
    {"Succeed", StateType::succeed},   {"Fail", StateType::fail}, {"Choice", StateType::choice},
    {"Parallel", StateType::parallel}, {"Map", StateType::map}};

bool is_one_of(StateType type, std::initializer_list<StateType> list) {
  return std::find(list.begin(), list.end(), type) != list.end();
}

WaitFields read_wait(Reader& reader) {
  WaitFields wait;
  if (const auto seconds = reader.take_number("Seconds", {0, 99'999'999}))
    wait.seconds = static_cast<std::int64_t>(*seconds);
  if (const auto text = reader.take_string("Timestamp")) {
    const auto time = parse_rfc3339(*text);
    if (time)
      wait.timestamp = *time;
    else
      reader.wrong("Timestamp", "String does not match RFC3339 timestamp");
  }
  wait.seconds_path = reader.take_path("SecondsPath");
  wait.timestamp_path = reader.take_path("TimestampPath");
  const int given =
      reader.has("Seconds") + reader.has("Timestamp") + reader.has("SecondsPath") + reader.has("TimestampPath");
  if (given != 1)
    reader.report().schema("Exactly one of these fields is required: [Seconds, SecondsPath, Timestamp, TimestampPath]",
                           reader.location());
  return wait;
}

std::optional<Expression> take_text_expression(Reader& reader, std::string_view field) {
  const auto text = reader.take_string(field);
  if (!text) return std::nullopt;
  auto expression = parse_expression(*text);
  const auto* call = expression ? std::get_if<std::shared_ptr<const Intrinsic>>(&*expression) : nullptr;
  if (expression && (!call || gives_string((*call)->function))) return std::move(*expression);
  reader.wrong(
      field,
      fmt::format("The value for the field '{}' must be a valid JSONPath or a valid intrinsic function call", field));
  return std::nullopt;
}

FailFields read_fail(Reader& reader) {
  FailFields fields;
  fields.error = reader.take_string("Error", true);
  fields.cause = reader.take_string("Cause", true);
  fields.error_path = take_text_expression(reader, "ErrorPath");
  fields.cause_path = take_text_expression(reader, "CausePath");
  reader.exclude("Error", "ErrorPath");
  reader.exclude("Cause", "CausePath");
  return fields;
}

ParallelFields read_parallel(Reader& reader, QueryLanguage language, Kind kind, int depth) {
  ParallelFields fields;
  const auto* branches = reader.take_array("Branches");
  if (!branches) {
    if (!reader.has("Branches")) reader.missing({"Branches"});
    return fields;
  }
  if (branches->empty()) reader.wrong("Branches", "Value cannot be empty");
  for (std::size_t i = 0; i < branches->size(); ++i) {
    const auto location = fmt::format("{}[{}]", reader.below("Branches"), i);
    if (const auto* object = (*branches)[i].if_object()) {
      Reader branch(*object, location, reader.report());
      fields.branches.push_back(read_machine(branch, language, kind, depth + 1));
      branch.refuse_others();
    } else {
      reader.report().schema("Expected value of type Object", location);
    }
  }
  return fields;
}

// Fields that exist in one query language only, where the state type has them at all.
void read_language_fields(Reader& reader, State& state, QueryLanguage language) {
  using enum StateType;
  const auto type = state.type;
  const bool works = is_one_of(type, {task, parallel, map});
  if (language == QueryLanguage::jsonata) {
    if (type != fail) reader.take("Output");
    if (is_one_of(type, {task, parallel})) reader.take("Arguments");
    const auto refuse = [&](std::string_view field) {
      if (!reader.take(field)) return;
      reader.wrong(field, fmt::format("The QueryLanguage is set to 'JSONata', but field '{}' is only supported for the "
                                      "'JSONPath' QueryLanguage",
                                      field));
    };
    for (const auto* field : {"InputPath", "OutputPath", "ResultPath", "Parameters", "ResultSelector"}) refuse(field);
    return;
  }
  const auto refuse = [&](std::string_view field) {
    if (!reader.take(field)) return;
    reader.wrong(field, fmt::format("The QueryLanguage is set to 'JSONPath', but field '{}' is only supported for the "
                                    "'JSONata' QueryLanguage",
                                    field));
  };
  for (const auto* field : {"Output", "Arguments", "Items"}) refuse(field);
  if (type != fail) {
    state.input_path = reader.take_path_or_null("InputPath");
    state.output_path = reader.take_path_or_null("OutputPath");
  }
  if (works || type == pass) state.result_path = reader.take_result_path("ResultPath");
  if (is_one_of(type, {task, parallel, pass})) state.parameters = reader.take_template("Parameters");
  if (works) state.result_selector = reader.take_template("ResultSelector");
}

void read_transition(Reader& reader, State& state) {
  if (auto next = reader.take_string("Next")) state.next = std::move(*next);
  const auto end = reader.take_bool("End");
  if (reader.has("Next") && end.value_or(false)) reader.exclude("Next", "End");
  if (!reader.has("Next") && !end.value_or(false))
    reader.report().schema("Exactly one of these fields is required: [Next, End]", reader.location());
}

// In JSONata only the shape is checked: its expressions are refused as a whole.
void read_typed_fields(Reader& reader, State& state, QueryLanguage language, Kind kind, int depth) {
  const bool is_path = language == QueryLanguage::json_path;
  switch (state.type) {
    case StateType::task:
      if (is_path)
        state.fields = read_task(reader, kind);
      else
        for (const auto* f : {"Resource", "TimeoutSeconds", "HeartbeatSeconds", "Credentials"}) reader.take(f);
      break;
    case StateType::wait:
      if (is_path)
        state.fields = read_wait(reader);
      else
        for (const auto* f : {"Seconds", "Timestamp"}) reader.take(f);
      break;
    case StateType::fail:
      if (is_path)
        state.fields = read_fail(reader);
      else
        for (const auto* f : {"Error", "Cause"}) reader.take(f);
      break;
    case StateType::choice: {
      ChoiceFields choice;
      if (is_path)
        choice.rules = read_rules(reader);
      else
        reader.take("Choices");
      if (auto otherwise = reader.take_string("Default")) choice.otherwise = std::move(*otherwise);
      state.fields = std::move(choice);
      break;
    }
    case StateType::parallel:
      state.fields = read_parallel(reader, language, kind, depth);
      break;
    case StateType::map:
      state.fields = read_map(reader, language, kind, depth);
      break;
    case StateType::pass:
      if (const auto* result = is_path ? reader.take("Result") : nullptr) state.result = *result;
      break;
    case StateType::succeed:
      break;
  }
}

void refuse_jsonata(Reader& reader) {
  reader.wrong("QueryLanguage", fmt::format("{}; write this in 'JSONPath'", jsonata_refused));
}

QueryLanguage state_language(Reader& reader, QueryLanguage machine) {
  const auto given = reader.take_string("QueryLanguage");
  if (!given) return machine;
  if (*given != "JSONPath" && *given != "JSONata") {
    reader.wrong("QueryLanguage", "The field 'QueryLanguage' should have one of these values: [JSONPath, JSONata]");
  } else if (*given == "JSONPath" && machine == QueryLanguage::jsonata) {
    reader.wrong("QueryLanguage", "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine");
  } else if (*given == "JSONata") {
    if (machine != QueryLanguage::jsonata) refuse_jsonata(reader);
    return QueryLanguage::jsonata;
  }
  return machine;
}

State read_state(Reader& reader, std::string_view name, QueryLanguage machine, Kind kind, int depth) {
  State state;
  state.name = name;
  const auto characters = std::count_if(name.begin(), name.end(), [](char c) { return (c & 0xC0) != 0x80; });
  if (name.empty()) reader.report().schema("A state must have a name", reader.location());
  if (static_cast<std::size_t>(characters) > state_name_characters_max)
    reader.report().schema("A state's name must have at most 80 characters", reader.location());
  if (auto comment = reader.take_string("Comment", true)) state.comment = std::move(*comment);
  const auto language = state_language(reader, machine);
  const auto type_name = reader.take_string("Type");
  const auto* type = std::find_if(std::begin(types), std::end(types),
                                  [&](const auto& known) { return type_name && known.first == *type_name; });
  if (type == std::end(types)) {
    if (!reader.has("Type"))
      reader.missing({"Type"});
    else
      reader.wrong(
          "Type",
          "The field 'Type' should have one of these values: [Task, Wait, Pass, Succeed, Fail, Choice, Parallel, "
          "Map]");
    return state;
  }
  state.type = type->second;
  using enum StateType;
  read_typed_fields(reader, state, language, kind, depth);
  read_language_fields(reader, state, language);
  if (is_one_of(state.type, {task, parallel, map})) {
    state.retriers = read_retriers(reader);
    state.catchers = read_catchers(reader, language);
  }
  if (!is_one_of(state.type, {choice, succeed, fail})) read_transition(reader, state);
  if (!is_one_of(state.type, {succeed, fail})) {
    if (language == QueryLanguage::json_path)
      state.assign = reader.take_assign();
    else
      reader.take("Assign");
  }
  reader.refuse_others();
  return state;
}

}  // namespace

std::string_view to_string(StateType type) {
  return std::find_if(std::begin(types), std::end(types), [&](const auto& known) { return known.second == type; })
      ->first;
}

Machine read_machine(Reader& reader, QueryLanguage language, Kind kind, int depth) {
  Machine machine;
  if (depth > container_nesting_max) {
    reader.report().schema("Parallel and Map states are nested too deeply", reader.location());
    for (const auto* field : {"StartAt", "States", "Comment"}) reader.take(field);
    return machine;
  }
  reader.take_string("Comment", true);
  auto start_at = reader.take_string("StartAt");
  if (start_at) machine.start_at = std::move(*start_at);
  const auto* states = reader.take_object("States");
  // The service names the missing ones together, in this order.
  if (!reader.has("States") && !reader.has("StartAt"))
    reader.missing({"States", "StartAt"});
  else if (!reader.has("States"))
    reader.missing({"States"});
  else if (!reader.has("StartAt"))
    reader.missing({"StartAt"});
  if (!states) return machine;
  if (states->empty()) reader.wrong("States", "Value cannot be empty");
  machine.states.reserve(states->size());
  for (const auto& member : *states) {
    const std::string_view name = member.key();
    const auto location = reader.below("States/" + std::string(name));
    if (const auto* object = member.value().if_object()) {
      Reader state(*object, location, reader.report());
      machine.states.push_back(read_state(state, name, language, kind, depth));
    } else {
      reader.report().schema("Expected value of type Object", location);
    }
  }
  return machine;
}

}  // namespace tocsin::asl
