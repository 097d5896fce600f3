#include "sigv4/sigv4.h"

#include <cstdio>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "core/json.h"
#include "core/time_format.h"
#include "digest/digest.h"

namespace tocsin::sigv4 {
namespace {

// The key pairs of AWS's own published examples.
constexpr std::string_view iam_secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
constexpr std::string_view s3_secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

Time at(std::string_view basic) {
  return *parse_basic(basic);
}

// AWS General Reference, "Examples of the complete version 4 signing process": ListUsers.
Request list_users(std::string_view authorization) {
  Request request{.method = "GET", .target = "/?Action=ListUsers&Version=2010-05-08", .headers = {}, .body = ""};
  request.headers = {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"},
                     {"Host", "iam.amazonaws.com"},
                     {"X-Amz-Date", "20150830T123600Z"}};
  if (!authorization.empty()) request.headers.push_back({"Authorization", authorization});
  return request;
}
constexpr std::string_view list_users_authorization =
    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, "
    "SignedHeaders=content-type;host;x-amz-date, "
    "Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7";

TEST(SigV4, PublishedExampleStepByStep) {
  const auto request = list_users(list_users_authorization);
  const auto claim = read_claim(request);
  ASSERT_TRUE(claim) << claim.error().message;
  EXPECT_EQ(claim->access_key_id, "AKIDEXAMPLE");
  EXPECT_EQ(digest::sha256_hex(canonical_request(request, *claim)),
            "f536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59");
  EXPECT_EQ(digest::hex(signing_key(iam_secret, claim->scope)),
            "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9");
  EXPECT_TRUE(verify(request, *claim, iam_secret, at("20150830T123600Z")));
}

TEST(SigV4, SignGivesThePublishedHeader) {
  auto request = list_users("");
  request.headers.pop_back();
  const auto added = sign(request, {"AKIDEXAMPLE", iam_secret},
                          {.region = "us-east-1", .service = "iam", .now = at("20150830T123600Z")});
  ASSERT_EQ(added.size(), 2u);
  EXPECT_EQ(added[1].value, list_users_authorization);
}

// Amazon S3 API Reference, "Authenticating requests: using query parameters".
TEST(SigV4, PresignedPublishedExample) {
  const std::string target =
      "/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2F"
      "aws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature="
      "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404";
  Request request{
      .method = "GET", .target = target, .headers = {{"Host", "examplebucket.s3.amazonaws.com"}}, .body = ""};
  const auto claim = read_claim(request);
  ASSERT_TRUE(claim) << claim.error().message;
  EXPECT_TRUE(verify(request, *claim, s3_secret, at("20130524T120000Z")));
  const auto late = verify(request, *claim, s3_secret, at("20130525T000001Z"));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().message, "Signature expired: 20130525T000000Z is now earlier than 20130525T000001Z");
  request.target = "/test.txt";
  EXPECT_EQ(presign(request, {"AKIAIOSFODNN7EXAMPLE", s3_secret},
                    {.region = "us-east-1", .service = "s3", .now = at("20130524T000000Z")}, std::chrono::hours{24}),
            target);
}

struct Refused {
  const char* name;
  std::string authorization;
  const char* aws_code;
  const char* message_part;
};

TEST(SigV4, WrongClaimsAreRefused) {
  const std::string good{list_users_authorization};
  const auto with = [&](std::string_view from, std::string_view to) {
    std::string text = good;
    text.replace(text.find(from), from.size(), to);
    return text;
  };
  const Refused cases[] = {
      {"no algorithm", "Bearer abc", "IncompleteSignature", "Unsupported AWS 'algorithm': 'Bearer'"},
      {"algorithm runs on", "AWS4-HMAC-SHA256x", "IncompleteSignature", "Unsupported"},
      {"nothing in it", "AWS4-HMAC-SHA256 ", "IncompleteSignature", "'Credential' parameter"},
      {"no signature", with(", Signature=", ", Sig="), "IncompleteSignature", "'Signature' parameter"},
      {"short credential", with("/iam/aws4_request", "/iam"), "IncompleteSignature", "5 slash-delimited"},
      {"empty region", with("us-east-1", ""), "IncompleteSignature", "5 slash-delimited"},
      {"host unsigned", with("content-type;host;", "content-type;"), "SignatureDoesNotMatch", "'Host'"},
      {"signature not hexadecimal", with("Signature=5d", "Signature=XX"), "SignatureDoesNotMatch", "conform"},
      {"other day", with("20150830/", "20150831/"), "SignatureDoesNotMatch", "Date in Credential scope"},
      {"other signature", with("Signature=5d", "Signature=6d"), "SignatureDoesNotMatch", "we calculated"},
      {"other region", with("us-east-1", "us-east-2"), "SignatureDoesNotMatch", "we calculated"},
      {"fewer headers", with("content-type;host", "host"), "SignatureDoesNotMatch", "we calculated"},
  };
  for (const auto& test : cases) {
    const auto request = list_users(test.authorization);
    const auto claim = read_claim(request);
    const Result<void> outcome = claim ? verify(request, *claim, iam_secret, at("20150830T123600Z"))
                                       : Result<void>{std::unexpected(claim.error())};
    ASSERT_FALSE(outcome) << test.name;
    EXPECT_EQ(outcome.error().aws_code, test.aws_code) << test.name << ": " << outcome.error().message;
    EXPECT_NE(outcome.error().message.find(test.message_part), std::string::npos)
        << test.name << ": " << outcome.error().message;
  }
  EXPECT_EQ(read_claim(list_users("")).error().aws_code, "MissingAuthenticationToken");
  EXPECT_FALSE(is_signed(list_users("")));
}

TEST(SigV4, ClockSkewIsFifteenMinutesEitherWay) {
  const auto request = list_users(list_users_authorization);
  const auto claim = read_claim(request);
  ASSERT_TRUE(claim);
  EXPECT_TRUE(verify(request, *claim, iam_secret, at("20150830T125100Z")));
  EXPECT_TRUE(verify(request, *claim, iam_secret, at("20150830T122100Z")));
  const auto late = verify(request, *claim, iam_secret, at("20150830T125101Z"));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().message,
            "Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z (20150830T125101Z - 15 min.)");
  const auto early = verify(request, *claim, iam_secret, at("20150830T122059Z"));
  ASSERT_FALSE(early);
  EXPECT_EQ(early.error().message,
            "Signature not yet current: 20150830T123600Z is still later than 20150830T123559Z "
            "(20150830T122059Z + 15 min.)");
}

