// What the files of this folder share. Inside this folder only.
#pragma once

#include <optional>
#include <utility>

#include "sigv4/sigv4.h"

namespace tocsin::sigv4::detail {

inline constexpr std::string_view algorithm = "AWS4-HMAC-SHA256";

using Parameters = std::vector<std::pair<std::string, std::string>>;

// Percent-encodes all but RFC 3986's unreserved characters (and '/', if `keep_slash`).
std::string uri_encode(std::string_view bytes, bool keep_slash);
// Decodes %XX; what is no valid escape stays as it is. '+' stays '+'.
std::string uri_decode(std::string_view text);

std::string_view path_of(std::string_view target);
std::string_view query_of(std::string_view target);
// Decoded name and value of each parameter, in order of appearance.
Parameters parse_query(std::string_view query);
std::optional<std::string> parameter(const Parameters& parameters, std::string_view name);

bool equal_ignoring_case(std::string_view a, std::string_view b);
std::string lower_case(std::string_view text);
std::string_view trim(std::string_view text);
// The value of the first header of that name, trimmed; null where there is none.
std::optional<std::string_view> header(const Request& request, std::string_view name);

// "20261122/us-east-1/sqs/aws4_request"
std::string scope_text(const Scope& scope);
Scope scope_at(Time time, std::string_view region, std::string_view service);
std::string signature_of(std::string_view key, std::string_view text);

// The canonical form with the payload's hash given.
std::string canonical_form(const Request& request, const Claim& claim, std::string_view payload_hash);
// What goes into the last line of the canonical form.
std::string payload_line(const Request& request, const Claim& claim);

std::unexpected<Error> mismatch(std::string message);

}  // namespace tocsin::sigv4::detail
