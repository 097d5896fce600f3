#include "pattern/detail/tokens.h"

#include "pattern/detail/tokenize.h"

namespace tocsin::pattern {
namespace {

// What a byte is, for any processor: bits of these, looked up.
enum Kind : std::uint16_t {
  quote = 1,
  backslash = 2,
  operator_ = 4,
  space = 8,
  digit_ = 16,
  dot_ = 32,
  exponent_ = 64,
  minus_ = 128,
  plus_ = 256,
  letter_ = 512,
  zero_ = 1024,
  control_ = 2048,
  non_ascii_ = 4096,
};

struct Kinds {
  std::uint16_t of[256] = {};
  constexpr Kinds() {
    for (int c = 0; c < 256; ++c) {
      int kind = c < 0x20 ? control_ : c >= 0x80 ? non_ascii_ : 0;
      if ((c | 0x20) == '{' || (c | 0x20) == '}' || c == ':' || c == ',') kind |= operator_;
      if (c == ' ' || c == '\t' || c == '\n' || c == '\r') kind |= space;
      if (c >= '0' && c <= '9') kind |= digit_;
      if (c == '0') kind |= zero_;
      if (c >= 'a' && c <= 'u') kind |= letter_;
      if (c == 'e' || c == 'E') kind |= exponent_;
      if (c == '.') kind |= dot_;
      if (c == '-') kind |= minus_;
      if (c == '+') kind |= plus_;
      if (c == '"') kind |= quote;
      if (c == '\\') kind |= backslash;
      of[c] = static_cast<std::uint16_t>(kind);
    }
  }
};
constexpr Kinds kinds;

struct Plain {
  struct Block {
    char bytes[64];
    std::uint8_t low[64], high[64];  // the two halves of the kinds

    explicit Block(const char* p) {
      __builtin_memcpy(bytes, p, 64);
      for (int i = 0; i < 64; ++i) {
        const std::uint16_t kind = kinds.of[static_cast<unsigned char>(p[i])];
        low[i] = static_cast<std::uint8_t>(kind);
        high[i] = static_cast<std::uint8_t>(kind >> 8);
      }
    }

    // The lowest bit of each of eight bytes; the product moves them side by side.
    static Bits gathered(Bits eight) { return (eight & 0x0101010101010101) * 0x0102040810204080 >> 56; }
    template <class Word>
    static Bits gather(Word word) {
      Bits bits = 0;
      for (int i = 0; i < 8; ++i) bits |= gathered(word(8 * i)) << 8 * i;
      return bits;
    }
    static Bits word_at(const void* p) {
      Bits word;
      __builtin_memcpy(&word, p, 8);
      return word;
    }
    Bits of_kind(Kind kind) const {
      const std::uint8_t* half = kind < 256 ? low : high;
      const int bit = __builtin_ctz(kind) % 8;
      return gather([&](int at) { return word_at(half + at) >> bit; });
    }
    static Bits equal(const char* p, char c) {
      Bits bits = 0;
      for (int i = 0; i < 64; ++i) bits |= static_cast<Bits>(p[i] == c ? 1 : 0) << i;
      return bits;
    }
    Bits equal(char c) const {
      if (c == '"') return of_kind(quote);
      if (c == '\\') return of_kind(backslash);
      return equal(bytes, c);
    }
    Bits non_ascii() const { return of_kind(non_ascii_); }
    Bits control() const { return of_kind(control_); }
    Bits operators() const { return of_kind(operator_); }
    Bits operators_and_space() const { return of_kind(operator_) | of_kind(space); }
    Bits digit() const { return of_kind(digit_); }
    Bits exponent() const { return of_kind(exponent_); }
    Bits letter() const { return of_kind(letter_); }
    Bits dot() const { return of_kind(dot_); }
    Bits minus() const { return of_kind(minus_); }
    Bits plus() const { return of_kind(plus_); }
    Bits zero() const { return of_kind(zero_); }

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
  static Bits equal(const char* p, char c) { return Block::equal(p, c); }

  static Bits prefix_xor(Bits bits) {
    for (int by = 1; by < 64; by *= 2) bits ^= bits << by;
    return bits;
  }

  static std::uint32_t append(const Block& block, Bits tokens, std::uint32_t at, char* chars, std::uint32_t* places) {
    std::uint32_t count = 0;
    for (; tokens != 0; tokens &= tokens - 1) {
      const auto place = static_cast<std::uint32_t>(first_bit(tokens));
      chars[count] = block.bytes[place];
      places[count++] = at + place;
    }
    return count;
  }
};

}  // namespace

Tokens tokenize_any(const char* text, std::size_t size, const TokenRoom& room) {
  return tokenize_with<Plain>(text, size, room);
}

int tokenizers_here(Tokenizer (&list)[3]) {
  int count = 0;
#if defined(__x86_64__)
  __builtin_cpu_init();
  const bool has_basics = __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("bmi2") != 0 &&
                          __builtin_cpu_supports("bmi") != 0 && __builtin_cpu_supports("pclmul") != 0 &&
                          __builtin_cpu_supports("popcnt") != 0;
  if (has_basics && __builtin_cpu_supports("avx512bw") != 0 && __builtin_cpu_supports("avx512vbmi") != 0 &&
      __builtin_cpu_supports("avx512vbmi2") != 0 && __builtin_cpu_supports("avx512dq") != 0 &&
      __builtin_cpu_supports("avx512vl") != 0 && __builtin_cpu_supports("gfni") != 0 &&
      __builtin_cpu_supports("vpclmulqdq") != 0) {
    list[count++] = tokenize_avx512;
  }
  if (has_basics) list[count++] = tokenize_avx2;
#endif
  list[count++] = tokenize_any;
  return count;
}

}  // namespace tocsin::pattern
