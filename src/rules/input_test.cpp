#include "rules/input.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/time_format.h"

namespace tocsin::rules {
namespace {

constexpr std::string_view event_bytes =
    R"({"version":"0","id":"e-1","detail-type":"Alarm Bell","source":"tower","account":"000000000000",)"
    R"("time":"2026-01-01T00:00:00Z","region":"us-east-1","resources":["arn:aws:x:us-east-1:1:a","arn:aws:x:us-east-1:1:b"],)"
    R"("detail":{"state":"RINGING","strokes":12,"loud":true,"keeper":null,"say":"a \"b\"\nc\\d",)"
    R"("bells":[{"n":"great","kg":16},{"n":"small","kg":2}],"by/name":{"a/b":"slash"},"empty":{}}})";

json::object target(std::string_view input) {
  json::object document{{"Id", "t1"}, {"Arn", "arn:aws:sqs:us-east-1:000000000000:q"}};
  const json::object more = parse_json_object(input).value();
  for (const auto& member : more) document.insert(member);
  return document;
}

// The input that a target with these members gets, or the message of the refusal.
std::string input_of(std::string_view members) {
  const auto input = Input::parse(target(members));
  if (!input) return input.error().message;
  const json::value event = parse_json(event_bytes).value();
  const auto built = input->build({.event_bytes = event_bytes,
                                   .event = event,
                                   .rule_arn = "arn:aws:events:us-east-1:000000000000:rule/ring",
                                   .rule_name = "ring",
                                   .ingestion_time = parse_rfc3339("2026-01-01T00:00:09.5Z").value()});
  return built ? *built : built.error().message;
}

std::string transformed(const json::object& paths, std::string_view tmpl) {
  return input_of(to_json(json::object{{"InputTransformer", {{"InputPathsMap", paths}, {"InputTemplate", tmpl}}}}));
}

TEST(Input, IsTheWholeEventByDefault) {
  EXPECT_TRUE(Input::parse(target("{}"))->is_whole_event());
  EXPECT_TRUE(Input::parse(target(R"({"InputPath":"$"})"))->is_whole_event());
  EXPECT_EQ(input_of("{}"), event_bytes);
}

struct PathCase {
  const char* path;
  const char* expected;
};
class InputPath : public testing::TestWithParam<PathCase> {};
TEST_P(InputPath, GivesAPartOfTheEvent) {
  EXPECT_EQ(input_of(to_json(json::object{{"InputPath", GetParam().path}})), GetParam().expected);
}
INSTANTIATE_TEST_SUITE_P(
    Cases, InputPath,
    testing::Values(
        PathCase{"$.detail.state", R"("RINGING")"}, PathCase{"$.detail.strokes", "12"},
        PathCase{"$.detail.keeper", "null"}, PathCase{"$.detail-type", R"("Alarm Bell")"},
        PathCase{"$.resources[1]", R"("arn:aws:x:us-east-1:1:b")"}, PathCase{"$.detail.bells[0].n", R"("great")"},
        PathCase{"$.detail.bells[*].kg", "[16,2]"}, PathCase{"$.detail.empty.*", "[]"},
        PathCase{"$.detail.by/name.a/b", R"("slash")"}, PathCase{"$.detail.bells[*].none", "[]"},
        PathCase{"$.detail.none", "InputPath $.detail.none leads nowhere in the event"},
        PathCase{"$.resources[7]", "InputPath $.resources[7] leads nowhere in the event"},
        PathCase{"$.detail.state.x", "InputPath $.detail.state.x leads nowhere in the event"},
        PathCase{"detail",
                 "InputPath for target t1 is not valid: JSONPath 'detail' is not valid at character 1: it must "
                 "begin with '$'"},
        PathCase{"$..state",
                 "InputPath for target t1 is not valid: JSONPath '$..state' is not valid at character 3: a "
                 "name is expected after '.'"},
        PathCase{"$.detail['state']",
                 "InputPath for target t1 is not valid: JSONPath '$.detail['state']' is not valid "
                 "at character 10: an index or * is expected; names are written with dots"},
        PathCase{"$.a[1",
                 "InputPath for target t1 is not valid: JSONPath '$.a[1' is not valid at character 4: ']' is "
                 "missing"}));

TEST(Input, ConstantMustBeJson) {
  EXPECT_EQ(input_of(R"({"Input":"{\"a\": 1}"})"), R"({"a": 1})");
  EXPECT_EQ(input_of(R"({"Input":"\"text\""})"), R"("text")");
  EXPECT_EQ(input_of(R"({"Input":"no json"})"), "JSON syntax error in input for target t1");
}

TEST(Input, OnlyOneKindAtOnce) {
  EXPECT_EQ(input_of(R"({"Input":"1","InputPath":"$.detail"})"),
            "Only one of Input, InputPath, or InputTransformer must be provided for target t1.");
}

const json::object paths{{"state", "$.detail.state"},   {"n", "$.detail.strokes"},       {"loud", "$.detail.loud"},
                         {"keeper", "$.detail.keeper"}, {"say", "$.detail.say"},         {"bells", "$.detail.bells"},
                         {"none", "$.detail.none"},     {"names", "$.detail.bells[*].n"}};

struct TemplateCase {
  const char* tmpl;
  const char* expected;
};
class InputTemplate : public testing::TestWithParam<TemplateCase> {};
TEST_P(InputTemplate, IsFilledIn) {
  EXPECT_EQ(transformed(paths, GetParam().tmpl), GetParam().expected);
}
INSTANTIATE_TEST_SUITE_P(
    Text, InputTemplate,
    testing::Values(TemplateCase{R"("The bell is <state>, <n> strokes.")", R"("The bell is RINGING, 12 strokes.")"},
                    TemplateCase{R"("nothing: <none>.")", R"("nothing: .")"},
                    TemplateCase{R"("quotes: \"<state>\"")", R"("quotes: \"RINGING\"")"},
                    TemplateCase{R"("<say>")", R"("a \"b\"\nc\\d")"},
                    TemplateCase{R"("first <state>"
"second <n>")",
                                 R"("first RINGING"
"second 12")"},
                    TemplateCase{R"("bells <bells>")", R"("bells [{n:great,kg:16},{n:small,kg:2}]")"},
                    TemplateCase{R"("a < b, <state>")", R"("a < b, RINGING")"}));
INSTANTIATE_TEST_SUITE_P(
    Json, InputTemplate,
    testing::Values(TemplateCase{R"({"s": <state>, "n": <n>, "l": <loud>})", R"({"s": "RINGING", "n": 12, "l": true})"},
                    TemplateCase{R"({"s": "<state>", "n": "<n> times"})", R"({"s": "RINGING", "n": "12 times"})"},
                    TemplateCase{R"({"k": <keeper>, "none": <none>})", R"({"k": null, "none": ""})"},
                    TemplateCase{
                        R"({"bells": <bells>, "names": <names>})",
                        R"({"bells": [{"n":"great","kg":16},{"n":"small","kg":2}], "names": ["great","small"]})"},
                    TemplateCase{R"({"say": <say>})", R"({"say": "a \"b\"\nc\\d"})"},
                    TemplateCase{R"([<n>, [<n>]])", "[12, [12]]"},
                    TemplateCase{"<bells>", R"([{"n":"great","kg":16},{"n":"small","kg":2}])"}));
