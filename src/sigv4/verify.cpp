#include <fmt/format.h>

#include "core/time_format.h"
#include "digest/digest.h"
#include "sigv4/detail.h"

namespace tocsin::sigv4 {

namespace detail {

std::unexpected<Error> mismatch(std::string message) {
  return fail(ErrorCode::denied, std::move(message), "SignatureDoesNotMatch");
}

}  // namespace detail

namespace {

constexpr const char* no_match =
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key "
    "and signing method. Consult the service documentation for details.";

Result<void> check_time(const Claim& claim, Time now) {
  const auto skew = std::chrono::duration_cast<std::chrono::minutes>(clock_skew_max).count();
  if (claim.signed_at > now + clock_skew_max)
    return detail::mismatch(fmt::format("Signature not yet current: {} is still later than {} ({} + {} min.)",
                                        format_basic(claim.signed_at), format_basic(now + clock_skew_max),
                                        format_basic(now), skew));
  if (claim.presigned) {
    if (claim.signed_at + claim.life < now)
      return detail::mismatch(fmt::format("Signature expired: {} is now earlier than {}",
                                          format_basic(claim.signed_at + claim.life), format_basic(now)));
  } else if (claim.signed_at < now - clock_skew_max) {
    return detail::mismatch(fmt::format("Signature expired: {} is now earlier than {} ({} - {} min.)",
                                        format_basic(claim.signed_at), format_basic(now - clock_skew_max),
                                        format_basic(now), skew));
  }
  return {};
}

// A header that chooses the operation must not be changed on the way.
Result<void> check_signed_headers(const Request& request, const Claim& claim) {
  for (const auto& [name, value] : request.headers) {
    if (!detail::equal_ignoring_case(name, "x-amz-target")) continue;
    for (const auto& signed_name : claim.signed_headers)
      if (signed_name == "x-amz-target") return {};
    return detail::mismatch("'X-Amz-Target' must be a 'SignedHeader' in the AWS Authorization.");
  }
  return {};
}

}  // namespace

Result<void> verify(const Request& request, const Claim& claim, std::string_view secret, Time now) {
  if (auto in_time = check_time(claim, now); !in_time) return in_time;
  if (auto complete = check_signed_headers(request, claim); !complete) return complete;
  const auto text = string_to_sign(canonical_request(request, claim), claim.scope, claim.signed_at);
  const auto expected = detail::signature_of(signing_key(secret, claim.scope), text);
  if (!digest::equal_in_constant_time(expected, claim.signature)) return detail::mismatch(no_match);
  // The claimed hash was signed; now the body must have it.
  if (claim.payload == Payload::hashed && !claim.payload_hash.empty() &&
      digest::sha256_hex(request.body) != claim.payload_hash)
    return detail::mismatch("The provided 'x-amz-content-sha256' header does not match what was computed.");
  return {};
}

}  // namespace tocsin::sigv4
