#include "workflows/workflows.h"

namespace tocsin::workflows {
namespace {

constexpr store::Migration steps[] = {
    {"workflows", 1,
     "CREATE TABLE workflow_definition (hash TEXT PRIMARY KEY, text BLOB NOT NULL);"
     "CREATE TABLE state_machine (arn TEXT PRIMARY KEY, name TEXT NOT NULL, definition_hash TEXT NOT NULL,"
     " role_arn TEXT NOT NULL, express INTEGER NOT NULL, created BIGINT NOT NULL, updated BIGINT NOT NULL);"
     // An id is never given out again: tasks, and with them effects outside, are named after it.
     "CREATE TABLE execution (id INTEGER PRIMARY KEY AUTOINCREMENT, arn TEXT NOT NULL UNIQUE, machine_arn TEXT NOT "
     "NULL,"
     " definition_hash TEXT NOT NULL, name TEXT NOT NULL, status TEXT NOT NULL, started BIGINT NOT NULL,"
     " stopped BIGINT, input_hash TEXT NOT NULL, state BLOB NOT NULL);"
     "CREATE INDEX execution_by_machine ON execution (machine_arn, id);"
     "CREATE INDEX execution_by_machine_status ON execution (machine_arn, status, id);"
     "CREATE INDEX execution_by_stop ON execution (stopped);"
     "CREATE TABLE execution_event (execution BIGINT NOT NULL, child BIGINT NOT NULL, id BIGINT NOT NULL,"
     " at BIGINT NOT NULL, body BLOB NOT NULL, PRIMARY KEY (execution, child, id));"
     "CREATE TABLE task_token (token TEXT PRIMARY KEY, execution BIGINT NOT NULL, task BIGINT NOT NULL);"
     "CREATE INDEX task_token_by_execution ON task_token (execution, task);"},
    // What belongs to state machines themselves, numbered apart from what belongs to executions.
    {"machines", 1,
     "ALTER TABLE state_machine ADD COLUMN revision TEXT NOT NULL DEFAULT '';"
     "ALTER TABLE state_machine ADD COLUMN settings TEXT NOT NULL DEFAULT '{}';"
     "ALTER TABLE state_machine ADD COLUMN deleting INTEGER NOT NULL DEFAULT 0;"
     "ALTER TABLE state_machine ADD COLUMN last_version BIGINT NOT NULL DEFAULT 0;"
     "CREATE TABLE machine_version (machine_arn TEXT NOT NULL, number BIGINT NOT NULL, arn TEXT NOT NULL UNIQUE,"
     " revision TEXT NOT NULL, description TEXT NOT NULL, definition_hash TEXT NOT NULL, role_arn TEXT NOT NULL,"
     " settings TEXT NOT NULL, created BIGINT NOT NULL, PRIMARY KEY (machine_arn, number));"
     "CREATE TABLE machine_alias (arn TEXT PRIMARY KEY, machine_arn TEXT NOT NULL, name TEXT NOT NULL,"
     " description TEXT NOT NULL, routes TEXT NOT NULL, created BIGINT NOT NULL, updated BIGINT NOT NULL);"
     "CREATE INDEX machine_alias_by_machine ON machine_alias (machine_arn, name);"
     "CREATE TABLE states_tag (arn TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (arn, name));"
     // Of executions that were started with a version or an alias.
     "CREATE TABLE execution_origin (execution BIGINT PRIMARY KEY, version_arn TEXT NOT NULL,"
     " alias_arn TEXT NOT NULL);"
     "CREATE INDEX execution_origin_by_version ON execution_origin (version_arn, execution);"
     "CREATE INDEX execution_origin_by_alias ON execution_origin (alias_arn, execution);"
     "CREATE TABLE activity (arn TEXT PRIMARY KEY, name TEXT NOT NULL, encryption TEXT NOT NULL,"
     " created BIGINT NOT NULL);"
     // Tasks that wait for a worker, oldest first.
     "CREATE TABLE activity_task (id INTEGER PRIMARY KEY, activity_arn TEXT NOT NULL, execution BIGINT NOT NULL,"
     " task BIGINT NOT NULL, token TEXT NOT NULL, input BLOB NOT NULL);"
     "CREATE INDEX activity_task_by_activity ON activity_task (activity_arn, id);"
     "CREATE INDEX activity_task_by_execution ON activity_task (execution, task);"},
    // Tests of states that wait for a call outside.
    {"machines", 2, "CREATE TABLE state_test (key TEXT PRIMARY KEY, created BIGINT NOT NULL, result TEXT NOT NULL);"},
    // Results are in memory only: they may show secrets.
    {"machines", 3, "DELETE FROM state_test; ALTER TABLE state_test DROP COLUMN result;"},
    {"executions", 1,
     "ALTER TABLE execution ADD COLUMN redrive_count BIGINT NOT NULL DEFAULT 0;"
     "ALTER TABLE execution ADD COLUMN redriven BIGINT;"
     "ALTER TABLE execution ADD COLUMN redrive_token TEXT NOT NULL DEFAULT '';"
     // When its oldest running task without a timeout of its own was scheduled.
     "ALTER TABLE execution ADD COLUMN task_since BIGINT;"
     "CREATE INDEX execution_by_task ON execution (task_since) WHERE task_since IS NOT NULL;"
     "CREATE TABLE execution_parent (parent BIGINT NOT NULL, task BIGINT NOT NULL, child BIGINT NOT NULL,"
     " form BIGINT NOT NULL, PRIMARY KEY (parent, task));"
     "CREATE INDEX execution_parent_by_child ON execution_parent (child);"
     "CREATE TABLE express_call (request_id TEXT PRIMARY KEY, execution BIGINT NOT NULL);"
     "CREATE INDEX express_call_by_execution ON express_call (execution);"
     "CREATE TABLE map_run (arn TEXT PRIMARY KEY, execution BIGINT NOT NULL, number BIGINT NOT NULL);"
     "CREATE INDEX map_run_by_execution ON map_run (execution, number);"
     "CREATE TABLE map_run_child (execution BIGINT NOT NULL, child BIGINT NOT NULL, map_run BIGINT NOT NULL,"
     " items BIGINT NOT NULL, status TEXT NOT NULL, started BIGINT NOT NULL, stopped BIGINT,"
     " PRIMARY KEY (execution, child));"
     "CREATE INDEX map_run_child_by_run ON map_run_child (execution, map_run, child);"},
    {"redrives", 1,
     "ALTER TABLE map_run_child ADD COLUMN redrive_count BIGINT NOT NULL DEFAULT 0;"
     "ALTER TABLE map_run_child ADD COLUMN redriven BIGINT;"},
    // Of long executions, whose `state` is empty: it is the snapshot, and what the journal has added. Entries are
    // numbered on from the snapshot's `last`.
    {"journals", 1,
     "CREATE TABLE execution_snapshot (execution BIGINT PRIMARY KEY, last BIGINT NOT NULL, bytes BIGINT NOT NULL,"
     " state BLOB NOT NULL);"
     "CREATE TABLE execution_journal (execution BIGINT NOT NULL, number BIGINT NOT NULL, at BIGINT NOT NULL,"
     " version BIGINT NOT NULL, seed BLOB NOT NULL, outcome BIGINT NOT NULL, body BLOB NOT NULL,"
     " PRIMARY KEY (execution, number));"},
    // How many executions stand above it, each started by a task of the one before.
    {"nesting", 1, "ALTER TABLE execution ADD COLUMN depth BIGINT NOT NULL DEFAULT 0;"},
};

}  // namespace

std::span<const store::Migration> migrations() {
  return steps;
}

}  // namespace tocsin::workflows
