#include "workflows/machines.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/time_format.h"
#include "digest/digest.h"
#include "store/compress.h"
#include "workflows/paging.h"
#include "workflows/settings.h"
#include "workflows/tags.h"

namespace tocsin::workflows {
namespace {

constexpr std::size_t definition_bytes_max = 1u << 20;
constexpr std::size_t compiled_max = 1000;
constexpr std::string_view columns =
    "arn, name, definition_hash, role_arn, express, created, updated, revision, settings, deleting, last_version";

Machine read_machine(const store::Rows& row) {
  return {.arn = row.string(0),
          .name = row.string(1),
          .definition_hash = row.string(2),
          .role_arn = row.string(3),
          .express = row.boolean(4),
          .created = row.time(5),
          .updated = row.time(6),
          .revision = row.string(7),
          .settings = parse_json_object(row.text(8)).value_or(json::object{}),
          .deleting = row.boolean(9),
          .last_version = row.integer(10)};
}

std::unexpected<Error> machine_does_not_exist(std::string_view arn) {
  return fail(ErrorCode::not_found, fmt::format("State Machine Does Not Exist: '{}'", arn.substr(0, 256)),
              "StateMachineDoesNotExist");
}

std::unexpected<Error> is_being_deleted(std::string_view arn) {
  return fail(ErrorCode::conflict, fmt::format("State Machine is being deleted: '{}'", arn), "StateMachineDeleting");
}

bool is_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

Result<void> check_publishing(const json::object& input) {
  if (!bool_at(input, "publish") && !string_at(input, "versionDescription").empty())
    return fail(ErrorCode::validation, "Version description can only be set when publish is true",
                "ValidationException", "versionDescription");
  return {};
}

std::string keep_definition(store::Transaction& transaction, std::string_view text, bool express) {
  std::string hash = digest::sha256_hex((express ? "express:" : "standard:") + std::string(text));
  transaction.execute("INSERT INTO workflow_definition (hash, text) VALUES (?,?) ON CONFLICT (hash) DO NOTHING", hash,
                      store::Blob{store::compress((express ? "E" : "S") + std::string(text))});
  return hash;
}

}  // namespace

Result<void> Machines::check_definition(std::string_view text, bool express) const {
  if (text.size() > definition_bytes_max)
    return fail(ErrorCode::validation,
                "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: Definition is larger than 1 MB'",
                "InvalidDefinition", "definition");
  const auto compiled = asl::compile(text, express ? asl::Kind::express : asl::Kind::standard);
  if (!compiled) return std::unexpected(compiled.error());
  if (!check_) return {};
  const auto found = check_(**compiled);
  if (!found.empty()) return fail(ErrorCode::validation, asl::to_message(found), "InvalidDefinition", "definition");
  return {};
}

Result<void> check_name(std::string_view name) {
  const bool long_or_empty = name.empty() || name.size() > 80;
  const bool bad = std::ranges::any_of(name, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte <= 0x20 || byte == 0x7f || std::string_view("<>{}[]?*\"#%\\^|~`$&,;:/").contains(c);
  });
  if (long_or_empty || bad)
    return fail(ErrorCode::validation, fmt::format("Invalid Name: '{}'", name.substr(0, 100)), "InvalidName", "name");
  return {};
}

bool MachineArn::is_version() const {
  return is_digits(qualifier);
}

