// Compiled for AVX-512 (F, BW, VBMI, VBMI2), BMI2 and PCLMUL; called only where the processor has them.
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
  constexpr ByteTable& set_all(int bits) {
    for (unsigned char& byte : of) byte = static_cast<unsigned char>(bits);
    return *this;
  }
  __m512i lookup(__m512i bytes) const {
    return _mm512_permutex2var_epi8(_mm512_load_si512(of), bytes, _mm512_load_si512(of + 64));
  }
};

#define TOCSIN_DIGITS {'0', '1', '2', '3', '4', '5', '6', '7', '8', '9'}

enum : int {
  is_operator = 1,
  is_space = 2,
  is_digit = 4,
  is_dot = 8,
  is_exponent = 16,
  is_minus = 32,
  is_plus = 64,
  is_letter = 128,  // of true, false and null
};
constexpr ByteTable kinds = ByteTable()
                                .set({'{', '}', '[', ']', ':', ','}, is_operator)
                                .set({' ', '\t', '\n', '\r'}, is_space)
                                .set(TOCSIN_DIGITS, is_digit)
                                .set({'.'}, is_dot)
                                .set({'E'}, is_exponent)
                                .set({'e'}, is_exponent | is_letter)
                                .set({'-'}, is_minus)
                                .set({'+'}, is_plus)
                                .set({'t', 'r', 'u', 'f', 'a', 'l', 's', 'n'}, is_letter);
// The kinds that may follow a byte outside strings. A closing quote is followed by a token of its own, whatever it is.
constexpr int may_start = is_operator | is_space | is_digit | is_minus | is_letter;
constexpr int may_end = is_operator | is_space;
constexpr ByteTable followers = ByteTable()
                                    .set({'{', '}', '[', ']', ':', ',', ' ', '\t', '\n', '\r', '"'}, may_start)
                                    .set(TOCSIN_DIGITS, is_digit | is_dot | is_exponent | may_end)
                                    .set({'.', '-', '+'}, is_digit)
                                    .set({'E', 'e'}, is_digit | is_minus | is_plus | is_letter | may_end)
                                    .set({'t', 'r', 'u', 'f', 'a', 'l', 's', 'n'}, is_letter | may_end);

// The same for tokens.
enum : int {
  opens_object = 1,
  closes_object = 2,
  opens_array = 4,
  closes_array = 8,
  is_colon = 16,
  is_comma = 32,
  is_string = 64,
  is_scalar = 128,
};
constexpr int is_value = opens_object | opens_array | is_string | is_scalar;
constexpr int is_end = is_comma | closes_object | closes_array;
constexpr ByteTable token_kinds = ByteTable()
                                      .set_all(is_scalar)
                                      .set({'{'}, opens_object)
                                      .set({'}'}, closes_object)
                                      .set({'['}, opens_array)
                                      .set({']'}, closes_array)
                                      .set({':'}, is_colon)
                                      .set({','}, is_comma)
                                      .set({'"'}, is_string);
constexpr ByteTable token_followers = ByteTable()
                                          .set_all(is_end)
                                          .set({'{'}, is_string | closes_object)
                                          .set({'['}, is_value | closes_array)
                                          .set({':', ','}, is_value)
                                          .set({'"'}, is_colon | is_end);

struct Counting {
  alignas(64) unsigned char from_0[64], from_63[64];
  constexpr Counting() : from_0(), from_63() {
    for (int i = 0; i < 64; ++i) {
      from_0[i] = static_cast<unsigned char>(i);
      from_63[i] = static_cast<unsigned char>(i + 63);
    }
  }
};
constexpr Counting counting;

// The last byte of `before`, then all of `here` but its last.
inline __m512i shifted(__m512i before, __m512i here) {
  return _mm512_permutex2var_epi8(before, _mm512_load_si512(counting.from_63), here);
}

struct Avx512 {
  struct Block {
    __m512i bytes, kind;

