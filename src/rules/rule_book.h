// The enabled rules of one bus, compiled: immutable, of one revision. Inside this folder only.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "pattern/pattern.h"
#include "rules/input.h"
#include "rules/records.h"
#include "store/outbox.h"

namespace tocsin::rules {

struct BookTarget {
  std::string id, arn, dead_letter, group_id;
  Input input;
  store::RetryPolicy retry;
};

struct BookRule {
  std::string bus, name, arn;
  std::optional<store::Lane> lane = {};  // what its tag says; nothing: each event's own
  std::vector<BookTarget> targets;
};

struct RuleBook {
  std::int64_t revision = 0;
  std::shared_ptr<const pattern::RuleSet> patterns;
  std::vector<BookRule> rules;  // a pattern::RuleId is an index into it
};

// A rule with its targets, as the tables have them.
BookRule load_rule(store::Reader& reader, const Identity& identity, const RuleName& name);
// All enabled rules of a bus that have a pattern. A pattern that does not compile (stored by another version) matches
// nothing.
RuleBook load_book(store::Reader& reader, const Identity& identity, std::string_view bus);

}  // namespace tocsin::rules
