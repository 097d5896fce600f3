#include <algorithm>

#include <fmt/format.h>

#include "core/time_format.h"
#include "digest/digest.h"
#include "functions/functions.h"

namespace tocsin::functions {
namespace {

const std::initializer_list<std::string_view> configurable = {"Description", "Environment", "Handler", "MemorySize",
                                                              "Role",        "Runtime",     "Timeout", "Architectures"};

void take(const json::object& input, json::object& configuration) {
  for (const auto name : configurable)
    if (const auto* value = input.if_contains(name)) configuration[name] = *value;
}

}  // namespace

Result<void> Registry::check_configuration(const json::object& configuration) const {
  const auto handler = string_at(configuration, "Handler");
  if (!builtins_.contains(handler)) {
    return fail(
        ErrorCode::validation,
        fmt::format("Handler '{}' is not built in; built in are: {}. Functions of your own are not supported yet.",
                    handler, fmt::join(handlers(), ", ")),
        "InvalidParameterValueException", "Handler");
  }
  const auto* variables = tocsin::find(configuration, "Environment.Variables");
  if (!variables || !variables->is_object()) return {};
  constexpr std::string_view reserved[] = {
      "AWS_REGION",        "AWS_DEFAULT_REGION",       "AWS_ACCESS_KEY_ID",      "AWS_SECRET_ACCESS_KEY",
      "AWS_SESSION_TOKEN", "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_RUNTIME_API", "_HANDLER"};
  for (const auto& [name, value] : variables->get_object())
    if (std::ranges::find(reserved, std::string_view(name)) != std::end(reserved))
      return fail(ErrorCode::validation,
                  fmt::format("Lambda was unable to configure your environment variables because the environment "
                              "variables you have provided "
                              "contains reserved keys that are currently not supported for modification. Reserved keys "
                              "used in this request: {}",
                              std::string_view(name)),
                  "InvalidParameterValueException", fmt::format("Environment.Variables.{}", std::string_view(name)));
  return {};
}

json::object Registry::describe(const Function& function) const {
  json::object answer = function.configuration;
  answer["FunctionName"] = function.name;
  answer["FunctionArn"] = function.arn;
  answer["LastModified"] = format_rfc3339(function.modified);
  answer["CodeSize"] = 0;
  answer["CodeSha256"] = digest::base64(digest::sha256(function.handler));
  answer["Version"] = "$LATEST";
  answer["PackageType"] = "Zip";
  answer["State"] = "Active";
  answer["LastUpdateStatus"] = "Successful";
  answer["RevisionId"] = function.revision;
  return answer;
}

service::Answer Registry::create(store::Transaction& transaction, const service::Call& call) {
  const std::string name = function_name(string_at(call.input, "FunctionName"));
  if (find(transaction, name))
    return fail(ErrorCode::conflict, fmt::format("Function already exist: {}", name), "ResourceConflictException",
                "FunctionName");
  json::object configuration{{"MemorySize", 128}, {"Timeout", 3}, {"Description", ""}};
  take(call.input, configuration);
  if (auto checked = check_configuration(configuration); !checked) return pass_on(checked);
  Function function{.name = name,
                    .arn = identity_.arn("lambda", "function:" + name),
                    .handler = std::string(string_at(configuration, "Handler")),
                    .revision = make_uuid(transaction.random()),
                    .configuration = std::move(configuration),
                    .modified = transaction.now()};
  transaction.execute(
      "INSERT INTO function (name, arn, handler, revision, configuration, modified) VALUES (?,?,?,?,?,?)",
      function.name, function.arn, function.handler, function.revision, to_json(function.configuration),
      function.modified);
  if (const auto* tags = call.input.if_contains("Tags"); tags && tags->is_object()) {
    if (auto tagged = set_tags(transaction, name, tags->get_object()); !tagged) return pass_on(tagged);
  }
  return describe(function);
}

service::Answer Registry::update_configuration(store::Transaction& transaction, const service::Call& call) {
  auto function = find(transaction, string_at(call.input, "FunctionName"));
  if (!function) return pass_on(function);
  take(call.input, function->configuration);
  if (auto checked = check_configuration(function->configuration); !checked) return pass_on(checked);
  function->handler = string_at(function->configuration, "Handler");
  function->revision = make_uuid(transaction.random());
  function->modified = transaction.now();
  transaction.execute("UPDATE function SET handler = ?, revision = ?, configuration = ?, modified = ? WHERE name = ?",
                      function->handler, function->revision, to_json(function->configuration), function->modified,
                      function->name);
  return describe(*function);
}

service::Answer Registry::remove(store::Transaction& transaction, const service::Call& call) {
  auto function = find(transaction, string_at(call.input, "FunctionName"));
  if (!function) return pass_on(function);
  transaction.execute("DELETE FROM function WHERE name = ?", function->name);
  transaction.execute("DELETE FROM function_permission WHERE name = ?", function->name);
  transaction.execute("DELETE FROM function_tag WHERE name = ?", function->name);
  return json::object{};
}

service::Answer Registry::get(store::Reader& reader, const service::Call& call) const {
  auto function = find(reader, string_at(call.input, "FunctionName"));
  if (!function) return pass_on(function);
  return json::object{{"Configuration", describe(*function)},
                      {"Code", {{"RepositoryType", "BuiltIn"}}},
                      {"Tags", tags_of(reader, function->name)}};
}

service::Answer Registry::get_configuration(store::Reader& reader, const service::Call& call) const {
  auto function = find(reader, string_at(call.input, "FunctionName"));
  if (!function) return pass_on(function);
  return describe(*function);
}

service::Answer Registry::list(store::Reader& reader, const service::Call& call) const {
  const std::string_view after = string_at(call.input, "Marker");
  const auto most = std::clamp<std::int64_t>(integer_at(call.input, "MaxItems", 50), 1, 50);
  json::array functions;
  json::object answer;
  auto rows = reader.query("SELECT name FROM function WHERE name > ? ORDER BY name LIMIT ?", after, most + 1);
  std::string last;
  while (rows.next()) {
    if (std::ssize(functions) == most) {
      answer["NextMarker"] = last;
      break;
    }
    last = rows.string(0);
    auto function = find(reader, last);
    if (!function) return pass_on(function);
    functions.push_back(describe(*function));
  }
  answer["Functions"] = std::move(functions);
  return answer;
}

// Source: Lambda developer guide, "Lambda quotas": invocation payload, asynchronous.
constexpr std::size_t event_bytes_max = 1u << 20;

// Source: Lambda API reference, "Invoke". The payload is a blob, so base64 text in both documents.
service::Answer Registry::invoke_operation(store::Transaction& transaction, const service::Call& call) {
  const auto type = string_at(call.input, "InvocationType", "RequestResponse");
  const auto function = string_at(call.input, "FunctionName");
  if (auto found = find(transaction, function); !found) return pass_on(found);
  auto bytes = digest::from_base64(string_at(call.input, "Payload"));
  if (!bytes)
    return fail(ErrorCode::validation, "Could not parse request body into json", "InvalidRequestContentException",
                "Payload");
  if (type == "Event" && bytes->size() > event_bytes_max)
    return fail(ErrorCode::validation,
                fmt::format("{} byte payload is too large for the Event invocation type (limit {} bytes)",
                            bytes->size(), event_bytes_max),
                "RequestTooLargeException");
  auto event = parse_json(bytes->empty() ? std::string_view("{}") : std::string_view(*bytes));
  if (!event)
    return fail(ErrorCode::validation, fmt::format("Could not parse request body into json: {}", event.error().message),
                "InvalidRequestContentException", "Payload");
  if (type == "DryRun") return json::object{{"StatusCode", 204}};
  if (type == "Event") {
    store::Outbox::add(transaction, {.kind = "function-event",
                                     .destination = std::string(function),
                                     .payload = *bytes,
                                     .retry = {.attempts_max = 2, .age_max = std::chrono::hours{6}}});
    return json::object{{"StatusCode", 202}};
  }
  auto result = invoke(transaction, function, *event);
  json::object answer{{"StatusCode", 200}, {"ExecutedVersion", "$LATEST"}};
  if (result) {
    answer["Payload"] = digest::base64(to_json(*result));
  } else {
    const Error& error = result.error();
    answer["FunctionError"] = "Unhandled";
    answer["Payload"] = digest::base64(to_json(json::object{
        {"errorMessage", error.message}, {"errorType", error.aws_code.empty() ? "Error" : error.aws_code}}));
  }
  return answer;
}

service::Service service(Registry& registry) {
  using service::Call;
  using service::Read;
  using service::Write;
  using store::Reader;
  using store::Transaction;
  return {
      "lambda",
      {
          {"CreateFunction", Write{[&](Transaction& t, const Call& c) { return registry.create(t, c); }}},
          {"UpdateFunctionConfiguration",
           Write{[&](Transaction& t, const Call& c) { return registry.update_configuration(t, c); }}},
          {"DeleteFunction", Write{[&](Transaction& t, const Call& c) { return registry.remove(t, c); }}},
          {"GetFunction", Read{[&](Reader& r, const Call& c) { return registry.get(r, c); }}},
          {"GetFunctionConfiguration",
           Read{[&](Reader& r, const Call& c) { return registry.get_configuration(r, c); }}},
          {"ListFunctions", Read{[&](Reader& r, const Call& c) { return registry.list(r, c); }}},
          {"Invoke", Write{[&](Transaction& t, const Call& c) { return registry.invoke_operation(t, c); }}},
          {"AddPermission", Write{[&](Transaction& t, const Call& c) { return registry.add_permission(t, c); }}},
          {"RemovePermission", Write{[&](Transaction& t, const Call& c) { return registry.remove_permission(t, c); }}},
          {"GetPolicy", Read{[&](Reader& r, const Call& c) { return registry.get_policy(r, c); }}},
          {"TagResource", Write{[&](Transaction& t, const Call& c) { return registry.tag(t, c); }}},
          {"UntagResource", Write{[&](Transaction& t, const Call& c) { return registry.untag(t, c); }}},
          {"ListTags", Read{[&](Reader& r, const Call& c) { return registry.list_tags(r, c); }}},
          {"UpdateFunctionCode", Read{[&](Reader& r, const Call& c) { return registry.update_code(r, c); }}},
      }};
}

}  // namespace tocsin::functions