    explicit Block(__m512i b) : bytes(b), kind(kinds.lookup(b)) {}
    explicit Block(const char* p) : Block(_mm512_loadu_si512(p)) {}
    Bits equal(char c) const { return _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(c)); }
    Bits of_kind(int bits) const { return _mm512_test_epi8_mask(kind, _mm512_set1_epi8(static_cast<char>(bits))); }
    Bits non_ascii() const { return _mm512_movepi8_mask(bytes); }
    Bits control() const { return _mm512_cmplt_epu8_mask(bytes, _mm512_set1_epi8(0x20)); }
    Bits operators() const { return of_kind(is_operator); }
    Bits operators_and_space() const { return of_kind(is_operator | is_space); }
    Bits digit() const { return of_kind(is_digit); }
    Bits dot() const { return of_kind(is_dot); }
    Bits exponent() const { return of_kind(is_exponent); }
    Bits minus() const { return of_kind(is_minus); }
    Bits plus() const { return of_kind(is_plus); }
    Bits zero() const { return equal('0'); }
  };
  static Block last_block(const char* p, std::size_t size) {
    return Block(_mm512_mask_loadu_epi8(_mm512_set1_epi8(' '), (Bits{1} << size) - 1, p));
  }
  struct Before {
    __m512i follows = _mm512_set1_epi8(-1);
  };
  static Bits wrong_pairs(const Block& block, Before& before) {
    const __m512i follows = followers.lookup(block.bytes);
    const Bits wrong = _mm512_testn_epi8_mask(block.kind, shifted(before.follows, follows));
    before.follows = follows;
    return wrong;
  }

  struct TokenBlock {
    __m512i bytes, kind;

    explicit TokenBlock(const char* p) : bytes(_mm512_loadu_si512(p)), kind(token_kinds.lookup(bytes)) {}
    Bits equal(char c) const { return _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(c)); }
    Bits of_kind(int bits) const { return _mm512_test_epi8_mask(kind, _mm512_set1_epi8(static_cast<char>(bits))); }
    Bits brackets() const { return of_kind(opens_object | closes_object | opens_array | closes_array); }
    Bits opens() const { return of_kind(opens_object | opens_array); }
    Bits braces() const { return of_kind(opens_object | closes_object); }
    Bits literals() const { return _mm512_mask_cmpgt_epu8_mask(of_kind(is_scalar), bytes, _mm512_set1_epi8('9')); }
  };
  struct TokensBefore {
    __m512i follows = _mm512_set1_epi8(-1);
  };
  static Bits wrong_token_pairs(const TokenBlock& block, TokensBefore& before) {
    const __m512i follows = token_followers.lookup(block.bytes);
    const Bits wrong = _mm512_testn_epi8_mask(block.kind, shifted(before.follows, follows));
    before.follows = follows;
    return wrong;
  }
  static Bits equal(const char* p, char c) {
    return _mm512_cmpeq_epi8_mask(_mm512_loadu_si512(p), _mm512_set1_epi8(c));
  }

  static Bits prefix_xor(Bits bits) {
    const __m128i product = _mm_clmulepi64_si128(_mm_set_epi64x(0, static_cast<long long>(bits)), _mm_set1_epi8(-1), 0);
    return static_cast<Bits>(_mm_cvtsi128_si64(product));
  }

  // Writes up to 64 bytes and numbers past what it appends.
  static std::uint32_t append(const Block& block, Bits tokens, std::uint32_t at, char* chars, std::uint32_t* places) {
    _mm512_storeu_si512(chars, _mm512_maskz_compress_epi8(tokens, block.bytes));
    const __m512i offsets = _mm512_maskz_compress_epi8(tokens, _mm512_load_si512(counting.from_0));
    const __m512i base = _mm512_set1_epi32(static_cast<int>(at));
    const auto write = [&](int part, __m128i bytes) {
      _mm512_storeu_si512(places + 16 * part, _mm512_add_epi32(base, _mm512_cvtepu8_epi32(bytes)));
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
};

}  // namespace

Tokens tokenize_avx512(const char* text, std::size_t size, const TokenRoom& room) {
  return tokenize_with<Avx512>(text, size, room);
}

}  // namespace tocsin::pattern
#endif
