#include <fmt/format.h>

#include "rules/room.h"

namespace tocsin::rules {
namespace {

constexpr std::int64_t tags_max = 50;

}  // namespace

// The ARN of a rule or bus that exists.
Result<std::string> Rules::Room::tagged_arn(store::Reader& reader, const json::object& input) const {
  const std::string arn(string_at(input, "ResourceARN"));
  if (const auto rule = parse_rule_arn(arn)) {
    if (auto exists = require_rule(reader, rule->bus, rule->name); !exists) return pass_on(exists);
    return rule_arn(identity_, rule->bus, rule->name);
  }
  const auto parsed = parse_arn(arn);
  if (!parsed || parsed->service != "events" || !parsed->resource.starts_with("event-bus/"))
    return invalid(fmt::format("Parameter {} is not valid. Reason: Provided Arn is not in correct format.", arn),
                   "ResourceARN");
  const std::string bus = bus_of(input, "ResourceARN");
  if (auto exists = require_bus(reader, bus); !exists) return pass_on(exists);
  return bus_arn(identity_, bus);
}

void Rules::Room::put_tags(store::Transaction& transaction, std::string_view arn, const json::object& input) {
  const auto* tags = input.if_contains("Tags");
  if (!tags || !tags->is_array()) return;
  for (const auto& tag : tags->as_array())
    if (const auto* object = tag.if_object())
      transaction.execute(
          "INSERT INTO event_tag (arn, name, value) VALUES (?,?,?) "
          "ON CONFLICT (arn, name) DO UPDATE SET value = excluded.value",
          arn, string_at(*object, "Key"), string_at(*object, "Value"));
}

service::Answer Rules::Room::tag_resource(store::Transaction& transaction, const service::Call& call) {
  auto arn = tagged_arn(transaction, call.input);
  if (!arn) return pass_on(arn);
  put_tags(transaction, *arn, call.input);
  if (transaction.integer("SELECT count(*) FROM event_tag WHERE arn = ?", 0, *arn) > tags_max) return limit_exceeded();
  if (const auto rule = parse_rule_arn(*arn)) revise(transaction, rule->bus);  // a tag decides on the lane
  return json::object{};
}

service::Answer Rules::Room::untag_resource(store::Transaction& transaction, const service::Call& call) {
  auto arn = tagged_arn(transaction, call.input);
  if (!arn) return pass_on(arn);
  if (const auto* keys = call.input.if_contains("TagKeys"); keys && keys->is_array())
    for (const auto& key : keys->as_array())
      if (key.is_string())
        transaction.execute("DELETE FROM event_tag WHERE arn = ? AND name = ?", *arn,
                            std::string_view(key.as_string()));
  if (const auto rule = parse_rule_arn(*arn)) revise(transaction, rule->bus);
  return json::object{};
}

service::Answer Rules::Room::list_tags(store::Reader& reader, const service::Call& call) const {
  auto arn = tagged_arn(reader, call.input);
  if (!arn) return pass_on(arn);
  json::array tags;
  auto rows = reader.query("SELECT name, value FROM event_tag WHERE arn = ? ORDER BY name", *arn);
  while (rows.next()) tags.push_back(json::object{{"Key", rows.text(0)}, {"Value", rows.text(1)}});
  return json::object{{"Tags", std::move(tags)}};
}

}  // namespace tocsin::rules
