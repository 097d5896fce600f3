#include "findings/hub.h"

#include <fmt/format.h>

#include "core/time_format.h"
#include "findings/standards.h"

namespace tocsin::findings {
namespace {

constexpr std::string_view control_finding_generators[] = {"SECURITY_CONTROL", "STANDARD_CONTROL"};

Result<std::string> control_finding_generator(const json::object& input, std::string_view otherwise) {
  const auto value = string_at(input, "ControlFindingGenerator", otherwise);
  if (std::ranges::find(control_finding_generators, value) == std::end(control_finding_generators))
    return fail(ErrorCode::validation, "ControlFindingGenerator must be SECURITY_CONTROL or STANDARD_CONTROL",
                "InvalidInputException", "ControlFindingGenerator");
  return std::string(value);
}

}  // namespace

bool Hub::is_enabled(store::Reader& reader) const {
  return reader.exists("SELECT 1 FROM security_hub WHERE account = ?", identity_.account);
}

Result<void> Hub::require_enabled(store::Reader& reader) const {
  if (is_enabled(reader)) return {};
  return fail(ErrorCode::denied, fmt::format("Account {} is not subscribed to AWS Security Hub", identity_.account),
              "InvalidAccessException");
}

Result<json::object> Hub::enable(store::Transaction& transaction, const json::object& input) const {
  auto generator = control_finding_generator(input, "SECURITY_CONTROL");
  if (!generator) return pass_on(generator);
  if (is_enabled(transaction)) {
    // A hub that a stack enabled is taken over by the first who enables it by hand, as in an account of their own.
    auto tags = list_tags(transaction, {{"ResourceArn", arn()}});
    const auto* of_stack = tags ? find(*tags, "Tags") : nullptr;
    if (!of_stack || !of_stack->is_object() || !of_stack->get_object().contains(stack_tag))
      return fail(ErrorCode::conflict, "Account is already subscribed to Security Hub", "ResourceConflictException");
    auto taken = untag(transaction, {{"ResourceArn", arn()}, {"TagKeys", json::array{stack_tag}}});
    if (!taken) return pass_on(taken);
    transaction.execute("UPDATE security_hub SET control_finding_generator = ? WHERE account = ?", *generator,
                        identity_.account);
  } else {
    transaction.execute(
        "INSERT INTO security_hub (account, subscribed_at, auto_enable_controls, control_finding_generator) "
        "VALUES (?, ?, 1, ?)",
        identity_.account, transaction.now(), *generator);
  }
  if (bool_at(input, "EnableDefaultStandards", true)) {
    for (const auto& standard : standards())
      if (standard.enabled_by_default) subscribe(transaction, arn_of(standard, identity_), {});
  }
  if (const auto* tags = input.if_contains("Tags"); tags && tags->is_object() && !tags->get_object().empty()) {
    auto tagged = tag(transaction, {{"ResourceArn", arn()}, {"Tags", *tags}});
    if (!tagged) return pass_on(tagged);
  }
  return json::object{};
}

Result<json::object> Hub::describe(store::Reader& reader, const json::object& input) const {
  auto rows = reader.query(
      "SELECT subscribed_at, auto_enable_controls, control_finding_generator FROM security_hub WHERE account = ?",
      identity_.account);
  if (!rows.next()) {
    auto enabled = require_enabled(reader);
    return pass_on(enabled);
  }
  if (const auto asked = string_at(input, "HubArn"); !asked.empty() && asked != arn())
    return fail(ErrorCode::not_found, fmt::format("Hub {} not found", asked), "ResourceNotFoundException", "HubArn");
  return json::object{{"HubArn", arn()},
                      {"SubscribedAt", format_rfc3339(rows.time(0))},
                      {"AutoEnableControls", rows.boolean(1)},
                      {"ControlFindingGenerator", rows.text(2)}};
}

Result<json::object> Hub::update_configuration(store::Transaction& transaction, const json::object& input) const {
  if (auto enabled = require_enabled(transaction); !enabled) return pass_on(enabled);
  if (input.contains("AutoEnableControls"))
    transaction.execute("UPDATE security_hub SET auto_enable_controls = ? WHERE account = ?",
                        bool_at(input, "AutoEnableControls"), identity_.account);
  if (input.contains("ControlFindingGenerator")) {
    auto generator = control_finding_generator(input, "");
    if (!generator) return pass_on(generator);
    transaction.execute("UPDATE security_hub SET control_finding_generator = ? WHERE account = ?", *generator,
                        identity_.account);
  }
  return json::object{};
}

Result<json::object> Hub::disable(store::Transaction& transaction) const {
  if (auto enabled = require_enabled(transaction); !enabled) return pass_on(enabled);
  transaction.execute("DELETE FROM security_hub WHERE account = ?", identity_.account);
  transaction.execute("DELETE FROM security_hub_standard");
  transaction.execute("DELETE FROM security_hub_tag WHERE arn = ?", arn());
  return json::object{};
}

}  // namespace tocsin::findings
