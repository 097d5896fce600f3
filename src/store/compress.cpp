#include "store/compress.h"

#include <zstd.h>

#include "core/check.h"

namespace tocsin::store {
namespace {

constexpr char plain_mark = 0;
constexpr char zstd_mark = 1;
constexpr char dictionary_mark = 2;
constexpr int level = 1;
constexpr std::size_t compress_from_bytes = 256;
constexpr std::size_t room_kept_max = 1u << 20;

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

struct Dictionary::Tables {
  ZSTD_CDict* compressing;
  ZSTD_DDict* decompressing;
};

Dictionary::Dictionary(std::string_view bytes)
    : tables_{new Tables{.compressing = ZSTD_createCDict(bytes.data(), bytes.size(), level),
                         .decompressing = ZSTD_createDDict(bytes.data(), bytes.size())}} {
  check(tables_->compressing && tables_->decompressing && ZSTD_getDictID_fromDDict(tables_->decompressing) != 0,
        "a dictionary must be one that zstd has made");
}

Dictionary::~Dictionary() {
  ZSTD_freeCDict(tables_->compressing);
  ZSTD_freeDDict(tables_->decompressing);
}

std::string compress(std::string_view bytes, const Dictionary* dictionary) {
  std::string stored;
  if (bytes.size() >= compress_from_bytes) {
    // Compressed into memory that stays, so that what is kept is no larger than it must be.
    thread_local std::string room;
    const auto room_bytes = ZSTD_compressBound(bytes.size());
    if (room.size() < room_bytes) room.resize(room_bytes);
    auto* context = contexts().compressing;
    const std::size_t length =
        dictionary ? ZSTD_compress_usingCDict(context, room.data(), room.size(), bytes.data(), bytes.size(),
                                              dictionary->tables_->compressing)
                   : ZSTD_compressCCtx(context, room.data(), room.size(), bytes.data(), bytes.size(), level);
    check(ZSTD_isError(length) == 0, "zstd must compress into a buffer of its bound");
    if (length < bytes.size()) {
      stored.reserve(1 + length);
      stored += dictionary ? dictionary_mark : zstd_mark;
      stored.append(room, 0, length);
    }
    if (room.size() > room_kept_max) std::string{}.swap(room);
    if (!stored.empty()) return stored;
  }
  stored.assign(1, plain_mark);
  stored.append(bytes);
  return stored;
}

Result<std::string> decompress(std::string_view stored, const Dictionary* dictionary, std::size_t bytes_max) {
  if (stored.empty()) return fail(ErrorCode::corrupt, "a stored body is empty");
  const std::string_view body = stored.substr(1);
  if (stored[0] == plain_mark) return std::string(body);
  const bool with_dictionary = stored[0] == dictionary_mark;
  if ((stored[0] != zstd_mark && !with_dictionary) || (with_dictionary && !dictionary))
    return fail(ErrorCode::corrupt, "a stored body has an unknown form");
  const auto size = ZSTD_getFrameContentSize(body.data(), body.size());
  if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN || size > bytes_max)
    return fail(ErrorCode::corrupt, "a stored body has no believable length");
  std::string bytes(static_cast<std::size_t>(size), '\0');
  auto* context = contexts().decompressing;
  const std::size_t length = with_dictionary
                                 ? ZSTD_decompress_usingDDict(context, bytes.data(), bytes.size(), body.data(),
                                                              body.size(), dictionary->tables_->decompressing)
                                 : ZSTD_decompressDCtx(context, bytes.data(), bytes.size(), body.data(), body.size());
  if (ZSTD_isError(length) || length != bytes.size())
    return fail(ErrorCode::corrupt, "a stored body does not decompress");
  return bytes;
}

}  // namespace tocsin::store
