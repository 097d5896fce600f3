// Real clients: what they sent to AWS-like endpoints, recorded, and Debian's own aws command against a live server.
#include <cstdio>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "api/stage_for_test.h"

namespace tocsin::api {
namespace {

std::string output_of(const std::string& command) {
  std::string out;
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return out;
  char buffer[4096];
  for (std::size_t n = 0; (n = fread(buffer, 1, sizeof buffer, pipe)) > 0;) out.append(buffer, n);
  const int status = pclose(pipe);
  return out + "exit " + std::to_string(WEXITSTATUS(status)) + "\n";
}

// The headers that the client had signed, from its Authorization header.
std::vector<std::string> signed_names(std::string_view authorization) {
  const auto from = authorization.find("SignedHeaders=") + 14;
  std::istringstream list{std::string(authorization.substr(from, authorization.find(',', from) - from))};
  std::vector<std::string> out;
  for (std::string name; std::getline(list, name, ';');) out.push_back(name);
  return out;
}

std::string scope_service(std::string_view authorization) {
  const auto end = authorization.find("/aws4_request");
  const auto begin = authorization.rfind('/', end - 1) + 1;
  return std::string(authorization.substr(begin, end - begin));
}

// Each recorded request, signed anew over the same headers (its date has passed), gets an answer that is no
// complaint about its form: the operation's own, or that it is not implemented in this small stage.
TEST(RecordedClients, AreUnderstood) {
  std::ifstream file{TOCSIN_SHARED_DIR "/data/wire/client-wire-capture.json"};
  if (!file) GTEST_SKIP() << "the recorded client requests are not beside this checkout";
  std::stringstream text;
  text << file.rdbuf();
  const auto recorded = parse_json(text.str());
  ASSERT_TRUE(recorded);
  const Stage stage;
  std::size_t answered = 0, not_implemented = 0;
  for (const auto& entry : recorded->as_array()) {
    const auto& object = entry.as_object();
    const std::string_view line = object.at("request").as_string();
    const auto& headers = object.at("headers").as_object();
    const std::string authorization{headers.at("authorization").as_string()};
    const auto space = line.find(' ');
    Stage::Call call{.service = scope_service(authorization),
                     .method = std::string(line.substr(0, space)),
                     .target = std::string(line.substr(space + 1, line.rfind(' ') - space - 1)),
                     .headers = {},
                     .body = std::string(object.at("body").as_string())};
    for (const auto& name : signed_names(authorization))
      if (name != "host" && name != "x-amz-date" && name != "content-length" && headers.contains(name))
        call.headers.add(name, std::string(headers.at(name).as_string()));
    if (call.body.starts_with("hex:") || call.method == "HEAD") continue;
    const auto response = stage.send(call);
    SCOPED_TRACE(std::string(line) + " " + std::string(object.at("client").as_string()) + "\n" + response.head +
                 response.body);
    EXPECT_EQ(response.body.find("Signature"), std::string::npos);
    answered += response.status < 300;
    not_implemented += response.status == 501;
    // AWS itself would refuse some of their inputs ("t" is no topic's ARN), but for what they say.
    EXPECT_TRUE(response.status < 300 || response.status == 501 ||
                response.body.find("validation error") != std::string::npos);
  }
  EXPECT_GE(answered, 20u);
  EXPECT_GE(not_implemented, 15u);
}

struct Command {
  const char* arguments;
  const char* expected;  // a part of what it prints
};

TEST(AwsCommandLine, WorksAgainstALiveServer) {
  if (access("/usr/bin/aws", X_OK) != 0) GTEST_SKIP() << "Debian's awscli is not installed";
  const Stage stage;
  const std::string prefix =
      std::string("AWS_ACCESS_KEY_ID=") + Stage::key_id + " AWS_SECRET_ACCESS_KEY=" + Stage::secret +
      " AWS_DEFAULT_REGION=us-east-1 AWS_PAGER= AWS_MAX_ATTEMPTS=1 " +
      "AWS_EC2_METADATA_DISABLED=true LC_ALL=C.UTF-8 /usr/bin/aws --output json --endpoint-url http://" +
      stage.server->address() + " ";
  const Command commands[] = {
      {"sts get-caller-identity", "\"Arn\": \"arn:aws:iam::123456789012:user/admin\""},
      {"securityhub describe-hub --hub-arn arn:aws:x", "\"HubArn\": \"arn:aws:x\""},
      {"securityhub get-findings", "\"CreatedAt\": \"2026-01-01T00:00:00.000Z\""},
      {"securityhub delete-action-target --action-target-arn arn:aws:securityhub:us-east-1:1:action/custom/a",
       "\"ActionTargetArn\": \"arn:aws:securityhub:us-east-1:1:action/custom/a\""},
      {"securityhub describe-hub --hub-arn arn:aws:none", "(InvalidAccessException)"},
      {"events put-events --entries Source=s,DetailType=d,Detail=x", "\"FailedEntryCount\": 0"},
      {"events delete-rule --name x",
       "An error occurred (ResourceNotFoundException) when calling the DeleteRule operation"},
      {"sns list-topics", "\"TopicArn\": \"b\""},
      {"sqs send-message --queue-url http://localhost/1/q --message-body 'hello <&> \xC3\xA4'", "\"MessageId\": \"m\""},
      {"sqs receive-message --queue-url http://localhost/1/q", "\"Body\": \"hello <&> \xC3\xA4\""},
      {"sqs send-message --queue-url http://localhost/1/q --message-body fail",
       "(AWS.SimpleQueueService.NonExistentQueue)"},
      {"stepfunctions start-execution --state-machine-arn arn:aws:states:us-east-1:1:stateMachine:s",
       "\"startDate\": \"2026-01-02T03:04:05.678000+00:00\""},
      {"lambda invoke --function-name f --payload e30= /dev/stdout", "\"StatusCode\": 202"},
      {"dynamodb put-item --table-name ttt --item '{\"HostIp\":{\"S\":\"192.0.2.1\"}}'", "\"S\": \"192.0.2.1\""},
      {"network-firewall list-rule-groups", "(NotImplementedException)"},
  };
  for (const auto& command : commands) {
    const std::string output = output_of(prefix + command.arguments + " 2>&1");
    EXPECT_NE(output.find(command.expected), std::string::npos) << command.arguments << "\n" << output;
  }
}

}  // namespace
}  // namespace tocsin::api
