#include "pattern/detail/event.h"

#include <algorithm>

namespace tocsin::pattern {

const TokenRoom& TokenMemory::room_for(std::size_t event_bytes) {
  if (event_bytes <= size_ && chars_ != nullptr) return room_;
  size_ = std::max<std::size_t>(event_bytes + event_bytes / 4, 4096);
  // A token a byte at most. Whole blocks are written past the last one, and read two tokens further.
  const std::size_t tokens = size_ + 3 * token_slack;
  const std::size_t words = tokens / 64 + 8;
  chars_ = std::make_unique_for_overwrite<char[]>(token_slack + tokens);
  at_ = std::make_unique_for_overwrite<std::uint32_t[]>(tokens);
  token_words_ = std::make_unique_for_overwrite<TokenWords[]>(words);
  text_words_ = std::make_unique_for_overwrite<std::uint64_t[]>(2 * words);
  std::fill_n(chars_.get(), token_slack, '\0');
  room_ = {chars_.get() + token_slack, at_.get(), token_words_.get(), text_words_.get(), text_words_.get() + words};
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
