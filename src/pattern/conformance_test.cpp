// Cases of tests/conformance/pattern/*.jsonl (our own) and of the shared conformance file (answers of AWS's open
// engine). One case a line: {"name", "pattern", "event", "match": bool} or {"name", "pattern", "error": bool};
// pattern and event are strings that hold JSON text.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include <gtest/gtest.h>

#include "core/json.h"
#include "pattern/pattern.h"
#include "pattern/reference_match.h"

namespace tocsin::pattern {
namespace {

struct Case {
  std::string name, pattern, event, where;
  bool has_event = false;
  bool expected = false;  // match, or error
};

std::vector<Case> read_cases(const std::filesystem::path& file) {
  std::vector<Case> cases;
  std::ifstream in(file);
  std::string line;
  for (int number = 1; std::getline(in, line); ++number) {
    auto object = parse_json_object(line);
    if (!object) {
      ADD_FAILURE() << file << ":" << number << ": " << object.error().message;
      continue;
    }
    Case c;
    c.name = string_at(*object, "name");
    c.pattern = string_at(*object, "pattern");
    c.event = string_at(*object, "event");
    c.has_event = object->contains("event");
    c.expected = bool_at(*object, c.has_event ? "match" : "error");
    c.where = file.filename().string() + ":" + std::to_string(number) + " " + c.name;
    cases.push_back(std::move(c));
  }
  return cases;
}

// What the engine says, as the case's answer.
Result<bool> answer(const Case& c) {
  const Rule rule{RuleId{1}, c.pattern};
  auto set = compile({&rule, 1});
  if (!c.has_event) return !set;
  if (!set) return pass_on(set);
  Matcher matcher;
  std::vector<RuleId> matched;
  auto result = matcher.match(**set, c.event, matched);
  if (!result) return pass_on(result);
  return !matched.empty();
}

TEST(Conformance, OwnCases) {
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(TOCSIN_SOURCE_DIR "/tests/conformance/pattern")) {
    if (entry.path().extension() != ".jsonl") continue;
    for (const Case& c : read_cases(entry.path())) {
      ++count;
      const auto got = answer(c);
      ASSERT_TRUE(got) << c.where << ": " << got.error().message;
      EXPECT_EQ(*got, c.expected) << c.where << "\n" << c.pattern << "\n" << c.event;
      if (c.has_event) {
        EXPECT_EQ(reference_match(c.pattern, c.event), c.expected) << "reference, " << c.where;
      }
    }
  }
  EXPECT_GT(count, 0);
}

// Where we answer otherwise than AWS's open engine, and why. Names are exact.
const std::map<std::string, std::string>& deviations() {
  static const std::string or_form =
      "A malformed `$or` (one object only, an object, operators as keys) is refused; the engine reads it again as a "
      "field of that name, which no author means.";
  static const std::map<std::string, std::string> list = {
      {"ertest/pattern/00075", or_form},
      {"ertest/pattern/00328", or_form},
      {"ertest/pattern/00367", or_form},
      {"ertest/pattern/00374", or_form},
  };
  return list;
}

TEST(Conformance, SharedCases) {
  const std::filesystem::path file = TOCSIN_SHARED_DIR "/conformance/pattern.jsonl";
  if (!std::filesystem::exists(file)) GTEST_SKIP() << "there is no " << file;
  for (const Case& c : read_cases(file)) {
    const auto got = answer(c);
    const bool agrees = got && *got == c.expected;
    const auto deviation = deviations().find(c.name);
    if (deviation == deviations().end()) {
      EXPECT_TRUE(agrees) << c.where << "\n"
                          << c.pattern << "\n"
                          << c.event << "\n"
                          << (got ? "" : got.error().message) << " expected " << c.expected;
    } else {
      EXPECT_FALSE(agrees) << c.where << " agrees, but is listed as a deviation: " << deviation->second;
    }
    if (got && c.has_event) {
      EXPECT_EQ(reference_match(c.pattern, c.event), *got) << "reference, " << c.where;
    }
  }
}

}  // namespace
}  // namespace tocsin::pattern
