// Law: every variant of the tokenizer gives the same tokens and the same verdict, so that a processor without the fast
// instructions matches the same events. The fallback that needs none of them is forced here.
#include "pattern/detail/tokens.h"

#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "pattern/detail/build.h"
#include "pattern/detail/event.h"
#include "pattern/pattern.h"
#include "pattern/random_cases.h"

namespace tocsin::pattern {
namespace {

struct Result {
  Tokens tokens;
  std::string chars;
  std::vector<std::uint32_t> at;
  std::vector<std::uint64_t> words;
};

Result tokens_of(Tokenizer tokenize, const std::string& text) {
  TokenMemory memory;
  const TokenRoom& room = memory.room_for(text.size());
  const std::vector<char> exact(text.begin(), text.end());  // a read past the end is seen by the address sanitizer
  Result result{.tokens = tokenize(exact.data(), exact.size(), room), .chars = {}, .at = {}, .words = {}};
  const std::uint32_t count = result.tokens.count;
  if (!result.tokens.is_valid) return result;
  result.chars.assign(room.chars, count + 1);
  result.at.assign(room.at, room.at + count + 1);
  for (std::uint32_t i = 0; i < count; i += 64) {
    const std::uint64_t here = count - i >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << (count - i)) - 1;
    const TokenWords& w = room.token_words[i / 64];
    for (const std::uint64_t word : {w.brackets, w.opens, w.braces, w.key_commas, w.plain_commas}) {
      result.words.push_back(word & here);
    }
  }
  for (std::size_t i = 0; i < text.size(); i += 64) {
    const std::uint64_t here = text.size() - i >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << (text.size() - i)) - 1;
    result.words.push_back(room.dots[i / 64] & here);
    if (result.tokens.has_backslash) result.words.push_back(room.backslashes[i / 64] & here);
  }
  return result;
}

void expect_agreement(const std::string& text) {
  Tokenizer list[3];
  const int count = tokenizers_here(list);
  ASSERT_EQ(list[count - 1], &tokenize_any) << "the last one is the one for every processor";
  const Result expected = tokens_of(tokenize_any, text);
  for (int i = 0; i + 1 < count; ++i) {
    const Result got = tokens_of(list[i], text);
    ASSERT_EQ(got.tokens.is_valid, expected.tokens.is_valid) << "variant " << i << "\n" << text;
    if (!expected.tokens.is_valid) continue;
    ASSERT_EQ(got.tokens.has_backslash, expected.tokens.has_backslash) << text;
    ASSERT_EQ(got.tokens.has_non_ascii, expected.tokens.has_non_ascii) << text;
    ASSERT_EQ(got.chars, expected.chars) << "variant " << i << "\n" << text;
    ASSERT_EQ(got.at, expected.at) << "variant " << i << "\n" << text;
    ASSERT_EQ(got.words, expected.words) << "variant " << i << "\n" << text;
  }
}

const std::string_view pieces[] = {"{",
                                   "}",
                                   "[",
                                   "]",
                                   ":",
                                   ",",
                                   "\"",
                                   "\\\"",
                                   "\\\\",
                                   "\\u00e9",
                                   "\\",
                                   "1",
                                   "0",
                                   "00",
                                   "-",
                                   "1.5",
                                   ".",
                                   "e",
                                   "E+5",
                                   "1e-7",
                                   "1.0e22",
                                   "true",
                                   "false",
                                   "null",
                                   "nul",
                                   " ",
                                   "\n",
                                   "\t",
                                   "\r",
                                   "\x01",
                                   "\x7f",
                                   "é",
                                   "\xff",
                                   "日本",
                                   "abc",
                                   "\"k\":",
                                   "{}",
                                   "[1,2]",
                                   "9007199254740993",
                                   "\"x\"",
                                   "/",
                                   "0.10",
                                   "-0",
                                   "12345678901234567890123456789012345678901234567890123456789012345678901234567890"};

TEST(Tokenizer, VariantsAgreeOnWhatIsMadeOfPieces) {
  std::mt19937_64 random(11);
  for (int i = 0; i < 60'000; ++i) {
    std::string text = random() % 4 == 0 ? "" : "{\"a\":[";
    for (auto n = random() % 60; n > 0; --n) text += pieces[random() % std::size(pieces)];
    if (random() % 2 == 0) text += "]}";
    expect_agreement(text);
    if (HasFatalFailure()) return;
  }
}

TEST(Tokenizer, VariantsAgreeOnEventsWithOneByteChanged) {
  std::mt19937_64 random(12);
  RandomCases cases([&](std::size_t n) { return random() % n; });
  constexpr std::string_view bytes = "{}[]:,\"\\0.eE-+ tx\n\xc3";
  for (int i = 0; i < 20'000; ++i) {
    std::string text(random() % 130, ' ');  // shifts it against the blocks
    while (text.size() < 200) text += cases.event() + (random() % 3 == 0 ? "\n" : "");
    text.resize(text.size() - random() % 3);
    expect_agreement(text);
    std::string& changed = text;
    changed[random() % changed.size()] = bytes[random() % bytes.size()];
    expect_agreement(changed);
    if (HasFatalFailure()) return;
  }
}

TEST(Tokenizer, VariantsAgreeAcrossBlocksAndGroups) {
  for (std::size_t before = 0; before < 1'100; ++before) {
    const std::string space(before, ' ');
    for (const std::string_view scalar :
         {"-12.75e+10", "0.0", "01", "1.2.3", "1e5.3", "\"\\\\\\\"\"", "\"\\u12\"", "true"}) {
      expect_agreement(space + "[" + std::string(scalar) + "]");
      if (HasFatalFailure()) return;
    }
  }
}

TEST(Tokenizer, TheFallbackMatchesEvents) {
  const Rule rule{RuleId{1}, R"({"a":{"b":["x"]}})"};
  const auto set = compile({&rule, 1});
  ASSERT_TRUE(set);
  Tokenizer list[3];
  const int count = tokenizers_here(list);
  for (int i = 0; i < count; ++i) {
    Event event;
    EXPECT_EQ(scan(**set, R"({"c":[1,{"d":null}],"a":{"b":"x"}})", event, list[i]).reason, nullptr);
    ASSERT_EQ(event.leaf_count, 1u);
    EXPECT_EQ(event.leaves[0].text(), "x");
    EXPECT_NE(scan(**set, R"({"a":{"b":"x"})", event, list[i]).reason, nullptr);
  }
}

}  // namespace
}  // namespace tocsin::pattern