INSTANTIATE_TEST_SUITE_P(
    Predefined, InputTemplate,
    testing::Values(
        TemplateCase{
            R"({"a": <aws.events.rule-arn>, "n": "<aws.events.rule-name>", "t": <aws.events.event.ingestion-time>})",
            R"({"a": "arn:aws:events:us-east-1:000000000000:rule/ring", "n": "ring", "t": "2026-01-01T00:00:09Z"})"},
        TemplateCase{
            R"({"e": <aws.events.event>})",
            R"({"e": {"version":"0","id":"e-1","detailType":"Alarm Bell","source":"tower","account":"000000000000",)"
            R"("time":"2026-01-01T00:00:00Z","region":"us-east-1","resources":["arn:aws:x:us-east-1:1:a","arn:aws:x:us-east-1:1:b"]}})"}));
INSTANTIATE_TEST_SUITE_P(
    Refused, InputTemplate,
    testing::Values(TemplateCase{R"("<unknown>")", "InputTemplate for target t1 contains invalid placeholder unknown."},
                    TemplateCase{R"({"a": <aws.events.nothing>})",
                                 "InputTemplate for target t1 contains invalid placeholder aws.events.nothing."},
                    TemplateCase{"plain <state>",
                                 "Invalid InputTemplate for target t1 : it must be JSON, a text in quotes, or several "
                                 "lines of text in quotes, without placeholders in keys."},
                    TemplateCase{R"({"<state>": 1})",
                                 "Invalid InputTemplate for target t1 : it must be JSON, a text in quotes, or several "
                                 "lines of text in quotes, without placeholders in keys."},
                    TemplateCase{R"({"a": <state>)",
                                 "Invalid InputTemplate for target t1 : it must be JSON, a text in quotes, or several "
                                 "lines of text in quotes, without placeholders in keys."}));

TEST(InputTemplate, EventJsonKeepsTheEventsBytes) {
  EXPECT_EQ(transformed({}, R"({"e": <aws.events.event.json>})"), "{\"e\": " + std::string(event_bytes) + "}");
}

TEST(InputTemplate, ReservedNamesAreRefused) {
  EXPECT_EQ(transformed({{"AWS.x", "$.id"}}, "\"x\""), "InputPathsMap for target t1 has the reserved key aws.x.");
  EXPECT_THAT(transformed({{"x", "id"}}, "\"x\""), testing::HasSubstr("it must begin with '$'"));
}

TEST(InputTemplate, WhateverTheValuesAreTheResultIsJson) {
  for (const char* tmpl : {R"({"a": "<say> <bells> <keeper> <none> <aws.events.event.json>"})",
                           R"({"a": [<say>, <bells>, <keeper>, <none>, <aws.events.event>]})"})
    EXPECT_TRUE(parse_json(transformed(paths, tmpl))) << transformed(paths, tmpl);
}

}  // namespace
}  // namespace tocsin::rules
