#include "rules/rules.h"

namespace tocsin::rules {
namespace {

// event_revision.revision changes with every change of a bus's rules, to a value never used
// before, so that compiled rules can be kept by it. event_rule.position counts the rules of a bus as they were made.
constexpr store::Migration steps[] = {{"rules", 1, R"sql(
CREATE TABLE event_bus (
  name TEXT PRIMARY KEY,
  description TEXT NOT NULL,
  created BIGINT NOT NULL
);
CREATE TABLE event_revision (
  bus TEXT PRIMARY KEY,
  revision BIGINT NOT NULL
);
CREATE TABLE event_rule (
  bus TEXT NOT NULL,
  name TEXT NOT NULL,
  pattern TEXT NOT NULL,
  schedule TEXT NOT NULL,
  state TEXT NOT NULL,
  description TEXT NOT NULL,
  role_arn TEXT NOT NULL,
  created_by TEXT NOT NULL,
  created BIGINT NOT NULL,
  position BIGINT NOT NULL,
  PRIMARY KEY (bus, name)
);
CREATE TABLE event_target (
  bus TEXT NOT NULL,
  rule TEXT NOT NULL,
  id TEXT NOT NULL,
  arn TEXT NOT NULL,
  document TEXT NOT NULL,
  PRIMARY KEY (bus, rule, id)
);
CREATE INDEX event_target_by_arn ON event_target (arn, bus, rule);
CREATE TABLE event_tag (
  arn TEXT NOT NULL,
  name TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (arn, name)
);
CREATE TABLE event_count (
  bus TEXT NOT NULL,
  rule TEXT NOT NULL,
  matched BIGINT NOT NULL,
  invoked BIGINT NOT NULL,
  failed BIGINT NOT NULL,
  suppressed BIGINT NOT NULL,
  PRIMARY KEY (bus, rule)
);
CREATE TABLE event_announced (
  findings TEXT NOT NULL,
  target TEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (findings, target)
);
CREATE INDEX event_announced_by_time ON event_announced (at);
CREATE TABLE event_undelivered (
  id TEXT PRIMARY KEY,
  at BIGINT NOT NULL,
  rule_arn TEXT NOT NULL,
  target_arn TEXT NOT NULL,
  error_code TEXT NOT NULL,
  error_message TEXT NOT NULL,
  attempts BIGINT NOT NULL,
  payload BLOB NOT NULL
);
CREATE INDEX event_undelivered_by_time ON event_undelivered (at);
)sql"}};

}  // namespace

std::span<const store::Migration> migrations() {
  return steps;
}

}  // namespace tocsin::rules
