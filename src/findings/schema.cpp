// The tables. A finding's row holds what it is found by, and is small, so that a search that must look at every row
// reads little; its JSON stands in finding_body.
#include "findings/findings.h"

namespace tocsin::findings {
namespace {

constexpr store::Migration all[] = {
    {"findings", 1,
     "CREATE TABLE security_hub (account TEXT PRIMARY KEY, subscribed_at BIGINT NOT NULL,"
     " auto_enable_controls INTEGER NOT NULL, control_finding_generator TEXT NOT NULL);"
     "CREATE TABLE security_hub_standard (arn TEXT PRIMARY KEY, inputs TEXT NOT NULL, enabled_at BIGINT NOT NULL);"
     "CREATE TABLE security_hub_action (id TEXT PRIMARY KEY, name TEXT NOT NULL, description TEXT NOT NULL);"
     "CREATE TABLE security_hub_tag (arn TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL,"
     " PRIMARY KEY (arn, name));"

     // Who imported or updated. The ARNs are few, so rows name them by number.
     "CREATE TABLE finding_actor (id INTEGER PRIMARY KEY, arn TEXT NOT NULL UNIQUE);"

     // seq: order of arrival. The other columns are described in detail/columns.h. An index costs more than a row when
     // a finding is taken in (its entry goes anywhere, and so rewrites a page of its own), so only what searches lead
     // with has one; the other columns are checked, row by row. And most indexes leave out what came last: findings go
     // into them many at once (indexed = 1, Writer::index_many), which rewrites a page once for many entries. A search
     // asks the index for the indexed ones, and finding_fresh for the few others.
     "CREATE TABLE finding (seq INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, state INTEGER NOT NULL,"
     " label INTEGER NOT NULL, workflow INTEGER NOT NULL, record INTEGER NOT NULL,"
     " compliance INTEGER NOT NULL, severity INTEGER NOT NULL, updated_at BIGINT NOT NULL, created_at BIGINT NOT NULL,"
     " observed_at BIGINT NOT NULL, account BIGINT NOT NULL, product BIGINT NOT NULL, generator BIGINT NOT NULL,"
     " type BIGINT NOT NULL, resource BIGINT NOT NULL, more INTEGER NOT NULL, arrived_at BIGINT NOT NULL,"
     " changed_at BIGINT NOT NULL, imported_by INTEGER NOT NULL, indexed INTEGER NOT NULL);"
     "CREATE INDEX finding_state ON finding (state, seq);"
     "CREATE INDEX finding_updated_at ON finding (updated_at, seq) WHERE indexed = 1;"
     "CREATE INDEX finding_generator ON finding (generator, seq) WHERE indexed = 1;"
     "CREATE INDEX finding_resource ON finding (resource, seq) WHERE indexed = 1;"
     "CREATE INDEX finding_fresh ON finding (indexed, seq) WHERE indexed = 0;"

     "CREATE TABLE finding_body (seq INTEGER PRIMARY KEY, body BLOB NOT NULL);"

     // Types and resource ids behind a finding's first one.
     "CREATE TABLE finding_term (term BIGINT NOT NULL, seq BIGINT NOT NULL, indexed INTEGER NOT NULL);"
     "CREATE INDEX finding_term_term ON finding_term (term, seq) WHERE indexed = 1;"
     "CREATE INDEX finding_term_seq ON finding_term (seq);"

     // Updates of a finding, not its creation, which the finding's own row tells. changes: a JSON list, compressed.
     "CREATE TABLE finding_history (id INTEGER PRIMARY KEY, seq BIGINT NOT NULL, at BIGINT NOT NULL,"
     " source INTEGER NOT NULL, actor INTEGER NOT NULL, changes BLOB NOT NULL);"
     "CREATE INDEX finding_history_seq ON finding_history (seq, id);"},
};

}  // namespace

std::span<const store::Migration> migrations() {
  return all;
}

}  // namespace tocsin::findings
