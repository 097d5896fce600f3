// AWS Signature Version 4: says who signed a request and proves it, and signs requests of our own. Pure: the time is
// an input, keys come from the caller.
//
// Understood: the Authorization header and presigned query parameters; bodies signed by hash, unsigned
// (UNSIGNED-PAYLOAD), in signed chunks (STREAMING-AWS4-HMAC-SHA256-PAYLOAD[-TRAILER]) and in unsigned chunks with a
// trailing checksum (STREAMING-UNSIGNED-PAYLOAD-TRAILER). Not understood: Signature Version 4A, S3's POST forms.
// Source: AWS IAM User Guide, "Signature Version 4 signing process"; Amazon S3 API Reference, "sigv4-streaming".
//
// Errors carry the names of the query protocol in aws_code: MissingAuthenticationToken, IncompleteSignature,
// SignatureDoesNotMatch (also for expired ones). The front words them for the other protocols.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "core/result.h"

namespace tocsin::sigv4 {

// How far the clocks of the two sides may be apart. Source: AWS's refusals ("… - 15 min.").
inline constexpr std::chrono::minutes clock_skew_max{15};
// Longest life of a presigned request. Source: IAM User Guide, "X-Amz-Expires".
inline constexpr std::chrono::seconds presigned_life_max = std::chrono::days{7};

struct Header {
  std::string_view name, value;
};

// A request as it stands on the wire. Nothing is decoded.
struct Request {
  std::string_view method;
  std::string_view target;  // path and query: "/findings/import?x=y"
  std::vector<Header> headers;
  std::string_view body;
};

struct Scope {
  std::string date;  // "20261122"
  std::string region;
  std::string service;  // the signing name
};

enum class Payload { hashed, unsigned_body, signed_chunks, signed_chunks_trailer, unsigned_chunks_trailer };

// What a request says of its signature, before anything is proved.
struct Claim {
  std::string access_key_id;
  Scope scope;
  Time signed_at;
  std::vector<std::string> signed_headers;  // lower case, sorted
  std::string signature;                    // 64 hexadecimal digits
  std::string payload_hash;                 // x-amz-content-sha256, or empty
  std::string session_token;                // X-Amz-Security-Token, or empty
  Payload payload = Payload::hashed;
  bool presigned = false;
  std::chrono::seconds life{0};  // presigned only
};

// True if the request claims to be signed at all.
bool is_signed(const Request& request);

// Reads the claim. Error: denied, MissingAuthenticationToken or IncompleteSignature.
Result<Claim> read_claim(const Request& request);

// Proves the claim with the key's secret, and the body by its hash or its chunks. Error: denied,
// SignatureDoesNotMatch. The body that was signed is to be taken with `decode_body`.
Result<void> verify(const Request& request, const Claim& claim, std::string_view secret, Time now);

// The body without its chunk framing, each chunk and the trailing checksum proved; for Payload::hashed and
// unsigned_body the body as it is (which verify() has proved or which needs no proof).
// Error: denied, SignatureDoesNotMatch; validation, IncompleteBody or InvalidChunkSizeError.
Result<std::string> decode_body(const Request& request, const Claim& claim, std::string_view secret);

// The steps in between, for tests and for those who look for a mismatch.
std::string canonical_request(const Request& request, const Claim& claim);
std::string string_to_sign(std::string_view canonical_request, const Scope& scope, Time signed_at);
std::string signing_key(std::string_view secret, const Scope& scope);

struct Key {
  std::string_view access_key_id, secret, session_token = {};
};

struct SignOptions {
  std::string_view region, service;
  Time now;
  bool add_payload_hash = false;  // adds x-amz-content-sha256 (S3 wants it)
  bool unsigned_payload = false;
};

struct OwnedHeader {
  std::string name, value;
};

// The headers to add to `request` so that it is signed: all of its headers are, so give the ones that no proxy changes.
// It must have a Host header.
std::vector<OwnedHeader> sign(const Request& request, const Key& key, const SignOptions& options);

// The target with the query parameters that sign it for `life`. `request.headers` must have Host.
std::string presign(const Request& request, const Key& key, const SignOptions& options, std::chrono::seconds life);

}  // namespace tocsin::sigv4
