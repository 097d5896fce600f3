#include "core/json.h"

#include <gtest/gtest.h>

namespace tocsin {
namespace {

TEST(Json, RefusesWhatIsNotOneValue) {
  for (const char* text : {"", "{", "{}x", "[1,]", "{\"a\":}", "nul", "\"\xff\"", "{\"a\":1}{}", "'a'"}) {
    EXPECT_FALSE(parse_json(text)) << text;
  }
}

TEST(Json, RefusesDeepNesting) {
  const std::string deep(200, '[');
  auto result = parse_json(deep + std::string(200, ']'));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::validation);
}

TEST(Json, ReadsAtPaths) {
  const auto object = parse_json_object(R"({"a":{"b":"x","n":7,"t":true},"s":1.5})");
  ASSERT_TRUE(object);
  EXPECT_EQ(string_at(*object, "a.b"), "x");
  EXPECT_EQ(string_at(*object, "a.c", "none"), "none");
  EXPECT_EQ(string_at(*object, "s.b", "none"), "none");
  EXPECT_EQ(integer_at(*object, "a.n"), 7);
  EXPECT_EQ(integer_at(*object, "s", -1), -1);
  EXPECT_TRUE(bool_at(*object, "a.t"));
}

TEST(Json, KeepsKeyOrderAndIntegerKind) {
  const std::string text = R"({"z":1,"a":18446744073709551615,"m":-1,"d":1.5E0})";
  EXPECT_EQ(to_json(*parse_json(text)), text);
}

TEST(Json, PrettyPrintsAsPythonDoes) {
  EXPECT_EQ(to_pretty_json(*parse_json(R"({"a":[1,{"b":2}],"e":{},"f":[]})")),
            "{\n  \"a\": [\n    1,\n    {\n      \"b\": 2\n    }\n  ],\n  \"e\": {},\n  \"f\": []\n}");
}

}  // namespace
}  // namespace tocsin
