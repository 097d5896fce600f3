#include "digest/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "core/check.h"

namespace tocsin::digest {
namespace {

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string digest_with(const EVP_MD* algorithm, std::string_view bytes) {
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  check(EVP_Digest(bytes.data(), bytes.size(), out, &length, algorithm, nullptr) == 1, "OpenSSL must digest");
  return {reinterpret_cast<const char*>(out), length};
}

}  // namespace

std::string md5(std::string_view bytes) {
  return digest_with(EVP_md5(), bytes);
}
std::string sha1(std::string_view bytes) {
  return digest_with(EVP_sha1(), bytes);
}
std::string sha256(std::string_view bytes) {
  return digest_with(EVP_sha256(), bytes);
}
std::string sha384(std::string_view bytes) {
  return digest_with(EVP_sha384(), bytes);
}
std::string sha512(std::string_view bytes) {
  return digest_with(EVP_sha512(), bytes);
}

std::string hmac_sha256(std::string_view key, std::string_view bytes) {
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  check(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes_of(bytes), bytes.size(), out, &length) !=
            nullptr,
        "OpenSSL must compute an HMAC");
  return {reinterpret_cast<const char*>(out), length};
}

std::string hex(std::string_view bytes) {
  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text += digits[byte >> 4];
    text += digits[byte & 0xf];
  }
  return text;
}

std::string base64(std::string_view bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int length =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), bytes_of(bytes), static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(length));
  return text;
}

Result<std::string> from_base64(std::string_view text) {
  const auto padding = text.ends_with("==") ? 2u : text.ends_with("=") ? 1u : 0u;
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  if (text.size() % 4 != 0 || text.substr(0, text.size() - padding).find_first_not_of(alphabet) != text.npos)
    return fail(ErrorCode::validation, "not valid base64");
  std::string bytes(text.size() / 4 * 3, '\0');
  const int length =
      EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()), bytes_of(text), static_cast<int>(text.size()));
  if (length < 0) return fail(ErrorCode::validation, "not valid base64");
  bytes.resize(static_cast<std::size_t>(length) - padding);
  return bytes;
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace tocsin::digest
