#include "http/routes.h"

#include "digest/digest.h"

namespace tocsin::http {
namespace {

Response text(int status, std::string body) {
  return {.status = status, .headers = {{"Content-Type", "text/plain; charset=utf-8"}}, .body = std::move(body)};
}

Response refusal(const Error& error) {
  int status = 500;
  switch (error.code) {
    case ErrorCode::validation:
      status = 400;
      break;
    case ErrorCode::denied:
      status = 403;
      break;
    case ErrorCode::not_found:
      status = 404;
      break;
    case ErrorCode::conflict:
      status = 409;
      break;
    case ErrorCode::throttled:
      status = 429;
      break;
    case ErrorCode::unavailable:
      status = 503;
      break;
    case ErrorCode::corrupt:
      status = 500;
      break;
  }
  return text(status, error.message + "\n");
}

// RFC 9110, section 13.1.2: "*" or a list of entity tags, compared weakly.
bool matches(std::string_view if_none_match, std::string_view etag) {
  if (if_none_match == "*") return true;
  while (!if_none_match.empty()) {
    const auto comma = std::min(if_none_match.find(','), if_none_match.size());
    auto one = if_none_match.substr(0, comma);
    if_none_match.remove_prefix(std::min(comma + 1, if_none_match.size()));
    one.remove_prefix(std::min(one.find_first_not_of(" \t"), one.size()));
    if (one.starts_with("W/")) one.remove_prefix(2);
    if (one.starts_with(etag) && one.find_first_not_of(" \t", etag.size()) == std::string_view::npos) return true;
  }
  return false;
}

Response answer(const Request& request, Result<Page> page) {
  if (!page) return refusal(page.error());
  if (page->etag.empty()) page->etag = "\"" + digest::sha256_hex(page->body).substr(0, 32) + "\"";
  Response response{.headers = {{"ETag", page->etag}, {"Cache-Control", "no-cache"}}, .body = {}};
  if (matches(request.headers.get("If-None-Match"), page->etag)) {
    response.status = 304;
    return response;
  }
  response.headers.add("Content-Type", std::move(page->content_type));
  response.body = std::move(page->body);
  return response;
}

bool reads_only(const Request& request) {
  return request.method == "GET" || request.method == "HEAD";
}

Response not_allowed() {
  Response response = text(405, "only GET and HEAD are answered here\n");
  response.headers.add("Allow", "GET, HEAD");
  return response;
}

}  // namespace

void Routes::page(std::string path, std::function<Result<Page>(const Request&)> make) {
  handle(std::move(path), [this, make = std::move(make)](Request request, Responder responder) {
    if (!reads_only(request)) return responder.send(not_allowed());
    const bool taken = pool_.submit(
        [make, request = std::move(request), responder] { responder.send(answer(request, make(request))); });
    if (!taken) responder.send(text(503, "too many requests are waiting; try again\n"));
  });
}

void Routes::health(std::function<Result<void>()> ready) {
  handle("/healthz", [](Request, Responder responder) { responder.send(text(200, "ok\n")); });
  handle("/readyz", [this, ready = std::move(ready)](Request, Responder responder) {
    const bool taken = pool_.submit([ready, responder] {
      const auto is_ready = ready();
      responder.send(is_ready ? text(200, "ready\n") : text(503, "not ready: " + is_ready.error().message + "\n"));
    });
    if (!taken) responder.send(text(503, "not ready: too many requests are waiting\n"));
  });
}

void Routes::operator()(Request request, Responder responder) const {
  if (const auto found = exact_.find(request.path()); found != exact_.end())
    return found->second(std::move(request), std::move(responder));
  if (otherwise_) return otherwise_(std::move(request), std::move(responder));
  responder.send(text(404, "nothing is here\n"));
}

}  // namespace tocsin::http
