// PutItem, UpdateItem and DeleteItem: what anybody writes goes through the gate.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "containment/dynamodb_items.h"
#include "expression/value.h"

namespace tocsin::containment {
namespace {

// Attributes that UpdateItem may not set, because Tocsin keeps them.
constexpr std::string_view not_to_be_set[] = {"State",       "BlockedBy",   "Sightings",
                                              "SubmittedAt", "ConfirmedAt", "ReleasedAt"};

double write_units(const json::object& item) {
  return std::ceil(static_cast<double>(std::max<std::size_t>(expression::item_bytes(item), 1)) / 1024);
}

Result<void> check_condition(const Expressions& expressions, const std::optional<Block>& before) {
  if (!expressions.condition || expressions.condition->holds(before ? to_item(*before) : json::object{})) return {};
  return fail(ErrorCode::conflict, "The conditional request failed", "ConditionalCheckFailedException");
}

Result<void> check_return_values(const json::object& input, std::initializer_list<std::string_view> allowed) {
  const auto wanted = string_at(input, "ReturnValues", "NONE");
  if (std::find(allowed.begin(), allowed.end(), wanted) != allowed.end()) return {};
  return invalid_request(fmt::format("Return values set to invalid value: {}", wanted));
}

Result<BlockOutcome> block(store::Transaction& transaction, Containment& containment, BlockRequest request,
                           const service::Call& call) {
  request.table = string_at(call.input, "TableName");
  request.actor = call.caller.arn;
  if (request.reason.empty()) request.reason = "put into the table by hand";
  auto outcome = containment.tables().block(transaction, request);
  if (outcome && !outcome->refusal) containment.enforce_soon(transaction, {});
  return outcome;
}

// The caller is told why; a refused request writes nothing, so it is not among the recorded refusals.
std::unexpected<Error> refused(const Refusal& refusal) {
  return fail(ErrorCode::denied, refusal.reason, "AccessDeniedException");
}

json::object only(const json::object& item, const std::set<std::string, std::less<>>& attributes) {
  json::object part;
  for (const auto& name : attributes) {
    if (const auto* value = item.if_contains(name)) part[name] = *value;
  }
  return part;
}

}  // namespace

service::Answer put_item(store::Transaction& transaction, Containment& containment, const service::Call& call) {
  const auto& input = call.input;
  if (auto table = containment.tables().table(transaction, string_at(input, "TableName")); !table)
    return pass_on(table);
  auto expressions = read_expressions(input);
  if (!expressions) return pass_on(expressions);
  if (auto done = check_return_values(input, {"NONE", "ALL_OLD"}); !done) return pass_on(done);
  const auto* given = input.if_contains("Item");
  if (!given || !given->is_object()) return invalid_request("Item is required");
  auto request = read_item(given->get_object(), containment.gate().settings());
  if (!request) return pass_on(request);
  const auto before = containment.tables().find(transaction, string_at(input, "TableName"), request->host);
  if (auto holds = check_condition(*expressions, before); !holds) return pass_on(holds);
  auto outcome = block(transaction, containment, std::move(*request), call);
  if (!outcome) return pass_on(outcome);
  if (outcome->refusal) return refused(*outcome->refusal);
  json::object answer;
  if (string_at(input, "ReturnValues") == "ALL_OLD" && before) answer["Attributes"] = to_item(*before);
  add_consumed(input, write_units(to_item(outcome->block)), answer);
  return answer;
}

service::Answer update_item(store::Transaction& transaction, Containment& containment, const service::Call& call) {
  const auto& input = call.input;
  if (auto table = containment.tables().table(transaction, string_at(input, "TableName")); !table)
    return pass_on(table);
  auto expressions = read_expressions(input);
  if (!expressions) return pass_on(expressions);
  if (auto done = check_return_values(input, {"NONE", "ALL_OLD", "ALL_NEW", "UPDATED_OLD", "UPDATED_NEW"}); !done)
    return pass_on(done);
  auto host = read_key(input, "Key");
  if (!host) return pass_on(host);
  const auto before = containment.tables().find(transaction, string_at(input, "TableName"), *host);
  if (auto holds = check_condition(*expressions, before); !holds) return pass_on(holds);
  json::object item = before ? to_item(*before) : json::object{{key_attribute, expression::make_text(*host)}};
  const json::object old = before ? item : json::object{};
  const auto attributes =
      expressions->update ? expressions->update->attributes() : std::set<std::string, std::less<>>{};
  if (attributes.contains(key_attribute))
    return invalid_request(
        fmt::format("One or more parameter values were invalid: Cannot update attribute {}. This "
                    "attribute is part of the key",
                    key_attribute));
  for (const auto name : not_to_be_set) {
    if (attributes.contains(name))
      return invalid_request(
          fmt::format("{} is kept by Tocsin and can't be set; DeleteItem releases an address", name));
  }
  if (expressions->update) {
    auto updated = expressions->update->apply(std::move(item));
    if (!updated) return pass_on(updated);
    item = std::move(*updated);
  }
  auto request = read_item(std::move(item), containment.gate().settings());
  if (!request) return pass_on(request);
  request->exact = before.has_value();
  auto outcome = block(transaction, containment, std::move(*request), call);
  if (!outcome) return pass_on(outcome);
  if (outcome->refusal) return refused(*outcome->refusal);
  const auto now = to_item(outcome->block);
  const auto wanted = string_at(input, "ReturnValues", "NONE");
  json::object answer;
  if (wanted == "ALL_NEW") answer["Attributes"] = now;
  if (wanted == "ALL_OLD" && before) answer["Attributes"] = old;
  if (wanted == "UPDATED_NEW") answer["Attributes"] = only(now, attributes);
  if (wanted == "UPDATED_OLD" && before) answer["Attributes"] = only(old, attributes);
  add_consumed(input, write_units(now), answer);
  return answer;
}

service::Answer delete_item(store::Transaction& transaction, Containment& containment, const service::Call& call) {
  const auto& input = call.input;
  if (auto table = containment.tables().table(transaction, string_at(input, "TableName")); !table)
    return pass_on(table);
  auto expressions = read_expressions(input);
  if (!expressions) return pass_on(expressions);
  if (auto done = check_return_values(input, {"NONE", "ALL_OLD"}); !done) return pass_on(done);
  auto host = read_key(input, "Key");
  if (!host) return pass_on(host);
  const auto before = containment.tables().find(transaction, string_at(input, "TableName"), *host);
  if (auto holds = check_condition(*expressions, before); !holds) return pass_on(holds);
  json::object answer;
  if (before) {
    containment.release(transaction, {*before});
    if (string_at(input, "ReturnValues") == "ALL_OLD") answer["Attributes"] = to_item(*before);
  }
  add_consumed(input, before ? write_units(to_item(*before)) : 1, answer);
  return answer;
}

}  // namespace tocsin::containment
