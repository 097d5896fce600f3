#include "containment/rule_groups.h"

#include <algorithm>

#include <fmt/format.h>

#include "containment/entries.h"
#include "core/time_format.h"
#include "digest/digest.h"

namespace tocsin::containment {
namespace {

constexpr std::string_view columns =
    "arn, name, type, id, token, description, document, settings, capacity, consumed, modified_at, managed";
constexpr std::int64_t page_default = 100;

std::unexpected<Error> invalid(std::string message) {
  return fail(ErrorCode::validation, std::move(message), "InvalidRequestException");
}

RuleGroup read_group(store::Reader& reader, const store::Rows& rows) {
  RuleGroup group{.arn = rows.string(0),
                  .name = rows.string(1),
                  .type = rows.string(2),
                  .id = rows.string(3),
                  .token = rows.string(4),
                  .description = rows.string(5),
                  .capacity = rows.integer(8),
                  .consumed = rows.integer(9),
                  .modified = rows.time(10)};
  if (auto document = parse_json_object(rows.text(6))) group.document = std::move(*document);
  fill_in_entries(reader, group.arn, group.document);
  if (auto settings = parse_json_object(rows.text(7))) group.settings = std::move(*settings);
  if (auto managed = parse_json(rows.text(11)); managed && managed->is_array()) {
    for (const auto& priority : managed->get_array()) {
      if (priority.is_int64()) group.managed.push_back(priority.get_int64());
    }
  }
  return group;
}

json::object response_of(const RuleGroup& group, std::string_view status = "ACTIVE") {
  json::object response{{"RuleGroupArn", group.arn},
                        {"RuleGroupName", group.name},
                        {"RuleGroupId", group.id},
                        {"Type", group.type},
                        {"Capacity", group.capacity},
                        {"RuleGroupStatus", status},
                        {"ConsumedCapacity", group.consumed},
                        {"NumberOfAssociations", 0},
                        {"LastModifiedTime", format_rfc3339(group.modified)}};
  if (!group.description.empty()) response["Description"] = group.description;
  for (const auto& member : group.settings) response[member.key()] = member.value();
  return response;
}

// Takes the document that a request gives, as RuleGroup or as Rules. Error where it gives none, or both.
Result<json::object> document_of(json::object&& input) {
  auto* document = input.if_contains("RuleGroup");
  const auto* rules = input.if_contains("Rules");
  if (document && rules) return invalid("parameter is invalid, give RuleGroup or Rules, not both");
  if (document && document->is_object()) return std::move(document->get_object());
  if (!rules || !rules->is_string()) return invalid("parameter is invalid, RuleGroup or Rules is required");
  if (string_at(input, "Type") == "STATELESS")
    return invalid("parameter is invalid, Rules is for rule groups of type STATEFUL");
  return json::object{{"RulesSource", json::object{{"RulesString", *rules}}}};
}

Result<void> check_capacity(const RuleGroup& group) {
  if (group.consumed <= group.capacity) return {};
  return invalid(fmt::format("{} capacity exceeded: rule group {} has capacity {}, its rules need {}",
                             group.type == "STATELESS" ? "StatelessRules" : "StatefulRules", group.name, group.capacity,
                             group.consumed));
}

// The group as the request wants it, checked. The document is moved out of `input`.
Result<RuleGroup> changed(json::object&& input, RuleGroup group) {
  if (string_at(input, "UpdateToken") != group.token)
    return fail(ErrorCode::conflict,
                fmt::format("Update token is invalid: rule group {} has changed since it was read", group.name),
                "InvalidTokenException");
  auto document = document_of(std::move(input));
  if (!document) return pass_on(document);
  group.document = std::move(*document);
  if (const auto* description = input.if_contains("Description"); description && description->is_string())
    group.description = description->get_string();
  for (const std::string_view setting : {"EncryptionConfiguration", "SourceMetadata"}) {
    if (const auto* value = input.if_contains(setting)) group.settings[setting] = *value;
  }
  if (auto valid = validate_rules(group.type, group.document); !valid) return pass_on(valid);
  group.consumed = capacity_of(group.type, group.document);
  if (auto fits = check_capacity(group); !fits) return pass_on(fits);
  return group;
}

}  // namespace

service::Answer RuleGroups::create(store::Transaction& transaction, const json::object& input) {
  RuleGroup group{.name = std::string(string_at(input, "RuleGroupName")),
                  .type = std::string(string_at(input, "Type")),
                  .description = std::string(string_at(input, "Description")),
                  .capacity = integer_at(input, "Capacity")};
  if (group.type != "STATELESS" && group.type != "STATEFUL")
    return invalid("parameter is invalid, Type must be STATELESS or STATEFUL");
  if (group.capacity < 1 || group.capacity > capacity_limit)
    return invalid(fmt::format("parameter is invalid, Capacity must be 1 to {}", capacity_limit));
  group.arn =
      identity_.arn("network-firewall",
                    fmt::format("{}-rulegroup/{}", group.type == "STATELESS" ? "stateless" : "stateful", group.name));
  if (transaction.exists("SELECT 1 FROM containment_rule_group WHERE arn = ?", group.arn))
    return invalid(fmt::format("A resource with the specified name already exists: {}", group.name));
  auto document = document_of(json::object(input));
  if (!document) return pass_on(document);
  group.document = std::move(*document);
  for (const std::string_view setting : {"Tags", "EncryptionConfiguration", "SourceMetadata"}) {
    if (const auto* value = input.if_contains(setting)) group.settings[setting] = *value;
  }
  if (auto valid = validate_rules(group.type, group.document); !valid) return pass_on(valid);
  group.consumed = capacity_of(group.type, group.document);
  if (auto fits = check_capacity(group); !fits) return pass_on(fits);
  if (auto allowed = judge_by_hand(transaction, group); !allowed) return pass_on(allowed);
  group.id = make_uuid(transaction.random());
  group.token = make_uuid(transaction.random());
  group.modified = transaction.now();
  if (!bool_at(input, "DryRun")) write(transaction, group);
  return json::object{{"UpdateToken", group.token}, {"RuleGroupResponse", response_of(group)}};
}

Result<RuleGroup> RuleGroups::find(store::Reader& reader, const json::object& input) const {
  const auto arn = string_at(input, "RuleGroupArn"), name = string_at(input, "RuleGroupName");
  const auto type = string_at(input, "Type");
  if (arn.empty() && (name.empty() || type.empty()))
    return invalid("parameter is invalid, give RuleGroupArn, or RuleGroupName and Type");
  static const std::string sql = fmt::format(
      "SELECT {} FROM containment_rule_group WHERE (? = '' OR arn = ?) AND (? = '' OR name = ?) AND (? = '' OR type = "
      "?)",
      columns);
  auto rows = reader.query(sql, arn, arn, name, name, type, type);
  if (rows.next()) return read_group(reader, rows);
  return fail(ErrorCode::not_found,
              fmt::format("no rule group {}{}{}", arn.empty() ? name : arn, type.empty() ? "" : " of type ", type),
              "ResourceNotFoundException");
}

service::Answer RuleGroups::describe(store::Reader& reader, const json::object& input) const {
  auto group = find(reader, input);
  if (!group) return pass_on(group);
  json::object answer{{"UpdateToken", group->token}, {"RuleGroupResponse", response_of(*group)}};
  answer["RuleGroup"] = std::move(group->document);
  return answer;
}

service::Answer RuleGroups::describe_metadata(store::Reader& reader, const json::object& input) const {
  auto group = find(reader, input);
  if (!group) return pass_on(group);
  json::object answer{{"RuleGroupArn", group->arn},
                      {"RuleGroupName", group->name},
                      {"Type", group->type},
                      {"Capacity", group->capacity},
                      {"LastModifiedTime", format_rfc3339(group->modified)}};
  if (!group->description.empty()) answer["Description"] = group->description;
  if (const auto* options = group->document.if_contains("StatefulRuleOptions"))
    answer["StatefulRuleOptions"] = *options;
  return answer;
}

service::Answer RuleGroups::list(store::Reader& reader, const json::object& input) const {
  std::string after;
  if (const auto token = string_at(input, "NextToken"); !token.empty()) {
    auto decoded = digest::from_base64(token);
    if (!decoded || !decoded->starts_with("arn:")) return invalid("parameter is invalid, NextToken is not one of ours");
    after = std::move(*decoded);
  }
  const auto wanted = std::clamp<std::int64_t>(integer_at(input, "MaxResults", page_default), 1, page_default);
  json::object answer;
  json::array& groups = (answer["RuleGroups"] = json::array{}).get_array();
  // AWS's own managed groups: there are none here.
  if (string_at(input, "Scope") == "MANAGED") return answer;
  const auto type = string_at(input, "Type");
  auto rows = reader.query(
      "SELECT arn, name FROM containment_rule_group WHERE arn > ? AND (? = '' OR type = ?) ORDER BY arn LIMIT ?", after,
      type, type, wanted + 1);
  std::string last;
  while (rows.next()) {
    if (std::ssize(groups) == wanted) {
      answer["NextToken"] = digest::base64(last);
      break;
    }
    last = rows.string(0);
    groups.push_back(json::object{{"Name", rows.text(1)}, {"Arn", last}});
  }
  return answer;
}

service::Answer RuleGroups::remove(store::Transaction& transaction, const json::object& input) {
  auto group = find(transaction, input);
  if (!group) return pass_on(group);
  transaction.execute("DELETE FROM containment_rule_group WHERE arn = ?", group->arn);
  transaction.execute("DELETE FROM containment_by_hand WHERE arn = ?", group->arn);
  transaction.execute("DELETE FROM containment_enforced WHERE arn = ?", group->arn);
  remove_entries(transaction, group->arn);
  return json::object{{"RuleGroupResponse", response_of(*group, "DELETING")}};
}

service::Answer RuleGroups::update(store::Transaction& transaction, const json::object& input) {
  auto group = find(transaction, input);
  if (!group) return pass_on(group);
  group = changed(json::object(input), std::move(*group));
  if (!group) return pass_on(group);
  if (auto allowed = judge_by_hand(transaction, *group); !allowed) return pass_on(allowed);
  return finish_update(transaction, input, std::move(*group));
}

service::Answer RuleGroups::update_blocks(store::Transaction& transaction, json::object input,
                                          std::span<const std::int64_t> priorities) {
  auto group = find(transaction, input);
  if (!group) return pass_on(group);
  group = changed(std::move(input), std::move(*group));
  if (!group) return pass_on(group);
  const auto placeholder = *netset::parse_prefix(placeholder_definition);
  auto* rules = stateless_rules(group->document);
  if (!rules) return invalid("parameter is invalid, blocks are rules of a group of type STATELESS");
  const auto screen = gate_.screen(transaction);
  for (const auto& rule : *rules) {
    const auto& object = rule.get_object();
    if (std::find(priorities.begin(), priorities.end(), integer_at(object, "Priority")) == priorities.end()) continue;
    for (const std::string_view list : {"Sources", "Destinations"}) {
      for (const auto& prefix : prefixes_of(object, list)) {
        if (prefix == placeholder || screen.is_clear(prefix)) continue;
        if (const auto refusal = gate_.judge(transaction, prefix, Intent::manual))
          return fail(ErrorCode::denied, refusal->reason, "InvalidRequestException");
      }
    }
  }
  if (auto allowed = judge_protected(transaction, *group); !allowed) return pass_on(allowed);
  if (!std::ranges::equal(group->managed, priorities)) {
    group->managed.assign(priorities.begin(), priorities.end());
    note_by_hand(transaction, *group, {});
  }
  return finish_update(transaction, input, std::move(*group));
}

service::Answer RuleGroups::finish_update(store::Transaction& transaction, const json::object& input, RuleGroup group) {
  if (!bool_at(input, "DryRun")) {
    group.token = make_uuid(transaction.random());
    group.modified = transaction.now();
    write(transaction, group);
  }
  return json::object{{"UpdateToken", group.token}, {"RuleGroupResponse", response_of(group)}};
}

void RuleGroups::write(store::Transaction& transaction, RuleGroup& group) {
  transaction.execute(
      "INSERT INTO containment_rule_group (arn, name, type, id, token, description, document, settings, capacity, "
      "consumed, modified_at, managed) VALUES (?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT (arn) DO UPDATE SET token = "
      "excluded.token, description = excluded.description, document = excluded.document, settings = excluded.settings, "
      "consumed = excluded.consumed, modified_at = excluded.modified_at, managed = excluded.managed",
      group.arn, group.name, group.type, group.id, group.token, group.description, write_entries(transaction, group),
      to_json(group.settings), group.capacity, group.consumed, group.modified,
      to_json(json::value(json::array(group.managed.begin(), group.managed.end()))));
}

std::vector<RuleGroup> RuleGroups::all(store::Reader& reader) const {
  static const std::string sql = fmt::format("SELECT {} FROM containment_rule_group ORDER BY arn", columns);
  std::vector<RuleGroup> groups;
  auto rows = reader.query(sql);
  while (rows.next()) groups.push_back(read_group(reader, rows));
  return groups;
}

}  // namespace tocsin::containment
