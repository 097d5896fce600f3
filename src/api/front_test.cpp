#include "api/front.h"

#include <future>
#include <thread>

#include <gtest/gtest.h>

#include "api/stage_for_test.h"

namespace tocsin::api {
namespace {

class FrontTest : public testing::Test {
 protected:
  Stage stage;
};

TEST_F(FrontTest, QueryAnswersInXml) {
  const auto response = stage.query("sts", "Action=GetCallerIdentity&Version=2011-06-15");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.header("Content-Type"), "text/xml");
  EXPECT_EQ(response.header("x-amzn-RequestId").size(), 36u);
  EXPECT_EQ(response.body,
            "<?xml version=\"1.0\"?><GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">"
            "<GetCallerIdentityResult><UserId>AIDATEST</UserId><Account>123456789012</Account>"
            "<Arn>arn:aws:iam::123456789012:user/admin</Arn></GetCallerIdentityResult><ResponseMetadata><RequestId>" +
                response.header("x-amzn-RequestId") + "</RequestId></ResponseMetadata></GetCallerIdentityResponse>");
}

TEST_F(FrontTest, QueryListsAndMapsAreNestedAndFlattenedAsTheModelSays) {
  EXPECT_NE(
      stage.query("sns", "Action=ListTopics&Version=2010-03-31")
          .body.find("<Topics><member><TopicArn>a</TopicArn></member><member><TopicArn>b</TopicArn></member></Topics>"),
      std::string::npos);
  const auto attributes =
      stage.query("sqs", "Action=GetQueueAttributes&Version=2012-11-05&QueueUrl=u&AttributeName.1=All").body;
  EXPECT_NE(attributes.find("<Attribute><Name>QueueArn</Name><Value>u</Value></Attribute>"
                            "<Attribute><Name>Policy</Name><Value>&lt;&amp;&gt;</Value></Attribute>"),
            std::string::npos)
      << attributes;
  const auto published =
      stage.query("sns",
                  "Action=Publish&Version=2010-03-31&Message=a+b%2Bc&MessageAttributes.entry.1.Name=n&"
                  "MessageAttributes.entry.1.Value.DataType=String&"
                  "MessageAttributes.entry.1.Value.StringValue=v");
  EXPECT_NE(
      published.body.find("{&quot;Message&quot;:&quot;a b+c&quot;,&quot;MessageAttributes&quot;:{&quot;n&quot;:{&quot;"
                          "DataType&quot;:&quot;String&quot;,&quot;StringValue&quot;:&quot;v&quot;}}}"),
      std::string::npos)
      << published.body;
}

TEST_F(FrontTest, SqsSpeaksBothProtocols) {
  const auto sent = stage.json("sqs", "AmazonSQS.SendMessage", R"({"QueueUrl":"u","MessageBody":"hi"})", "1.0");
  EXPECT_EQ(sent.status, 200) << sent.body;
  EXPECT_EQ(sent.header("Content-Type"), "application/x-amz-json-1.0");
  EXPECT_EQ(sent.body, R"({"MessageId":"m","MD5OfMessageBody":"49f68a5c8493ec2c0bf489821c21fc3b"})");
  const auto received = stage.query("sqs", "Action=ReceiveMessage&Version=2012-11-05&QueueUrl=u");
  EXPECT_NE(received.body.find("<ReceiveMessageResult><Message><MessageId>m</MessageId>"
                               "<MD5OfBody>49f68a5c8493ec2c0bf489821c21fc3b</MD5OfBody><Body>hi</Body>"
                               "<Attribute><Name>SenderId</Name><Value>AIDA</Value></Attribute></Message>"),
            std::string::npos)
      << received.body;
  // The queue's URL as the endpoint.
  EXPECT_EQ(stage
                .send({.service = "sqs",
                       .target = "/123456789012/q",
                       .headers = {{"Content-Type", "application/x-www-form-urlencoded"}},
                       .body = "Action=ReceiveMessage&Version=2012-11-05"})
                .status,
            200);
  const auto deleted = stage.json("sqs", "AmazonSQS.DeleteQueue", R"({"QueueUrl":"u"})", "1.0");
  EXPECT_EQ(deleted.status, 200);
  EXPECT_EQ(deleted.body, "");
}

TEST_F(FrontTest, TimestampsAreConvertedByProtocol) {
  EXPECT_EQ(stage
                .json("states", "AWSStepFunctions.StartExecution",
                      R"({"stateMachineArn":"arn:aws:states:us-east-1:1:stateMachine:s"})", "1.0")
                .body,
            R"({"executionArn":"arn","startDate":1.767323045678E9})");
  EXPECT_EQ(stage.rest("securityhub", "POST", "/findings", "{}").body,
            R"({"Findings":[{"Id":"x","CreatedAt":"2026-01-01T00:00:00.000Z","New":1}]})");
  const auto put = stage.json("events", "AWSEvents.PutEvents",
                              R"({"Entries":[{"Source":"s","Time":1767323045.5,"Unknown":1,"Detail":null}]})");
  EXPECT_EQ(put.body, R"({"FailedEntryCount":0,"Entries":[{"Source":"s","Time":"2026-01-02T03:04:05.500Z"}]})");
}

TEST_F(FrontTest, RestTakesLabelsQueryHeadersAndPayload) {
  EXPECT_EQ(stage.rest("securityhub", "GET", "/accounts?HubArn=arn%3Aaws%3Ax").body, R"({"HubArn":"arn:aws:x"})");
  EXPECT_EQ(stage.rest("securityhub", "DELETE", "/actionTargets/arn%3Aaws%3Ax%2Fy").body,
            R"({"ActionTargetArn":"arn:aws:x/y"})");
  const auto invoked = stage.send({.service = "lambda",
                                   .target = "/2015-03-31/functions/my-function/invocations",
                                   .headers = {},
                                   .body = "{\"raw\": \"bytes\"}"});
  EXPECT_EQ(invoked.status, 202);
  EXPECT_EQ(invoked.body, "{\"raw\": \"bytes\"}");
  EXPECT_EQ(invoked.header("X-Amz-Executed-Version"), "my-function");
}

TEST_F(FrontTest, RawOperationsGetTheBodyAsItCame) {
  const std::string body = R"({"Findings": [ {"odd" : 1} ]})";
  EXPECT_EQ(stage.rest("securityhub", "POST", "/findings/import", body).body,
            "{\"FailedCount\":0,\"SuccessCount\":" + std::to_string(body.size()) + ",\"FailedFindings\":[]}");
  const std::string large(3u << 20, ' ');
  EXPECT_NE(stage.rest("securityhub", "POST", "/findings/import", large).body.find("\"SuccessCount\":3145728"),
            std::string::npos);
}

TEST_F(FrontTest, LinksInMessagesWorkWithoutSignature) {
  const auto response = stage.send({.service = "sns",
                                    .method = "GET",
                                    .target = "/?Action=ConfirmSubscription&Version=2010-03-31&TopicArn=t&Token=secret",
                                    .sign = false});
  EXPECT_EQ(response.status, 200) << response.body;
  EXPECT_NE(response.body.find("<SubscriptionArn>secret</SubscriptionArn>"), std::string::npos);
  // SNS's own links name no version.
  EXPECT_EQ(stage
                .send({.service = "sns",
                       .method = "GET",
                       .target = "/?Action=ConfirmSubscription&TopicArn=t&Token=secret",
                       .sign = false})
                .status,
            200);
}

TEST_F(FrontTest, AnOperationWithoutShapesStopsTheStart) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  service::Directory directory;
  directory.add({"lambda", {{.name = "CreateAlias", .run = service::Read{[](store::Reader&, const service::Call&) {
                                                      return service::Answer{json::object{}};
                                                    }}}}});
  const service::Credentials nobody = [](std::string_view) -> Result<service::Credential> {
    return fail(ErrorCode::denied, "nobody");
  };
  EXPECT_DEATH(Front(directory, *stage.store, nobody, Identity{}, stage.clock, stage.random, stage.pool),
               "CreateAlias of lambda");
}

