#include "jsonpath/jsonpath.h"

#include <gtest/gtest.h>

namespace tocsin::jsonpath {
namespace {

constexpr const char* document = R"({"a":{"b":[{"c":1,"d":"x"},{"c":2.5},{"c":3,"d":"y"}]},"n":null,"l":[0,1,2,3],
  "a b":7,"deep":{"c":{"c":9}},"":5})";

TEST(JsonPath, ReadsWhatItNames) {
  const struct {
    const char* path;
    const char* expected;
  } cases[] = {
      {"$.a.b[0].c", "1"},
      {"$['a']['b'][-1].d", R"("y")"},
      {"$[\"a b\"]", "7"},
      {"$.n", "null"},
      {"$.a.[b]", nullptr},
      {"$.a.['b'][1].c", "2.5E0"},
      {"$.l[(@.length-1)]", "3"},
      {"$.l[*]", "[0,1,2,3]"},
      {"$.l[1:3]", "[1,2]"},
      {"$.l[:2]", "[0,1]"},
      {"$.l[2:]", "[2,3]"},
      {"$.l[-2:]", "[2,3]"},
      {"$.l[:-3]", "[0]"},
      {"$.l[-3:-1]", "[1,2]"},
      {"$.l[0,-1,9]", "[0,3]"},
      {"$.a.b[*].c", "[1,2.5E0,3]"},
      {"$.a.b[*].d", R"(["x","y"])"},
      {"$..c", R"([1,2.5E0,3,{"c":9},9])"},
      {"$.deep..c", R"([{"c":9},9])"},
      {"$.missing[*].v", "[]"},
      {"$.missing..v", "[]"},
      {"$.n[1:]", "[]"},
      {"$.a.b[0]['c','d']", R"({"c":1,"d":"x"})"},
      {"$.a.b[0]['c','zz']", R"({"c":1})"},
      {"$.a['b','zz'][0].c", "[1]"},
      {"$.*.b[2].c", "[3]"},
  };
  const auto root = *parse_json(document);
  for (const auto& c : cases) {
    const auto path = parse(c.path);
    if (!c.expected) {
      EXPECT_FALSE(path) << c.path;
      continue;
    }
    ASSERT_TRUE(path) << c.path << ": " << path.error().message;
    const auto value = path->evaluate(root);
    ASSERT_TRUE(value) << c.path << ": " << value.error().message;
    EXPECT_EQ(to_json(*value), c.expected) << c.path;
  }
}

TEST(JsonPath, SaysWhatIsMissing) {
  const struct {
    const char* path;
    const char* message;
  } cases[] = {
      {"$.x", "No results for path: $['x']"},
      {"$.a.x", "No results for path: $['a']['x']"},
      {"$.no.such.path", "Missing property in path $['no']"},
      {"$.l[9]", "No results for path: $['l'][9]"},
      {"$.n[0]", "The path $['n'] is null"},
      {"$.a[0]",
       R"(Filter: [0] can only be applied to arrays. Current context is: {"b":[{"c":1,"d":"x"},{"c":2.5E0},{"c":3,"d":"y"}]})"},
      {"$.l.x", "Expected to find an object with property ['x'] in path $['l'] but found 'array'."},
      {"$.l.length()", "Expected to find an object with property ['length()'] in path $['l'] but found 'array'."},
  };
  const auto root = *parse_json(document);
  for (const auto& c : cases) {
    const auto path = parse(c.path);
    ASSERT_TRUE(path) << c.path << ": " << path.error().message;
    const auto value = path->evaluate(root);
    ASSERT_FALSE(value) << c.path;
    EXPECT_EQ(value.error().message, c.message);
  }
}

