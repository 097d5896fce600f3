#include "webhook/detail/request.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/json.h"
#include "webhook/webhook.h"

namespace tocsin::webhook {
namespace {

constexpr std::size_t shown_bytes_max = 120;
constexpr std::size_t shown_end = 4;
// A path that is not longer is shown as nothing but "…": its end would be all of it.
constexpr std::size_t secret_bytes_min = 12;

struct UrlParts {
  std::string scheme, host;
  std::string_view rest;  // path and query
};

// Scheme and authority without user information; the rest as it is.
Result<UrlParts> split(std::string_view url) {
  UrlParts parts;
  for (const std::string_view scheme : {"http", "https"})
    if (url.starts_with(std::string(scheme) + "://")) parts.scheme = scheme;
  if (parts.scheme.empty()) return fail(ErrorCode::validation, "a web hook has an http or https URL");
  url.remove_prefix(parts.scheme.size() + 3);
  const auto end = std::min(url.find_first_of("/?#"), url.size());
  auto authority = url.substr(0, end);
  if (const auto at = authority.rfind('@'); at != std::string_view::npos) authority.remove_prefix(at + 1);
  if (authority.empty()) return fail(ErrorCode::validation, "the URL of a web hook names a host");
  const auto is_plain = [](char c) { return c > 0x20 && c < 0x7f; };
  if (!std::all_of(url.begin(), url.end(), is_plain))
    return fail(ErrorCode::validation, "the URL of a web hook has characters that have to be escaped");
  parts.host = authority;
  parts.rest = url.substr(end);
  return parts;
}

bool is_slack(std::string_view host) {
  return host == "hooks.slack.com" || host == "hooks.slack-gov.com";
}

bool is_token(std::string_view name) {
  constexpr std::string_view others = "!#$%&'*+-.^_`|~";  // RFC 9110, section 5.6.2
  return !name.empty() && std::all_of(name.begin(), name.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           others.find(c) != std::string_view::npos;
  });
}

bool is_header_value(std::string_view value) {
  return std::all_of(value.begin(), value.end(), [](char c) { return c == '\t' || (c >= 0x20 && c < 0x7f); });
}

Result<void> add_header(Request& request, std::string_view name, std::string_view value) {
  if (!is_token(name) || !is_header_value(value))
    return fail(ErrorCode::validation,
                fmt::format("the web hook's header '{}' cannot be sent", is_token(name) ? name : "?"));
  // curl drops a header without a value; with a semicolon it is sent empty.
  request.headers.push_back(value.empty() ? fmt::format("{};", name) : fmt::format("{}: {}", name, value));
  return {};
}

// The first words of an answer, fit for a log; nothing if they repeat the secret.
std::string shown_beginning(const Request& request, std::string_view body) {
  const auto parts = split(request.url);
  if (parts && parts->rest.size() > 1 && body.find(parts->rest) != std::string_view::npos) return {};
  std::string shown;
  for (const char c : body.substr(0, shown_bytes_max)) shown.push_back(c >= 0x20 && c < 0x7f ? c : ' ');
  while (!shown.empty() && shown.back() == ' ') shown.pop_back();
  return shown.empty() ? shown : fmt::format(" ({})", shown);
}

// A redirect is mostly a proxy or a login page in between, which somebody will put right; a message is worth the wait.
bool is_temporary(long status) {
  return (status >= 300 && status < 400) || status == 408 || status == 425 || status == 429 || status >= 500;
}

}  // namespace

std::string printable(std::string_view url) {
  const auto parts = split(url);
  if (!parts) return "(no web address)";
  if (parts->rest.size() <= 1) return fmt::format("{}://{}{}", parts->scheme, parts->host, parts->rest);
  const auto end =
      parts->rest.size() >= secret_bytes_min ? parts->rest.substr(parts->rest.size() - shown_end) : std::string_view{};
  return fmt::format("{}://{}/…{}", parts->scheme, parts->host, end);
}

// "host:port", the port always there.
std::string endpoint_of(const UrlParts& parts) {
  const auto bracket = parts.host.rfind(']');
  if (parts.host.find(':', bracket == std::string::npos ? 0 : bracket) != std::string::npos) return parts.host;
  return parts.host + (parts.scheme == "https" ? ":443" : ":80");
}

Result<Request> read_call(const HttpCall& call) {
  const auto parts = split(call.url);
  if (!parts) return std::unexpected(parts.error());
  if (call.url.substr(0, call.url.find('/', parts->scheme.size() + 3)).find('@') != std::string::npos)
    return fail(ErrorCode::validation, "the URL of a call holds no user name or password");
  Request request{.url = call.url, .host = endpoint_of(*parts), .body = call.body, .headers = {}, .pace = {}};
  for (const auto& [name, value] : call.headers)
    if (auto added = add_header(request, name, value); !added) return pass_on(added);
  request.headers.emplace_back("Expect:");
  return request;
}

Result<Request> read_request(const store::Due& due, std::chrono::milliseconds slack_pace) {
  const auto parts = split(due.destination);
  if (!parts) return std::unexpected(parts.error());
  Request request{.url = due.destination, .host = endpoint_of(*parts), .body = due.payload, .headers = {}, .pace = {}};
  json::object context;
  if (!due.context.empty()) {
    auto read = parse_json_object(due.context);
    if (!read) return pass_on(read);
    context = std::move(*read);
  }
  request.reference = string_at(context, "reference");
  request.pace = std::chrono::milliseconds{std::clamp<std::int64_t>(integer_at(context, "pace_ms"), 0, 60'000)};
  if (is_slack(parts->host)) request.pace = std::max(request.pace, slack_pace);
  if (auto added = add_header(request, "Idempotency-Key", due.key); !added) return pass_on(added);
  if (const auto* headers = find(context, "headers"); headers && headers->is_object()) {
    for (const auto& [name, value] : headers->get_object()) {
      const std::string_view text = value.is_string() ? std::string_view(value.get_string()) : std::string_view("\n");
      if (auto added = add_header(request, name, text); !added) return pass_on(added);
    }
  }
  request.headers.emplace_back("Expect:");  // no 100-continue: bodies are small
  return request;
}

store::Outcome judge(const Request& request, const Answer& answer) {
  if (answer.status >= 200 && answer.status < 300) return {};
  const std::string said = fmt::format("{} answered {}{}", printable(request.url), answer.status,
                                       shown_beginning(request, answer.beginning));
  if (!is_temporary(answer.status)) return fail(ErrorCode::validation, said);
  const bool redirect = answer.status >= 300 && answer.status < 400;
  store::Outcome outcome = fail(ErrorCode::unavailable, redirect ? said + "; redirects are not followed" : said);
  outcome.pause = std::min(answer.retry_after, retry_after_max);
  return outcome;
}

}  // namespace tocsin::webhook
