#include "workflows/workflows.h"

namespace tocsin::workflows {

std::span<const store::Migration> migrations() {
  static constexpr store::Migration steps[] = {
      {"workflows", 1,
       "CREATE TABLE workflow_definition (hash TEXT PRIMARY KEY, text BLOB NOT NULL);"
       "CREATE TABLE state_machine (arn TEXT PRIMARY KEY, name TEXT NOT NULL, definition_hash TEXT NOT NULL,"
       " role_arn TEXT NOT NULL, express INTEGER NOT NULL, created BIGINT NOT NULL, updated BIGINT NOT NULL);"
       "CREATE TABLE execution (id INTEGER PRIMARY KEY, arn TEXT NOT NULL UNIQUE, machine_arn TEXT NOT NULL,"
       " definition_hash TEXT NOT NULL, name TEXT NOT NULL, status TEXT NOT NULL, started BIGINT NOT NULL,"
       " stopped BIGINT, input_hash TEXT NOT NULL, state BLOB NOT NULL);"
       "CREATE INDEX execution_by_machine ON execution (machine_arn, id);"
       "CREATE INDEX execution_by_machine_status ON execution (machine_arn, status, id);"
       "CREATE INDEX execution_by_stop ON execution (stopped);"
       "CREATE TABLE execution_event (execution BIGINT NOT NULL, child BIGINT NOT NULL, id BIGINT NOT NULL,"
       " at BIGINT NOT NULL, body BLOB NOT NULL, PRIMARY KEY (execution, child, id));"
       "CREATE TABLE task_token (token TEXT PRIMARY KEY, execution BIGINT NOT NULL, task BIGINT NOT NULL);"
       "CREATE INDEX task_token_by_execution ON task_token (execution, task);"},
  };
  return steps;
}

}  // namespace tocsin::workflows
