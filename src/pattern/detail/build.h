// From parsed patterns to the compiled form.
#pragma once

#include <memory>
#include <span>

#include "pattern/detail/program.h"
#include "pattern/detail/syntax.h"

namespace tocsin::pattern {

struct ParsedRule {
  RuleId id;
  std::shared_ptr<const ParsedPattern> pattern;
};

// `rules` ascend by id, each id once.
std::shared_ptr<const RuleSet> build(std::span<const ParsedRule> rules);

}  // namespace tocsin::pattern
