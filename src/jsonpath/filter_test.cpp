#include <gtest/gtest.h>

#include "jsonpath/jsonpath.h"

namespace tocsin::jsonpath {
namespace {

TEST(Filter, SelectsItems) {
  const struct {
    const char* filter;
    const char* expected;  // the ids found
  } cases[] = {
      {"@.p < 10", "[1,3]"},
      {"@.p <= 9", "[1,3]"},
      {"@.p > 5 && @.k == 'x'", "[2]"},
      {"@.p >= 9", "[2,3]"},
      {"@.p == 5.0", "[1]"},
      {"@.k == 'x' || @.k == \"z\"", "[1,2]"},
      {"@.k==y", "[3]"},
      {"@.k != 'x'", "[3,4]"},
      {"@.keep", "[1,2]"},
      {"!@.keep", "[3,4]"},
      {"!(@.keep) && @.p", "[3]"},
      {"@.keep == true", "[1]"},
      {"@.none == null", "[4]"},
      {"@['k'] in ['x','q']", "[1,2]"},
      {"@.k nin ['x']", "[3,4]"},
      {"@.tags contains 'red'", "[1]"},
      {"@.k contains 'x'", "[1,2]"},
      {"@.tags all ['red','blue']", "[1]"},
      {"@.tags anyof ['red','green']", "[1,2]"},
      {"@.tags noneof ['red']", "[2]"},
      {"@.tags subsetof ['green','white']", "[2]"},
      {"@.tags size 2", "[1]"},
      {"@.tags empty false", "[1,2]"},
      {"@.k =~ /X|Y/i", "[1,2,3]"},
      {"@.id > $.limit", "[3,4]"},
      {"@.tags[?(@ == 'red')]", "[1,2]"},
      {"@.p == '5'", "[1]"},
      {"@.k < 1", "[]"},
      {"(@.p > 100 || @.p < 6) && (@.k == 'x')", "[1]"},
      {"2 < @.id", "[3,4]"},
  };
  const auto root = *parse_json(R"({"limit":2,"l":[{"id":1,"p":5,"k":"x","keep":true,"tags":["red","blue"]},
    {"id":2,"p":15,"k":"x","keep":false,"tags":["green"]},{"id":3,"p":9,"k":"y"},{"id":4,"none":null},"text",7]})");
  for (const auto& c : cases) {
    const auto path = parse(std::string("$.l[?(") + c.filter + ")].id");
    ASSERT_TRUE(path) << c.filter << ": " << path.error().message;
    const auto value = path->evaluate(root);
    ASSERT_TRUE(value) << c.filter;
    EXPECT_EQ(to_json(*value), c.expected) << c.filter;
  }
}

TEST(Filter, SelectsScalarsAndObjects) {
  const auto root = *parse_json(R"({"n":[1,5,10],"o":{"a":1},"deep":{"x":{"a":2},"y":[{"a":3}]}})");
  const struct {
    const char* path;
    const char* expected;
  } cases[] = {{"$.n[?(@ >= 5)]", "[5,10]"},
               {"$.o[?(@.a == 1)]", R"([{"a":1}])"},
               {"$.o[?(@.a == 2)]", "[]"},
               {"$..[?(@.a)].a", "[1,2,3]"},
               {"$.missing[?(@.a)]", "[]"}};
  for (const auto& c : cases) EXPECT_EQ(to_json(*parse(c.path)->evaluate(root)), c.expected) << c.path;
}

TEST(Filter, NestingIsBounded) {
  std::string brackets(100, '(');
  EXPECT_FALSE(parse("$[?(" + brackets + "@.a" + std::string(100, ')') + ")]"));
  EXPECT_FALSE(parse("$[?(" + std::string(100, '!') + "@.a)]"));
  std::string nested = "@.a";
  for (int i = 0; i < 50; ++i) nested = "@[?(" + nested + ")]";
  EXPECT_FALSE(parse("$[?(" + nested + ")]"));
  for (const char* bad :
       {"@.a =~ 'x'", "@.a == /x/", "@.a =~ /(/", "'x'", "@.a == [1", "@.a &&", "@.a == 'x", "@.a x 1"})
    EXPECT_FALSE(parse(std::string("$[?(") + bad + ")]")) << bad;
}

}  // namespace
}  // namespace tocsin::jsonpath
