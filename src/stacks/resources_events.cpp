// Event buses and rules.
#include <fmt/format.h>

#include "stacks/resource_parts.h"

namespace tocsin::stacks {
namespace {

// PutTargets reports each target that it refuses in its answer; here one of them fails the resource.
Result<void> all_taken(const Result<json::object>& answer) {
  if (!answer) return std::unexpected(answer.error());
  if (integer_at(*answer, "FailedEntryCount") == 0) return {};
  const auto* failed = find(*answer, "FailedEntries");
  return fail(ErrorCode::validation, fmt::format("targets were refused: {}", failed ? to_json(*failed) : ""),
              "ValidationException");
}

// Makes the rule's tags those of the template: PutRule sets them on new rules only.
Result<void> tag_rule(Resource& r) {
  const json::value arn = r.attributes.at("Arn");
  auto listed = r.call("events", "ListTagsForResource", {{"ResourceARN", arn}});
  if (!listed) return pass_on(listed);
  json::array keys;
  if (const auto* tags = find(*listed, "Tags"); tags && tags->is_array())
    for (const auto& tag : tags->get_array()) keys.push_back(json::value(tag.get_object().at("Key")));
  if (!keys.empty())
    if (auto untagged = r.call("events", "UntagResource", {{"ResourceARN", arn}, {"TagKeys", keys}}); !untagged)
      return pass_on(untagged);
  const auto* tags = find(r.properties, "Tags");
  if (!tags || !tags->is_array() || tags->get_array().empty()) return {};
  return done(r.call("events", "TagResource", {{"ResourceARN", arn}, {"Tags", *tags}}));
}

// The request with the bus that the rule is on; requests that name none mean the default one.
json::object on_bus(std::string_view bus, json::object input) {
  if (!bus.empty()) input["EventBusName"] = bus;
  return input;
}

// While there is a rule, its bus stands in its attributes: to remove it there are no properties any more.
std::string bus_of(const Resource& r) {
  return std::string(string_at(r.attributes, "EventBusName"));
}

Result<void> put_rule(Resource& r) {
  const std::string name = r.physical_id.empty() ? name_of(r, "Name") : r.physical_id;
  const std::string bus{string_at(r.properties, "EventBusName")};
  json::object input = pick(r.properties, {"ScheduleExpression", "State", "Description", "RoleArn", "EventBusName"});
  input["Name"] = name;
  if (const auto* pattern = find(r.properties, "EventPattern")) input["EventPattern"] = text_of(*pattern);
  auto answer = r.call("events", "PutRule", input);
  if (!answer) return pass_on(answer);
  r.physical_id = name;
  r.attributes = on_bus(bus, {{"Arn", string_at(*answer, "RuleArn")}});
  if (auto tagged = tag_rule(r); !tagged) return tagged;
  const auto* targets = find(r.properties, "Targets");
  if (!targets || !targets->is_array() || targets->get_array().empty()) return {};
  return all_taken(r.call("events", "PutTargets", on_bus(bus, {{"Rule", name}, {"Targets", *targets}})));
}

Result<void> drop_targets(Resource& r) {
  auto listed = r.call("events", "ListTargetsByRule", on_bus(bus_of(r), {{"Rule", r.physical_id}}));
  if (!listed) return removed(std::move(listed));
  json::array ids;
  if (const auto* targets = find(*listed, "Targets"); targets && targets->is_array())
    for (const auto& target : targets->get_array()) ids.push_back(json::value(target.get_object().at("Id")));
  if (ids.empty()) return {};
  return all_taken(r.call("events", "RemoveTargets", on_bus(bus_of(r), {{"Rule", r.physical_id}, {"Ids", ids}})));
}

Result<void> remove_rule(Resource& r) {
  if (auto dropped = drop_targets(r); !dropped) return dropped;
  return removed(r.call("events", "DeleteRule", on_bus(bus_of(r), {{"Name", r.physical_id}})));
}

Result<void> update_rule(Resource& r) {
  const bool moves = bus_of(r) != string_at(r.properties, "EventBusName");
  if (auto gone = moves ? remove_rule(r) : drop_targets(r); !gone) return gone;
  return put_rule(r);
}

Result<void> create_bus(Resource& r) {
  json::object input = pick(r.properties, {"Description", "DeadLetterConfig"});
  input["Name"] = name_of(r, "Name");
  auto answer = r.call("events", "CreateEventBus", input);
  if (!answer) return pass_on(answer);
  r.physical_id = string_at(input, "Name");
  r.attributes = {{"Arn", string_at(*answer, "EventBusArn")}, {"Name", r.physical_id}};
  return {};
}

Result<void> remove_bus(Resource& r) {
  return removed(r.call("events", "DeleteEventBus", {{"Name", r.physical_id}}));
}

}  // namespace

void add_events(ResourceTypes& types) {
  types.merge(ResourceTypes{
      {"AWS::Events::EventBus", {create_bus, leave, remove_bus, false, "Name"}},
      {"AWS::Events::Rule", {put_rule, update_rule, remove_rule, false, "Name"}},
  });
}

}  // namespace tocsin::stacks
