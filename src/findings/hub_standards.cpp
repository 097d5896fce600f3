// The hub's subscriptions to standards.
#include <fmt/format.h>

#include "findings/detail/token.h"
#include "findings/hub.h"
#include "findings/standards.h"

namespace tocsin::findings {
namespace {

constexpr std::size_t requests_max = 25;  // Source: service model, StandardsSubscriptionRequests

json::object subscription(const Standard& standard, const Identity& identity, json::value inputs,
                          std::string_view status) {
  return {{"StandardsSubscriptionArn", subscription_arn(standard, identity)},
          {"StandardsArn", arn_of(standard, identity)},
          {"StandardsInput", std::move(inputs)},
          {"StandardsStatus", status},
          {"StandardsControlsUpdatable", "NOT_READY_FOR_UPDATES"}};
}

const Standard* by_subscription(std::string_view arn, const Identity& identity) {
  for (const auto& standard : standards())
    if (subscription_arn(standard, identity) == arn) return &standard;
  return nullptr;
}

// The non-empty list under `name`; its strings are the caller's to check. Error: validation, InvalidInputException.
Result<const json::array*> list_of(const json::object& input, std::string_view name) {
  const auto* value = input.if_contains(name);
  if (!value || !value->is_array() || value->get_array().empty() || value->get_array().size() > requests_max)
    return fail(ErrorCode::validation, fmt::format("{} must hold 1 to {} entries", name, requests_max),
                "InvalidInputException", std::string(name));
  return &value->get_array();
}

std::unexpected<Error> invalid(std::string_view what, const json::array& entries) {
  return fail(ErrorCode::validation, fmt::format("Invalid {}(s): {}", what, to_json(entries)), "InvalidInputException");
}

json::value stored_inputs(store::Reader& reader, const std::string& standards_arn) {
  auto rows = reader.query("SELECT inputs FROM security_hub_standard WHERE arn = ?", standards_arn);
  if (!rows.next()) return nullptr;
  auto inputs = parse_json(rows.text(0));
  return inputs ? std::move(*inputs) : json::object{};
}

}  // namespace

void Hub::subscribe(store::Transaction& transaction, std::string_view standards_arn, const json::object& inputs) const {
  transaction.execute(
      "INSERT INTO security_hub_standard (arn, inputs, enabled_at) VALUES (?, ?, ?) ON CONFLICT (arn) DO NOTHING",
      standards_arn, to_json(inputs), transaction.now());
}

Result<json::object> Hub::describe_standards(store::Reader& reader, const json::object& input) const {
  if (auto enabled = require_enabled(reader); !enabled) return pass_on(enabled);
  auto after = detail::last_key(input);
  if (!after) return pass_on(after);
  json::array page;
  json::object answer;
  bool started = after->empty();
  for (const auto& standard : standards()) {
    const auto standard_arn = arn_of(standard, identity_);
    if (!started) {
      started = standard_arn == *after;
      continue;
    }
    if (std::ssize(page) == detail::page_size(input)) {
      answer["NextToken"] = detail::key_token(string_at(page.back().get_object(), "StandardsArn"));
      break;
    }
    page.push_back(json::object{{"StandardsArn", standard_arn},
                                {"Name", standard.name},
                                {"Description", standard.description},
                                {"EnabledByDefault", standard.enabled_by_default},
                                {"StandardsManagedBy", {{"Company", "AWS"}, {"Product", "Security Hub"}}}});
  }
  if (!started) return detail::bad_token();
  answer["Standards"] = std::move(page);
  return answer;
}

Result<json::object> Hub::enable_standards(store::Transaction& transaction, const json::object& input) const {
  if (auto enabled = require_enabled(transaction); !enabled) return pass_on(enabled);
  auto requests = list_of(input, "StandardsSubscriptionRequests");
  if (!requests) return pass_on(requests);
  json::array unknown;
  for (const auto& request : **requests) {
    const auto* object = request.if_object();
    if (!object || !find_standard(string_at(*object, "StandardsArn"), identity_)) unknown.push_back(request);
  }
  if (!unknown.empty()) return invalid("StandardsSubscriptionRequest", unknown);
  json::array subscriptions;
  for (const auto& request : **requests) {
    const auto& object = request.get_object();
    const auto* standard = find_standard(string_at(object, "StandardsArn"), identity_);
    const auto* inputs = object.if_contains("StandardsInput");
    subscribe(transaction, arn_of(*standard, identity_),
              inputs && inputs->is_object() ? inputs->get_object() : json::object{});
    subscriptions.push_back(
        subscription(*standard, identity_, stored_inputs(transaction, arn_of(*standard, identity_)), "READY"));
  }
  return json::object{{"StandardsSubscriptions", std::move(subscriptions)}};
}

Result<json::object> Hub::disable_standards(store::Transaction& transaction, const json::object& input) const {
  if (auto enabled = require_enabled(transaction); !enabled) return pass_on(enabled);
  auto arns = list_of(input, "StandardsSubscriptionArns");
  if (!arns) return pass_on(arns);
  json::array unknown;
  json::array subscriptions;
  for (const auto& entry : **arns) {
    const auto* text = entry.if_string();
    const auto* standard = text ? by_subscription(*text, identity_) : nullptr;
    auto inputs = standard ? stored_inputs(transaction, arn_of(*standard, identity_)) : json::value{};
    if (inputs.is_null())
      unknown.push_back(entry);
    else
      subscriptions.push_back(subscription(*standard, identity_, std::move(inputs), "DELETING"));
  }
  if (!unknown.empty()) return invalid("StandardsSubscriptionArn", unknown);
  for (const auto& ended : subscriptions)
    transaction.execute("DELETE FROM security_hub_standard WHERE arn = ?",
                        string_at(ended.get_object(), "StandardsArn"));
  return json::object{{"StandardsSubscriptions", std::move(subscriptions)}};
}

Result<json::object> Hub::enabled_standards(store::Reader& reader, const json::object& input) const {
  if (auto enabled = require_enabled(reader); !enabled) return pass_on(enabled);
  auto after = detail::last_key(input);
  if (!after) return pass_on(after);
  const auto* asked = input.if_contains("StandardsSubscriptionArns");
  const auto is_asked = [&](const Standard& standard) {
    if (!asked || !asked->is_array() || asked->get_array().empty()) return true;
    const json::value arn_value(subscription_arn(standard, identity_));
    return std::ranges::find(asked->get_array(), arn_value) != asked->get_array().end();
  };
  json::array page;
  json::object answer;
  auto rows = reader.query("SELECT arn, inputs FROM security_hub_standard WHERE arn > ? ORDER BY arn", *after);
  while (rows.next()) {
    const auto* standard = find_standard(rows.text(0), identity_);
    if (!standard || !is_asked(*standard)) continue;
    if (std::ssize(page) == detail::page_size(input)) {
      answer["NextToken"] = detail::key_token(string_at(page.back().get_object(), "StandardsArn"));
      break;
    }
    auto inputs = parse_json(rows.text(1));
    page.push_back(subscription(*standard, identity_, inputs ? std::move(*inputs) : json::object{}, "READY"));
  }
  answer["StandardsSubscriptions"] = std::move(page);
  return answer;
}

Result<json::object> Hub::describe_standards_controls(store::Reader& reader, const json::object& input) const {
  if (auto enabled = require_enabled(reader); !enabled) return pass_on(enabled);
  const auto asked = string_at(input, "StandardsSubscriptionArn");
  const auto* standard = by_subscription(asked, identity_);
  if (!standard || stored_inputs(reader, arn_of(*standard, identity_)).is_null())
    return fail(ErrorCode::not_found, fmt::format("Standards subscription {} not found", asked),
                "ResourceNotFoundException", "StandardsSubscriptionArn");
  return json::object{{"Controls", json::array{}}};  // as AWS answers while controls are NOT_READY_FOR_UPDATES
}

}  // namespace tocsin::findings
