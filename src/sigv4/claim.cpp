#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "core/time_format.h"
#include "sigv4/detail.h"

namespace tocsin::sigv4 {
namespace {

using detail::header;
using detail::parameter;

// More names than any client signs; bounds the work that an unproved request can ask for.
constexpr std::size_t signed_headers_max = 100;

std::unexpected<Error> incomplete(std::string message) {
  return fail(ErrorCode::denied, std::move(message), "IncompleteSignature");
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> out;
  std::size_t at = 0;
  while (at <= text.size()) {
    const auto end = std::min(text.find(separator, at), text.size());
    out.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

// AKIDEXAMPLE/20261122/us-east-1/sqs/aws4_request
Result<void> read_credential(std::string_view text, Claim& claim) {
  const auto parts = split(text, '/');
  if (parts.size() != 5 || parts[4] != "aws4_request" || std::ranges::any_of(parts, &std::string_view::empty))
    return incomplete(
        fmt::format("Credential must have exactly 5 slash-delimited elements, e.g. "
                    "keyid/date/region/service/term, got '{}'",
                    text.substr(0, 200)));
  claim.access_key_id = parts[0];
  claim.scope = {std::string(parts[1]), std::string(parts[2]), std::string(parts[3])};
  return {};
}

Result<void> read_signed_headers(std::string_view text, Claim& claim) {
  auto names = split(text, ';');
  if (names.size() > signed_headers_max) return incomplete("too many SignedHeaders");
  for (const auto name : names) claim.signed_headers.push_back(detail::lower_case(name));
  std::ranges::sort(claim.signed_headers);
  const bool has_host = std::ranges::find(claim.signed_headers, "host") != claim.signed_headers.end();
  return has_host ? Result<void>{}
                  : Result<void>{detail::mismatch("'Host' or ':authority' must be a 'SignedHeader' in the AWS "
                                                  "Authorization.")};
}

Result<void> read_signature(std::string_view text, Claim& claim) {
  claim.signature = text;
  if (text.size() != 64 || text.find_first_not_of("0123456789abcdef") != std::string_view::npos)
    return detail::mismatch("The request signature does not conform to AWS standards.");
  return {};
}

Result<void> read_time(std::string_view text, Claim& claim) {
  auto time = parse_basic(text);
  if (!time)
    return incomplete(
        fmt::format("Date must be in ISO-8601 'basic format'. Got '{}'. See "
                    "http://en.wikipedia.org/wiki/ISO_8601",
                    text.substr(0, 100)));
  claim.signed_at = *time;
  if (text.substr(0, 8) != claim.scope.date)
    return detail::mismatch(
        fmt::format("Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
                    "'{}' != '{}', from '{}'.",
                    claim.scope.date.substr(0, 100), text.substr(0, 8), text));
  return {};
}

Result<void> read_payload(std::string_view hash, Claim& claim) {
  claim.payload_hash = hash;
  if (hash.empty() || (hash.size() == 64 && hash.find_first_not_of("0123456789abcdef") == std::string_view::npos))
    claim.payload = Payload::hashed;
  else if (hash == "UNSIGNED-PAYLOAD")
    claim.payload = Payload::unsigned_body;
  else if (hash == "STREAMING-AWS4-HMAC-SHA256-PAYLOAD")
    claim.payload = Payload::signed_chunks;
  else if (hash == "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER")
    claim.payload = Payload::signed_chunks_trailer;
  else if (hash == "STREAMING-UNSIGNED-PAYLOAD-TRAILER")
    claim.payload = Payload::unsigned_chunks_trailer;
  else
    return detail::mismatch(
        "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, "
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a valid sha256 value.");
  return {};
}

// AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…
Result<Claim> read_header(const Request& request, std::string_view authorization) {
  Claim claim;
  std::string_view credential, names, signature;
  authorization.remove_prefix(detail::algorithm.size());
  for (const auto part : split(authorization, ',')) {
    const auto text = detail::trim(part);
    const auto equals = std::min(text.find('='), text.size());
    const auto name = text.substr(0, equals);
    const auto value = text.substr(std::min(equals + 1, text.size()));
    if (name == "Credential") credential = value;
    if (name == "SignedHeaders") names = value;
    if (name == "Signature") signature = value;
  }
  std::string missing;
  if (credential.empty()) missing += "Authorization header requires 'Credential' parameter. ";
  if (signature.empty()) missing += "Authorization header requires 'Signature' parameter. ";
  if (names.empty()) missing += "Authorization header requires 'SignedHeaders' parameter. ";
  const auto date = header(request, "x-amz-date");
  if (!date) missing += "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ";
  if (!missing.empty()) return incomplete(missing.substr(0, missing.size() - 1));

  if (auto read = read_credential(credential, claim); !read) return pass_on(read);
  if (auto read = read_signed_headers(names, claim); !read) return pass_on(read);
  if (auto read = read_signature(signature, claim); !read) return pass_on(read);
  if (auto read = read_time(*date, claim); !read) return pass_on(read);
  if (auto read = read_payload(header(request, "x-amz-content-sha256").value_or(""), claim); !read)
    return pass_on(read);
  claim.session_token = header(request, "x-amz-security-token").value_or("");
  return claim;
}

Result<Claim> read_presigned(const Request& request, const detail::Parameters& parameters) {
  Claim claim;
  claim.presigned = true;
  const auto text = [&](std::string_view name) { return parameter(parameters, name).value_or(""); };
  for (const char* name : {"X-Amz-Credential", "X-Amz-Signature", "X-Amz-SignedHeaders", "X-Amz-Date"})
    if (text(name).empty())
      return incomplete(
          fmt::format("AWS query-string parameters must include '{}'. Re-examine the query-string "
                      "parameters.",
                      name));
  if (auto read = read_credential(text("X-Amz-Credential"), claim); !read) return pass_on(read);
  if (auto read = read_signed_headers(text("X-Amz-SignedHeaders"), claim); !read) return pass_on(read);
  if (auto read = read_signature(text("X-Amz-Signature"), claim); !read) return pass_on(read);
  if (auto read = read_time(text("X-Amz-Date"), claim); !read) return pass_on(read);
  const std::string expires = parameter(parameters, "X-Amz-Expires").value_or("900");
  std::int64_t seconds = -1;
  const auto [end, error] = std::from_chars(expires.data(), expires.data() + expires.size(), seconds);
  if (error != std::errc{} || end != expires.data() + expires.size() || seconds < 0)
    return detail::mismatch("X-Amz-Expires must be a non-negative number");
  if (seconds > presigned_life_max.count())
    return detail::mismatch(
        "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires "
        "must be less than 604800 seconds");
  claim.life = std::chrono::seconds{seconds};
  claim.session_token = text("X-Amz-Security-Token");
  std::string hash = text("X-Amz-Content-Sha256");
  if (hash.empty()) hash = header(request, "x-amz-content-sha256").value_or("");
  if (hash.empty() && claim.scope.service == "s3") hash = "UNSIGNED-PAYLOAD";
  if (auto read = read_payload(hash, claim); !read) return pass_on(read);
  return claim;
}

}  // namespace

bool is_signed(const Request& request) {
  if (header(request, "authorization")) return true;
  return detail::query_of(request.target).find("X-Amz-Signature=") != std::string_view::npos;
}

Result<Claim> read_claim(const Request& request) {
  if (const auto authorization = header(request, "authorization")) {
    if (authorization->substr(0, authorization->find(' ')) != detail::algorithm)
      return incomplete(fmt::format("Unsupported AWS 'algorithm': '{}'. Only AWS4-HMAC-SHA256 is understood.",
                                    authorization->substr(0, std::min(authorization->find(' '), std::size_t{64}))));
    return read_header(request, *authorization);
  }
  const auto parameters = detail::parse_query(detail::query_of(request.target));
  const auto algorithm = parameter(parameters, "X-Amz-Algorithm");
  if (!algorithm && !parameter(parameters, "X-Amz-Signature"))
    return fail(ErrorCode::denied, "Missing Authentication Token", "MissingAuthenticationToken");
  if (algorithm.value_or("") != detail::algorithm)
    return incomplete(fmt::format("Unsupported AWS 'algorithm': '{}'. Only AWS4-HMAC-SHA256 is understood.",
                                  algorithm.value_or("").substr(0, 64)));
  return read_presigned(request, parameters);
}

}  // namespace tocsin::sigv4
