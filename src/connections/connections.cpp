#include "connections/connections.h"

#include <fmt/format.h>

#include "digest/digest.h"

namespace tocsin::connections {
namespace {

constexpr store::Migration steps[] = {
    {"connections", 1,
     "CREATE TABLE connection (name TEXT PRIMARY KEY, arn TEXT NOT NULL UNIQUE, description TEXT NOT NULL,"
     " type TEXT NOT NULL, state TEXT NOT NULL, auth TEXT NOT NULL, created BIGINT NOT NULL, modified BIGINT NOT NULL,"
     " authorized BIGINT NOT NULL);"}};

void read_parameters(const json::object& holder, std::string_view path, Fields& headers, Fields& query, Fields& body) {
  const auto read = [&](std::string_view member, Fields& fields) {
    const auto* list = find(holder, fmt::format("{}.{}", path, member));
    if (!list || !list->is_array()) return;
    for (const auto& parameter : list->get_array())
      if (const auto* object = parameter.if_object())
        fields.emplace_back(string_at(*object, "Key"), string_at(*object, "Value"));
  };
  read("HeaderParameters", headers);
  read("QueryStringParameters", query);
  read("BodyParameters", body);
}

Connection::TokenSource token_source(const json::object& auth) {
  Connection::TokenSource source{
      .endpoint = std::string(string_at(auth, "OAuthParameters.AuthorizationEndpoint")),
      .method = std::string(string_at(auth, "OAuthParameters.HttpMethod", "POST")),
      .client_id = std::string(string_at(auth, "OAuthParameters.ClientParameters.ClientID")),
      .client_secret = std::string(string_at(auth, "OAuthParameters.ClientParameters.ClientSecret")),
      .headers = {},
      .query = {},
      .body = {}};
  read_parameters(auth, "OAuthParameters.OAuthHttpParameters", source.headers, source.query, source.body);
  return source;
}

}  // namespace

std::span<const store::Migration> migrations() {
  return steps;
}

Result<Connection> Connections::find(store::Reader& reader, std::string_view arn) const {
  auto rows = reader.query("SELECT type, state, auth FROM connection WHERE arn = ?", arn);
  if (!rows.next())
    return fail(ErrorCode::not_found, fmt::format("The connection {} does not exist.", arn),
                "Events.ConnectionResource.NotFound");
  if (rows.text(1) != "AUTHORIZED")
    return fail(ErrorCode::conflict, fmt::format("The connection {} is in state {}.", arn, rows.text(1)),
                "Events.ConnectionResource.InvalidConnectionState");
  auto auth = parse_json_object(rows.text(2));
  if (!auth) return pass_on(auth);
  Connection connection;
  connection.arn = arn;
  read_parameters(*auth, "InvocationHttpParameters", connection.headers, connection.query, connection.body);
  if (rows.text(0) == "API_KEY")
    connection.headers.emplace_back(string_at(*auth, "ApiKeyAuthParameters.ApiKeyName"),
                                    string_at(*auth, "ApiKeyAuthParameters.ApiKeyValue"));
  if (rows.text(0) == "BASIC")
    connection.headers.emplace_back(
        "Authorization",
        "Basic " + digest::base64(fmt::format("{}:{}", string_at(*auth, "BasicAuthParameters.Username"),
                                              string_at(*auth, "BasicAuthParameters.Password"))));
  if (rows.text(0) == "OAUTH_CLIENT_CREDENTIALS") connection.token = token_source(*auth);
  return connection;
}

Result<Connections::Row> Connections::load(store::Reader& reader, std::string_view name) const {
  auto rows = reader.query(
      "SELECT name, arn, description, type, state, auth, created, modified, authorized FROM connection WHERE name = ?",
      name);
  if (!rows.next())
    return fail(ErrorCode::not_found,
                fmt::format("Failed to describe the connection(s). Connection '{}' does not exist.", name),
                "ResourceNotFoundException");
  auto auth = parse_json_object(rows.text(5));
  if (!auth) return pass_on(auth);
  return Row{.name = rows.string(0),
             .arn = rows.string(1),
             .description = rows.string(2),
             .type = rows.string(3),
             .state = rows.string(4),
             .auth = std::move(*auth),
             .created = rows.time(6),
             .modified = rows.time(7),
             .authorized = rows.time(8)};
}

void Connections::save(store::Transaction& transaction, const Row& row) {
  transaction.execute(
      "INSERT INTO connection (name, arn, description, type, state, auth, created, modified, authorized) "
      "VALUES (?,?,?,?,?,?,?,?,?) ON CONFLICT (name) DO UPDATE SET description = excluded.description, "
      "type = excluded.type, state = excluded.state, auth = excluded.auth, modified = excluded.modified, "
      "authorized = excluded.authorized",
      row.name, row.arn, row.description, row.type, row.state, to_json(row.auth), row.created, row.modified,
      row.authorized);
}

}  // namespace tocsin::connections
