// Compiled for AVX-512 (F, BW, VBMI, VBMI2), BMI2 and PCLMUL; called only where the processor has them.
#if defined(__x86_64__)
#include <initializer_list>

#include <immintrin.h>

#include "pattern/detail/tokenize.h"

namespace tocsin::pattern {
namespace {

// One bit for each class of byte; looked up by the low seven bits.
enum Class : unsigned char {
  is_operator = 1,
  is_space = 2,
  is_digit = 4,
  is_dot = 8,
  is_exponent = 16,
  is_minus = 32,
  is_plus = 64,
  is_literal_start = 128,
};

struct ClassTable {
  alignas(64) unsigned char of[128] = {};
  constexpr ClassTable() {
    for (const char c : {'{', '}', '[', ']', ':', ','}) of[static_cast<int>(c)] = is_operator;
    for (const char c : {' ', '\t', '\n', '\r'}) of[static_cast<int>(c)] = is_space;
    for (int c = '0'; c <= '9'; ++c) of[c] = is_digit;
    of[static_cast<int>('.')] = is_dot;
    of[static_cast<int>('e')] = of[static_cast<int>('E')] = is_exponent;
    of[static_cast<int>('-')] = is_minus;
    of[static_cast<int>('+')] = is_plus;
    for (const char c : {'t', 'f', 'n'}) of[static_cast<int>(c)] = is_literal_start;
  }
};
constexpr ClassTable classes;

struct Avx512 {
  struct Block {
    __m512i bytes;
    __m512i kinds;

    explicit Block(const char* p) : bytes(_mm512_loadu_si512(p)) {
      kinds = _mm512_permutex2var_epi8(_mm512_load_si512(classes.of), bytes, _mm512_load_si512(classes.of + 64));
    }
    Bits equal(char c) const { return _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(c)); }
    Bits of_class(Class c) const { return _mm512_test_epi8_mask(kinds, _mm512_set1_epi8(static_cast<char>(c))); }
    Bits non_ascii() const { return _mm512_movepi8_mask(bytes); }
    Bits control() const { return _mm512_cmplt_epu8_mask(bytes, _mm512_set1_epi8(0x20)); }
    Bits operators() const { return of_class(is_operator); }
    Bits space() const { return of_class(is_space); }
    Bits digit() const { return of_class(is_digit); }
    Bits dot() const { return of_class(is_dot); }
    Bits exponent() const { return of_class(is_exponent); }
    Bits minus() const { return of_class(is_minus); }
    Bits plus() const { return of_class(is_plus); }
    Bits literal() const { return of_class(is_literal_start); }
    Bits zero() const { return equal('0'); }
  };

  static Bits prefix_xor(Bits bits) {
    const __m128i product = _mm_clmulepi64_si128(_mm_set_epi64x(0, static_cast<long long>(bits)), _mm_set1_epi8(-1), 0);
    return static_cast<Bits>(_mm_cvtsi128_si64(product));
  }

  // Writes up to 64 bytes and numbers past what it appends.
  static std::uint32_t append(const Block& block, Bits tokens, std::uint32_t at, char* chars, std::uint32_t* places) {
    alignas(64) static constexpr unsigned char counting[64] = {
        0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
        22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43,
        44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63};
    _mm512_storeu_si512(chars, _mm512_maskz_compress_epi8(tokens, block.bytes));
    const __m512i offsets = _mm512_maskz_compress_epi8(tokens, _mm512_load_si512(counting));
    const __m512i base = _mm512_set1_epi32(static_cast<int>(at));
    const auto write = [&](int part, __m128i bytes) {
      _mm512_storeu_si512(places + 16 * part, _mm512_add_epi32(base, _mm512_cvtepu8_epi32(bytes)));
    };
    const auto count = static_cast<std::uint32_t>(__builtin_popcountll(tokens));
    write(0, _mm512_castsi512_si128(offsets));
    if (count > 16) write(1, _mm512_extracti32x4_epi32(offsets, 1));
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
