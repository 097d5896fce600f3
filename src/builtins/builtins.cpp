#include "builtins/builtins.h"

#include <charconv>

#include <fmt/format.h>

#include "builtins/embedded_ports.h"
#include "responders/responders.h"

namespace tocsin::builtins {
namespace {

using functions::Invocation;

std::string setting(const Invocation& invocation, const char* name, std::string_view otherwise = {}) {
  const auto found = invocation.environment.find(name);
  return found == invocation.environment.end() || found->second.empty() ? std::string(otherwise) : found->second;
}

Result<std::string> required(const Invocation& invocation, const char* name) {
  std::string value = setting(invocation, name);
  if (value.empty())
    return fail(ErrorCode::validation,
                fmt::format("the environment variable {} of {} is not set", name, invocation.function_name),
                "KeyError");
  return value;
}

Result<std::int64_t> number(const Invocation& invocation, const char* name, std::int64_t otherwise) {
  const std::string text = setting(invocation, name);
  if (text.empty()) return otherwise;
  std::int64_t value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc{} || read.ptr != text.data() + text.size())
    return fail(ErrorCode::validation,
                fmt::format("the environment variable {} of {} is not a whole number", name, invocation.function_name),
                "ValueError");
  return value;
}

constexpr std::int64_t retention_default_hours = 720;
constexpr std::int64_t retention_hours_max = 24 * 3650;

// Hours for which an address stays blocked after it was last seen. Error: validation.
Result<std::chrono::hours> read_retention(const Invocation& invocation) {
  auto hours = number(invocation, "RETENTION", retention_default_hours);
  if (!hours) return pass_on(hours);
  if (*hours < 1 || *hours > retention_hours_max)
    return fail(ErrorCode::validation,
                fmt::format("the environment variable RETENTION of {} must be 1 to {} hours", invocation.function_name,
                            retention_hours_max),
                "ValueError");
  return std::chrono::hours{*hours};
}

// What every built-in needs; one for all of them.
struct World {
  const service::Directory& directory;
  containment::Containment& containment;
  Identity identity;
  FindFinding find_finding;
};

// The ports of one invocation.
struct Bound {
  Bound(store::Transaction& transaction, const World& world, const Invocation& invocation)
      : api{transaction, world.directory, world.identity, invocation},
        hub{api, transaction, world.find_finding},
        topic{api},
        table{transaction, world.containment, setting(invocation, "ACLMETATABLE"), api.caller().arn,
              retention(invocation)},
        rule_group{transaction, world.containment.rule_groups()},
        webhook{transaction} {
    ports = {.hub = &hub,
             .topic = &topic,
             .table = &table,
             .rule_group = &rule_group,
             .webhook = &webhook,
             .now = transaction.now()};
  }
  // The functions that use it check it first.
  static std::chrono::hours retention(const Invocation& invocation) {
    return read_retention(invocation).value_or(std::chrono::hours{retention_default_hours});
  }

  Api api;
  EmbeddedHub hub;
  EmbeddedTopic topic;
  EmbeddedBlockTable table;
  EmbeddedRuleGroup rule_group;
  EmbeddedWebhook webhook;
  responders::Ports ports;
};

using Responder = Result<json::value> (*)(const json::value& event, const Invocation&, responders::Ports&);

Result<json::value> incident_processor(const json::value& event, const Invocation& invocation,
                                       responders::Ports& ports) {
  auto topic = required(invocation, "SNS_TOPIC_ARN");
  if (!topic) return pass_on(topic);
  return responders::incident_processor(event, *topic, ports);
}

Result<json::value> threat_intelligence(const json::value& event, const Invocation&, responders::Ports& ports) {
  return responders::threat_intelligence(event, ports);
}

Result<json::value> add_ip(const json::value& event, const Invocation& invocation, responders::Ports& ports) {
  if (auto table = required(invocation, "ACLMETATABLE"); !table) return pass_on(table);
  if (auto hours = read_retention(invocation); !hours) return pass_on(hours);
  return responders::add_ip(event, ports);
}

Result<json::value> get_expired_ip(const json::value&, const Invocation& invocation, responders::Ports& ports) {
  if (auto table = required(invocation, "ACLMETATABLE"); !table) return pass_on(table);
  auto hours = read_retention(invocation);
  if (!hours) return pass_on(hours);
  return responders::get_expired_ip(*hours, ports);
}

Result<json::value> remove_ip(const json::value& event, const Invocation& invocation, responders::Ports& ports) {
  if (auto table = required(invocation, "ACLMETATABLE"); !table) return pass_on(table);
  return responders::remove_ip(event, ports);
}

Result<json::value> update_rule_group(const json::value& event, const Invocation& invocation,
                                      responders::Ports& ports) {
  if (auto table = required(invocation, "ACLMETATABLE"); !table) return pass_on(table);
  auto arn = required(invocation, "FIREWALLRULEGROUP");
  if (!arn) return pass_on(arn);
  responders::RuleGroupSettings settings{.arn = *arn};
  auto priority = number(invocation, "RULEGROUPPRI", settings.priority);
  if (!priority) return pass_on(priority);
  settings.priority = *priority;
  settings.custom_action_name = setting(invocation, "CUSTOMACTIONNAME", settings.custom_action_name);
  settings.custom_action_value = setting(invocation, "CUSTOMACTIONVALUE", settings.custom_action_value);
  return responders::update_rule_group(event, settings, ports);
}

Result<json::value> send_finding_notice(const json::value& event, const Invocation& invocation,
                                        responders::Ports& ports) {
  const std::string key = invocation.idempotency_key.empty() ? invocation.request_id : invocation.idempotency_key;
  return responders::send_finding_notice(event, setting(invocation, "WEBHOOK_URL"), key, ports);
}

}  // namespace

std::span<const store::Migration> migrations() {
  static constexpr store::Migration steps[] = {
      {"builtins", 1,
       "CREATE TABLE announced (key TEXT PRIMARY KEY, at BIGINT NOT NULL); CREATE INDEX announced_by_time ON announced "
       "(at);"},
  };
  return steps;
}

void add_all(functions::Registry& registry, const service::Directory& directory, containment::Containment& containment,
             const Identity& identity, FindFinding find_finding) {
  const auto world = std::make_shared<const World>(World{.directory = directory,
                                                         .containment = containment,
                                                         .identity = identity,
                                                         .find_finding = std::move(find_finding)});
  const std::pair<const char*, Responder> all[] = {
      {"incident-processor", incident_processor},
      {"threat-intelligence", threat_intelligence},
      {"add-ip", add_ip},
      {"get-expired-ip", get_expired_ip},
      {"remove-ip", remove_ip},
      {"update-rule-group", update_rule_group},
      {"send-finding-notice", send_finding_notice},
  };
  for (const auto& [handler, responder] : all) {
    registry.add_builtin(handler,
                         [world, responder = responder](store::Transaction& transaction, const json::value& event,
                                                        const Invocation& invocation) {
                           Bound bound{transaction, *world, invocation};
                           return responder(event, invocation, bound.ports);
                         });
  }
}

}  // namespace tocsin::builtins
