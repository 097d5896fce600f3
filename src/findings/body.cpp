#include "findings/detail/body.h"

#include "store/compress.h"

namespace tocsin::findings::detail {
namespace {

const store::Dictionary& dictionary() {
  static const store::Dictionary made{dictionary_bytes()};
  return made;
}

}  // namespace

std::string to_body(std::string_view json) {
  return store::compress(json, &dictionary());
}

Result<std::string> from_body(std::string_view body) {
  return store::decompress(body, &dictionary());
}

}  // namespace tocsin::findings::detail
