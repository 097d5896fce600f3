#include "functions/functions.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/check.h"

namespace tocsin::functions {
namespace {

constexpr std::size_t payload_bytes_max = 6u << 20;  // Source: Lambda quotas, "Invocation payload"

std::map<std::string, std::string> environment_of(const json::object& configuration) {
  std::map<std::string, std::string> environment;
  const auto* variables = tocsin::find(configuration, "Environment.Variables");
  if (!variables || !variables->is_object()) return environment;
  for (const auto& [name, value] : variables->get_object())
    environment.emplace(name, value.is_string() ? std::string(std::string_view(value.get_string())) : to_json(value));
  return environment;
}

}  // namespace

std::span<const store::Migration> migrations() {
  static constexpr store::Migration steps[] = {
      {"functions", 1,
       "CREATE TABLE function (name TEXT PRIMARY KEY, arn TEXT NOT NULL, handler TEXT NOT NULL, revision TEXT NOT NULL,"
       " configuration TEXT NOT NULL, modified BIGINT NOT NULL);"
       "CREATE TABLE function_count (name TEXT PRIMARY KEY, invocations BIGINT NOT NULL, errors BIGINT NOT NULL, "
       "last_error TEXT NOT NULL);"},
      {"functions", 2,
       "CREATE TABLE function_permission (name TEXT NOT NULL, sid TEXT NOT NULL, statement TEXT NOT NULL, PRIMARY KEY "
       "(name, sid));"
       "CREATE TABLE function_tag (name TEXT NOT NULL, tag TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (name, "
       "tag));"},
  };
  return steps;
}

std::string function_name(std::string_view function) {
  constexpr std::string_view marker = "function:";
  if (const auto at = function.find(marker); at != function.npos) function.remove_prefix(at + marker.size());
  return std::string(function.substr(0, function.find(':')));
}

void Registry::add_builtin(std::string handler, Builtin builtin) {
  check(builtins_.emplace(std::move(handler), std::move(builtin)).second, "a built-in function is registered once");
}

std::vector<std::string> Registry::handlers() const {
  std::vector<std::string> names;
  for (const auto& [name, builtin] : builtins_) names.push_back(name);
  return names;
}

void Registry::attach(store::Outbox& outbox) {
  outbox.handle("function-event", [this](store::Transaction& transaction, const store::Due& due) {
    return deliver(transaction, due.destination, {.body = due.payload, .idempotency_key = due.key});
  });
}

Result<Registry::Function> Registry::find(store::Reader& reader, std::string_view function) const {
  auto rows = reader.query("SELECT name, arn, handler, revision, configuration, modified FROM function WHERE name = ?",
                           function_name(function));
  if (!rows.next())
    return fail(ErrorCode::not_found,
                fmt::format("Function not found: {}", identity_.arn("lambda", "function:" + function_name(function))),
                "ResourceNotFoundException");
  auto configuration = parse_json_object(rows.text(4));
  if (!configuration) return pass_on(configuration);
  return Function{rows.string(0), rows.string(1), rows.string(2), rows.string(3), std::move(*configuration),
                  rows.time(5)};
}

void Registry::count(store::Transaction& transaction, const std::string& name, const Error* error) {
  transaction.execute(
      "INSERT INTO function_count (name, invocations, errors, last_error) VALUES (?,1,?,?) ON CONFLICT (name) DO "
      "UPDATE SET "
      "invocations = function_count.invocations + 1, errors = function_count.errors + excluded.errors, "
      "last_error = CASE WHEN excluded.errors = 0 THEN function_count.last_error ELSE excluded.last_error END",
      name, error != nullptr, error ? std::string_view(error->message) : std::string_view());
}

Result<json::value> Registry::invoke(store::Transaction& transaction, std::string_view function,
                                     const json::value& event, std::string_view idempotency_key) {
  auto found = find(transaction, function);
  if (!found) return pass_on(found);
  const auto builtin = builtins_.find(found->handler);
  if (builtin == builtins_.end())
    return fail(ErrorCode::not_found,
                fmt::format("function {}: there is no built-in handler '{}'", found->name, found->handler),
                "InvalidRuntimeException");
  const Invocation invocation{.function_arn = found->arn,
                              .function_name = found->name,
                              .request_id = make_uuid(transaction.random()),
                              .idempotency_key = std::string(idempotency_key),
                              .environment = environment_of(found->configuration)};
  auto answer = transaction.attempt([&] { return builtin->second(transaction, event, invocation); });
  count(transaction, found->name, answer ? nullptr : &answer.error());
  return answer;
}

Result<void> Registry::deliver(store::Transaction& transaction, const std::string& arn,
                               const service::Message& message) {
  auto event = parse_json(message.body);
  if (!event) return pass_on(event);
  auto answer = invoke(transaction, arn, *event, message.idempotency_key);
  if (answer) return {};
  Error error = std::move(answer).error();
  // A function that exists and fails is worth another try, whatever it failed of.
  const bool exists = find(transaction, arn).has_value();
  if (exists && error.aws_code != "InvalidRuntimeException") error.code = ErrorCode::unavailable;
  return std::unexpected(std::move(error));
}

std::vector<std::string> Registry::names_by_handler(store::Reader& reader, std::string_view handler) const {
  std::vector<std::string> names;
  auto rows = reader.query("SELECT name FROM function WHERE handler = ? ORDER BY name", handler);
  while (rows.next()) names.push_back(rows.string(0));
  return names;
}

std::vector<FunctionCount> Registry::counts(store::Reader& reader) const {
  std::vector<FunctionCount> counts;
  auto rows = reader.query("SELECT name, invocations, errors, last_error FROM function_count ORDER BY name");
  while (rows.next()) counts.push_back({rows.string(0), rows.integer(1), rows.integer(2), rows.string(3)});
  return counts;
}

}  // namespace tocsin::functions
