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
public_url = "https://alarms.example.org"
identity = { account = "111122223333", region = "us-west-2", partition = "aws" }
[containment]
own_networks = ["198.51.100.0/24"]
never_block = ["8.8.8.8"]
protect_public_resolvers = false
protect_this_machine = false
[feed]
token = "t"
[http]
client_bodies_mb = 64
client_connections = 0
[workflows]
history_retention = "30d"
task_deadline = "12h"
stuck_after = "45m"
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
  EXPECT_EQ(reading.config.workflows.retention, std::chrono::days{30});
  EXPECT_EQ(reading.config.client_bodies_mb, 64);
  EXPECT_EQ(reading.config.client_connections, 0);
  EXPECT_EQ(reading.config.workflows.task_deadline, std::chrono::hours{12});
  EXPECT_EQ(reading.config.workflows.stuck_after, std::chrono::minutes{45});
  const auto problems = check_config(reading.config);
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems[0].key, "stacks.folder") << "there is no such folder here";
  EXPECT_TRUE(reading.config.given.account && reading.config.given.region);
  EXPECT_EQ(reading.config.public_url, "https://alarms.example.org");
  EXPECT_FALSE(reading.config.protect_public_resolvers);
  EXPECT_FALSE(reading.config.protect_this_machine);
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
      {"[http]\nclient_bodies_mb = -1", 2, "http.client_bodies_mb: must be a number from 0"},
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
  config.public_url = "alarms.example.org/path";
  EXPECT_EQ(check_config(config).size(), 6u);
  config = {};
  for (const char* listen : {"127.0.0.1:65536", "127.0.0.1:99999", "127.0.0.1:", ":4747", "::1:80"}) {
    config.listen = listen;
    EXPECT_EQ(check_config(config).size(), 1u) << listen;
  }
  const auto problems = check_config(parse_config("[containment]\nnever_block = [\"10.0.0.1/8\"]").config);
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems[0].line, 2);
}

TEST(Config, StackSettingsAreHeldToTheirTemplates) {
  const struct {
    const char* text;
    int line;
    const char* says;
  } cases[] = {
      {"\n[stacks.ip-bloking.parameters]\nRetentionHours = 1", 2,
       "stacks.ip-bloking: is not a known stack; there are: "},
      {"[stacks.ip-blocking.parameters]\n\nRetention = 1", 3,
       "stacks.ip-blocking.parameters.Retention: is not a parameter"},
      {"[stacks.ip-blocking.parameters]\nRetentionHours = \"long\"", 2, "must be a number"},
      {"[stacks.ip-blocking.parameters]\nRetentionHours = 0", 2, "not less than 1"},
      {"[stacks.ip-blocking.parameters]\nLogRetentionDays = 2", 2, "must be one of AllowedValues: [1, 3, "},
      {"[stacks.ip-blocking.parameters]\nSlackWebhookUrl = \"hooks.slack.com/secret\"", 2,
       "must be an http or https URL"},
      {"[stacks.ip-blocking]\nenabled = false\nparameters = { RetentionHours = 0 }", 0,
       ""},  // not used, so not held to it
  };
  for (const auto& c : cases) {
    const auto reading = parse_config(c.text);
    ASSERT_TRUE(reading.problems.empty()) << c.text;
    const auto problems = check_config(reading.config);
    ASSERT_EQ(problems.size(), *c.says ? 1u : 0u) << c.text;
    if (problems.empty()) continue;
    EXPECT_EQ(problems[0].line, c.line) << c.text;
    EXPECT_NE(to_text(problems[0]).find(c.says), std::string::npos) << to_text(problems[0]);
    EXPECT_EQ(to_text(problems[0]).find("secret"), std::string::npos);
  }
}

TEST(Config, ProblemsAreInTheFilesOrder) {
  const auto problems = check_config(parse_config(R"(
[log]
level = "loud"
[containment]
never_block = ["x"]
[identity]
account = "12"
)")
                                         .config);
  std::vector<int> lines;
  for (const auto& problem : problems) lines.push_back(problem.line);
  EXPECT_EQ(lines, (std::vector<int>{3, 5, 7}));
}

TEST(Config, WhatIsProbablyNotMeantIsWarnedOf) {
  const struct {
    const char* text;
    std::vector<std::string> says;
  } cases[] = {
      {"", {}},
      {"listen = \"127.0.0.1:1\"", {}},
      {"listen = \"[::1]:1\"", {}},
      {"listen = \"localhost:1\"", {}},
      {"listen = \"0.0.0.0:1\"", {"TLS", "feed.token", "public_url"}},
      {"listen = \"[::]:1\"\npublic_url = \"https://x\"\nfeed = { token = \"t\" }", {"TLS"}},
      {"[containment]\nnever_block = [\"0.0.0.0/0\", \"8.0.0.0/8\"]\nown_networks = [\"2000::/3\"]",
       {"line 2: containment.never_block: 0.0.0.0/0 is wider", "line 3: containment.own_networks: 2000::/3"}},
      {"[stacks.ip-blocking.parameters]\nSlackWebhookUrl = \"\"",
       {"line 2: stacks.ip-blocking.parameters.SlackWebhookUrl: is empty"}},
      {"[feed]\ntoken = \"\"", {"line 2: feed.token: is empty"}},
  };
  for (const auto& c : cases) {
    const auto warnings = config_warnings(parse_config(c.text).config);
    ASSERT_EQ(warnings.size(), c.says.size()) << c.text;
    for (std::size_t i = 0; i < warnings.size(); ++i)
      EXPECT_NE(to_text(warnings[i]).find(c.says[i]), std::string::npos) << to_text(warnings[i]);
  }
}

TEST(Config, TimesCarryTheirUnit) {
  for (const auto* wrong : {"\"90\"", "90", "\"0d\"", "\"-1d\"", "\"1y\"", "\"99999d\""}) {
    const auto reading = parse_config(std::string("[workflows]\ntask_deadline = ") + wrong);
    ASSERT_EQ(reading.problems.size(), 1u) << wrong;
    EXPECT_EQ(reading.problems[0].key, "workflows.task_deadline");
  }
}

}  // namespace
}  // namespace tocsin::app
