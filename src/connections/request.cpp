#include "connections/request.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/identity.h"

namespace tocsin::connections {
namespace {

constexpr std::size_t cause_bytes_max = 32'768;
constexpr std::size_t answer_bytes_max = 262'144;
constexpr std::string_view redacted = "[REDACTED]";

std::unexpected<Failure> fail_task(std::string error, std::string cause) {
  return std::unexpected(Failure{std::move(error), std::move(cause)});
}
std::unexpected<Failure> wrong(std::string cause) {
  return fail_task("States.Runtime", std::move(cause));
}

std::string lower(std::string_view text) {
  std::string low{text};
  std::ranges::transform(low, low.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return low;
}

// Headers that a definition may not set.
bool is_reserved(std::string_view name) {
  constexpr std::string_view reserved[] = {"a-im",
                                           "accept-charset",
                                           "accept-datetime",
                                           "accept-encoding",
                                           "cache-control",
                                           "connection",
                                           "content-encoding",
                                           "content-length",
                                           "content-md5",
                                           "date",
                                           "expect",
                                           "forwarded",
                                           "from",
                                           "host",
                                           "http2-settings",
                                           "if-match",
                                           "if-modified-since",
                                           "if-none-match",
                                           "if-range",
                                           "if-unmodified-since",
                                           "max-forwards",
                                           "origin",
                                           "pragma",
                                           "proxy-authorization",
                                           "referer",
                                           "server",
                                           "te",
                                           "trailer",
                                           "transfer-encoding",
                                           "upgrade",
                                           "via",
                                           "warning"};
  const std::string low = lower(name);
  return std::ranges::find(reserved, low) != std::end(reserved) || low.starts_with("x-forwarded-") ||
         low.starts_with("x-amz-") || low.starts_with("x-amzn-");
}

void set(Fields& fields, std::string_view name, std::string_view value, bool ignore_case) {
  const auto same = [&](const auto& field) {
    return ignore_case ? lower(field.first) == lower(name) : field.first == name;
  };
  std::erase_if(fields, same);
  fields.emplace_back(name, value);
}

bool has(const Fields& fields, std::string_view name) {
  return std::ranges::any_of(fields, [&](const auto& field) { return lower(field.first) == name; });
}

Outcome<std::string> text_of(const json::value& value, std::string_view field) {
  if (value.is_string()) return std::string(std::string_view(value.get_string()));
  if (value.is_number() || value.is_bool()) return to_json(value);
  return wrong(fmt::format("The values of the field '{}' must be text or numbers.", field));
}

// {name: value or [values]} as pairs.
Outcome<Fields> read_fields(const json::object& parameters, std::string_view field) {
  Fields fields;
  const auto* given = parameters.if_contains(field);
  if (!given || given->is_null()) return fields;
  if (!given->is_object()) return wrong(fmt::format("The field '{}' must be an object.", field));
  for (const auto& [name, value] : given->get_object()) {
    const auto one = [&](const json::value& element) -> Outcome<void> {
      auto text = text_of(element, field);
      if (!text) return std::unexpected(std::move(text.error()));
      fields.emplace_back(name, std::move(*text));
      return {};
    };
    if (const auto* list = value.if_array()) {
      for (const auto& element : *list)
        if (auto added = one(element); !added) return std::unexpected(std::move(added.error()));
    } else if (auto added = one(value); !added) {
      return std::unexpected(std::move(added.error()));
    }
  }
  return fields;
}

Outcome<Fields> build_headers(const json::object& parameters, const Connection& connection, std::string_view bearer) {
  auto headers = read_fields(parameters, "Headers");
  if (!headers) return headers;
  for (const auto& [name, value] : *headers)
    if (is_reserved(name)) return wrong(fmt::format("The header '{}' can't be set by an HTTP task.", name));
  for (const auto& [name, value] : connection.headers) set(*headers, name, value, true);
  if (!bearer.empty()) set(*headers, "Authorization", fmt::format("Bearer {}", bearer), true);
  if (!has(*headers, "range")) headers->emplace_back("Range", fmt::format("bytes=0-{}", answer_bytes_max));
  return headers;
}

Outcome<std::string> build_url(const json::object& parameters, const Connection& connection) {
  std::string url{string_at(parameters, "ApiEndpoint")};
  if (!url.starts_with("https://") && !url.starts_with("http://"))
    return wrong("The field 'ApiEndpoint' must be an https or http URL.");
  if (url.find('#') != url.npos) return wrong("The field 'ApiEndpoint' must not have a fragment.");
  auto query = read_fields(parameters, "QueryParameters");
  if (!query) return std::unexpected(std::move(query.error()));
  for (const auto& [name, value] : connection.query) set(*query, name, value, false);
  char separator = url.find('?') == url.npos ? '?' : '&';
  for (const auto& [name, value] : *query) {
    url += separator + percent_encode(name) + "=" + percent_encode(value);
    separator = '&';
  }
  return url;
}

// Text goes as it is, everything else as JSON or as a form.
Outcome<std::string> build_body(const json::object& parameters, const Connection& connection, Fields& headers) {
  const auto* given = parameters.if_contains("RequestBody");
  json::value body = given ? *given : json::value();
  if (!connection.body.empty()) {
    if (body.is_null()) body = json::object{};
    if (!body.is_object()) return wrong("The connection's body parameters need an object as the 'RequestBody'.");
    for (const auto& [name, value] : connection.body) body.get_object()[name] = value;
  }
  if (body.is_null()) return std::string();
  const auto encoding = string_at(parameters, "Transform.RequestBodyEncoding", "NONE");
  if (encoding == "URL_ENCODED") {
    if (!body.is_object()) return wrong("A 'RequestBody' that is to be URL-encoded must be an object.");
    const auto format = string_at(parameters, "Transform.RequestEncodingOptions.ArrayFormat", "INDICES");
    constexpr std::string_view formats[] = {"INDICES", "REPEAT", "COMMAS", "BRACKETS"};
    if (std::ranges::find(formats, format) == std::end(formats))
      return wrong("The field 'ArrayFormat' must be one of INDICES, REPEAT, COMMAS, BRACKETS.");
    if (!has(headers, "content-type")) headers.emplace_back("Content-Type", "application/x-www-form-urlencoded");
    return encode_form(body.get_object(), format);
  }
  if (encoding != "NONE") return wrong("The field 'RequestBodyEncoding' must be NONE or URL_ENCODED.");
  if (!has(headers, "content-type")) headers.emplace_back("Content-Type", "application/json;charset=UTF-8");
  return body.is_string() ? std::string(std::string_view(body.get_string())) : to_json(body);
}

json::array values_of(const Fields& fields, std::string_view name) {
  json::array values;
  for (const auto& [other, value] : fields)
    if (other == name) values.emplace_back(value);
  return values;
}

bool is_json(const Fields& headers) {
  return std::ranges::any_of(headers, [](const auto& header) {
    return header.first == "content-type" && lower(header.second).find("json") != std::string::npos;
  });
}

std::string show_fields(const Fields& fields) {
  std::string shown;
  for (const auto& [name, value] : fields) shown += (shown.empty() ? "" : ", ") + name + ": " + value;
  return "[" + shown + "]";
}

}  // namespace

Outcome<std::string> connection_of(const json::object& parameters) {
  auto arn = string_at(parameters, "Authentication.ConnectionArn");
  if (arn.empty()) arn = string_at(parameters, "InvocationConfig.ConnectionArn");
  const auto parsed = parse_arn(arn);
  if (!parsed || parsed->service != "events" || !parsed->resource.starts_with("connection/"))
    return wrong("The field 'ConnectionArn' must be the ARN of an EventBridge connection.");
  return std::string(arn);
}

Outcome<Request> build(const json::object& parameters, const Connection& connection, std::string_view bearer) {
  constexpr std::string_view methods[] = {"GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"};
  Request request{.method = std::string(string_at(parameters, "Method")), .url = {}, .body = {}, .headers = {}};
  if (std::ranges::find(methods, request.method) == std::end(methods))
    return wrong("The field 'Method' must be one of GET, POST, PUT, DELETE, PATCH, OPTIONS, HEAD.");
  auto headers = build_headers(parameters, connection, bearer);
  if (!headers) return std::unexpected(std::move(headers.error()));
  request.headers = std::move(*headers);
  auto url = build_url(parameters, connection);
  if (!url) return std::unexpected(std::move(url.error()));
  request.url = std::move(*url);
  auto body = build_body(parameters, connection, request.headers);
  if (!body) return std::unexpected(std::move(body.error()));
  request.body = std::move(*body);
  return request;
}

Request build_token_request(const Connection::TokenSource& source) {
  Fields form = source.body;
  for (const auto& [name, value] : Fields{{"grant_type", "client_credentials"},
                                          {"client_id", source.client_id},
                                          {"client_secret", source.client_secret}})
    if (!has(form, name)) form.emplace_back(name, value);
  const auto encode = [](const Fields& fields) {
    std::string text;
    for (const auto& [name, value] : fields)
      text += (text.empty() ? "" : "&") + percent_encode(name) + "=" + percent_encode(value);
    return text;
  };
  Request request{.method = source.method, .url = source.endpoint, .body = {}, .headers = source.headers};
  std::string query = encode(source.query);
  if (source.method == "GET")
    query += (query.empty() ? "" : "&") + encode(form);
  else
    request.body = encode(form);
  if (!query.empty()) request.url += (request.url.find('?') == std::string::npos ? "?" : "&") + query;
  if (!request.body.empty()) set(request.headers, "Content-Type", "application/x-www-form-urlencoded", true);
  return request;
}

Outcome<std::string> read_token(int status, std::string_view body) {
  constexpr const char* error = "Events.ConnectionResource.AuthorizationFailed";
  if (status < 200 || status > 299)
    return fail_task(error, fmt::format("The authorization endpoint answered with status {}.", status));
  const auto answer = parse_json_object(body);
  const auto token = answer ? string_at(*answer, "access_token") : std::string_view();
  if (token.empty()) return fail_task(error, "The authorization endpoint's answer has no access_token.");
  return std::string(token);
}

Outcome<json::value> judge(const Answer& answer) {
  if (answer.status < 200 || answer.status > 299)
    return fail_task(fmt::format("States.Http.StatusCode.{}", answer.status), answer.body.substr(0, cause_bytes_max));
  if (answer.is_cut) return fail_task("States.DataLimitExceeded", "The HTTP response is larger than 262144 bytes.");
  json::object headers;
  for (const auto& [name, value] : answer.headers)
    if (!headers.contains(name)) headers[name] = values_of(answer.headers, name);
  json::object result{{"Headers", std::move(headers)}};
  if (!answer.body.empty()) {
    auto parsed = is_json(answer.headers) ? parse_json(answer.body) : Result<json::value>(json::value(answer.body));
    result["ResponseBody"] = parsed ? std::move(*parsed) : json::value(answer.body);
  }
  result["StatusCode"] = answer.status;
  result["StatusText"] = answer.status_text;
  return json::value(std::move(result));
}

json::object show_request(const Request& request, const json::object& parameters, const Connection& connection,
                          bool reveal) {
  Request shown = request;
  if (!reveal) {
    Connection bare;
    if (auto plain = build(parameters, bare)) shown = std::move(*plain);
    const bool has_auth = !connection.headers.empty() || connection.token;
    if (has_auth) shown.headers.emplace_back("Authorization", redacted);
  }
  json::object view{{"protocol", shown.url.substr(0, shown.url.find(':'))},
                    {"method", shown.method},
                    {"url", shown.url},
                    {"headers", show_fields(shown.headers)}};
  if (!shown.body.empty()) view["body"] = shown.body;
  return view;
}

json::object show_answer(const Answer& answer) {
  json::object view{{"protocol", "http"},
                    {"statusCode", std::to_string(answer.status)},
                    {"statusMessage", answer.status_text},
                    {"headers", show_fields(answer.headers)}};
  if (!answer.body.empty()) view["body"] = answer.body;
  return view;
}

}  // namespace tocsin::connections
