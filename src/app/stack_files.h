// The templates that an engine runs: those built into the program, and those of the user's own folder.
#pragma once

#include <string>
#include <vector>

#include "app/config.h"

namespace tocsin::app {

struct StackFile {
  std::string name;  // "ip-blocking"
  std::string text;  // the template
};

// In the order in which they are applied. Error: not_found (the folder cannot be read), validation (two of one name).
Result<std::vector<StackFile>> stack_files(const Config& config);

// What is wrong with the stacks' settings: unknown stacks and parameters, values that a template does not allow.
std::vector<ConfigProblem> check_stacks(const Config& config);

}  // namespace tocsin::app
