// Sources: state machines in files, as people keep them: a definition in JSON or YAML, or a CloudFormation template
// (YAML or JSON) with any number of state machines. Each comes with a way back from a diagnostic to line and column.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "asl/asl.h"
#include "asl/locate.h"
#include "core/result.h"

namespace tocsin::playbook {

// One state machine.
struct Source {
  std::string file;  // as it was named
  std::string name;  // the template's logical id; empty where the file is the definition
  std::string text;  // the definition as JSON, placeholders filled in
  asl::Kind kind = asl::Kind::standard;
  // What stands for "${Name}" in the text: mocks may name resources by either.
  std::map<std::string, std::string> placeholders = {};
  std::function<asl::Position(const asl::Diagnostic&)> locate = {};

  // "FILE", or "FILE#Name".
  std::string label() const { return name.empty() ? file : file + "#" + name; }
};

// Something wrong with a file.
struct Problem {
  std::string file;
  std::string machine;  // as Source::name
  asl::Position position;
  asl::Diagnostic diagnostic;
};

struct Sources {
  std::vector<Source> machines;
  std::vector<Problem> problems;  // what kept a machine from being read
  bool is_template = false;
};

struct SourceOptions {
  std::optional<asl::Kind> kind = {};                  // of definitions that are files of their own
  std::map<std::string, std::string> parameters = {};  // of templates
};

inline constexpr std::size_t file_bytes_max = std::size_t{64} << 20;

// The whole of a file; "-" is standard input. Error: not_found, where it cannot be read; validation, where it is longer
// than file_bytes_max.
Result<std::string> read_file(const std::string& path);

// The machines of a file. Error: not_found, validation as read_file().
Result<Sources> read_sources(const std::string& path, const SourceOptions& options = {});
// The same from text; `file` is what it is called.
Sources sources_of(const std::string& file, const std::string& text, const SourceOptions& options = {});

// The one machine that a command works on: `name` chooses where a template has several. Also takes "FILE#Name". Error:
// not_found as read_file(); validation, with everything that is wrong, one line each.
Result<Source> read_source(const std::string& path, std::string_view name, const SourceOptions& options = {});

// Mocks by the resources of the definition, where they are named by placeholders ("${AddIp}").
json::object with_resources(const json::object& mocks, const Source& source);

// Everything wrong with a machine; empty where it is good. Warnings are among them.
std::vector<Problem> check(const Source& source);
// "FILE:LINE:COLUMN: error: CODE: message (at /States/A)".
std::string to_text(const Problem& problem);
bool is_error(const Problem& problem);

}  // namespace tocsin::playbook