Result<MachineArn> parse_machine_arn(std::string_view arn) {
  constexpr std::string_view type = "stateMachine:";
  const auto parsed = parse_arn(arn);
  if (!parsed || parsed->service != "states")
    return fail(ErrorCode::validation, fmt::format("Invalid Arn: 'Invalid ARN prefix: {}'", arn.substr(0, 256)),
                "InvalidArn");
  if (!parsed->resource.starts_with(type))
    return fail(ErrorCode::validation,
                fmt::format("Invalid Arn: 'Resource type not valid in this context: {}'",
                            parsed->resource.substr(0, parsed->resource.find(':'))),
                "InvalidArn");
  const std::string_view rest = std::string_view(parsed->resource).substr(type.size());
  if (rest.find('/') != rest.npos)
    return fail(ErrorCode::validation, "The operation does not support the ARN of a labelled Map state.",
                "ValidationException");
  const auto colon = rest.find(':');
  const std::string_view qualifier = colon == rest.npos ? std::string_view() : rest.substr(colon + 1);
  if (rest.empty() || colon == 0 || qualifier.find(':') != qualifier.npos || (colon != rest.npos && qualifier.empty()))
    return fail(ErrorCode::validation, fmt::format("Invalid Arn: '{}'", arn.substr(0, 256)), "InvalidArn");
  const std::size_t tail = colon == rest.npos ? 0 : qualifier.size() + 1;
  return MachineArn{std::string(arn.substr(0, arn.size() - tail)), std::string(qualifier)};
}

Result<Machine> Machines::find(store::Reader& reader, std::string_view arn) const {
  auto named = parse_machine_arn(arn);
  if (!named) return pass_on(named);
  auto rows = reader.query(fmt::format("SELECT {} FROM state_machine WHERE arn = ?", columns), named->machine);
  if (!rows.next()) return machine_does_not_exist(arn);
  Machine machine = read_machine(rows);
  if (named->qualifier.empty()) return machine;
  if (!named->is_version()) return machine_does_not_exist(arn);
  auto versions = reader.query(
      "SELECT definition_hash, role_arn, revision, settings, created, description FROM machine_version WHERE arn = ?",
      arn);
  if (!versions.next()) return machine_does_not_exist(arn);
  machine.definition_hash = versions.string(0);
  machine.role_arn = versions.string(1);
  machine.revision = versions.string(2);
  machine.settings = parse_json_object(versions.text(3)).value_or(json::object{});
  machine.created = versions.time(4);
  machine.description = versions.string(5);
  machine.version_arn = arn;
  return machine;
}

Result<Machine> Machines::find_to_change(store::Reader& reader, std::string_view arn) const {
  auto named = parse_machine_arn(arn);
  if (!named) return pass_on(named);
  if (!named->qualifier.empty())
    return fail(ErrorCode::validation, fmt::format("The operation does not take a version or an alias: '{}'", arn),
                "ValidationException", "stateMachineArn");
  auto machine = find(reader, arn);
  if (machine && machine->deleting) return is_being_deleted(arn);
  return machine;
}

Result<Machine> Machines::resolve(store::Transaction& transaction, std::string_view arn) const {
  auto named = parse_machine_arn(arn);
  if (!named) return pass_on(named);
  std::string wanted{arn};
  const bool is_alias = !named->qualifier.empty() && !named->is_version();
  if (is_alias) {
    auto rows = transaction.query("SELECT routes FROM machine_alias WHERE arn = ?", arn);
    if (!rows.next()) return machine_does_not_exist(arn);
    const auto routes = parse_json(rows.text(0)).value_or(json::array{});
    auto drawn = static_cast<std::int64_t>(transaction.random().below(100));
    for (const auto& route : routes.as_array()) {
      wanted = string_at(route.as_object(), "stateMachineVersionArn");
      drawn -= integer_at(route.as_object(), "weight");
      if (drawn < 0) break;
    }
  }
  auto machine = find(transaction, wanted);
  if (!machine) return machine;
  if (machine->deleting) return is_being_deleted(machine->arn);
  if (is_alias) machine->alias_arn = arn;
  return machine;
}

bool Machines::is_deleting(store::Reader& reader, std::string_view machine_arn) {
  return reader.exists("SELECT 1 FROM state_machine WHERE arn = ? AND deleting = 1", machine_arn);
}

void Machines::finish_deletion(store::Transaction& transaction, std::string_view machine_arn) {
  if (transaction.exists("SELECT 1 FROM execution WHERE machine_arn = ? AND status = 'RUNNING'", machine_arn)) return;
  transaction.execute("DELETE FROM state_machine WHERE arn = ?", machine_arn);
}

