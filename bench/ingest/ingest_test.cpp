// The load generator itself: what it sends is taken, what it measures is what happened.
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "asff/validate.h"
#include "core/json.h"
#include "database.h"
#include "finding_maker.h"
#include "http/server.h"
#include "load.h"
#include "sigv4/sigv4.h"
#include "sqlite_alone.h"

namespace tocsin::bench {
namespace {

const Identity hub{.account = "111122223333", .region = "us-west-2"};
const Time noon = from_microseconds(1'790'000'000'000'000);

// Counts the findings of each request and answers as BatchImportFindings does.
class CountingServer {
 public:
  CountingServer() {
    auto listening = http::Server::listen(
        {.listen = "127.0.0.1:0", .threads = 1}, [](http::Request request, http::Responder respond) {
          const auto input = parse_json_object(request.body);
          const auto count = input ? input->at("Findings").as_array().size() : 0;
          http::Response response;
          response.status = count == 7 ? 400 : 200;
          response.body =
              to_json(json::object{{"FailedCount", 0}, {"SuccessCount", count}, {"FailedFindings", json::array{}}});
          respond.send(std::move(response));
        });
    server_ = std::move(*listening);
    server_->start();
    target = {.host = "127.0.0.1",
              .port = server_->port(),
              .region = hub.region,
              .access_key_id = "AKIDEXAMPLE",
              .secret_access_key = Secret{"secret"}};
  }
  Target target;

 private:
  std::unique_ptr<http::Server> server_;
};

TEST(FindingMaker, MakesFindingsThatSecurityHubTakes) {
  const FindingMaker maker{hub, noon};
  for (const auto kind : {Kind::quiet, Kind::alarming, Kind::hostile}) {
    for (std::uint64_t number = 0; number < 300; ++number) {
      const auto text = maker.finding(kind, number);
      EXPECT_GE(text.size(), 1'000u);
      EXPECT_LE(text.size(), 6'000u);
      const auto finding = asff::parse_finding(text, {.hub = hub, .any_account = true});
      ASSERT_TRUE(finding) << finding.error().message << "\n" << text;
      EXPECT_EQ(string_at(*finding, "Severity.Label"), kind == Kind::quiet ? "LOW" : "HIGH");
    }
  }
}

TEST(FindingMaker, IdsAndAddressesAreDistinct) {
  const FindingMaker maker{hub, noon};
  std::set<std::string> ids, addresses;
  for (std::uint64_t number = 0; number < 2'000; ++number) {
    const auto finding = parse_json_object(maker.finding(Kind::hostile, number));
    ASSERT_TRUE(finding);
    ids.insert(std::string(string_at(*finding, "Id")));
    const auto& fields = finding->at("ProductFields").as_object();
    addresses.insert(std::string(
        fields.at("aws/guardduty/service/action/networkConnectionAction/remoteIpDetails/ipAddressV4").as_string()));
    EXPECT_EQ(*addresses.find(FindingMaker::address(number)), FindingMaker::address(number));
  }
  EXPECT_EQ(ids.size(), 2'000u);
  EXPECT_EQ(addresses.size(), 2'000u);
}

TEST(Wire, ImportRequestIsSignedAsTheServerVerifiesIt) {
  const Target target{.host = "127.0.0.1",
                      .port = 4747,
                      .region = "us-west-2",
                      .access_key_id = "AKID",
                      .secret_access_key = Secret{"secret"}};
  const std::string body = R"({"Findings":[]})";
  const std::string bytes = import_request(target, body, noon);
  const auto head_end = bytes.find("\r\n\r\n");
  sigv4::Request request{.method = "POST", .target = "/findings/import", .headers = {}, .body = body};
  std::size_t at = bytes.find("\r\n") + 2;
  while (at < head_end) {
    const auto colon = bytes.find(": ", at), end = bytes.find("\r\n", at);
    request.headers.push_back(
        {std::string_view(bytes).substr(at, colon - at), std::string_view(bytes).substr(colon + 2, end - colon - 2)});
    at = end + 2;
  }
  const auto claim = sigv4::read_claim(request);
  ASSERT_TRUE(claim) << claim.error().message;
  EXPECT_TRUE(sigv4::verify(request, *claim, "secret", noon));
  EXPECT_FALSE(sigv4::verify(request, *claim, "other", noon));
}

TEST(Load, EveryRequestIsSentOnce) {
  CountingServer server;
  const FindingMaker maker{hub, noon};
  std::vector<std::string> requests;
  for (std::uint64_t i = 0; i < 50; ++i)
    requests.push_back(import_request(server.target, maker.batch(Kind::quiet, i, 3), noon));
  auto sent = send_closed(server.target, requests, 4, std::chrono::minutes{1});
  ASSERT_TRUE(sent) << sent.error().message;
  EXPECT_EQ(sent->findings, 150u);
  EXPECT_EQ(sent->acknowledged.count(), 50u);

  std::vector<SteadyClock::time_point> acknowledged_at;
  auto steady = send_steadily(server.target, requests, 4, std::chrono::microseconds{500}, acknowledged_at);
  ASSERT_TRUE(steady) << steady.error().message;
  EXPECT_EQ(steady->findings, 150u);
  EXPECT_GE(steady->time, std::chrono::microseconds{49 * 500});
  EXPECT_THAT(acknowledged_at, testing::Each(testing::Ne(SteadyClock::time_point{})));
}

TEST(Load, RefusalEndsTheRun) {
  CountingServer server;
  const FindingMaker maker{hub, noon};
  const auto sent = send_closed(server.target, {import_request(server.target, maker.batch(Kind::quiet, 0, 7), noon)}, 1,
                                std::chrono::minutes{1});
  ASSERT_FALSE(sent);
  EXPECT_THAT(sent.error().message, testing::StartsWith("400"));
}

TEST(Latencies, QuantilesAreNearestRank) {
  Latencies sample;
  for (int i = 1; i <= 1'000; ++i) sample.add(std::chrono::milliseconds{1'001 - i});
  EXPECT_DOUBLE_EQ(sample.quantile_ms(0.5), 500);
  EXPECT_DOUBLE_EQ(sample.quantile_ms(0.99), 990);
  EXPECT_DOUBLE_EQ(sample.quantile_ms(0.999), 999);
  EXPECT_DOUBLE_EQ(sample.max_ms(), 1'000);
  EXPECT_DOUBLE_EQ(Latencies{}.quantile_ms(0.5), 0);
}

TEST(SqliteAlone, WritesTheRowsOfTheStoreAgain) {
  char pattern[] = "/tmp/tocsin-bench-test-XXXXXX";
  const std::filesystem::path folder = mkdtemp(pattern);
  {
    auto store = Database::create(folder / "store.db");
    ASSERT_TRUE(store);
    ASSERT_TRUE(store->run(
        "CREATE TABLE finding (seq INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, arrived_at BIGINT, indexed INTEGER);"
        "CREATE INDEX finding_key ON finding (key, seq) WHERE indexed = 1;"
        "CREATE TABLE finding_body (seq INTEGER PRIMARY KEY, body BLOB NOT NULL);"
        "CREATE TABLE finding_term (term BIGINT NOT NULL, seq BIGINT NOT NULL, PRIMARY KEY (term, seq));"
        "INSERT INTO finding VALUES (1, x'01', 5, 1), (2, x'02', 5, 1), (3, x'03', 6, 0);"
        "INSERT INTO finding_body VALUES (1, x'aabb'), (2, x'cc'), (3, x'dd');"
        "INSERT INTO finding_term VALUES (7, 2), (8, 2)"));
  }
  const auto rows = read_stored_rows(folder / "store.db");
  ASSERT_TRUE(rows) << rows.error().message;
  EXPECT_EQ(rows->findings, 3u);
  EXPECT_EQ(rows->body_bytes, 4u);
  EXPECT_EQ(rows->commits, (std::vector<std::size_t>{2, 3}));
  const auto rates = commit_rates(*rows, Yardstick::rows, {2, 3}, folder);
  ASSERT_TRUE(rates) << rates.error().message;
  EXPECT_THAT(*rates, testing::ElementsAre(testing::Gt(0), testing::Gt(0)));
  auto again = Database::open_to_read(folder / "alone.db");
  ASSERT_TRUE(again);
  EXPECT_EQ(again->integer("SELECT count(*) FROM finding"), 3);
  EXPECT_EQ(again->integer("SELECT sum(length(body)) FROM finding_body"), 4);
  EXPECT_EQ(again->integer("SELECT count(*) FROM finding_term WHERE seq = 2"), 2);
  EXPECT_EQ(again->integer("PRAGMA user_version", -1), 0);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace tocsin::bench
