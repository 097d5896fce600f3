// Event patterns: rules are compiled together into one immutable RuleSet; a Matcher takes the raw bytes of a JSON event
// and says which rules match. The language is Amazon EventBridge's (every operator, `$or`, array consistency), decided
// as docs/pattern-engine.md says where its open engine errs. Pure: no I/O, no clock, no threads. Storing rules,
// delivering to targets and size limits of buses are the business of the callers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace tocsin::pattern {

// The caller's number for a rule; matches are reported in ascending order of it.
enum class RuleId : std::uint32_t {};

struct Rule {
  RuleId id;
  std::string pattern;  // JSON text
};

// What a pattern may ask for. Past a limit it is refused, so that nothing is left to discover at match time.
struct Limits {
  std::size_t pattern_bytes_max = 4096;  // EventBridge's
  std::size_t sub_rules_max = 1000;      // the product of all `$or` of a pattern
  std::size_t leaf_paths_max = 256;      // fields that one branch of a pattern names
};

// An immutable set of compiled rules. Any number of threads may match against it, each with its own Matcher.
class RuleSet;

// Errors: validation, aws_code InvalidEventPatternException, message "Event pattern is not valid. Reason: …" with line
// and column, path of the field at fault. Two rules of one id: validation, without that code.
Result<std::shared_ptr<const RuleSet>> compile(std::span<const Rule> rules, const Limits& limits = {});

// The checks of compile(), for one pattern.
Result<void> validate(std::string_view pattern, const Limits& limits = {});

// A rule set that changes. Patterns are kept parsed, so that publishing costs only the layout of the indexes
// (10,000 rules: some milliseconds), and is done aside: whoever matches goes on with the set that he has.
class RuleSetBuilder {
 public:
  explicit RuleSetBuilder(const Limits& limits = {});
  RuleSetBuilder(RuleSetBuilder&&) noexcept;
  RuleSetBuilder& operator=(RuleSetBuilder&&) noexcept;
  ~RuleSetBuilder();

  // Adds the rule, or replaces the one of that id. On error nothing changes; errors as compile().
  Result<void> put(RuleId id, std::string_view pattern);
  // False: there was none.
  bool remove(RuleId id);
  std::size_t size() const;
  // The rules of this moment; the same pointer as before if nothing changed.
  std::shared_ptr<const RuleSet> publish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

struct RuleSetFigures {
  std::size_t rules, sub_rules, predicates, paths, bytes;  // bytes: memory held
};
RuleSetFigures figures(const RuleSet& rules);

// The indexes of a (small) rule set as a Graphviz digraph: paths, conditions on them, rules.
// `names`: of the rules in ascending order of their ids, or nothing.
std::string to_dot(const RuleSet& rules, std::span<const std::string> names = {});

// Matches events against rule sets. Holds the working memory, which stops growing after some events: then nothing is
// allocated any more. One thread at a time.
class Matcher {
 public:
  Matcher();
  Matcher(Matcher&&) noexcept;
  Matcher& operator=(Matcher&&) noexcept;
  ~Matcher();

  // Puts the ids of all rules that match into `matched`, ascending; what was in it is dropped.
  // Errors: validation (not one JSON object; or, only where keys repeat inside arrays, too many ways to combine
  // them): `matched` is then empty.
  Result<void> match(const RuleSet& rules, std::string_view event, std::vector<RuleId>& matched);

  // Elementary steps of the last match, for tests of bounds: bytes scanned, index probes, conditions tested,
  // combinations of array elements tried.
  std::uint64_t steps() const;

  struct State;

 private:
  std::unique_ptr<State> state_;
};

struct Explanation {
  bool matched = false;
  // Of the branch of the pattern that came furthest, the first field that failed; empty if matched.
  std::string path;
  std::string wanted;              // what the pattern says of it, as written there
  std::vector<std::string> found;  // the event's values there, as JSON, at most 8
  std::string reason;              // one sentence
};

// Errors: of the pattern as compile(), of the event as Matcher::match().
Result<Explanation> explain(std::string_view pattern, std::string_view event, const Limits& limits = {});

}  // namespace tocsin::pattern
