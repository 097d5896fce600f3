#include "rules/records.h"

#include <fmt/format.h>

#include "digest/digest.h"

namespace tocsin::rules {
namespace {

constexpr std::int64_t page_max = 100;

RuleRow read_rule(const store::Rows& row) {
  return {row.string(0), row.string(1), row.string(2), row.string(3),
          row.string(4), row.string(5), row.string(6), row.string(7)};
}

}  // namespace

std::string rule_arn(const Identity& identity, std::string_view bus, std::string_view name) {
  return identity.arn("events",
                      bus == default_bus ? fmt::format("rule/{}", name) : fmt::format("rule/{}/{}", bus, name));
}

std::string bus_arn(const Identity& identity, std::string_view bus) {
  return identity.arn("events", fmt::format("event-bus/{}", bus));
}

std::optional<RuleName> parse_rule_arn(std::string_view arn) {
  const auto parsed = parse_arn(arn);
  constexpr std::string_view prefix = "rule/";
  if (!parsed || parsed->service != "events" || !parsed->resource.starts_with(prefix)) return std::nullopt;
  const std::string_view rest = std::string_view(parsed->resource).substr(prefix.size());
  const auto slash = rest.rfind('/');
  if (slash == std::string_view::npos) return RuleName{std::string(default_bus), std::string(rest)};
  return RuleName{std::string(rest.substr(0, slash)), std::string(rest.substr(slash + 1))};
}

std::string bus_of(const json::object& input, std::string_view member) {
  const std::string_view text = string_at(input, member);
  if (text.empty()) return std::string(default_bus);
  constexpr std::string_view prefix = "event-bus/";
  if (const auto at = text.find(prefix); text.starts_with("arn:") && at != std::string_view::npos)
    return std::string(text.substr(at + prefix.size()));
  return std::string(text);
}

bool bus_exists(store::Reader& reader, std::string_view bus) {
  return bus == default_bus || reader.exists("SELECT 1 FROM event_bus WHERE name = ?", bus);
}

Result<void> require_bus(store::Reader& reader, std::string_view bus) {
  if (bus_exists(reader, bus)) return {};
  return fail(ErrorCode::not_found, fmt::format("Event bus {} does not exist.", bus), "ResourceNotFoundException");
}

std::optional<RuleRow> find_rule(store::Reader& reader, std::string_view bus, std::string_view name) {
  auto rows = reader.query(
      "SELECT bus, name, pattern, schedule, state, description, role_arn, created_by FROM event_rule "
      "WHERE bus = ? AND name = ?",
      bus, name);
  if (!rows.next()) return std::nullopt;
  return read_rule(rows);
}

Result<RuleRow> require_rule(store::Reader& reader, std::string_view bus, std::string_view name) {
  if (auto exists = require_bus(reader, bus); !exists) return pass_on(exists);
  auto rule = find_rule(reader, bus, name);
  if (!rule)
    return fail(ErrorCode::not_found, fmt::format("Rule {} does not exist on EventBus {}.", name, bus),
                "ResourceNotFoundException");
  return *std::move(rule);
}

std::size_t count_targets(store::Reader& reader, std::string_view bus, std::string_view name) {
  return static_cast<std::size_t>(
      reader.integer("SELECT count(*) FROM event_target WHERE bus = ? AND rule = ?", 0, bus, name));
}

void revise(store::Transaction& transaction, std::string_view bus) {
  // Drawn, not counted: a number that was rolled back must not come again for other rules.
  const auto drawn = static_cast<std::int64_t>(transaction.random().next() >> 1);
  transaction.execute(
      "INSERT INTO event_revision (bus, revision) VALUES (?, ?) "
      "ON CONFLICT (bus) DO UPDATE SET revision = excluded.revision",
      bus, drawn);
}

std::int64_t revision(store::Reader& reader, std::string_view bus) {
  return reader.integer("SELECT revision FROM event_revision WHERE bus = ?", 0, bus);
}

std::unexpected<Error> invalid(std::string message, std::string path) {
  return fail(ErrorCode::validation, std::move(message), "ValidationException", std::move(path));
}

std::unexpected<Error> limit_exceeded() {
  return fail(ErrorCode::validation, "The requested resource exceeds the maximum number allowed.",
              "LimitExceededException");
}

Result<Page> page_of(const json::object& input) {
  const std::int64_t limit = integer_at(input, "Limit", page_max);
  if (limit < 1 || limit > page_max) return invalid("Parameter Limit is not valid. Reason: 1 to 100.", "Limit");
  Page page{.after = {}, .count_max = static_cast<std::size_t>(limit)};
  const std::string_view token = string_at(input, "NextToken");
  if (token.empty()) return page;
  auto key = digest::from_base64(token);
  if (!key || !key->starts_with("1:"))
    return invalid("Parameter NextToken is not valid. Reason: Invalid token.", "NextToken");
  page.after = key->substr(2);
  return page;
}

std::string page_token(std::string_view last_key) {
  return digest::base64(fmt::format("1:{}", last_key));
}

}  // namespace tocsin::rules