// Signed, sent, changed on the way: each change is noticed.
TEST(SigV4, AnyChangeOfASignedPartIsNoticed) {
  const Time now = at("20260101T000000Z");
  Request request{.method = "POST",
                  .target = "/tags/arn%3Aaws%3Asecurityhub%3Aus-east-1%3A000000000000%3Ahub%2Fdefault?b=2&a=%20x&a=",
                  .headers = {{"Host", "127.0.0.1:4747"}, {"X-Amz-Target", "A.B"}},
                  .body = "{\"a\":1}"};
  const auto added = sign(request, {"AKIDEXAMPLE", iam_secret, "token"},
                          {.region = "us-east-1", .service = "securityhub", .now = now, .add_payload_hash = true});
  for (const auto& [name, value] : added) request.headers.push_back({name, value});
  const auto outcome = [&](const Request& changed) {
    const auto claim = read_claim(changed);
    return claim && verify(changed, *claim, iam_secret, now).has_value();
  };
  EXPECT_TRUE(outcome(request));
  Request changed = request;
  changed.target = "/tags/arn%3Aaws%3Asecurityhub%3Aus-east-1%3A000000000000%3Ahub%2fdefault?a=&b=2&a=%20x";
  EXPECT_FALSE(outcome(changed));  // the path is signed as it was written
  changed.target = "/tags/arn%3Aaws%3Asecurityhub%3Aus-east-1%3A000000000000%3Ahub%2Fdefault?a&b=2&a=%20x";
  EXPECT_TRUE(outcome(changed));  // the query in any order, with or without an empty value's '='
  changed = request;
  changed.body = "{\"a\":2}";
  EXPECT_FALSE(outcome(changed));
  changed = request;
  changed.method = "PUT";
  EXPECT_FALSE(outcome(changed));
  for (std::size_t i = 0; i < request.headers.size(); ++i) {
    changed = request;
    changed.headers[i].value = "x";
    EXPECT_FALSE(outcome(changed)) << request.headers[i].name;
  }
  changed = request;
  changed.headers[0].value = "  127.0.0.1:4747 ";
  EXPECT_TRUE(outcome(changed));
  changed = request;
  changed.headers.push_back({"X-Amz-Target", "C.D"});
  EXPECT_FALSE(outcome(changed));
}

