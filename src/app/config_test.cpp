#include "app/config.h"

#include <gtest/gtest.h>

namespace tocsin::app {
namespace {

TEST(Config, NothingGivenIsEnough) {
  const auto reading = parse_config("");
  EXPECT_TRUE(reading.problems.empty());
  EXPECT_TRUE(check_config(reading.config).empty());
  EXPECT_EQ(reading.config.listen, "127.0.0.1:4747");
}

TEST(Config, EveryKeyIsRead) {
  const auto reading = parse_config(R"(
data = "/var/lib/tocsin"
listen = "[::1]:80"
identity = { account = "111122223333", region = "us-west-2", partition = "aws" }
[containment]
own_networks = ["198.51.100.0/24"]
never_block = ["8.8.8.8"]
[feed]
token = "t"
[log]
level = "debug"
json = true
[stacks]
enabled = true
folder = "my-stacks"
[stacks.ip-blocking]
enabled = true
[stacks.ip-blocking.parameters]
SlackWebhookUrl = "https://hooks.slack.com/services/x"
RetentionHours = 720
)");
  ASSERT_TRUE(reading.problems.empty()) << to_text(reading.problems[0]);
  EXPECT_TRUE(check_config(reading.config).empty());
  EXPECT_EQ(reading.config.identity.region, "us-west-2");
  EXPECT_EQ(reading.config.own_networks, std::vector<std::string>{"198.51.100.0/24"});
  EXPECT_EQ(reading.config.stack.at("ip-blocking").parameters.at("RetentionHours").reveal(), "720");
  EXPECT_EQ(reading.config.stacks_folder, "my-stacks");
}

TEST(Config, ProblemsNameLineAndKey) {
  const struct {
    const char* text;
    int line;
    const char* says;
  } cases[] = {
      {"listen = 3", 1, "listen: must be a text"},
      {"\n\nnonsense = 1", 3, "nonsense: is not a known key"},
      {"[identity]\nacount = \"1\"", 2, "identity.acount: is not a known key"},
      {"[log]\njson = \"yes\"", 2, "log.json: must be true or false"},
      {"x = = 1", 1, ""},
      {"[containment]\nnever_block = \"8.8.8.8\"", 2, "containment.never_block: must be a list"},
  };
  for (const auto& c : cases) {
    const auto reading = parse_config(c.text);
    ASSERT_EQ(reading.problems.size(), 1u) << c.text;
    EXPECT_EQ(reading.problems[0].line, c.line) << c.text;
    EXPECT_NE(to_text(reading.problems[0]).find(c.says), std::string::npos) << to_text(reading.problems[0]);
  }
}

TEST(Config, ValuesAreChecked) {
  Config config;
  config.identity.account = "12";
  config.identity.region = "Frankfurt";
  config.listen = "nowhere";
  config.never_block = {"10.0.0.1/8"};
  config.log_level = "loud";
  EXPECT_EQ(check_config(config).size(), 5u);
}

}  // namespace
}  // namespace tocsin::app
