#include "pattern/detail/event.h"

#include <algorithm>

namespace tocsin::pattern {

const TokenRoom& TokenMemory::room_for(std::size_t event_bytes) {
  if (event_bytes <= size_ && chars_ != nullptr) return room_;
  size_ = std::max<std::size_t>(event_bytes + event_bytes / 4, 4096);
  // A token a byte at most. Whole blocks are written past the last one, and read two tokens further.
  const std::size_t tokens = size_ + 3 * token_slack;
  const std::size_t words = tokens / 64 + 2;
  chars_ = std::make_unique_for_overwrite<char[]>(tokens);
  at_ = std::make_unique_for_overwrite<std::uint32_t[]>(tokens);
  words_ = std::make_unique_for_overwrite<std::uint64_t[]>(7 * words);
  std::uint64_t* word = words_.get();
  const auto next = [&] { return std::exchange(word, word + words); };
  room_.chars = chars_.get();
  room_.at = at_.get();
  room_.brackets = next();
  room_.opens = next();
  room_.braces = next();
  room_.key_commas = next();
  room_.plain_commas = next();
  room_.backslashes = next();
  room_.dots = next();
  return room_;
}

void Event::end_scopes() {
  scopes[0].end = static_cast<Index>(scopes.size());
  if (!has_choices) return;  // 0 everywhere
  for (Index i = 1; i < scopes.size(); ++i) {
    scopes[i].choice = arrays[scopes[i].array].count > 1 ? i : scopes[scopes[i].parent].choice;
  }
}

}  // namespace tocsin::pattern
