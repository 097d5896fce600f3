// JSON text as tokens, found 64 bytes at a time: { } [ ] : , and the first byte of each string and scalar, with all
// of the grammar checked that does not depend on what is nested in what.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tocsin::pattern {

// Of 64 tokens, one bit each.
struct TokenWords {
  std::uint64_t brackets;      // { } [ ]
  std::uint64_t opens;         // { [
  std::uint64_t braces;        // { }
  std::uint64_t key_commas;    // a comma before a key (a string and a colon)
  std::uint64_t plain_commas;  // any other comma
};

// Where tokenize() writes; the caller provides room.
struct TokenRoom {
  // One a token, and 64 bytes of slack before the first (of which the last one is 0) and after the last.
  char* chars;        // '{' '}' '[' ']' ':' ',' '"', or the first byte of a number or literal; behind the last: 0
  std::uint32_t* at;  // its place in the text
  TokenWords* token_words;
  // One bit a byte of text; written in groups of eight words.
  std::uint64_t* backslashes;
  std::uint64_t* dots;
};

struct Tokens {
  std::uint32_t count = 0;
  bool is_valid = false;  // strings, escapes, numbers, literals, and which token may follow which
  bool has_backslash = false;
  bool has_non_ascii = false;  // its being UTF-8 is not checked here
};

// Room for a text of `size` bytes: so many tokens, and words of bits.
constexpr std::size_t token_slack = 64;

// `size` is under 4 GiB. The variants give the same results; those for processors that this one is not must not be
// called.
using Tokenizer = Tokens (*)(const char* text, std::size_t size, const TokenRoom& room);
Tokens tokenize_avx512(const char* text, std::size_t size, const TokenRoom& room);
Tokens tokenize_avx2(const char* text, std::size_t size, const TokenRoom& room);
Tokens tokenize_any(const char* text, std::size_t size, const TokenRoom& room);

// The variants that this processor has, fastest first; at least tokenize_any. The count is the result.
int tokenizers_here(Tokenizer (&list)[3]);

}  // namespace tocsin::pattern
