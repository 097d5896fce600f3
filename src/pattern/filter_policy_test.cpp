#include "pattern/filter_policy.h"

#include <gtest/gtest.h>

namespace tocsin::pattern {
namespace {

constexpr auto by_attributes = FilterPolicyScope::message_attributes;
constexpr auto by_body = FilterPolicyScope::message_body;

const MessageAttribute order[] = {{"store", "String", "example_corp"},
                                  {"interests", "String.Array", R"(["soccer","rugby",null,7])"},
                                  {"price", "Number", "210.75"},
                                  {"count", "Number.int", "+07"},
                                  {"key", "Binary", "AAAA"},
                                  {"broken", "Number", "12x"},
                                  {"nested", "String.Array", R"([["a"]])"},
                                  {"a.b", "String", "dot"}};

TEST(FilterPolicy, TurnsAttributesIntoAnEvent) {
  EXPECT_EQ(attributes_as_event(order),
            R"({"store":"example_corp","interests":["soccer","rugby",null,7],"price":210.75,"count":7,"a.b":"dot"})");
  EXPECT_EQ(attributes_as_event({}), "{}");
  const MessageAttribute odd[] = {{"a\"b", "String", "c\\\n"}, {"n", "Number", " -.5 "}, {"z", "Number", "00"}};
  EXPECT_EQ(attributes_as_event(odd), R"({"a\"b":"c\\\u000a","n":-0.5,"z":0})");
}

struct FilterCase {
  const char* policy;
  bool passes;
};

TEST(FilterPolicy, MatchesAttributes) {
  const FilterCase cases[] = {{"{}", true},
                              {R"({"store":["example_corp"]})", true},
                              {R"({"store":["other"]})", false},
                              {R"({"store":[{"anything-but":"example_corp"}]})", false},
                              {R"({"interests":["rugby","tennis"]})", true},
                              {R"({"interests":[7]})", true},
                              {R"({"interests":["7"]})", false},
                              {R"({"price":[{"numeric":[">=",100]}]})", true},
                              {R"({"price":[210.750]})", true},
                              {R"({"price":["210.75"]})", false},
                              {R"({"count":[7]})", true},
                              {R"({"key":[{"exists":true}]})", false},
                              {R"({"broken":[{"exists":false}]})", true},
                              {R"({"missing":[{"exists":false}],"store":[{"prefix":"ex"}]})", true},
                              {R"({"$or":[{"store":["x"]},{"price":[{"numeric":["<",300]}]}]})", true},
                              {R"({"a.b":["dot"]})", true}};
  Matcher matcher;
  for (const auto& c : cases) {
    const auto policy = FilterPolicy::parse(c.policy, by_attributes);
    ASSERT_TRUE(policy) << c.policy << policy.error().message;
    EXPECT_EQ(policy->lets_pass(matcher, order, ""), c.passes) << c.policy;
  }
}

TEST(FilterPolicy, MatchesTheBody) {
  Matcher matcher;
  const auto policy = FilterPolicy::parse(R"({"detail":{"severity":["HIGH"]}})", by_body);
  ASSERT_TRUE(policy);
  EXPECT_TRUE(policy->lets_pass(matcher, {}, R"({"detail":{"severity":"HIGH"}})"));
  EXPECT_FALSE(policy->lets_pass(matcher, {}, R"({"detail":{"severity":"LOW"}})"));
  for (const char* body : {"", "plain text", "[1]", "\"x\"", "{"}) EXPECT_FALSE(policy->lets_pass(matcher, {}, body));
}

TEST(FilterPolicy, Refuses) {
  struct Refusal {
    const char* policy;
    FilterPolicyScope scope;
    const char* message;
  };
  const Refusal cases[] = {
      {R"({"a":{"b":["x"]}})", by_attributes,
       "Invalid parameter: Filter policy scope MessageAttributes does not support nested filter policy"},
      {R"({"a":[1],"b":[1],"c":[1],"d":[1],"e":[1],"f":[1]})", by_body,
       "Invalid parameter: FilterPolicy: Filter policy can not have more than 5 keys"},
      {R"({"a":[1,2,3,4,5,6],"b":[1,2,3,4,5],"c":[1,2,3,4,5,6]})", by_body,
       "Invalid parameter: FilterPolicy: Filter policy is too complex"},
      {R"({"a":{"b":{"c":[1,2,3,4,5,6,7,8],"d":[1,2,3]}}})", by_body,
       "Invalid parameter: FilterPolicy: Filter policy is too complex"},
      {R"({"a":[]})", by_body, "Invalid parameter: FilterPolicy: Empty arrays are not allowed"},
      {R"({"a":"x"})", by_body, "Invalid parameter: FilterPolicy: \"a\" must be an object or an array"},
      {R"([1])", by_body, "Invalid parameter: FilterPolicy: Filter is not an object"}};
  for (const auto& c : cases) {
    const auto policy = FilterPolicy::parse(c.policy, c.scope);
    ASSERT_FALSE(policy) << c.policy;
    EXPECT_EQ(policy.error().message, c.message);
    EXPECT_EQ(policy.error().aws_code, "InvalidParameter");
  }
  EXPECT_FALSE(FilterPolicy::parse("{", by_body));
  EXPECT_TRUE(FilterPolicy::parse(R"({"a":[1,2,3,4,5],"b":[1,2,3,4,5],"c":[1,2,3,4,5,6]})", by_body));
}

}  // namespace
}  // namespace tocsin::pattern
