// playbook: the commands `tocsin workflow …`: state machines checked, run, tested and drawn from files, without a
// server. The interpreter is in `asl`, the virtual clock in `simulation`, the drawings in `diagram`; this room reads
// files and prints answers.
//
// Each command returns 0: done, good; 1: a definition or a case is bad, an execution failed; 2: a file cannot be read,
// the flags make no sense, or there is nothing to do (no case, a task without a mock).
#pragma once

#include <cstdint>
#include <iosfwd>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace tocsin::playbook {

// What the definitions' files leave open.
struct DefinitionOptions {
  std::string type = {};                     // "STANDARD" or "EXPRESS", of definitions that are files of their own
  std::string machine = {};                  // which one, where a template has several
  std::vector<std::string> parameters = {};  // of a template: "Name=value"
};

enum class ValidateFormat { text, json, sarif };
struct ValidateOptions {
  std::vector<std::string> files = {};
  DefinitionOptions definition = {};
  ValidateFormat format = ValidateFormat::text;
  std::string version = {};  // of the program, for SARIF
};
// Every state machine of every file. As text, "FILE:LINE:COLUMN: error: CODE: message (pointer)" for each problem.
int run_validate(const ValidateOptions& options, std::ostream& out, std::ostream& err);

struct RunOptions {
  std::string file = {};
  DefinitionOptions definition = {};
  std::string input = {};  // a file, "-", or the JSON itself; empty: {}
  std::string mocks = {};  // a file
  std::string start = {};  // when the virtual clock starts, RFC 3339
  std::uint64_t seed = 1;
  bool json = false;
  bool colour = false;
};
// One execution on a virtual clock. With `json`: {"status", "output" | "error", "cause", "history", "elapsed"}.
int run_execution(const RunOptions& options, std::ostream& out, std::ostream& err);

enum class TestFormat { text, json, junit };
struct TestOptions {
  std::vector<std::string> files = {};
  std::string filter = {};  // only cases whose name holds this
  TestFormat format = TestFormat::text;
  bool show_path = false;  // of failed cases
  bool colour = false;
};
// Cases, one JSON object a line (simulation/cases.h): executions, definitions, single states. A case passes, fails, or
// is in error where nothing can be said of it (it is written wrong, or needs what is not supported). Beside
// "definition" a case may have "definition_file", relative to its own file: "playbook.asl.json" or
// "stack.yaml#LogicalId".
int run_tests(const TestOptions& options, std::ostream& out, std::ostream& err);

enum class GraphFormat { dot, mermaid, svg };
struct GraphOptions {
  std::string file = {};
  DefinitionOptions definition = {};
  GraphFormat format = GraphFormat::mermaid;
};
// The definition as a picture.
int run_graph(const GraphOptions& options, std::ostream& out, std::ostream& err);

}  // namespace tocsin::playbook
