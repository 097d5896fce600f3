// Compiled for AVX-512 (F, BW, DQ, VL, VBMI, VBMI2), VPCLMULQDQ, GFNI and BMI2; called only where the processor has
// them.
//
// Eight blocks of 64 bytes at a time. Every byte of a block is looked up for eight properties, which a transposition
// of bits makes eight masks of 64 bits; then the masks of one property of all eight blocks lie in one register, and
// what the other variants compute block after block is computed for eight at once.
#if defined(__x86_64__)
#include <initializer_list>

#include <immintrin.h>

#include "pattern/detail/tokenize.h"

namespace tocsin::pattern {
namespace {

// A byte of bits for each ASCII character.
struct ByteTable {
  alignas(64) unsigned char of[128] = {};

  constexpr ByteTable& set(std::initializer_list<char> characters, int bits) {
    for (const char c : characters) of[static_cast<int>(c)] = static_cast<unsigned char>(bits);
    return *this;
  }
  constexpr ByteTable& set_first(int count, int bits) {
    for (int i = 0; i < count; ++i) of[i] = static_cast<unsigned char>(bits);
    return *this;
  }
  __m512i lookup(__m512i bytes) const {
    return _mm512_permutex2var_epi8(_mm512_load_si512(of), bytes, _mm512_load_si512(of + 64));
  }
};

#define TOCSIN_DIGITS {'0', '1', '2', '3', '4', '5', '6', '7', '8', '9'}
#define TOCSIN_LETTERS {'t', 'r', 'u', 'f', 'a', 'l', 's', 'n'}

// The contexts that a byte outside strings leaves behind, one bit each; and of each byte, the contexts in which it may
// come. A closing quote is followed by a token of its own, whatever it is.
enum : int {
  at_start = 1,
  after_digit_ = 2,
  after_sign = 4,  // or point: nothing but a digit
  after_e = 8,
  after_letter = 16,  // of true, false and null
  at_end = at_start | after_digit_ | after_e | after_letter,
};
constexpr ByteTable contexts = ByteTable()
                                   .set({'\0', '{', '}', '[', ']', ':', ',', ' ', '\t', '\n', '\r', '"'}, at_start)
                                   .set(TOCSIN_DIGITS, after_digit_)
                                   .set({'.', '-', '+'}, after_sign)
                                   .set({'E', 'e'}, after_e)
                                   .set(TOCSIN_LETTERS, after_letter);
constexpr ByteTable places = ByteTable()
                                 .set({' ', '\t', '\n', '\r', '{', '}', '[', ']', ':', ','}, at_end)
                                 .set(TOCSIN_DIGITS, at_start | after_digit_ | after_sign | after_e)
                                 .set({'.', 'E'}, after_digit_)
                                 .set({'e'}, at_start | after_digit_ | after_e | after_letter)
                                 .set({'-'}, at_start | after_e)
                                 .set({'+'}, after_e)
                                 .set(TOCSIN_LETTERS, at_start | after_e | after_letter);

// What else is asked of a byte, by bit.
enum Kind {
  quote_kind,
  operator_kind,
  apart_kind,  // operators and white space
  digit_kind,
  dot_kind,
  zero_kind,
  misplaced_kind,  // may not follow the byte before it, if both are outside strings
  rare_kind,       // backslash, control character, not ASCII: to be looked at again
};
constexpr ByteTable kinds = ByteTable()
                                .set_first(32, 1 << rare_kind)
                                .set({'\\'}, 1 << rare_kind)
                                .set({'\t', '\n', '\r'}, 1 << rare_kind | 1 << apart_kind)
                                .set({'"'}, 1 << quote_kind)
                                .set({'{', '}', '[', ']', ':', ','}, 1 << operator_kind | 1 << apart_kind)
                                .set({' '}, 1 << apart_kind)
                                .set(TOCSIN_DIGITS, 1 << digit_kind)
                                .set({'0'}, 1 << digit_kind | 1 << zero_kind)
                                .set({'.'}, 1 << dot_kind);

struct Orders {
  alignas(64) unsigned char counted[64], reversed[64], gathered[64];
  constexpr Orders() : counted(), reversed(), gathered() {
    for (int i = 0; i < 64; ++i) {
      counted[i] = static_cast<unsigned char>(i);
      reversed[i] = static_cast<unsigned char>(i ^ 7);
      gathered[i] = static_cast<unsigned char>(i % 8 * 8 + i / 8);
    }
  }
};
constexpr Orders orders;

// Eight masks of 64 bits, one for each bit of the 64 bytes.
TOCSIN_INLINE __m512i masks_of(__m512i bytes) {
  // Bit i of byte k of the product is bit k of the matrix's byte 7 - i.
  const __m512i matrices = _mm512_shuffle_epi8(bytes, _mm512_load_si512(orders.reversed));
  const __m512i products =
      _mm512_gf2p8affine_epi64_epi8(_mm512_set1_epi64(static_cast<long long>(0x8040201008040201)), matrices, 0);
  return _mm512_permutexvar_epi8(_mm512_load_si512(orders.gathered), products);
}

struct Words {
  __m512i of[8];
};

// Rows of eight words become columns.
TOCSIN_INLINE Words transposed(const Words& rows) {
  Words columns;
  const auto half = [&](__m512i a, __m512i b, __m512i c, __m512i d, int first) __attribute__((always_inline)) {
    const __m512i low_ab = _mm512_shuffle_i64x2(a, b, 0x44), high_ab = _mm512_shuffle_i64x2(a, b, 0xEE);
    const __m512i low_cd = _mm512_shuffle_i64x2(c, d, 0x44), high_cd = _mm512_shuffle_i64x2(c, d, 0xEE);
    columns.of[first] = _mm512_shuffle_i64x2(low_ab, low_cd, 0x88);
    columns.of[first + 2] = _mm512_shuffle_i64x2(low_ab, low_cd, 0xDD);
    columns.of[first + 4] = _mm512_shuffle_i64x2(high_ab, high_cd, 0x88);
    columns.of[first + 6] = _mm512_shuffle_i64x2(high_ab, high_cd, 0xDD);
  };
  const __m512i(&r)[8] = rows.of;
  half(_mm512_unpacklo_epi64(r[0], r[1]), _mm512_unpacklo_epi64(r[2], r[3]), _mm512_unpacklo_epi64(r[4], r[5]),
       _mm512_unpacklo_epi64(r[6], r[7]), 0);
  half(_mm512_unpackhi_epi64(r[0], r[1]), _mm512_unpackhi_epi64(r[2], r[3]), _mm512_unpackhi_epi64(r[4], r[5]),
       _mm512_unpackhi_epi64(r[6], r[7]), 1);
  return columns;
}

// A mask of 64 bits for each of eight blocks.
struct Lanes {
  __m512i bits = _mm512_setzero_si512();

