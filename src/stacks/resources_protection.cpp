// Block tables, rule groups, and the hub.
#include "stacks/resource_parts.h"

namespace tocsin::stacks {
namespace {

Result<void> create_table(Resource& r) {
  const std::string name = name_of(r, "TableName");
  json::object input =
      pick(r.properties, {"AttributeDefinitions", "KeySchema", "BillingMode", "ProvisionedThroughput"});
  input["TableName"] = name;
  if (auto answer = r.call("dynamodb", "CreateTable", input); !answer) return pass_on(answer);
  r.physical_id = name;
  r.attributes = {{"Arn", r.identity.arn("dynamodb", "table/" + name)}};
  return {};
}

Result<void> remove_table(Resource& r) {
  return removed(r.call("dynamodb", "DeleteTable", {{"TableName", r.physical_id}}));
}

Result<void> create_rule_group(Resource& r) {
  json::object input = pick(r.properties, {"Type", "Capacity", "Description", "RuleGroup"});
  input["Capacity"] = number_of(r.properties, "Capacity");
  input["RuleGroupName"] = name_of(r, "RuleGroupName");
  auto answer = r.call("network-firewall", "CreateRuleGroup", input);
  if (!answer) return pass_on(answer);
  r.physical_id = string_at(*answer, "RuleGroupResponse.RuleGroupArn");
  r.attributes = {{"RuleGroupArn", r.physical_id},
                  {"RuleGroupId", string_at(*answer, "RuleGroupResponse.RuleGroupId")}};
  return {};
}

Result<void> remove_rule_group(Resource& r) {
  return removed(r.call("network-firewall", "DeleteRuleGroup", {{"RuleGroupArn", r.physical_id}}));
}

// The responders own the rules inside the group, so an update of the stack leaves them: it must not un-block anybody.
// A capacity is fixed at creation; as the group is made again in the same transaction, nobody sees it gone.
Result<void> update_rule_group(Resource& r) {
  auto there = r.call("network-firewall", "DescribeRuleGroup", {{"RuleGroupArn", r.physical_id}});
  if (!there) return pass_on(there);
  if (integer_at(*there, "RuleGroupResponse.Capacity") == number_of(r.properties, "Capacity")) return {};
  if (auto gone = remove_rule_group(r); !gone) return gone;
  json::object input = pick(r.properties, {"Type", "Description"});
  input["Capacity"] = number_of(r.properties, "Capacity");
  input["RuleGroupName"] = string_at(*there, "RuleGroupResponse.RuleGroupName");
  input["RuleGroup"] = there->at("RuleGroup");
  return done(r.call("network-firewall", "CreateRuleGroup", input));
}

// A hub that is enabled already is taken over as it is.
Result<void> create_hub(Resource& r) {
  auto described = r.call("securityhub", "DescribeHub", {});
  if (!described) {
    json::object input = pick(r.properties, {"Tags"});
    auto& tags = input["Tags"].is_object() ? input["Tags"].get_object() : input["Tags"].emplace_object();
    tags["tocsin:enabled-by"] = "stack";  // EnableSecurityHub by hand takes it over (findings/hub.h)
    input["EnableDefaultStandards"] = bool_at(r.properties, "EnableDefaultStandards", true);
    if (auto enabled = r.call("securityhub", "EnableSecurityHub", input); !enabled) return pass_on(enabled);
    described = r.call("securityhub", "DescribeHub", {});
    if (!described) return pass_on(described);
  }
  r.physical_id = string_at(*described, "HubArn");
  r.attributes = {{"ARN", r.physical_id}, {"SubscribedAt", string_at(*described, "SubscribedAt")}};
  return {};
}

Result<void> create_action_target(Resource& r) {
  auto answer = r.call("securityhub", "CreateActionTarget", pick(r.properties, {"Name", "Description", "Id"}));
  if (!answer) return pass_on(answer);
  r.physical_id = string_at(*answer, "ActionTargetArn");
  r.attributes = {{"ActionTargetArn", r.physical_id}};
  return {};
}

Result<void> update_action_target(Resource& r) {
  json::object input = pick(r.properties, {"Name", "Description"});
  input["ActionTargetArn"] = r.physical_id;
  return done(r.call("securityhub", "UpdateActionTarget", input));
}

Result<void> remove_action_target(Resource& r) {
  return removed(r.call("securityhub", "DeleteActionTarget", {{"ActionTargetArn", r.physical_id}}));
}

}  // namespace

void add_protection(ResourceTypes& types) {
  types.merge(ResourceTypes{
      {"AWS::DynamoDB::Table",
       {create_table, leave, remove_table, false, "TableName", {"KeySchema", "AttributeDefinitions"}}},
      {"AWS::NetworkFirewall::RuleGroup",
       {create_rule_group, update_rule_group, remove_rule_group, false, "RuleGroupName", {"Type"}}},
      // A hub holds the findings: it is never disabled with a stack.
      {"AWS::SecurityHub::Hub", {create_hub, leave, leave}},
      {"AWS::SecurityHub::ActionTarget",
       {create_action_target, update_action_target, remove_action_target, false, "Id"}},
  });
}

}  // namespace tocsin::stacks
