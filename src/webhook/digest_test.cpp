#include "webhook/detail/digest.h"

#include <gtest/gtest.h>

#include "core/json.h"
#include "message/subject.h"

namespace tocsin::webhook {
namespace {

std::string finding(std::string_view severity, std::string_view id) {
  return message::summary({.severity = severity, .type = "Backdoor", .title = "It talks <home>", .id = id});
}

json::object composed(std::string_view gathered, store::Lane lane = store::Lane::notice) {
  const auto [payload, context] = compose_digest(
      gathered, {.kind = "webhook",
                 .destination = "https://hooks.slack.com/services/T/B/secret",
                 .payload = "",
                 .context = R"({"headers":{"Content-Type":"application/json"},"announced":["k"],"reference":"arn"})",
                 .lane = lane});
  EXPECT_EQ(context, R"({"headers":{"Content-Type":"application/json"},"reference":"arn"})");
  return *parse_json_object(payload);
}

TEST(Digest, CountsAndNamesTheMostSevereFirst) {
  std::string gathered = fold_summaries({}, {finding("LOW", "l1"), finding("HIGH", "h1"), "not JSON"});
  gathered = fold_summaries(gathered, {finding("CRITICAL", "c1"), finding("HIGH", "h2")});
  const auto body = composed(gathered);
  const auto text = string_at(body, "text");
  EXPECT_EQ(text, "5 messages in one: 4 × Backdoor, 1 × others");
  const auto& attachment = body.at("attachments").get_array()[0].get_object();
  const auto list = std::string(string_at(attachment, "text"));
  EXPECT_LT(list.find("c1"), list.find("h1"));
  EXPECT_LT(list.find("h1"), list.find("h2"));
  EXPECT_LT(list.find("h2"), list.find("l1"));
  EXPECT_NE(list.find("&lt;home&gt;"), list.npos);
  const auto all = to_json(attachment.at("fields"));
  EXPECT_NE(all.find("2 × HIGH, 1 × "), all.npos) << all;
  EXPECT_NE(all.find("tocsin findings --limit 500 --severity CRITICAL --severity HIGH --severity LOW"), all.npos);
}

TEST(Digest, BlocksAreAllNamedWhileThereIsRoom) {
  std::vector<std::string> blocks;
  for (int i = 0; i < 30; ++i)
    blocks.push_back(message::summary({.type = "Blocked", .title = "Blocked 198.51.100." + std::to_string(i)}));
  const auto body = to_json(composed(fold_summaries({}, blocks), store::Lane::containment));
  for (int i = 0; i < 30; ++i) EXPECT_NE(body.find("Blocked 198.51.100." + std::to_string(i)), body.npos);
  EXPECT_NE(body.find("tocsin blocks"), body.npos);
  EXPECT_NE(body.find("30 urgent messages in one: 30 × Blocked"), body.npos);
}

TEST(Digest, StaysSmallWhateverComes) {
  std::string gathered;
  for (int round = 0; round < 50; ++round) {
    std::vector<std::string> many;
    for (int i = 0; i < 200; ++i)
      many.push_back(message::summary({.severity = "HIGH",
                                       .type = "type " + std::to_string(round * 200 + i),
                                       .title = std::string(5000, '\xc3'),
                                       .id = std::string(3000, 'i')}));
    gathered = fold_summaries(gathered, many);
  }
  EXPECT_LT(gathered.size(), 60'000u);
  const auto body = composed(gathered);
  EXPECT_LT(to_json(body).size(), 8'000u);
  EXPECT_TRUE(string_at(body, "text").starts_with("10000 messages in one: "));
}

}  // namespace
}  // namespace tocsin::webhook
