#include "workflows/tags.h"

#include <fmt/format.h>

#include "core/identity.h"

namespace tocsin::workflows {
namespace {

constexpr std::int64_t tags_max = 50;  // AWS's

// The ARN of a machine or activity that is there.
Result<std::string> tagged(store::Reader& reader, const json::object& input) {
  const auto arn = string_at(input, "resourceArn");
  const auto parsed = parse_arn(arn);
  const bool is_machine = parsed && parsed->service == "states" && parsed->resource.starts_with("stateMachine:");
  const bool is_activity = parsed && parsed->service == "states" && parsed->resource.starts_with("activity:");
  if (!is_machine && !is_activity)
    return fail(ErrorCode::validation, fmt::format("Invalid Arn: '{}'", arn.substr(0, 256)), "InvalidArn",
                "resourceArn");
  const bool exists = is_machine ? reader.exists("SELECT 1 FROM state_machine WHERE arn = ?", arn)
                                 : reader.exists("SELECT 1 FROM activity WHERE arn = ?", arn);
  if (!exists)
    return fail(ErrorCode::not_found, fmt::format("Resource not found: '{}'", arn), "ResourceNotFound", "resourceArn");
  return std::string(arn);
}

service::Answer tag(store::Transaction& transaction, const service::Call& call) {
  auto arn = tagged(transaction, call.input);
  if (!arn) return pass_on(arn);
  if (auto put = put_tags(transaction, *arn, call.input.if_contains("tags")); !put) return pass_on(put);
  return json::object{};
}

service::Answer untag(store::Transaction& transaction, const service::Call& call) {
  auto arn = tagged(transaction, call.input);
  if (!arn) return pass_on(arn);
  if (const auto* keys = call.input.if_contains("tagKeys"); keys && keys->is_array())
    for (const auto& key : keys->get_array())
      if (key.is_string())
        transaction.execute("DELETE FROM states_tag WHERE arn = ? AND name = ?", *arn,
                            std::string_view(key.get_string()));
  return json::object{};
}

service::Answer list(store::Reader& reader, const service::Call& call) {
  auto arn = tagged(reader, call.input);
  if (!arn) return pass_on(arn);
  json::array tags;
  auto rows = reader.query("SELECT name, value FROM states_tag WHERE arn = ? ORDER BY name", *arn);
  while (rows.next()) tags.push_back(json::object{{"key", rows.text(0)}, {"value", rows.text(1)}});
  return json::object{{"tags", std::move(tags)}};
}

}  // namespace

Result<void> put_tags(store::Transaction& transaction, std::string_view arn, const json::value* tags) {
  if (!tags || !tags->is_array()) return {};
  for (const auto& tag : tags->get_array()) {
    const auto* object = tag.if_object();
    if (!object) continue;
    const auto name = string_at(*object, "key");
    if (name.empty())
      return fail(ErrorCode::validation, "A tag must have a key of 1 to 128 characters.", "ValidationException",
                  "tags");
    transaction.execute(
        "INSERT INTO states_tag (arn, name, value) VALUES (?,?,?) "
        "ON CONFLICT (arn, name) DO UPDATE SET value = excluded.value",
        arn, name, string_at(*object, "value"));
  }
  if (transaction.integer("SELECT count(*) FROM states_tag WHERE arn = ?", 0, arn) > tags_max)
    return fail(ErrorCode::validation, fmt::format("Too many tags: a resource has at most {}.", tags_max),
                "TooManyTags", "tags");
  return {};
}

void remove_tags(store::Transaction& transaction, std::string_view arn) {
  transaction.execute("DELETE FROM states_tag WHERE arn = ?", arn);
}

std::vector<service::Operation> tag_operations() {
  return {{"TagResource", service::Write{tag}},
          {"UntagResource", service::Write{untag}},
          {"ListTagsForResource", service::Read{list}}};
}

}  // namespace tocsin::workflows
