#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pattern/pattern.h"

namespace tocsin::pattern {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

Explanation explained(std::string_view pattern, std::string_view event) {
  const auto result = explain(pattern, event);
  EXPECT_TRUE(result) << result.error().message;
  return result ? *result : Explanation{};
}

TEST(Explain, SaysThatItMatched) {
  const auto e = explained(R"({"a":["x"]})", R"({"a":"x"})");
  EXPECT_TRUE(e.matched);
  EXPECT_EQ(e.path, "");
}

TEST(Explain, NamesTheFirstClauseThatFailedAndWhatWasThere) {
  const auto e = explained(R"({"source":["s"],"detail":{"severity":[{"numeric":[">=", 7]}],"type":["t"]}})",
                           R"({"source":"s","detail":{"severity":3.5,"type":"u"}})");
  EXPECT_FALSE(e.matched);
  EXPECT_EQ(e.path, "detail.severity");
  EXPECT_EQ(e.wanted, R"([{"numeric":[">=", 7]}])");
  EXPECT_THAT(e.found, ElementsAre("3.5"));
  EXPECT_EQ(e.reason, R"(detail.severity is 3.5, but [{"numeric":[">=", 7]}] is wanted.)");
}

TEST(Explain, SaysThatNothingIsThere) {
  const auto e = explained(R"({"a":{"b":["x"]}})", R"({"a":{"b":{"c":"x"}}})");
  EXPECT_EQ(e.path, "a.b");
  EXPECT_THAT(e.found, IsEmpty());
  EXPECT_EQ(e.reason, R"(a.b has no value, but ["x"] is wanted.)");
}

TEST(Explain, SaysThatElementsDiffer) {
  const auto e = explained(R"({"r":{"t":["a"],"i":["1"]}})", R"({"r":[{"t":"a","i":"2"},{"t":"b","i":"1"}]})");
  EXPECT_EQ(e.path, "r.i");
  EXPECT_THAT(e.found, ElementsAre(R"("2")", R"("1")"));
  EXPECT_THAT(e.reason, HasSubstr("not in the same array element"));
}

TEST(Explain, TakesTheBranchThatCameFurthest) {
  const auto e = explained(R"({"s":["x"],"$or":[{"a":[1],"b":[2]},{"a":[1],"c":[{"exists":false}]}]})",
                           R"({"s":"x","a":1,"c":null})");
  EXPECT_EQ(e.path, "b");
  const auto f =
      explained(R"({"$or":[{"a":[1],"b":[2]},{"a":[1],"b":[3],"c":[{"exists":false}]}]})", R"({"a":1,"b":3,"c":null})");
  EXPECT_EQ(f.path, "c");
  EXPECT_THAT(f.found, ElementsAre("null"));
}

TEST(Explain, ShowsAtMostEightValues) {
  const auto e = explained(R"({"a":[0]})", R"({"a":[1,2,3,4,5,6,7,8,9,10,"\"\n"]})");
  EXPECT_EQ(e.found.size(), 8u);
  EXPECT_THAT(e.reason, HasSubstr("and 3 more"));
}

TEST(Explain, PassesErrorsOn) {
  EXPECT_FALSE(explain("{}", "{}"));
  EXPECT_FALSE(explain(R"({"a":[1]})", "{"));
}

TEST(ToDot, DrawsTheIndexes) {
  const Rule rules[] = {{RuleId{1}, R"({"a":{"b":["x\"y",{"prefix":"p"}]},"c":[{"numeric":["<",5]}]})"},
                        {RuleId{2}, R"({"c":[{"exists":false}]})"}};
  const auto set = compile(rules);
  ASSERT_TRUE(set);
  const std::string dot = to_dot(**set);
  EXPECT_THAT(dot, StartsWith("digraph rules {"));
  EXPECT_THAT(dot, HasSubstr(R"(starts \"p\")"));
  EXPECT_THAT(dot, HasSubstr(R"(= \"x\\\"y\")"));
  EXPECT_THAT(dot, HasSubstr("always"));
  EXPECT_THAT(dot, HasSubstr("rule 2"));
}

}  // namespace
}  // namespace tocsin::pattern
