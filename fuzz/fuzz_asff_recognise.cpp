// Any bytes, in pieces of any size: the recogniser neither crashes nor hangs, and finds the same as in one piece.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "asff/recognise.h"
#include "core/check.h"

namespace {

using namespace tocsin;

std::vector<std::string> contents(std::string_view bytes, std::size_t step) {
  asff::Recogniser recogniser{Identity{}};
  std::vector<std::string> out;
  const auto drain = [&] {
    while (auto item = recogniser.next())
      out.push_back(std::to_string(item->position.byte) +
                    (item->finding ? to_json(*item->finding) : item->finding.error().message));
  };
  for (std::size_t i = 0; i < bytes.size(); i += step) {
    recogniser.feed(bytes.substr(i, step));
    drain();
  }
  recogniser.finish();
  drain();
  check(recogniser.bytes_seen() == bytes.size(), "every byte is seen once");
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes{reinterpret_cast<const char*>(data), size};
  const std::size_t step = size == 0 ? 1 : 1 + data[0] % 13;
  check(contents(bytes, bytes.size() + 1) == contents(bytes, step), "pieces make no difference");
  return 0;
}
