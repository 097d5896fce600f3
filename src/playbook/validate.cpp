#include <algorithm>
#include <ostream>
#include <set>

#include <fmt/format.h>

#include "asl/definition.h"
#include "playbook/options.h"
#include "playbook/playbook.h"
#include "playbook/source.h"

namespace tocsin::playbook {
namespace {

struct Checked {
  std::string file, machine;
  bool valid = false;
  std::size_t states = 0;
};

struct Findings {
  std::vector<Checked> machines;
  std::vector<Problem> problems;
  bool any_unread = false;
  bool any_bad() const { return std::ranges::any_of(problems, is_error); }
};

json::value to_document(const Problem& problem) {
  const auto& diagnostic = problem.diagnostic;
  return json::object{{"file", problem.file},
                      {"machine", problem.machine.empty() ? json::value() : json::value(problem.machine)},
                      {"line", problem.position.line},
                      {"column", problem.position.column},
                      {"severity", is_error(problem) ? "ERROR" : "WARNING"},
                      {"code", diagnostic.code},
                      {"message", diagnostic.message},
                      {"location", diagnostic.location ? json::value(*diagnostic.location) : json::value()}};
}

json::value to_document(const Findings& findings) {
  json::array machines, problems;
  for (const auto& machine : findings.machines)
    machines.push_back(json::object{{"file", machine.file},
                                    {"machine", machine.machine.empty() ? json::value() : json::value(machine.machine)},
                                    {"valid", machine.valid},
                                    {"states", machine.states}});
  for (const auto& problem : findings.problems) problems.push_back(to_document(problem));
  return json::object{{"valid", !findings.any_bad() && !findings.any_unread},
                      {"machines", std::move(machines)},
                      {"problems", std::move(problems)}};
}

// A path as a relative reference of RFC 3986.
std::string to_uri(std::string_view path) {
  std::string uri = path.starts_with('/') ? "file://" : "";
  for (const char c : path) {
    const bool plain =
        std::isalnum(static_cast<unsigned char>(c)) || std::string_view("/-._~").find(c) != std::string_view::npos;
    uri += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return uri;
}

json::value sarif_result(const Problem& problem) {
  json::object location{
      {"physicalLocation",
       {{"artifactLocation", {{"uri", to_uri(problem.file)}}},
        {"region", {{"startLine", problem.position.line}, {"startColumn", problem.position.column}}}}}};
  if (problem.diagnostic.location)
    location["logicalLocations"] = json::array{json::object{
        {"fullyQualifiedName", (problem.machine.empty() ? "" : problem.machine + "#") + *problem.diagnostic.location}}};
  return json::object{{"ruleId", problem.diagnostic.code},
                      {"level", is_error(problem) ? "error" : "warning"},
                      {"message", {{"text", problem.diagnostic.message}}},
                      {"locations", json::array{std::move(location)}}};
}

// Source: OASIS, Static Analysis Results Interchange Format 2.1.0.
json::value to_sarif(const Findings& findings, const std::string& version) {
  std::set<std::string> codes;
  json::array rules, results;
  for (const auto& problem : findings.problems) {
    results.push_back(sarif_result(problem));
    if (codes.insert(problem.diagnostic.code).second)
      rules.push_back(
          json::object{{"id", problem.diagnostic.code},
                       {"shortDescription", {{"text", fmt::format("States Language: {}", problem.diagnostic.code)}}}});
  }
  json::object driver{{"name", "tocsin"}, {"rules", std::move(rules)}};
  if (!version.empty()) driver["version"] = version;
  json::object run{
      {"tool", {{"driver", std::move(driver)}}}, {"columnKind", "unicodeCodePoints"}, {"results", std::move(results)}};
  return json::object{{"$schema", "https://json.schemastore.org/sarif-2.1.0.json"},
                      {"version", "2.1.0"},
                      {"runs", json::array{std::move(run)}}};
}

void look_at(const std::string& file, const SourceOptions& options, Findings& findings, std::ostream& err) {
  auto sources = read_sources(file, options);
  if (!sources) {
    err << "tocsin: " << sources.error().message << "\n";
    findings.any_unread = true;
    return;
  }
  if (sources->machines.empty() && sources->problems.empty())
    err << fmt::format("{}: a template without a state machine\n", file);
  for (auto& problem : sources->problems) findings.problems.push_back(std::move(problem));
  for (const auto& source : sources->machines) {
    auto problems = check(source);
    if (problems.size() >= asl::diagnostics_max)
      err << fmt::format("tocsin: {}: only the first {} problems are told\n", source.label(), problems.size());
    Checked checked{source.file, source.name, std::ranges::none_of(problems, is_error), 0};
    if (checked.valid)
      if (const auto definition = asl::compile(source.text, source.kind)) checked.states = (*definition)->states.size();
    findings.machines.push_back(std::move(checked));
    for (auto& problem : problems) findings.problems.push_back(std::move(problem));
  }
}

void print_text(const Findings& findings, std::ostream& out) {
  for (const auto& problem : findings.problems) out << to_text(problem) << "\n";
  for (const auto& machine : findings.machines)
    if (machine.valid)
      out << fmt::format("{}{}{}: good, {} state{}\n", machine.file, machine.machine.empty() ? "" : "#",
                         machine.machine, machine.states, machine.states == 1 ? "" : "s");
}

}  // namespace

int run_validate(const ValidateOptions& options, std::ostream& out, std::ostream& err) {
  const auto source = source_options(options.definition);
  if (!source) {
    err << "tocsin: " << source.error().message << "\n";
    return wrong_use;
  }
  Findings findings;
  for (const auto& file : options.files) look_at(file, *source, findings, err);
  switch (options.format) {
    case ValidateFormat::json:
      out << to_pretty_json(to_document(findings)) << "\n";
      break;
    case ValidateFormat::sarif:
      out << to_pretty_json(to_sarif(findings, options.version)) << "\n";
      break;
    case ValidateFormat::text:
      print_text(findings, out);
      break;
  }
  return findings.any_unread ? wrong_use : findings.any_bad() ? bad : done;
}

}  // namespace tocsin::playbook
