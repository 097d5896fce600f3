// The tokenizer, for an instruction set that gives blocks of 64 bytes. Included by one file for each: what is here
// must stay inside the unnamed namespace and use nothing that other files could share the code of.
//
// An `Isa` has
//   Block, with masks of 64 bits for the bytes that are equal to something or of some class; what the masks of classes
//     say of bytes above 127 does not matter, as those are refused outside strings;
//   Before, what it remembers of the block before, and wrong_pairs(): the bytes that may not follow the byte before
//     them where both are outside strings (any answer for those inside);
//   TokenBlock, with masks for 64 tokens;
//   last_block(), which reads under 64 bytes and takes the rest for spaces;
//   prefix_xor(), and append(), which writes the tokens of a block.
#pragma once

#include <cstddef>
#include <cstdint>

#include "pattern/detail/tokens.h"

namespace tocsin::pattern {
namespace {

using Bits = std::uint64_t;

#define TOCSIN_INLINE inline __attribute__((always_inline))

TOCSIN_INLINE int first_bit(Bits bits) {
  return __builtin_ctzll(bits);
}

// What the block before leaves for the next one. Single bits are in bit 0.
struct Carry {
  Bits in_string = 0;        // all bits: the block begins inside a string
  Bits escaped = 0;          // its first byte is escaped
  Bits scalar = 0;           // the byte before belongs to a number or literal
  Bits digit = 0;            // the byte before is a digit outside strings
  Bits leading_zero = 0;     // the byte before is the zero that a number begins with
  Bits dot = 0;              // the byte before is the point of a number
  Bits fraction = 0;         // the block begins in the digits after a point
  Bits exponent = 0;         // the byte before is the e of a number
  Bits exponent_sign = 0;    // or the sign after it
  Bits exponent_digits = 0;  // the block begins in the digits of an exponent
};

inline bool is_hex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

// The escape whose backslash is at `p`.
inline bool is_escape(const char* p, const char* end) {
  if (end - p < 2) return false;
  switch (p[1]) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
      return true;
    case 'u':
      return end - p >= 6 && is_hex(p[2]) && is_hex(p[3]) && is_hex(p[4]) && is_hex(p[5]);
    default:
      return false;
  }
}

// The bytes that a backslash escapes; `starts`: the backslashes that do so (Langdale and Lemire, "Parsing Gigabytes
// of JSON per Second", section 3.1.1).
TOCSIN_INLINE Bits find_escaped(Bits backslash, Carry& carry, Bits& starts) {
  constexpr Bits odd = 0xAAAAAAAAAAAAAAAA;
  const Bits candidates = backslash & ~carry.escaped;
  const Bits even_series = ((candidates << 1) | odd) - candidates;
  const Bits ends = even_series ^ odd;
  const Bits escaped = ends ^ (backslash | carry.escaped);
  starts = ends & backslash;
  carry.escaped = starts >> 63;
  return escaped;
}

// Sum of a and b; `overflow` is set if it does not fit.
TOCSIN_INLINE Bits add(Bits a, Bits b, Bits& overflow) {
  Bits sum;
  overflow = __builtin_add_overflow(a, b, &sum) ? 1 : 0;
  return sum;
}

// The byte after each byte of `bits`.
TOCSIN_INLINE Bits after(Bits bits, Bits& carry) {
  const Bits result = bits << 1 | carry;
  carry = bits >> 63;
  return result;
}

// What the pairs of bytes do not say of numbers. Nonzero: one is wrong. What begins as a literal is checked by the
// token, so any answer will do for it.
template <class Block>
TOCSIN_INLINE Bits check_numbers(const Block& block, Bits scalar, Carry& carry) {
  const Bits digit = block.digit() & scalar;
  const Bits dot = block.dot() & scalar;
  const Bits after_digit = after(digit, carry.digit), after_dot = after(dot, carry.dot);
  Bits wrong = 0;
  // The first digits of numbers, fractions and exponents; those of numbers may be no zero with a digit behind it.
  Bits first = digit & ~after_digit & ~after_dot;
  const Bits exponent = block.exponent() & after_digit & scalar;
  if ((exponent | carry.exponent | carry.exponent_sign | carry.exponent_digits) != 0) {
    const Bits after_exponent = after(exponent, carry.exponent);
    const Bits sign = (block.minus() | block.plus()) & after_exponent;
    const Bits begin = after_exponent | after(sign, carry.exponent_sign);
    first &= ~begin;
    wrong |= after_exponent & ~(digit | sign);
    // Digits of an exponent end neither in a point nor in an exponent.
    wrong |= add(digit, begin | carry.exponent_digits, carry.exponent_digits) & ~digit & (dot | exponent);
  }
  wrong |= after(first & block.zero(), carry.leading_zero) & digit;
  // The digits after a point end in no other point.
  return wrong | (add(digit, after_dot | carry.fraction, carry.fraction) & ~digit & dot);
}

template <class Isa>
struct Progress {
  Carry carry;
  typename Isa::Before before;
  Bits wrong = 0;
  Bits non_ascii = 0, backslash = 0;
  std::uint32_t count = 0;
};

template <class Isa>
TOCSIN_INLINE void tokenize_block(const typename Isa::Block& block, const char* text, const char* end, std::size_t at,
                                  const TokenRoom& room, Progress<Isa>& progress) {
  Carry& carry = progress.carry;
  const Bits backslash = block.equal('\\');
  Bits quote = block.equal('"');
  room.backslashes[at / 64] = backslash;
  if ((backslash | carry.escaped) != 0) {
    Bits starts = 0;
    quote &= ~find_escaped(backslash, carry, starts);
    for (; starts != 0; starts &= starts - 1) progress.wrong |= is_escape(text + at + first_bit(starts), end) ? 0 : 1;
    progress.backslash = 1;
  }
  const Bits string = Isa::prefix_xor(quote) ^ carry.in_string;  // from the opening quote to before the closing one
  carry.in_string = static_cast<Bits>(static_cast<std::int64_t>(string) >> 63);
  const Bits outside = ~(string | quote);
  const Bits non_ascii = block.non_ascii();
  if (non_ascii != 0) {
    progress.non_ascii = 1;
    progress.wrong |= non_ascii & outside;
  }
  progress.wrong |= block.control() & string;

  const Bits operators = block.operators() & outside;
  const Bits scalar = outside & ~block.operators_and_space();
  progress.wrong |= Isa::wrong_pairs(block, progress.before) & outside;
  Bits start = 0;
  room.dots[at / 64] = block.dot();
  if ((scalar | carry.scalar) != 0) {
    start = scalar & ~after(scalar, carry.scalar);
    progress.wrong |= check_numbers(block, scalar, carry);
  }
  progress.count += Isa::append(block, operators | (quote & string) | start, static_cast<std::uint32_t>(at),
                                room.chars + progress.count, room.at + progress.count);
}

inline bool is_literal(const char* p, const char* end) {
  // Anything else that begins with a letter differs from one of these.
  const char* word = *p == 't' ? "true" : *p == 'f' ? "false" : "null";
  for (; *word != 0; ++word, ++p) {
    if (p == end || *p != *word) return false;
  }
  if (p == end) return true;
  switch (*p) {
    case ' ':
    case '\t':
    case '\n':
    case '\r':
    case ',':
    case ']':
    case '}':
      return true;
    default:
      return false;
  }
}

// Which token may follow which, 64 tokens at a time; and the masks that say what encloses what.
template <class Isa>
TOCSIN_INLINE bool check_tokens(const char* text, const char* end, const TokenRoom& room, std::uint32_t count) {
  Bits wrong = 0;
  typename Isa::TokensBefore before;
  // Of the two tokens before, in bits 62 and 63.
  Bits brace_open_before = 0, comma_before = 0, quote_before = 0;
  for (std::uint32_t i = 0; i < count; i += 64) {
    const typename Isa::TokenBlock block(room.chars + i);
    const Bits here = count - i >= 64 ? ~Bits{0} : (Bits{1} << (count - i)) - 1;
    const Bits brace_open = block.equal('{'), colon = block.equal(':'), comma = block.equal(','),
               quote = block.equal('"');
    const Bits first_key = brace_open << 2 | brace_open_before >> 62;  // two behind an opening brace
    const Bits other_key = comma << 2 | comma_before >> 62;
    wrong |= here & (Isa::wrong_token_pairs(block, before) | (colon & ~(first_key | other_key)) |
                     (first_key & (quote << 1 | quote_before >> 63) & ~colon));
    brace_open_before = brace_open;
    comma_before = comma;
    quote_before = quote;
    const Bits key_comma = comma & Isa::equal(room.chars + i + 2, ':');
    room.token_words[i / 64] = {.brackets = block.brackets() & here,
                                .opens = block.opens(),
                                .braces = block.braces(),
                                .key_commas = key_comma,
                                .plain_commas = comma & ~key_comma};
    for (Bits literals = block.literals() & here; literals != 0; literals &= literals - 1) {
      wrong |= is_literal(text + room.at[i + static_cast<std::uint32_t>(first_bit(literals))], end) ? 0 : 1;
    }
  }
  return wrong == 0;
}

// When all blocks are done: the rest of the grammar.
template <class Isa>
TOCSIN_INLINE Tokens finish(const char* text, std::size_t size, const TokenRoom& room, Tokens tokens) {
  __builtin_memset(room.chars + tokens.count, 0, token_slack);
  room.at[tokens.count] = static_cast<std::uint32_t>(size);
  tokens.is_valid = tokens.is_valid && check_tokens<Isa>(text, text + size, room, tokens.count);
  return tokens;
}

template <class Isa>
Tokens tokenize_with(const char* text, std::size_t size, const TokenRoom& room) {
  Progress<Isa> progress;
  const TokenRoom places = room;
  for (std::size_t at = 0; at < size; at += 64) {
    const std::size_t rest = size - at;
    tokenize_block<Isa>(rest >= 64 ? typename Isa::Block(text + at) : Isa::last_block(text + at, rest), text,
                        text + size, at, places, progress);
  }
  return finish<Isa>(text, size, places,
                     {.count = progress.count,
                      .is_valid = progress.wrong == 0 && progress.carry.in_string == 0,
                      .has_backslash = progress.backslash != 0,
                      .has_non_ascii = progress.non_ascii != 0});
}

// wrong_pairs() and wrong_token_pairs() on masks, for instruction sets without a lookup of bytes in large tables.
template <class Block>
struct PairMasks {
  struct Before {
    Bits digit = 0, dot = 0, exponent = 0, sign = 0, apart = 1, letter = 0;
  };
  static Bits wrong_pairs(const Block& block, Before& before) {
    const Bits digit = block.digit(), dot = block.dot(), exponent = block.exponent(), minus = block.minus(),
               sign = minus | block.plus(), apart = block.operators_and_space(), letter = block.letter();
    const Bits after_digit = after(digit, before.digit), after_dot = after(dot, before.dot),
               after_exponent = after(exponent, before.exponent), after_sign = after(sign, before.sign),
               after_apart = after(apart, before.apart), after_letter = after(letter & ~exponent, before.letter);
    return ~(digit | dot | exponent | sign | apart | letter) | ((after_dot | after_sign) & ~digit) |
           (after_exponent & dot) | (after_digit & (sign | (letter & ~exponent))) |
           (after_apart & (dot | (sign & ~minus) | (exponent & ~letter))) | (after_letter & (digit | dot | sign));
  }

  struct TokensBefore {
    Bits brace_open = 0, bracket_open = 0, separator = 0, quote = 0, closed = 0;
  };
  static Bits wrong_token_pairs(const Block& block, TokensBefore& before) {
    const Bits brace_open = block.equal('{'), brace_close = block.equal('}'), bracket_open = block.equal('['),
               bracket_close = block.equal(']'), colon = block.equal(':'), comma = block.equal(','),
               quote = block.equal('"');
    const Bits scalar = ~(brace_open | brace_close | bracket_open | bracket_close | colon | comma | quote);
    const Bits value = brace_open | bracket_open | quote | scalar;
    const Bits end = comma | brace_close | bracket_close;
    return (after(brace_open, before.brace_open) & ~(quote | brace_close)) |
           (after(bracket_open, before.bracket_open) & ~(value | bracket_close)) |
           (after(colon | comma, before.separator) & ~value) |
           (after(brace_close | bracket_close | scalar, before.closed) & ~end) |
           (after(quote, before.quote) & ~(colon | end));
  }
};

}  // namespace
}  // namespace tocsin::pattern
