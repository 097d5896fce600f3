// Aliases of state machines: a name for one version, or for two that share the executions by weight.
#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/time_format.h"
#include "workflows/machines.h"
#include "workflows/paging.h"

namespace tocsin::workflows {
namespace {

constexpr std::int64_t aliases_max = 100;  // AWS's quota

std::unexpected<Error> invalid(std::string message, std::string path) {
  return fail(ErrorCode::validation, std::move(message), "ValidationException", std::move(path));
}

// Source: States API reference, CharacterRestrictedName. Digits alone would be a version.
Result<void> check_alias_name(std::string_view name) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const auto is_mark = [](char c) { return c == '_' || c == '-' || c == '.'; };
  const bool allowed =
      std::ranges::all_of(name, [&](char c) { return is_letter(c) || is_mark(c) || (c >= '0' && c <= '9'); });
  if (name.empty() || name.size() > 80)
    return invalid(fmt::format("1 validation error detected: Value '{}' at 'name' failed to satisfy constraint: Member "
                               "must have length less than or equal to 80",
                               name.substr(0, 100)),
                   "name");
  if (!allowed || std::ranges::none_of(name, [&](char c) { return is_letter(c) || is_mark(c); }))
    return invalid(fmt::format("1 validation error detected: Value '{}' at 'name' failed to satisfy constraint: Member "
                               "must satisfy regular expression pattern: ^(?=.*[a-zA-Z_\\-\\.])[a-zA-Z0-9_\\-\\.]+$",
                               name),
                   "name");
  return {};
}

struct Routes {
  std::string machine_arn;
  json::array routes;
};

Result<Routes> read_routes(store::Reader& reader, const json::object& input) {
  constexpr const char* path = "routingConfiguration";
  const auto* given = input.if_contains(path);
  Routes read;
  std::vector<std::string> arns;
  std::vector<std::int64_t> weights;
  if (given && given->is_array())
    for (const auto& route : given->get_array()) {
      if (!route.is_object()) return invalid("A route is an object.", path);
      arns.emplace_back(string_at(route.get_object(), "stateMachineVersionArn"));
      weights.push_back(integer_at(route.get_object(), "weight", -1));
      read.routes.push_back(json::object{{"stateMachineVersionArn", arns.back()}, {"weight", weights.back()}});
    }
  if (arns.empty() || arns.size() > 2) return invalid("A routing configuration has one or two versions.", path);
  if (arns.size() == 2 && arns[0] == arns[1])
    return invalid(fmt::format("Routing configuration must contain distinct state machine version ARNs. Received: [{}]",
                               fmt::join(arns, ", ")),
                   path);
  const bool in_range = std::ranges::all_of(weights, [](std::int64_t weight) { return weight >= 0 && weight <= 100; });
  if (!in_range || weights[0] + (weights.size() == 2 ? weights[1] : 0) != 100)
    return invalid(
        fmt::format("Sum of routing configuration weights must equal 100. Received: [{}]", fmt::join(weights, ", ")),
        path);
  for (const auto& arn : arns) {
    auto named = parse_machine_arn(arn);
    if (!named) return pass_on(named);
    if (!named->is_version())
      return invalid(fmt::format("Routing configuration must contain state machine version ARNs. Received: [{}]",
                                 fmt::join(arns, ", ")),
                     path);
    if (!read.machine_arn.empty() && named->machine != read.machine_arn)
      return invalid("Routing configuration must contain versions of one state machine.", path);
    read.machine_arn = named->machine;
    if (!reader.exists("SELECT 1 FROM machine_version WHERE arn = ?", arn))
      return fail(ErrorCode::not_found, "Request references a resource that does not exist.", "ResourceNotFound", path);
  }
  return read;
}

// An alias that is there. Error: InvalidArn, ResourceNotFound.
Result<std::string> find_alias(store::Reader& reader, const json::object& input) {
  const auto arn = string_at(input, "stateMachineAliasArn");
  auto named = parse_machine_arn(arn);
  if (!named) return pass_on(named);
  if (named->qualifier.empty() || named->is_version())
    return fail(ErrorCode::validation, fmt::format("Invalid Arn: '{}'", arn), "InvalidArn", "stateMachineAliasArn");
  if (!reader.exists("SELECT 1 FROM machine_alias WHERE arn = ?", arn))
    return fail(ErrorCode::not_found, "Request references a resource that does not exist.", "ResourceNotFound",
                "stateMachineAliasArn");
  return std::string(arn);
}

}  // namespace