  TOCSIN_INLINE friend Lanes operator&(Lanes a, Lanes b) { return {_mm512_and_si512(a.bits, b.bits)}; }
  TOCSIN_INLINE friend Lanes operator|(Lanes a, Lanes b) { return {_mm512_or_si512(a.bits, b.bits)}; }
  TOCSIN_INLINE Lanes operator~() const { return {_mm512_xor_si512(bits, _mm512_set1_epi64(-1))}; }
  TOCSIN_INLINE void operator|=(Lanes other) { bits = _mm512_or_si512(bits, other.bits); }
  TOCSIN_INLINE bool any() const { return _mm512_test_epi64_mask(bits, bits) != 0; }
};

// The byte after each byte of `bits`; `before` are those of the eight blocks before, and become these.
TOCSIN_INLINE Lanes after(Lanes bits, Lanes& before) {
  const __m512i lower = _mm512_alignr_epi64(bits.bits, before.bits, 7);
  before = bits;
  return {_mm512_shldi_epi64(bits.bits, lower, 1)};
}

// Sum of two numbers of 512 bits and of `overflow`, which is 0 or 1 and becomes that of the sum.
TOCSIN_INLINE Lanes add(Lanes a, Lanes b, unsigned& overflow) {
  const __m512i sum = _mm512_add_epi64(a.bits, b.bits);
  const unsigned generated = _mm512_cmplt_epu64_mask(sum, a.bits);
  const unsigned propagated = _mm512_cmpeq_epi64_mask(sum, _mm512_set1_epi64(-1));
  const unsigned into = (propagated + (generated << 1 | overflow)) ^ propagated;
  overflow = into >> 8 & 1;
  return {_mm512_mask_sub_epi64(sum, static_cast<__mmask8>(into), sum, _mm512_set1_epi64(-1))};
}

// From each opening quote to before the closing one. `inside`, 0 or 1: the group begins, or ends, inside a string.
TOCSIN_INLINE Lanes strings(Lanes quote, unsigned& inside) {
  const __m512i ones = _mm512_set1_epi64(-1);
  const __m512i odd = _mm512_unpacklo_epi64(_mm512_clmulepi64_epi128(quote.bits, ones, 0x00),
                                            _mm512_clmulepi64_epi128(quote.bits, ones, 0x01));
  unsigned ends = _mm512_movepi64_mask(odd);
  ends ^= ends << 1;
  ends ^= ends << 2;
  ends ^= ends << 4;
  const unsigned begins = (ends & 0xFF) << 1 ^ (0U - inside);
  inside = begins >> 8 & 1;
  return {_mm512_mask_xor_epi64(odd, static_cast<__mmask8>(begins), odd, ones)};
}

// A block and the bytes before each of its own. Spaces stand behind the end of the text.
struct Bytes {
  __m512i here, previous;
};
TOCSIN_INLINE Bytes load(const char* text, std::size_t size, std::size_t at) {
  const std::size_t rest = size - at;
  if (at > 0 && rest >= 64) return {_mm512_loadu_si512(text + at), _mm512_loadu_si512(text + at - 1)};
  const Bits mask = rest >= 64 ? ~Bits{0} : (Bits{1} << rest) - 1;
  const Bits before = at == 0 ? mask << 1 : mask << 1 | 1;
  return {_mm512_mask_loadu_epi8(_mm512_set1_epi8(' '), mask, text + at),
          _mm512_maskz_loadu_epi8(before, text + at - 1)};
}

TOCSIN_INLINE __m512i classified(const Bytes& bytes) {
  const __mmask64 not_ascii = _mm512_movepi8_mask(bytes.here);
  const __m512i kind =
      _mm512_mask_mov_epi8(kinds.lookup(bytes.here), not_ascii, _mm512_set1_epi8(static_cast<char>(1 << rare_kind)));
  const __mmask64 misplaced = _mm512_testn_epi8_mask(places.lookup(bytes.here), contexts.lookup(bytes.previous));
  return masks_of(_mm512_mask_add_epi8(kind, misplaced, kind, _mm512_set1_epi8(1 << misplaced_kind)));
}

// Writes the bytes and their places. Up to 64 more of either are overwritten.
TOCSIN_INLINE std::uint32_t append(__m512i bytes, Bits tokens, std::uint32_t at, char* chars, std::uint32_t* ats) {
  _mm512_storeu_si512(chars, _mm512_maskz_compress_epi8(tokens, bytes));
  const __m512i offsets = _mm512_maskz_compress_epi8(tokens, _mm512_load_si512(orders.counted));
  const __m512i base = _mm512_set1_epi32(static_cast<int>(at));
  const auto write = [&](int part, __m128i sixteen) __attribute__((always_inline)) {
    _mm512_storeu_si512(ats + 16 * part, _mm512_add_epi32(base, _mm512_cvtepu8_epi32(sixteen)));
  };
  const auto count = static_cast<std::uint32_t>(__builtin_popcountll(tokens));
  write(0, _mm512_castsi512_si128(offsets));
  write(1, _mm512_extracti32x4_epi32(offsets, 1));
  if (count > 32) {
    write(2, _mm512_extracti32x4_epi32(offsets, 2));
    write(3, _mm512_extracti32x4_epi32(offsets, 3));
  }
  return count;
}

// What may follow which token.
enum : int {
  opens_object = 1,
  closes_object = 2,
  opens_array = 4,
  closes_array = 8,
  is_colon = 16,
  is_comma = 32,
  is_string = 64,
  is_scalar = 128,
  is_value = opens_object | opens_array | is_string | is_scalar,
  is_end = is_comma | closes_object | closes_array,
};
constexpr ByteTable token_kinds = ByteTable()
                                      .set_first(128, is_scalar)
                                      .set({'{'}, opens_object)
                                      .set({'}'}, closes_object)
                                      .set({'['}, opens_array)
                                      .set({']'}, closes_array)
                                      .set({':'}, is_colon)
                                      .set({','}, is_comma)
                                      .set({'"'}, is_string);
constexpr ByteTable token_followers = ByteTable()
                                          .set_first(128, is_end)
                                          .set({'\0'}, -1)  // before the first one
                                          .set({'{'}, is_string | closes_object)
                                          .set({'['}, is_value | closes_array)
                                          .set({':', ','}, is_value)
                                          .set({'"'}, is_colon | is_end);

// For check_tokens().
struct TokenIsa {
  struct TokenBlock {
    __m512i bytes, kind;
    const char* place;

