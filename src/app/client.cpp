#include "app/client.h"

#include <filesystem>

#include <curl/curl.h>
#include <fmt/format.h>

#include "access/access.h"
#include "core/clock.h"
#include "sigv4/sigv4.h"

namespace tocsin::app {
namespace {

constexpr long connect_timeout_ms = 5'000;
constexpr long total_timeout_ms = 120'000;

std::size_t append(char* bytes, std::size_t, std::size_t count, void* to) {
  static_cast<std::string*>(to)->append(bytes, count);
  return count;
}

// "com.amazon…#Name:http://…" → "Name".
std::string error_name(const json::object& body) {
  std::string_view name = string_at(body, "__type", string_at(body, "Code", string_at(body, "code")));
  name = name.substr(0, name.find(':'));
  if (const auto hash = name.rfind('#'); hash != name.npos) name.remove_prefix(hash + 1);
  return std::string(name);
}

}  // namespace

struct Client::Reply {
  long status = 0;
  std::string body;
};

struct Client::Wire {
  CURL* handle = curl_easy_init();
  Wire() = default;
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;
  ~Wire() { curl_easy_cleanup(handle); }
};

Result<Endpoint> endpoint_from(const std::string& data_folder, std::string url, const std::string& region) {
  while (url.ends_with('/')) url.pop_back();
  const auto scheme = url.find("://");
  if ((!url.starts_with("http://") && !url.starts_with("https://")) || url.size() <= scheme + 3 ||
      url.find_first_of("/?# @", scheme + 3) != url.npos)
    return fail(ErrorCode::validation,
                fmt::format("the endpoint '{}' is not a server's URL such as http://127.0.0.1:4747", url));
  const std::string path = data_folder + "/credentials";
  std::error_code missing;
  if (!std::filesystem::exists(path, missing))
    return fail(ErrorCode::unavailable,
                fmt::format("there are no credentials at '{}': name the server's data folder with --data", path));
  Endpoint endpoint{.url = url, .region = region, .access_key_id = {}, .secret_access_key = {}};
  auto key = access::read_default_key(path);
  if (!key) return pass_on(key);
  endpoint.access_key_id = std::move(key->access_key_id);
  endpoint.secret_access_key = std::move(key->secret);
  return endpoint;
}

Client::Client(Endpoint endpoint) : endpoint_{std::move(endpoint)}, wire_{std::make_unique<Wire>()} {}
Client::~Client() = default;

Result<Client::Reply> Client::exchange(const Request& request) {
  const std::string host = endpoint_.url.substr(endpoint_.url.find("://") + 3);
  sigv4::Request to_sign{
      .method = request.method, .target = request.path, .headers = {{"Host", host}}, .body = request.body};
  if (!request.content_type.empty()) to_sign.headers.push_back({"Content-Type", request.content_type});
  if (!request.target.empty()) to_sign.headers.push_back({"X-Amz-Target", request.target});
  const auto signature =
      sigv4::sign(to_sign, {.access_key_id = endpoint_.access_key_id, .secret = endpoint_.secret_access_key.reveal()},
                  {.region = endpoint_.region, .service = request.service, .now = SystemClock{}.now()});
  curl_slist* headers = curl_slist_append(nullptr, "Expect:");
  for (const auto& [name, value] : to_sign.headers)
    headers = curl_slist_append(headers, fmt::format("{}: {}", name, value).c_str());
  for (const auto& [name, value] : signature)
    headers = curl_slist_append(headers, fmt::format("{}: {}", name, value).c_str());

  Reply reply;
  CURL* handle = wire_->handle;
  curl_easy_reset(handle);  // keeps the connection
  curl_easy_setopt(handle, CURLOPT_URL, fmt::format("{}{}", endpoint_.url, request.path).c_str());
  curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, std::string(request.method).c_str());
  if (!request.body.empty()) {
    curl_easy_setopt(handle, CURLOPT_POSTFIELDS, request.body.data());
    curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
  }
  curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, append);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, &reply.body);
  curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, connect_timeout_ms);
  curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, total_timeout_ms);
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  const CURLcode code = curl_easy_perform(handle);
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &reply.status);
  curl_slist_free_all(headers);
  if (code != CURLE_OK)
    return fail(ErrorCode::unavailable,
                fmt::format("no answer from {}: {}. Is the server running?", endpoint_.url, curl_easy_strerror(code)));
  return reply;
}

Result<json::object> Client::send(const Request& request) {
  auto reply = exchange(request);
  if (!reply) return pass_on(reply);
  auto body = reply->body.empty() ? Result<json::object>{json::object{}} : parse_json_object(reply->body);
  if (!body)
    return fail(ErrorCode::unavailable,
                fmt::format("{} answered {} with something that is not JSON", endpoint_.url, reply->status));
  if (reply->status < 300) return body;
  const auto message = string_at(*body, "Message", string_at(*body, "message", "no reason given"));
  const std::string name = error_name(*body);
  const bool denied = reply->status == 403 || name == "UnrecognizedClientException" ||
                      name == "InvalidSignatureException" || name == "AccessDeniedException";
  const auto code = reply->status == 429   ? ErrorCode::throttled
                    : reply->status >= 500 ? ErrorCode::unavailable
                    : denied               ? ErrorCode::denied
                                           : ErrorCode::validation;
  return fail(code, std::string(message), name);
}

Result<Identity> Client::identify() {
  auto answer = json_target("tocsin", "Tocsin_20261122.GetInstallation", "{}");
  if (!answer && answer.error().code == ErrorCode::denied)
    answer.error().message += " Are these another server's credentials? Name this one's data folder with --data.";
  if (!answer) return pass_on(answer);
  const Identity identity{std::string(string_at(*answer, "Account")), std::string(string_at(*answer, "Region")),
                          std::string(string_at(*answer, "Partition"))};
  if (identity.account.empty() || identity.region.empty())
    return fail(ErrorCode::unavailable, fmt::format("{} does not say whose it is: is it Tocsin?", endpoint_.url));
  endpoint_.region = identity.region;
  return identity;
}

Result<json::object> Client::rest(std::string_view service, std::string_view method, std::string_view path,
                                  std::string_view body) {
  return send({.service = service,
               .method = method,
               .path = path,
               .body = body,
               .content_type = "application/json",
               .target = {}});
}

Result<json::object> Client::json_target(std::string_view service, std::string_view target, std::string_view body) {
  return send({.service = service,
               .method = "POST",
               .path = "/",
               .body = body,
               .content_type = "application/x-amz-json-1.0",
               .target = target});
}

}  // namespace tocsin::app
