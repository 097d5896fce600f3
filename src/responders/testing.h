// Ports for tests: a hub, a topic, a table, a rule group and a web hook in memory, each of which can be told to fail.
#pragma once

#include <algorithm>
#include <map>
#include <set>

#include "responders/ports.h"

namespace tocsin::responders::testing {

class MemoryHub final : public FindingHub {
 public:
  Result<std::optional<json::object>> get(const FindingRef& finding) override {
    const auto found = findings.find(finding.id);
    if (found == findings.end()) return std::nullopt;
    return std::optional<json::object>{found->second};
  }
  Result<void> update(const FindingRef& finding, const json::object& changes) override {
    const auto found = findings.find(finding.id);
    if (found == findings.end() || string_at(found->second, "ProductArn") != finding.product_arn)
      return fail(ErrorCode::unavailable, "the update was not processed: FindingNotFound", "UnprocessedFinding");
    ++updates;
    for (const auto& [name, value] : changes) found->second[name] = value;
    return {};
  }
  std::map<std::string, json::object> findings;
  int updates = 0;
};

class MemoryTopic final : public Topic {
 public:
  struct Message {
    std::string topic, subject, text;
    std::vector<std::pair<std::string, std::string>> attributes;
  };
  Result<std::string> publish(std::string_view topic_arn, std::string_view subject, std::string_view message,
                              const std::vector<std::pair<std::string, std::string>>& attributes) override {
    if (failures > 0 && failures-- > 0) return fail(ErrorCode::unavailable, "the topic is down");
    messages.push_back({std::string(topic_arn), std::string(subject), std::string(message), attributes});
    return "message-" + std::to_string(messages.size());
  }
  std::vector<Message> messages;
  int failures = 0;
};

class MemoryTable final : public BlockTable {
 public:
  Result<BlockResult> block(const BlockOrder& order) override {
    if (order.host.starts_with("10."))
      return BlockResult{.host = order.host, .is_new = false, .refused = "SpecialPurpose", .reason = "private"};
    if (own.contains(order.host))
      return BlockResult{.host = order.host, .is_new = false, .refused = "OwnAddress", .reason = "ours"};
    orders.push_back(order);
    rows.insert(order.host);
    return BlockResult{.host = order.host, .is_new = !held.contains(order.host)};
  }
  Result<std::vector<std::string>> wanted() override {
    std::vector<std::string> prefixes;
    for (const auto& row : rows)
      if (!expired.contains(row)) prefixes.push_back(row + "/32");
    return prefixes;
  }
  Result<std::vector<std::string>> expire(std::chrono::hours) override {
    return std::vector<std::string>(expired.begin(), expired.end());
  }
  Result<void> submitted(const std::vector<std::string>&) override { return {}; }
  Result<void> confirmed(const std::vector<std::string>& prefixes) override {
    held.clear();
    for (const auto& prefix : prefixes) held.insert(prefix.substr(0, prefix.find('/')));
    return {};
  }
  Result<bool> remove(std::string_view host) override {
    if (held.contains(std::string(host)) || !expired.contains(std::string(host))) return false;
    rows.erase(std::string(host));
    expired.erase(std::string(host));
    return true;
  }
  std::set<std::string> rows, held, expired, own;
  std::vector<BlockOrder> orders;
};

class MemoryRuleGroup final : public RuleGroup {
 public:
  Result<Description> describe(std::string_view) override {
    return Description{.rule_group = document, .update_token = std::to_string(token), .capacity = capacity};
  }
  Result<void> update(std::string_view, Description changed, const std::vector<std::int64_t>&) override {
    if (failures > 0 && failures-- > 0) return fail(ErrorCode::unavailable, "the firewall does not answer");
    if (stale > 0 && stale-- > 0) ++token;
    if (changed.update_token != std::to_string(token))
      return fail(ErrorCode::conflict, "stale", "InvalidTokenException");
    if (!lies) document = changed.rule_group;
    ++token;
    return {};
  }
  std::vector<std::string> list(std::int64_t priority, std::string_view side) const {
    std::vector<std::string> addresses;
    const auto* rules = find(document, "RulesSource.StatelessRulesAndCustomActions.StatelessRules");
    if (!rules) return addresses;
    for (const auto& rule : rules->get_array()) {
      if (integer_at(rule.get_object(), "Priority") != priority) continue;
      const auto* match = find(rule, "RuleDefinition.MatchAttributes");
      if (const auto* sides = match ? match->get_object().if_contains(side) : nullptr)
        for (const auto& one : sides->get_array())
          addresses.emplace_back(string_at(one.get_object(), "AddressDefinition"));
    }
    return addresses;
  }
  json::object document;
  std::int64_t capacity = 100;
  int token = 1;
  int failures = 0;
  bool lies = false;  // takes an update and keeps its rules
  int stale = 0;      // so often somebody else changes the group between describe and update
};

class MemoryWebhook final : public Webhook {
 public:
  Result<bool> was_announced(std::string_view key) override { return keys.contains(std::string(key)); }
  Result<void> post(std::string_view url, std::string_view body, const Announcement& what) override {
    keys.insert(what.keys.begin(), what.keys.end());
    urgencies.push_back(what.urgency);
    posts.emplace_back(std::string(url), std::string(body));
    return {};
  }
  std::set<std::string> keys;
  std::vector<std::pair<std::string, std::string>> posts;
  std::vector<Urgency> urgencies;  // of the posts
};

struct World {
  MemoryHub hub;
  MemoryTopic topic;
  MemoryTable table;
  MemoryRuleGroup rule_group;
  MemoryWebhook webhook;
  Ports ports{.hub = &hub,
              .topic = &topic,
              .table = &table,
              .rule_group = &rule_group,
              .webhook = &webhook,
              .now = Time{std::chrono::sys_days{std::chrono::year{2026} / 1 / 5}} + std::chrono::microseconds{123456}};

  json::object finding(std::string_view id, std::string_view severity) {
    json::object made{{"Id", id},
                      {"ProductArn", "arn:aws:securityhub:us-west-2::product/aws/guardduty"},
                      {"Title", "Über uns"},
                      {"Description", "d"},
                      {"AwsAccountId", "111122223333"},
                      {"Region", "us-west-2"},
                      {"Severity", {{"Label", severity}}},
                      {"Workflow", {{"Status", "NEW"}}}};
    hub.findings[std::string(id)] = made;
    return made;
  }
  static json::value event(std::initializer_list<json::object> findings,
                           std::string_view kind = "Security Hub Findings - Imported") {
    json::array list;
    for (const auto& one : findings) list.push_back(one);
    return json::object{{"detail-type", kind}, {"region", "us-west-2"}, {"detail", {{"findings", std::move(list)}}}};
  }
};

}  // namespace tocsin::responders::testing
