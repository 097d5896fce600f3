#include "playbook/source.h"

#include <algorithm>
#include <cstdio>

#include <fmt/format.h>

#include "playbook/stand_ins.h"
#include "playbook/template_source.h"
#include "playbook/yaml_position.h"
#include "templates/templates.h"

namespace tocsin::playbook {
namespace {

constexpr std::string_view invalid_text = "INVALID_DESCRIPTION";

bool looks_like_json(const std::string& file, std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  return first == text.npos || text[first] == '{' || text[first] == '[' || file.ends_with(".json");
}

bool is_template(const json::object& document) {
  const auto* resources = document.if_contains("Resources");
  return resources && resources->is_object() && !document.contains("States") && !document.contains("StartAt");
}

// "Resource": "${AddIp}" in a definition that some template fills in: a function's ARN stands for it.
void fill_placeholders(Source& source) {
  constexpr std::string_view key = "\"Resource\"";
  for (auto at = source.text.find(key); at != source.text.npos; at = source.text.find(key, at + 1)) {
    const auto open = source.text.find_first_not_of(" \t\r\n:", at + key.size());
    if (open == source.text.npos || source.text.compare(open, 3, "\"${") != 0) continue;
    const auto close = source.text.find('"', open + 1);
    if (close == source.text.npos || source.text[close - 1] != '}') continue;
    const auto written = source.text.substr(open + 1, close - open - 1);
    if (written.find("${", 2) != written.npos) continue;
    auto name = written.substr(2, written.size() - 3);
    std::ranges::replace_if(name, [](unsigned char c) { return !std::isalnum(c) && c != '-' && c != '_'; }, '-');
    const auto arn = fmt::format("arn:aws:lambda:{}:{}:function:{}", region, account, name);
    source.placeholders[written] = arn;
    source.text.replace(open + 1, written.size(), arn);
  }
}

Source json_source(const std::string& file, const std::string& text, asl::Kind kind) {
  Source source{.file = file, .name = {}, .text = text, .kind = kind};
  source.locate = [locator = std::make_shared<asl::Locator>(text)](const asl::Diagnostic& diagnostic) {
    return locator->at(diagnostic);
  };
  fill_placeholders(source);
  return source;
}

Source yaml_source(const std::string& file, const std::string& text, const json::value& document, asl::Kind kind) {
  Source source{.file = file, .name = {}, .text = to_json(document), .kind = kind};
  source.locate = [yaml = YamlText(text)](const asl::Diagnostic& diagnostic) {
    return yaml.locate(asl::pointed_at(diagnostic));
  };
  fill_placeholders(source);
  return source;
}

// "line 3, column 7: what is wrong" → its place and the rest.
Problem yaml_problem(const std::string& file, const std::string& message) {
  Problem problem{.file = file, .machine = {}, .position = {}, .diagnostic = {}};
  problem.diagnostic = {asl::Severity::error, std::string(invalid_text), message, std::nullopt};
  unsigned line = 0, column = 0;
  int read = 0;
  if (std::sscanf(message.c_str(), "line %u, column %u: %n", &line, &column, &read) >= 2) {
    problem.position.line = line;
    problem.position.column = column;
    problem.diagnostic.message = message.substr(static_cast<std::size_t>(read));
  }
  return problem;
}

}  // namespace

Sources sources_of(const std::string& file, const std::string& text, const SourceOptions& options) {
  const auto kind = options.kind.value_or(asl::Kind::standard);
  const bool as_json = looks_like_json(file, text);
  auto document = as_json ? parse_json(text) : templates::read_document(text);
  Sources sources;
  if (document && document->is_object() && is_template(document->get_object())) {
    // Functions in a JSON template are in their long form already.
    return template_sources(file, text, document->get_object(), options);
  }
  if (as_json)
    sources.machines.push_back(json_source(file, text, kind));
  else if (document)
    sources.machines.push_back(yaml_source(file, text, *document, kind));
  else
    sources.problems.push_back(yaml_problem(file, document.error().message));
  return sources;
}

Result<Sources> read_sources(const std::string& path, const SourceOptions& options) {
  const auto text = read_file(path);
  if (!text) return std::unexpected(text.error());
  return sources_of(path == "-" ? "stdin" : path, *text, options);
}

Result<Source> read_source(const std::string& path, std::string_view name, const SourceOptions& options) {
  std::string file = path;
  std::string wanted(name);
  if (const auto hash = path.rfind('#'); wanted.empty() && hash != path.npos) {
    file = path.substr(0, hash);
    wanted = path.substr(hash + 1);
  }
  auto sources = read_sources(file, options);
  if (!sources) return pass_on(sources);
  std::string names;
  for (auto& source : sources->machines) {
    if (source.name == wanted || (wanted.empty() && sources->machines.size() == 1)) return std::move(source);
    names += (names.empty() ? "" : ", ") + source.name;
  }
  const bool several = wanted.empty() && sources->machines.size() > 1;
  for (const auto& problem : sources->problems)
    if (!several && (wanted.empty() || problem.machine == wanted)) return fail(ErrorCode::validation, to_text(problem));
  if (sources->machines.empty())
    return fail(ErrorCode::validation, fmt::format("{}: there is no state machine in it", file));
  return fail(ErrorCode::validation,
              fmt::format("{}: {}; it has: {}", file,
                          wanted.empty() ? std::string("it holds several state machines, choose one with --machine")
                                         : fmt::format("there is no state machine '{}' in it", wanted),
                          names));
}

std::vector<Problem> check(const Source& source) {
  std::vector<Problem> problems;
  for (auto& diagnostic : asl::parse(source.text, source.kind).diagnostics) {
    const auto position = source.locate(diagnostic);
    problems.push_back({source.file, source.name, position, std::move(diagnostic)});
  }
  std::ranges::stable_sort(problems, {},
                           [](const Problem& p) { return std::pair(p.position.line, p.position.column); });
  return problems;
}

bool is_error(const Problem& problem) {
  return problem.diagnostic.severity == asl::Severity::error;
}

std::string to_text(const Problem& problem) {
  const auto& diagnostic = problem.diagnostic;
  const auto location = diagnostic.location.value_or("");
  return fmt::format("{}:{}:{}: {}: {}: {}{}{}{}", problem.file, problem.position.line, problem.position.column,
                     is_error(problem) ? "error" : "warning", diagnostic.code, diagnostic.message,
                     location.empty() ? "" : " (", location, location.empty() ? "" : ")");
}

}  // namespace tocsin::playbook