    explicit TokenBlock(const char* p) : bytes(_mm512_loadu_si512(p)), kind(token_kinds.lookup(bytes)), place(p) {}
    Bits equal(char c) const { return _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(c)); }
    Bits of_kind(int bits) const { return _mm512_test_epi8_mask(kind, _mm512_set1_epi8(static_cast<char>(bits))); }
    Bits brackets() const { return of_kind(opens_object | closes_object | opens_array | closes_array); }
    Bits opens() const { return of_kind(opens_object | opens_array); }
    Bits braces() const { return of_kind(opens_object | closes_object); }
    Bits literals() const { return _mm512_mask_cmpgt_epu8_mask(of_kind(is_scalar), bytes, _mm512_set1_epi8('9')); }
  };
  struct TokensBefore {};
  static Bits wrong_token_pairs(const TokenBlock& block, TokensBefore&) {
    return _mm512_testn_epi8_mask(block.kind, token_followers.lookup(_mm512_loadu_si512(block.place - 1)));
  }
  static Bits equal(const char* p, char c) {
    return _mm512_cmpeq_epi8_mask(_mm512_loadu_si512(p), _mm512_set1_epi8(c));
  }
};

constexpr std::size_t group_bytes = 8 * 64;

// Goes over a text in groups of eight blocks.
class Scanner {
 public:
  Scanner(const char* text, std::size_t size, const TokenRoom& room) : text_(text), size_(size), room_(room) {}

