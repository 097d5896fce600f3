// The tokenizer, for an instruction set that gives blocks of 64 bytes. Included by one file for each: what is here
// must stay inside the unnamed namespace and use nothing that other files could share the code of.
//
// An `Isa` has: Block(const char*) with masks of 64 bits for the bytes that are equal to something or of some class,
// prefix_xor(), and append(), which writes the tokens of a block. What the masks of classes say of bytes above 127 does
// not matter: outside strings they are refused.
#pragma once

#include <cstddef>
#include <cstdint>

#include "pattern/detail/tokens.h"

namespace tocsin::pattern {
namespace {

using Bits = std::uint64_t;

inline int first_bit(Bits bits) {
  return __builtin_ctzll(bits);
}

// What the block before leaves for the next one. Single bits are in bit 0.
struct Carry {
  Bits in_string = 0;  // all bits: the block begins inside a string
  Bits escaped = 0;    // its first byte is escaped
  Bits scalar = 0;     // the byte before belongs to a number or literal
  Bits literal = 0;    // and the run that it is in began as a literal
  // The byte before, as part of a number:
  Bits digit = 0, dot = 0, exponent = 0, sign = 0, start_minus = 0, first_zero = 0;
  Bits fraction = 0;         // the block begins in the digits after a point
  Bits exponent_digits = 0;  // or in those of an exponent
  Bits exponent_sign = 0;    // the byte before is the sign of an exponent
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
inline Bits find_escaped(Bits backslash, Carry& carry, Bits& starts) {
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
inline Bits add(Bits a, Bits b, Bits& overflow) {
  Bits sum;
  overflow = __builtin_add_overflow(a, b, &sum) ? 1 : 0;
  return sum;
}

// The byte after each byte of `bits`.
inline Bits after(Bits bits, Bits& carry) {
  const Bits result = bits << 1 | carry;
  carry = bits >> 63;
  return result;
}

// Checks the numbers of a block: `scalar` are all bytes of numbers and literals, `start` the first ones. Nonzero: one
// is wrong. Literals are left out; they are checked by the token.
template <class Block>
Bits check_numbers(const Block& block, Bits scalar, Bits start, Carry& carry) {
  const Bits literal_start = (block.literal() & start) | (carry.literal & scalar);
  // Adding the start of a run of ones to it clears the run.
  const Bits literals = scalar & ~add(scalar, literal_start, carry.literal);
  const Bits number = scalar & ~literals;
  if (number == 0 && (carry.digit | carry.dot | carry.exponent | carry.sign | carry.start_minus) == 0) return 0;

  const Bits digit = block.digit() & number, dot = block.dot() & number, exponent = block.exponent() & number;
  const Bits minus = block.minus() & number, sign = minus | (block.plus() & number);
  const Bits first = start & number;
  const Bits after_digit = after(digit, carry.digit), after_dot = after(dot, carry.dot),
             after_exponent = after(exponent, carry.exponent), after_sign = after(sign, carry.sign);
  Bits wrong = number & ~(digit | dot | exponent | sign);
  wrong |= first & ~(digit | minus);
  wrong |= sign & ~(first & minus) & ~after_exponent;
  wrong |= (after_sign | after_dot) & ~digit;
  wrong |= (dot | exponent) & ~after_digit;
  wrong |= after_exponent & ~(digit | sign);
  // A leading zero and one more digit.
  const Bits first_digit = (first & digit) | (after(first & minus, carry.start_minus) & digit);
  wrong |= after(first_digit & block.zero(), carry.first_zero) & digit;
  // The digits after a point end in no other point; those of an exponent neither in a point nor in an exponent.
  wrong |= add(digit, after_dot | carry.fraction, carry.fraction) & ~digit & dot;
  if ((exponent | after_exponent | carry.exponent_digits | carry.exponent_sign) != 0) {
    const Bits exponent_sign = sign & after_exponent;
    const Bits tail = after_exponent | after(exponent_sign, carry.exponent_sign) | carry.exponent_digits;
    wrong |= add(digit, tail, carry.exponent_digits) & ~digit & (dot | exponent);
  }
  return wrong;
}

struct Progress {
  Carry carry;
  Bits wrong = 0;
  Bits non_ascii = 0, backslash = 0;
  std::uint32_t count = 0;
};

template <class Isa>
inline void tokenize_block(const char* bytes, const char* text, const char* end, std::size_t at, const TokenRoom& room,
                           Progress& progress) {
  const typename Isa::Block block(bytes);
  Carry& carry = progress.carry;
  const Bits backslash = block.equal('\\');
  Bits escaped = carry.escaped;
  if (backslash != 0) {
    Bits starts = 0;
    escaped = find_escaped(backslash, carry, starts);
    for (; starts != 0; starts &= starts - 1) progress.wrong |= is_escape(text + at + first_bit(starts), end) ? 0 : 1;
  } else {
    carry.escaped = 0;
  }
  room.backslashes[at / 64] = backslash;
  progress.backslash |= backslash;
  const Bits non_ascii = block.non_ascii();
  progress.non_ascii |= non_ascii;
  const Bits quote = block.equal('"') & ~escaped;
  const Bits string = Isa::prefix_xor(quote) ^ carry.in_string;  // from the opening quote to before the closing one
  carry.in_string = static_cast<Bits>(static_cast<std::int64_t>(string) >> 63);
  progress.wrong |= block.control() & string;

  const Bits outside = ~(string | quote);
  progress.wrong |= non_ascii & outside;
  const Bits operators = block.operators() & outside;
  const Bits scalar = outside & ~operators & ~block.space();
  const Bits start = scalar & ~after(scalar, carry.scalar);
  room.dots[at / 64] = block.dot();
  progress.wrong |= check_numbers(block, scalar, start, carry);
  progress.count += Isa::append(block, operators | (quote & string) | start, static_cast<std::uint32_t>(at),
                                room.chars + progress.count, room.at + progress.count);
}

inline bool is_literal(const char* p, const char* end) {
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
bool check_tokens(const char* text, const char* end, const TokenRoom& room, std::uint32_t count) {
  Bits wrong = 0;
  // The kinds of the two tokens before, in bits 0 and 1 of what is shifted in.
  Bits brace_open_before = 0, bracket_open_before = 0, colon_before = 0, comma_before = 0, quote_before = 0,
       closed_before = 0;
  const auto shifted = [](Bits bits, Bits before, int by) { return bits << by | before >> (2 - by); };
  for (std::uint32_t i = 0; i < count; i += 64) {
    const typename Isa::Block block(room.chars + i), two_later(room.chars + i + 2);
    const Bits here = count - i >= 64 ? ~Bits{0} : (Bits{1} << (count - i)) - 1;
    const Bits brace_open = block.equal('{'), brace_close = block.equal('}');
    const Bits bracket_open = block.equal('['), bracket_close = block.equal(']');
    const Bits colon = block.equal(':'), comma = block.equal(','), quote = block.equal('"');
    const Bits scalar = here & ~(brace_open | brace_close | bracket_open | bracket_close | colon | comma | quote);
    const Bits value = brace_open | bracket_open | quote | scalar;
    const Bits closed = brace_close | bracket_close | scalar;
    const Bits separator = comma | brace_close | bracket_close;
    // Bit 0 of a "before" word is the token two before, bit 1 the one before.
    const Bits key_before = shifted(brace_open, brace_open_before, 2) | shifted(comma, comma_before, 2);
    const Bits quote_1 = shifted(quote, quote_before, 1);
    wrong |=
        here & ((shifted(brace_open, brace_open_before, 1) & ~(quote | brace_close)) |
                (shifted(bracket_open, bracket_open_before, 1) & ~(value | bracket_close)) |
                ((shifted(colon, colon_before, 1) | shifted(comma, comma_before, 1)) & ~value) |
                (shifted(closed, closed_before, 1) & ~separator) | (quote_1 & ~(colon | separator)) |
                (colon & ~(quote_1 & key_before)) | (shifted(brace_open, brace_open_before, 2) & quote_1 & ~colon));
    const Bits key_comma = comma & two_later.equal(':');
    room.brackets[i / 64] = brace_open | brace_close | bracket_open | bracket_close;
    room.opens[i / 64] = brace_open | bracket_open;
    room.braces[i / 64] = brace_open | brace_close;
    room.key_commas[i / 64] = key_comma;
    room.plain_commas[i / 64] = comma & ~key_comma;
    for (Bits literals = scalar & block.literal(); literals != 0; literals &= literals - 1) {
      wrong |= is_literal(text + room.at[i + static_cast<std::uint32_t>(first_bit(literals))], end) ? 0 : 1;
    }
    brace_open_before = brace_open >> 62;
    bracket_open_before = bracket_open >> 62;
    colon_before = colon >> 62;
    comma_before = comma >> 62;
    quote_before = quote >> 62;
    closed_before = closed >> 62;
  }
  return wrong == 0;
}

template <class Isa>
Tokens tokenize_with(const char* text, std::size_t size, const TokenRoom& room) {
  Progress progress;
  const char* end = text + size;
  std::size_t at = 0;
  for (; at + 64 <= size; at += 64) tokenize_block<Isa>(text + at, text, end, at, room, progress);
  if (at < size) {
    char last[64];
    for (std::size_t i = 0; i < 64; ++i) last[i] = at + i < size ? text[at + i] : ' ';
    tokenize_block<Isa>(last, text, end, at, room, progress);
  }
  for (std::size_t i = 0; i < token_slack; ++i) room.chars[progress.count + i] = 0;
  room.at[progress.count] = static_cast<std::uint32_t>(size);
  Tokens tokens;
  tokens.count = progress.count;
  tokens.has_backslash = progress.backslash != 0;
  tokens.has_non_ascii = progress.non_ascii != 0;
  tokens.is_valid =
      progress.wrong == 0 && progress.carry.in_string == 0 && check_tokens<Isa>(text, end, room, progress.count);
  return tokens;
}

}  // namespace
}  // namespace tocsin::pattern
