// Bodies at rest are compressed (zstd, level 1). Small ones are stored as they are; a leading byte tells.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/result.h"

namespace tocsin::store {

// What bodies of one kind have in common, so that each needs to say only what it has of its own: a finding takes less
// than half the bytes and the time. What was compressed with a dictionary needs it for ever, so once released it is
// never changed. May be used by several threads at once.
class Dictionary {
 public:
  // `bytes`: a dictionary as `zstd --train` makes it, with its number, which compressed bodies name.
  explicit Dictionary(std::string_view bytes);
  ~Dictionary();
  Dictionary(const Dictionary&) = delete;
  Dictionary& operator=(const Dictionary&) = delete;

 private:
  friend std::string compress(std::string_view, const Dictionary*);
  friend Result<std::string> decompress(std::string_view, const Dictionary*, std::size_t);
  struct Tables;
  std::unique_ptr<Tables> tables_;
};

std::string compress(std::string_view bytes, const Dictionary* dictionary = nullptr);
// `dictionary`: as of compress; null will do where none was used. Error: corrupt. `bytes_max` bounds what a damaged
// length can ask for.
Result<std::string> decompress(std::string_view stored, const Dictionary* dictionary,
                               std::size_t bytes_max = 64u << 20);
inline Result<std::string> decompress(std::string_view stored, std::size_t bytes_max = 64u << 20) {
  return decompress(stored, nullptr, bytes_max);
}

}  // namespace tocsin::store
