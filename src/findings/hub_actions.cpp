// The hub's custom actions and tags.
#include <fmt/format.h>

#include "findings/detail/token.h"
#include "findings/hub.h"

namespace tocsin::findings {
namespace {

// Source: Security Hub API reference, CreateActionTarget; Security Hub quotas.
constexpr std::size_t action_id_max = 20;
constexpr std::size_t action_name_max = 20;
constexpr std::size_t action_description_max = 500;
constexpr std::int64_t actions_max = 50;
// Source: service model, TagMap, TagKey, TagValue.
constexpr std::int64_t tags_max = 50;
constexpr std::size_t tag_key_max = 128;
constexpr std::size_t tag_value_max = 256;

constexpr std::string_view action_resource = "action/custom/";

std::unexpected<Error> invalid(std::string_view member, std::string_view why) {
  return fail(ErrorCode::validation, fmt::format("Invalid parameter {}: {}", member, why), "InvalidInputException",
              std::string(member));
}

std::size_t characters(std::string_view utf8) {
  return static_cast<std::size_t>(
      std::ranges::count_if(utf8, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

// The text under `member`: not blank, at most `max` characters.
Result<std::string> text_of(const json::object& input, std::string_view member, std::size_t max) {
  const auto text = string_at(input, member);
  if (text.find_first_not_of(" \t\r\n") == text.npos) return invalid(member, "must not be blank");
  if (characters(text) > max) return invalid(member, fmt::format("must have at most {} characters", max));
  return std::string(text);
}

bool is_action_id(std::string_view id) {
  return !id.empty() && id.size() <= action_id_max && std::ranges::all_of(id, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

std::string action_arn(const Identity& identity, std::string_view id) {
  return identity.arn("securityhub", fmt::format("{}{}", action_resource, id));
}

// The id in a custom action's ARN of this account; empty where it is none.
std::string_view action_id(const Identity& identity, std::string_view arn) {
  const auto prefix = action_arn(identity, "");
  return arn.starts_with(prefix) ? arn.substr(prefix.size()) : std::string_view{};
}

std::unexpected<Error> no_action(std::string_view arn) {
  return fail(ErrorCode::not_found, fmt::format("Action target {} not found", arn), "ResourceNotFoundException",
              "ActionTargetArn");
}

json::object document(const ActionTarget& target) {
  return {{"ActionTargetArn", target.arn}, {"Name", target.name}, {"Description", target.description}};
}

}  // namespace

Result<json::object> Hub::create_action_target(store::Transaction& transaction, const json::object& input) const {
  if (auto enabled = require_enabled(transaction); !enabled) return pass_on(enabled);
  auto name = text_of(input, "Name", action_name_max);
  if (!name) return pass_on(name);
  auto description = text_of(input, "Description", action_description_max);
  if (!description) return pass_on(description);
  const auto id = string_at(input, "Id");
  if (!is_action_id(id))
    return invalid("Id", fmt::format("must be 1 to {} letters, digits, hyphens or underscores", action_id_max));
  if (transaction.exists("SELECT 1 FROM security_hub_action WHERE id = ?", id))
    return fail(ErrorCode::conflict, fmt::format("Action with Id: {} already exists", id), "ResourceConflictException",
                "Id");
  if (transaction.integer("SELECT count(*) FROM security_hub_action", 0) >= actions_max)
    return fail(ErrorCode::denied, fmt::format("An account can have at most {} custom actions", actions_max),
                "LimitExceededException");
  transaction.execute("INSERT INTO security_hub_action (id, name, description) VALUES (?, ?, ?)", id, *name,
                      *description);
  return json::object{{"ActionTargetArn", action_arn(identity_, id)}};
}

Result<ActionTarget> Hub::action_target(store::Reader& reader, std::string_view arn) const {
  auto rows = reader.query("SELECT name, description FROM security_hub_action WHERE id = ?", action_id(identity_, arn));
  if (!rows.next()) return no_action(arn);
  return ActionTarget{std::string(arn), rows.string(0), rows.string(1)};
}

Result<json::object> Hub::describe_action_targets(store::Reader& reader, const json::object& input) const {
  if (auto enabled = require_enabled(reader); !enabled) return pass_on(enabled);
  json::array page;
  json::object answer;
  const auto* asked = input.if_contains("ActionTargetArns");
  if (asked && asked->is_array() && !asked->get_array().empty()) {
    for (const auto& arn_value : asked->get_array()) {
      auto target = action_target(reader, arn_value.is_string() ? std::string_view(arn_value.get_string()) : "");
      if (!target) return pass_on(target);
      page.push_back(document(*target));
    }
    answer["ActionTargets"] = std::move(page);
    return answer;
  }
  auto after = detail::last_key(input);
  if (!after) return pass_on(after);
  std::string last;
  auto rows = reader.query("SELECT id, name, description FROM security_hub_action WHERE id > ? ORDER BY id LIMIT ?",
                           *after, detail::page_size(input) + 1);
  while (rows.next()) {
    if (std::ssize(page) == detail::page_size(input)) {
      answer["NextToken"] = detail::key_token(last);
      break;
    }
    last = rows.string(0);
    page.push_back(document({action_arn(identity_, last), rows.string(1), rows.string(2)}));
  }
  answer["ActionTargets"] = std::move(page);
  return answer;
}

Result<json::object> Hub::update_action_target(store::Transaction& transaction, const json::object& input) const {
  if (auto enabled = require_enabled(transaction); !enabled) return pass_on(enabled);
  auto target = action_target(transaction, string_at(input, "ActionTargetArn"));
  if (!target) return pass_on(target);
  if (input.contains("Name")) {
    auto name = text_of(input, "Name", action_name_max);
    if (!name) return pass_on(name);
    target->name = std::move(*name);
  }
  if (input.contains("Description")) {
    auto description = text_of(input, "Description", action_description_max);
    if (!description) return pass_on(description);
    target->description = std::move(*description);
  }
  transaction.execute("UPDATE security_hub_action SET name = ?, description = ? WHERE id = ?", target->name,
                      target->description, action_id(identity_, target->arn));
  return json::object{};
}

Result<json::object> Hub::delete_action_target(store::Transaction& transaction, const json::object& input) const {
  if (auto enabled = require_enabled(transaction); !enabled) return pass_on(enabled);
  const auto arn_text = string_at(input, "ActionTargetArn");
  if (transaction.execute("DELETE FROM security_hub_action WHERE id = ?", action_id(identity_, arn_text)) == 0)
    return no_action(arn_text);
  transaction.execute("DELETE FROM security_hub_tag WHERE arn = ?", arn_text);
  return json::object{{"ActionTargetArn", arn_text}};
}

Result<void> Hub::require_taggable(store::Reader& reader, std::string_view arn_text) const {
  if (arn_text == arn() && is_enabled(reader)) return {};
  if (const auto id = action_id(identity_, arn_text);
      !id.empty() && reader.exists("SELECT 1 FROM security_hub_action WHERE id = ?", id))
    return {};
  return fail(ErrorCode::not_found, fmt::format("Resource {} not found", arn_text), "ResourceNotFoundException",
              "ResourceArn");
}

Result<json::object> Hub::tag(store::Transaction& transaction, const json::object& input) const {
  const auto arn_text = string_at(input, "ResourceArn");
  if (auto known = require_taggable(transaction, arn_text); !known) return pass_on(known);
  const auto* tags = input.if_contains("Tags");
  if (!tags || !tags->is_object() || tags->get_object().empty()) return invalid("Tags", "must hold 1 to 50 tags");
  for (const auto& [key, value] : tags->get_object()) {
    if (key.empty() || characters(key) > tag_key_max || key.starts_with("aws:"))
      return invalid("Tags", "a tag's key has 1 to 128 characters and does not begin with aws:");
    if (!value.is_string() || characters(value.get_string()) > tag_value_max)
      return invalid("Tags", "a tag's value has at most 256 characters");
    transaction.execute(
        "INSERT INTO security_hub_tag (arn, name, value) VALUES (?, ?, ?) ON CONFLICT (arn, name) DO UPDATE SET "
        "value = excluded.value",
        arn_text, std::string_view(key), std::string_view(value.get_string()));
  }
  if (transaction.integer("SELECT count(*) FROM security_hub_tag WHERE arn = ?", 0, arn_text) > tags_max)
    return invalid("Tags", "a resource can have at most 50 tags");
  return json::object{};
}

Result<json::object> Hub::untag(store::Transaction& transaction, const json::object& input) const {
  const auto arn_text = string_at(input, "ResourceArn");
  if (auto known = require_taggable(transaction, arn_text); !known) return pass_on(known);
  const auto* keys = input.if_contains("TagKeys");
  if (!keys || !keys->is_array()) return invalid("TagKeys", "must be a list of keys");
  for (const auto& key : keys->get_array())
    if (key.is_string())
      transaction.execute("DELETE FROM security_hub_tag WHERE arn = ? AND name = ?", arn_text,
                          std::string_view(key.get_string()));
  return json::object{};
}

Result<json::object> Hub::list_tags(store::Reader& reader, const json::object& input) const {
  const auto arn_text = string_at(input, "ResourceArn");
  if (auto known = require_taggable(reader, arn_text); !known) return pass_on(known);
  json::object tags;
  auto rows = reader.query("SELECT name, value FROM security_hub_tag WHERE arn = ? ORDER BY name", arn_text);
  while (rows.next()) tags[rows.text(0)] = rows.text(1);
  return json::object{{"Tags", std::move(tags)}};
}

}  // namespace tocsin::findings
