#include "store/compress.h"

#include <zstd.h>

#include "core/check.h"

namespace tocsin::store {
namespace {

constexpr char plain_mark = 0;
constexpr char zstd_mark = 1;
constexpr std::size_t compress_from_bytes = 256;

struct Contexts {
  ZSTD_CCtx* compressing = ZSTD_createCCtx();
  ZSTD_DCtx* decompressing = ZSTD_createDCtx();
  Contexts() = default;
  Contexts(const Contexts&) = delete;
  Contexts& operator=(const Contexts&) = delete;
  ~Contexts() {
    ZSTD_freeCCtx(compressing);
    ZSTD_freeDCtx(decompressing);
  }
};

Contexts& contexts() {
  thread_local Contexts mine;
  return mine;
}

}  // namespace

std::string compress(std::string_view bytes) {
  std::string stored;
  if (bytes.size() >= compress_from_bytes) {
    stored.resize(1 + ZSTD_compressBound(bytes.size()));
    stored[0] = zstd_mark;
    const std::size_t length =
        ZSTD_compressCCtx(contexts().compressing, stored.data() + 1, stored.size() - 1, bytes.data(), bytes.size(), 1);
    check(ZSTD_isError(length) == 0, "zstd must compress into a buffer of its bound");
    if (length < bytes.size()) {
      stored.resize(1 + length);
      return stored;
    }
  }
  stored.assign(1, plain_mark);
  stored.append(bytes);
  return stored;
}

Result<std::string> decompress(std::string_view stored, std::size_t bytes_max) {
  if (stored.empty()) return fail(ErrorCode::corrupt, "a stored body is empty");
  const std::string_view body = stored.substr(1);
  if (stored[0] == plain_mark) return std::string(body);
  if (stored[0] != zstd_mark) return fail(ErrorCode::corrupt, "a stored body has an unknown form");
  const auto size = ZSTD_getFrameContentSize(body.data(), body.size());
  if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN || size > bytes_max)
    return fail(ErrorCode::corrupt, "a stored body has no believable length");
  std::string bytes(static_cast<std::size_t>(size), '\0');
  const std::size_t length =
      ZSTD_decompressDCtx(contexts().decompressing, bytes.data(), bytes.size(), body.data(), body.size());
  if (ZSTD_isError(length) || length != bytes.size())
    return fail(ErrorCode::corrupt, "a stored body does not decompress");
  return bytes;
}

}  // namespace tocsin::store
