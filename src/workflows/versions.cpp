// Published versions of state machines: each keeps a revision's definition, role and configurations for good.
#include <fmt/format.h>

#include "core/time_format.h"
#include "workflows/machines.h"
#include "workflows/paging.h"

namespace tocsin::workflows {
namespace {

constexpr std::int64_t versions_max = 1000;  // AWS's quota
constexpr std::string_view first_revision = "INITIAL";

}  // namespace

Result<Machines::Version> Machines::publish_current(store::Transaction& transaction, const Machine& machine,
                                                    std::string_view description) {
  {
    auto rows = transaction.query("SELECT arn, created FROM machine_version WHERE machine_arn = ? AND revision = ?",
                                  machine.arn, machine.revision);
    if (rows.next()) return Version{rows.string(0), rows.time(1)};
  }
  if (transaction.integer("SELECT count(*) FROM machine_version WHERE machine_arn = ?", 0, machine.arn) >= versions_max)
    return fail(ErrorCode::conflict, fmt::format("A state machine has at most {} versions.", versions_max),
                "ServiceQuotaExceededException");
  // Numbers are never given again, also after a version was deleted.
  const std::int64_t number = machine.last_version + 1;
  transaction.execute("UPDATE state_machine SET last_version = ? WHERE arn = ?", number, machine.arn);
  Version version{fmt::format("{}:{}", machine.arn, number), transaction.now()};
  transaction.execute(
      "INSERT INTO machine_version (machine_arn, number, arn, revision, description, definition_hash, role_arn, "
      "settings, created) VALUES (?,?,?,?,?,?,?,?,?)",
      machine.arn, number, version.arn, machine.revision, description, machine.definition_hash, machine.role_arn,
      to_json(machine.settings), version.created);
  return version;
}

service::Answer Machines::publish(store::Transaction& transaction, const service::Call& call) {
  auto machine = find_to_change(transaction, string_at(call.input, "stateMachineArn"));
  if (!machine) return pass_on(machine);
  const auto wanted = string_at(call.input, "revisionId");
  const auto current = machine->revision.empty() ? first_revision : std::string_view(machine->revision);
  if (!wanted.empty() && wanted != current)
    return fail(ErrorCode::conflict,
                fmt::format("Failed to publish the State Machine version for revision {}. The current State Machine "
                            "revision is {}.",
                            wanted, current),
                "ConflictException", "revisionId");
  auto version = publish_current(transaction, *machine, string_at(call.input, "description"));
  if (!version) return pass_on(version);
  return json::object{{"creationDate", format_rfc3339(version->created)}, {"stateMachineVersionArn", version->arn}};
}

service::Answer Machines::remove_version(store::Transaction& transaction, const service::Call& call) {
  const auto arn = string_at(call.input, "stateMachineVersionArn");
  auto named = parse_machine_arn(arn);
  if (!named) return pass_on(named);
  if (!named->is_version())
    return fail(ErrorCode::validation, fmt::format("'{}' is not the ARN of a version.", arn), "ValidationException",
                "stateMachineVersionArn");
  std::string names;
  auto rows =
      transaction.query("SELECT name, routes FROM machine_alias WHERE machine_arn = ? ORDER BY name", named->machine);
  while (rows.next()) {
    const auto routes = parse_json(rows.text(1)).value_or(json::array{});
    for (const auto& route : routes.as_array())
      if (string_at(route.as_object(), "stateMachineVersionArn") == arn)
        names += (names.empty() ? "" : ", ") + rows.string(0);
  }
  if (!names.empty())
    return fail(ErrorCode::conflict,
                fmt::format("Version to be deleted must not be referenced by an alias. Current list of aliases "
                            "referencing this version: [{}]",
                            names),
                "ConflictException");
  transaction.execute("DELETE FROM machine_version WHERE arn = ?", arn);
  return json::object{};
}

// Newest first. A machine that is not there has none: the operation knows no such error.
service::Answer Machines::list_versions(store::Reader& reader, const service::Call& call) const {
  auto named = parse_machine_arn(string_at(call.input, "stateMachineArn"));
  if (!named) return pass_on(named);
  if (!named->qualifier.empty())
    return fail(ErrorCode::validation, "The operation does not take the ARN of a version or an alias.",
                "ValidationException", "stateMachineArn");
  auto page = read_page(call.input, 100, 1000);
  if (!page) return pass_on(page);
  const auto before =
      page->after.empty() ? std::numeric_limits<std::int64_t>::max() : std::strtoll(page->after.c_str(), nullptr, 10);
  auto rows = reader.query(
      "SELECT number, arn, created FROM machine_version WHERE machine_arn = ? AND number < ? "
      "ORDER BY number DESC LIMIT ?",
      named->machine, before, page->size + 1);
  json::array versions;
  json::object answer;
  std::int64_t last = 0;
  while (rows.next()) {
    if (std::ssize(versions) == page->size) {
      answer["nextToken"] = make_token(std::to_string(last));
      break;
    }
    last = rows.integer(0);
    versions.push_back(
        json::object{{"stateMachineVersionArn", rows.text(1)}, {"creationDate", format_rfc3339(rows.time(2))}});
  }
  answer["stateMachineVersions"] = std::move(versions);
  return answer;
}

}  // namespace tocsin::workflows
