// A hub over a test store, for this folder's tests. What it announces is kept in a table, so that what was rolled back
// was not announced.
#pragma once

#include <set>

#include <gtest/gtest.h>

#include "findings/findings.h"
#include "store/testing.h"

namespace tocsin::findings {

inline const Identity test_identity{.account = "111122223333", .region = "eu-west-1", .partition = "aws"};
inline constexpr std::string_view own_product =
    "arn:aws:securityhub:eu-west-1:111122223333:product/111122223333/default";
inline constexpr std::string_view analyst = "arn:aws:iam::111122223333:user/analyst";

inline json::object object_of(std::string_view text) {
  auto object = parse_json_object(text);
  EXPECT_TRUE(object) << text;
  return object ? std::move(*object) : json::object{};
}

// A finding with this Id, and with `changes` (a JSON object) laid over it; null removes a member.
inline json::object finding_with(std::string_view id, std::string_view changes = "{}") {
  auto finding = object_of(R"({
    "SchemaVersion": "2018-10-08", "GeneratorId": "gen-1", "AwsAccountId": "111122223333",
    "CreatedAt": "2026-01-01T00:00:00Z", "UpdatedAt": "2026-01-01T00:00:00Z",
    "Title": "Port scan", "Description": "An address looks at many ports",
    "Resources": [{"Type": "AwsEc2Instance", "Id": "i-1"}],
    "Severity": {"Label": "HIGH"}, "Types": ["TTPs/Discovery"]})");
  finding["Id"] = id;
  finding["ProductArn"] = own_product;
  for (auto& [name, value] : object_of(changes)) {
    if (value.is_null())
      finding.erase(name);
    else
      finding.insert_or_assign(name, value);
  }
  return finding;
}

// The same, filled up with as much text as makes it so large (which must be more than it is without).
inline json::object finding_of_bytes(std::string_view id, std::size_t bytes) {
  constexpr std::size_t value_bytes = 1000;
  auto finding = finding_with(id);
  auto& resources = finding["Resources"].get_array();
  resources.clear();
  const auto missing = [&] {
    const auto now = to_json(finding).size();
    return bytes > now ? bytes - now : 0;
  };
  while (missing() > 60 * value_bytes) {
    json::object other;
    for (int i = 0; i < 50; ++i) other["k" + std::to_string(i)] = std::string(value_bytes, 'x');
    resources.push_back(json::object{{"Type", "Other"}, {"Id", "r"}, {"Details", {{"Other", other}}}});
  }
  resources.push_back(json::object{{"Type", "Other"}, {"Id", "r"}, {"Details", {{"Other", json::object{}}}}});
  auto& other = resources.back().at("Details").at("Other").get_object();
  while (missing() > 2 * value_bytes) other["k" + std::to_string(other.size())] = std::string(value_bytes, 'x');
  other["last"] = "";
  while (missing() > value_bytes) other["k" + std::to_string(other.size())] = std::string(value_bytes / 2, 'x');
  other["last"] = std::string(missing(), 'x');
  EXPECT_EQ(to_json(finding).size(), bytes);
  return finding;
}

inline json::object batch_of(std::initializer_list<json::object> findings) {
  json::array list;
  for (const auto& finding : findings) list.push_back(finding);
  return {{"Findings", std::move(list)}};
}

inline std::vector<store::Migration> test_migrations() {
  std::vector<store::Migration> all(migrations().begin(), migrations().end());
  all.push_back({"told", 1, "CREATE TABLE told (id INTEGER PRIMARY KEY, event BLOB NOT NULL)"});
  return all;
}

class TestHub {
 public:
  explicit TestHub(bool enabled = true, Providers providers = Providers::companies_and_own_account,
                   std::int64_t fresh_max = 2'048)
      : store{test_migrations()},
        findings{{.identity = test_identity, .clock = &store.clock, .providers = providers, .fresh_max = fresh_max},
                 [](store::Transaction& transaction, std::string_view event) -> Result<void> {
                   transaction.execute("INSERT INTO told (event) VALUES (?)", store::Blob{event});
                   return {};
                 }} {
    findings.register_timer(store->outbox());
    if (enabled) (void)call("EnableSecurityHub", json::object{});
    EXPECT_EQ(store.clock.now(), started);
  }

  // Opens the store anew, as a process does that was killed.
  void reopen() {
    store.reopen();
    findings.register_timer(store->outbox());
  }

  // Calls an operation as the front does.
  Result<json::object> call(std::string_view operation, const json::object& input) {
    service::Directory directory;
    directory.add(service(findings));
    const auto* found = directory.find("securityhub", operation);
    EXPECT_NE(found, nullptr) << operation;
    const service::Caller caller{.account = test_identity.account, .arn = std::string(analyst), .user_id = "AIDA"};
    const service::Call call{.caller = caller, .input = input, .request_id = "r-1", .endpoint = ""};
    if (const auto* read = std::get_if<service::Read>(&found->run))
      return store.read([&](store::Reader& reader) { return (*read)(reader, call); });
    if (const auto* write = std::get_if<service::Write>(&found->run))
      return store.write([&](store::Transaction& transaction) { return (*write)(transaction, call); });
    auto prepared = std::get<service::Prepare>(found->run)(call);
    if (!prepared) return pass_on(prepared);
    return store.write([&](store::Transaction& transaction) { return (*prepared)(transaction); });
  }
  Result<json::object> call(std::string_view operation, std::string_view input) {
    return call(operation, object_of(input));
  }

  json::object import(std::initializer_list<json::object> findings_list) {
    auto answer = call("BatchImportFindings", batch_of(findings_list));
    EXPECT_TRUE(answer) << (answer ? "" : answer.error().message);
    return answer ? std::move(*answer) : json::object{};
  }

  // BatchUpdateFindings of own findings with these ids; `changes` are the request's other members.
  Result<json::object> update(std::initializer_list<std::string_view> ids, std::string_view changes) {
    auto request = object_of(changes);
    json::array list;
    for (const auto id : ids) list.push_back(json::object{{"Id", id}, {"ProductArn", own_product}});
    request["FindingIdentifiers"] = std::move(list);
    return call("BatchUpdateFindings", request);
  }

  Result<json::object> get(std::string_view id, std::string_view product = own_product) {
    return store.read(
        [&](store::Reader& reader) { return findings.get(reader, {std::string(product), std::string(id)}); });
  }

  // The events announced since the last call.
  std::vector<json::object> told() {
    std::vector<json::object> events;
    (void)store.write([&](store::Transaction& transaction) -> Result<void> {
      auto rows = transaction.query("SELECT event FROM told ORDER BY id");
      while (rows.next()) events.push_back(object_of(rows.blob(0)));
      rows = transaction.query("DELETE FROM told RETURNING id");
      while (rows.next()) {
      }
      return {};
    });
    return events;
  }

  static constexpr Time started{std::chrono::sys_days{std::chrono::year{2026} / 1 / 1}};
  store::TestStore store;
  Findings findings;
};

// "Error name: message", or "" where there is an answer.
inline std::string error_of(const Result<json::object>& answer) {
  return answer ? std::string{} : answer.error().aws_code + ": " + answer.error().message;
}

}  // namespace tocsin::findings
