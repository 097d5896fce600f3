#include "pattern/detail/tokens.h"

#include "pattern/detail/tokenize.h"

namespace tocsin::pattern {
namespace {

// For any processor: a byte at a time.
struct Plain {
  struct Block {
    const unsigned char* bytes;

    explicit Block(const char* p) : bytes(reinterpret_cast<const unsigned char*>(p)) {}

    template <class Test>
    Bits where(Test test) const {
      Bits bits = 0;
      for (unsigned i = 0; i < 64; ++i) bits |= static_cast<Bits>(test(bytes[i]) ? 1 : 0) << i;
      return bits;
    }
    Bits equal(char c) const {
      return where([&](unsigned char b) { return b == static_cast<unsigned char>(c); });
    }
    Bits non_ascii() const {
      return where([](unsigned char b) { return b >= 0x80; });
    }
    Bits control() const {
      return where([](unsigned char b) { return b < 0x20; });
    }
    Bits operators() const {
      return where([](unsigned char b) { return (b | 0x20) == '{' || (b | 0x20) == '}' || b == ':' || b == ','; });
    }
    Bits space() const {
      return where([](unsigned char b) { return b == ' ' || b == '\t' || b == '\n' || b == '\r'; });
    }
    Bits digit() const {
      return where([](unsigned char b) { return b >= '0' && b <= '9'; });
    }
    Bits exponent() const {
      return where([](unsigned char b) { return (b | 0x20) == 'e'; });
    }
    Bits literal() const {
      return where([](unsigned char b) { return b == 't' || b == 'f' || b == 'n'; });
    }
    Bits dot() const { return equal('.'); }
    Bits minus() const { return equal('-'); }
    Bits plus() const { return equal('+'); }
    Bits zero() const { return equal('0'); }
  };

  static Bits prefix_xor(Bits bits) {
    for (int by = 1; by < 64; by *= 2) bits ^= bits << by;
    return bits;
  }

  static std::uint32_t append(const Block& block, Bits tokens, std::uint32_t at, char* chars, std::uint32_t* places) {
    std::uint32_t count = 0;
    for (; tokens != 0; tokens &= tokens - 1) {
      const auto place = static_cast<std::uint32_t>(first_bit(tokens));
      chars[count] = static_cast<char>(block.bytes[place]);
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
      __builtin_cpu_supports("avx512vbmi2") != 0) {
    list[count++] = tokenize_avx512;
  }
  if (has_basics) list[count++] = tokenize_avx2;
#endif
  list[count++] = tokenize_any;
  return count;
}

}  // namespace tocsin::pattern
