#include "app/http_calls.h"

#include <algorithm>

#include <fmt/format.h>

namespace tocsin::app {
namespace {

using connections::Connection;
using connections::Failure;
using connections::Request;
using workflows::OutsideResult;
using workflows::TaskFailure;
using Done = std::move_only_function<void(std::optional<OutsideResult>)>;

// One call on its way, held by what waits for it.
struct Under {
  json::object parameters;
  std::string key;
  bool reveal = false;
  Connection connection;
  webhook::Webhooks& webhooks;
  Done done;

  void fail_with(Failure failure, json::object request = {}, json::object response = {}) {
    done(OutsideResult{.outcome = TaskFailure{std::move(failure.error), std::move(failure.cause)},
                       .request = std::move(request),
                       .response = std::move(response)});
  }
};
using UnderPtr = std::shared_ptr<Under>;

webhook::HttpCall as_call(const Request& request) {
  return {.method = request.method, .url = request.url, .body = request.body, .headers = request.headers};
}

connections::Answer as_answer(webhook::HttpAnswer answer) {
  return {.status = answer.status,
          .status_text = std::move(answer.status_text),
          .body = std::move(answer.body),
          .headers = std::move(answer.headers),
          .is_cut = answer.is_cut};
}

// The error names the endpoint without what the connection may have added to it. Nothing: the call was not tried.
std::optional<Failure> failure_of(const Error& error, const std::string& url) {
  if (error.code == ErrorCode::throttled) return std::nullopt;
  const auto authority = url.find("://") + 3;
  std::string cause = error.message;
  const std::string shown = webhook::printable(url);
  if (const auto at = cause.find(shown); at != cause.npos)
    cause.replace(at, shown.size(), url.substr(authority, url.find_first_of("/?", authority) - authority));
  return Failure{error.code == ErrorCode::validation ? "States.Runtime" : "States.Http.Socket", std::move(cause)};
}

void send(const UnderPtr& under, std::string_view bearer) {
  auto request = connections::build(under->parameters, under->connection, bearer);
  if (!request) return under->fail_with(std::move(request.error()));
  constexpr std::string_view key_header = "Idempotency-Key";
  if (std::ranges::none_of(request->headers, [&](const auto& header) { return header.first == key_header; }))
    request->headers.emplace_back(key_header, under->key);
  auto shown = connections::show_request(*request, under->parameters, under->connection, under->reveal);
  const std::string url = request->url;
  under->webhooks.call(
      as_call(*request), under->key, [under, url, shown = std::move(shown)](Result<webhook::HttpAnswer> given) mutable {
        if (!given) {
          auto failure = failure_of(given.error(), url);
          if (!failure) return under->done(std::nullopt);
          return under->fail_with(std::move(*failure), std::move(shown));
        }
        const auto answer = as_answer(std::move(*given));
        auto response = connections::show_answer(answer);
        auto result = connections::judge(answer);
        if (!result) return under->fail_with(std::move(result.error()), std::move(shown), std::move(response));
        under->done(
            OutsideResult{.outcome = std::move(*result), .request = std::move(shown), .response = std::move(response)});
      });
}

// A token for each call: it is not kept anywhere.
void authorize_and_send(const UnderPtr& under) {
  const auto request = connections::build_token_request(*under->connection.token);
  under->webhooks.call(as_call(request), under->key + "/token",
                       [under, url = request.url](Result<webhook::HttpAnswer> given) {
                         if (!given) {
                           auto failure = failure_of(given.error(), url);
                           if (!failure) return under->done(std::nullopt);
                           return under->fail_with(std::move(*failure));
                         }
                         auto token = connections::read_token(given->status, given->body);
                         if (!token) return under->fail_with(std::move(token.error()));
                         send(under, *token);
                       });
}

}  // namespace

workflows::CallOutside http_calls(FindConnection find, webhook::Webhooks& webhooks) {
  return [find = std::move(find), &webhooks](const json::value& parameters, std::string key, bool reveal, Done done) {
    auto under = std::make_shared<Under>(Under{.parameters = {},
                                               .key = std::move(key),
                                               .reveal = reveal,
                                               .connection = {},
                                               .webhooks = webhooks,
                                               .done = std::move(done)});
    if (const auto* object = parameters.if_object()) under->parameters = *object;
    auto arn = connections::connection_of(under->parameters);
    if (!arn) return under->fail_with(std::move(arn.error()));
    auto connection = find(*arn);
    if (!connection) {
      const Error& error = connection.error();
      return under->fail_with({error.aws_code.empty() ? "States.Runtime" : error.aws_code, error.message});
    }
    under->connection = std::move(*connection);
    if (under->connection.token) return authorize_and_send(under);
    send(under, {});
  };
}

}  // namespace tocsin::app
