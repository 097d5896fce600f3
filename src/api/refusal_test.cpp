// Bad input gets AWS's error, in the caller's protocol, and the server keeps serving.
#include <gtest/gtest.h>

#include "api/stage_for_test.h"

namespace tocsin::api {
namespace {

struct Refused {
  const char* name;
  Stage::Call call;
  int status;
  std::string error;    // JSON: the error type; query: the code
  std::string message;  // exact, unless it ends with "…"
};

Stage::Call json(std::string service, std::string target, std::string body) {
  return {.service = std::move(service),
          .headers = {{"Content-Type", "application/x-amz-json-1.1"}, {"X-Amz-Target", std::move(target)}},
          .body = std::move(body)};
}
Stage::Call query(std::string service, std::string form) {
  return {.service = std::move(service),
          .headers = {{"Content-Type", "application/x-www-form-urlencoded"}},
          .body = std::move(form)};
}
Stage::Call rest(std::string service, std::string method, std::string target, std::string body) {
  return {.service = std::move(service),
          .method = std::move(method),
          .target = std::move(target),
          .headers = {{"Content-Type", "application/json"}},
          .body = std::move(body)};
}
Stage::Call with(Stage::Call call, void (*change)(Stage::Call&)) {
  change(call);
  return call;
}

std::string text_between(const std::string& text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  if (at == std::string::npos) return {};
  const auto begin = at + from.size();
  return text.substr(begin, text.find(to, begin) - begin);
}

std::string unescaped(std::string text) {
  for (const auto& [escaped, plain] : {std::pair{"&quot;", "\""}, {"&lt;", "<"}, {"&gt;", ">"}, {"&amp;", "&"}})
    for (std::size_t at = 0; (at = text.find(escaped, at)) != std::string::npos; ++at)
      text.replace(at, std::string_view(escaped).size(), plain);
  return text;
}

// What a client reads out of an error answer.
void expect_refused(const Refused& test, const http::TestClient::Response& response) {
  SCOPED_TRACE(std::string(test.name) + "\n" + response.head + "\n" + response.body.substr(0, 2000));
  EXPECT_EQ(response.status, test.status);
  EXPECT_EQ(response.header("x-amzn-RequestId").size(), 36u);
  std::string error, message;
  if (response.header("Content-Type") == "text/xml") {
    error = text_between(response.body, "<Code>", "</Code>");
    message = unescaped(text_between(response.body, "<Message>", "</Message>"));
    EXPECT_NE(response.body.find("<RequestId>" + response.header("x-amzn-RequestId")), std::string::npos);
  } else {
    const auto body = parse_json_object(response.body);
    ASSERT_TRUE(body);
    error = response.header("x-amzn-ErrorType");
    message = std::string(string_at(*body, "message", string_at(*body, "Message")));
    if (response.header("Content-Type").starts_with("application/x-amz-json")) {
      EXPECT_TRUE(string_at(*body, "__type").ends_with(error));
    }
  }
  EXPECT_EQ(error, test.error);
  if (test.message.ends_with("…"))
    EXPECT_EQ(message.substr(0, test.message.size() - 3), test.message.substr(0, test.message.size() - 3));
  else
    EXPECT_EQ(message, test.message);
}

class RefusalTest : public testing::Test {
 protected:
  void run(const std::vector<Refused>& cases) {
    for (const auto& test : cases) {
      expect_refused(test, stage.send(test.call));
      EXPECT_EQ(stage.query("sts", "Action=GetCallerIdentity&Version=2011-06-15").status, 200) << "after " << test.name;
    }
  }
  Stage stage;
};

constexpr const char* no_match =
    "The request signature we calculated does not match the signature you provided. Check "
    "your AWS Secret Access Key and signing method. Consult the service documentation for details.";
constexpr const char* unknown_key = "The security token included in the request is invalid.";
const char* const identity = "Action=GetCallerIdentity&Version=2011-06-15";

TEST_F(RefusalTest, Signatures) {
  const auto put = [] { return json("events", "AWSEvents.PutEvents", R"({"Entries":[]})"); };
  const auto hub = [] { return rest("securityhub", "GET", "/accounts", ""); };
  const auto wrong = [](Stage::Call& call) { call.with_secret = "wrong"; };
  const auto unknown = [](Stage::Call& call) { call.with_key = "AKIAUNKNOWN"; };
  const auto none = [](Stage::Call& call) { call.sign = false; };
  const auto late = [](Stage::Call& call) { call.clock_ahead = std::chrono::minutes{-16}; };
  const auto early = [](Stage::Call& call) { call.clock_ahead = std::chrono::minutes{16}; };
  const auto changed = [](Stage::Call& call) { call.change_body_to = R"({"Entries":[1]})"; };
  const auto elsewhere = [](Stage::Call& call) { call.region = "eu-west-1"; };
  constexpr const char* wrong_region =
      "Credential should be scoped to a valid region, not 'eu-west-1'. This installation's region is 'us-east-1'.";
  const auto garbled = [](Stage::Call& call) {
    call.sign = false;
    call.headers.add("Authorization", "AWS4-HMAC-SHA256 garbled");
  };
  run({
      {"query, wrong secret", with(query("sts", identity), wrong), 403, "SignatureDoesNotMatch", no_match},
      {"json, wrong secret", with(put(), wrong), 400, "InvalidSignatureException", no_match},
      {"rest, wrong secret", with(hub(), wrong), 403, "InvalidSignatureException", no_match},
      {"query, unknown key", with(query("sts", identity), unknown), 403, "InvalidClientTokenId", unknown_key},
      {"json, unknown key", with(put(), unknown), 400, "UnrecognizedClientException", unknown_key},
      {"rest, unknown key", with(hub(), unknown), 403, "UnrecognizedClientException", unknown_key},
      {"query, unsigned", with(query("sts", identity), none), 403, "MissingAuthenticationToken",
       "Missing Authentication Token"},
      {"json, unsigned", with(put(), none), 400, "MissingAuthenticationTokenException", "Missing Authentication Token"},
      {"rest, unsigned", with(hub(), none), 403, "MissingAuthenticationTokenException", "Missing Authentication Token"},
      {"a browser", with(rest("", "GET", "/", ""), none), 403, "MissingAuthenticationTokenException",
       "Missing Authentication Token"},
      {"query, expired", with(query("sts", identity), late), 403, "SignatureDoesNotMatch", "Signature expired: …"},
      {"json, expired", with(put(), late), 400, "InvalidSignatureException", "Signature expired: …"},
      {"json, of the future", with(put(), early), 400, "InvalidSignatureException", "Signature not yet current: …"},
      {"json, body changed on the way", with(put(), changed), 400, "InvalidSignatureException", no_match},
      {"query, another region", with(query("sns", "Action=ListTopics&Version=2010-03-31"), elsewhere), 403,
       "SignatureDoesNotMatch", wrong_region},
      {"json, another region", with(put(), elsewhere), 400, "InvalidSignatureException", wrong_region},
      {"rest, another region", with(hub(), elsewhere), 403, "InvalidSignatureException", wrong_region},
      {"json, garbled", with(put(), garbled), 400, "IncompleteSignatureException",
       "Authorization header requires 'Credential' parameter. …"},
  });
}

TEST_F(RefusalTest, OperationsThatAreNotThere) {
  run({
      {"json, unknown operation", json("events", "AWSEvents.PutNothing", "{}"), 400, "UnknownOperationException",
       "There is no operation AWSEvents.PutNothing."},
      {"json, another service's target", json("events", "AmazonSQS.SendMessage", "{}"), 400,
       "UnknownOperationException", "There is no operation AmazonSQS.SendMessage."},
      {"json, no target",
       {.service = "events", .headers = {{"Content-Type", "application/x-amz-json-1.1"}}, .body = "{}"},
       400,
       "UnknownOperationException",
       "The request has no X-Amz-Target header."},
      {"json, wrong content type",
       {.service = "events",
        .headers = {{"Content-Type", "text/plain"}, {"X-Amz-Target", "AWSEvents.PutEvents"}},
        .body = "{}"},
       400,
       "UnknownOperationException",
       "Content-Type must be application/x-amz-json-1.1, not 'text/plain'."},
      {"json, not implemented", json("events", "AWSEvents.CreateArchive", "{}"), 501, "NotImplementedException",
       "CreateArchive of events exists in AWS, but is not implemented here yet."},
      {"query, unknown action", query("sns", "Action=Shout&Version=2010-03-31"), 400, "InvalidAction",
       "The action Shout is not valid for this web service."},
      {"query, no action", query("sns", "Version=2010-03-31"), 400, "MissingAction",
       "The request is missing an action or a required parameter: Action."},
      {"query, wrong version", query("sns", "Action=Publish&Version=2009-01-01"), 400, "NoSuchVersion",
       "The requested version ( 2009-01-01 ) is not valid."},
      {"query, not implemented", query("sns", "Action=CreatePlatformApplication&Version=2010-03-31"), 501,
       "NotImplemented", "CreatePlatformApplication of sns exists in AWS, but is not implemented here yet."},
      {"rest, unknown path", rest("securityhub", "GET", "/nowhere", ""), 404, "UnknownOperationException",
       "There is no operation GET /nowhere."},
      {"rest, wrong method", rest("securityhub", "PUT", "/accounts", ""), 404, "UnknownOperationException",
       "There is no operation PUT /accounts."},
      {"rest, not implemented", rest("securityhub", "GET", "/insights/results/a", ""), 501, "NotImplementedException",
       "GetInsightResults of securityhub exists in AWS, but is not implemented here yet."},
      {"a service that is not served", rest("s3", "GET", "/bucket", ""), 501, "NotImplementedException",
       "The service 's3' is not served here."},
  });
}

TEST_F(RefusalTest, InputThatCannotBeRead) {
  const std::string deep = R"({"Entries":)" + std::string(3000, '[');
  run({
      {"broken JSON", json("events", "AWSEvents.PutEvents", "{\"Entries\": ["), 400, "SerializationException",
       "not valid JSON…"},
      {"two values", json("events", "AWSEvents.PutEvents", "{} {}"), 400, "SerializationException", "not valid JSON…"},
      {"no object", json("events", "AWSEvents.PutEvents", "[]"), 400, "SerializationException",
       "Start of list found where not expected"},
      {"invalid UTF-8", json("events", "AWSEvents.PutEvents", "{\"Entries\": \"\xff\xfe\"}"), 400,
       "SerializationException", "not valid JSON…"},
      {"absurd nesting", json("events", "AWSEvents.PutEvents", deep), 400, "SerializationException", "not valid JSON…"},
      {"a string for a list", json("events", "AWSEvents.PutEvents", R"({"Entries":"x"})"), 400,
       "SerializationException", "Expected list or null"},
      {"a list for a string", json("events", "AWSEvents.DescribeRule", R"({"Name":["x"]})"), 400,
       "SerializationException", "Start of list found where not expected"},
      {"an object for a string", json("events", "AWSEvents.DescribeRule", R"({"Name":{}})"), 400,
       "SerializationException", "Start of structure or map found where not expected"},
      {"a number for a string", json("events", "AWSEvents.DescribeRule", R"({"Name":1})"), 400,
       "SerializationException", "NUMBER_VALUE can not be converted to a String"},
      {"a string for an integer", json("sqs", "AmazonSQS.ReceiveMessage", R"({"QueueUrl":"u","WaitTimeSeconds":"1"})"),
       400, "SerializationException", "STRING_VALUE can not be converted to an Integer"},
      {"a fraction for an integer",
       json("sqs", "AmazonSQS.ReceiveMessage", R"({"QueueUrl":"u","WaitTimeSeconds":1.5})"), 400,
       "SerializationException", "DECIMAL_VALUE can not be converted to an Integer"},
      {"an integer out of range",
       json("sqs", "AmazonSQS.ReceiveMessage", R"({"QueueUrl":"u","WaitTimeSeconds":99999999999})"), 400,
       "SerializationException", "NUMBER_VALUE can not be converted to an Integer"},
      {"no timestamp", json("events", "AWSEvents.PutEvents", R"({"Entries":[{"Time":"soon"}]})"), 400,
       "SerializationException", "'soon' is no valid timestamp"},
      {"rest, broken JSON", rest("securityhub", "POST", "/findings", "{"), 400, "InvalidInputException",
       "not valid JSON…"},
      {"rest, wrong type", rest("securityhub", "POST", "/findings", R"({"Filters":{"Id":[{"Value":1}]}})"), 400,
       "InvalidInputException", "Invalid parameter 'Filters'. data.Filters.Id[0].Value should be string"},
      {"rest, invalid UTF-8 in the path", rest("securityhub", "DELETE", "/actionTargets/%ff%fe", ""), 400,
       "InvalidInputException", "a value is not valid UTF-8"},
      {"query, no number", query("sqs", "Action=ReceiveMessage&Version=2012-11-05&QueueUrl=u&WaitTimeSeconds=x"), 400,
       "MalformedInput", "WaitTimeSeconds: 'x' can not be converted to an Integer"},
      {"query, no index", query("sqs", "Action=GetQueueAttributes&Version=2012-11-05&QueueUrl=u&AttributeName.x=All"),
       400, "MalformedInput", "'x' is no index of a list"},
      {"query, invalid UTF-8", query("sqs", "Action=SendMessage&Version=2012-11-05&QueueUrl=u&MessageBody=%ff"), 400,
       "MalformedInput", "a parameter is not valid UTF-8"},
      {"query, absurd nesting",
       query(
           "sns", "Action=Publish&Version=2010-03-31&Message" +
                      [] {
                        std::string dots;
                        for (int i = 0; i < 500; ++i) dots += ".1";
                        return dots;
                      }() +
                      "=x"),
       400, "MalformedInput", "a parameter's name has too many parts"},
  });
}

TEST_F(RefusalTest, InputThatBreaksTheModelsConstraints) {
  std::string ids = "[";
  for (int i = 0; i < 101; ++i) ids += std::string(i == 0 ? "" : ",") + R"({"Id":"x","ProductArn":"p"})";
  ids += "]";
  const std::string one = "1 validation error detected: Value ";
  run({
      {"missing", json("events", "AWSEvents.DescribeRule", "{}"), 400, "ValidationException",
       one + "null at 'name' failed to satisfy constraint: Member must not be null"},
      {"too long", json("events", "AWSEvents.DescribeRule", R"({"Name":")" + std::string(65, 'x') + "\"}"), 400,
       "ValidationException",
       one + "'" + std::string(65, 'x') +
           "' at 'name' failed to satisfy constraint: Member must have length less than or equal to 64"},
      {"two violations", json("events", "AWSEvents.DescribeRule", R"({"Name":""})"), 400, "ValidationException",
       "2 validation errors detected: Value '' at 'name' failed to satisfy constraint: Member must have length greater "
       "than or equal to 1; Value '' at 'name' failed to satisfy constraint: Member must satisfy regular expression "
       "pattern: [\\.\\-_A-Za-z0-9]+"},
      {"pattern", json("events", "AWSEvents.DescribeRule", R"({"Name":"no spaces"})"), 400, "ValidationException",
       one + "'no spaces' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: "
             "[\\.\\-_A-Za-z0-9]+"},
      {"empty list", json("events", "AWSEvents.PutEvents", R"({"Entries":[]})"), 400, "ValidationException",
       one + "'[]' at 'entries' failed to satisfy constraint: Member must have length greater than or equal to 1"},
      {"a member of a member",
       json("dynamodb", "DynamoDB_20120810.PutItem", R"({"TableName":"ttt","Item":{},"ReturnValues":"x"})"), 400,
       "ValidationException",
       one + "'x' at 'returnValues' failed to satisfy constraint: Member must satisfy enum value set: [NONE, ALL_OLD, "
             "UPDATED_OLD, ALL_NEW, UPDATED_NEW]"},
      {"rest, required inside",
       rest("securityhub", "PATCH", "/findings/batchupdate", R"({"FindingIdentifiers":[{"Id":"x"}]})"), 400,
       "InvalidInputException",
       "Invalid parameter 'FindingIdentifiers'. data.FindingIdentifiers[0] should have required property 'ProductArn'"},
      {"rest, too many", rest("securityhub", "POST", "/findings", R"({"MaxResults":101})"), 400,
       "InvalidInputException", "Invalid parameter 'MaxResults'. data.MaxResults should be <= 100"},
      {"rest, 101 of at most 100",
       rest("securityhub", "POST", "/findings", R"({"MaxResults":0,"SortCriteria":[{"SortOrder":"up"}]})"), 400,
       "InvalidInputException",
       "Invalid parameter 'SortCriteria'. data.SortCriteria[0].SortOrder should be equal to one of the allowed values, "
       "data.MaxResults should be >= 1"},
      {"sqs, missing", query("sqs", "Action=SendMessage&Version=2012-11-05&QueueUrl=u"), 400, "MissingParameter",
       "The request must contain the parameter MessageBody."},
      {"sqs in json, missing", json("sqs", "AmazonSQS.SendMessage", R"({"QueueUrl":"u"})"), 400, "MissingParameter",
       "The request must contain the parameter MessageBody."},
      {"sns, missing", query("sns", "Action=Publish&Version=2010-03-31"), 400, "ValidationError",
       one + "null at 'message' failed to satisfy constraint: Member must not be null"},
  });
}

TEST_F(RefusalTest, SizesPastTheLimit) {
  const std::string seven_mb(7u << 20, ' ');
  const std::string nine_mb(9u << 20, ' ');
  const std::string text = "The request is larger than 6291456 bytes.";
  run({
      {"rest, 7 MB", rest("securityhub", "POST", "/findings/import", seven_mb), 413, "RequestEntityTooLargeException",
       text},
      {"lambda, 7 MB", rest("lambda", "POST", "/2015-03-31/functions/f/invocations", seven_mb), 413,
       "RequestTooLargeException", "7340032 byte payload is too large for the RequestResponse invocation type…"},
      {"json, 7 MB", json("events", "AWSEvents.PutEvents", seven_mb), 413, "RequestEntityTooLargeException", text},
      {"query, 7 MB", query("sqs", "Action=SendMessage&Version=2012-11-05&x=" + seven_mb), 413, "RequestEntityTooLarge",
       text},
      {"rest, 9 MB: the server's limit", rest("securityhub", "POST", "/findings/import", nine_mb), 413,
       "RequestEntityTooLargeException", "The request is too large."},
      {"query, 9 MB: the server's limit", query("sqs", nine_mb), 413, "RequestEntityTooLarge",
       "The request is too large."},
  });
}

TEST_F(RefusalTest, ErrorsOfOperationsHaveTheModelsFormAndStatus) {
  run({
      {"json, of the model", json("events", "AWSEvents.DeleteRule", R"({"Name":"x"})"), 400,
       "ResourceNotFoundException", "Rule x does not exist on EventBus default."},
      {"rest, of the model", rest("securityhub", "GET", "/accounts?HubArn=arn:aws:none", ""), 401,
       "InvalidAccessException", "not subscribed"},
      {"rest, by its code", rest("securityhub", "GET", "/accounts?HubArn=arn:aws:busy", ""), 429, "ThrottlingException",
       "slower, please"},
      {"query, by the wire's code", query("sqs", "Action=SendMessage&Version=2012-11-05&QueueUrl=u&MessageBody=fail"),
       400, "AWS.SimpleQueueService.NonExistentQueue", "no such queue"},
      {"json, by the shape's name", json("sqs", "AmazonSQS.SendMessage", R"({"QueueUrl":"u","MessageBody":"fail"})"),
       400, "QueueDoesNotExist", "no such queue"},
      {"what throws", json("sqs", "AmazonSQS.SendMessage", R"({"QueueUrl":"u","MessageBody":"throw"})"), 500,
       "InternalFailure", "The operation failed inside: thrown by the test"},
  });
}

TEST_F(RefusalTest, QueryModeAddsTheOldErrorCode) {
  auto call = json("sqs", "AmazonSQS.SendMessage", R"({"QueueUrl":"u","MessageBody":"fail"})");
  EXPECT_EQ(stage.send(call).header("x-amzn-query-error"), "");
  call.headers.add("x-amzn-query-mode", "true");
  const auto response = stage.send(call);
  EXPECT_EQ(response.header("x-amzn-query-error"), "AWS.SimpleQueueService.NonExistentQueue;Sender");
  EXPECT_EQ(response.body, R"({"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"no such queue"})");
}

TEST_F(RefusalTest, ThrottledAnswersSayWhenToComeBack) {
  EXPECT_EQ(stage.send(rest("securityhub", "GET", "/accounts?HubArn=arn:aws:busy", "")).header("Retry-After"), "1");
}

}  // namespace
}  // namespace tocsin::api
