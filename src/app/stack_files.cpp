#include "app/stack_files.h"

#include <algorithm>
#include <fstream>
#include <sstream>

#include <fmt/format.h>

#include "app/builtin_stacks.h"
#include "templates/templates.h"

namespace tocsin::app {
namespace {

std::string names_of(const json::object& parameters) {
  std::string names;
  for (const auto& member : parameters)
    names += fmt::format("{}{}", names.empty() ? "" : ", ", std::string_view(member.key()));
  return names;
}

// Values that break a constraint are named by their constraint, never shown: they may be secret.
void check_parameters(const StackFile& file, const StackSettings& settings, std::vector<ConfigProblem>& problems) {
  const std::string section = fmt::format("stacks.{}", file.name);
  const auto source = templates::read(file.text);
  if (!source) {
    problems.push_back({settings.line, section, source.error().message});
    return;
  }
  std::map<std::string, std::string> given;
  for (const auto& [name, value] : settings.parameters) {
    const auto found = settings.lines.find(name);
    const int line = found == settings.lines.end() ? 0 : found->second;
    const std::string key = fmt::format("{}.parameters.{}", section, name);
    if (!source->parameters.contains(name)) {
      problems.push_back(
          {line, key, fmt::format("is not a parameter of this stack; it has: {}", names_of(source->parameters))});
      continue;
    }
    // Each alone with the others' defaults, so that every wrong value is reported at its own line.
    templates::Template one = *source;
    one.parameters = {{name, source->parameters.at(name)}};
    if (auto checked = templates::parameter_values(one, {{name, std::string(value.reveal())}}); !checked)
      problems.push_back({line, key, checked.error().message});
    given.emplace(name, value.reveal());
  }
  for (const auto& [name, declared] : source->parameters)
    if (declared.is_object() && !declared.get_object().contains("Default") && !given.contains(std::string(name)))
      problems.push_back({settings.line, section,
                          fmt::format("the parameter {} has no default and needs a value", std::string_view(name))});
}

}  // namespace

Result<std::vector<StackFile>> stack_files(const Config& config) {
  std::vector<StackFile> files;
  for (const auto& [name, text] : builtin_stacks()) files.push_back({std::string(name), std::string(text)});
  if (config.stacks_folder.empty()) return files;
  std::vector<std::filesystem::path> paths;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(config.stacks_folder, error))
    if (entry.path().extension() == ".yaml" || entry.path().extension() == ".json") paths.push_back(entry.path());
  if (error)
    return fail(ErrorCode::not_found, fmt::format("the stacks folder '{}' cannot be read: {}",
                                                  config.stacks_folder.string(), error.message()));
  std::ranges::sort(paths);
  for (const auto& path : paths) {
    const std::string name = path.stem().string();
    if (std::ranges::find(files, name, &StackFile::name) != files.end())
      return fail(ErrorCode::validation,
                  fmt::format("'{}' would be a second stack of the name '{}'", path.string(), name));
    std::ifstream stream{path};
    std::ostringstream text;
    text << stream.rdbuf();
    if (!stream) return fail(ErrorCode::not_found, fmt::format("the template '{}' cannot be read", path.string()));
    files.push_back({name, text.str()});
  }
  return files;
}

std::vector<ConfigProblem> check_stacks(const Config& config) {
  const auto files = stack_files(config);
  if (!files) return {{0, "stacks.folder", files.error().message}};
  std::vector<ConfigProblem> problems;
  std::string names;
  for (const auto& file : *files) names += fmt::format("{}{}", names.empty() ? "" : ", ", file.name);
  for (const auto& [name, settings] : config.stack)
    if (std::ranges::find(*files, name, &StackFile::name) == files->end())
      problems.push_back({settings.line, "stacks." + name, fmt::format("is not a known stack; there are: {}", names)});
  for (const auto& file : *files) {
    const auto found = config.stack.find(file.name);
    const StackSettings none;
    const StackSettings& settings = found == config.stack.end() ? none : found->second;
    if (settings.enabled && config.stacks) check_parameters(file, settings, problems);
  }
  return problems;
}

}  // namespace tocsin::app