Result<std::string> Machines::definition_text(store::Reader& reader, std::string_view hash) const {
  auto rows = reader.query("SELECT text FROM workflow_definition WHERE hash = ?", hash);
  if (!rows.next()) return fail(ErrorCode::corrupt, "a workflow definition is missing from the store");
  auto text = store::decompress(rows.blob(0));
  if (!text) return pass_on(text);
  return text->substr(1);
}

Result<asl::DefinitionPtr> Machines::definition(store::Reader& reader, std::string_view hash) const {
  {
    std::lock_guard lock{mutex_};
    if (const auto found = compiled_.find(hash); found != compiled_.end()) return found->second;
  }
  auto rows = reader.query("SELECT text FROM workflow_definition WHERE hash = ?", hash);
  if (!rows.next()) return fail(ErrorCode::corrupt, "a workflow definition is missing from the store");
  auto text = store::decompress(rows.blob(0));
  if (!text) return pass_on(text);
  const auto kind = text->front() == 'E' ? asl::Kind::express : asl::Kind::standard;
  auto compiled = asl::compile(std::string_view(*text).substr(1), kind);
  if (!compiled) return pass_on(compiled);
  std::lock_guard lock{mutex_};
  if (compiled_.size() >= compiled_max) compiled_.clear();
  compiled_.emplace(hash, *compiled);
  return *compiled;
}

// The call is idempotent over name, definition, type and configurations; another role or other tags are ignored.
service::Answer Machines::create_again(store::Transaction& transaction, const Machine& there, const Machine& wanted,
                                       const json::object& input) {
  if (there.deleting) return is_being_deleted(there.arn);
  if (there.definition_hash != wanted.definition_hash || there.settings != wanted.settings)
    return fail(ErrorCode::conflict, fmt::format("State Machine Already Exists: '{}'", there.arn),
                "StateMachineAlreadyExists");
  json::object answer{{"stateMachineArn", there.arn}, {"creationDate", format_rfc3339(there.created)}};
  if (!bool_at(input, "publish")) return answer;
  auto rows = transaction.query("SELECT arn, description FROM machine_version WHERE machine_arn = ? AND revision = ?",
                                there.arn, there.revision);
  if (!rows.next() || rows.text(1) != string_at(input, "versionDescription"))
    return fail(ErrorCode::conflict, fmt::format("State Machine Already Exists: '{}'", there.arn),
                "StateMachineAlreadyExists");
  answer["stateMachineVersionArn"] = rows.text(0);
  return answer;
}

namespace {

// Roles are recorded, not enforced; what is no role's ARN is refused as the service does.
Result<void> check_role(const json::object& input) {
  const auto role = string_at(input, "roleArn");
  const auto arn = parse_arn(role);
  if (role.empty() || (arn && arn->service == "iam" && arn->resource.starts_with("role/"))) return {};
  return fail(ErrorCode::validation, fmt::format("Invalid Role Arn: '{}'", role.substr(0, 256)), "InvalidArn",
              "roleArn");
}

}  // namespace

service::Answer Machines::create(store::Transaction& transaction, const service::Call& call) {
  const auto name = string_at(call.input, "name");
  const auto text = string_at(call.input, "definition");
  const bool express = string_at(call.input, "type", "STANDARD") == "EXPRESS";
  if (auto named = check_name(name); !named) return pass_on(named);
  if (auto role = check_role(call.input); !role) return pass_on(role);
  if (auto published = check_publishing(call.input); !published) return pass_on(published);
  auto settings = read_settings(call.input, {});
  if (!settings) return pass_on(settings);
  if (auto defined = check_definition(text, express); !defined) return pass_on(defined);
  const Machine machine{.arn = identity_.arn("states", fmt::format("stateMachine:{}", name)),
                        .name = std::string(name),
                        .definition_hash = keep_definition(transaction, text, express),
                        .role_arn = std::string(string_at(call.input, "roleArn")),
                        .express = express,
                        .created = transaction.now(),
                        .updated = transaction.now(),
                        .revision = {},
                        .settings = std::move(*settings)};
  if (const auto there = find(transaction, machine.arn)) return create_again(transaction, *there, machine, call.input);
  transaction.execute(
      "INSERT INTO state_machine (arn, name, definition_hash, role_arn, express, created, updated, settings) VALUES "
      "(?,?,?,?,?,?,?,?)",
      machine.arn, name, machine.definition_hash, machine.role_arn, express, transaction.now(), transaction.now(),
      to_json(machine.settings));
  if (auto tagged = put_tags(transaction, machine.arn, call.input.if_contains("tags")); !tagged) return pass_on(tagged);
  json::object answer{{"stateMachineArn", machine.arn}, {"creationDate", format_rfc3339(transaction.now())}};
  if (bool_at(call.input, "publish")) {
    auto version = publish_current(transaction, machine, string_at(call.input, "versionDescription"));
    if (!version) return pass_on(version);
    answer["stateMachineVersionArn"] = version->arn;
  }
  return answer;
}

