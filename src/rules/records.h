// The rows of rules and what their rows have in common. Inside this folder only.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rules/rules.h"

namespace tocsin::rules {

struct RuleName {
  std::string bus, name;
};

struct RuleRow {
  std::string bus, name, pattern, schedule, state, description, role_arn, created_by;
  bool is_enabled() const { return state != "DISABLED"; }
};

// arn:…:rule/NAME on the default bus, arn:…:rule/BUS/NAME elsewhere.
std::string rule_arn(const Identity& identity, std::string_view bus, std::string_view name);
std::string bus_arn(const Identity& identity, std::string_view bus);
// The rule that an ARN names; nothing if it is no rule's.
std::optional<RuleName> parse_rule_arn(std::string_view arn);
// The name in "name" or "arn:…:event-bus/name"; the default bus where nothing is given.
std::string bus_of(const json::object& input, std::string_view member = "EventBusName");

bool bus_exists(store::Reader& reader, std::string_view bus);
// Error: not_found (ResourceNotFoundException).
Result<void> require_bus(store::Reader& reader, std::string_view bus);

std::optional<RuleRow> find_rule(store::Reader& reader, std::string_view bus, std::string_view name);
// Error: not_found (ResourceNotFoundException), of the bus or of the rule.
Result<RuleRow> require_rule(store::Reader& reader, std::string_view bus, std::string_view name);
std::size_t count_targets(store::Reader& reader, std::string_view bus, std::string_view name);

// Says that the rules of a bus are not what they were.
void revise(store::Transaction& transaction, std::string_view bus);
std::int64_t revision(store::Reader& reader, std::string_view bus);

std::unexpected<Error> invalid(std::string message, std::string path = {});
std::unexpected<Error> limit_exceeded();

// A page of at most Limit entries (100 where none is given), beginning after the key in NextToken.
struct Page {
  std::string after;
  std::size_t count_max;
};
// Error: validation.
Result<Page> page_of(const json::object& input);
// Adds NextToken to the answer if `rows` holds one more than the page, which is then dropped.
template <class Row, class Key>
void finish_page(const Page& page, std::vector<Row>& rows, json::object& answer, Key key);
std::string page_token(std::string_view last_key);

template <class Row, class Key>
void finish_page(const Page& page, std::vector<Row>& rows, json::object& answer, Key key) {
  if (rows.size() <= page.count_max) return;
  rows.resize(page.count_max);
  answer["NextToken"] = page_token(key(rows.back()));
}

}  // namespace tocsin::rules
