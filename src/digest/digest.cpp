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

// Fetched once: OpenSSL 3 looks an algorithm that was not fetched up at every use, which takes longer than to digest
// a short text.
const EVP_MD* fetched(const char* name) {
  const EVP_MD* algorithm = EVP_MD_fetch(nullptr, name, nullptr);
  check(algorithm != nullptr, "OpenSSL must have the algorithm");
  return algorithm;
}

std::string digest_with(const EVP_MD* algorithm, std::string_view bytes) {
  struct Context {
    EVP_MD_CTX* state = EVP_MD_CTX_new();
    Context() = default;
    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;
    ~Context() { EVP_MD_CTX_free(state); }
  };
  thread_local Context context;
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  check(EVP_DigestInit_ex(context.state, algorithm, nullptr) == 1 &&
            EVP_DigestUpdate(context.state, bytes.data(), bytes.size()) == 1 &&
            EVP_DigestFinal_ex(context.state, out, &length) == 1,
        "OpenSSL must digest");
  return {reinterpret_cast<const char*>(out), length};
}

}  // namespace

std::string md5(std::string_view bytes) {
  static const EVP_MD* const algorithm = fetched("MD5");
  return digest_with(algorithm, bytes);
}
std::string sha1(std::string_view bytes) {
  static const EVP_MD* const algorithm = fetched("SHA1");
  return digest_with(algorithm, bytes);
}
std::string sha256(std::string_view bytes) {
  static const EVP_MD* const algorithm = fetched("SHA256");
  return digest_with(algorithm, bytes);
}
std::string sha384(std::string_view bytes) {
  static const EVP_MD* const algorithm = fetched("SHA384");
  return digest_with(algorithm, bytes);
}
std::string sha512(std::string_view bytes) {
  static const EVP_MD* const algorithm = fetched("SHA512");
  return digest_with(algorithm, bytes);
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