service::Answer Machines::update(store::Transaction& transaction, const service::Call& call) {
  auto found = find_to_change(transaction, string_at(call.input, "stateMachineArn"));
  if (!found) return pass_on(found);
  if (auto published = check_publishing(call.input); !published) return pass_on(published);
  constexpr std::string_view changeable[] = {"definition", "roleArn", "loggingConfiguration", "tracingConfiguration",
                                             "encryptionConfiguration"};
  if (std::ranges::none_of(changeable, [&](std::string_view member) { return call.input.contains(member); }))
    return fail(ErrorCode::validation,
                "Either the definition, the role ARN, the LoggingConfiguration, or the TracingConfiguration must be "
                "specified",
                "MissingRequiredParameter");
  if (auto role = check_role(call.input); !role) return pass_on(role);
  Machine machine = *found;
  if (const auto* text = call.input.if_contains("definition"); text && text->is_string()) {
    if (auto defined = check_definition(text->get_string(), machine.express); !defined) return pass_on(defined);
    machine.definition_hash = keep_definition(transaction, text->get_string(), machine.express);
  }
  if (const auto role = string_at(call.input, "roleArn"); !role.empty()) machine.role_arn = role;
  auto settings = read_settings(call.input, found->settings);
  if (!settings) return pass_on(settings);
  machine.settings = std::move(*settings);
  const bool same = machine.definition_hash == found->definition_hash && machine.role_arn == found->role_arn &&
                    machine.settings == found->settings;
  if (!same) machine.revision = make_uuid(transaction.random());
  transaction.execute(
      "UPDATE state_machine SET definition_hash = ?, role_arn = ?, settings = ?, revision = ?, updated = ? "
      "WHERE arn = ?",
      machine.definition_hash, machine.role_arn, to_json(machine.settings), machine.revision, transaction.now(),
      machine.arn);
  json::object answer{{"updateDate", format_rfc3339(transaction.now())}};
  if (!machine.revision.empty()) answer["revisionId"] = machine.revision;
  if (bool_at(call.input, "publish")) {
    auto version = publish_current(transaction, machine, string_at(call.input, "versionDescription"));
    if (!version) return pass_on(version);
    answer["stateMachineVersionArn"] = version->arn;
  }
  return answer;
}

service::Answer Machines::describe(store::Reader& reader, const service::Call& call) const {
  auto machine = find(reader, string_at(call.input, "stateMachineArn"));
  if (!machine) return pass_on(machine);
  auto text = definition_text(reader, machine->definition_hash);
  if (!text) return pass_on(text);
  if (string_at(call.input, "includedData") == "METADATA_ONLY") *text = "{}";
  json::object answer{{"stateMachineArn", machine->version_arn.empty() ? machine->arn : machine->version_arn},
                      {"name", machine->name},
                      {"status", machine->deleting ? "DELETING" : "ACTIVE"},
                      {"definition", *text},
                      {"roleArn", machine->role_arn},
                      {"type", machine->express ? "EXPRESS" : "STANDARD"},
                      {"creationDate", format_rfc3339(machine->created)}};
  // Rows of before there were configurations have none.
  if (auto settings = read_settings({}, machine->settings)) show_settings(*settings, answer);
  if (!machine->revision.empty()) answer["revisionId"] = machine->revision;
  if (!machine->description.empty()) answer["description"] = machine->description;
  if (task_deadline_.count() > 0) answer["taskDeadlineSeconds"] = task_deadline_.count();
  return answer;
}

