// Digests and encodings: MD5, SHA-1, SHA-2, HMAC-SHA-256, hexadecimal, base64. Pure; over OpenSSL.
#pragma once

#include <string>
#include <string_view>

#include "core/result.h"

namespace tocsin::digest {

// Each returns the raw digest bytes (16, 20, 32, 48 and 64 of them).
std::string md5(std::string_view bytes);
std::string sha1(std::string_view bytes);
std::string sha256(std::string_view bytes);
std::string sha384(std::string_view bytes);
std::string sha512(std::string_view bytes);
std::string hmac_sha256(std::string_view key, std::string_view bytes);

// Lower-case hexadecimal.
std::string hex(std::string_view bytes);
inline std::string sha256_hex(std::string_view bytes) {
  return hex(sha256(bytes));
}
inline std::string md5_hex(std::string_view bytes) {
  return hex(md5(bytes));
}

// Base64 with padding (RFC 4648, section 4). Decoding refuses anything else: error validation.
std::string base64(std::string_view bytes);
Result<std::string> from_base64(std::string_view text);

// True if both are equal; the time taken does not tell where they differ.
bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace tocsin::digest
