#include <algorithm>

#include <fmt/format.h>

#include "api/output.h"

namespace tocsin::api {
namespace {

// Errors that every service shares and no model lists. Sources: each service's "Common errors" page; the JSON names as
// the JSON services give them.
struct CommonError {
  std::string_view query_code, json_name;
  int query_status, json_status, rest_status;
};
constexpr CommonError common_errors[] = {
    {"MissingAuthenticationToken", "MissingAuthenticationTokenException", 403, 400, 403},
    {"IncompleteSignature", "IncompleteSignatureException", 403, 400, 403},
    {"SignatureDoesNotMatch", "InvalidSignatureException", 403, 400, 403},
    {"InvalidClientTokenId", "UnrecognizedClientException", 403, 400, 403},
    {"AccessDenied", "AccessDeniedException", 403, 400, 403},
    {"ValidationError", "ValidationException", 400, 400, 400},
    {"MalformedInput", "SerializationException", 400, 400, 400},
    {"InvalidAction", "UnknownOperationException", 400, 400, 404},
    {"Throttling", "ThrottlingException", 429, 429, 429},
    {"InternalFailure", "InternalFailure", 500, 500, 500},
    {"ServiceUnavailable", "ServiceUnavailableException", 503, 503, 503},
    {"NotImplemented", "NotImplementedException", 501, 501, 501},
    {"RequestEntityTooLarge", "RequestEntityTooLargeException", 413, 413, 413},
    {"ResourceNotFound", "ResourceNotFoundException", 404, 400, 404},
    {"Conflict", "ConflictException", 409, 400, 409},
};

std::string_view default_name(ErrorCode code) {
  switch (code) {
    case ErrorCode::validation:
      return "ValidationException";
    case ErrorCode::not_found:
      return "ResourceNotFoundException";
    case ErrorCode::conflict:
      return "ConflictException";
    case ErrorCode::denied:
      return "AccessDeniedException";
    case ErrorCode::throttled:
      return "ThrottlingException";
    case ErrorCode::unavailable:
      return "ServiceUnavailableException";
    case ErrorCode::corrupt:
      return "InternalFailure";
  }
  return "InternalFailure";
}

int default_status(ErrorCode code, Protocol protocol) {
  const bool is_json = protocol == Protocol::json;
  switch (code) {
    case ErrorCode::validation:
      return 400;
    case ErrorCode::not_found:
      return is_json ? 400 : 404;
    case ErrorCode::conflict:
      return is_json ? 400 : 409;
    case ErrorCode::denied:
      return is_json ? 400 : 403;
    case ErrorCode::throttled:
      return 429;
    case ErrorCode::unavailable:
      return 503;
    case ErrorCode::corrupt:
      return 500;
  }
  return 500;
}

struct WireError {
  std::string name;  // the shape's, for JSON
  std::string code;  // for query
  int status = 0;
  const Shape* shape = nullptr;
  std::string_view message;

  bool is_sender() const { return status < 500; }
};

WireError resolve(const Target& target, const Error& error) {
  WireError out;
  out.message = error.message;
  const std::string_view name = error.aws_code.empty() ? default_name(error.code) : error.aws_code;
  out.shape = target.model != nullptr ? target.model->find_error(name) : nullptr;
  if (out.shape != nullptr) {
    out.name = out.shape->name;
    out.code = out.shape->error_code;
    out.status = out.shape->http_status;
    if (out.status == 0)
      out.status = out.shape->is_fault ? std::max(500, default_status(error.code, target.protocol))
                                       : default_status(error.code, target.protocol);
    return out;
  }
  const auto* common = std::ranges::find_if(common_errors, [&](const CommonError& candidate) {
    return candidate.query_code == name || candidate.json_name == name;
  });
  if (common == std::end(common_errors)) {
    out.name = out.code = name;
    out.status = default_status(error.code, target.protocol);
    return out;
  }
  out.name = common->json_name;
  out.code = common->query_code;
  out.status = target.protocol == Protocol::query  ? common->query_status
               : target.protocol == Protocol::json ? common->json_status
                                                   : common->rest_status;
  return out;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::ranges::equal(a, b, [&](char x, char y) { return lower(x) == lower(y); });
}

// The error shape's members have the service's own spelling ("Message", "message").
json::object body_of(const WireError& error) {
  json::object out;
  if (error.shape != nullptr) {
    for (const auto& member : error.shape->members) {
      if (equal_ignoring_case(member.name, "message") && !out.contains("message") && !out.contains("Message"))
        out[member.name] = error.message;
      if (member.name == "Code") out[member.name] = error.name;
      if (member.name == "Type") out[member.name] = error.is_sender() ? "User" : "Service";
    }
  }
  if (out.contains("message") || out.contains("Message")) return out;
  out[error.name == "SerializationException" ? "Message" : "message"] = error.message;
  return out;
}

// JSON 1.0 names its error types with a namespace, JSON 1.1 does not.
std::string qualified(const Target& target, const WireError& error) {
  if (target.model == nullptr || target.model->json_version != "1.0") return error.name;
  if (error.shape == nullptr) return "com.amazon.coral.service#" + error.name;
  if (target.service == "dynamodb") return "com.amazonaws.dynamodb.v20120810#" + error.name;
  return "com.amazonaws." + target.service + "#" + error.name;
}

std::string xml_of(const Target& target, const WireError& error, std::string_view request_id) {
  std::string out = "<?xml version=\"1.0\"?><ErrorResponse";
  if (target.model != nullptr && !target.model->xml_namespace.empty())
    out += fmt::format(" xmlns=\"{}\"", target.model->xml_namespace);
  out += fmt::format("><Error><Type>{}</Type><Code>", error.is_sender() ? "Sender" : "Receiver");
  write_xml_text(out, error.code);
  out += "</Code><Message>";
  write_xml_text(out, error.message);
  out += fmt::format("</Message></Error><RequestId>{}</RequestId></ErrorResponse>", request_id);
  return out;
}

}  // namespace

http::Response render_error(const Target& target, std::string_view request_id, const Error& error, int status) {
  const WireError wire = resolve(target, error);
  http::Response response;
  response.status = status != 0 ? status : wire.status;
  response.headers.add("x-amzn-RequestId", std::string(request_id));
  if (response.status == 429 || response.status == 503) response.headers.add("Retry-After", "1");
  response.notes.emplace_back("error", target.protocol == Protocol::query ? wire.code : wire.name);
  if (target.protocol == Protocol::query) {
    response.headers.add("Content-Type", "text/xml");
    response.body = xml_of(target, wire, request_id);
    return response;
  }
  json::object body = body_of(wire);
  if (target.protocol == Protocol::json) {
    response.headers.add(
        "Content-Type",
        "application/x-amz-json-" + (target.model != nullptr ? target.model->json_version : std::string("1.1")));
    json::object typed{{"__type", qualified(target, wire)}};
    for (auto& [key, value] : body) typed[key] = std::move(value);
    body = std::move(typed);
    if (target.query_mode && target.model != nullptr && target.model->query_compatible)
      response.headers.add("x-amzn-query-error",
                           fmt::format("{};{}", wire.code, wire.is_sender() ? "Sender" : "Receiver"));
  } else {
    response.headers.add("Content-Type", "application/json");
  }
  response.headers.add("x-amzn-ErrorType", wire.name);
  response.body = json::serialize(body);
  return response;
}

}  // namespace tocsin::api