TEST_F(FrontTest, AFormWithoutEntriesIsAnEmptyBatch) {
  const auto refused = stage.query("sqs", "Action=SendMessageBatch&Version=2012-11-05&QueueUrl=u");
  EXPECT_EQ(refused.status, 400);
  EXPECT_NE(refused.body.find("<Code>AWS.SimpleQueueService.EmptyBatchRequest</Code>"), std::string::npos)
      << refused.body;
}

TEST_F(FrontTest, PresignedRequestsWork) {
  const std::string host = stage.server->address();
  const std::string target =
      sigv4::presign({.method = "GET",
                      .target = "/?Action=GetCallerIdentity&Version=2011-06-15",
                      .headers = {{"Host", host}},
                      .body = ""},
                     {Stage::key_id, Stage::secret},
                     {.region = "us-east-1", .service = "sts", .now = stage.clock.now()}, std::chrono::minutes{1});
  EXPECT_EQ(stage.send({.service = "sts", .method = "GET", .target = target, .sign = false}).status, 200);
  EXPECT_EQ(stage.send({.service = "sts", .method = "GET", .target = target + "&x=1", .sign = false}).status, 403);
}

TEST_F(FrontTest, LongPollsAreWokenByASignal) {
  auto polling = std::async(std::launch::async, [&] {
    return stage.json("sqs", "AmazonSQS.ReceiveMessage", R"({"QueueUrl":"u","WaitTimeSeconds":20})", "1.0");
  });
  // Whether the poll waits already or comes later: it gets the message.
  const auto begin = std::chrono::steady_clock::now();
  stage.json("sqs", "AmazonSQS.SendMessage", R"({"QueueUrl":"u","MessageBody":"wake up"})", "1.0");
  const auto response = polling.get();
  EXPECT_NE(response.body.find("wake up"), std::string::npos) << response.body;
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds{10});
}

