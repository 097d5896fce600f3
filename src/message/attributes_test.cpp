#include "message/attributes.h"

#include <gtest/gtest.h>

namespace tocsin::message {
namespace {

json::object object(std::string_view text) {
  return parse_json_object(text).value();
}

// The digests were worked out with another implementation of the published algorithm.
TEST(MessageAttributes, DigestsAreThoseThatClientsCompute) {
  const struct {
    std::string_view attributes, md5;
  } cases[] = {
      {R"({"timestamp":{"StringValue":"1493147359900","DataType":"Number"}})", "235c5c510d26fb653d073faed50ae77c"},
      {R"({"severity":{"StringValue":"HIGH","DataType":"String"},"account_id":{"StringValue":"000000000000","DataType":"String"}})",
       "a190aee073fdc5a800706a32b7f3e684"},
      {R"({"b":{"BinaryValue":"AP8B","DataType":"Binary.raw"},"a":{"StringValue":"grüße","DataType":"String.text"}})",
       "314338b7f07a886745dd8adfd273b3fc"},
      {R"({"Z":{"StringValue":"1","DataType":"Number"},"a":{"StringValue":"2","DataType":"Number.int"},"_":{"StringValue":"3","DataType":"String"}})",
       "57fa92e49bceb64b6369349d305cb8e9"},
  };
  for (const auto& c : cases) {
    EXPECT_TRUE(check_attributes(object(c.attributes), 10, "InvalidParameterValue")) << c.attributes;
    EXPECT_EQ(md5_of_attributes(object(c.attributes)), c.md5) << c.attributes;
  }
}

TEST(MessageAttributes, WhatSqsRefusesIsRefused) {
  for (const auto* bad : {
           R"({"":{"DataType":"String","StringValue":"x"}})",
           R"({"a b":{"DataType":"String","StringValue":"x"}})",
           R"({"AWS.x":{"DataType":"String","StringValue":"x"}})",
           R"({"amazon.x":{"DataType":"String","StringValue":"x"}})",
           R"({".a":{"DataType":"String","StringValue":"x"}})",
           R"({"a.":{"DataType":"String","StringValue":"x"}})",
           R"({"a..b":{"DataType":"String","StringValue":"x"}})",
           R"({"a":{"DataType":"Bool","StringValue":"x"}})",
           R"({"a":{"DataType":"","StringValue":"x"}})",
           R"({"a":{"StringValue":"x"}})",
           R"({"a":{"DataType":"String","StringValue":""}})",
           R"({"a":{"DataType":"String"}})",
           R"({"a":{"DataType":"Number","StringValue":"twelve"}})",
           R"({"a":{"DataType":"Number","StringValue":"nan"}})",
           R"({"a":{"DataType":"Number","StringValue":"1e"}})",
           R"({"a":{"DataType":"Binary","BinaryValue":"?"}})",
           R"({"a":"text"})",
           R"({"a":{"DataType":"String","StringValue":"\u0001"}})",
       }) {
    const auto checked = check_attributes(object(bad), 10, "InvalidParameterValue");
    ASSERT_FALSE(checked) << bad;
    EXPECT_EQ(checked.error().aws_code, "InvalidParameterValue");
  }
  json::object many;
  for (int i = 0; i < 11; ++i)
    many.emplace("a" + std::to_string(i), json::object{{"DataType", "String"}, {"StringValue", "x"}});
  EXPECT_FALSE(check_attributes(many, 10, "InvalidParameterValue"));
  many.erase("a0");
  EXPECT_TRUE(check_attributes(many, 10, "InvalidParameterValue"));
}

TEST(MessageAttributes, NumbersOfManyFormsAreTaken) {
  for (const std::string_view number : {"0", "-1", "+3", "1.5", "1e10", "123456789012345678901234567890"})
    EXPECT_TRUE(
        check_attributes({{"n", {{"DataType", "Number"}, {"StringValue", number}}}}, 10, "InvalidParameterValue"))
        << number;
}

TEST(MessageAttributes, ReceiversSelectByNameAllAndPrefix) {
  const json::object all{{"a.x", 1}, {"a.y", 2}, {"b", 3}};
  const struct {
    json::array wanted;
    std::size_t count;
  } cases[] = {{{"All"}, 3}, {{".*"}, 3}, {{"a.*"}, 2}, {{"b"}, 1}, {{"a"}, 0}, {{}, 0}, {{"b", "b", "a.x"}, 2}};
  for (const auto& c : cases) EXPECT_EQ(select_attributes(all, c.wanted).size(), c.count) << to_json(c.wanted);
}

TEST(Characters, OnlyThoseOfXmlAreCarried) {
  for (const std::string_view good : {"plain", "tab\tline\r\n", "grüße", "漢字", "\xF0\x9F\x94\x94", "\xEF\xBF\xBD"})
    EXPECT_EQ(find_disallowed_character(good), std::string_view::npos) << good;
  const struct {
    std::string_view text;
    std::size_t at;
  } bad[] = {{{"a\0b", 3}, 1},    {"\x01", 0},         {"ab\x1f", 2},          {"\xEF\xBF\xBE", 0},
             {"\xED\xA0\x80", 0}, {"x\xC3", 1},        {"\xC0\x80", 0},        {"\xF4\x90\x80\x80", 0},
             {"\x80", 0},         {"\xE0\x80\x80", 0}, {"\xF0\x80\x80\x80", 0}};
  for (const auto& c : bad) EXPECT_EQ(find_disallowed_character(c.text), c.at);
}

}  // namespace
}  // namespace tocsin::message
