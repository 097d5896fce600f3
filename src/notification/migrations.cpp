#include "notification/notification.h"

namespace tocsin::notification {
namespace {

constexpr store::Migration all[] = {
    {"notification", 1, R"(
CREATE TABLE topic (
  name TEXT PRIMARY KEY,
  attributes TEXT NOT NULL,
  tags TEXT NOT NULL,
  created BIGINT NOT NULL,
  last_sequence BIGINT NOT NULL
);
CREATE TABLE subscription (
  id TEXT PRIMARY KEY,
  topic TEXT NOT NULL,
  protocol TEXT NOT NULL,
  endpoint TEXT NOT NULL,
  attributes TEXT NOT NULL,
  confirmed INTEGER NOT NULL,
  authenticated INTEGER NOT NULL,
  token TEXT NOT NULL,
  reached_at TEXT NOT NULL,
  created BIGINT NOT NULL,
  failed BIGINT NOT NULL,
  last_failure TEXT NOT NULL
);
CREATE UNIQUE INDEX subscription_by_endpoint ON subscription (topic, protocol, endpoint);
CREATE INDEX subscription_by_topic ON subscription (topic, id);
CREATE TABLE topic_deduplication (
  topic TEXT NOT NULL,
  scope TEXT NOT NULL,
  id TEXT NOT NULL,
  message_id TEXT NOT NULL,
  sequence BIGINT NOT NULL,
  ends BIGINT NOT NULL,
  PRIMARY KEY (topic, scope, id)
);
CREATE INDEX topic_deduplication_by_end ON topic_deduplication (ends);
)"},
};

}  // namespace

std::span<const store::Migration> migrations() {
  return all;
}

}  // namespace tocsin::notification
