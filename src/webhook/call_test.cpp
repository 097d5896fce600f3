#include <future>

#include <gtest/gtest.h>

#include "webhook/receiver_test.h"
#include "webhook/webhook.h"

namespace tocsin::webhook {
namespace {

Result<HttpAnswer> call(Webhooks& webhooks, HttpCall call) {
  std::promise<Result<HttpAnswer>> answer;
  webhooks.call(std::move(call), "k", [&](Result<HttpAnswer> given) { answer.set_value(std::move(given)); });
  return answer.get_future().get();
}

TEST(Call, GivesTheAnswerWhateverItsStatus) {
  Receiver receiver{[](const Receiver::Seen& seen, std::size_t) {
    return Receiver::answer(seen.path == "/no" ? 404 : 200, "X-Own: a\r\nX-Own: b\r\n", "body of " + seen.path);
  }};
  Webhooks webhooks;
  auto good = call(webhooks, {.method = "GET", .url = receiver.url("/yes"), .body = {}, .headers = {{"X-In", "1"}}});
  ASSERT_TRUE(good) << good.error().message;
  EXPECT_EQ(good->status, 200);
  EXPECT_EQ(good->status_text, "X");
  EXPECT_EQ(good->body, "body of /yes");
  EXPECT_EQ(std::count(good->headers.begin(), good->headers.end(), std::pair<std::string, std::string>("x-own", "b")),
            1);
  auto missing = call(webhooks, {.method = "DELETE", .url = receiver.url("/no"), .body = "{}", .headers = {}});
  ASSERT_TRUE(missing);
  EXPECT_EQ(missing->status, 404);
  EXPECT_EQ(receiver.seen().at(0).headers.at("x-in"), "1");
  EXPECT_EQ(receiver.seen().at(1).body, "{}");
}

TEST(Call, FailuresAreErrorsAndNoPauseFollows) {
  Receiver receiver{[](const Receiver::Seen&, std::size_t number) {
    return number <= 2 ? std::string("reset") : Receiver::answer(200);
  }};
  Webhooks webhooks;
  for (int i = 0; i < 2; ++i) {
    const auto broken = call(webhooks, {.method = "POST", .url = receiver.url(), .body = "x", .headers = {}});
    ASSERT_FALSE(broken);
    EXPECT_EQ(broken.error().code, ErrorCode::unavailable);
  }
  EXPECT_TRUE(call(webhooks, {.method = "POST", .url = receiver.url(), .body = "x", .headers = {}}));
}

TEST(Call, LongAnswersAreCut) {
  Receiver receiver{
      [](const Receiver::Seen&, std::size_t) { return Receiver::answer(200, "", std::string(100'000, 'x')); }};
  Webhooks webhooks;
  const auto answer =
      call(webhooks, {.method = "GET", .url = receiver.url(), .body = {}, .headers = {}, .answer_bytes_max = 5000});
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->is_cut);
  EXPECT_LE(answer->body.size(), 5000u);
}

TEST(Call, WhatMustNotBeCalledIsRefused) {
  Webhooks webhooks;
  for (const auto* url : {"http://169.254.169.254/latest/meta-data/", "http://[fe80::1]/", "file:///etc/passwd",
                          "http://[::ffff:169.254.169.254]/", "http://user:pass@127.0.0.1/", "http://a b/"}) {
    const auto refused = call(webhooks, {.method = "GET", .url = url, .body = {}, .headers = {}});
    ASSERT_FALSE(refused) << url;
    EXPECT_EQ(refused.error().code, ErrorCode::validation) << url << ": " << refused.error().message;
  }
  const auto split =
      call(webhooks, {.method = "GET", .url = "http://127.0.0.1/", .body = {}, .headers = {{"A", "b\r\nC: d"}}});
  EXPECT_FALSE(split);
}

}  // namespace
}  // namespace tocsin::webhook