TEST_F(FrontTest, EachOfManyLongPollsGetsOneOfManyMessages) {
  constexpr int count = 40;
  std::vector<std::unique_ptr<http::TestClient>> clients;
  for (int i = 0; i < count; ++i) {
    clients.push_back(std::make_unique<http::TestClient>(stage.server->port()));
    clients.back()->send(stage.bytes({.service = "sqs",
                                      .headers = {{"X-Amz-Target", "AmazonSQS.ReceiveMessage"}},
                                      .body = R"({"QueueUrl":"u","WaitTimeSeconds":20})"}));
  }
  clients[3]->close();  // gone: what it would get goes to another
  for (int i = 0; i + 1 < count; ++i)
    stage.json("sqs", "AmazonSQS.SendMessage", R"({"QueueUrl":"u","MessageBody":"x"})", "1.0");
  int served = 0;
  for (int i = 0; i < count; ++i)
    if (i != 3)
      served += clients[static_cast<std::size_t>(i)]->receive().body.find("\"Body\":\"x\"") != std::string::npos;
  // The client that went away may have been served before that was noticed.
  EXPECT_GE(served, count - 2);
}

TEST_F(FrontTest, LongPollsEndAfterTheirTime) {
  const auto begin = std::chrono::steady_clock::now();
  const auto response = stage.json("sqs", "AmazonSQS.ReceiveMessage", R"({"QueueUrl":"u","WaitTimeSeconds":1})", "1.0");
  EXPECT_EQ(response.body, "{}");
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds{950});
}

TEST_F(FrontTest, StoppingAnswersLongPollsAtOnce) {
  http::TestClient client{stage.server->port()};
  client.send(stage.bytes({.service = "sqs",
                           .headers = {{"X-Amz-Target", "AmazonSQS.ReceiveMessage"}},
                           .body = R"({"QueueUrl":"u","WaitTimeSeconds":20})"}));
  // Whether the poll waits already or comes after: it is answered with what there is.
  stage.front->stop();
  EXPECT_EQ(client.receive().body, "{}");
}

TEST(FrontUnfinished, IsAnErrorThatSdksRetryWhereWaitingIsNotPossible) {
  const auto start = [](const Stage& stage) {
    return stage.bytes({.service = "states",
                        .headers = {{"X-Amz-Target", "AWSStepFunctions.StartSyncExecution"}},
                        .body = R"({"stateMachineArn":"arn:aws:states:us-east-1:000000000000:stateMachine:m"})"});
  };
  const auto refused = [](const http::TestClient::Response& response) {
    EXPECT_EQ(response.status, 503);
    EXPECT_NE(response.body.find("ServiceUnavailable"), std::string::npos) << response.body;
    EXPECT_EQ(response.body.find("RUNNING"), std::string::npos) << response.body;
  };
  const auto runs = [](const Stage& stage) {
    return stage.store
        ->read([](store::Reader& reader) -> Result<std::int64_t> {
          return reader.integer("SELECT count(*) FROM stage_messages", 0);
        })
        .value();
  };
  {
    Stage full{{.waiting_max = 0}};
    http::TestClient client{full.server->port()};
    client.send(start(full));
    refused(client.receive());
    EXPECT_EQ(runs(full), 0);  // nothing that the retry would do a second time
  }
  {
    Stage short_of_time{{.wait_max = std::chrono::milliseconds{50}}};
    http::TestClient client{short_of_time.server->port()};
    client.send(start(short_of_time));
    refused(client.receive());
  }
  Stage stage;
  http::TestClient client{stage.server->port()};
  client.send(start(stage));
  while (runs(stage) == 0) std::this_thread::sleep_for(std::chrono::milliseconds{1});
  stage.front->stop();
  refused(client.receive());
}

}  // namespace
}  // namespace tocsin::api
