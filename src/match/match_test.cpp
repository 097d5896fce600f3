#include "match/match.h"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "match/chunk_reader.h"
#include "match/line_reader.h"

namespace tocsin::match {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class Match : public ::testing::Test {
 protected:
  std::string write(const std::string& name, const std::string& text) {
    const auto path = folder_ / name;
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }
  int run(const Options& options, const std::string& events = "") {
    std::istringstream in(events);
    std::ostringstream out, err;
    const int code = run_match(options, in, out, err);
    out_ = out.str();
    err_ = err.str();
    return code;
  }
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() /
              fmt::format("tocsin-match-{}-{}", ::testing::UnitTest::GetInstance()->current_test_info()->name(),
                          static_cast<const void*>(this));
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  const std::string rules_text_ =
      "{\"name\":\"z\",\"pattern\":{\"a\":[\"x\",1e400]}}\n"
      "\n"
      "{\"pattern\":\"{\\\"a\\\":[{\\\"prefix\\\":\\\"\\\"}]}\",\"name\":\"a \\\"quoted\\\"\"}\r\n"
      "{\"name\":\"b\",\"pattern\":{\"b\":[{\"exists\":false}],\"a\":[2]},\"description\":\"ignored\"}";
  std::filesystem::path folder_;
  std::string out_, err_;
};

TEST_F(Match, PrintsTheNamesInTheOrderOfTheRulesFile) {
  const Options options{.rules = write("rules", rules_text_)};
  EXPECT_EQ(run(options, "{\"a\":\"x\"}\n{\"a\":\"y\"}\r\n{\"a\":2}\n{\"b\":1}\n{\"a\":1e400}"), 0);
  EXPECT_EQ(out_, "[\"z\",\"a \\\"quoted\\\"\"]\n[\"a \\\"quoted\\\"\"]\n[\"b\"]\n[]\n[\"z\"]\n");
  EXPECT_EQ(err_, "");
}

TEST_F(Match, ReadsEventsFromAFile) {
  const Options options{.rules = write("rules", rules_text_), .events = write("events", "{\"a\":2}\n")};
  EXPECT_EQ(run(options, "never read"), 0);
  EXPECT_EQ(out_, "[\"b\"]\n");
}

// Many chunks, with lines across their borders, lines of several chunks, and lines that are no events.
TEST_F(Match, AnswersAFileAsItAnswersAStream) {
  std::string events;
  for (std::size_t i = 0; events.size() < 40 * chunk_bytes; ++i) {
    const std::size_t filling = i % 501 == 500 ? 3 * chunk_bytes + i : i * i * 7 % 5'000;
    if (i % 97 == 0) events += "no event\n\n";
    if (i % 700 == 0) events += std::string(chunk_bytes - events.size() % chunk_bytes, ' ') + "\n";
    events += fmt::format("{{\"a\":{},\"c\":\"{}\"}}\n",
                          i % 3 == 0   ? "2"
                          : i % 3 == 1 ? "\"x\""
                                       : "\"y\"",
                          std::string(filling, '.'));
  }
  events += "{\"a\":2}";  // not closed
  const std::string rules = write("rules", rules_text_);
  ASSERT_EQ(run({.rules = rules}, events), 1);
  const std::string out = out_, err = err_;
  ASSERT_EQ(run({.rules = rules, .events = write("events", events)}), 1);
  EXPECT_TRUE(out_ == out);
  const auto without_names = [](const std::string& text, std::size_t name) {
    std::istringstream lines(text);
    std::string line, rest;
    while (std::getline(lines, line)) rest += line.substr(name) + "\n";
    return rest;
  };
  EXPECT_TRUE(without_names(err_, (folder_ / "events").string().size()) == without_names(err, 5));
  ASSERT_EQ(run({.rules = rules, .count = true}, events), 1);
  const std::string totals = out_;
  ASSERT_EQ(run({.rules = rules, .events = folder_ / "events", .count = true}), 1);
  EXPECT_EQ(out_, totals);
}

// More answers than are held: a chunk's have to be printed in parts.
TEST_F(Match, AnswersAFileOfManyShortLines) {
  std::string events;
  while (events.size() < 6 * chunk_bytes) events += "[]\n{\"a\":2}\n";
  const std::string rules = write("rules", rules_text_);
  ASSERT_EQ(run({.rules = rules}, events), 1);
  const std::string out = out_;
  ASSERT_EQ(run({.rules = rules, .events = write("events", events)}), 1);
  EXPECT_TRUE(out_ == out);
}

TEST_F(Match, GivesNullForLinesThatAreNoEvents) {
  const Options options{.rules = write("rules", rules_text_)};
  EXPECT_EQ(run(options, "{\"a\":2}\n{\"a\":\n\n[1]\n{\"a\":2}\n"), 1);
  EXPECT_EQ(out_, "[\"b\"]\nnull\nnull\nnull\n[\"b\"]\n");
  EXPECT_THAT(err_, StartsWith("stdin:2: Event is not valid JSON: "));
  EXPECT_THAT(err_, HasSubstr("\nstdin:3: "));
  EXPECT_THAT(err_, HasSubstr("\nstdin:4: Event is not valid JSON: an event must be a JSON object (byte 0)\n"));
}

TEST_F(Match, Counts) {
  const Options options{.rules = write("rules", rules_text_), .events = "-", .count = true};
  EXPECT_EQ(run(options, "{\"a\":\"x\"}\n{\"a\":\"y\"}\n"), 0);
  EXPECT_EQ(out_,
            "{\"name\":\"z\",\"matches\":1}\n{\"name\":\"a "
            "\\\"quoted\\\"\",\"matches\":2}\n{\"name\":\"b\",\"matches\":0}\n");
}

TEST_F(Match, Checks) {
  EXPECT_EQ(run({.rules = write("good", rules_text_), .check = true}), 0);
  EXPECT_EQ(out_, "");
  const std::string bad =
      "{\"name\":\"one\",\"pattern\":{\"a\":[]}}\n{\"name\":\"two\",\"pattern\":{\"a\":[1]}}\nnonsense\n"
      "{\"name\":\"two\",\"pattern\":{\"a\":[1]}}\n{\"name\":\"three\",\"pattern\":7}\n{\"pattern\":{\"a\":[1]}}\n{"
      "\"name\":5}\n";
  EXPECT_EQ(run({.rules = write("bad", bad), .check = true}), 1);
  EXPECT_THAT(
      out_,
      StartsWith("{\"name\":\"one\",\"error\":\"Event pattern is not valid. Reason: Empty arrays are not allowed"));
  EXPECT_THAT(out_, HasSubstr("\n{\"name\":null,\"error\":\"Not JSON: "));
  EXPECT_THAT(out_, HasSubstr("\n{\"name\":\"two\",\"error\":\"the name is that of line 2 too\"}\n"));
  EXPECT_THAT(
      out_, HasSubstr("\n{\"name\":\"three\",\"error\":\"Event pattern is not valid. Reason: Filter is not an object"));
  EXPECT_THAT(out_, HasSubstr("\\\"name\\\" is missing"));
  EXPECT_THAT(out_, HasSubstr("\\\"name\\\" must be a string"));
  // Without --check, the same rules are refused, and nothing is matched.
  EXPECT_EQ(run({.rules = write("bad", bad)}, "{\"a\":1}\n"), 1);
  EXPECT_EQ(out_, "");
  EXPECT_THAT(err_, HasSubstr("bad:1: rule \"one\": Event pattern is not valid."));
}

TEST_F(Match, Explains) {
  const Options options{.rules = write("rules", rules_text_), .explain = "b"};
  EXPECT_EQ(run(options, "{\"a\":2}\n{\"a\":2,\"b\":\"w\"}\n{\n"), 1);
  EXPECT_EQ(out_,
            "{\"matched\":true}\n"
            "{\"matched\":false,\"path\":\"b\",\"wanted\":[{\"exists\":false}],\"found\":[\"w\"],"
            "\"reason\":\"b is \\\"w\\\", but [{\\\"exists\\\":false}] is wanted.\"}\n"
            "null\n");
  EXPECT_EQ(run({.rules = write("rules", rules_text_), .explain = "nobody"}, "{}"), 2);
  EXPECT_THAT(err_, HasSubstr("there is no rule \"nobody\""));
}

TEST_F(Match, Draws) {
  EXPECT_EQ(run({.rules = write("rules", rules_text_), .dot = true}), 0);
  EXPECT_THAT(out_, StartsWith("digraph rules {"));
  EXPECT_THAT(out_, HasSubstr("label=\"z\""));
}

TEST_F(Match, SaysWhichFileCannotBeRead) {
  EXPECT_EQ(run({.rules = "/nowhere/rules"}), 2);
  EXPECT_EQ(err_, "/nowhere/rules: cannot be read: No such file or directory\n");
  EXPECT_EQ(run({.rules = write("rules", rules_text_), .events = "/nowhere/events"}), 2);
  EXPECT_EQ(err_, "/nowhere/events: cannot be read: No such file or directory\n");
  EXPECT_EQ(run({.rules = folder_}), 2);
  EXPECT_THAT(err_, HasSubstr("cannot be read"));
  EXPECT_EQ(run({.rules = write("rules", rules_text_), .events = folder_}), 2);
  EXPECT_THAT(err_, HasSubstr("cannot be read"));
}

TEST_F(Match, LeavesOutAByteOrderMark) {
  Options options{.rules = write("rules", "\xEF\xBB\xBF" + rules_text_)};
  const std::string events = "\xEF\xBB\xBF{\"a\":2}\n{\"a\":2}";
  EXPECT_EQ(run(options, events), 0);
  EXPECT_EQ(out_, "[\"b\"]\n[\"b\"]\n");
  options.events = write("events", events);
  EXPECT_EQ(run(options), 0);
  EXPECT_EQ(out_, "[\"b\"]\n[\"b\"]\n");
}

TEST_F(Match, SaysThatTheOutputCannotBeWritten) {
  const Options options{.rules = write("rules", rules_text_)};
  std::istringstream in("{\"a\":2}\n");
  std::ostringstream out, err;
  out.setstate(std::ios::badbit);
  EXPECT_EQ(run_match(options, in, out, err), 1);
  EXPECT_THAT(err.str(), StartsWith("the output cannot be written"));
}

TEST_F(Match, SaysThatALineIsTooLong) {
  const std::string rules = write("rules", rules_text_);
  const std::string events = "{\"a\":\"" + std::string(line_bytes_max, 'x') + "\"}\n{\"a\":2}\n";
  EXPECT_EQ(run({.rules = rules}, events), 1);
  EXPECT_EQ(out_, "null\n[\"b\"]\n");
  EXPECT_EQ(err_, "stdin:1: the line is longer than 64 MiB\n");
  EXPECT_EQ(run({.rules = rules, .events = write("events", events)}), 1);
  EXPECT_EQ(out_, "null\n[\"b\"]\n");
  EXPECT_THAT(err_, HasSubstr("events:1: the line is longer than 64 MiB\n"));
}

TEST(LineReader, AnswersBeforeItWaits) {
  std::vector<std::string> parts = {"a\nb", "c\n"};
  std::atomic<std::size_t> at = 0;
  std::binary_semaphore go{0};
  LineReader reader(
      [&](char* to, std::size_t) -> std::ptrdiff_t {
        if (at == 1) go.acquire();  // until the reader says that it waits
        if (at == parts.size()) return 0;
        return static_cast<std::ptrdiff_t>(parts[at++].copy(to, std::string::npos));
      },
      [&] {
        if (at == 1) go.release();
      });
  EXPECT_EQ(reader.next(), "a");
  EXPECT_EQ(reader.next(), "bc");
  EXPECT_FALSE(reader.next());
}

TEST(LineReader, FindsLinesAcrossBlocks) {
  std::string text;
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < 300; ++i) {
    lines.push_back(std::string(i * i * 7 % 60'000, static_cast<char>('a' + i % 26)));
    text += lines.back() + "\n";
  }
  lines.emplace_back("the last one is not closed");
  text += lines.back();
  std::istringstream in(text);
  LineReader reader(from_stream(in));
  for (const std::string& line : lines) {
    const auto got = reader.next();
    ASSERT_TRUE(got);
    ASSERT_EQ(*got, line);
  }
  EXPECT_FALSE(reader.next());
  EXPECT_FALSE(reader.next());
}

TEST(LineReader, MayBeLeftEarly) {
  std::istringstream in(std::string(3'000'000, '\n'));
  LineReader reader(from_stream(in));
  EXPECT_EQ(reader.next(), "");
}

}  // namespace
}  // namespace tocsin::match
