// What the way through the front costs: HTTP, signature, decoding, validation, one operation that does nothing, the
// answer. Clients and server share the machine; each client sends one request after the other on its connection.
#include <algorithm>
#include <atomic>
#include <filesystem>
#include <thread>

#include <fmt/format.h>
#include <sys/resource.h>

#include "access/access.h"
#include "api/front.h"
#include "http/client_for_test.h"
#include "http/routes.h"
#include "http/server.h"
#include "sigv4/sigv4.h"

namespace {

using namespace tocsin;
using Steady = std::chrono::steady_clock;

constexpr std::string_view key_id = "AKIDEXAMPLE";
constexpr std::string_view secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
constexpr int clients = 8;
constexpr std::chrono::seconds duration{5};

struct Load {
  const char* name;
  std::string service, method, target, headers, body;
};

std::string signed_bytes(const Load& load, const std::string& host) {
  const auto colon = load.headers.find(": ");
  sigv4::Request request{.method = load.method, .target = load.target, .headers = {{"Host", host}}, .body = load.body};
  request.headers.push_back(
      {std::string_view(load.headers).substr(0, colon), std::string_view(load.headers).substr(colon + 2)});
  const auto added = sigv4::sign(request, {key_id, secret},
                                 {.region = "us-east-1", .service = load.service, .now = SystemClock{}.now()});
  std::string out = fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\n{}\r\n", load.method, load.target, host, load.headers);
  for (const auto& [name, value] : added) out += fmt::format("{}: {}\r\n", name, value);
  return out + fmt::format("Content-Length: {}\r\n\r\n", load.body.size()) + load.body;
}

// Of this process: server and clients.
double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

void measure(const Load& load, const http::Server& server) {
  const std::string bytes = signed_bytes(load, server.address());
  std::atomic<bool> stop = false;
  std::atomic<std::size_t> failed = 0;
  std::vector<std::vector<double>> latencies(clients);
  std::vector<std::thread> threads;
  const double cpu_before = cpu_seconds();
  const auto begin = Steady::now();
  for (int i = 0; i < clients; ++i)
    threads.emplace_back([&, &mine = latencies[static_cast<std::size_t>(i)]] {
      http::TestClient client{server.port()};
      while (!stop.load()) {
        const auto sent = Steady::now();
        client.send(bytes);
        failed += client.receive().status != 200;
        mine.push_back(std::chrono::duration<double, std::milli>(Steady::now() - sent).count());
      }
    });
  std::this_thread::sleep_for(duration);
  stop = true;
  for (auto& thread : threads) thread.join();
  const double seconds = std::chrono::duration<double>(Steady::now() - begin).count();
  std::vector<double> all;
  for (const auto& mine : latencies) all.insert(all.end(), mine.begin(), mine.end());
  std::ranges::sort(all);
  const auto at = [&](double part) {
    return all[static_cast<std::size_t>(static_cast<double>(all.size() - 1) * part)];
  };
  const auto count = static_cast<double>(all.size());
  fmt::print("{:<44} {:>7.0f} requests/s {:>6.1f} MB/s  p50 {:.2f} ms  p99 {:.2f} ms  {:.0f} us CPU each  failed {}\n",
             load.name, count / seconds, count * static_cast<double>(load.body.size()) / seconds / 1e6, at(0.5),
             at(0.99), (cpu_seconds() - cpu_before) / count * 1e6, failed.load());
}

service::Service hub() {
  return {"securityhub",
          {{.name = "BatchImportFindings",
            .run = service::Prepare{[](const service::Call&) -> Result<service::PreparedWrite> {
              return service::PreparedWrite{
                  [](store::Transaction&) -> service::Answer { return json::object{{"SuccessCount", 100}}; }};
            }},
            .raw_body = true},
           {.name = "BatchUpdateFindings",
            .run = service::Write{
                [](store::Transaction&, const service::Call&) -> service::Answer { return json::object{}; }}}}};
}

std::string update_of(std::size_t count) {
  std::string out = R"({"Note":{"Text":"t","UpdatedBy":"u"},"FindingIdentifiers":[)";
  for (std::size_t i = 0; i < count; ++i)
    out += fmt::format(R"({}{{"Id":"finding-{}","ProductArn":"arn:aws:securityhub:us-east-1::product/aws/guardduty"}})",
                       i == 0 ? "" : ",", i);
  return out + "]}";
}

}  // namespace

int main() {
  char folder[] = "/tmp/tocsin-bench-XXXXXX";
  if (mkdtemp(folder) == nullptr) return 1;
  SystemClock clock;
  SystemRandom random;
  auto store =
      store::Store::open({.file = std::filesystem::path(folder) / "store.db", .clock = &clock, .random = &random}, {});
  check(store.has_value(), "the store opens");
  service::Directory directory;
  directory.add(access::service({}));
  directory.add(hub());
  http::Pool pool{2};
  const auto credentials = [](std::string_view) -> Result<service::Credential> {
    return service::Credential{Secret{std::string(secret)},
                               {.account = "000000000000", .arn = "arn", .user_id = "AIDA"}};
  };
  const auto before = Steady::now();
  api::Front front{directory, **store, credentials, Identity{}, clock, random, pool};
  fmt::print("models read in {:.1f} ms\n", std::chrono::duration<double, std::milli>(Steady::now() - before).count());
  (*store)->start();
  http::Routes routes{pool};
  routes.handle("/nothing", [](http::Request, http::Responder responder) {
    responder.send(http::Response{.headers = {}, .body = "ok"});
  });
  routes.otherwise(
      [&](http::Request request, http::Responder responder) { front(std::move(request), std::move(responder)); });
  auto server = http::Server::listen({.listen = "127.0.0.1:0"}, [&](http::Request request, http::Responder responder) {
    routes(std::move(request), std::move(responder));
  });
  check(server.has_value(), "the server listens");
  (*server)->start();
  const std::string form = "Content-Type: application/x-www-form-urlencoded";
  const std::string json = "Content-Type: application/json";
  measure({"HTTP alone", "sts", "POST", "/nothing", form, ""}, **server);
  measure({"sts GetCallerIdentity (read)", "sts", "POST", "/", form, "Action=GetCallerIdentity&Version=2011-06-15"},
          **server);
  measure({"BatchImportFindings, raw 400 KB, empty commit", "securityhub", "POST", "/findings/import", json,
           std::string(400'000, ' ')},
          **server);
  measure(
      {"BatchUpdateFindings of 100, validated", "securityhub", "PATCH", "/findings/batchupdate", json, update_of(100)},
      **server);
  front.stop();
  (*server)->stop();
  pool.stop();
  (*store)->stop();
  std::filesystem::remove_all(folder);
  return 0;
}
