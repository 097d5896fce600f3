#include "http/server.h"

#include <future>
#include <mutex>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "http/client_for_test.h"

namespace tocsin::http {
namespace {

using namespace std::chrono_literals;

std::unique_ptr<Server> start(Handler handler, ServerOptions options = {}) {
  options.listen = "127.0.0.1:0";
  auto server = Server::listen(std::move(options), std::move(handler));
  check(server.has_value(), "the test server listens");
  (*server)->start();
  return std::move(*server);
}

void echo(Request request, Responder responder) {
  Response response{.headers = {{"X-Method", request.method}, {"X-Target", request.target}}, .body = request.body};
  responder.send(std::move(response));
}

TEST(Server, AnswersSeveralRequestsOnOneConnection) {
  const auto server = start(echo);
  TestClient client{server->port()};
  for (int i = 0; i < 3; ++i) {
    client.send("POST /a?b=c HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello");
    const auto response = client.receive();
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.body, "hello");
    EXPECT_EQ(response.header("X-Target"), "/a?b=c");
    EXPECT_EQ(response.header("Connection"), "keep-alive");
  }
  // Two at once: answered in order.
  client.send("GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(client.receive().header("X-Target"), "/1");
  EXPECT_EQ(client.receive().header("X-Target"), "/2");
  EXPECT_TRUE(client.at_end());
}

TEST(Server, TakesChunkedBodiesAndAbsoluteTargets) {
  const auto server = start(echo);
  TestClient client{server->port()};
  client.send(
      "POST http://proxy/x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
  const auto response = client.receive();
  EXPECT_EQ(response.body, "abcde");
  EXPECT_EQ(response.header("X-Target"), "/x");
}

TEST(Server, HeadHasALengthAndNoBody) {
  const auto server =
      start([](Request, Responder responder) { responder.send(Response{.headers = {}, .body = "12345"}); });
  TestClient client{server->port()};
  client.send("HEAD / HTTP/1.1\r\nHost: h\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n");
  const auto head = client.receive(false);
  EXPECT_EQ(head.header("Content-Length"), "5");
  EXPECT_EQ(client.receive().body, "12345");
}

TEST(Server, ContinuesWhereTheClientWaitsForIt) {
  const auto server = start(echo);
  TestClient client{server->port()};
  client.send("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(client.receive().status, 100);
  client.send("ok");
  EXPECT_EQ(client.receive().body, "ok");
}

struct Refused {
  const char* name;
  std::string bytes;
  int status;
};

TEST(Server, LimitsAndBrokenRequestsAreRefusedAndTheServerGoesOn) {
  const auto server = start(echo, {.header_bytes_max = 4096, .body_bytes_max = 1000});
  const std::string post = "POST / HTTP/1.1\r\nHost: h\r\n";
  const Refused cases[] = {
      {"a body too long", post + "Content-Length: 1001\r\n\r\n" + std::string(1001, 'x'), 413},
      {"far too long, and waiting for leave", post + "Content-Length: 99999999999\r\nExpect: 100-continue\r\n\r\n",
       413},
      {"chunks too long", post + "Transfer-Encoding: chunked\r\n\r\n3e9\r\n" + std::string(1001, 'x') + "\r\n0\r\n\r\n",
       413},
      {"a head too long", "GET / HTTP/1.1\r\nX: " + std::string(5000, 'x') + "\r\n\r\n", 431},
      {"no HTTP", "hello there\r\n\r\n", 400},
      {"a wrong length", post + "Content-Length: -1\r\n\r\n", 400},
      {"two lengths", post + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400},
      {"length and chunks", post + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"wrong chunk size", post + "Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400},
      {"a control byte in a header",
       "GET / HTTP/1.1\r\nX: a\x01"
       "b\r\n\r\n",
       400},
      {"TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400},
  };
  for (const auto& test : cases) {
    TestClient client{server->port()};
    client.send(test.bytes);
    client.finish_sending();
    EXPECT_EQ(client.receive().status, test.status) << test.name;
    EXPECT_TRUE(client.at_end()) << test.name;
    TestClient next{server->port()};
    next.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_EQ(next.receive().status, 200) << "after: " << test.name;
  }
}

TEST(Server, AClientThatStopsInTheMiddleIsLetGo) {
  const auto server = start(echo);
  for (const char* part : {"", "PO", "POST / HTTP/1.1\r\nHost", "POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc"}) {
    TestClient client{server->port()};
    client.send(part);
    client.finish_sending();
    EXPECT_TRUE(client.at_end()) << part;
  }
}

// Whoever only announces bodies keeps nobody else out; what is sent counts.
TEST(Server, BodiesThatAreOnlyAnnouncedTakeNoRoom) {
  const auto server = start(echo, {.bodies_bytes_max = 1000});
  std::vector<std::unique_ptr<TestClient>> silent;
  for (int i = 0; i < 10; ++i) {
    silent.push_back(std::make_unique<TestClient>(server->port()));
    silent.back()->send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\n");
  }
  const auto post = [&](std::size_t bytes) {
    TestClient client{server->port()};
    client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(bytes) + "\r\n\r\n" +
                std::string(bytes, 'b'));
    return client.receive().status;
  };
  EXPECT_EQ(post(900), 200);
  EXPECT_EQ(post(1100), 503);
  EXPECT_EQ(post(900), 200);
}

// One that fills its share is told so, and nobody else is.
TEST(Server, NoClientTakesTheRoomOfOthers) {
  const auto server = start(echo, {.bodies_bytes_max = 1000, .client_bodies_bytes_max = 600});
  const auto post = [&](const char* from, std::size_t bytes) {
    TestClient client{server->port(), from};
    client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(bytes) + "\r\n\r\n" +
                std::string(bytes, 'b'));
    return client.receive().status;
  };
  TestClient greedy{server->port(), "127.0.0.2"};
  greedy.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 600\r\n\r\n" + std::string(550, 'b'));
  for (int i = 0; i < 200 && post("127.0.0.2", 100) != 429; ++i) std::this_thread::sleep_for(10ms);
  EXPECT_EQ(post("127.0.0.2", 100), 429);
  EXPECT_EQ(post("127.0.0.3", 400), 200);
  EXPECT_EQ(post("127.0.0.3", 700), 429);
  greedy.close();
  for (int i = 0; i < 200 && post("127.0.0.2", 100) != 200; ++i) std::this_thread::sleep_for(10ms);
  EXPECT_EQ(post("127.0.0.2", 600), 200) << "what is given back is there again";
}

TEST(Server, NoClientTakesAllConnections) {
  const auto server = start(echo, {.client_connections_max = 2});
  const auto get = [&](TestClient& client) {
    client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    return client.receive().status;
  };
  {
    TestClient first{server->port(), "127.0.0.2"}, second{server->port(), "127.0.0.2"};
    EXPECT_EQ(get(first), 200);
    EXPECT_EQ(get(second), 200);
    TestClient third{server->port(), "127.0.0.2"};
    EXPECT_TRUE(third.at_end());
    TestClient other{server->port(), "127.0.0.3"};
    EXPECT_EQ(get(other), 200);
  }
  int status = 0;
  for (int i = 0; i < 200 && status != 200; ++i) {
    TestClient again{server->port(), "127.0.0.2"};
    status = get(again);
    if (status != 200) std::this_thread::sleep_for(10ms);
  }
  EXPECT_EQ(status, 200);
}

TEST(Server, SlowHeadsTimeOut) {
  const auto server = start(echo, {.head_timeout = 50ms, .idle_timeout = 50ms});
  TestClient idle{server->port()};
  EXPECT_TRUE(idle.at_end());
  TestClient slow{server->port()};
  slow.send("GET / HTTP/1.1\r\nHo");
  EXPECT_TRUE(slow.at_end());
}

TEST(Server, TellsWhenAWaitingClientGoesAway) {
  std::promise<void> gone, asked;
  const auto server = start([&](Request, Responder responder) {
    responder.on_gone([&gone, keep = responder] { gone.set_value(); });
    asked.set_value();
  });
  TestClient client{server->port()};
  client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  asked.get_future().wait();
  client.close();
  EXPECT_EQ(gone.get_future().wait_for(10s), std::future_status::ready);
}

TEST(Server, AnUnansweredRequestGets500) {
  const auto server = start([](Request, Responder) {});
  TestClient client{server->port()};
  client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(client.receive().status, 500);
}

TEST(Server, StopFinishesWhatIsUnderWay) {
  std::promise<void> asked;
  std::thread answering;
  auto server = start([&](Request, Responder responder) {
    answering = std::thread{[responder, &asked] {
      asked.set_value();
      std::this_thread::sleep_for(100ms);
      responder.send(Response{.headers = {}, .body = "done"});
    }};
  });
  TestClient idle{server->port()};
  TestClient client{server->port()};
  client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  asked.get_future().wait();
  server->stop(10s);
  const auto response = client.receive();
  EXPECT_EQ(response.body, "done");
  EXPECT_EQ(response.header("Connection"), "close");
  EXPECT_TRUE(idle.at_end());
  answering.join();
}

TEST(Server, AnAnswerMayComeAfterTheServerIsGone) {
  std::promise<Responder> taken;
  auto server = start([&](Request, Responder responder) { taken.set_value(responder); });
  TestClient client{server->port()};
  client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  const Responder responder = taken.get_future().get();
  server->stop(0ms);
  server.reset();
  EXPECT_TRUE(responder.gone());
  responder.send(Response{.headers = {}, .body = "too late"});
  EXPECT_EQ(client.receive().status, 0);
}

TEST(Server, ManyClientsAreServedByTwoThreads) {
  std::mutex mutex;
  std::size_t logged = 0;
  const auto server = start(echo, {.on_access = [&](const Access& access) {
                              const std::lock_guard lock{mutex};
                              logged += access.status == 200;
                            }});
  std::vector<std::thread> clients;
  std::atomic<int> good = 0;
  for (int i = 0; i < 16; ++i)
    clients.emplace_back([&] {
      TestClient client{server->port()};
      for (int n = 0; n < 50; ++n) {
        client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nping");
        good += client.receive().body == "ping";
      }
    });
  for (auto& client : clients) client.join();
  EXPECT_EQ(good.load(), 800);
  server->stop();
  EXPECT_EQ(logged, 800u);
}

TEST(Server, PastTheLimitConnectionsAreClosed) {
  const auto server = start(echo, {.connections_max = 1});
  TestClient first{server->port()};
  first.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(first.receive().status, 200);
  TestClient second{server->port()};
  EXPECT_TRUE(second.at_end());
}

TEST(Server, SaysWhyItCannotListen) {
  const auto server = start(echo);
  ServerOptions taken{.listen = server->address()};
  const auto again = Server::listen(taken, echo);
  ASSERT_FALSE(again);
  EXPECT_NE(again.error().message.find("cannot listen on 127.0.0.1:"), std::string::npos) << again.error().message;
  for (const char* wrong : {"", "localhost", "127.0.0.1:x", "127.0.0.1:99999"})
    EXPECT_FALSE(Server::listen({.listen = wrong}, echo)) << wrong;
}

}  // namespace
}  // namespace tocsin::http