  TOCSIN_INLINE Tokens run() {
    std::uint32_t count = 0;
    // Each group is written when the next one has been looked at: that keeps the processor from waiting.
    alignas(64) Bits tokens[2][8];
    if (size_ > 0) _mm512_store_si512(tokens[0], find_tokens(0).bits);
    for (std::size_t at = 0, turn = 0; at < size_; at += group_bytes, turn ^= 1) {
      const std::size_t next = at + group_bytes;
      if (next < size_) _mm512_store_si512(tokens[turn ^ 1], find_tokens(next).bits);
      const std::size_t end = next < size_ ? next : size_;
      for (std::size_t block = at; block < end; block += 64) {
        count += append(load(text_, size_, block).here, tokens[turn][(block - at) / 64],
                        static_cast<std::uint32_t>(block), room_.chars + count, room_.at + count);
      }
    }
    return finish<TokenIsa>(text_, size_, room_,
                            {.count = count,
                             .is_valid = !wrong_.any() && !escape_is_wrong_ && inside_ == 0,
                             .has_backslash = has_backslash_,
                             .has_non_ascii = has_non_ascii_});
  }

 private:
  // The first bytes of the tokens in the group at `at`.
  TOCSIN_INLINE Lanes find_tokens(std::size_t at) {
    Words rows;
    const std::size_t blocks = (size_ - at + 63) / 64;
#pragma GCC unroll 8
    for (std::size_t i = 0; i < 8; ++i) {
      // Behind the end there is white space.
      rows.of[i] = i < blocks ? classified(load(text_, size_, at + 64 * i)) : _mm512_set_epi64(0, 0, 0, 0, 0, -1, 0, 0);
    }
    const Words columns = transposed(rows);
    const auto kind = [&](Kind k) __attribute__((always_inline)) { return Lanes{columns.of[k]}; };
    _mm512_storeu_si512(room_.dots + at / 64, columns.of[dot_kind]);
    _mm512_storeu_si512(room_.backslashes + at / 64, _mm512_setzero_si512());
    Lanes quote = kind(quote_kind);
    const unsigned rare = _mm512_test_epi64_mask(columns.of[rare_kind], columns.of[rare_kind]);
    const bool has_rare = (rare | static_cast<unsigned>(escaped_.escaped)) != 0;
    if (has_rare) quote = look_again(at, rare, quote);
    const Lanes string = strings(quote, inside_);
    const Lanes outside = ~(string | quote);
    if (has_rare) {
      wrong_ |= Lanes{_mm512_load_si512(control_)} & string;
      wrong_ |= Lanes{_mm512_load_si512(not_ascii_)} & outside;
    }
    const Lanes scalar = outside & ~kind(apart_kind);
    wrong_ |= kind(misplaced_kind) & outside;
    check_numbers(at, kind(digit_kind) & scalar, kind(dot_kind) & scalar, kind(zero_kind), scalar);
    const Lanes start = scalar & ~after(scalar, scalar_before_);
    return (kind(operator_kind) & outside) | (quote & string) | start;
  }

