// Any request: reading its claim, canonicalising and decoding its chunks never crash, and nothing verifies without the
// key.
#include <cstdint>
#include <cstdlib>

#include "core/time_format.h"
#include "sigv4/sigv4.h"

using namespace tocsin;

// The input is a target, headers one a line, an empty line, a body.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const void* raw = data;
  std::string_view text{static_cast<const char*>(raw), size};
  const auto take_line = [&text] {
    const auto end = std::min(text.find('\n'), text.size());
    const auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return line;
  };
  sigv4::Request request{.method = "POST", .target = take_line(), .headers = {}, .body = {}};
  for (auto line = take_line(); !line.empty(); line = take_line()) {
    const auto colon = std::min(line.find(':'), line.size());
    request.headers.push_back({line.substr(0, colon), line.substr(std::min(colon + 1, line.size()))});
  }
  request.body = text;
  const auto claim = sigv4::read_claim(request);
  if (!claim) return 0;
  if (sigv4::verify(request, *claim, "a secret that no input knows", claim->signed_at)) std::abort();
  const auto body = sigv4::decode_body(request, *claim, "a secret that no input knows");
  if (body && body->size() > request.body.size()) std::abort();
  return 0;
}
