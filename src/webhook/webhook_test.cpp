#include "webhook/webhook.h"

#include <cstdlib>
#include <filesystem>
#include <future>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "webhook/receiver_test.h"

namespace tocsin::webhook {
namespace {

using namespace std::chrono_literals;

// Long enough for a busy machine; only a receiver that never answers is given less.
Options quick() {
  Options options;
  options.total_max = 10s;
  return options;
}

store::Due delivery(std::string url, std::string key = "key-1") {
  store::Due due;
  due.kind = "webhook";
  due.destination = std::move(url);
  due.payload = R"({"text":"hello"})";
  due.context = R"({"headers":{"Content-Type":"application/json","x-amz-sns-message-type":"Notification"}})";
  due.key = std::move(key);
  return due;
}

std::future<store::Outcome> send(Webhooks& webhooks, store::Due due) {
  auto promise = std::make_shared<std::promise<store::Outcome>>();
  auto future = promise->get_future();
  webhooks.send(std::move(due), [promise](store::Outcome outcome) { promise->set_value(std::move(outcome)); });
  return future;
}

store::Outcome outcome_of(std::future<store::Outcome> future) {
  if (future.wait_for(20s) == std::future_status::ready) return future.get();
  return fail(ErrorCode::corrupt, "nothing was reported");
}

TEST(Webhook, APostArrivesAsItWasGiven) {
  Receiver receiver;
  Webhooks webhooks{quick()};
  const auto outcome = outcome_of(send(webhooks, delivery(receiver.url("/services/T/B/x?y=1"))));
  ASSERT_TRUE(outcome.result) << outcome.result.error().message;
  const auto seen = receiver.seen().at(0);
  EXPECT_EQ(seen.path, "/services/T/B/x?y=1");
  EXPECT_EQ(seen.body, R"({"text":"hello"})");
  EXPECT_EQ(seen.headers.at("idempotency-key"), "key-1");
  EXPECT_EQ(seen.headers.at("content-type"), "application/json");
  EXPECT_EQ(seen.headers.at("x-amz-sns-message-type"), "Notification");
  EXPECT_EQ(seen.headers.at("user-agent"), "Tocsin");
  EXPECT_FALSE(seen.headers.contains("expect"));
}

// Whoever answers must not decide where the message goes.
TEST(Webhook, ARedirectIsNotFollowed) {
  Receiver elsewhere;
  for (const int status : {301, 302, 303, 307, 308}) {
    Receiver receiver{[&](const Receiver::Seen&, std::size_t) {
      return Receiver::answer(status, "Location: " + elsewhere.url("/inside") + "\r\n");
    }};
    Webhooks webhooks{quick()};
    const auto outcome = outcome_of(send(webhooks, delivery(receiver.url())));
    ASSERT_FALSE(outcome.result);
    EXPECT_EQ(outcome.result.error().code, ErrorCode::unavailable);
    EXPECT_NE(outcome.result.error().message.find("redirects are not followed"), std::string::npos);
  }
  EXPECT_TRUE(elsewhere.seen().empty());
}

TEST(Webhook, AnswersAreJudged) {
  const struct {
    std::string said;
    std::optional<ErrorCode> error;
    Microseconds pause;
  } cases[] = {
      {Receiver::answer(204, "", ""), std::nullopt, 0s},
      {Receiver::answer(500), ErrorCode::unavailable, 0s},
      {Receiver::answer(503, "Retry-After: 17\r\n"), ErrorCode::unavailable, 17s},
      {Receiver::answer(429, "Retry-After: 3\r\n"), ErrorCode::unavailable, 3s},
      {Receiver::answer(404), ErrorCode::validation, 0s},
      {Receiver::answer(302, "Location: http://127.0.0.1:1/elsewhere\r\n"), ErrorCode::unavailable, 0s},
      {"", ErrorCode::unavailable, 0s},
      {"reset", ErrorCode::unavailable, 0s},
      {"silence", ErrorCode::unavailable, 0s},
      {"rubbish\r\n\r\n", ErrorCode::unavailable, 0s},
      {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort", ErrorCode::unavailable, 0s},
      {Receiver::answer(200, "", std::string(1'000'000, 'x')), std::nullopt, 0s},
  };
  for (const auto& c : cases) {
    Receiver receiver{[&](const Receiver::Seen&, std::size_t) { return c.said; }};
    Options options = quick();
    if (c.said == "silence") options.total_max = 500ms;
    Webhooks webhooks{options};
    const auto outcome = outcome_of(send(webhooks, delivery(receiver.url("/a/very/long/secret"))));
    const std::string what = c.said.substr(0, 40);
    ASSERT_EQ(outcome.result.has_value(), !c.error) << what;
    EXPECT_TRUE(outcome.tried) << what;
    EXPECT_EQ(outcome.pause, c.pause) << what;
    if (outcome.result) continue;
    EXPECT_EQ(outcome.result.error().code, *c.error) << what << outcome.result.error().message;
    EXPECT_THAT(outcome.result.error().message, testing::HasSubstr("http://127.0.0.1:")) << what;
    EXPECT_THAT(outcome.result.error().message, testing::Not(testing::HasSubstr("very/long"))) << what;
    EXPECT_EQ(receiver.seen().size(), 1u) << what;
  }
}

TEST(Webhook, NobodyThereIsTriedAgainAndNonsenseIsNot) {
  std::string closed;
  {
    Receiver receiver;
    closed = receiver.url();
  }
  Webhooks webhooks{quick()};
  EXPECT_EQ(outcome_of(send(webhooks, delivery(closed))).result.error().code, ErrorCode::unavailable);
  EXPECT_EQ(outcome_of(send(webhooks, delivery("http://does-not-exist.invalid/hook"))).result.error().code,
            ErrorCode::unavailable);
  EXPECT_EQ(outcome_of(send(webhooks, delivery("http://127.0.0.1:99999/hook"))).result.error().code,
            ErrorCode::validation);
  EXPECT_EQ(outcome_of(send(webhooks, delivery("file:///etc/passwd"))).result.error().code, ErrorCode::validation);
}

TEST(Webhook, SlowReceiversDelayNobodyElse) {
  std::vector<std::unique_ptr<Receiver>> slow;
  for (int i = 0; i < 8; ++i)
    slow.push_back(std::make_unique<Receiver>([](const Receiver::Seen&, std::size_t) { return "silence"; }));
  Receiver fast;
  Options options = quick();
  options.pause_max = 10ms;
  Webhooks webhooks{options};
  std::vector<std::future<store::Outcome>> waiting;
  for (std::size_t i = 0; i < 40; ++i)
    waiting.push_back(send(webhooks, delivery(slow[i % 8]->url(), "slow" + std::to_string(i))));
  for (auto& receiver : slow) ASSERT_TRUE(receiver->wait_for(2));
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < 20; ++i)
    ASSERT_TRUE(outcome_of(send(webhooks, delivery(fast.url(), "fast" + std::to_string(i)))).result);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
  for (auto& receiver : slow) EXPECT_EQ(receiver->seen().size(), 2u);  // no more than two at once
  slow.clear();
  for (auto& future : waiting) EXPECT_FALSE(outcome_of(std::move(future)).result);
}

TEST(Webhook, APacedReceiverIsNotHurried) {
  Receiver receiver;
  Webhooks webhooks{quick()};
  std::vector<std::future<store::Outcome>> all;
  for (int i = 0; i < 4; ++i) {
    auto due = delivery(receiver.url(), "k" + std::to_string(i));
    due.context = R"({"pace_ms":120})";
    all.push_back(send(webhooks, std::move(due)));
  }
  for (auto& future : all) ASSERT_TRUE(outcome_of(std::move(future)).result);
  const auto seen = receiver.seen();
  EXPECT_GE(seen.back().at - seen.front().at, 300ms);  // 360 but for when threads are woken; LinesTest is exact
}

TEST(Webhook, AReceiverThatAsksForTimeGetsIt) {
  Receiver receiver{[](const Receiver::Seen&, std::size_t) { return Receiver::answer(429, "Retry-After: 40\r\n"); }};
  Webhooks webhooks{quick()};
  EXPECT_EQ(outcome_of(send(webhooks, delivery(receiver.url(), "first"))).pause, 40s);
  const auto second = outcome_of(send(webhooks, delivery(receiver.url(), "second")));
  ASSERT_FALSE(second.result);
  EXPECT_FALSE(second.tried);
  EXPECT_GT(second.pause, 30s);
  EXPECT_EQ(receiver.seen().size(), 1u);
}

TEST(Webhook, TheSameKeyIsNotSentTwiceAtOnce) {
  Receiver receiver{[](const Receiver::Seen&, std::size_t) { return "slow"; }};
  Webhooks webhooks{quick()};
  auto first = send(webhooks, delivery(receiver.url()));
  const auto second = outcome_of(send(webhooks, delivery(receiver.url())));
  EXPECT_FALSE(second.tried);
  EXPECT_TRUE(outcome_of(std::move(first)).result);
  EXPECT_EQ(receiver.seen().size(), 1u);
}

TEST(Webhook, StoppingFinishesWhatIsUnderWayAndGivesBackTheRest) {
  Receiver receiver{[](const Receiver::Seen&, std::size_t) { return "slow"; }};
  Webhooks webhooks{quick()};
  std::vector<std::future<store::Outcome>> all;
  for (int i = 0; i < 5; ++i) all.push_back(send(webhooks, delivery(receiver.url(), "k" + std::to_string(i))));
  ASSERT_TRUE(receiver.wait_for(2));
  webhooks.stop();
  int done = 0, given_back = 0;
  for (auto& future : all) {
    const auto outcome = outcome_of(std::move(future));
    if (outcome.result) ++done;
    if (!outcome.tried) ++given_back;
  }
  EXPECT_EQ(done, 2);
  EXPECT_EQ(given_back, 3);
  EXPECT_FALSE(outcome_of(send(webhooks, delivery(receiver.url(), "late"))).tried);
}

// A server with a certificate that nobody knows is not talked to; once its issuer is trusted, it is.
TEST(Webhook, CertificatesAreVerified) {
  char pattern[] = "/tmp/tocsin-webhook-XXXXXX";
  ASSERT_NE(mkdtemp(pattern), nullptr);
  const std::string folder = pattern;
  const std::string make =
      "openssl req -x509 -newkey rsa:2048 -nodes -keyout " + folder + "/key.pem -out " + folder +
      "/cert.pem -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1 >/dev/null 2>&1";
  const std::string serve =
      "python3 -c \"import http.server,ssl,sys\n"
      "class H(http.server.BaseHTTPRequestHandler):\n"
      "  def do_POST(self):\n"
      "    self.rfile.read(int(self.headers['content-length'])); self.send_response(200); self.end_headers()\n"
      "s=http.server.HTTPServer(('127.0.0.1',0),H)\n"
      "c=ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER); c.load_cert_chain('" +
      folder + "/cert.pem','" + folder +
      "/key.pem'); s.socket=c.wrap_socket(s.socket,server_side=True)\n"
      "print(s.server_port,flush=True)\n"
      "[s.handle_request() for i in range(2)]\" 2>/dev/null";
  if (std::system(make.c_str()) != 0) GTEST_SKIP() << "there is no openssl command to make a certificate";
  std::FILE* const server = ::popen(serve.c_str(), "r");
  ASSERT_NE(server, nullptr);
  int port = 0;
  if (std::fscanf(server, "%d", &port) != 1) GTEST_SKIP() << "there is no python3 to serve TLS";
  const std::string url = "https://127.0.0.1:" + std::to_string(port) + "/hook";
  {
    Webhooks distrustful{quick()};
    const auto refused = outcome_of(send(distrustful, delivery(url)));
    ASSERT_FALSE(refused.result);
    EXPECT_EQ(refused.result.error().code, ErrorCode::unavailable);
    EXPECT_THAT(refused.result.error().message, testing::HasSubstr("certificate"));
  }
  Options options = quick();
  options.ca_file = folder + "/cert.pem";
  Webhooks trusting{options};
  const auto accepted = outcome_of(send(trusting, delivery(url)));
  EXPECT_TRUE(accepted.result) << accepted.result.error().message;
  ::pclose(server);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace tocsin::webhook