TEST(JsonPath, RefusesWhatIsNoPath) {
  for (const char* text : {"",
                           "a",
                           "$a",
                           "$.",
                           "$..",
                           "$...a",
                           "$.a.",
                           "$[",
                           "$[]",
                           "$['a",
                           "$['a'",
                           "$[a]",
                           "$[1:2:3]",
                           "$[:]",
                           "$[1,]",
                           "$['a',1]",
                           "$.a b",
                           "$[?]",
                           "$[?()]",
                           "$[?(@.a",
                           "$[?(@.a ==)]",
                           "$.a]",
                           "$[99999999999999999999]",
                           "$.f(x)",
                           "$[(@.length)]",
                           "$[(@.size-1)]",
                           "$[(@.length-1]",
                           "$ "})
    EXPECT_FALSE(parse(text)) << text;
  EXPECT_FALSE(parse("$" + std::string(9000, 'x')));
  std::string deep = "$";
  for (int i = 0; i < 300; ++i) deep += ".a";
  EXPECT_FALSE(parse(deep));
}

TEST(JsonPath, KnowsDefiniteAndReferencePaths) {
  const struct {
    const char* path;
    bool definite, reference;
  } cases[] = {{"$", true, true},           {"$.a[0]['b']", true, true},    {"$.a[-1]", true, false},
               {"$['a','b']", true, false}, {"$['a','b'].c", false, false}, {"$.a[*]", false, false},
               {"$..a", false, false},      {"$[0,1]", false, false},       {"$[1:2]", false, false},
               {"$[?(@.a)]", false, false}};
  for (const auto& c : cases) {
    const auto path = parse(c.path);
    ASSERT_TRUE(path) << c.path;
    EXPECT_EQ(path->is_definite(), c.definite) << c.path;
    EXPECT_EQ(path->is_reference(), c.reference) << c.path;
  }
}

TEST(JsonPath, WritesAtReferencePaths) {
  const struct {
    const char* path;
    const char* before;
    const char* after;  // null: refused
  } cases[] = {
      {"$", "1", "true"},
      {"$.a", "{}", R"({"a":true})"},
      {"$.a.b", R"({"z":1})", R"({"z":1,"a":{"b":true}})"},
      {"$.l[1]", R"({"l":[1,2,3]})", R"({"l":[1,true,3]})"},
      {"$.l[1].x", R"({"l":[1,{},3]})", R"({"l":[1,{"x":true},3]})"},
      {"$.l[3]", R"({"l":[1,2,3]})", nullptr},
      {"$.a.b", R"({"a":1})", nullptr},
      {"$.a[0]", "{}", nullptr},
      {"$.a", "[]", nullptr},
  };
  for (const auto& c : cases) {
    auto root = *parse_json(c.before);
    const auto done = parse(c.path)->assign(root, true);
    EXPECT_EQ(static_cast<bool>(done), c.after != nullptr) << c.path;
    EXPECT_EQ(to_json(root), c.after ? c.after : to_json(*parse_json(c.before))) << c.path;
  }
}

TEST(JsonPath, EvaluationIsBounded) {
  const auto root = *parse_json(std::string(80, '[') + std::string(80, ']'));
  const auto path = parse("$..*..*..*..*..*..*");
  ASSERT_TRUE(path);
  const auto value = path->evaluate(root);
  ASSERT_FALSE(value);
  EXPECT_NE(value.error().message.find("visits more than"), std::string::npos);
}

TEST(JsonPath, ComparesNumbersByValue) {
  const struct {
    const char* a;
    const char* b;
    int expected;
  } cases[] = {{"1", "1.0", 0},
               {"9007199254740993", "9007199254740992.0", 1},
               {"18446744073709551615", "18446744073709551616.0", -1},
               {"-1", "18446744073709551615", -1},
               {"-9223372036854775808", "-9223372036854775808.0", 0},
               {"1", "1.5", -1},
               {"-1", "-1.5", 1},
               {"1e300", "9223372036854775807", 1}};
  for (const auto& c : cases) {
    EXPECT_EQ(compare_numbers(*parse_json(c.a), *parse_json(c.b)), c.expected) << c.a << " " << c.b;
    EXPECT_EQ(compare_numbers(*parse_json(c.b), *parse_json(c.a)), -c.expected) << c.a << " " << c.b;
  }
  EXPECT_TRUE(equal(*parse_json(R"({"a":[1,{"b":2}],"c":null})"), *parse_json(R"({"c":null,"a":[1.0,{"b":2}]})")));
  EXPECT_FALSE(equal(*parse_json(R"({"a":1})"), *parse_json(R"({"a":true})")));
}

}  // namespace
}  // namespace tocsin::jsonpath