service::Answer Machines::create_alias(store::Transaction& transaction, const service::Call& call) {
  const auto name = string_at(call.input, "name");
  const auto description = string_at(call.input, "description");
  if (auto named = check_alias_name(name); !named) return pass_on(named);
  auto routes = read_routes(transaction, call.input);
  if (!routes) return pass_on(routes);
  auto machine = find_to_change(transaction, routes->machine_arn);
  if (!machine) return pass_on(machine);
  const std::string arn = fmt::format("{}:{}", machine->arn, name);
  {
    auto rows = transaction.query("SELECT created, description, routes FROM machine_alias WHERE arn = ?", arn);
    if (rows.next()) {
      if (rows.text(1) != description || parse_json(rows.text(2)).value_or(nullptr) != json::value(routes->routes))
        return fail(ErrorCode::conflict,
                    "Failed to create alias because an alias with the same name and a different routing configuration "
                    "already exists.",
                    "ConflictException");
      return json::object{{"stateMachineAliasArn", arn}, {"creationDate", format_rfc3339(rows.time(0))}};
    }
  }
  if (transaction.integer("SELECT count(*) FROM machine_alias WHERE machine_arn = ?", 0, machine->arn) >= aliases_max)
    return fail(ErrorCode::conflict, fmt::format("A state machine has at most {} aliases.", aliases_max),
                "ServiceQuotaExceededException");
  transaction.execute(
      "INSERT INTO machine_alias (arn, machine_arn, name, description, routes, created, updated) "
      "VALUES (?,?,?,?,?,?,?)",
      arn, machine->arn, name, description, to_json(json::value(routes->routes)), transaction.now(), transaction.now());
  return json::object{{"stateMachineAliasArn", arn}, {"creationDate", format_rfc3339(transaction.now())}};
}

service::Answer Machines::update_alias(store::Transaction& transaction, const service::Call& call) {
  const bool describes = call.input.contains("description");
  const bool routes_anew = call.input.contains("routingConfiguration");
  if (!describes && !routes_anew)
    return fail(ErrorCode::validation, "Either the description or the RoutingConfiguration must be specified",
                "MissingRequiredParameter");
  auto arn = find_alias(transaction, call.input);
  if (!arn) return pass_on(arn);
  if (routes_anew) {
    auto routes = read_routes(transaction, call.input);
    if (!routes) return pass_on(routes);
    if (parse_machine_arn(*arn)->machine != routes->machine_arn)
      return invalid("Routing configuration must contain versions of the alias's state machine.",
                     "routingConfiguration");
    transaction.execute("UPDATE machine_alias SET routes = ? WHERE arn = ?", to_json(json::value(routes->routes)),
                        *arn);
  }
  if (describes)
    transaction.execute("UPDATE machine_alias SET description = ? WHERE arn = ?", string_at(call.input, "description"),
                        *arn);
  transaction.execute("UPDATE machine_alias SET updated = ? WHERE arn = ?", transaction.now(), *arn);
  return json::object{{"updateDate", format_rfc3339(transaction.now())}};
}

service::Answer Machines::describe_alias(store::Reader& reader, const service::Call& call) const {
  auto arn = find_alias(reader, call.input);
  if (!arn) return pass_on(arn);
  auto rows = reader.query("SELECT name, description, routes, created, updated FROM machine_alias WHERE arn = ?", *arn);
  rows.next();
  json::object answer{{"stateMachineAliasArn", *arn},
                      {"name", rows.text(0)},
                      {"routingConfiguration", parse_json(rows.text(2)).value_or(json::array{})},
                      {"creationDate", format_rfc3339(rows.time(3))},
                      {"updateDate", format_rfc3339(rows.time(4))}};
  if (!rows.text(1).empty()) answer["description"] = rows.text(1);
  return answer;
}

service::Answer Machines::remove_alias(store::Transaction& transaction, const service::Call& call) {
  auto arn = find_alias(transaction, call.input);
  if (!arn) return pass_on(arn);
  transaction.execute("DELETE FROM machine_alias WHERE arn = ?", *arn);
  return json::object{};
}

// Of a machine, or those that lead to one version.
service::Answer Machines::list_aliases(store::Reader& reader, const service::Call& call) const {
  const auto wanted = string_at(call.input, "stateMachineArn");
  auto machine = find(reader, wanted);
  if (!machine) return pass_on(machine);
  auto page = read_page(call.input, 100, 1000);
  if (!page) return pass_on(page);
  json::array aliases;
  json::object answer;
  std::string last;
  auto rows = reader.query(
      "SELECT name, arn, created, routes FROM machine_alias WHERE machine_arn = ? AND name > ? ORDER BY name",
      machine->arn, page->after);
  while (rows.next()) {
    if (!machine->version_arn.empty()) {
      const auto routes = parse_json(rows.text(3)).value_or(json::array{});
      if (std::ranges::none_of(routes.as_array(), [&](const json::value& route) {
            return string_at(route.as_object(), "stateMachineVersionArn") == wanted;
          }))
        continue;
    }
    if (std::ssize(aliases) == page->size) {
      answer["nextToken"] = make_token(last);
      break;
    }
    last = rows.text(0);
    aliases.push_back(
        json::object{{"stateMachineAliasArn", rows.text(1)}, {"creationDate", format_rfc3339(rows.time(2))}});
  }
  answer["stateMachineAliases"] = std::move(aliases);
  return answer;
}

}  // namespace tocsin::workflows
