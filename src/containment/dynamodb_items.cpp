#include "containment/dynamodb_items.h"

#include <array>
#include <cmath>

#include <fmt/format.h>

#include "expression/value.h"

namespace tocsin::containment {
namespace {

using expression::make_number;
using expression::make_text;

// Attributes that Tocsin keeps; see dynamodb.h.
constexpr std::array<std::string_view, 6> kept_attributes{"State",       "BlockedBy",   "Sightings",
                                                          "SubmittedAt", "ConfirmedAt", "ReleasedAt"};

Result<std::optional<std::int64_t>> take_seconds(json::object& item, std::string_view name) {
  const auto* value = item.if_contains(name);
  if (!value) return std::optional<std::int64_t>{};
  const auto* number = value->get_object().if_contains("N");
  if (!number)
    return invalid_request(fmt::format("One or more parameter values were invalid: {} must be a number", name));
  double seconds = 0;
  try {
    seconds = std::stod(std::string(number->get_string()));
  } catch (const std::exception&) {
    seconds = -1;
  }
  if (seconds < 0 || seconds > 32'503'680'000)
    return invalid_request(fmt::format(
        "One or more parameter values were invalid: {} must be a time in epoch seconds before year 3000", name));
  item.erase(name);
  return std::optional{static_cast<std::int64_t>(std::floor(seconds))};
}

// The text of an attribute, which is then no longer among the others; other types than text stay there.
std::string take_text(json::object& item, std::string_view name) {
  const auto* value = item.if_contains(name);
  const auto text = value ? expression::text_of(*value) : std::nullopt;
  if (!text) return {};
  std::string taken(*text);
  item.erase(name);
  return taken;
}

}  // namespace

std::unexpected<Error> invalid_request(std::string message) {
  return fail(ErrorCode::validation, std::move(message), "ValidationException");
}

json::object to_item(const Block& block) {
  json::object item = block.extra;
  item[key_attribute] = make_text(block.host);
  const auto put_text = [&](std::string_view name, const std::string& text) {
    if (!text.empty()) item[name] = make_text(text);
  };
  put_text("Timestamp", block.timestamp);
  item["CreatedAt"] = make_number(block.created_at_s);
  put_text("FindingId", block.finding_id);
  put_text("AccountId", block.account_id);
  put_text("Region", block.region);
  item["State"] = make_text(to_text(block.state));
  item["ExpiresAt"] = make_number(to_epoch_seconds(block.expires_at));
  put_text("Reason", block.reason);
  put_text("BlockedBy", block.actor);
  item["Sightings"] = make_number(block.sightings);
  const auto put_time = [&](std::string_view name, const std::optional<Time>& time) {
    if (time) item[name] = make_number(to_epoch_seconds(*time));
  };
  put_time("SubmittedAt", block.submitted_at);
  put_time("ConfirmedAt", block.confirmed_at);
  put_time("ReleasedAt", block.released_at);
  return item;
}

Result<BlockRequest> read_item(json::object item, const Settings& settings) {
  for (auto& member : item) {
    if (auto done = expression::normalise(member.value()); !done) return pass_on(done);
  }
  if (expression::item_bytes(item) > expression::item_bytes_max)
    return invalid_request("Item size has exceeded the maximum allowed size");
  const auto* key = item.if_contains(key_attribute);
  if (!key)
    return invalid_request(
        fmt::format("One or more parameter values were invalid: Missing the key {} in the item", key_attribute));
  const auto host = expression::text_of(*key);
  if (!host)
    return invalid_request(
        fmt::format("One or more parameter values were invalid: Type mismatch for key {} expected: S "
                    "actual: {}",
                    key_attribute, expression::type_of(*key)));
  if (const auto prefix = netset::parse_prefix(*host); !prefix)
    return invalid_request("One or more parameter values were invalid: " + prefix.error().message);
  BlockRequest request{.host = std::string(*host), .intent = Intent::manual};
  item.erase(key_attribute);
  for (const auto name : kept_attributes) item.erase(name);
  auto created = take_seconds(item, "CreatedAt");
  if (!created) return pass_on(created);
  auto expires = take_seconds(item, "ExpiresAt");
  if (!expires) return pass_on(expires);
  request.created_at_s = *created;
  if (*expires) {
    request.expires_at = Time{std::chrono::seconds{**expires}};
  } else if (*created) {
    request.expires_at = Time{std::chrono::seconds{**created}} + settings.retention;
  }
  request.timestamp = take_text(item, "Timestamp");
  request.finding_id = take_text(item, "FindingId");
  request.account_id = take_text(item, "AccountId");
  request.region = take_text(item, "Region");
  request.reason = take_text(item, "Reason");
  request.extra = std::move(item);
  return request;
}

Result<std::string> read_key(const json::object& input, std::string_view member) {
  const auto* key = input.if_contains(member);
  const auto* object = key ? key->if_object() : nullptr;
  const auto* host = object ? object->if_contains(key_attribute) : nullptr;
  const auto text = host ? expression::text_of(*host) : std::nullopt;
  if (!text || object->size() != 1) return invalid_request("The provided key element does not match the schema");
  if (text->empty())
    return invalid_request(
        fmt::format("One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain "
                    "an empty string value. Key: {}",
                    key_attribute));
  return std::string(*text);
}

Result<Expressions> read_expressions(const json::object& input) {
  for (const std::string_view old : {"Expected", "ConditionalOperator", "AttributeUpdates", "AttributesToGet",
                                     "ScanFilter", "QueryFilter", "KeyConditions"}) {
    if (input.contains(old)) return invalid_request(fmt::format("{} is not supported here; use expressions", old));
  }
  if (input.contains("IndexName"))
    return invalid_request(
        fmt::format("The table does not have the specified index: {}", string_at(input, "IndexName")));
  auto substitutions = expression::Substitutions::read(input.if_contains("ExpressionAttributeNames"),
                                                       input.if_contains("ExpressionAttributeValues"));
  if (!substitutions) return pass_on(substitutions);
  Expressions all;
  all.substitutions = std::move(*substitutions);
  const auto read_condition = [&](std::string_view name, auto& into) -> Result<void> {
    const auto* text = input.if_contains(name);
    if (!text || !text->is_string()) return {};
    auto condition = expression::Condition::parse(name, text->get_string(), all.substitutions);
    if (!condition) return pass_on(condition);
    into = std::move(*condition);
    return {};
  };
  if (auto done = read_condition("ConditionExpression", all.condition); !done) return pass_on(done);
  if (auto done = read_condition("FilterExpression", all.filter); !done) return pass_on(done);
  if (auto done = read_condition("KeyConditionExpression", all.key_condition); !done) return pass_on(done);
  if (const auto* text = input.if_contains("ProjectionExpression"); text && text->is_string()) {
    auto projection = expression::Projection::parse(text->get_string(), all.substitutions);
    if (!projection) return pass_on(projection);
    all.projection = std::move(*projection);
  }
  if (const auto* text = input.if_contains("UpdateExpression"); text && text->is_string()) {
    auto update = expression::Update::parse(text->get_string(), all.substitutions);
    if (!update) return pass_on(update);
    all.update = std::move(*update);
  }
  if (auto used = all.substitutions.check_all_used(); !used) return pass_on(used);
  return all;
}

void add_consumed(const json::object& input, double units, json::object& answer) {
  const auto wanted = string_at(input, "ReturnConsumedCapacity", "NONE");
  if (wanted == "NONE") return;
  json::object consumed{{"TableName", string_at(input, "TableName")}, {"CapacityUnits", units}};
  if (wanted == "INDEXES") consumed["Table"] = json::object{{"CapacityUnits", units}};
  answer["ConsumedCapacity"] = std::move(consumed);
}

}  // namespace tocsin::containment