service::Answer Machines::list(store::Reader& reader, const service::Call& call) const {
  auto page = read_page(call.input, 100, 1000);
  if (!page) return pass_on(page);
  json::array machines;
  json::object answer;
  auto rows = reader.query(fmt::format("SELECT {} FROM state_machine WHERE arn > ? ORDER BY arn LIMIT ?", columns),
                           page->after, page->size + 1);
  std::string last;
  while (rows.next()) {
    if (std::ssize(machines) == page->size) {
      answer["nextToken"] = make_token(last);
      break;
    }
    const Machine machine = read_machine(rows);
    last = machine.arn;
    machines.push_back(json::object{{"stateMachineArn", machine.arn},
                                    {"name", machine.name},
                                    {"type", machine.express ? "EXPRESS" : "STANDARD"},
                                    {"creationDate", format_rfc3339(machine.created)}});
  }
  answer["stateMachines"] = std::move(machines);
  return answer;
}

// Versions, aliases and tags go at once; the machine itself refuses new executions and goes with the last one that runs
// (see Executions::happen). Deleting what is not there succeeds, as in AWS.
service::Answer Machines::remove(store::Transaction& transaction, const service::Call& call) {
  const auto arn = string_at(call.input, "stateMachineArn");
  auto machine = find_to_change(transaction, arn);
  if (!machine) {
    const auto& code = machine.error().aws_code;
    if (code == "StateMachineDoesNotExist" || code == "StateMachineDeleting") return json::object{};
    return pass_on(machine);
  }
  transaction.execute("DELETE FROM machine_alias WHERE machine_arn = ?", arn);
  transaction.execute("DELETE FROM machine_version WHERE machine_arn = ?", arn);
  remove_tags(transaction, arn);
  transaction.execute("UPDATE state_machine SET deleting = 1 WHERE arn = ?", arn);
  finish_deletion(transaction, arn);
  return json::object{};
}

// Source: States API reference, ValidateStateMachineDefinition: severity ERROR shows errors only, maxResults 0 is 100.
service::Answer Machines::validate(store::Reader&, const service::Call& call) const {
  constexpr std::int64_t results_max = 100;
  const bool express = string_at(call.input, "type", "STANDARD") == "EXPRESS";
  const bool with_warnings = string_at(call.input, "severity", "ERROR") == "WARNING";
  const auto wanted = integer_at(call.input, "maxResults");
  const auto count_max = wanted <= 0 ? results_max : std::min(wanted, results_max);
  const auto text = string_at(call.input, "definition");
  auto parsed = asl::parse(text, express ? asl::Kind::express : asl::Kind::standard);
  if (check_ && parsed.definition)
    for (auto& found : check_(*asl::DefinitionPtr(parsed.definition))) {
      parsed.diagnostics.push_back(std::move(found));
      parsed.definition.reset();
    }
  json::array diagnostics;
  bool truncated = false;
  for (const auto& found : parsed.diagnostics) {
    const bool is_error = found.severity == asl::Severity::error;
    if (!is_error && !with_warnings) continue;
    truncated = std::ssize(diagnostics) == count_max;
    if (truncated) break;
    json::object shown{{"severity", is_error ? "ERROR" : "WARNING"}, {"code", found.code}, {"message", found.message}};
    if (found.location) shown["location"] = *found.location;
    diagnostics.push_back(std::move(shown));
  }
  return json::object{
      {"result", parsed.definition ? "OK" : "FAIL"}, {"diagnostics", std::move(diagnostics)}, {"truncated", truncated}};
}

}  // namespace tocsin::workflows
