#include "expression/expression.h"

#include <gtest/gtest.h>

#include "expression/value.h"

namespace tocsin::expression {
namespace {

const json::object item = *parse_json_object(R"({
  "HostIp": {"S": "198.51.100.7"}, "CreatedAt": {"N": "1609809301"}, "State": {"S": "confirmed"},
  "Flag": {"BOOL": true}, "Nothing": {"NULL": true}, "Tags": {"SS": ["a", "b"]},
  "List": {"L": [{"N": "1"}, {"S": "two"}, {"M": {"x": {"N": "3"}}}]},
  "Map": {"M": {"in.ner": {"S": "deep"}, "n": {"N": "5"}}}})");

const json::object names = *parse_json_object(R"({"#s": "State", "#d": "in.ner"})");
const json::object values = *parse_json_object(R"({
  ":ip": {"S": "198.51.100.7"}, ":net": {"S": "198.51."}, ":t": {"N": "1609809301"}, ":low": {"N": "1.0e9"},
  ":high": {"N": "2000000000"}, ":S": {"S": "S"}, ":a": {"S": "a"}, ":one": {"N": "1"}, ":two": {"S": "two"},
  ":true": {"BOOL": true}, ":confirmed": {"S": "confirmed"}, ":deep": {"S": "deep"}, ":three": {"N": "3"},
  ":list": {"L": [{"N": "9"}]}})");

Substitutions substitutions() {
  const json::value n = names, v = values;
  auto read = Substitutions::read(&n, &v);
  EXPECT_TRUE(read);
  return *read;
}

Result<bool> holds(std::string_view text) {
  auto s = substitutions();
  auto condition = Condition::parse("FilterExpression", text, s);
  if (!condition) return pass_on(condition);
  return condition->holds(item);
}

TEST(Condition, HoldsOrNot) {
  const std::pair<std::string_view, bool> cases[] = {
      {"HostIp = :ip", true},
      {"HostIp <> :ip", false},
      {"CreatedAt < :high AND CreatedAt > :low", true},
      {"CreatedAt <= :t and CreatedAt >= :t", true},
      {"CreatedAt < :t", false},
      {"CreatedAt BETWEEN :low AND :high AND HostIp = :ip", true},
      {"NOT CreatedAt BETWEEN :low AND :high", false},
      {"#s IN (:a, :confirmed)", true},
      {"#s IN (:a, :ip)", false},
      {"begins_with(HostIp, :net)", true},
      {"begins_with (HostIp, :a)", false},
      {"attribute_exists(Map.n) AND attribute_not_exists(Map.m)", true},
      {"attribute_exists(List[2].x)", true},
      {"attribute_exists(List[3])", false},
      {"List[2].x = :three", true},
      {"Map.#d = :deep", true},
      {"attribute_type(HostIp, :S)", true},
      {"attribute_type(CreatedAt, :S)", false},
      {"contains(Tags, :a)", true},
      {"contains(List, :two)", true},
      {"contains(HostIp, :net)", true},
      {"contains(Tags, :one)", false},
      {"size(Tags) > :one", true},
      {"size(HostIp) = :three", false},
      {"size(CreatedAt) > :one", false},
      {"Flag = :true", true},
      {"Missing = :a", false},
      {"Missing <> :a", true},
      {"Missing < :one", false},
      {"HostIp < :one", false},                                   // types differ: no order
      {"HostIp = :a OR HostIp = :ip AND CreatedAt < :t", false},  // AND binds closer
      {"(HostIp = :a OR HostIp = :ip) AND CreatedAt <= :t", true},
      {"NOT (HostIp = :a) AND NOT NOT HostIp = :ip", true},
      {"HostIp = HostIp", true},
  };
  for (const auto& [text, expected] : cases) {
    const auto result = holds(text);
    ASSERT_TRUE(result) << text << ": " << result.error().message;
    EXPECT_EQ(*result, expected) << text;
  }
}

TEST(Condition, RefusesBadSyntaxWithDynamoDbsError) {
  for (const std::string_view text : {"",
                                      "HostIp",
                                      "HostIp =",
                                      "= :ip",
                                      "HostIp == :ip",
                                      "(HostIp = :ip",
                                      "HostIp = :ip)",
                                      "HostIp = :missing",
                                      "#missing = :ip",
                                      "HostIp IN ()",
                                      "HostIp BETWEEN :low",
                                      "begins_with(HostIp)",
                                      "attribute_exists(:ip)",
                                      "frobnicate(HostIp, :ip)",
                                      "HostIp = 'text'",
                                      "HostIp = 5",
                                      "List[x] = :a",
                                      "List[-1] = :a",
                                      "HostIp AND",
                                      "a.b. = :a",
                                      "NOT",
                                      "CreatedAt BETWEEN :high AND :low",
                                      "HostIp = :ip HostIp = :ip"}) {
    const auto result = holds(text);
    ASSERT_FALSE(result) << text;
    EXPECT_EQ(result.error().aws_code, "ValidationException");
    EXPECT_TRUE(result.error().message.starts_with("Invalid FilterExpression: ")) << result.error().message;
  }
  EXPECT_EQ(holds("HostIp = :missing").error().message,
            "Invalid FilterExpression: An expression attribute value used in expression is not defined; attribute "
            "value: :missing");
  EXPECT_FALSE(holds(std::string(200, '(') + "HostIp = :ip" + std::string(200, ')')));
  std::string many = "HostIp = :ip";
  for (int i = 0; i < 290; ++i) many += " OR a=:a";
  EXPECT_FALSE(holds(many));
  EXPECT_FALSE(holds(std::string(5000, ' ') + "HostIp = :ip"));
}

TEST(Substitutions, MustBeUsedAndWellFormed) {
  auto s = substitutions();
  ASSERT_TRUE(Condition::parse("FilterExpression", "HostIp = :ip", s));
  const auto unused = s.check_all_used();
  ASSERT_FALSE(unused);
  EXPECT_EQ(unused.error().message, "Value provided in ExpressionAttributeNames unused in expressions: keys: {#s, #d}");
  const json::value bad_key = json::object{{"x", json::object{{"S", "a"}}}};
  EXPECT_FALSE(Substitutions::read(nullptr, &bad_key));
  const json::value bad_value = json::object{{":x", json::object{{"S", 5}}}};
  EXPECT_FALSE(Substitutions::read(nullptr, &bad_value));
}

TEST(Projection, ShowsTheNamedParts) {
  auto s = substitutions();
  const auto projection = Projection::parse("HostIp, Map.#d, List[1], List[0], Missing", s);
  ASSERT_TRUE(projection);
  EXPECT_EQ(
      to_json(projection->apply(item)),
      R"({"HostIp":{"S":"198.51.100.7"},"Map":{"M":{"in.ner":{"S":"deep"}}},"List":{"L":[{"S":"two"},{"N":"1"}]}})");
  EXPECT_FALSE(Projection::parse("HostIp, HostIp", s));
  EXPECT_FALSE(Projection::parse("Map, Map.n", s));
  EXPECT_FALSE(Projection::parse("HostIp,", s));
}

std::string updated(std::string_view text) {
  auto s = substitutions();
  auto update = Update::parse(text, s);
  if (!update) return update.error().message;
  auto after =
      update->apply(json::object{{"HostIp", item.at("HostIp")}, {"Map", item.at("Map")}, {"List", item.at("List")}});
  return after ? to_json(*after) : after.error().message;
}

TEST(Update, SetsAndRemoves) {
  EXPECT_EQ(updated("SET Map.n = Map.n + :one REMOVE List, HostIp, Map.#d"), R"({"Map":{"M":{"n":{"N":"6"}}}})");
  EXPECT_EQ(updated("SET c = if_not_exists(c, :one), d = if_not_exists(HostIp, :one) REMOVE Map, List, HostIp"),
            R"({"c":{"N":"1"},"d":{"S":"198.51.100.7"}})");
  EXPECT_EQ(updated("SET x = list_append(:list, :list) REMOVE Map, List, HostIp"),
            R"({"x":{"L":[{"N":"9"},{"N":"9"}]}})");
  EXPECT_EQ(updated("REMOVE List[0], Map, HostIp"), R"({"List":{"L":[{"S":"two"},{"M":{"x":{"N":"3"}}}]}})");
  EXPECT_EQ(updated("SET Gone.n = :one"), "The document path provided in the update expression is invalid for update");
  EXPECT_EQ(updated("SET n = HostIp + :one"), "An operand in the update expression has an incorrect data type");
  EXPECT_EQ(updated("SET n = Gone + :one"),
            "The provided expression refers to an attribute that does not exist in the item");
  for (const std::string_view bad : {"ADD n :one", "SET", "SET a", "SET a = ", "SET a = :one,", "FOO a = :one",
                                     "SET a = :one SET b = :one", "SET a = foo(:one)"})
    EXPECT_TRUE(updated(bad).starts_with("Invalid UpdateExpression: ")) << bad << " → " << updated(bad);
}

}  // namespace
}  // namespace tocsin::expression
