#include <algorithm>

#include <fmt/format.h>

#include "core/time_format.h"
#include "digest/digest.h"
#include "sigv4/detail.h"

namespace tocsin::sigv4 {
namespace detail {

std::string scope_text(const Scope& scope) {
  return fmt::format("{}/{}/{}/aws4_request", scope.date, scope.region, scope.service);
}

Scope scope_at(Time time, std::string_view region, std::string_view service) {
  return {format_basic(time).substr(0, 8), std::string(region), std::string(service)};
}

std::string signature_of(std::string_view key, std::string_view text) {
  return digest::hex(digest::hmac_sha256(key, text));
}

}  // namespace detail

std::string string_to_sign(std::string_view canonical_request, const Scope& scope, Time signed_at) {
  return fmt::format("{}\n{}\n{}\n{}", detail::algorithm, format_basic(signed_at), detail::scope_text(scope),
                     digest::sha256_hex(canonical_request));
}

std::string signing_key(std::string_view secret, const Scope& scope) {
  std::string key = digest::hmac_sha256("AWS4" + std::string(secret), scope.date);
  key = digest::hmac_sha256(key, scope.region);
  key = digest::hmac_sha256(key, scope.service);
  return digest::hmac_sha256(key, "aws4_request");
}

std::vector<OwnedHeader> sign(const Request& request, const Key& key, const SignOptions& options) {
  std::vector<OwnedHeader> added{{"X-Amz-Date", format_basic(options.now)}};
  const std::string hash = options.unsigned_payload ? "UNSIGNED-PAYLOAD" : digest::sha256_hex(request.body);
  if (options.add_payload_hash || options.unsigned_payload) added.push_back({"x-amz-content-sha256", hash});
  if (!key.session_token.empty()) added.push_back({"X-Amz-Security-Token", std::string(key.session_token)});

  Request whole = request;
  for (const auto& [name, value] : added) whole.headers.push_back({name, value});
  Claim claim;
  claim.scope = detail::scope_at(options.now, options.region, options.service);
  for (const auto& [name, value] : whole.headers) claim.signed_headers.push_back(detail::lower_case(name));
  std::ranges::sort(claim.signed_headers);
  const auto repeated = std::ranges::unique(claim.signed_headers);
  claim.signed_headers.erase(repeated.begin(), repeated.end());

  const auto text = string_to_sign(detail::canonical_form(whole, claim, hash), claim.scope, options.now);
  const auto signature = detail::signature_of(signing_key(key.secret, claim.scope), text);
  added.push_back({"Authorization", fmt::format("{} Credential={}/{}, SignedHeaders={}, Signature={}",
                                                detail::algorithm, key.access_key_id, detail::scope_text(claim.scope),
                                                fmt::join(claim.signed_headers, ";"), signature)});
  return added;
}

std::string presign(const Request& request, const Key& key, const SignOptions& options, std::chrono::seconds life) {
  Claim claim;
  claim.presigned = true;
  claim.scope = detail::scope_at(options.now, options.region, options.service);
  claim.signed_headers = {"host"};
  const auto encoded = [](std::string_view text) { return detail::uri_encode(text, false); };
  std::string target{request.target};
  target += target.find('?') == std::string::npos ? '?' : '&';
  target += fmt::format("X-Amz-Algorithm={}&X-Amz-Credential={}&X-Amz-Date={}&X-Amz-Expires={}", detail::algorithm,
                        encoded(fmt::format("{}/{}", key.access_key_id, detail::scope_text(claim.scope))),
                        format_basic(options.now), life.count());
  if (!key.session_token.empty()) target += "&X-Amz-Security-Token=" + encoded(key.session_token);
  target += "&X-Amz-SignedHeaders=host";

  Request whole = request;
  whole.target = target;
  const bool is_unsigned = options.unsigned_payload || options.service == "s3";
  const std::string hash = is_unsigned ? "UNSIGNED-PAYLOAD" : digest::sha256_hex(request.body);
  const auto text = string_to_sign(detail::canonical_form(whole, claim, hash), claim.scope, options.now);
  return target + "&X-Amz-Signature=" + detail::signature_of(signing_key(key.secret, claim.scope), text);
}

}  // namespace tocsin::sigv4
