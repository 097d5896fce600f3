#include "webhook/detail/request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "webhook/webhook.h"

namespace tocsin::webhook {
namespace {

using namespace std::chrono_literals;

store::Due delivery(std::string url, std::string context = {}) {
  store::Due due;
  due.destination = std::move(url);
  due.payload = "body";
  due.context = std::move(context);
  due.key = "the-key";
  return due;
}

TEST(Printable, ShowsHostAndLastFourAndNoMore) {
  const struct {
    std::string_view url, shown;
  } cases[] = {
      {"https://hooks.slack.com/services/T000/B000/abcdefghijkl", "https://hooks.slack.com/…ijkl"},
      {"http://127.0.0.1:8080/", "http://127.0.0.1:8080/"},
      {"http://127.0.0.1:8080", "http://127.0.0.1:8080"},
      {"http://example.org/short", "http://example.org/…"},
      {"https://user:password@example.org/a/long/path?token=secret99", "https://example.org/…et99"},
      {"https://example.org?token=0123456789abcdef", "https://example.org/…cdef"},
      {"not a url", "(no web address)"},
      {"ftp://example.org/a", "(no web address)"},
  };
  for (const auto& c : cases) EXPECT_EQ(printable(c.url), c.shown) << c.url;
}

TEST(Request, CarriesKeyHeadersAndPace) {
  const auto request =
      read_request(delivery("https://example.org/hook",
                            R"({"headers":{"Content-Type":"application/json","X-Empty":""},"pace_ms":250})"),
                   1000ms);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->host, "example.org:443");
  EXPECT_EQ(request->pace, 250ms);
  EXPECT_THAT(request->headers, testing::ElementsAre("Idempotency-Key: the-key", "Content-Type: application/json",
                                                     "X-Empty;", "Expect:"));
  EXPECT_EQ(read_request(delivery("http://[::1]:80/x"), 1000ms)->host, "[::1]:80");
  EXPECT_EQ(read_request(delivery("http://[::1]/x"), 1000ms)->host, "[::1]:80");
  EXPECT_EQ(read_request(delivery("https://hooks.slack.com/services/x"), 1000ms)->pace, 1000ms);
}

TEST(Request, WhatCannotBeSentIsFinal) {
  for (const auto& due : {
           delivery(""),
           delivery("file:///etc/passwd"),
           delivery("gopher://example.org/"),
           delivery("http:///path"),
           delivery("http://exa mple.org/"),
           delivery("http://example.org/\r\nX: y"),
           delivery("http://example.org/", R"({"headers":{"X":"a\r\nY: b"}})"),
           delivery("http://example.org/", R"({"headers":{"a b":"c"}})"),
           delivery("http://example.org/", R"({"headers":{"":"c"}})"),
           delivery("http://example.org/", R"({"headers":{"X":1}})"),
           delivery("http://example.org/", "not json"),
       }) {
    const auto request = read_request(due, 1000ms);
    ASSERT_FALSE(request) << due.destination << due.context;
    EXPECT_EQ(request.error().code, ErrorCode::validation);
  }
}

TEST(Judge, StatusesMeanDoneAgainOrNever) {
  const Request request{
      .url = "https://example.org/services/secretsecret", .host = "", .body = "", .headers = {}, .pace = {}};
  for (const long status : {200, 201, 202, 204, 299}) EXPECT_TRUE(judge(request, {.status = status}).result) << status;
  for (const long status : {301, 302, 307, 408, 425, 429, 500, 502, 503, 504, 599}) {
    const auto outcome = judge(request, {.status = status, .retry_after = 7s});
    ASSERT_FALSE(outcome.result);
    EXPECT_EQ(outcome.result.error().code, ErrorCode::unavailable) << status;
    EXPECT_EQ(outcome.pause, 7s);
  }
  for (const long status : {0, 100, 400, 401, 403, 404, 410, 413, 422})
    EXPECT_EQ(judge(request, {.status = status}).result.error().code, ErrorCode::validation) << status;
  EXPECT_EQ(judge(request, {.status = 429, .retry_after = 24h}).pause, 5min);
  EXPECT_EQ(judge(request, {.status = 400, .retry_after = 0s, .beginning = "invalid_payload\n"}).result.error().message,
            "https://example.org/…cret answered 400 (invalid_payload)");
  EXPECT_EQ(judge(request, {.status = 404, .retry_after = 0s, .beginning = "no /services/secretsecret"})
                .result.error()
                .message,
            "https://example.org/…cret answered 404");
}

}  // namespace
}  // namespace tocsin::webhook
