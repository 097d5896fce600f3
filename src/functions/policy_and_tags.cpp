// A function's resource policy and tags, and why its code can't be changed.
#include <algorithm>

#include <fmt/format.h>

#include "functions/functions.h"

namespace tocsin::functions {
namespace {

constexpr std::size_t policy_bytes_max = 20 * 1024;  // Source: Lambda quotas, "Function resource-based policy"
constexpr std::int64_t tags_max = 50;

// "lambda.amazonaws.com" is a service, twelve digits or an ARN are an account or a principal in it.
json::value principal_of(std::string_view principal) {
  if (principal == "*") return "*";
  const bool account =
      principal.size() == 12 && std::ranges::all_of(principal, [](char c) { return c >= '0' && c <= '9'; });
  if (account) return json::object{{"AWS", fmt::format("arn:aws:iam::{}:root", principal)}};
  if (principal.starts_with("arn:")) return json::object{{"AWS", principal}};
  return json::object{{"Service", principal}};
}

json::object statement_of(const json::object& input, const std::string& function_arn) {
  json::object statement{{"Sid", string_at(input, "StatementId")},
                         {"Effect", "Allow"},
                         {"Principal", principal_of(string_at(input, "Principal"))},
                         {"Action", string_at(input, "Action")},
                         {"Resource", function_arn}};
  json::object condition;
  if (const auto account = string_at(input, "SourceAccount"); !account.empty())
    condition["StringEquals"] = json::object{{"AWS:SourceAccount", account}};
  if (const auto arn = string_at(input, "SourceArn"); !arn.empty())
    condition["ArnLike"] = json::object{{"AWS:SourceArn", arn}};
  if (!condition.empty()) statement["Condition"] = std::move(condition);
  return statement;
}

}  // namespace

service::Answer Registry::add_permission(store::Transaction& transaction, const service::Call& call) {
  auto function = find(transaction, string_at(call.input, "FunctionName"));
  if (!function) return pass_on(function);
  const auto sid = string_at(call.input, "StatementId");
  if (transaction.exists("SELECT 1 FROM function_permission WHERE name = ? AND sid = ?", function->name, sid))
    return fail(
        ErrorCode::conflict,
        fmt::format("The statement id ({}) provided already exists. Please provide a new statement id, or remove "
                    "the existing statement.",
                    sid),
        "ResourceConflictException", "StatementId");
  const std::string statement = to_json(statement_of(call.input, function->arn));
  const auto size = transaction.integer(
      "SELECT coalesce(sum(length(statement)), 0) FROM function_permission WHERE name = ?", 0, function->name);
  if (static_cast<std::size_t>(size) + statement.size() > policy_bytes_max)
    return fail(ErrorCode::validation,
                fmt::format("The final policy size is bigger than the limit ({}).", policy_bytes_max),
                "PolicyLengthExceededException");
  transaction.execute("INSERT INTO function_permission (name, sid, statement) VALUES (?,?,?)", function->name, sid,
                      statement);
  return json::object{{"Statement", statement}};
}

service::Answer Registry::remove_permission(store::Transaction& transaction, const service::Call& call) {
  auto function = find(transaction, string_at(call.input, "FunctionName"));
  if (!function) return pass_on(function);
  const auto sid = string_at(call.input, "StatementId");
  if (transaction.execute("DELETE FROM function_permission WHERE name = ? AND sid = ?", function->name, sid) == 0)
    return fail(ErrorCode::not_found, fmt::format("Statement {} is not found in resource policy.", sid),
                "ResourceNotFoundException");
  return json::object{};
}

service::Answer Registry::get_policy(store::Reader& reader, const service::Call& call) const {
  auto function = find(reader, string_at(call.input, "FunctionName"));
  if (!function) return pass_on(function);
  json::array statements;
  auto rows = reader.query("SELECT statement FROM function_permission WHERE name = ? ORDER BY sid", function->name);
  while (rows.next()) {
    if (auto statement = parse_json(rows.text(0))) statements.push_back(std::move(*statement));
  }
  if (statements.empty())
    return fail(ErrorCode::not_found, "The resource you requested does not exist.", "ResourceNotFoundException");
  const json::object policy{{"Version", "2012-10-17"}, {"Id", "default"}, {"Statement", std::move(statements)}};
  return json::object{{"Policy", to_json(policy)}, {"RevisionId", function->revision}};
}

json::object Registry::tags_of(store::Reader& reader, const std::string& name) const {
  json::object tags;
  auto rows = reader.query("SELECT tag, value FROM function_tag WHERE name = ? ORDER BY tag", name);
  while (rows.next()) tags[rows.text(0)] = rows.text(1);
  return tags;
}

Result<void> Registry::set_tags(store::Transaction& transaction, const std::string& name, const json::object& tags) {
  for (const auto& [tag, value] : tags) {
    if (!value.is_string())
      return fail(ErrorCode::validation, fmt::format("the tag {} must be a text", std::string_view(tag)),
                  "InvalidParameterValueException", "Tags");
    transaction.execute(
        "INSERT INTO function_tag (name, tag, value) VALUES (?,?,?) ON CONFLICT (name, tag) DO UPDATE SET value = "
        "excluded.value",
        name, std::string_view(tag), std::string_view(value.get_string()));
  }
  if (transaction.integer("SELECT count(*) FROM function_tag WHERE name = ?", 0, name) > tags_max)
    return fail(ErrorCode::validation, fmt::format("a function has at most {} tags", tags_max),
                "InvalidParameterValueException", "Tags");
  return {};
}

service::Answer Registry::tag(store::Transaction& transaction, const service::Call& call) {
  auto function = find(transaction, string_at(call.input, "Resource"));
  if (!function) return pass_on(function);
  const auto* tags = call.input.if_contains("Tags");
  if (!tags || !tags->is_object())
    return fail(ErrorCode::validation, "Tags is required", "InvalidParameterValueException", "Tags");
  if (auto done = set_tags(transaction, function->name, tags->get_object()); !done) return pass_on(done);
  return json::object{};
}

service::Answer Registry::untag(store::Transaction& transaction, const service::Call& call) {
  auto function = find(transaction, string_at(call.input, "Resource"));
  if (!function) return pass_on(function);
  const auto* keys = call.input.if_contains("TagKeys");
  if (!keys || !keys->is_array())
    return fail(ErrorCode::validation, "TagKeys is required", "InvalidParameterValueException", "TagKeys");
  for (const auto& key : keys->get_array()) {
    if (!key.is_string()) continue;
    transaction.execute("DELETE FROM function_tag WHERE name = ? AND tag = ?", function->name,
                        std::string_view(key.get_string()));
  }
  return json::object{};
}

service::Answer Registry::list_tags(store::Reader& reader, const service::Call& call) const {
  auto function = find(reader, string_at(call.input, "Resource"));
  if (!function) return pass_on(function);
  return json::object{{"Tags", tags_of(reader, function->name)}};
}

service::Answer Registry::update_code(store::Reader& reader, const service::Call& call) const {
  auto function = find(reader, string_at(call.input, "FunctionName"));
  if (!function) return pass_on(function);
  return fail(
      ErrorCode::validation,
      fmt::format("function {} runs the built-in handler '{}': its code can't be changed here. Functions of your "
                  "own are not supported yet.",
                  function->name, function->handler),
      "InvalidParameterValueException");
}

}  // namespace tocsin::functions
