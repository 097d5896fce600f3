#include "workflows/machines.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/time_format.h"
#include "digest/digest.h"
#include "store/compress.h"
#include "workflows/paging.h"

namespace tocsin::workflows {
namespace {

constexpr std::size_t definition_bytes_max = 1u << 20;
constexpr std::size_t compiled_max = 1000;
constexpr std::string_view columns = "arn, name, definition_hash, role_arn, express, created, updated";

Machine read_machine(const store::Rows& row) {
  return {row.string(0), row.string(1), row.string(2), row.string(3), row.boolean(4), row.time(5), row.time(6)};
}

Result<void> check_definition(std::string_view text, bool express) {
  if (text.size() > definition_bytes_max)
    return fail(ErrorCode::validation,
                "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: Definition is larger than 1 MB'",
                "InvalidDefinition", "definition");
  const auto compiled = asl::compile(text, express ? asl::Kind::express : asl::Kind::standard);
  if (!compiled) return std::unexpected(compiled.error());
  return {};
}

std::string keep_definition(store::Transaction& transaction, std::string_view text, bool express) {
  std::string hash = digest::sha256_hex((express ? "express:" : "standard:") + std::string(text));
  transaction.execute("INSERT INTO workflow_definition (hash, text) VALUES (?,?) ON CONFLICT (hash) DO NOTHING", hash,
                      store::Blob{store::compress((express ? "E" : "S") + std::string(text))});
  return hash;
}

}  // namespace

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

Result<Machine> Machines::find(store::Reader& reader, std::string_view arn) const {
  const auto parsed = parse_arn(arn);
  if (!parsed || parsed->service != "states" || !parsed->resource.starts_with("stateMachine:"))
    return fail(ErrorCode::validation, fmt::format("Invalid Arn: '{}'", arn.substr(0, 256)), "InvalidArn");
  auto rows = reader.query(fmt::format("SELECT {} FROM state_machine WHERE arn = ?", columns), arn);
  if (!rows.next())
    return fail(ErrorCode::not_found, fmt::format("State Machine Does Not Exist: '{}'", arn),
                "StateMachineDoesNotExist");
  return read_machine(rows);
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

service::Answer Machines::create(store::Transaction& transaction, const service::Call& call) {
  const auto name = string_at(call.input, "name");
  const auto text = string_at(call.input, "definition");
  const auto role = string_at(call.input, "roleArn");
  const bool express = string_at(call.input, "type", "STANDARD") == "EXPRESS";
  if (auto named = check_name(name); !named) return pass_on(named);
  if (auto defined = check_definition(text, express); !defined) return pass_on(defined);
  const std::string arn = identity_.arn("states", fmt::format("stateMachine:{}", name));
  const std::string hash = keep_definition(transaction, text, express);
  if (auto there = find(transaction, arn)) {
    // The call is idempotent: the same machine again is the same answer.
    if (there->definition_hash != hash || there->role_arn != role)
      return fail(ErrorCode::conflict, fmt::format("State Machine Already Exists: '{}'", arn),
                  "StateMachineAlreadyExists");
    return json::object{{"stateMachineArn", arn}, {"creationDate", format_rfc3339(there->created)}};
  }
  transaction.execute(
      "INSERT INTO state_machine (arn, name, definition_hash, role_arn, express, created, updated) VALUES "
      "(?,?,?,?,?,?,?)",
      arn, name, hash, role, express, transaction.now(), transaction.now());
  return json::object{{"stateMachineArn", arn}, {"creationDate", format_rfc3339(transaction.now())}};
}

service::Answer Machines::update(store::Transaction& transaction, const service::Call& call) {
  auto machine = find(transaction, string_at(call.input, "stateMachineArn"));
  if (!machine) return pass_on(machine);
  if (const auto* text = call.input.if_contains("definition"); text && text->is_string()) {
    if (auto defined = check_definition(text->get_string(), machine->express); !defined) return pass_on(defined);
    machine->definition_hash = keep_definition(transaction, text->get_string(), machine->express);
  }
  if (const auto role = string_at(call.input, "roleArn"); !role.empty()) machine->role_arn = role;
  transaction.execute("UPDATE state_machine SET definition_hash = ?, role_arn = ?, updated = ? WHERE arn = ?",
                      machine->definition_hash, machine->role_arn, transaction.now(), machine->arn);
  return json::object{{"updateDate", format_rfc3339(transaction.now())}};
}

service::Answer Machines::describe(store::Reader& reader, const service::Call& call) const {
  auto machine = find(reader, string_at(call.input, "stateMachineArn"));
  if (!machine) return pass_on(machine);
  auto text = definition_text(reader, machine->definition_hash);
  if (!text) return pass_on(text);
  return json::object{{"stateMachineArn", machine->arn},
                      {"name", machine->name},
                      {"status", "ACTIVE"},
                      {"definition", *text},
                      {"roleArn", machine->role_arn},
                      {"type", machine->express ? "EXPRESS" : "STANDARD"},
                      {"creationDate", format_rfc3339(machine->created)}};
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

service::Answer Machines::remove(store::Transaction& transaction, const service::Call& call) {
  const auto arn = string_at(call.input, "stateMachineArn");
  auto machine = find(transaction, arn);
  if (!machine && machine.error().aws_code == "InvalidArn") return pass_on(machine);
  // Executions under way go on; their definition stays. Deleting what is not there succeeds, as in AWS.
  transaction.execute("DELETE FROM state_machine WHERE arn = ?", arn);
  return json::object{};
}

}  // namespace tocsin::workflows
