#include "containment/dynamodb.h"

#include <fmt/format.h>

#include "containment/testing.h"

namespace tocsin::containment {
namespace {

using namespace std::chrono_literals;

class DynamoDbTest : public ContainmentTest {
 protected:
  json::object key(std::string_view host) { return {{"HostIp", json::object{{"S", host}}}}; }
  service::Answer run(std::string_view operation, std::string_view rest) {
    return call("dynamodb", operation,
                fmt::format(R"({{"TableName":"{}"{}{}}})", table, rest.empty() ? "" : ",", rest));
  }
  service::Answer put(std::string_view item, std::string_view rest = "") {
    return run("PutItem", fmt::format(R"("Item":{}{}{})", item, rest.empty() ? "" : ",", rest));
  }
  std::vector<std::string> hosts(const json::object& answer) {
    std::vector<std::string> all;
    for (const auto& item : answer.at("Items").get_array()) all.emplace_back(item.at("HostIp").at("S").get_string());
    return all;
  }
};

TEST_F(DynamoDbTest, TablesAreMadeDescribedListedAndDeleted) {
  const auto described = run("DescribeTable", "");
  ASSERT_TRUE(described);
  EXPECT_EQ(described->at("Table").at("TableStatus"), "ACTIVE");
  EXPECT_EQ(described->at("Table").at("TableArn"),
            "arn:aws:dynamodb:us-east-1:000000000000:table/us-east-1-gd-firewall");
  EXPECT_EQ(described->at("Table").at("BillingModeSummary").at("BillingMode"), "PAY_PER_REQUEST");
  const std::string_view schema =
      R"("AttributeDefinitions":[{"AttributeName":"HostIp","AttributeType":"S"}],"KeySchema":[{"AttributeName":"HostIp","KeyType":"HASH"}])";
  EXPECT_EQ(run("CreateTable", schema).error().aws_code, "ResourceInUseException");
  EXPECT_TRUE(call("dynamodb", "CreateTable", fmt::format(R"({{"TableName":"aaa",{}}})", schema)));
  const auto other = call(
      "dynamodb", "CreateTable",
      R"({"TableName":"bbb","AttributeDefinitions":[{"AttributeName":"id","AttributeType":"S"}],"KeySchema":[{"AttributeName":"id","KeyType":"HASH"}]})");
  EXPECT_EQ(other.error().aws_code, "ValidationException");
  const auto first = call("dynamodb", "ListTables", R"({"Limit":1})");
  EXPECT_EQ(to_json(*first), R"({"LastEvaluatedTableName":"aaa","TableNames":["aaa"]})");
  EXPECT_EQ(to_json(*call("dynamodb", "ListTables", R"({"ExclusiveStartTableName":"aaa"})")),
            R"({"TableNames":["us-east-1-gd-firewall"]})");
  block("8.8.8.8");
  ASSERT_TRUE(run("DeleteTable", ""));
  EXPECT_EQ(feed(), "");
  EXPECT_EQ(run("DescribeTable", "").error().aws_code, "ResourceNotFoundException");
  EXPECT_EQ(run("Scan", "").error().aws_code, "ResourceNotFoundException");
  EXPECT_EQ(put(R"({"HostIp":{"S":"8.8.8.8"}})").error().aws_code, "ResourceNotFoundException");
}

TEST_F(DynamoDbTest, AnItemIsPutReadAndDeleted) {
  const auto done =
      put(R"({"HostIp":{"S":"8.8.8.8"},"Timestamp":{"S":"2026-01-01T00:00:00.000Z"},"CreatedAt":{"N":"1767225600"},
    "FindingId":{"S":"f-1"},"AccountId":{"S":"111122223333"},"Region":{"S":"eu-west-1"},"Mine":{"L":[{"N":"1.50"}]},"State":{"S":"confirmed"}})");
  ASSERT_TRUE(done) << done.error().message;
  const auto got = run("GetItem", R"("Key":{"HostIp":{"S":"8.8.8.8"}})");
  ASSERT_TRUE(got);
  const auto& item = got->at("Item").get_object();
  EXPECT_EQ(to_json(item.at("Mine")), R"({"L":[{"N":"1.5"}]})");
  EXPECT_EQ(item.at("CreatedAt").at("N"), "1767225600");
  EXPECT_EQ(item.at("FindingId").at("S"), "f-1");
  EXPECT_EQ(item.at("State").at("S"), "desired") << "only the firewall confirms";
  EXPECT_EQ(item.at("ExpiresAt").at("N"), json::value(std::to_string(1767225600 + 720 * 3600)));
  EXPECT_EQ(item.at("BlockedBy").at("S"), "arn:aws:iam::000000000000:user/admin");
  EXPECT_EQ(
      to_json(*run(
          "GetItem",
          R"("Key":{"HostIp":{"S":"8.8.8.8/32"}},"ProjectionExpression":"FindingId, #r","ExpressionAttributeNames":{"#r":"Region"})")),
      R"({"Item":{"FindingId":{"S":"f-1"},"Region":{"S":"eu-west-1"}}})");
  const auto gone = run("DeleteItem", R"("Key":{"HostIp":{"S":"8.8.8.8"}},"ReturnValues":"ALL_OLD")");
  EXPECT_EQ(gone->at("Attributes").at("FindingId").at("S"), "f-1");
  EXPECT_EQ(to_json(*run("GetItem", R"("Key":{"HostIp":{"S":"8.8.8.8"}})")), "{}");
  EXPECT_TRUE(run("DeleteItem", R"("Key":{"HostIp":{"S":"8.8.8.8"}})")) << "deleting what is not there is no error";
}

TEST_F(DynamoDbTest, WritesGoThroughTheGate) {
  const auto refused = put(R"({"HostIp":{"S":"10.0.0.1"}})");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().aws_code, "AccessDeniedException");
  EXPECT_NE(refused.error().message.find("Private-Use"), std::string::npos);
  EXPECT_EQ(run("UpdateItem", R"("Key":{"HostIp":{"S":"192.168.0.1"}})").error().aws_code, "AccessDeniedException");
  EXPECT_EQ(put(R"({"HostIp":{"S":"nonsense"}})").error().aws_code, "ValidationException");
  EXPECT_EQ(feed(), "");
}

TEST_F(DynamoDbTest, BadRequestsGetTheirErrors) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"PutItem", R"("Item":{})"},
      {"PutItem", R"("Item":{"HostIp":{"N":"1"}})"},
      {"PutItem", R"("Item":{"HostIp":{"S":"8.8.8.8"},"CreatedAt":{"S":"x"}})"},
      {"PutItem", R"("Item":{"HostIp":{"S":"8.8.8.8"},"CreatedAt":{"N":"99999999999999"}})"},
      {"PutItem", R"("Item":{"HostIp":{"S":"8.8.8.8"},"X":{"S":1}})"},
      {"PutItem", R"("Item":{"HostIp":{"S":"8.8.8.8"}},"ReturnValues":"ALL_NEW")"},
      {"PutItem", R"("Item":{"HostIp":{"S":"8.8.8.8"}},"Expected":{})"},
      {"PutItem", R"("Item":{"HostIp":{"S":"8.8.8.8"}},"ExpressionAttributeValues":{":a":{"S":"b"}})"},
      {"GetItem", R"("Key":{})"},
      {"GetItem", R"("Key":{"HostIp":{"S":""}})"},
      {"GetItem", R"("Key":{"HostIp":{"S":"8.8.8.8"},"Other":{"S":"x"}})"},
      {"GetItem", R"("Key":{"Other":{"S":"x"}})"},
      {"Scan", R"("FilterExpression":"nonsense =")"},
      {"Scan", R"("Segment":1)"},
      {"Scan", R"("Segment":4,"TotalSegments":4)"},
      {"Scan", R"("IndexName":"i")"},
      {"Scan", R"("ExclusiveStartKey":{"X":{"S":"1"}})"},
      {"Query", R"j("FilterExpression":"attribute_exists(HostIp)")j"},
      {"Query", R"("KeyConditionExpression":"HostIp > :a","ExpressionAttributeValues":{":a":{"S":"8"}})"},
      {"Query", R"("KeyConditionExpression":"Other = :a","ExpressionAttributeValues":{":a":{"S":"8"}})"},
      {"Query", R"("KeyConditionExpression":"HostIp = :a","ExpressionAttributeValues":{":a":{"N":"8"}})"},
      {"UpdateItem",
       R"("Key":{"HostIp":{"S":"8.8.8.8"}},"UpdateExpression":"SET HostIp = :a","ExpressionAttributeValues":{":a":{"S":"9.9.9.9"}})"},
      {"UpdateItem",
       R"("Key":{"HostIp":{"S":"8.8.8.8"}},"UpdateExpression":"SET #s = :a","ExpressionAttributeNames":{"#s":"State"},"ExpressionAttributeValues":{":a":{"S":"confirmed"}})"},
  };
  for (const auto& [operation, rest] : cases) {
    const auto answer = run(operation, rest);
    ASSERT_FALSE(answer) << operation << " " << rest;
    EXPECT_EQ(answer.error().aws_code, "ValidationException") << rest << ": " << answer.error().message;
  }
}