TEST(SigV4, AnUnsignedTargetIsRefused) {
  const Time now = at("20260101T000000Z");
  Request request{.method = "POST", .target = "/", .headers = {{"Host", "h"}}, .body = "{}"};
  for (const auto& [name, value] :
       sign(request, {"AKIDEXAMPLE", iam_secret}, {.region = "r", .service = "events", .now = now}))
    request.headers.push_back({name == "Authorization" ? "Authorization" : "X-Amz-Date", value});
  auto owned = sign({.method = "POST", .target = "/", .headers = {{"Host", "h"}}, .body = "{}"},
                    {"AKIDEXAMPLE", iam_secret}, {.region = "r", .service = "events", .now = now});
  request.headers = {{"Host", "h"}, {"X-Amz-Target", "AWSEvents.DeleteRule"}};
  for (const auto& header : owned) request.headers.push_back({header.name, header.value});
  const auto claim = read_claim(request);
  ASSERT_TRUE(claim);
  const auto outcome = verify(request, *claim, iam_secret, now);
  ASSERT_FALSE(outcome);
  EXPECT_NE(outcome.error().message.find("X-Amz-Target"), std::string::npos);
}

std::string output_of(const std::string& command) {
  std::string out;
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return out;
  char buffer[65536];
  for (std::size_t n = 0; (n = fread(buffer, 1, sizeof buffer, pipe)) > 0;) out.append(buffer, n);
  pclose(pipe);
  return out;
}

Request request_of(const json::object& recorded) {
  Request request{.method = recorded.at("method").as_string(),
                  .target = recorded.at("target").as_string(),
                  .headers = {},
                  .body = recorded.at("body").as_string()};
  for (const auto& [name, value] : recorded.at("headers").as_object())
    request.headers.push_back({name, value.as_string()});
  return request;
}

// botocore signs odd paths and queries; we verify them and come to the same signature ourselves.
TEST(SigV4, AgreesWithBotocore) {
  const std::string lines =
      output_of("/usr/bin/python3 " TOCSIN_SOURCE_DIR "/src/sigv4/botocore_requests.py 2>/dev/null");
  if (lines.empty()) GTEST_SKIP() << "python3-botocore is not installed";
  std::istringstream stream{lines};
  int count = 0;
  for (std::string line; std::getline(stream, line); ++count) {
    const auto recorded = parse_json_object(line);
    ASSERT_TRUE(recorded) << line;
    const auto request = request_of(*recorded);
    const auto claim = read_claim(request);
    ASSERT_TRUE(claim) << line << "\n" << claim.error().message;
    const auto outcome = verify(request, *claim, recorded->at("secret").as_string(), claim->signed_at);
    EXPECT_TRUE(outcome) << line << "\n" << outcome.error().message << "\n" << canonical_request(request, *claim);
  }
  EXPECT_GE(count, 40);
}

// What three families of clients sent: all of it is understood. Their secret is not recorded, so the signatures
// themselves are checked with requests of our own that sign the same headers.
TEST(SigV4, RecordedClientsAreUnderstood) {
  std::ifstream file{TOCSIN_SHARED_DIR "/data/wire/client-wire-capture.json"};
  if (!file) GTEST_SKIP() << "the recorded client requests are not beside this checkout";
  std::stringstream text;
  text << file.rdbuf();
  const auto recorded = parse_json(text.str());
  ASSERT_TRUE(recorded);
  std::size_t count = 0;
  for (const auto& entry : recorded->as_array()) {
    const auto& object = entry.as_object();
    const std::string_view line = object.at("request").as_string();
    const auto space = line.find(' ');
    Request request{.method = line.substr(0, space),
                    .target = line.substr(space + 1, line.rfind(' ') - space - 1),
                    .headers = {},
                    .body = object.at("body").as_string()};
    for (const auto& [name, value] : object.at("headers").as_object())
      request.headers.push_back({name, value.as_string()});
    const auto claim = read_claim(request);
    ASSERT_TRUE(claim) << line << ": " << claim.error().message;
    EXPECT_EQ(claim->access_key_id, "AKIDEXAMPLE");
    EXPECT_EQ(claim->scope.region, "us-east-1");
    // Signed again over the same headers with a key that is known.
    const auto text_to_sign = string_to_sign(canonical_request(request, *claim), claim->scope, claim->signed_at);
    Claim ours = *claim;
    ours.signature = digest::hex(digest::hmac_sha256(signing_key(iam_secret, claim->scope), text_to_sign));
    if (request.body.starts_with("hex:")) continue;
    const auto outcome = verify(request, ours, iam_secret, claim->signed_at);
    EXPECT_TRUE(outcome) << line << ": " << outcome.error().message;
    ++count;
  }
  EXPECT_GE(count, 50u);
}

}  // namespace
}  // namespace tocsin::sigv4
