// Reads addresses and prefixes, puts them into a set and takes some out again.
#include <cstddef>
#include <cstdint>

#include "core/check.h"
#include "netset/set.h"
#include "netset/special.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace tocsin;
  using namespace tocsin::netset;
  std::string_view text(reinterpret_cast<const char*>(bytes), size);
  Set set;
  while (!text.empty()) {
    const auto end = text.find('\n');
    const auto line = text.substr(0, end);
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
    const auto prefix = parse_prefix(line);
    if (!prefix) continue;
    const auto again = parse_prefix(to_text(*prefix));
    check(again && *again == *prefix, "the text of a prefix is read back as the same prefix");
    (void)special_of(*prefix);
    if (set.contains(*prefix)) {
      set.erase(*prefix);
      check(!set.overlaps(*prefix), "what was erased is gone");
    } else {
      set.insert(*prefix);
      check(set.contains(*prefix), "what was inserted is there");
    }
  }
  check(Set(set.prefixes()) == set, "the prefixes of a set make the same set");
  return 0;
}