  // What pairs of bytes do not say of numbers. What begins as a literal is checked by the token.
  TOCSIN_INLINE void check_numbers(std::size_t at, Lanes digit, Lanes dot, Lanes zero, Lanes scalar) {
    const Lanes after_digit = after(digit, digit_before_), after_dot = after(dot, dot_before_);
    Lanes first = digit & ~(after_digit | after_dot);  // of numbers, and of exponents
    const Lanes exponent = scalar & after_digit & ~(digit | dot);
    if (exponent.any() || in_exponent_) first = first & ~check_exponents(at, exponent, digit, dot);
    // Numbers begin with no zero that a digit follows, and the digits after a point end in no other point.
    wrong_ |= after(first & zero, zero_before_) & digit;
    wrong_ |= add(digit, after_dot, fraction_) & ~digit & dot;
  }

  // Returns where digits of exponents may begin.
  __attribute__((noinline)) Lanes check_exponents(std::size_t at, Lanes exponent, Lanes digit, Lanes dot) {
    alignas(64) Bits signs[8] = {};
    for (std::size_t i = 0; i < 8 && at + 64 * i < size_; ++i) {
      const __m512i bytes = load(text_, size_, at + 64 * i).here;
      signs[i] =
          _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8('-')) | _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8('+'));
    }
    const Lanes after_exponent = after(exponent, exponent_before_);
    const Lanes sign = Lanes{_mm512_load_si512(signs)} & after_exponent;
    const Lanes begin = after_exponent | after(sign, sign_before_);
    // An exponent has digits, which end neither in a point nor in an exponent.
    wrong_ |= after_exponent & ~(digit | sign);
    wrong_ |= add(digit, begin & digit, exponent_digits_) & ~digit & (dot | exponent);
    in_exponent_ = exponent_digits_ != 0 || (_mm512_movepi64_mask((exponent | sign).bits) & 0x80) != 0;
    if (!in_exponent_) exponent_before_ = sign_before_ = {};
    return begin;
  }

  // At blocks with backslashes, control characters and bytes that are not ASCII. Returns the quotes that are not
  // escaped.
  __attribute__((noinline)) Lanes look_again(std::size_t at, unsigned rare, Lanes quote) {
    alignas(64) Bits quotes[8];
    _mm512_store_si512(quotes, quote.bits);
    _mm512_store_si512(control_, _mm512_setzero_si512());
    _mm512_store_si512(not_ascii_, _mm512_setzero_si512());
    for (unsigned i = 0; i < 8 && at + 64 * i < size_; ++i) {
      if ((rare >> i & 1) == 0 && escaped_.escaped == 0) continue;
      const std::size_t place = at + 64 * i;
      const __m512i bytes = load(text_, size_, place).here;
      control_[i] = _mm512_cmplt_epu8_mask(bytes, _mm512_set1_epi8(' '));
      not_ascii_[i] = _mm512_movepi8_mask(bytes);
      has_non_ascii_ |= not_ascii_[i] != 0;
      const Bits backslash = _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8('\\'));
      if ((backslash | escaped_.escaped) == 0) continue;
      has_backslash_ = true;
      room_.backslashes[place / 64] = backslash;
      Bits starts = 0;
      quotes[i] &= ~find_escaped(backslash, escaped_, starts);
      for (; starts != 0; starts &= starts - 1) {
        escape_is_wrong_ |= !is_escape(text_ + place + first_bit(starts), text_ + size_);
      }
    }
    return {_mm512_load_si512(quotes)};
  }

  const char* const text_;
  const std::size_t size_;
  const TokenRoom room_;
  // Of the eight blocks before.
  Lanes scalar_before_, digit_before_, dot_before_, zero_before_, exponent_before_, sign_before_;
  unsigned inside_ = 0, fraction_ = 0, exponent_digits_ = 0;
  bool in_exponent_ = false;
  Carry escaped_;
  Lanes wrong_;
  bool escape_is_wrong_ = false, has_backslash_ = false, has_non_ascii_ = false;
  alignas(64) Bits control_[8];
  alignas(64) Bits not_ascii_[8];
};

}  // namespace

Tokens tokenize_avx512(const char* text, std::size_t size, const TokenRoom& room) {
  return Scanner(text, size, room).run();
}

}  // namespace tocsin::pattern
#endif
