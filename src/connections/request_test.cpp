#include "connections/request.h"

#include <gtest/gtest.h>

namespace tocsin::connections {
namespace {

json::object document(std::string_view text) {
  return *parse_json_object(text);
}

std::string header(const Request& request, std::string_view name) {
  for (const auto& [other, value] : request.headers)
    if (other == name) return value;
  return "(none)";
}

TEST(Request, IsBuiltFromDefinitionAndConnection) {
  const Connection connection{.arn = "a",
                              .headers = {{"X-Key", "secret"}, {"X-Both", "connection"}},
                              .query = {{"q", "own"}},
                              .body = {{"added", "b"}},
                              .token = {}};
  const auto request = build(document(R"({"ApiEndpoint":"https://api.example/v1?x=1","Method":"POST",
      "Headers":{"x-both":"definition","X-Mine":"m"},"QueryParameters":{"q":"theirs","list":["a b","c&d"],"n":5},
      "RequestBody":{"a":1,"added":"theirs"}})"),
                             connection);
  ASSERT_TRUE(request) << request.error().cause;
  EXPECT_EQ(request->url, "https://api.example/v1?x=1&list=a%20b&list=c%26d&n=5&q=own");
  EXPECT_EQ(request->body, R"({"a":1,"added":"b"})");
  EXPECT_EQ(header(*request, "X-Both"), "connection");
  EXPECT_EQ(header(*request, "x-both"), "(none)");
  EXPECT_EQ(header(*request, "X-Key"), "secret");
  EXPECT_EQ(header(*request, "X-Mine"), "m");
  EXPECT_EQ(header(*request, "Content-Type"), "application/json;charset=UTF-8");
}

TEST(Request, FormsEncodeArraysInEachFormat) {
  const auto object = document(R"({"array":["a","b"],"o":{"k":"v w"},"n":1,"t":true})");
  EXPECT_EQ(encode_form(object, "INDICES"), "array%5B0%5D=a&array%5B1%5D=b&o%5Bk%5D=v%20w&n=1&t=true");
  EXPECT_EQ(encode_form(object, "REPEAT"), "array=a&array=b&o%5Bk%5D=v%20w&n=1&t=true");
  EXPECT_EQ(encode_form(object, "COMMAS"), "array=a%2Cb&o%5Bk%5D=v%20w&n=1&t=true");
  EXPECT_EQ(encode_form(object, "BRACKETS"), "array%5B%5D=a&array%5B%5D=b&o%5Bk%5D=v%20w&n=1&t=true");
  const auto request = build(document(R"({"ApiEndpoint":"https://a/","Method":"POST","RequestBody":{"x":["1"]},
      "Transform":{"RequestBodyEncoding":"URL_ENCODED","RequestEncodingOptions":{"ArrayFormat":"BRACKETS"}}})"),
                             {});
  ASSERT_TRUE(request);
  EXPECT_EQ(request->body, "x%5B%5D=1");
  EXPECT_EQ(header(*request, "Content-Type"), "application/x-www-form-urlencoded");
}

TEST(Request, WrongParametersAreRefused) {
  for (
      const auto* parameters :
      {R"({"ApiEndpoint":"ftp://a/","Method":"GET"})", R"({"ApiEndpoint":"https://a/","Method":"TRACE"})",
       R"({"ApiEndpoint":"https://a/#f","Method":"GET"})", R"({"ApiEndpoint":"https://a/"})",
       R"({"ApiEndpoint":"https://a/","Method":"GET","Headers":{"Host":"b"}})",
       R"({"ApiEndpoint":"https://a/","Method":"GET","Headers":{"X-Amz-Date":"b"}})",
       R"({"ApiEndpoint":"https://a/","Method":"GET","Headers":{"A":{}}})",
       R"({"ApiEndpoint":"https://a/","Method":"GET","QueryParameters":[1]})",
       R"({"ApiEndpoint":"https://a/","Method":"POST","RequestBody":"x","Transform":{"RequestBodyEncoding":"URL_ENCODED"}})",
       R"({"ApiEndpoint":"https://a/","Method":"POST","RequestBody":{},"Transform":{"RequestBodyEncoding":"X"}})"}) {
    const auto request = build(document(parameters), {});
    ASSERT_FALSE(request) << parameters;
    EXPECT_EQ(request.error().error, "States.Runtime");
  }
  EXPECT_FALSE(connection_of(document(R"({"Authentication":{"ConnectionArn":"x"}})")));
}

TEST(Answer, IsTheTasksResultOrFailure) {
  const auto result = judge({.status = 200,
                             .status_text = "OK",
                             .body = R"({"a":1})",
                             .headers = {{"content-type", "application/json"}, {"x", "1"}, {"x", "2"}}});
  ASSERT_TRUE(result);
  EXPECT_EQ(to_json(*result),
            R"({"Headers":{"content-type":["application/json"],"x":["1","2"]},"ResponseBody":{"a":1},"StatusCode":200,)"
            R"("StatusText":"OK"})");
  const auto text = judge({.status = 201, .status_text = "Created", .body = "plain", .headers = {}});
  EXPECT_EQ(string_at(text->as_object(), "ResponseBody"), "plain");
  const auto missing = judge({.status = 404, .status_text = "Not Found", .body = "no such", .headers = {}});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().error, "States.Http.StatusCode.404");
  EXPECT_EQ(missing.error().cause, "no such");
  EXPECT_EQ(judge({.status = 200, .status_text = {}, .body = {}, .headers = {}, .is_cut = true}).error().error,
            "States.DataLimitExceeded");
}

TEST(Token, IsAskedForWithTheClientsCredentials) {
  const Connection::TokenSource source{.endpoint = "https://auth/token",
                                       .method = "POST",
                                       .client_id = "me",
                                       .client_secret = "s&",
                                       .headers = {},
                                       .query = {{"v", "2"}},
                                       .body = {{"scope", "all"}}};
  const auto request = build_token_request(source);
  EXPECT_EQ(request.url, "https://auth/token?v=2");
  EXPECT_EQ(request.body, "scope=all&grant_type=client_credentials&client_id=me&client_secret=s%26");
  EXPECT_EQ(*read_token(200, R"({"access_token":"t","token_type":"Bearer"})"), "t");
  EXPECT_FALSE(read_token(200, "{}"));
  EXPECT_FALSE(read_token(401, R"({"access_token":"t"})"));
}

TEST(Shown, SecretsAreLeftOutUnlessAskedFor) {
  const auto parameters = document(R"({"ApiEndpoint":"https://a/","Method":"GET"})");
  const Connection connection{
      .arn = {}, .headers = {{"Authorization", "Basic abc"}}, .query = {{"key", "hidden"}}, .body = {}, .token = {}};
  const auto request = build(parameters, connection);
  EXPECT_EQ(to_json(show_request(*request, parameters, connection, false)).find("hidden"), std::string::npos);
  EXPECT_EQ(to_json(show_request(*request, parameters, connection, false)).find("abc"), std::string::npos);
  EXPECT_NE(to_json(show_request(*request, parameters, connection, true)).find("hidden"), std::string::npos);
}

}  // namespace
}  // namespace tocsin::connections
