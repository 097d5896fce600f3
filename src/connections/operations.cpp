// EventBridge's API of connections.
#include <fmt/format.h>

#include "connections/connections.h"
#include "core/random.h"
#include "core/time_format.h"
#include "digest/digest.h"

namespace tocsin::connections {
namespace {

constexpr std::int64_t connections_max = 3000;  // EventBridge's quota
constexpr int depth_max = 8;
constexpr std::string_view authorized = "AUTHORIZED";

std::unexpected<Error> invalid(std::string message, std::string path) {
  return fail(ErrorCode::validation, std::move(message), "ValidationException", std::move(path));
}

std::string_view parameters_of(std::string_view type) {
  if (type == "BASIC") return "BasicAuthParameters";
  if (type == "API_KEY") return "ApiKeyAuthParameters";
  return "OAuthParameters";
}

// Everything that the type needs is there and can be sent.
Result<void> check(std::string_view type, const json::object& auth) {
  const auto member = parameters_of(type);
  if (!find(auth, member))
    return invalid(fmt::format("Authorization type {} needs the parameters {}.", type, member), "AuthParameters");
  std::vector<std::string_view> needed;
  if (type == "BASIC") needed = {"Username", "Password"};
  if (type == "API_KEY") needed = {"ApiKeyName", "ApiKeyValue"};
  if (type == "OAUTH_CLIENT_CREDENTIALS")
    needed = {"ClientParameters.ClientID", "ClientParameters.ClientSecret", "AuthorizationEndpoint", "HttpMethod"};
  for (const auto name : needed)
    if (string_at(auth, fmt::format("{}.{}", member, name)).empty())
      return invalid(fmt::format("The parameter {}.{} is needed.", member, name),
                     fmt::format("AuthParameters.{}", member));
  return {};
}

// An update's members replace those that are there; lists are replaced whole.
void merge(json::object& into, const json::object& from, int depth = 0) {
  for (const auto& [name, value] : from) {
    auto* there = into.if_contains(name);
    if (there && there->is_object() && value.is_object() && depth < depth_max)
      merge(there->get_object(), value.get_object(), depth + 1);
    else
      into[name] = value;
  }
}

json::object without_secret_values(const json::object& parameters) {
  json::object shown = parameters;
  for (auto& [name, list] : shown) {
    if (!list.is_array()) continue;
    for (auto& parameter : list.get_array())
      if (auto* object = parameter.if_object(); object && bool_at(*object, "IsValueSecret")) object->erase("Value");
  }
  return shown;
}

// What describing shows of the authorisation: names, never passwords, keys or secret values.
json::object shown_auth(const json::object& auth) {
  json::object shown;
  if (const auto* basic = find(auth, "BasicAuthParameters"))
    shown["BasicAuthParameters"] = json::object{{"Username", string_at(basic->as_object(), "Username")}};
  if (const auto* key = find(auth, "ApiKeyAuthParameters"))
    shown["ApiKeyAuthParameters"] = json::object{{"ApiKeyName", string_at(key->as_object(), "ApiKeyName")}};
  if (const auto* oauth = find(auth, "OAuthParameters")) {
    const auto& from = oauth->as_object();
    json::object view{{"ClientParameters", {{"ClientID", string_at(from, "ClientParameters.ClientID")}}},
                      {"AuthorizationEndpoint", string_at(from, "AuthorizationEndpoint")},
                      {"HttpMethod", string_at(from, "HttpMethod")}};
    if (const auto* more = find(from, "OAuthHttpParameters"))
      view["OAuthHttpParameters"] = without_secret_values(more->as_object());
    shown["OAuthParameters"] = std::move(view);
  }
  if (const auto* more = find(auth, "InvocationHttpParameters"))
    shown["InvocationHttpParameters"] = without_secret_values(more->as_object());
  return shown;
}

const json::object& auth_of(const json::object& input) {
  static const json::object none;
  const auto* auth = input.if_contains("AuthParameters");
  return auth && auth->is_object() ? auth->get_object() : none;
}

// Passwords, keys, and the values that are marked as secret.
void forget_secrets(json::value& part) {
  if (auto* array = part.if_array())
    for (auto& element : *array) forget_secrets(element);
  auto* object = part.if_object();
  if (!object) return;
  for (const auto* name : {"Password", "ApiKeyValue", "ClientSecret"}) object->erase(name);
  if (const auto* secret = object->if_contains("IsValueSecret"); secret && *secret == json::value(true))
    object->erase("Value");
  for (auto& [name, value] : *object) forget_secrets(value);
}

}  // namespace

json::object Connections::summary(const Row& row) {
  json::object shown{{"ConnectionArn", row.arn},
                     {"ConnectionState", row.state},
                     {"CreationTime", format_rfc3339(row.created)},
                     {"LastModifiedTime", format_rfc3339(row.modified)}};
  if (row.state == authorized) shown["LastAuthorizedTime"] = format_rfc3339(row.authorized);
  return shown;
}

service::Answer Connections::create(store::Transaction& transaction, const service::Call& call) {
  const auto name = string_at(call.input, "Name");
  const auto type = string_at(call.input, "AuthorizationType");
  if (load(transaction, name))
    return fail(ErrorCode::conflict, fmt::format("Connection {} already exists.", name),
                "ResourceAlreadyExistsException");
  if (auto checked = check(type, auth_of(call.input)); !checked) return pass_on(checked);
  if (transaction.integer("SELECT count(*) FROM connection", 0) >= connections_max)
    return fail(ErrorCode::conflict, fmt::format("There are at most {} connections.", connections_max),
                "LimitExceededException");
  const Row row{.name = std::string(name),
                .arn = identity_.arn("events", fmt::format("connection/{}/{}", name, make_uuid(transaction.random()))),
                .description = std::string(string_at(call.input, "Description")),
                .type = std::string(type),
                .state = std::string(authorized),
                .auth = auth_of(call.input),
                .created = transaction.now(),
                .modified = transaction.now(),
                .authorized = transaction.now()};
  save(transaction, row);
  json::object answer = summary(row);
  answer.erase("LastAuthorizedTime");
  return answer;
}

service::Answer Connections::update(store::Transaction& transaction, const service::Call& call) {
  auto row = load(transaction, string_at(call.input, "Name"));
  if (!row) return pass_on(row);
  if (call.input.contains("Description")) row->description = string_at(call.input, "Description");
  if (const auto type = string_at(call.input, "AuthorizationType"); !type.empty() && type != row->type) {
    row->auth.erase(parameters_of(row->type));
    row->type = type;
  }
  merge(row->auth, auth_of(call.input));
  if (auto checked = check(row->type, row->auth); !checked) return pass_on(checked);
  row->state = authorized;
  row->modified = row->authorized = transaction.now();
  save(transaction, *row);
  return summary(*row);
}

service::Answer Connections::describe(store::Reader& reader, const service::Call& call) const {
  auto row = load(reader, string_at(call.input, "Name"));
  if (!row) return pass_on(row);
  json::object answer = summary(*row);
  answer["Name"] = row->name;
  answer["AuthorizationType"] = row->type;
  answer["AuthParameters"] = shown_auth(row->auth);
  if (!row->description.empty()) answer["Description"] = row->description;
  return answer;
}

service::Answer Connections::list(store::Reader& reader, const service::Call& call) const {
  const auto prefix = string_at(call.input, "NamePrefix");
  const auto state = string_at(call.input, "ConnectionState");
  const auto count_max = std::clamp<std::int64_t>(integer_at(call.input, "Limit", 100), 1, 100);
  std::string after;
  if (const auto token = string_at(call.input, "NextToken"); !token.empty()) {
    const auto text = digest::from_base64(token);
    if (!text) return invalid("The NextToken is not one that was given out.", "NextToken");
    after = *text;
  }
  auto rows = reader.query(
      "SELECT name FROM connection WHERE name > ? AND substr(name, 1, ?) = ? AND (? = '' OR state = ?) "
      "ORDER BY name LIMIT ?",
      after, prefix.size(), prefix, state, state, count_max + 1);
  json::array connections;
  json::object answer;
  std::string last;
  while (rows.next()) {
    if (std::ssize(connections) == count_max) {
      answer["NextToken"] = digest::base64(last);
      break;
    }
    last = rows.text(0);
    auto row = load(reader, last);
    if (!row) return pass_on(row);
    json::object shown = summary(*row);
    shown["Name"] = row->name;
    shown["AuthorizationType"] = row->type;
    connections.push_back(std::move(shown));
  }
  answer["Connections"] = std::move(connections);
  return answer;
}

service::Answer Connections::remove(store::Transaction& transaction, const service::Call& call) {
  auto row = load(transaction, string_at(call.input, "Name"));
  if (!row) return pass_on(row);
  transaction.execute("DELETE FROM connection WHERE name = ?", row->name);
  row->state = "DELETING";
  return summary(*row);
}

// The secrets are forgotten; an update authorises the connection again.
service::Answer Connections::deauthorize(store::Transaction& transaction, const service::Call& call) {
  auto row = load(transaction, string_at(call.input, "Name"));
  if (!row) return pass_on(row);
  for (auto& [name, parameters] : row->auth) forget_secrets(parameters);
  row->state = "DEAUTHORIZED";
  row->modified = transaction.now();
  save(transaction, *row);
  json::object answer = summary(*row);
  answer["ConnectionState"] = "DEAUTHORIZING";
  return answer;
}

service::Service Connections::service() {
  using service::Call;
  using Writer = service::Answer (Connections::*)(store::Transaction&, const Call&);
  using Asker = service::Answer (Connections::*)(store::Reader&, const Call&) const;
  const auto write = [this](Writer method) {
    return service::Write{[this, method](store::Transaction& t, const Call& c) { return (this->*method)(t, c); }};
  };
  const auto read = [this](Asker method) {
    return service::Read{[this, method](store::Reader& r, const Call& c) { return (this->*method)(r, c); }};
  };
  return {"events",
          {{"CreateConnection", write(&Connections::create)},
           {"UpdateConnection", write(&Connections::update)},
           {"DescribeConnection", read(&Connections::describe)},
           {"ListConnections", read(&Connections::list)},
           {"DeleteConnection", write(&Connections::remove)},
           {"DeauthorizeConnection", write(&Connections::deauthorize)}}};
}

}  // namespace tocsin::connections
