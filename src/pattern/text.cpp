#include "pattern/detail/text.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <iterator>

#include <fmt/format.h>
#include <simdjson.h>

namespace tocsin::pattern {
namespace {

struct FoldRange {
  std::uint32_t first, last;
  std::int32_t delta;
  std::uint32_t step;
};
constexpr FoldRange fold_ranges[] = {
#include "pattern/detail/case_folding.inc"
};

std::uint32_t fold(std::uint32_t c) {
  const auto* range = std::upper_bound(std::begin(fold_ranges), std::end(fold_ranges), c,
                                       [](std::uint32_t value, const FoldRange& r) { return value < r.first; });
  if (range == std::begin(fold_ranges)) return c;
  --range;
  if (c > range->last || (c - range->first) % range->step != 0) return c;
  return static_cast<std::uint32_t>(static_cast<std::int32_t>(c) + range->delta);
}

void append_utf8(std::string& out, std::uint32_t c) {
  const auto put = [&](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0 | c >> 6);
    put(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    put(0xE0 | c >> 12);
    put(0x80 | (c >> 6 & 0x3F));
    put(0x80 | (c & 0x3F));
  } else {
    put(0xF0 | c >> 18);
    put(0x80 | (c >> 12 & 0x3F));
    put(0x80 | (c >> 6 & 0x3F));
    put(0x80 | (c & 0x3F));
  }
}

// -1 for what is no hexadecimal digit.
int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::uint32_t hex4(const char* digits) {
  std::uint32_t value = 0;
  for (int i = 0; i < 4; ++i) value = value << 4 | static_cast<std::uint32_t>(hex_value(digits[i]));
  return value;
}

char unescaped(char c) {
  switch (c) {
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return c;
  }
}

struct Decoded {
  std::uint32_t value;
  std::size_t size;  // 0: the bytes are no UTF-8
};

// One character of two bytes or more.
Decoded decode(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const auto tail = [&](std::size_t i) { return static_cast<std::uint32_t>(byte(i) & 0x3F); };
  const std::uint8_t lead = byte(0);
  if (lead >= 0xF0 && text.size() >= 4) {
    return {(lead & 7U) << 18 | tail(1) << 12 | tail(2) << 6 | tail(3), 4};
  }
  if (lead >= 0xE0 && lead < 0xF0 && text.size() >= 3) return {(lead & 15U) << 12 | tail(1) << 6 | tail(2), 3};
  if (lead >= 0xC0 && lead < 0xE0 && text.size() >= 2) return {(lead & 31U) << 6 | tail(1), 2};
  return {lead, 0};
}

// Of eight ASCII characters.
std::uint64_t lower_case(std::uint64_t word) {
  constexpr std::uint64_t each = 0x0101010101010101;
  const std::uint64_t from_a = word + each * (0x80 - 'A'), past_z = word + each * (0x7F - 'Z');
  return word | ((from_a ^ past_z) & each * 0x80) >> 2;
}

}  // namespace

void append_unescaped(std::string& out, std::string_view raw) {
  std::size_t at = 0;
  while (true) {
    const std::size_t escape = raw.find('\\', at);
    if (escape == std::string_view::npos) {
      out.append(raw.substr(at));
      return;
    }
    out.append(raw.substr(at, escape - at));
    at = escape + 2;
    if (raw[escape + 1] != 'u') {
      out.push_back(unescaped(raw[escape + 1]));
      continue;
    }
    std::uint32_t c = hex4(raw.data() + at);
    at += 4;
    if (c >= 0xD800 && c < 0xDC00 && raw.size() - at >= 6 && raw[at] == '\\' && raw[at + 1] == 'u') {
      const std::uint32_t low = hex4(raw.data() + at + 2);
      if (low >= 0xDC00 && low < 0xE000) {
        c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
        at += 6;
      }
    }
    append_utf8(out, c);
  }
}

std::size_t find_bad_escape(std::string_view raw) {
  for (std::size_t at = raw.find('\\'); at != std::string_view::npos; at = raw.find('\\', at)) {
    if (at + 1 >= raw.size()) return at;
    const char c = raw[at + 1];
    if (c == 'u') {
      if (raw.size() - at < 6) return at;
      for (std::size_t i = 2; i < 6; ++i) {
        if (hex_value(raw[at + i]) < 0) return at;
      }
      at += 6;
    } else {
      if (std::string_view("\"\\/bfnrt").find(c) == std::string_view::npos) return at;
      at += 2;
    }
  }
  return std::string_view::npos;
}

bool is_valid_utf8(std::string_view text) {
  return simdjson::validate_utf8(text.data(), text.size());
}

namespace {

void append_folded_slowly(std::string& out, std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const char c = text[i];
    if (static_cast<std::uint8_t>(c) < 0x80) {
      out.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c);
      ++i;
      continue;
    }
    const Decoded character = decode(text.substr(i));
    if (character.size == 0) {
      out.push_back(c);
      ++i;
      continue;
    }
    append_utf8(out, fold(character.value));
    i += character.size;
  }
}

}  // namespace

void append_folded(std::string& out, const Word& word) {
  const char* const p = word.text.data();
  const std::size_t n = word.text.size(), before = out.size();
  out.resize(before + n + 8);
  char* const to = out.data() + before;
  const auto write = [&](std::size_t at, std::uint64_t eight) {
    eight = lower_case(eight);
    std::memcpy(to + at, &eight, 8);
  };
  std::uint64_t any = word.first;
  for (std::size_t i = 8; i < n; i += 8) any |= load8(p + std::min(i, n - 8));
  const bool is_ascii = (any & 0x8080808080808080) == 0;
  if (is_ascii && std::endian::native == std::endian::little) {
    write(0, word.first);
    for (std::size_t i = 8; i < n; i += 8) write(std::min(i, n - 8), load8(p + std::min(i, n - 8)));
    out.resize(before + n);
    return;
  }
  out.resize(before);
  append_folded_slowly(out, word.text);
}

std::string folded(std::string_view text) {
  std::string out;
  append_folded(out, Word(text));
  return out;
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<std::uint8_t>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  return out + '"';
}

}  // namespace tocsin::pattern
