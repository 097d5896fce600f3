#include <algorithm>
#include <functional>
#include <set>

#include <fmt/format.h>

#include "asl/detail/duplicate_keys.h"
#include "asl/detail/reader.h"

namespace tocsin::asl {
namespace {

constexpr std::size_t definition_bytes_max = 1024 * 1024;

using ByName = std::unordered_map<std::string_view, const State*>;

void check_target(const ByName& states, std::string_view target, std::string location, Report& report) {
  if (target.empty()) return;  // absent or wrong: reported already
  if (!states.contains(target))
    report.error(missing_target, fmt::format("Missing 'Next' target: {}", target), std::move(location));
}

// All names that a state can go to, with the place of each.
std::vector<std::pair<std::string_view, std::string>> targets_of(const State& state) {
  std::vector<std::pair<std::string_view, std::string>> targets;
  targets.emplace_back(state.next, "/Next");
  for (std::size_t i = 0; i < state.catchers.size(); ++i)
    targets.emplace_back(state.catchers[i].next, fmt::format("/Catch[{}]/Next", i));
  if (const auto* choice = std::get_if<ChoiceFields>(&state.fields)) {
    for (std::size_t i = 0; i < choice->rules.size(); ++i)
      targets.emplace_back(choice->rules[i].next, fmt::format("/Choices[{}]/Next", i));
    targets.emplace_back(choice->otherwise, "/Default");
  }
  return targets;
}

void for_each_container(const State& state, const std::string& location,
                        const std::function<void(const Machine&, const std::string&)>& visit) {
  if (const auto* parallel = std::get_if<ParallelFields>(&state.fields)) {
    for (std::size_t i = 0; i < parallel->branches.size(); ++i)
      visit(parallel->branches[i], fmt::format("{}/Branches[{}]", location, i));
  } else if (const auto* map = std::get_if<MapFields>(&state.fields); map && map->processor) {
    visit(*map->processor, location + (map->is_old_iterator ? "/Iterator" : "/ItemProcessor"));
  }
}

void add_names(const std::optional<Template>& assign, std::set<std::string>& names) {
  if (!assign) return;
  if (const auto* members = std::get_if<Template::Members>(&assign->form))
    names.insert(members->names.begin(), members->names.end());
  else if (const auto* constant = std::get_if<json::value>(&assign->form); constant && constant->is_object())
    for (const auto& member : constant->get_object()) names.emplace(std::string_view(member.key()));
}

std::set<std::string> assigned_in(const State& state) {
  std::set<std::string> names;
  add_names(state.assign, names);
  for (const auto& catcher : state.catchers) add_names(catcher.assign, names);
  if (const auto* choice = std::get_if<ChoiceFields>(&state.fields))
    for (const auto& rule : choice->rules) add_names(rule.assign, names);
  return names;
}

// Inner scopes may not set variables of outer ones. Children of a distributed Map have a scope of their own.
void check_scopes(const Machine& machine, const std::string& location, std::set<std::string> outer, Report& report) {
  std::set<std::string> own = outer;
  for (const auto& state : machine.states) {
    for (const auto& name : assigned_in(state)) {
      if (outer.contains(name))
        report.schema(fmt::format("The variable '{}' is assigned in an outer scope already", name),
                      fmt::format("{}/States/{}/Assign", location, state.name));
      own.insert(name);
    }
  }
  for (const auto& state : machine.states) {
    const auto* map = std::get_if<MapFields>(&state.fields);
    const bool apart = map && map->is_distributed;
    for_each_container(state, fmt::format("{}/States/{}", location, state.name),
                       [&](const Machine& inner, const std::string& where) {
                         check_scopes(inner, where, apart ? std::set<std::string>() : own, report);
                       });
  }
}

void index_states(const Machine& machine, Definition& definition) {
  for (const auto& state : machine.states) {
    definition.states.emplace(state.name, &state);
    for_each_container(state, "", [&](const Machine& inner, const std::string&) { index_states(inner, definition); });
  }
}

QueryLanguage machine_language(Reader& reader) {
  const auto given = reader.take_string("QueryLanguage");
  if (!given || *given == "JSONPath") return QueryLanguage::json_path;
  if (*given == "JSONata") {
    reader.wrong("QueryLanguage", fmt::format("{}; write this machine in 'JSONPath'", jsonata_refused));
    return QueryLanguage::jsonata;
  }
  reader.wrong("QueryLanguage", "The field 'QueryLanguage' should have one of these values: [JSONPath, JSONata]");
  return QueryLanguage::json_path;
}

std::shared_ptr<Definition> read_definition(const json::object& object, Kind kind, Report& report) {
  auto definition = std::make_shared<Definition>();
  definition->kind = kind;
  Reader reader(object, "", report);
  const auto language = machine_language(reader);
  if (const auto version = reader.take_string("Version"); version && *version != "1.0")
    reader.wrong("Version", "The field 'Version' should have one of these values: [1.0]");
  if (const auto timeout = reader.take_number("TimeoutSeconds", {1, 99'999'999}))
    definition->timeout_s = static_cast<std::int64_t>(*timeout);
  if (const auto comment = object.if_contains("Comment"); comment && comment->is_string())
    definition->comment = std::string_view(comment->get_string());
  definition->machine = read_machine(reader, language, kind, 0);
  reader.refuse_others();
  return definition;
}

}  // namespace

void check_graph(const Machine& machine, const std::string& location, Report& report) {
  if (machine.states.empty()) return;
  ByName by_name;
  for (const auto& state : machine.states) by_name.emplace(state.name, &state);
  check_target(by_name, machine.start_at, location + "/StartAt", report);
  bool ends = false;
  std::set<std::string_view> waiting{machine.start_at};
  std::set<std::string_view> reached;
  for (const auto& state : machine.states) {
    const auto place = fmt::format("{}/States/{}", location, state.name);
    ends = ends || state.is_terminal();
    for (const auto& [target, below] : targets_of(state)) check_target(by_name, target, place + below, report);
    for_each_container(state, place,
                       [&](const Machine& inner, const std::string& where) { check_graph(inner, where, report); });
  }
  if (!ends) {
    report.error("MISSING_END_STATE", "Workflow has no terminal state", std::nullopt);
    return;
  }
  while (!waiting.empty()) {
    const auto name = *waiting.begin();
    waiting.erase(waiting.begin());
    const auto found = by_name.find(name);
    if (found == by_name.end() || !reached.insert(name).second) continue;
    for (const auto& [target, below] : targets_of(*found->second)) waiting.insert(target);
  }
  for (const auto& state : machine.states)
    if (!reached.contains(state.name) && by_name.contains(machine.start_at))
      report.error(missing_target, fmt::format("State \"{}\" is not reachable.", state.name),
                   fmt::format("{}/States/{}", location, state.name));
}

void check_names(const Machine& machine, const std::string& location, std::set<std::string_view>& seen,
                 Report& report) {
  for (const auto& state : machine.states) {
    const auto place = fmt::format("{}/States/{}", location, state.name);
    if (!seen.insert(state.name).second)
      report.error("DUPLICATE_STATE_NAME", fmt::format("Duplicate State name: {}", state.name), place);
    for_each_container(
        state, place, [&](const Machine& inner, const std::string& where) { check_names(inner, where, seen, report); });
  }
}

namespace {

void visit_states(const Machine& machine, const std::string& location,
                  const std::function<void(const State&, const std::string&)>& visit) {
  for (const auto& state : machine.states) {
    const auto place = fmt::format("{}/States/{}", location, state.name);
    visit(state, place);
    for_each_container(state, place,
                       [&](const Machine& inner, const std::string& where) { visit_states(inner, where, visit); });
  }
}

}  // namespace

void for_each_state(const Machine& machine, const std::function<void(const State&, const std::string&)>& visit) {
  visit_states(machine, "", visit);
}

Result<DefinitionPtr> compile_single_state(const json::object& state, std::string_view name) {
  const json::object machine{{"StartAt", name}, {"States", json::object{{name, state}}}};
  Report report;
  auto definition = read_definition(machine, Kind::standard, report);
  if (report.failed()) return fail(ErrorCode::validation, to_message(report.take()), "InvalidDefinition");
  index_states(definition->machine, *definition);
  return DefinitionPtr(std::move(definition));
}

Parsed parse(std::string_view text, Kind kind) {
  Report report;
  if (text.size() > definition_bytes_max) {
    report.schema("The definition is longer than 1048576 bytes", "/");
    return {nullptr, report.take()};
  }
  const auto value = parse_json(text);
  if (!value || !value->is_object()) {
    report.error(value ? schema_failed : "INVALID_JSON_DESCRIPTION",
                 value ? "Definition must be a valid JSON object" : value.error().message, "/");
    return {nullptr, report.take()};
  }
  if (const auto twice = find_duplicate_key(text))
    report.error(twice->in_states ? "DUPLICATE_STATE_NAME" : "INVALID_JSON_DESCRIPTION",
                 twice->in_states ? fmt::format("Duplicate State name: {}", twice->key)
                                  : fmt::format("Duplicate field '{}'", twice->key),
                 "/");
  auto definition = read_definition(value->get_object(), kind, report);
  // Graph and names are looked at where the shape is right, as the service does it.
  if (!report.failed()) {
    std::set<std::string_view> seen;
    check_names(definition->machine, "", seen, report);
    check_graph(definition->machine, "", report);
    check_scopes(definition->machine, "", {}, report);
  }
  const bool failed = report.failed();
  if (!failed) index_states(definition->machine, *definition);
  return {failed ? nullptr : std::move(definition), report.take()};
}

bool refuses_jsonata(std::string_view message) {
  return message.find(jsonata_refused) != message.npos;
}

std::string to_message(const std::vector<Diagnostic>& diagnostics) {
  std::string list;
  for (const auto& diagnostic : diagnostics) {
    if (diagnostic.severity != Severity::error) continue;
    std::string_view message = diagnostic.message;
    while (message.ends_with(' ')) message.remove_suffix(1);
    list += fmt::format("{}{}: {} at {}", list.empty() ? "" : ", ", diagnostic.code, message,
                        diagnostic.location ? *diagnostic.location : "null");
  }
  return fmt::format("Invalid State Machine Definition: '{}'", list);
}

Result<DefinitionPtr> compile(std::string_view text, Kind kind) {
  auto parsed = parse(text, kind);
  if (parsed.definition) return std::move(parsed.definition);
  std::string where;
  if (!parsed.diagnostics.empty()) where = parsed.diagnostics.front().location.value_or("");
  return fail(ErrorCode::validation, to_message(parsed.diagnostics), "InvalidDefinition", std::move(where));
}

}  // namespace tocsin::asl