TEST_F(DynamoDbTest, ScansFilterProjectAndPage) {
  for (int i = 0; i < 25; ++i) block(fmt::format("8.8.{}.1", i));
  block("2001:db8::1");
  const auto all = run("Scan", "");
  EXPECT_EQ(all->at("Count"), 26);
  const auto some = run(
      "Scan",
      R"("FilterExpression":"begins_with(HostIp, :p) AND FindingId = :f","ExpressionAttributeValues":{":p":{"S":"8.8.1"},":f":{"S":"finding-1"}},"ProjectionExpression":"HostIp")");
  EXPECT_EQ(some->at("Count"), 11);
  EXPECT_EQ(some->at("ScannedCount"), 26);
  EXPECT_EQ(to_json(some->at("Items").at(0)), R"({"HostIp":{"S":"8.8.1.1"}})");
  std::set<std::string> seen;
  std::string start;
  for (int page = 0; page < 10; ++page) {
    const auto answer = run("Scan", R"("Limit":7)" + start);
    ASSERT_TRUE(answer);
    for (const auto& host : hosts(*answer)) EXPECT_TRUE(seen.insert(host).second);
    if (!answer->contains("LastEvaluatedKey")) break;
    start = R"(,"ExclusiveStartKey":)" + to_json(answer->at("LastEvaluatedKey"));
  }
  EXPECT_EQ(seen.size(), 26u);
  seen.clear();
  for (int segment = 0; segment < 3; ++segment) {
    for (const auto& host : hosts(*run("Scan", fmt::format(R"("Segment":{},"TotalSegments":3)", segment))))
      EXPECT_TRUE(seen.insert(host).second);
  }
  EXPECT_EQ(seen.size(), 26u);
  const auto count = run("Scan", R"("Select":"COUNT","ReturnConsumedCapacity":"TOTAL")");
  EXPECT_FALSE(count->contains("Items"));
  EXPECT_EQ(count->at("Count"), 26);
  EXPECT_GT(count->at("ConsumedCapacity").at("CapacityUnits").to_number<double>(), 0);
}

