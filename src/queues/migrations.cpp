#include "queues/queues.h"

namespace tocsin::queues {
namespace {

constexpr store::Migration all[] = {
    {"queues", 1, R"(
CREATE TABLE queue (
  name TEXT PRIMARY KEY,
  id BIGINT NOT NULL UNIQUE,
  box BIGINT NOT NULL UNIQUE,
  attributes TEXT NOT NULL,
  tags TEXT NOT NULL,
  dead_letter_target TEXT NOT NULL,
  created BIGINT NOT NULL,
  modified BIGINT NOT NULL
);
CREATE INDEX queue_by_dead_letter_target ON queue (dead_letter_target, name);
CREATE TABLE queue_counter (name TEXT PRIMARY KEY, last BIGINT NOT NULL);
CREATE TABLE queue_box (id BIGINT PRIMARY KEY, last_sequence BIGINT NOT NULL, messages BIGINT NOT NULL);
CREATE TABLE queue_message (
  box BIGINT NOT NULL,
  sequence BIGINT NOT NULL,
  id TEXT NOT NULL,
  body BLOB NOT NULL,
  attributes TEXT NOT NULL,
  system_attributes TEXT NOT NULL,
  sender TEXT NOT NULL,
  group_id TEXT NOT NULL,
  deduplication_id TEXT NOT NULL,
  source_arn TEXT NOT NULL,
  sent_at BIGINT NOT NULL,
  visible_at BIGINT NOT NULL,
  received_at BIGINT NOT NULL,
  first_received_at BIGINT NOT NULL,
  received INTEGER NOT NULL,
  received_before INTEGER NOT NULL,
  nonce BIGINT NOT NULL,
  PRIMARY KEY (box, sequence)
);
CREATE INDEX queue_message_by_visibility ON queue_message (box, visible_at, sequence, received);
CREATE INDEX queue_message_by_age ON queue_message (box, sent_at);
CREATE INDEX queue_message_by_group ON queue_message (box, group_id, sequence) WHERE group_id <> '';
CREATE TABLE queue_group (
  box BIGINT NOT NULL,
  name TEXT NOT NULL,
  head BIGINT NOT NULL,
  ready_at BIGINT NOT NULL,
  PRIMARY KEY (box, name)
);
CREATE INDEX queue_group_by_readiness ON queue_group (box, ready_at, head);
CREATE TABLE queue_deduplication (
  queue BIGINT NOT NULL,
  scope TEXT NOT NULL,
  id TEXT NOT NULL,
  message_id TEXT NOT NULL,
  sequence BIGINT NOT NULL,
  ends BIGINT NOT NULL,
  PRIMARY KEY (queue, scope, id)
);
CREATE INDEX queue_deduplication_by_end ON queue_deduplication (ends);
CREATE TABLE queue_move (
  handle TEXT PRIMARY KEY,
  source TEXT NOT NULL,
  destination TEXT NOT NULL,
  per_second INTEGER NOT NULL,
  status TEXT NOT NULL,
  failure TEXT NOT NULL,
  moved BIGINT NOT NULL,
  to_move BIGINT NOT NULL,
  last_sequence BIGINT NOT NULL,
  started BIGINT NOT NULL
);
CREATE INDEX queue_move_by_source ON queue_move (source, started);
)"},
};

}  // namespace

std::span<const store::Migration> migrations() {
  return all;
}

}  // namespace tocsin::queues
