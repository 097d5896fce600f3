// Compiled for AVX2, BMI2 and PCLMUL; called only where the processor has them.
#if defined(__x86_64__)
#include <immintrin.h>

#include "pattern/detail/tokenize.h"

namespace tocsin::pattern {
namespace {

struct Avx2 {
  struct Block {
    __m256i low, high;

    explicit Block(const char* p)
        : low(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p))),
          high(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p + 32))) {}

    static Bits bits(__m256i a, __m256i b) {
      return static_cast<std::uint32_t>(_mm256_movemask_epi8(a)) |
             static_cast<Bits>(static_cast<std::uint32_t>(_mm256_movemask_epi8(b))) << 32;
    }
    template <class Test>
    Bits where(Test test) const {
      return bits(test(low), test(high));
    }
    static __m256i is(__m256i v, char c) { return _mm256_cmpeq_epi8(v, _mm256_set1_epi8(c)); }
    static __m256i lower(__m256i v) { return _mm256_or_si256(v, _mm256_set1_epi8(0x20)); }

    Bits equal(char c) const {
      return where([&](__m256i v) { return is(v, c); });
    }
    Bits non_ascii() const { return bits(low, high); }
    Bits control() const {
      return where([](__m256i v) { return _mm256_cmpeq_epi8(_mm256_min_epu8(v, _mm256_set1_epi8(0x1F)), v); });
    }
    Bits operators() const {
      return where([](__m256i v) {
        const __m256i folded = lower(v);  // [ and ] become { and }
        return _mm256_or_si256(_mm256_or_si256(is(folded, '{'), is(folded, '}')),
                               _mm256_or_si256(is(v, ':'), is(v, ',')));
      });
    }
    Bits operators_and_space() const {
      return operators() | where([](__m256i v) {
               return _mm256_or_si256(_mm256_or_si256(is(v, ' '), is(v, '\t')),
                                      _mm256_or_si256(is(v, '\n'), is(v, '\r')));
             });
    }
    Bits digit() const {
      return where([](__m256i v) {
        const __m256i value = _mm256_sub_epi8(v, _mm256_set1_epi8('0'));
        return _mm256_cmpeq_epi8(_mm256_min_epu8(value, _mm256_set1_epi8(9)), value);
      });
    }
    Bits exponent() const {
      return where([](__m256i v) { return is(lower(v), 'e'); });
    }
    // Of true, false and null; other letters begin nothing, and are found where a literal is looked for.
    Bits letter() const {
      return where([](__m256i v) {
        const __m256i place = _mm256_sub_epi8(v, _mm256_set1_epi8('a'));
        return _mm256_cmpeq_epi8(_mm256_min_epu8(place, _mm256_set1_epi8('u' - 'a')), place);
      });
    }
    Bits dot() const { return equal('.'); }
    Bits minus() const { return equal('-'); }
    Bits plus() const { return equal('+'); }
    Bits zero() const { return equal('0'); }

    Bits brackets() const { return braces() | equal('[') | equal(']'); }
    Bits opens() const { return equal('{') | equal('['); }
    Bits braces() const { return equal('{') | equal('}'); }
    Bits literals() const { return letter(); }
  };
  static Block last_block(const char* p, std::size_t size) {
    char bytes[64];
    __builtin_memset(bytes, ' ', 64);
    __builtin_memcpy(bytes, p, size);
    return Block(bytes);
  }
  using TokenBlock = Block;
  using Before = PairMasks<Block>::Before;
  using TokensBefore = PairMasks<Block>::TokensBefore;
  static Bits wrong_pairs(const Block& block, Before& before) { return PairMasks<Block>::wrong_pairs(block, before); }
  static Bits wrong_token_pairs(const Block& block, TokensBefore& before) {
    return PairMasks<Block>::wrong_token_pairs(block, before);
  }
  static Bits equal(const char* p, char c) { return Block(p).equal(c); }

  static Bits prefix_xor(Bits bits) {
    const __m128i product = _mm_clmulepi64_si128(_mm_set_epi64x(0, static_cast<long long>(bits)), _mm_set1_epi8(-1), 0);
    return static_cast<Bits>(_mm_cvtsi128_si64(product));
  }

  static std::uint32_t append(const Block& block, Bits tokens, std::uint32_t at, char* chars, std::uint32_t* places) {
    alignas(32) char bytes[64];
    _mm256_store_si256(reinterpret_cast<__m256i*>(bytes), block.low);
    _mm256_store_si256(reinterpret_cast<__m256i*>(bytes + 32), block.high);
    std::uint32_t count = 0;
    for (; tokens != 0; tokens &= tokens - 1) {
      const auto place = static_cast<std::uint32_t>(first_bit(tokens));
      chars[count] = bytes[place];
      places[count++] = at + place;
    }
    return count;
  }
};

}  // namespace

Tokens tokenize_avx2(const char* text, std::size_t size, const TokenRoom& room) {
  return tokenize_with<Avx2>(text, size, room);
}

}  // namespace tocsin::pattern
#endif
