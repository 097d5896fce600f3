// The HTTP request of a task "arn:aws:states:::http:invoke", and what its answer means. Pure.
//
// Source: Step Functions developer guide, "Call HTTPS APIs". Parameters: ApiEndpoint, Method, Headers, QueryParameters,
// RequestBody, Transform {RequestBodyEncoding, RequestEncodingOptions.ArrayFormat}, Authentication (or
// InvocationConfig) {ConnectionArn}. Where definition and connection set the same header, parameter or member of the
// body, the connection's counts. Otherwise than in AWS, plain http is allowed.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/json.h"
#include "core/result.h"

namespace tocsin::connections {

using Fields = std::vector<std::pair<std::string, std::string>>;

// How calls through a connection are authorised, and what it adds to each.
struct Connection {
  std::string arn;
  Fields headers, query, body;
  // OAUTH_CLIENT_CREDENTIALS: where the token for "Authorization: Bearer" comes from.
  struct TokenSource {
    std::string endpoint, method, client_id, client_secret;
    Fields headers, query, body;
  };
  std::optional<TokenSource> token;
};

struct Request {
  std::string method, url, body;
  Fields headers;
};

// How a task fails.
struct Failure {
  std::string error, cause;
};
template <class T>
using Outcome = std::expected<T, Failure>;

// "arn:aws:events:…:connection/…" of the task's parameters.
Outcome<std::string> connection_of(const json::object& parameters);
// The request. `bearer`: the token, where the connection has a source of one.
Outcome<Request> build(const json::object& parameters, const Connection& connection, std::string_view bearer = {});
// The request for a token: client_credentials grant, RFC 6749, section 4.4, with the client in the body.
Request build_token_request(const Connection::TokenSource& source);
// The access token in the answer to it.
Outcome<std::string> read_token(int status, std::string_view body);

struct Answer {
  int status = 0;
  std::string status_text, body;
  Fields headers;
  bool is_cut = false;
};
// {ResponseBody, Headers, StatusCode, StatusText}; a status other than 2xx is States.Http.StatusCode.NNN with the body
// as its cause.
Outcome<json::value> judge(const Answer& answer);

// "a=1&b%5B0%5D=2" of an object. `array_format`: INDICES, REPEAT, COMMAS or BRACKETS.
std::string encode_form(const json::object& object, std::string_view array_format);
// RFC 3986: all but unreserved characters as %XX.
std::string percent_encode(std::string_view text);

// What TestState shows of a request and an answer. Without `reveal`, what the connection added is left out.
json::object show_request(const Request& request, const json::object& parameters, const Connection& connection,
                          bool reveal);
json::object show_answer(const Answer& answer);

}  // namespace tocsin::connections
