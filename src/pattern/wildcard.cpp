#include <fmt/format.h>

#include "pattern/detail/syntax.h"

namespace tocsin::pattern {

bool split_wildcard(std::string_view wildcard, std::vector<std::string>& pieces, std::string& reason) {
  pieces.emplace_back();
  for (std::size_t i = 0; i < wildcard.size(); ++i) {
    const char c = wildcard[i];
    const char next = i + 1 < wildcard.size() ? wildcard[i + 1] : '\0';
    if (c == '*') {
      if (next == '*') {
        // EventBridge counts from the quote before the text.
        reason = fmt::format("Consecutive wildcard characters at pos {}", i + 1);
        return false;
      }
      pieces.emplace_back();
    } else if (c == '\\') {
      if (next != '*' && next != '\\') {
        reason = fmt::format("Invalid escape character at pos {}", i + 1);
        return false;
      }
      pieces.back() += next;
      ++i;
    } else {
      pieces.back() += c;
    }
  }
  return true;
}

}  // namespace tocsin::pattern
