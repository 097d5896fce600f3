#include "asff/recognise.h"

#include <gtest/gtest.h>

#include "asff/test_finding.h"

namespace tocsin::asff {
namespace {

// Feeds `text` in pieces of `step` bytes; what came out, a line an item: form and id, or "refused".
std::vector<std::string> contents(std::string_view text, std::size_t step = 4096) {
  Recogniser recogniser{test_hub};
  std::vector<std::string> out;
  const auto drain = [&] {
    while (auto item = recogniser.next())
      out.push_back(item->finding
                        ? std::string{to_string(item->form)} + " " + item->id
                        : "refused at " + std::to_string(item->position.line) + ": " + item->finding.error().message);
  };
  for (std::size_t i = 0; i < text.size(); i += step) {
    recogniser.feed(text.substr(i, step));
    drain();
  }
  recogniser.finish();
  drain();
  return out;
}

const std::string a = R"({"ProductArn":"p","Id":"a"})";
const std::string b = R"({"ProductArn":"p","Id":"b","Title":"[{\"\\"})";
const std::string gd =
    R"({"id":"g","type":"Recon:EC2/Portscan","severity":5,"resource":{},"createdAt":"2024-01-01T00:00:00Z","arn":"arn:g"})";
const std::string gd_api =
    R"({"Id":"g","Type":"Recon:EC2/Portscan","Severity":5,"Resource":{},"CreatedAt":"2024-01-01T00:00:00Z","Arn":"arn:g"})";

std::string json_text(const std::string& text) {
  return to_json(json::value(text));
}
std::string event(std::string_view type, const std::string& detail) {
  return R"({"version":"0","detail-type":")" + std::string{type} + R"(","source":"aws.x","detail":)" + detail + "}";
}

struct Case {
  const char* what;
  std::string text;
  std::vector<std::string> expected;
};

std::vector<Case> cases() {
  const std::string fa = "ASFF finding a";
  const std::string fb = "ASFF finding b";
  const std::string notification =
      R"({"Type":"Notification","Message":)" + json_text(event("GuardDuty Finding", gd)) + "}";
  return {
      {"nothing", "", {}},
      {"blank", " \n\t", {}},
      {"one object", a, {fa}},
      {"array", "[" + a + ",\n" + b + "]", {fa, fb}},
      {"byte order mark", "\xEF\xBB\xBF[" + a + "]", {fa}},
      {"JSON lines", a + "\n" + b + "\n", {fa, fb}},
      {"concatenated", a + b, {fa, fb}},
      {"array of arrays", "[[" + a + "],[" + b + "]]", {fa, fb}},
      {"Findings", R"({"Findings":[)" + a + "," + b + "]}", {fa, fb}},
      {"Findings among others",
       R"({"x":{"Findings":[1]},"Findings" : [ )" + a + R"( ],"NextToken":"Findings","y":[{}]} )" + b,
       {fa, fb}},
      {"two lists", R"({"Findings":[)" + a + R"(],"findings":[)" + b + "]}", {fa, fb}},
      {"empty Findings", R"({"Findings":[]})", {}},
      {"a text that looks like the list", R"({"ProductArn":"Findings","Id":"a","Note":{"Findings":[]}})", {fa}},
      {"imported event",
       event("Security Hub Findings - Imported", R"({"findings":[)" + a + "]}"),
       {"Security Hub event a"}},
      {"custom action",
       event("Security Hub Findings - Custom Action", R"({"actionName":"n","findings":[)" + a + "," + b + "]}"),
       {"Security Hub custom action a", "Security Hub custom action b"}},
      {"GuardDuty event", event("GuardDuty Finding", gd), {"GuardDuty event g"}},
      {"GuardDuty", gd, {"GuardDuty finding g"}},
      {"GuardDuty of the API", R"({"Findings":[)" + gd_api + "]}", {"GuardDuty finding g"}},
      {"SNS notification", notification, {"GuardDuty event g"}},
      {"Lambda record", R"({"Records":[{"EventSource":"aws:sns","Sns":)" + notification + "}]}", {"GuardDuty event g"}},
      {"queue message",
       R"({"Messages":[{"MessageId":"m","Body":)" + json_text(notification) + "}]}",
       {"GuardDuty event g"}},
      {"another event",
       event("EC2 Instance State-change Notification", "{}"),
       {R"(refused at 1: an event "EC2 Instance State-change Notification" from "aws.x" holds no findings)"}},
      {"OCSF",
       R"({"class_uid":2004})",
       {"refused at 1: this is an OCSF finding; only ASFF and GuardDuty findings are taken"}},
      {"a scalar between", a + "\n5\n" + b, {fa, "refused at 2: this is not a JSON object", fb}},
      {"a scalar in a list",
       "[" + a + ",\"x,{\",7," + b + "]",
       {fa, "refused at 1: this is not a JSON object", "refused at 1: this is not a JSON object", fb}},
      {"broken inside", R"({"Id":tru})" + b, {"refused at 1: not valid JSON at byte 6: syntax error", fb}},
      {"a text that does not end", "{\"Id\":\"x\n" + b, {"refused at 1: a text does not end on its line", fb}},
      {"a line that broke off",
       R"({"ProductArn":"p","Id":"c","Description":"long enough to be no pretty print","Resources":[{)" +
           std::string{"\n"} + a + "\n" + b,
       {"refused at 1: the object breaks off at the end of its line", fa, fb}},
      {"cut short", a + "\n{\"Id\":", {fa, "refused at 2: the input ends inside this object"}},
      {"list cut short", "[" + a, {fa, "refused at 1: the input ends inside a list"}},
      {"incomplete GuardDuty",
       R"({"id":"g","type":"t","severity":1,"resource":{}})",
       {"refused at 1: the GuardDuty finding has no createdAt"}},
  };
}

TEST(Recognise, KnowsTheFormsOfFiles) {
  for (const auto& [what, text, expected] : cases()) EXPECT_EQ(contents(text), expected) << what;
}

TEST(Recognise, IsTheSameHoweverTheBytesArrive) {
  for (const auto& c : cases()) {
    for (const std::size_t step : {1U, 2U, 3U, 7U})
      EXPECT_EQ(contents(c.text, step), c.expected) << c.what << " by " << step;
  }
}

TEST(Recognise, SaysWhereAnElementStands) {
  Recogniser recogniser{test_hub};
  recogniser.feed("[\n " + a + ",\n  " + b + "]");
  EXPECT_EQ(recogniser.next()->position.byte, 3U);
  const auto second = recogniser.next();
  EXPECT_EQ(second->position.line, 3U);
  EXPECT_EQ(second->position.byte, 3U + a.size() + 4U);
}

TEST(Recognise, PassesOverWhatIsTooLarge) {
  const std::string large = R"({"Id":")" + std::string(element_bytes_max, 'x') + "\"}";
  const auto found = contents(large + a);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0], "refused at 1: this object is larger than 1048576 bytes");
  EXPECT_EQ(found[1], "ASFF finding a");
}

TEST(Recognise, BoundsMessagesInMessages) {
  std::string text = a;
  for (int i = 0; i < 8; ++i) text = R"({"body":)" + json_text(text) + "}";
  const auto items = recognise(*parse_json(text), test_hub);
  ASSERT_EQ(items.size(), 1U);
  EXPECT_FALSE(items[0].finding);
  EXPECT_EQ(contents(std::string(100000, '[')).size(), 2U);
  EXPECT_EQ(contents(std::string(100000, '{')).size(), 1U);
}

}  // namespace
}  // namespace tocsin::asff
