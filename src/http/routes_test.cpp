#include "http/routes.h"

#include <future>

#include <gtest/gtest.h>

namespace tocsin::http {
namespace {

class Mailbox final : public Responder::Channel {
 public:
  void send(std::move_only_function<Response()> make) override { promise.set_value(make()); }
  void on_gone(std::function<void()>) override {}
  bool gone() const override { return false; }
  std::promise<Response> promise;
};

Response ask(const Routes& routes, Request request) {
  auto mailbox = std::make_shared<Mailbox>();
  auto future = mailbox->promise.get_future();
  routes(std::move(request), Responder{mailbox});
  return future.get();
}

Request get(std::string target, Headers headers = {}) {
  return {.method = "GET", .target = std::move(target), .headers = std::move(headers), .body = {}, .remote = {}};
}

TEST(Routes, PagesHaveETagsAndAnswerNotModified) {
  Pool pool{1};
  Routes routes{pool};
  routes.page("/feed", [](const Request&) -> Result<Page> { return Page{.body = "192.0.2.1/32\n"}; });
  const auto full = ask(routes, get("/feed?token=x"));
  EXPECT_EQ(full.status, 200);
  EXPECT_EQ(full.body, "192.0.2.1/32\n");
  const std::string etag{full.headers.get("etag")};
  ASSERT_FALSE(etag.empty());
  for (const auto& given : {etag, "W/" + etag, "\"other\", " + etag, std::string("*")}) {
    const auto same = ask(routes, get("/feed", {{"If-None-Match", given}}));
    EXPECT_EQ(same.status, 304) << given;
    EXPECT_EQ(same.body, "");
  }
  EXPECT_EQ(ask(routes, get("/feed", {{"If-None-Match", "\"other\""}})).status, 200);
  Request post = get("/feed");
  post.method = "POST";
  EXPECT_EQ(ask(routes, post).status, 405);
}

TEST(Routes, ErrorsOfPagesAreStatuses) {
  Pool pool{1};
  Routes routes{pool};
  routes.page("/denied", [](const Request&) -> Result<Page> { return fail(ErrorCode::denied, "no token"); });
  EXPECT_EQ(ask(routes, get("/denied")).status, 403);
  EXPECT_EQ(ask(routes, get("/nowhere")).status, 404);
  routes.otherwise(
      [](Request, Responder responder) { responder.send(Response{.status = 202, .headers = {}, .body = {}}); });
  EXPECT_EQ(ask(routes, get("/nowhere")).status, 202);
}

TEST(Routes, ReadyTellsWhyNot) {
  Pool pool{1};
  Routes routes{pool};
  bool ready = true;
  routes.health([&ready]() -> Result<void> {
    if (ready) return {};
    return fail(ErrorCode::unavailable, "the disk is full");
  });
  EXPECT_EQ(ask(routes, get("/healthz")).status, 200);
  EXPECT_EQ(ask(routes, get("/readyz")).status, 200);
  ready = false;
  const auto response = ask(routes, get("/readyz"));
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(response.body, "not ready: the disk is full\n");
  EXPECT_EQ(ask(routes, get("/healthz")).status, 200);
}

TEST(Pool, RefusesPastItsBound) {
  Pool pool{1, 1};
  std::promise<void> go, started;
  ASSERT_TRUE(pool.submit([&] {
    started.set_value();
    go.get_future().wait();
  }));
  started.get_future().wait();
  EXPECT_TRUE(pool.submit([] {}));
  EXPECT_FALSE(pool.submit([] {}));
  go.set_value();
  pool.stop();
  EXPECT_FALSE(pool.submit([] {}));
}

}  // namespace
}  // namespace tocsin::http
