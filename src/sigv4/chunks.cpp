// Bodies sent in chunks of their own framing inside the HTTP body ("aws-chunked"):
//
//   hex-size;chunk-signature=…\r\n bytes \r\n  …  0;chunk-signature=…\r\n [trailer:value\r\n …] \r\n
//
// Source: Amazon S3 API Reference, "Signature calculations for the authorization header: transferring a payload in
// multiple chunks" and "… including trailing headers".
#include <charconv>

#include <boost/crc.hpp>

#include "core/time_format.h"
#include "digest/digest.h"
#include "sigv4/detail.h"

namespace tocsin::sigv4 {
namespace {

std::unexpected<Error> incomplete_body(std::string message) {
  return fail(ErrorCode::validation, std::move(message), "IncompleteBody");
}

struct Chain {  // each signature signs the one before it
  const Claim& claim;
  std::string key;
  std::string previous;

  std::string sign(std::string_view kind, std::string_view hashes) {
    std::string text{kind};
    text.append("\n").append(format_basic(claim.signed_at)).append("\n").append(detail::scope_text(claim.scope));
    text.append("\n").append(previous).append("\n").append(hashes);
    return detail::signature_of(key, text);
  }

  bool accept(std::string_view kind, std::string_view hashes, std::string_view signature) {
    previous = sign(kind, hashes);
    return digest::equal_in_constant_time(previous, signature);
  }
};

// Takes a line without its \r\n; false where there is none.
bool take_line(std::string_view& rest, std::string_view& line) {
  const auto end = rest.find("\r\n");
  if (end == std::string_view::npos) return false;
  line = rest.substr(0, end);
  rest.remove_prefix(end + 2);
  return true;
}

struct ChunkHead {
  std::size_t size = 0;
  std::string_view signature;
};

Result<ChunkHead> take_head(std::string_view& rest) {
  std::string_view line;
  if (!take_line(rest, line)) return incomplete_body("The request body ends inside a chunk header.");
  ChunkHead head;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), head.size, 16);
  std::string_view extension = line.substr(static_cast<std::size_t>(end - line.data()));
  if (error != std::errc{} || (!extension.empty() && !extension.starts_with(';')))
    return fail(ErrorCode::validation, "A chunk has no valid size.", "InvalidChunkSizeError");
  constexpr std::string_view name = ";chunk-signature=";
  if (extension.starts_with(name)) head.signature = extension.substr(name.size());
  return head;
}

std::string big_endian(std::uint32_t value) {
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift & 0xff);
  return out;
}

// Checksums that clients send in a trailer; the ones that are not known are not checked.
Result<void> check_checksum(std::string_view name, std::string_view value, std::string_view body) {
  std::string computed;
  if (name == "x-amz-checksum-crc32") {
    boost::crc_32_type crc;
    crc.process_bytes(body.data(), body.size());
    computed = big_endian(crc.checksum());
  } else if (name == "x-amz-checksum-crc32c") {
    boost::crc_optimal<32, 0x1EDC6F41, 0xFFFFFFFF, 0xFFFFFFFF, true, true> crc;
    crc.process_bytes(body.data(), body.size());
    computed = big_endian(crc.checksum());
  } else if (name == "x-amz-checksum-sha256") {
    computed = digest::sha256(body);
  } else if (name == "x-amz-checksum-sha1") {
    computed = digest::sha1(body);
  } else {
    return {};
  }
  if (digest::base64(computed) != value)
    return fail(ErrorCode::validation, "The checksum in the trailer does not match the body.", "BadDigest");
  return {};
}

Result<void> read_trailer(std::string_view rest, const Claim& claim, Chain& chain, std::string_view body) {
  std::string canonical;
  std::string_view line, signature;
  while (take_line(rest, line) && !line.empty()) {
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) return incomplete_body("A trailer has no colon.");
    const auto name = detail::lower_case(detail::trim(line.substr(0, colon)));
    const auto value = detail::trim(line.substr(colon + 1));
    if (name == "x-amz-trailer-signature") {
      signature = value;
      continue;
    }
    canonical.append(name).append(":").append(value).append("\n");
    if (auto sound = check_checksum(name, value, body); !sound) return sound;
  }
  if (claim.payload == Payload::signed_chunks_trailer &&
      !chain.accept("AWS4-HMAC-SHA256-TRAILER", digest::sha256_hex(canonical), signature))
    return detail::mismatch("The signature of the trailer does not match.");
  return {};
}

Result<void> check_length(const Request& request, std::size_t length) {
  const auto said = detail::header(request, "x-amz-decoded-content-length");
  if (!said) return {};
  std::size_t expected = 0;
  const auto [end, error] = std::from_chars(said->data(), said->data() + said->size(), expected);
  if (error != std::errc{} || end != said->data() + said->size() || expected != length)
    return incomplete_body(
        "You did not provide the number of bytes specified by the x-amz-decoded-content-length header.");
  return {};
}

}  // namespace

Result<std::string> decode_body(const Request& request, const Claim& claim, std::string_view secret) {
  if (claim.payload == Payload::hashed || claim.payload == Payload::unsigned_body) return std::string(request.body);
  const bool is_signed_chunks = claim.payload != Payload::unsigned_chunks_trailer;
  Chain chain{claim, signing_key(secret, claim.scope), claim.signature};
  const std::string empty_hash = digest::sha256_hex("");
  std::string body;
  std::string_view rest = request.body;
  while (true) {
    auto head = take_head(rest);
    if (!head) return pass_on(head);
    if (head->size > rest.size()) return incomplete_body("The request body ends inside a chunk.");
    const auto bytes = rest.substr(0, head->size);
    rest.remove_prefix(head->size);
    if (is_signed_chunks &&
        !chain.accept("AWS4-HMAC-SHA256-PAYLOAD", empty_hash + "\n" + digest::sha256_hex(bytes), head->signature))
      return detail::mismatch("The signature of a chunk does not match.");
    if (bytes.empty()) break;
    body += bytes;
    if (!rest.starts_with("\r\n")) return incomplete_body("A chunk is longer than its header says.");
    rest.remove_prefix(2);
  }
  if (auto sound = read_trailer(rest, claim, chain, body); !sound) return pass_on(sound);
  if (auto sound = check_length(request, body.size()); !sound) return pass_on(sound);
  return body;
}

}  // namespace tocsin::sigv4