TEST_F(DynamoDbTest, AScanEndsItsPageAtOneMegabyte) {
  const std::string blob(300'000, 'x');
  for (int i = 0; i < 8; ++i)
    ASSERT_TRUE(put(fmt::format(R"({{"HostIp":{{"S":"8.8.{}.1"}},"Blob":{{"S":"{}"}}}})", i, blob)));
  std::size_t seen = 0;
  int pages = 0;
  std::string start;
  while (true) {
    const auto answer = run("Scan", start);
    ASSERT_TRUE(answer);
    seen += hosts(*answer).size();
    ++pages;
    if (!answer->contains("LastEvaluatedKey")) break;
    start = R"("ExclusiveStartKey":)" + to_json(answer->at("LastEvaluatedKey"));
  }
  EXPECT_EQ(seen, 8u);
  EXPECT_EQ(pages, 2);
}

TEST_F(DynamoDbTest, QueriesByKey) {
  block("8.8.8.8");
  const auto found =
      run("Query", R"("KeyConditionExpression":"HostIp = :h","ExpressionAttributeValues":{":h":{"S":"8.8.8.8"}})");
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(hosts(*found), std::vector<std::string>{"8.8.8.8"});
  EXPECT_EQ(
      run("Query",
          R"("KeyConditionExpression":"#h = :h","ExpressionAttributeNames":{"#h":"HostIp"},"ExpressionAttributeValues":{":h":{"S":"9.9.9.9"}})")
          ->at("Count"),
      0);
  const auto filtered =
      run("Query", R"j("KeyConditionExpression":"HostIp = :h","FilterExpression":"attribute_not_exists(FindingId)",
    "ExpressionAttributeValues":{":h":{"S":"8.8.8.8"}})j");
  EXPECT_EQ(filtered->at("Count"), 0);
  EXPECT_EQ(filtered->at("ScannedCount"), 1);
}

TEST_F(DynamoDbTest, ConditionsAreChecked) {
  ASSERT_TRUE(put(R"({"HostIp":{"S":"8.8.8.8"}})", R"j("ConditionExpression":"attribute_not_exists(HostIp)")j"));
  const auto again = put(R"({"HostIp":{"S":"8.8.8.8"}})", R"j("ConditionExpression":"attribute_not_exists(HostIp)")j");
  EXPECT_EQ(again.error().aws_code, "ConditionalCheckFailedException");
  EXPECT_EQ(
      run("DeleteItem",
          R"("Key":{"HostIp":{"S":"8.8.8.8"}},"ConditionExpression":"FindingId = :f","ExpressionAttributeValues":{":f":{"S":"x"}})")
          .error()
          .aws_code,
      "ConditionalCheckFailedException");
  EXPECT_TRUE(row("8.8.8.8"));
}

TEST_F(DynamoDbTest, UpdatesSetAndRemove) {
  ASSERT_TRUE(put(R"({"HostIp":{"S":"8.8.8.8"},"FindingId":{"S":"f-1"},"Hits":{"N":"1"}})"));
  const auto updated = run(
      "UpdateItem",
      R"("Key":{"HostIp":{"S":"8.8.8.8"}},"UpdateExpression":"SET Hits = Hits + :one REMOVE FindingId","ExpressionAttributeValues":{":one":{"N":"1"}},"ReturnValues":"UPDATED_NEW")");
  ASSERT_TRUE(updated) << updated.error().message;
  EXPECT_EQ(to_json(*updated), R"({"Attributes":{"Hits":{"N":"2"}}})");
  EXPECT_EQ(row("8.8.8.8")->finding_id, "");
  EXPECT_EQ(row("8.8.8.8")->sightings, 1) << "a correction is no sighting";
  const auto sooner = to_epoch_seconds(store.clock.now() + 1h);
  ASSERT_TRUE(run(
      "UpdateItem",
      fmt::format(
          R"("Key":{{"HostIp":{{"S":"8.8.8.8"}}}},"UpdateExpression":"SET ExpiresAt = :e","ExpressionAttributeValues":{{":e":{{"N":"{}"}}}})",
          sooner)));
  EXPECT_EQ(to_epoch_seconds(row("8.8.8.8")->expires_at), sooner) << "a person may end a block sooner";
  ASSERT_TRUE(run(
      "UpdateItem",
      R"("Key":{"HostIp":{"S":"9.9.9.9"}},"UpdateExpression":"SET Note = :n","ExpressionAttributeValues":{":n":{"S":"by hand"}})"));
  EXPECT_EQ(feed(), "8.8.8.8/32\n9.9.9.9/32\n");
}

TEST_F(DynamoDbTest, AnOldItemIsAsOldAsItSays) {
  const auto old = to_epoch_seconds(store.clock.now() - 721h);
  ASSERT_TRUE(put(fmt::format(R"({{"HostIp":{{"S":"8.8.8.8"}},"CreatedAt":{{"N":"{}"}}}})", old)));
  EXPECT_EQ(feed(), "");
  ASSERT_TRUE(write([&](store::Transaction& t) -> Result<void> {
    EXPECT_EQ(containment.tables().expire(t, table, 720h).size(), 1u);
    return {};
  }));
}

TEST_F(DynamoDbTest, ARowPutByHandIsEnforcedSoonAndUntilItHolds) {
  int asked = 0;
  Result<void> answer = fail(ErrorCode::validation, "the rule group is full", "CapacityExceeded");
  containment.attach(store->outbox(), [&](store::Transaction& t, std::string_view) -> Result<void> {
    ++asked;
    if (!answer) return answer;
    containment.tables().confirm(t, table, set_of({"84.205.67.9/32"}));
    return {};
  });
  const auto put = [&](std::string_view host) {
    return call("dynamodb", "PutItem", json::object{{"TableName", table}, {"Item", {{"HostIp", {{"S", host}}}}}});
  };
  for (const std::string_view refused : {"10.0.0.1", "127.0.0.1", "no address"}) EXPECT_FALSE(put(refused)) << refused;
  store->run_until_idle();
  EXPECT_EQ(asked, 0);
  ASSERT_TRUE(put("84.205.67.9"));
  store->run_until_idle();
  EXPECT_EQ(asked, 1);
  EXPECT_EQ(row("84.205.67.9")->state, State::desired);
  // A rule group that is full today may have room tomorrow: no refusal of its is final.
  for (int days = 0; days < 3; ++days) {
    store.clock.advance(std::chrono::hours{24});
    store->run_until_idle();
  }
  EXPECT_EQ(asked, 4);
  answer = {};
  // What is new does not wait for the next try of what failed.
  ASSERT_TRUE(put("84.205.67.9"));
  store->run_until_idle();
  EXPECT_EQ(asked, 5);
  EXPECT_EQ(row("84.205.67.9")->state, State::confirmed);
  ASSERT_TRUE(put("84.205.67.9"));
  store->run_until_idle();
  EXPECT_EQ(asked, 5) << "what is confirmed needs nothing";
}

}  // namespace
}  // namespace tocsin::containment
